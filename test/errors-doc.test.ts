/** docs/errors.md and the table of codes in the core say the same: codes, outcomes, retries. */
import { describe, expect, test } from 'vitest'
import { errorCodes } from '@conclave/core'
import { readText } from './source-files.ts'

/** The sections of the page, by heading. */
function sections(): Map<string, string> {
  const [, ...parts] = readText('docs/errors.md').split(/^## /m)
  return new Map(
    parts.map((part) => {
      const end = part.indexOf('\n')
      return [part.slice(0, end).replaceAll('`', '').trim(), part.slice(end)] as const
    }),
  )
}

describe('docs/errors.md', () => {
  test('has one heading for every code, and no other', () => {
    expect([...sections().keys()].sort()).toEqual(Object.keys(errorCodes).sort())
  })

  test.each(Object.entries(errorCodes))(
    'says of %s what its outcomes are and whether to try again',
    (code, kind) => {
      const outcomes = kind.outcomes.map((outcome) => `\`${outcome}\``).join(' or ')
      const wire = 'wire' in kind ? ` ZooKeeper: ${kind.wire}.` : ''

      expect(sections().get(code)?.trim().split('\n')[0]).toBe(
        `Outcome: ${outcomes}. Retryable: ${kind.retryable ? 'yes' : 'no'}.${wire}`,
      )
    },
  )

  test.each(Object.keys(errorCodes))('says of %s when it comes and what to do', (code) => {
    const text = sections().get(code) ?? ''

    expect(text).toMatch(/^When: /m)
    expect(text).toMatch(/^What to do: /m)
  })
})

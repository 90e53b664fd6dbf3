/**
 * docs/PROTOCOL.md and the code say the same: every message has its row, and every invariant lives in
 * at least three of its four places: the page, the code that keeps it, the simulator, a test.
 */
import { describe, expect, test } from 'vitest'
import { listFiles, readText } from './source-files.ts'

const page = readText('docs/PROTOCOL.md')
const sources = listFiles()
  .filter((path) => /^(packages|test)\/.*\.ts$/.test(path))
  .map((path) => ({ path, text: readText(path) }))

/** The part of the page under a heading of the second level. */
function section(heading: string): string {
  const [, text] = page.split(new RegExp(`^## ${heading}$`, 'm'))
  return text?.split(/^## /m)[0] ?? ''
}

/** The cells of a table's rows, without its head. */
function rowsOf(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('|'))
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  )
}

describe('messages', () => {
  test('every message between peers has its row, and every row its message', () => {
    const rows = rowsOf(section('Messages')).map(([type]) => type?.replaceAll('`', ''))
    const { text } = sources.find(({ path }) => path === 'packages/core/src/zab/messages.ts') ?? {}
    const types = [...(text ?? '').matchAll(/readonly type: '([a-z-]+)'/g)].map((match) => match[1])

    expect(rows.sort()).toEqual(types.sort())
  })
})

const invariants = rowsOf(section('Invariants'))
const places = {
  code: (path: string) => /^packages\/[^/]+\/src\//.test(path) && !places.simulator(path),
  simulator: (path: string) => path.startsWith('packages/sim/src/'),
  test: (path: string) => /^(packages\/[^/]+\/)?test\//.test(path),
}

/** True when the name stands in the text, whole. */
function names(text: string, name: string): boolean {
  return new RegExp(`\\b${name}\\b`).test(text)
}

describe('invariants', () => {
  test('there are some', () => {
    expect(invariants.length).toBeGreaterThan(20)
  })

  test.each(invariants)('%s lives in at least three of its four places', (name = '') => {
    const homes = Object.values(places).filter((isPlace) =>
      sources.some(({ path, text }) => isPlace(path) && names(text, name)),
    )

    expect(1 + homes.length).toBeGreaterThanOrEqual(3)
  })

  test.each(invariants)('%s is where its row says', (name = '', _holds, _from, ...cells) => {
    const [code = '', simulator = '', tests = ''] = cells
    const strays: string[] = []
    for (const [cell, isPlace] of [
      [code, places.code],
      [simulator, places.simulator],
      [tests, places.test],
    ] as const) {
      for (const [, suffix = ''] of cell.matchAll(/`([^`]+)`/g)) {
        const named = sources.filter(({ path }) => isPlace(path) && path.endsWith(`/${suffix}`))
        if (!named.some(({ text }) => names(text, name))) strays.push(suffix)
      }
    }

    expect(strays).toEqual([])
  })

  test('no name is used that the page does not have', () => {
    const known = new Set(invariants.map(([name]) => name))
    const unknown = sources
      .filter(({ path }) => path !== 'test/protocol-doc.test.ts')
      .flatMap(({ path, text }) =>
        [...text.matchAll(/\b[ZDCSQWR][1-9]\d?\b/g)]
          .map((match) => match[0])
          .filter((name) => !known.has(name))
          .map((name) => `${path}: ${name}`),
      )

    expect([...new Set(unknown)]).toEqual([])
  })
})

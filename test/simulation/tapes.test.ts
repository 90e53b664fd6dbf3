/** Every tape of the folder: a run that failed once, as small as it could be made, with its story. */
import { readdirSync, readFileSync } from 'node:fs'
import { parseTape, realMachine, simulate } from '@conclave/sim'
import { pageCodec } from '@conclave/storage'
import { describe, expect, test } from 'vitest'

const folder = new URL('tapes/', import.meta.url)
const machine = realMachine(pageCodec)

const tapes = readdirSync(folder).map((file) => {
  return { file, ...parseTape(readFileSync(new URL(file, folder), 'utf8')) }
})

// Seconds of work on a busy machine.
describe('tapes', { timeout: 60_000 }, () => {
  test.each(tapes)('$file: $story', ({ story, scenario }) => {
    const { failure } = simulate(scenario, { machine })

    expect(story, 'a story tells the bug').toMatch(/^[A-Z]+\d*: .{20}/)
    expect(failure === null ? 'nothing' : `${failure.invariant}: ${failure.detail}`).toBe('nothing')
  })
})

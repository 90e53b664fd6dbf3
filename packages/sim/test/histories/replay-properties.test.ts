import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { checkReplay } from '../../src/histories/replay.ts'
import { logAsTold } from '../../src/histories/told-log.ts'
import { drawHistory, everyKind } from './generated.ts'

vi.setConfig({ testTimeout: 60_000 })

describe('histories of a service that is right', () => {
  const shape = {
    calls: 150,
    clients: 6,
    paths: ['/a', '/b', '/a/x', '/a/y'],
    unknownShare: 0.1,
    kinds: everyKind,
  }
  const seeds = fc.integer({ min: 0, max: 2 ** 31 })

  test('pass, with zxids and without', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const drawn = drawHistory(seed, shape)
        const blind = drawn.entries.map((entry) => ({ ...entry, zxid: undefined }))

        expect(checkReplay(drawn.entries, drawn.log).problems).toEqual([])
        expect(checkReplay(blind, drawn.log).problems).toEqual([])
      }),
      { numRuns: 40 },
    )
  })

  test('pass against the log that the clients were told of', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { entries } = drawHistory(seed, { ...shape, unknownShare: 0, ephemeralShare: 0 })
        const { log } = logAsTold(entries)

        expect(checkReplay(entries, log ?? []).problems).toEqual([])
        expect(log).not.toBeNull()
      }),
      { numRuns: 20 },
    )
  })
})

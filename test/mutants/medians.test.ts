import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { findMutant } from './all-mutants.ts'
import { medianOf, mediansIn, risen } from './medians.ts'
import { root } from './plant.ts'
import type { Sweep, Trial } from './trial.ts'

function sweep(seeds: number, ...seedsToKill: readonly number[]): Sweep {
  return { kills: [], strays: [], seeds, seedsToKill }
}

function trial(fresh: Sweep | null): Trial {
  return { mutant: findMutant('M02'), fixed: sweep(1, 1), fresh, ms: 1 }
}

describe('seeds to a kill', () => {
  test('the median is the middle one, the lower of two', () => {
    expect(medianOf([9, 1, 5])).toBe(5)
    expect(medianOf([9, 1, 5, 6])).toBe(5)
    expect(medianOf([])).toBeUndefined()
  })

  test('the record is read back, of mutants that the simulator finds', () => {
    const recorded = mediansIn(readFileSync(`${root}docs/mutants.md`, 'utf8'))

    expect(recorded.size).toBeGreaterThan(30)
    expect(recorded.get('M02')).toBeGreaterThan(0)
    expect(recorded.has('M04a')).toBe(false)
  })

  test('of one or two kills there is no median worth a record', () => {
    const row = (kills: number): string =>
      `| M02 | a bug | somewhere | Z12 | simulator | 4 (swarm) | ${kills} |`

    expect(mediansIn(row(3))).toEqual(new Map([['M02', 4]]))
    expect(mediansIn(row(2))).toEqual(new Map())
  })

  test.each<[string, Sweep | null, boolean]>([
    ['as many as before', sweep(20, 4, 5, 6), false],
    ['five times as many', sweep(60, 20, 20, 20), false],
    ['more than that', sweep(90, 30, 30, 30), true],
    ['far more, and not found often enough', sweep(200, 150), true],
    ['too few tried to tell', sweep(3), false],
    ['no fresh ones at all', null, false],
  ])('%s', (_name, fresh, isRisen) => {
    const found = risen([trial(fresh)], new Map([['M02', 4]]))

    expect(found).toEqual(isRisen ? [expect.stringMatching(/^M02 takes \d+ seeds, it took 4/)] : [])
  })
})

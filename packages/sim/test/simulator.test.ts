import { describe, expect, test, vi } from 'vitest'
import type { Fault } from '../src/faults.ts'
import { drawScenario, type Scenario } from '../src/scenario.ts'
import { simulate } from '../src/simulator.ts'
import { machineWith, sound, stepping } from './machines.ts'

/** Whole runs take their time where many tests share a machine. */
vi.setConfig({ testTimeout: 30_000 })

describe('a run', () => {
  test('of the sound machine violates nothing, and gets somewhere', () => {
    const outcome = simulate(drawScenario(3, 10), { machine: sound })

    expect(outcome.failure?.detail ?? 'none').toBe('none')
    expect(outcome.marks['epoch-established']).toBeGreaterThan(0)
    expect(outcome.committedTxns).toBeGreaterThan(10)
  })

  test('takes the same course every time', () => {
    const lines: string[][] = [[], []]
    const hashes = lines.map((into) => {
      const print = (line: string): number => into.push(line)
      return simulate(drawScenario(5, 5), { machine: sound, print }).hash
    })

    expect(lines[0]).toEqual(lines[1])
    expect(hashes[0]).toBe(hashes[1])
  })

  test('is made from its scenario alone: one that was written down and read back is the same', () => {
    const scenario = drawScenario(8, 5)
    const copy = JSON.parse(JSON.stringify(scenario)) as Scenario

    expect(simulate(copy, { machine: sound }).hash).toBe(
      simulate(scenario, { machine: sound }).hash,
    )
  })

  test('without its faults keeps its workload: streams do not depend on one another', () => {
    const passwords = (scenario: Scenario): string[] => {
      const seen: string[] = []
      const watching = machineWith((core) =>
        stepping(core, (events) => {
          for (const event of events) {
            if (event.type === 'session-requested') seen.push(event.password.join())
          }
          return core.step(events)
        }),
      )
      simulate(scenario, { machine: watching })
      return seen
    }
    const scenario = drawScenario(9, 5)
    const [faulty, faultless] = [scenario, { ...scenario, faults: [] }].map(passwords)

    expect(faultless!.slice(0, 2)).toEqual(faulty!.slice(0, 2))
  })

  test('a failure says what, when, and how to see it again', () => {
    const silent = machineWith((core) => stepping(core, () => []))
    const { failure } = simulate(drawScenario(2, 3), { machine: silent })

    expect(failure).toMatchObject({
      invariant: 'V1',
      replay: 'npm run sim -- --seed 2 --seconds 3',
    })
    expect(failure?.lines.at(-1)).toBe('3.000000 - ! heal')
  })
})

test('M04: a driver that takes what the disk refuses for done is found out', () => {
  const faults = [1, 2, 3].map((peer): Fault => {
    const target = { peer }
    return { at: 3_000_000 + peer, type: 'fail-disk', target, use: 'append', after: 'lying' }
  })
  const found = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => {
    const scenario = { ...drawScenario(seed, 15), faults }
    return simulate(scenario, { machine: { ...sound, ignoresStorageFailures: true } }).failure
  })

  const names = found.flatMap((failure) => failure?.invariant ?? [])
  expect(names.length).toBeGreaterThan(0)
  expect(names.filter((name) => !/^(Z12|Z17|Z9|Z10|D2)$/.test(name))).toEqual([])
})

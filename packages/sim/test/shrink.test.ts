import { describe, expect, test, vi } from 'vitest'
import { defaultLimits } from '@conclave/core/internal'
import type { Machine } from '../src/machine.ts'
import { drawNamedScenario } from '../src/named-scenarios.ts'
import type { Scenario } from '../src/scenario.ts'
import { shrink, type ShrinkOptions, type ShrinkProgress, type Shrunk } from '../src/shrink.ts'
import { simulate, type Failure } from '../src/simulator.ts'
import { formatTape, parseTape } from '../src/tape.ts'
import { machineWith, sound, stepping } from './machines.ts'

vi.setConfig({ testTimeout: 120_000 })

/** Whoever has been down for once breaks as soon as a session of its own deletes something. */
const brittle: Machine = {
  ...sound,
  createCore: (options, recovered) => {
    const core = sound.createCore(options, recovered)
    if (recovered.ensembleId === 0) return core
    return stepping(core, (events) => {
      const deletes = events.some(
        (event) => event.type === 'request-received' && event.request.type === 'delete',
      )
      if (deletes) throw new Error('C1: planted')
      return core.step(events)
    })
  },
}

/** M06: acceptedEpoch is kept in memory only. */
const forgetful = machineWith(
  (core) => core,
  (recovered) => ({ ...recovered, acceptedEpoch: recovered.currentEpoch, acceptedLeader: 0 }),
)

interface Case {
  readonly machine: Machine
  readonly scenario: Scenario
  readonly failure: Failure
}

/** The first run with much in it that fails on this machine. */
function failing(machine: Machine, name: string, seconds: number): Case {
  for (let seed = 1; seed <= 100; seed += 1) {
    const scenario = drawNamedScenario(name, seed, seconds)
    if (scenario.activities.length < 300 || scenario.faults.length < 6) continue
    // Where members change, what strikes when depends on more than faults.
    if (scenario.activities.some(({ type }) => type === 'reconfigure')) continue
    const { failure } = simulate(scenario, { machine })
    if (failure !== null) return { machine, scenario, failure }
  }
  throw new Error('no seed finds the planted bug')
}

function shrinkCase({ machine, scenario, failure }: Case, options?: ShrinkOptions): Shrunk {
  return shrink(scenario, failure, (one) => simulate(one, { machine }).failure, options)
}

const broken = failing(brittle, 'swarm', 12)
const smallest = shrinkCase(broken)

describe('shrinking a failure', () => {
  test('that takes one fault and two activities finds them among hundreds', () => {
    const { scenario, failure, runs, isDone } = smallest

    expect(failure.invariant).toBe('C1')
    expect(scenario.activities.length).toBeLessThanOrEqual(4)
    expect(scenario.faults.length).toBeLessThanOrEqual(1)
    expect(scenario.workload.clientCount).toBeLessThanOrEqual(2)
    expect(runs).toBeLessThan(250)
    expect(isDone).toBe(true)
  })

  test('of promises that were forgotten leaves the few faults that it takes', () => {
    const before = failing(forgetful, 'power-at-promises', 16)

    const { scenario, failure, runs } = shrinkCase(before)

    expect(failure.invariant).toBe(before.failure.invariant)
    expect(scenario.faults.length).toBeLessThanOrEqual(5)
    expect(scenario.activities.length).toBeLessThanOrEqual(3)
    expect(scenario.ensemble.members.length).toBeLessThanOrEqual(3)
    expect(runs).toBeLessThan(300)
  })

  test('comes to a scenario that fails in the same way again, from its tape as well', () => {
    const { scenario, failure } = smallest

    const copy = parseTape(formatTape({ story: '', scenario })).scenario
    const again = simulate(copy, { machine: brittle })

    const { invariant, detail, at, lines } = failure
    expect(again.failure).toMatchObject({ invariant, detail, at, lines })
    expect(simulate(scenario, { machine: brittle }).hash).toBe(again.hash)
    expect(simulate(scenario, { machine: sound }).failure).toBeNull()
  })

  test('evens out what the failure does not take: clocks, delays, limits', () => {
    const { ensemble } = smallest.scenario

    expect(new Set(ensemble.clocks.map((clock) => clock.rate))).toEqual(new Set([1]))
    expect(ensemble.limits.maxPageTxns).toBe(defaultLimits.maxPageTxns)
  })

  test('is never worse than the whole, and runs no more often than it may', () => {
    for (const maxRuns of [0, 5]) {
      const { scenario, failure, runs, isDone } = shrinkCase(broken, { maxRuns })

      expect(runs).toBe(maxRuns)
      expect(isDone).toBe(false)
      expect(failure.invariant).toBe('C1')
      expect(scenario.activities.length).toBeLessThanOrEqual(broken.scenario.activities.length)
      expect(simulate(scenario, { machine: brittle }).failure?.invariant).toBe('C1')
    }
  })

  test('ends when it is told to, and tells how far it is', () => {
    const heard: ShrinkProgress[] = []
    let asked = 0
    const mayGoOn = (): boolean => (asked += 1) <= 8

    const { runs } = shrinkCase(broken, { mayGoOn, onProgress: (one) => heard.push(one) })

    expect(runs).toBe(8)
    expect(heard.length).toBeGreaterThan(0)
    expect(heard.map((one) => one.runs)).toEqual(
      heard.map((one) => one.runs).toSorted((a, b) => a - b),
    )
  })
})

describe('a candidate counts only if the same is violated', () => {
  const scenario = drawNamedScenario('swarm', 3, 30)
  const failureOf = (invariant: string, detail: string): Failure => {
    return {
      invariant,
      detail,
      at: 29_000_000,
      lines: [],
      chart: [],
      peers: [],
      replay: '',
      cause: null,
    }
  }

  test('what is needed stays, though without it something else fails', () => {
    const needed = scenario.activities.slice(40, 43)
    const rerun = ({ activities }: Scenario): Failure => {
      const isSame = needed.every((one) => activities.some(({ at }) => at === one.at))
      return failureOf(isSame ? 'Z9' : 'Z10', '')
    }

    const shrunk = shrink(scenario, failureOf('Z9', ''), rerun)

    expect(shrunk.scenario.activities.map((one) => one.at)).toEqual(needed.map((one) => one.at))
    expect(shrunk.failure.invariant).toBe('Z9')
  })

  test('errors without a name must say the same, but for their numbers', () => {
    const rerun = ({ faults }: Scenario): Failure => {
      return failureOf('ERROR', faults.length > 3 ? 'no page 17 of 3' : 'cannot read undefined')
    }

    const shrunk = shrink(scenario, failureOf('ERROR', 'no page 4 of 1'), rerun)

    expect(scenario.faults.length).toBeGreaterThan(4)
    expect(shrunk.scenario.faults).toHaveLength(4)
  })

  test('what fails after the faults are over is tried with fewer of them', () => {
    const rerun = (one: Scenario): Failure | null => {
      if (one.faults.length === 0) return null
      return { ...failureOf('V1', ''), at: one.faultyUs + 30_000_000 }
    }

    const shrunk = shrink(scenario, { ...failureOf('V1', ''), at: 60_000_000 }, rerun)

    expect(shrunk.scenario.faultyUs).toBeLessThan(scenario.faultyUs / 2)
    expect(shrunk.scenario.faults).toHaveLength(1)
  })
})

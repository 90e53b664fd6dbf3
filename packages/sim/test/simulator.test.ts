import { describe, expect, test, vi } from 'vitest'
import type { Effect, Event } from '@conclave/core/internal'
import type { Machine } from '../src/machine.ts'
import { drawNamedScenario } from '../src/named-scenarios.ts'
import { drawScenario, type Scenario } from '../src/scenario.ts'
import { simulate } from '../src/simulator.ts'
import { changing, machineWith, sound, stepping } from './machines.ts'
import { tinyCodec } from './tiny-codec.ts'

/** Enough for what nearly every run trips over. */
const few = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]

/** The invariants that a machine is found to violate by the first seed that finds anything. */
function foundIn(
  machine: Machine,
  seeds: readonly number[],
  draw = (seed: number): Scenario => drawScenario(seed, 15),
): string {
  for (const seed of seeds) {
    const { failure } = simulate(draw(seed), { machine })
    if (failure !== null) return failure.invariant
  }
  return 'nothing'
}

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

/** What a planted bug must trip; the list of reliability.md §4 goes on in `npm run mutants`. */
describe('a planted bug is found', () => {
  test('M02, M03: durable before it is', () => {
    const eager = machineWith((core) =>
      stepping(core, (events) => {
        const late = events.filter((event) => event.type !== 'log-synced')
        const effects = [...core.step(late)]
        for (let at = 0; at < effects.length; at += 1) {
          const effect = effects[at]!
          if (effect.type !== 'append-log') continue
          effects.push(...core.step([events[0]!, { type: 'log-synced', seq: effect.seq }]))
        }
        return effects
      }),
    )

    expect(foundIn(eager, few)).toMatch(/^(Z12|Z17|Z9|Z2)$/)
  })

  test('M06: acceptedEpoch is kept in memory only', () => {
    const forgetful = machineWith(
      (core) => core,
      (recovered) => ({
        ...recovered,
        acceptedEpoch: recovered.currentEpoch,
        acceptedLeader: 0,
      }),
    )

    expect(
      foundIn(forgetful, few, (seed) => drawNamedScenario('power-at-promises', seed, 30)),
    ).toMatch(/^(Z1|Z2|Z4)$/)
  })

  test('M10: NEWLEADER goes out, and what goes before it does not', () => {
    const hasty = machineWith((core) =>
      changing(core, (effect) => {
        if (effect.type !== 'send') return effect
        const leads = effect.messages.some((message) => message.type === 'new-leader')
        const messages = effect.messages.filter((message) => message.type !== 'proposal' || !leads)
        return { ...effect, messages }
      }),
    )

    expect(foundIn(hasty, few)).toMatch(/^(Z15|Z5|Z13)$/)
  })

  test('M47: a store that was found damaged is taken for a new one', () => {
    const careless = machineWith(
      (core) => core,
      (recovered) => ({ ...recovered, damaged: null, currentEpoch: 1, acceptedEpoch: 9 }),
    )

    expect(foundIn(careless, few)).toMatch(/^(Z2|Z19|Z12|V1|Z10|Z9|Z17)$/)
  })

  test('M34: a sync is answered by the host alone', () => {
    const alone = machineWith((core) =>
      stepping(core, (events) => {
        const asked = events.filter((event) => event.type === 'sync-requested')
        const others = events.filter((event) => event.type !== 'sync-requested')
        const zxid = core.inspect().lastApplied
        const answers = asked.map(
          ({ session, call }: Event & { type: 'sync-requested' }): Effect => ({
            type: 'deliver',
            to: session,
            items: [{ type: 'synced', call, zxid }],
          }),
        )
        return [...core.step(others), ...answers]
      }),
    )

    expect(foundIn(alone, few)).toBe('C7')
  })

  test('M39: a watch event is left out now and then', () => {
    let count = 0
    const leaky = machineWith((core) =>
      changing(core, (effect) => {
        if (effect.type !== 'deliver') return effect
        const items = effect.items.filter((item) => {
          if (item.type !== 'watch-event') return true
          count += 1
          return count % 10 !== 0
        })
        return { ...effect, items }
      }),
    )

    expect(foundIn(leaky, few)).toBe('W7')
  })

  test('M43: an unknown outcome is told as a failure', () => {
    const sure = machineWith((core) =>
      changing(core, (effect) => {
        if (effect.type !== 'deliver') return effect
        const items = effect.items.map((item) =>
          item.type === 'failed' ? ({ ...item, outcome: 'not-applied' } as const) : item,
        )
        return { ...effect, items }
      }),
    )

    expect(foundIn(sure, few)).toBe('C1')
  })

  test('M50: one peer decodes other data than the rest', () => {
    const machine: Machine = {
      ...sound,
      createCore: (options, recovered) => {
        if (options.id !== 2) return sound.createCore(options, recovered)
        const codec = {
          ...tinyCodec,
          decode: (page: Parameters<typeof tinyCodec.decode>[0]) =>
            tinyCodec
              .decode(page)
              .map((txn) => (txn.type === 'set' ? { ...txn, data: null } : txn)),
        }
        return sound.createCore({ ...options, codec }, recovered)
      },
    }

    expect(foundIn(machine, few)).toMatch(/^(D1|FAIL|C3|D2)$/)
  })
})

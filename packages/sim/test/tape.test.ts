import { describe, expect, test, vi } from 'vitest'
import { realMachine } from '../src/machine.ts'
import { drawNamedScenario, scenarioNames } from '../src/named-scenarios.ts'
import { drawScenario, type Scenario } from '../src/scenario.ts'
import { simulate } from '../src/simulator.ts'
import { formatTape, parseTape } from '../src/tape.ts'
import { tinyCodec } from './tiny-codec.ts'

vi.setConfig({ testTimeout: 30_000 })

const machine = realMachine(tinyCodec)
const scenario = drawScenario(4, 5)

/** What was written of the scenario, with another value at that place; `undefined` takes it away. */
function spoilt(place: string, value: unknown): string {
  const tape = JSON.parse(formatTape({ story: 'a story', scenario })) as object
  const names = place.split('.')
  const last = names.pop() ?? ''
  const parent = names.reduce((at, name) => (at as Record<string, object>)[name] ?? {}, tape)
  Object.assign(parent, { [last]: value })
  return JSON.stringify(tape)
}

describe('a tape', () => {
  test('read back is the same scenario, whatever the swarm draws', () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const tape = { story: `seed "${seed}"\n`, scenario: drawScenario(seed, 20) }
      expect(parseTape(formatTape(tape))).toEqual(tape)
    }
  })

  test.each(scenarioNames)('of %s is read back the same', (name) => {
    const tape = { story: '', scenario: drawNamedScenario(name, 3, 30) }

    expect(parseTape(formatTape(tape))).toEqual(tape)
  })

  test('takes the same course as the run that it was written of', () => {
    const run = simulate(scenario, { machine })
    const replayed = simulate(parseTape(formatTape({ story: '', scenario })).scenario, { machine })

    expect(replayed.hash).toBe(run.hash)
    expect(replayed.events).toBe(run.events)
  })

  test('gives each fault and each activity a line of its own', () => {
    const lines = formatTape({ story: 'a story', scenario }).split('\n')

    expect(lines.filter((line) => line.includes('"client":'))).toHaveLength(
      scenario.activities.length,
    )
    expect(lines[2]).toBe('  "story": "a story",')
  })

  test('without faults and activities is read as well', () => {
    const empty: Scenario = { ...scenario, faults: [], activities: [] }

    expect(parseTape(formatTape({ story: '', scenario: empty })).scenario).toEqual(empty)
  })

  test('from before there was a limit has it as usual', () => {
    const older = spoilt('scenario.ensemble.limits.maxCounter', undefined)

    expect(parseTape(older).scenario.ensemble.limits.maxCounter).toBeGreaterThan(2 ** 30)
  })
})

describe('what is no tape is refused, with what is wrong and where', () => {
  test.each<[message: string, place: string, value: unknown]>([
    ['tape.version: wants one of 1, and is 2', 'version', 2],
    ['tape.story: wants a string, and is missing', 'story', undefined],
    ['tape.extra: there is no such field', 'extra', 1],
    ['tape.scenario: wants an object, and is []', 'scenario', []],
    [
      'tape.scenario.ensemble.network.slowChance: wants a number from 0 to 1, and is 2',
      'scenario.ensemble.network.slowChance',
      2,
    ],
    [
      'tape.scenario.ensemble.limits.maxCount: there is no such field',
      'scenario.ensemble.limits.maxCount',
      1,
    ],
    [
      'tape.scenario.ensemble.members[0].role: wants one of voter, observer, and is "king"',
      'scenario.ensemble.members.0.role',
      'king',
    ],
    [
      'tape.scenario.ensemble.members: voters 2, 3 are in no group, others are',
      'scenario.ensemble.members.0.group',
      1,
    ],
    ['tape.scenario.ensemble.clocks: wants one for each member', 'scenario.ensemble.clocks', []],
    [
      'tape.scenario.activities[2].client: wants an integer from 0 on, and is "a"',
      'scenario.activities.2.client',
      'a',
    ],
    [
      'tape.scenario.activities[0].client: wants a client below',
      'scenario.activities.0.client',
      99,
    ],
    [
      'tape.scenario.activities[2].at: wants a time not before the one before it',
      'scenario.activities.2.at',
      0,
    ],
    [
      'tape.scenario.faults[0].at: wants a time before faultyUs, 5000000',
      'scenario.faults',
      [{ at: 5_000_000, type: 'power-loss', downUs: 1 }],
    ],
    [
      'tape.scenario.faults[0].type: wants one of crash, crash-at,',
      'scenario.faults',
      [{ at: 1, type: 'flood' }],
    ],
    [
      'tape.scenario.faults[0]: wants peers that are members',
      'scenario.faults',
      [{ at: 1, type: 'break-link', a: 1, b: 99 }],
    ],
    [
      'tape.scenario.faults[0].ways[0]: wants a sender and a receiver',
      'scenario.faults',
      [{ at: 1, type: 'partition', ways: [[1]], forUs: 5 }],
    ],
  ])('%s', (message, place, value) => {
    expect(() => parseTape(spoilt(place, value))).toThrow(message)
  })

  test('what is not even JSON', () => {
    expect(() => parseTape('seed 42')).toThrow(/^tape: wants JSON: SyntaxError/)
  })
})

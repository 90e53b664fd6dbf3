import { randomBytes } from 'node:crypto'
import { drawScenario, realMachine, simulate, type Machine } from '@conclave/sim'
import { pageCodec } from '@conclave/storage'
import { describe, expect, test } from 'vitest'
import { wires, withoutNondeterminism } from './tripwire.ts'

const sound = realMachine(pageCodec)

describe('while a simulation runs', () => {
  test.each(wires.map(([place, name]) => [name, place] as const))(
    '%s throws, and is back afterwards',
    (name, place) => {
      const before = Reflect.get(place, name) as unknown

      const call = (): unknown => (Reflect.get(place, name) as () => unknown)()
      expect(() => withoutNondeterminism(call)).toThrow(`reached for ${name}`)
      expect(Reflect.get(place, name)).toBe(before)
    },
  )

  test('so do a Date of now and what was imported by its name; a Date of a given time does not', () => {
    expect(() => withoutNondeterminism(() => new Date())).toThrow('reached for new Date')
    expect(() => withoutNondeterminism(() => randomBytes(4))).toThrow('reached for randomBytes')
    expect(withoutNondeterminism(() => new Date(0).getTime())).toBe(0)
    expect(randomBytes(4)).toHaveLength(4)
  })
})

test('M50: a core that looks at a clock is found out', () => {
  const curious: Machine = {
    ...sound,
    createCore: (options, recovered) => {
      const core = sound.createCore(options, recovered)
      return {
        step: (events) => (Date.now() > 0 ? core.step(events) : []),
        inspect: () => core.inspect(),
        sessionDeadlineMs: (session) => core.sessionDeadlineMs(session),
        get replica() {
          return core.replica
        },
        get recent() {
          return core.recent
        },
      }
    },
  }
  const run = (machine: Machine): string | undefined =>
    withoutNondeterminism(() => simulate(drawScenario(1, 1), { machine })).failure?.detail

  expect(run(curious)).toMatch(/reached for now/)
  expect(run(sound)).toBeUndefined()
})

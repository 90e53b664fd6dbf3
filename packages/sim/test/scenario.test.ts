import { flawOf, type Member } from '@conclave/core/internal'
import { describe, expect, test } from 'vitest'
import { drawNamedScenario, scenarioNames } from '../src/named-scenarios.ts'
import { drawScenario } from '../src/scenario.ts'

const scenarios = Array.from({ length: 300 }, (_, index) => drawScenario(index + 1, 60))

describe('the swarm', () => {
  test('a seed draws the same scenario every time, and another seed another', () => {
    expect(drawScenario(7, 60)).toEqual(drawScenario(7, 60))
    expect(drawScenario(7, 60)).not.toEqual(drawScenario(8, 60))
  })

  test('three and five voters, with and without an observer', () => {
    const shapes = new Set(
      scenarios.map(({ ensemble: { members, guests } }) =>
        members
          .filter(({ id }) => !guests.includes(id))
          .map((one) => one.role[0])
          .join(''),
      ),
    )

    expect(shapes).toEqual(new Set(['vvv', 'vvvvv', 'vvvo', 'vvvvvo']))
  })

  test('in a fifth of the runs peers come and go, and more of them than have founded', () => {
    const changing = scenarios.filter(({ ensemble }) => ensemble.guests.length > 0)

    expect(changing.length).toBeGreaterThan(40)
    expect(changing.length).toBeLessThan(80)
    for (const { ensemble, activities } of changing) {
      expect(ensemble.clocks).toHaveLength(ensemble.members.length)
      expect(activities.some((one) => one.type === 'reconfigure')).toBe(true)
    }
  })

  test('in a seventh of the runs voters have weights or groups, which change', () => {
    const isWeighed = ({ weight, group }: Member) => weight !== undefined || group !== undefined
    const weighed = scenarios.filter(({ ensemble }) => ensemble.members.some(isWeighed))

    expect(weighed.length).toBeGreaterThan(25)
    expect(weighed.length).toBeLessThan(60)
    for (const { ensemble, activities } of weighed) {
      expect(flawOf(ensemble.members)).toBeNull()
      if (ensemble.damage === 'beyond') continue
      expect(activities.some((one) => one.type === 'reconfigure' && one.kind === 'weigh')).toBe(
        true,
      )
    }
  })

  test('each class of faults is present in some runs, and wholly absent from others', () => {
    const types = scenarios.map(({ faults }) => new Set(faults.map((fault) => fault.type)))
    const all = new Set(types.flatMap((one) => [...one]))

    expect(all.size).toBe(22)
    for (const type of [...all].filter((one) => one !== 'hand-over')) {
      const present = types.filter((one) => one.has(type)).length
      expect(present, type).toBeGreaterThan(30)
      expect(present, type).toBeLessThan(270)
    }
  })

  test('faults come in order, and end with the time for them', () => {
    for (const { faults, faultyUs } of scenarios) {
      const times = faults.map((fault) => fault.at)
      expect([...times].sort((a, b) => a - b)).toEqual(times)
      expect(times.at(-1) ?? 0).toBeLessThan(faultyUs)
    }
  })

  test('clocks are within the 5 % that are promised, and right in about half of the runs', () => {
    const rates = scenarios.map(({ ensemble }) => ensemble.clocks.map((clock) => clock.rate))
    const right = rates.filter((one) => one.every((rate) => rate === 1)).length

    expect(right).toBeGreaterThan(100)
    expect(right).toBeLessThan(200)
    expect(rates.flat().every((rate) => rate >= 0.95 && rate <= 1.05)).toBe(true)
  })
})

describe('named scenarios', () => {
  test.each(scenarioNames)('%s is drawn from a seed, and its faults come in order', (name) => {
    const scenario = drawNamedScenario(name, 5, 40)
    const times = scenario.faults.map((fault) => fault.at)

    expect(drawNamedScenario(name, 5, 40)).toEqual(scenario)
    expect(scenario.name).toBe(name)
    expect([...times].sort((a, b) => a - b)).toEqual(times)
    expect(times.at(-1) ?? 0).toBeLessThan(scenario.faultyUs)
  })

  test('one that there is not is refused with those that there are', () => {
    expect(() => drawNamedScenario('calm', 1, 1)).toThrow(/"calm".*returning-sessions/)
  })
})

import { describe, expect, test } from 'vitest'
import type { Configuration } from '../../src/ensemble/configuration.ts'
import { Configurations } from '../../src/ensemble/configurations.ts'
import { makeZxid } from '../../src/zxid.ts'

function configurationOf(version: number, ...voters: number[]): Configuration {
  const members = voters.map((id) => ({ id, role: 'voter' as const }))
  return { ensembleId: 7, version, members }
}

const first = configurationOf(1, 1, 2, 3)
const second = configurationOf(2, 3, 4, 5)
const third = configurationOf(3, 5, 6)
const at = (counter: number) => makeZxid(1, counter)

describe('the configurations of a log', () => {
  test('before founding, the listed members count', () => {
    const configurations = new Configurations(first.members, null)

    expect(configurations.inForce).toBeNull()
    expect(configurations.voters).toEqual([1, 2, 3])
  })

  test('Z18: the last one is in force, with the one before until it is committed', () => {
    const configurations = new Configurations([], first)
    configurations.add(second, at(4))

    expect(configurations.inForce).toBe(second)
    expect(configurations.before).toBe(first)
    expect(configurations.voters).toEqual([1, 2, 3, 4, 5])
    expect(configurations.membershipOf(1)).toBe('none')

    expect(configurations.committedBy(at(3))).toBeNull()
    expect(configurations.committedBy(at(4))).toBe(second)
    configurations.settleOn(second)
    expect(configurations.before).toBeNull()
    expect(configurations.voters).toEqual([3, 4, 5])
  })

  test('Z18: the weights of each count in its own', () => {
    const heavy = first.members.map((one) => (one.id === 1 ? { ...one, weight: 3 } : one))
    const configurations = new Configurations([], { ...first, members: heavy })
    expect(configurations.quorum.includes([2, 3])).toBe(false)

    configurations.add({ ...first, version: 2 }, at(4))
    expect(configurations.quorum.includes([2, 3])).toBe(false)
    expect(configurations.quorum.includes([1])).toBe(false)
    expect(configurations.quorum.includes([1, 3])).toBe(true)
    configurations.settleOn({ ...first, version: 2 })
    expect(configurations.quorum.includes([2, 3])).toBe(true)
  })

  test('Z18: a truncate takes back what came behind, one after the other', () => {
    const configurations = new Configurations([], first)
    configurations.add(second, at(4))
    configurations.add(third, at(6))
    expect(configurations.before).toBe(second)

    configurations.truncate(at(4))
    expect(configurations.inForce).toBe(second)
    expect(configurations.before).toBe(first)
    configurations.truncate(at(3))
    expect(configurations.inForce).toBe(first)
    expect(configurations.before).toBeNull()
  })

  test('pages that bring older ones again change nothing', () => {
    const configurations = new Configurations([], third)
    configurations.add(first, at(1))
    configurations.add(second, at(4))

    expect(configurations.inForce).toBe(third)
    expect(configurations.before).toBeNull()
  })

  test('a snapshot takes the place of the log, unless more is known to be committed', () => {
    const configurations = new Configurations([], first)
    configurations.add(third, at(6))
    configurations.install(second)
    expect(configurations.inForce).toBe(second)

    configurations.install(first)
    expect(configurations.inForce).toBe(second)
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Member } from '../../src/ensemble/configuration.ts'
import {
  JointQuorum,
  MajorityQuorum,
  quorumOf,
  WeightedQuorum,
  type Quorum,
} from '../../src/ensemble/quorum.ts'

const voter = (id: number, weight?: number, group?: number): Member => ({
  id,
  role: 'voter',
  ...(weight === undefined ? {} : { weight }),
  ...(group === undefined ? {} : { group }),
})

describe('a quorum of two configurations', () => {
  const joint = new JointQuorum(new MajorityQuorum([1, 2, 3]), new MajorityQuorum([3, 4, 5]))

  test('Z18: is one of each', () => {
    expect(joint.includes([1, 2, 3])).toBe(false)
    expect(joint.includes([3, 4, 5])).toBe(false)
    expect(joint.includes([1, 2, 4, 5])).toBe(true)
    expect(joint.includes([2, 3, 4])).toBe(true)
    expect(joint.includes([1, 4, 6, 7, 8])).toBe(false)
  })

  test('Z18: has reached what both have', () => {
    const positions = new Map([
      [1, 9],
      [2, 8],
      [3, 2],
      [4, 5],
      [5, 1],
    ])
    expect(joint.reachedBy(positions)).toBe(2)
    expect(joint.reachedBy(new Map([...positions, [5, 7]]))).toBe(5)
  })

  test('counts whoever votes in either', () => {
    expect([...joint.voters]).toEqual([1, 2, 3, 4, 5])
  })
})

describe('a quorum of voters with weights and groups', () => {
  test('is more than half of the weight, where there are no groups', () => {
    const quorum = quorumOf([voter(1, 2), voter(2), voter(3), { id: 4, role: 'observer' }])

    expect(quorum.includes([1, 2])).toBe(true)
    expect(quorum.includes([1])).toBe(false)
    expect(quorum.includes([2, 3])).toBe(false)
    expect(quorum.includes([1, 4, 5])).toBe(false)
    expect([...quorum.voters]).toEqual([1, 2, 3])
  })

  test('is a majority of the weight in a majority of the groups', () => {
    const quorum = quorumOf([
      ...[1, 2, 3].map((id) => voter(id, 1, 1)),
      ...[4, 5, 6].map((id) => voter(id, 1, 2)),
      ...[voter(7, 3, 3), voter(8, 1, 3), voter(9, 1, 3)],
    ])

    expect(quorum.includes([1, 2, 4, 5])).toBe(true)
    expect(quorum.includes([1, 2, 7])).toBe(true)
    expect(quorum.includes([1, 2, 3, 4, 8, 9])).toBe(false)
    expect(quorum.includes([4, 5, 6])).toBe(false)
  })

  test('has reached what such a one has', () => {
    const quorum = quorumOf([voter(1, 2), voter(2), voter(3)])

    expect(quorum.reachedBy(new Map([[2, 9]]))).toBe(0)
    expect(
      quorum.reachedBy(
        new Map([
          [1, 4],
          [2, 9],
          [3, 9],
        ]),
      ),
    ).toBe(4)
  })

  test('is a plain majority where nobody has either', () => {
    expect(quorumOf([voter(1), voter(2, 1)])).toBeInstanceOf(MajorityQuorum)
    expect(quorumOf([voter(1), voter(2, 2)])).toBeInstanceOf(WeightedQuorum)
    expect(quorumOf([voter(1, 1, 1), voter(2, 1, 1)])).toBeInstanceOf(WeightedQuorum)
  })
})

/** Up to seven members: all voters in groups, or none; now and then an observer. */
const anyMembers: fc.Arbitrary<readonly Member[]> = fc
  .tuple(
    fc.array(
      fc.record({
        weight: fc.integer({ min: 1, max: 5 }),
        group: fc.integer({ min: 1, max: 4 }),
        observes: fc.integer({ min: 0, max: 6 }).map((drawn) => drawn === 0),
      }),
      { minLength: 1, maxLength: 7 },
    ),
    fc.boolean(),
  )
  .map(([drawn, grouped]) =>
    drawn.map(({ weight, group, observes }, index) =>
      observes && index > 0
        ? { id: index + 1, role: 'observer' }
        : voter(index + 1, weight, grouped ? group : undefined),
    ),
  )

/** Some of the ids that members can have, one that nobody has among them. */
const anyPeers = fc.subarray([1, 2, 3, 4, 5, 6, 7, 8])

/** By the words of the definition, with sums over lists. */
function isQuorum(members: readonly Member[], peers: readonly number[]): boolean {
  const voters = members.filter(({ role }) => role === 'voter')
  const groups = [...new Set(voters.map(({ group }) => group))]
  const won = groups.filter((group) => {
    const all = voters.filter((one) => one.group === group)
    const here = all.filter(({ id }) => peers.includes(id))
    const weigh = (list: readonly Member[]) => list.reduce((sum, one) => sum + (one.weight ?? 1), 0)
    return 2 * weigh(here) > weigh(all)
  })
  return 2 * won.length > groups.length
}

/** All sets of voters that suffice, each as a list. */
function quorumsOf(quorum: Quorum): readonly (readonly number[])[] {
  const sets = [...quorum.voters].reduce<number[][]>(
    (lists, id) => [...lists, ...lists.map((list) => [...list, id])],
    [[]],
  )
  return sets.filter((peers) => quorum.includes(peers))
}

const meet = (a: readonly number[], b: readonly number[]): boolean => a.some((id) => b.includes(id))

describe('quorums of any configuration', () => {
  test('Z9: are what the definition says', () => {
    fc.assert(
      fc.property(anyMembers, anyPeers, (members, peers) => {
        expect(quorumOf(members).includes(peers)).toBe(isQuorum(members, peers))
        expect(new WeightedQuorum(members).includes(peers)).toBe(isQuorum(members, peers))
      }),
    )
  })

  test('Z9: any two have a voter in common, and all voters are one', () => {
    fc.assert(
      fc.property(anyMembers, (members) => {
        const quorum = quorumOf(members)
        const all = quorumsOf(quorum)
        expect(quorum.includes(quorum.voters)).toBe(true)
        expect(all.every((a) => all.every((b) => meet(a, b)))).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  test('Z9: another peer more never makes one insufficient', () => {
    fc.assert(
      fc.property(anyMembers, anyPeers, fc.integer({ min: 1, max: 8 }), (members, peers, more) => {
        const quorum = quorumOf(members)
        fc.pre(quorum.includes(peers))
        expect(quorum.includes([...peers, more])).toBe(true)
      }),
    )
  })

  test('Z9: have reached the greatest position that a quorum has reached or passed', () => {
    const positions = fc.array(fc.tuple(fc.integer({ min: 1, max: 8 }), fc.nat(5)))
    fc.assert(
      fc.property(anyMembers, positions, (members, drawn) => {
        const reached = new Map(drawn)
        const beyond = (position: number) =>
          [1, 2, 3, 4, 5, 6, 7].filter((id) => (reached.get(id) ?? 0) >= position)
        const greatest = [5, 4, 3, 2, 1, 0].find((one) => isQuorum(members, beyond(one)))
        expect(quorumOf(members).reachedBy(reached)).toBe(greatest)
      }),
    )
  })

  test('Z18: a joint one is a quorum of both, and meets each quorum of either', () => {
    fc.assert(
      fc.property(
        anyMembers,
        anyMembers,
        fc.integer({ min: 0, max: 3 }),
        (before, drawn, shift) => {
          const after = drawn.map((member) => ({ ...member, id: member.id + shift }))
          const [one, other] = [quorumOf(before), quorumOf(after)]
          const joint = new JointQuorum(one, other)
          const all = quorumsOf(joint).slice(0, 200)
          for (const peers of all) {
            expect(isQuorum(before, peers) && isQuorum(after, peers)).toBe(true)
          }
          for (const single of [...quorumsOf(one), ...quorumsOf(other)]) {
            expect(all.every((peers) => meet(peers, single))).toBe(true)
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})

/** The oracle's own rule of what suffices, and the core's, which must agree and share nothing. */
import { quorumOf, type Member } from '@conclave/core/internal'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { suffices } from '../../src/model/sufficiency.ts'
import { Random } from '../../src/prng.ts'
import { weighed } from '../../src/weights.ts'

const members: readonly Member[] = [1, 2, 3, 4, 5].map((id) => ({
  id,
  role: id === 5 ? 'observer' : 'voter',
}))

test('of three, two suffice; of the weights 2, 1 and 1, not the last two', () => {
  const plain = members.slice(0, 3)
  const heavy = plain.map((member) => (member.id === 1 ? { ...member, weight: 2 } : member))
  expect(suffices(plain, (id) => id > 1)).toBe(true)
  expect(suffices(heavy, (id) => id > 1)).toBe(false)
  expect(suffices(heavy, (id) => id !== 2)).toBe(true)
  expect(suffices(heavy, (id) => id === 1 || id > 3)).toBe(false)
})

test('of three groups, two must be won, each by weight', () => {
  const grouped = members.map((member) => ({ ...member, group: Math.ceil(member.id / 2) }))
  expect(suffices(grouped, (id) => id <= 2)).toBe(false)
  expect(suffices(grouped, (id) => id <= 4)).toBe(true)
  expect(suffices(grouped, (id) => id !== 4)).toBe(false)
})

test('whatever weights are drawn, what suffices here is a quorum there', () => {
  fc.assert(
    fc.property(fc.nat(), fc.subarray([1, 2, 3, 4, 5]), (seed, peers) => {
      const drawn = weighed(new Random(seed, 'weights'), members)
      expect(suffices(drawn, (id) => peers.includes(id))).toBe(quorumOf(drawn).includes(peers))
    }),
  )
})

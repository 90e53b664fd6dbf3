/** The order on votes. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Vote } from '../../src/zab/messages.ts'
import { isBetterVote, sameVote } from '../../src/zab/vote.ts'
import { makeZxid } from '../../src/zxid.ts'

function vote(leader: number, epoch: number, counter: number, zxidEpoch = epoch): Vote {
  return { leader, epoch, last: makeZxid(zxidEpoch, counter) }
}

const anyVote = fc.record({
  leader: fc.integer({ min: 1, max: 3 }),
  epoch: fc.nat(3),
  last: fc.tuple(fc.nat(3), fc.nat(3)).map(([epoch, counter]) => makeZxid(epoch, counter)),
})

describe('the better vote', () => {
  test('ZOOKEEPER-1082: a later currentEpoch outweighs a longer history', () => {
    expect(isBetterVote(vote(1, 3, 1, 1), vote(2, 2, 9, 2))).toBe(true)
  })

  test('Z8: in one epoch the longer history wins, whatever the ids', () => {
    expect(isBetterVote(vote(1, 2, 5), vote(3, 2, 4))).toBe(true)
  })

  test('zxids are compared as numbers: a later epoch in the log outweighs the counter', () => {
    expect(isBetterVote(vote(1, 3, 1, 2), vote(2, 3, 900, 1))).toBe(true)
  })

  test('histories being equal, the greater id wins', () => {
    expect(isBetterVote(vote(3, 2, 4), vote(1, 2, 4))).toBe(true)
  })

  test('M48: no vote is better than itself, or an election would never rest', () => {
    fc.assert(fc.property(anyVote, (one) => !isBetterVote(one, one)))
  })

  test('of two different votes exactly one is better', () => {
    fc.assert(
      fc.property(anyVote, anyVote, (one, other) => {
        fc.pre(!sameVote(one, other))
        expect(isBetterVote(one, other)).toBe(!isBetterVote(other, one))
      }),
    )
  })

  test('what is better than the better is better', () => {
    fc.assert(
      fc.property(anyVote, anyVote, anyVote, (one, two, three) => {
        fc.pre(isBetterVote(one, two) && isBetterVote(two, three))
        expect(isBetterVote(one, three)).toBe(true)
      }),
    )
  })
})

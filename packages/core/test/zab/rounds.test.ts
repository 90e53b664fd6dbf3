/** Quorum rounds: a leader is still the leader, as of some moment after a question. */
import { describe, expect, test } from 'vitest'
import { MajorityQuorum } from '../../src/ensemble/quorum.ts'
import { Rounds } from '../../src/zab/rounds.ts'

const quorum = new MajorityQuorum([1, 2, 3, 4, 5])

describe('a round', () => {
  test('C7: is confirmed when a quorum, the leader among them, has answered it', () => {
    const rounds = new Rounds()
    const round = rounds.begin(1)

    rounds.onConfirmation(2, round)
    expect(rounds.confirmed(quorum)).toBe(0)

    rounds.onConfirmation(3, round)
    expect(rounds.confirmed(quorum)).toBe(round)
  })

  test('an answer to a later round speaks for every one before it', () => {
    const rounds = new Rounds()
    rounds.begin(1)
    rounds.begin(1)
    const last = rounds.begin(1)

    rounds.onConfirmation(2, 2)
    rounds.onConfirmation(3, last)

    expect(rounds.confirmed(quorum)).toBe(2)
  })

  test('an answer that comes late takes nothing back', () => {
    const rounds = new Rounds()
    rounds.begin(1)
    const last = rounds.begin(1)
    rounds.onConfirmation(2, last)
    rounds.onConfirmation(3, last)

    rounds.onConfirmation(3, 1)

    expect(rounds.confirmed(quorum)).toBe(last)
  })

  test('C8: nobody confirms a round that has not begun', () => {
    const rounds = new Rounds()
    rounds.begin(1)

    rounds.onConfirmation(2, 7)
    rounds.onConfirmation(3, 7)

    expect(rounds.confirmed(quorum)).toBe(0)
  })

  test('Z19: what a peer confirmed is forgotten with its link', () => {
    const rounds = new Rounds()
    rounds.begin(1)
    rounds.onConfirmation(2, 1)

    rounds.forget(2)
    rounds.onConfirmation(3, 1)

    expect(rounds.confirmed(quorum)).toBe(0)
  })
})

describe('whoever waits', () => {
  test('C7: waits for a round that begins after the question', () => {
    const rounds = new Rounds()
    rounds.begin(1)

    expect(rounds.request()).toBe(2)
    expect(rounds.isDue(1)).toBe(true)
    expect(rounds.begin(1)).toBe(2)
  })

  test('shares the round: one that is under way is finished first', () => {
    const rounds = new Rounds()
    rounds.request()
    rounds.begin(1)

    rounds.request()
    rounds.request()

    expect(rounds.isDue(0)).toBe(false)
    expect(rounds.isDue(1)).toBe(true)
    rounds.begin(1)
    expect(rounds.isDue(2)).toBe(false)
  })

  test('nobody waits, nothing begins', () => {
    expect(new Rounds().isDue(0)).toBe(false)
  })
})

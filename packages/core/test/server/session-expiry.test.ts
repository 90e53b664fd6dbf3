import { describe, expect, test } from 'vitest'
import { SessionExpiry } from '../../src/server/session-expiry.ts'
import type { SessionId, SessionRecord } from '../../src/internal.ts'

const one = 1 as SessionId
const two = 2 as SessionId

function record(id: SessionId, timeoutMs: number): SessionRecord {
  const password = new Uint8Array(16)
  return { id, timeoutMs, password, host: 2, hostedSince: id as never, lastRequestId: 0 }
}

/** Ticks every 100 ms up to and with `untilMs`; what came due, and when. */
function tickUntil(
  expiry: SessionExpiry,
  fromMs: number,
  untilMs: number,
): [number, SessionId[]][] {
  const due: [number, SessionId[]][] = []
  for (let nowMs = fromMs + 100; nowMs <= untilMs; nowMs += 100) {
    const now = expiry.tick(nowMs)
    if (now.length > 0) due.push([nowMs, [...now]])
  }
  return due
}

describe('deadlines', () => {
  test('S4: a new leadership gives every session its full timeout', () => {
    const expiry = new SessionExpiry(50_000)
    expiry.add(record(one, 3_000))
    expiry.add(record(two, 5_000))

    expect(tickUntil(expiry, 50_000, 60_000)).toEqual([
      [53_000, [one]],
      [55_000, [two]],
    ])
  })

  test('S4: a proof counts from when it was made, and never takes time away', () => {
    const expiry = new SessionExpiry(0)
    expiry.add(record(one, 3_000))
    tickUntil(expiry, 0, 2_000)

    expiry.onProofs(2, { number: 1, sessions: [[one, 400]] }, 1)
    expiry.onProofs(2, { number: 2, sessions: [[one, 1_900]] }, 1)
    expiry.onProofs(2, { number: 3, sessions: [[one, Number.NaN]] }, 1)

    expect(tickUntil(expiry, 2_000, 10_000)).toEqual([[4_600, [one]]])
  })

  test('S4: a session that moves has its full timeout from then on', () => {
    const expiry = new SessionExpiry(0)
    expiry.add(record(one, 3_000))
    expiry.add(record(two, 3_000))
    tickUntil(expiry, 0, 1_000)

    expiry.onMoved(two)

    expect(tickUntil(expiry, 1_000, 10_000)).toEqual([
      [3_000, [one]],
      [4_000, [two]],
    ])
  })

  test('S4: a move that is judged before the expiry saves the session', () => {
    const expiry = new SessionExpiry(0)
    expiry.add(record(one, 3_000))
    expect(tickUntil(expiry, 0, 3_200)).toEqual([[3_000, [one]]])

    expiry.onMoved(one)

    expect(expiry.isOver(one)).toBe(false)
    expect(tickUntil(expiry, 3_200, 9_000)).toEqual([[6_200, [one]]])
  })

  test('S8: what a former host proves before it knows of the move counts: it is acknowledged', () => {
    const expiry = new SessionExpiry(0)
    expiry.add(record(one, 3_000))
    tickUntil(expiry, 0, 1_000)
    expiry.onMoved(one)
    tickUntil(expiry, 1_000, 3_000)

    expiry.onProofs(2, { number: 1, sessions: [[one, 500]] }, 1)
    expiry.onRoundConfirmed(1)

    expect(expiry.acknowledged(2)).toBe(1)
    expect(tickUntil(expiry, 3_000, 9_000)).toEqual([[5_500, [one]]])
  })

  test('S4: a proof that came while the expiry waited to become a txn saves the session', () => {
    const expiry = new SessionExpiry(0)
    expiry.add(record(one, 3_000))
    expect(tickUntil(expiry, 0, 3_200)).toEqual([[3_000, [one]]])
    expect(expiry.isOver(one)).toBe(true)

    expiry.onProofs(2, { number: 1, sessions: [[one, 200]] }, 1)

    expect(expiry.isOver(one)).toBe(false)
    expect(tickUntil(expiry, 3_200, 9_000)).toEqual([[6_000, [one]]])
  })

  test('S4: a leader that stood still does not hold that against the sessions', () => {
    const expiry = new SessionExpiry(0)
    expiry.add(record(one, 3_000))
    tickUntil(expiry, 0, 1_000)

    expect(expiry.tick(60_000)).toEqual([])

    expect(tickUntil(expiry, 60_000, 70_000)).toEqual([[61_000, [one]]])
  })

  test('a session that is gone never comes due', () => {
    const expiry = new SessionExpiry(0)
    expiry.add(record(one, 3_000))
    expiry.remove(one)

    expect(tickUntil(expiry, 0, 10_000)).toEqual([])
    expect(expiry.isOver(one)).toBe(false)
  })
})

describe('acknowledgements', () => {
  test('S8: a list is acknowledged by a round that began after it came, not by one before', () => {
    const expiry = new SessionExpiry(0)
    expect(expiry.acknowledged(2)).toBe(0)

    expiry.onProofs(2, { number: 1, sessions: [] }, 5)
    expiry.onProofs(2, { number: 2, sessions: [] }, 5)
    expiry.onProofs(2, { number: 3, sessions: [] }, 6)
    expiry.onProofs(3, { number: 9, sessions: [] }, 6)

    expiry.onRoundConfirmed(4)
    expect(expiry.acknowledged(2)).toBe(0)
    expiry.onRoundConfirmed(5)
    expect([expiry.acknowledged(2), expiry.acknowledged(3)]).toEqual([2, 0])
    expiry.onRoundConfirmed(7)
    expect([expiry.acknowledged(2), expiry.acknowledged(3)]).toEqual([3, 9])
  })

  test('S8: nothing is acknowledged to a peer on the strength of its former life', () => {
    const expiry = new SessionExpiry(0)
    expiry.onProofs(2, { number: 57, sessions: [] }, 1)
    expiry.onRoundConfirmed(1)

    expiry.onProofs(2, { number: 1, sessions: [] }, 2)
    expect(expiry.acknowledged(2)).toBe(0)

    expiry.onRoundConfirmed(2)
    expect(expiry.acknowledged(2)).toBe(1)
    expiry.forget(2)
    expect(expiry.acknowledged(2)).toBe(0)
  })
})

import { describe, expect, test } from 'vitest'
import type { SessionId, Zxid } from '../../src/internal.ts'
import { LocalDeadlines } from '../../src/server/local-deadlines.ts'

const session = 1 as SessionId
const wallMs = 1_790_000_000_000

/** Deadlines with one session of 10 s, asked for at 0, on a machine whose clocks agree. */
class Machine {
  readonly deadlines = new LocalDeadlines()
  nowMs = 0
  wallMs = wallMs
  aliveMs = 0

  constructor() {
    this.deadlines.tick(0, wallMs, 0)
    this.deadlines.open(session, 10_000, 0)
  }

  /** Time passes, and the application runs on; asleep, only the wall clock goes on. */
  pass(ms: number, { asleep = 0, app = true } = {}): void {
    this.nowMs += ms
    this.wallMs += ms + asleep
    if (app) this.aliveMs = this.nowMs
    this.deadlines.tick(this.nowMs, this.wallMs, this.aliveMs)
  }

  get deadline(): number | undefined {
    return this.deadlines.deadlineOf(session)
  }
}

const applied = 100 as Zxid
const later = 101 as Zxid

describe('the local deadline', () => {
  test('S8: at first it counts from when the session was asked for, less a tenth', () => {
    expect(new Machine().deadline).toBe(9_000)
    expect(new LocalDeadlines().deadlineOf(session)).toBeUndefined()
  })

  test('S8: a proof moves it only once it is acknowledged, and from when it was made', () => {
    const machine = new Machine()
    machine.pass(2_000)
    const list = machine.deadlines.take()
    expect(list).toEqual({ number: 1, sessions: [[session, 0]] })

    machine.pass(500)
    expect(machine.deadline).toBe(9_000)

    machine.deadlines.onAcknowledged(1, applied, applied)
    expect(machine.deadline).toBe(11_000)
  })

  test('a session is proved at most ten times in its timeout, and only by something new', () => {
    const machine = new Machine()
    machine.pass(100)
    expect(machine.deadlines.take()?.number).toBe(1)
    machine.pass(900)
    expect(machine.deadlines.take()).toBeNull()
    machine.pass(100)
    expect(machine.deadlines.take()?.number).toBe(2)
    machine.pass(5_000, { app: false })
    expect(machine.deadlines.take()).toBeNull()
  })

  test('an application that stands still proves nothing later than when it last ran', () => {
    const machine = new Machine()
    machine.pass(1_000)
    machine.pass(3_000, { app: false })

    expect(machine.deadlines.take()).toEqual({ number: 1, sessions: [[session, 3_000]] })
    machine.deadlines.onAcknowledged(1, applied, applied)
    expect(machine.deadline).toBe(10_000)
  })

  test('S8: a session that is abandoned is proved no more; others are', () => {
    const machine = new Machine()
    const other = 2 as SessionId
    machine.deadlines.open(other, 10_000, 0)
    machine.pass(2_000)
    machine.deadlines.abandon(session)

    expect(machine.deadlines.take()).toEqual({ number: 1, sessions: [[other, 0]] })
    machine.deadlines.onAcknowledged(1, applied, applied)
    expect(machine.deadline).toBe(9_000)
    machine.pass(1_000)
    expect(machine.deadlines.take()).toEqual({ number: 2, sessions: [[other, 0]] })
  })

  test('S8: an acknowledgement of what was never sent, or was sent before, counts for nothing', () => {
    const machine = new Machine()
    machine.pass(2_000)
    machine.deadlines.onAcknowledged(57, applied, applied)
    expect(machine.deadline).toBe(9_000)

    machine.deadlines.take()
    machine.deadlines.onAcknowledged(57, applied, applied)
    expect(machine.deadline).toBe(9_000)
    machine.deadlines.forgetSent()
    machine.deadlines.onAcknowledged(1, applied, applied)
    expect(machine.deadline).toBe(9_000)

    machine.pass(100)
    expect(machine.deadlines.take()?.number).toBe(2)
  })

  test('lists without an end are not kept without an end', () => {
    const machine = new Machine()
    for (let i = 0; i < 600; i += 1) {
      machine.pass(1_000)
      machine.deadlines.take()
    }

    machine.deadlines.onAcknowledged(80, applied, applied)
    expect(machine.deadline).toBe(9_000)
    machine.deadlines.onAcknowledged(600, applied, applied)
    expect(machine.deadline).toBe(609_000)
  })
})

describe('past the local deadline', () => {
  /** Suspended at 9 s, with a proof of 12 s acknowledged at 12.5 s. */
  function suspended(proposed: Zxid): Machine {
    const machine = new Machine()
    machine.pass(12_000)
    machine.deadlines.take()
    machine.pass(500)
    machine.deadlines.onAcknowledged(1, proposed, applied)
    return machine
  }

  test('S8: it lives again at once when all that was proposed is applied', () => {
    expect(suspended(applied).deadline).toBe(21_000)
  })

  test('S8: it stays suspended while its close may be among what is proposed', () => {
    const machine = suspended(later)
    expect(machine.deadline).toBe(9_000)

    machine.deadlines.onApplied(applied)
    expect(machine.deadline).toBe(9_000)
    machine.deadlines.onApplied(later)
    expect(machine.deadline).toBe(21_000)
  })

  test('S8: newer proofs do not put the end of the wait off', () => {
    const machine = suspended(later)
    machine.pass(1_000)
    machine.deadlines.take()
    machine.deadlines.onAcknowledged(2, 900 as Zxid, applied)

    machine.deadlines.onApplied(later)
    expect(machine.deadline).toBe(22_500)
  })

  test('S8: a revival that came too late itself waits anew', () => {
    const machine = suspended(later)
    machine.pass(9_000)
    machine.deadlines.take()
    machine.deadlines.onAcknowledged(2, 900 as Zxid, applied)

    machine.deadlines.onApplied(later)
    expect(machine.deadline).toBe(9_000)
    machine.deadlines.onApplied(900 as Zxid)
    expect(machine.deadline).toBe(30_500)
  })

  test('S8: with its close applied, nothing revives it', () => {
    const machine = suspended(later)
    machine.deadlines.close(session)
    machine.deadlines.onApplied(later)

    expect(machine.deadline).toBeUndefined()
    expect(machine.deadlines.take()).toBeNull()
  })
})

describe('a machine that slept', () => {
  test('what the wall clock gained is taken off the deadline', () => {
    const machine = new Machine()
    machine.pass(1_000, { asleep: 2_000 })
    expect(machine.deadline).toBe(7_000)

    machine.pass(1_000, { asleep: 60_000 })
    expect(machine.deadline! < machine.nowMs).toBe(true)
  })

  test('a proof made before the sleep is as old as it is', () => {
    const machine = new Machine()
    machine.pass(1_000)
    machine.deadlines.take()
    machine.pass(10, { asleep: 5_000, app: false })
    machine.deadlines.onAcknowledged(1, applied, applied)

    expect(machine.deadline).toBe(5_000)
    machine.pass(990, { app: false })
    machine.deadlines.forgetSent()
    expect(machine.deadlines.take()?.sessions).toEqual([[session, 6_000]])
  })

  test('an application that ran between two ticks may have run before the sleep', () => {
    const machine = new Machine()
    machine.pass(1_000)
    machine.aliveMs = 1_005
    machine.pass(10, { asleep: 5_000, app: false })

    expect(machine.deadlines.take()?.sessions).toEqual([[session, 5_005]])
    machine.pass(1_000)
    expect(machine.deadlines.take()?.sessions).toEqual([[session, 0]])
  })

  test('noise, and a wall clock that is set back, change nothing', () => {
    const machine = new Machine()
    machine.pass(1_000, { asleep: 15 })
    machine.pass(1_000, { asleep: -3_600_000 })
    machine.pass(1_000)

    expect(machine.deadline).toBe(9_000)
  })
})

describe('a client elsewhere', () => {
  test('S8: once it was heard, its own signs of life alone prove its session', () => {
    const machine = new Machine()
    machine.deadlines.hear(session)
    machine.pass(2_000)
    expect(machine.deadlines.take()).toEqual({ number: 1, sessions: [[session, 2_000]] })
    machine.pass(2_000)
    expect(machine.deadlines.take()).toBeNull()

    machine.deadlines.hear(session)
    machine.pass(300, { app: false })
    expect(machine.deadlines.take()).toEqual({ number: 2, sessions: [[session, 300]] })
    machine.deadlines.onAcknowledged(2, later, applied)
    expect(machine.deadline).toBe(4_000 + 9_000)
  })

  test('S8: what it proves is its own, whatever else is hosted', () => {
    const machine = new Machine()
    const other = 2 as SessionId
    machine.deadlines.open(other, 10_000, 0)
    machine.pass(1_000)
    machine.deadlines.hear(other)
    machine.pass(1_000)

    expect(machine.deadlines.take()).toEqual({
      number: 1,
      sessions: [
        [session, 0],
        [other, 1_000],
      ],
    })
    machine.deadlines.onAcknowledged(1, applied, applied)
    expect(machine.deadline).toBe(2_000 + 9_000)
    expect(machine.deadlines.deadlineOf(other)).toBe(1_000 + 9_000)
  })
})

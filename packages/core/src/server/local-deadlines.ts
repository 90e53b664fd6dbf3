/**
 * How long this peer may take the sessions that it hosts to be alive: each up to its last proof of
 * life that the leader has acknowledged, plus its timeout, less a tenth for clocks that differ. Past
 * that a session is suspended, until a newer proof is acknowledged or its end is applied.
 *
 * A machine that was suspended shows as a wall clock that ran ahead of the monotonic one: what the
 * sessions missed is taken off their deadlines.
 *
 * Invariant S8: a session whose end may be committed is never taken to be alive. An acknowledgement
 * that comes in time proves that the leader had not ended it. One that comes too late may name a
 * session whose end is proposed: it counts once everything proposed by then is applied here.
 */
import type { SessionId } from '../ids.ts'
import type { ProofsOfLife } from '../zab/messages.ts'
import type { Zxid } from '../zxid.ts'
import { Fifo } from './fifo.ts'

/** The part of a timeout that covers clock rates up to 5 % off, either way. */
const trustedPart = 0.9
/** A session is proved so many times in its timeout, at most. */
const proofsPerTimeout = 10
/** Between two lists, however many sessions there are. */
const minListMs = 20
/** Lists without an acknowledgement; older ones are forgotten, and newer ones will do. */
const maxLists = 512
/** What the wall clock may gain on the monotonic one between two ticks and mean nothing. */
const maxClockNoiseMs = 20

interface Life {
  readonly timeoutMs: number
  /** When its client was last heard; `null` of a session of this application, which is seen. */
  heardMs: number | null
  deadlineMs: number
  /** True of one that is not proved any more. */
  isAbandoned: boolean
  /** When the last list with it was made, and what it proved. */
  listedMs: number
  provedMs: number
  /** The deadline that it will have once `upTo` is applied. */
  resumption: { deadlineMs: number; readonly upTo: Zxid } | null
}

/** A list that was sent and is not acknowledged. */
interface SentList {
  readonly number: number
  /** What it proved, of each. */
  readonly sessions: readonly (readonly [SessionId, provedMs: number])[]
}

/** All times within are on the monotonic clock, put forward by what the machine slept. */
export class LocalDeadlines {
  readonly #lives = new Map<SessionId, Life>()
  readonly #sent = new Fifo<SentList>()
  readonly #resuming = new Set<SessionId>()
  #nowMs = 0
  /** When the application was last seen running: here, and on the clock of `tick`. */
  #aliveMs = -Infinity
  #seenMs = -Infinity
  #sleptMs = 0
  /** How far the wall clock is ahead of the monotonic one. */
  #wallAheadMs: number | null = null
  #lastNumber = 0
  #nextListMs = 0

  /** Now, on the clock that `open` counts from. */
  get nowMs(): number {
    return this.#nowMs
  }

  tick(nowMs: number, wallMs: number, appAliveMs: number): void {
    const aheadMs = wallMs - nowMs
    const jumpMs = aheadMs - (this.#wallAheadMs ?? aheadMs)
    this.#wallAheadMs = aheadMs
    const sleptBeforeMs = this.#sleptMs
    if (jumpMs > maxClockNoiseMs) this.#sleptMs += jumpMs
    if (appAliveMs > this.#seenMs) {
      // Seen since the last tick; for all that is known before the machine slept, unless just now.
      this.#aliveMs = appAliveMs + (appAliveMs >= nowMs ? this.#sleptMs : sleptBeforeMs)
      this.#seenMs = appAliveMs
    }
    this.#nowMs = nowMs + this.#sleptMs
  }

  /** A session exists; its request, sent at `sentMs`, was its first proof. */
  open(id: SessionId, timeoutMs: number, sentMs: number): void {
    const deadlineMs = sentMs + trustedPart * timeoutMs
    this.#lives.set(id, {
      timeoutMs,
      heardMs: null,
      deadlineMs,
      isAbandoned: false,
      listedMs: -Infinity,
      provedMs: -Infinity,
      resumption: null,
    })
    this.#nextListMs = 0
  }

  close(id: SessionId): void {
    this.#lives.delete(id)
    this.#resuming.delete(id)
  }

  /** From now on nothing proves the session: it is suspended in time, and then expires. */
  abandon(id: SessionId): void {
    const life = this.#lives.get(id)
    if (life !== undefined) life.isAbandoned = true
  }

  /** Its client gave a sign of life. From now on such signs alone prove the session. */
  hear(id: SessionId): void {
    const life = this.#lives.get(id)
    if (life !== undefined) life.heardMs = this.#nowMs
  }

  /** When the session is suspended unless it is proved again, on the monotonic clock. */
  deadlineOf(id: SessionId): number | undefined {
    const life = this.#lives.get(id)
    return life === undefined ? undefined : life.deadlineMs - this.#sleptMs
  }

  /** The next list of proofs; `null` when there is nothing new to prove. */
  take(): ProofsOfLife | null {
    if (this.#nowMs < this.#nextListMs) return null
    const listed: [SessionId, number][] = []
    let nextMs = Infinity
    for (const [id, life] of this.#lives) {
      if (life.isAbandoned) continue
      const pauseMs = life.timeoutMs / proofsPerTimeout
      const aliveMs = life.heardMs ?? this.#aliveMs
      if (aliveMs > life.provedMs && this.#nowMs - life.listedMs >= pauseMs) {
        listed.push([id, aliveMs])
        life.listedMs = this.#nowMs
        life.provedMs = aliveMs
      }
      nextMs = Math.min(nextMs, life.listedMs + pauseMs)
    }
    this.#nextListMs = Math.max(nextMs, this.#nowMs + minListMs)
    if (listed.length === 0) return null
    this.#lastNumber += 1
    this.#sent.push({ number: this.#lastNumber, sessions: listed })
    if (this.#sent.size > maxLists) this.#sent.shift()
    const ageOf = (aliveMs: number): number => Math.max(0, this.#nowMs - aliveMs)
    const sessions = listed.map(([id, aliveMs]) => [id, ageOf(aliveMs)] as const)
    return { number: this.#lastNumber, sessions }
  }

  /**
   * The leader acknowledges every list up to `number`. `proposed` is what it had proposed when it
   * said so, `applied` what is applied here.
   */
  onAcknowledged(number: number, proposed: Zxid, applied: Zxid): void {
    // A number that was never sent is meant for an earlier life of this peer.
    if (number > this.#lastNumber) return
    while ((this.#sent.first?.number ?? Infinity) <= number) {
      const list = this.#sent.shift() as SentList
      for (const [id, provedMs] of list.sessions) {
        const life = this.#lives.get(id)
        if (life !== undefined) this.#prove(id, life, provedMs, proposed)
      }
    }
    this.onApplied(applied)
  }

  /** Everything up to `applied` is applied here: whoever is still a session then lives on. */
  onApplied(applied: Zxid): void {
    if (this.#resuming.size === 0) return
    for (const id of this.#resuming) {
      const life = this.#lives.get(id)
      const resumption = life?.resumption ?? null
      if (life === undefined || resumption === null || resumption.upTo > applied) continue
      life.deadlineMs = resumption.deadlineMs
      life.resumption = null
      this.#resuming.delete(id)
    }
  }

  /** The link to the leader is gone: what was sent on it will not be acknowledged. */
  forgetSent(): void {
    this.#sent.clear()
    this.#nextListMs = 0
    for (const life of this.#lives.values()) {
      life.listedMs = -Infinity
      life.provedMs = -Infinity
      life.resumption = null
    }
    this.#resuming.clear()
  }

  #prove(id: SessionId, life: Life, provedMs: number, proposed: Zxid): void {
    const deadlineMs = provedMs + trustedPart * life.timeoutMs
    if (this.#nowMs < life.deadlineMs) {
      life.deadlineMs = Math.max(life.deadlineMs, deadlineMs)
    } else if (life.resumption !== null && this.#nowMs < life.resumption.deadlineMs) {
      // In time for the proof that is to revive it: nothing more needs to be applied.
      life.resumption.deadlineMs = Math.max(life.resumption.deadlineMs, deadlineMs)
    } else {
      life.resumption = { deadlineMs, upTo: proposed }
      this.#resuming.add(id)
    }
  }
}

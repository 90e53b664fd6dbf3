/**
 * An ensemble under test: its members, the network between them and the time that they share, and
 * what a test can do to them.
 */
import { emitWarning } from 'node:process'
import { CoordinationError, type Session } from '@conclave/core'
import type { PeerId } from '@conclave/core/internal'
import { MemoryNetwork } from '@conclave/net'
import { Random, type HistoryEntry } from '@conclave/sim'
import type { Peer } from '../peer.ts'
import { checkHistory, type CheckOptions } from './check-history.ts'
import type { EnsembleSettings } from './ensemble-options.ts'
import { RecordedSession } from './recorded-session.ts'
import { Recorder } from './recorder.ts'
import { TestMember } from './test-member.ts'
import { quietMs, VirtualTime } from './virtual-time.ts'

/** What a message takes from one task to the next, at least and at most. */
const messageUs = { from: 50, upTo: 250 }
/** How often `until` looks. */
const lookMs = 5
const defaultWithinMs = 60_000

/** An ensemble in this process, in virtual time. Made by `ensemble()`, which is documented there. */
export class TestEnsemble implements AsyncDisposable {
  readonly seed: number
  readonly #time: VirtualTime
  readonly #network: MemoryNetwork
  readonly #recorder: Recorder
  readonly #members: readonly TestMember[]
  #closing: Promise<void> | undefined
  #hasWarned = false

  /** For `ensemble()`, which starts it. */
  constructor({ seed, peers }: EnsembleSettings) {
    this.seed = seed
    const time = new VirtualTime((calls) => this.#warn(calls))
    const random = new Random(seed, 'delay-data')
    this.#time = time
    this.#network = new MemoryNetwork((task) => {
      time.after(random.integer(messageUs.from, messageUs.upTo) / 1_000, task)
    })
    this.#recorder = new Recorder(time)
    const surroundings = { seed, time, network: this.#network, recorder: this.#recorder }
    this.#members = peers.map((options) => new TestMember(options, surroundings))
  }

  /** Starts every peer, and waits until all of them are ready. */
  async start(): Promise<void> {
    const peers = await Promise.all(this.#members.map((member) => member.start()))
    await Promise.all(peers.map((peer) => peer.ready()))
  }

  /** How much virtual time has passed since the ensemble began, in ms. */
  get nowMs(): number {
    return this.#time.nowMs
  }

  /** The peers, in the order of their ids: those that run, and of others the one that ran last. */
  get peers(): readonly Peer[] {
    return this.#members.map((member) => member.peer)
  }

  /** The peer of that id. Behind a restart it is another object than before. */
  peer(id: number): Peer {
    return this.#member(id).peer
  }

  /** The peer that leads; of several who believe so, the one of the highest epoch. */
  get leader(): Peer | undefined {
    return this.#leading?.peer
  }

  /**
   * Lets `ms` of virtual time pass. Everything that falls into it happens, and the test's own code
   * that waits for it goes on meanwhile.
   */
  async advance(ms: number): Promise<void> {
    if (typeof ms !== 'number' || !(ms >= 0 && ms <= Number.MAX_SAFE_INTEGER / 1_000)) {
      throw misuse(`advance(${String(ms)}): time does not go back; give a number of ms from 0 on`)
    }
    this.#refuseClosed('advance()')
    await this.#time.sleep(ms)
  }

  /**
   * Lets time pass until `condition` returns something that is true, and resolves with that. Rejects
   * with `TIMEOUT` when it does not within `withinMs` of virtual time, a minute unless told.
   */
  async until<T>(
    condition: () => T,
    { withinMs = defaultWithinMs }: { readonly withinMs?: number | undefined } = {},
  ): Promise<Exclude<T, false | null | undefined | 0 | ''>> {
    this.#refuseClosed('until()')
    const endMs = this.#time.nowMs + withinMs
    for (;;) {
      const value = condition()
      if (Boolean(value)) return value as Exclude<T, false | null | undefined | 0 | ''>
      if (this.#time.nowMs >= endMs) {
        throw new CoordinationError(
          'TIMEOUT',
          `until() waited ${withinMs} ms for ${String(condition)}`,
        )
      }
      await this.#time.sleep(lookMs)
    }
  }

  /**
   * Divides the network: nothing gets from one group to another, and nobody is told. Peers that are
   * in no group are one more group together. Ends the partition before.
   */
  partition(...groups: readonly (readonly number[])[]): void {
    this.#refuseClosed('partition()')
    const groupOf = new Map<PeerId, number>()
    for (const [index, group] of groups.entries()) {
      for (const id of group) {
        const member = this.#member(id)
        if (groupOf.has(member.id)) {
          throw misuse(`partition(): peer ${id} is in two groups; put it into one`)
        }
        groupOf.set(member.id, index)
      }
    }
    this.#forPairs((a, b) => {
      if (groupOf.get(a) === groupOf.get(b)) this.#network.heal(a, b)
      else this.#network.silence(a, b)
    })
    this.#time.flow()
  }

  /** Ends the partition: what was on its way and whose sender still waits for it arrives. */
  heal(): void {
    this.#refuseClosed('heal()')
    this.#forPairs((a, b) => this.#network.heal(a, b))
    this.#time.flow()
  }

  /**
   * Ends a peer without a word, as a kill or a loss of power does. What its disk had not synced is
   * lost; its sessions are `closed` for the code that used them, which a real crash would have ended
   * too, and live on in the ensemble until they expire.
   */
  crash(id: number): void {
    this.#running(id, 'crash').crash()
    this.#time.flow()
  }

  /** Starts a peer that was crashed or closed from what its disk holds, as `open` does. */
  async restart(id: number): Promise<Peer> {
    this.#refuseClosed('restart()')
    const member = this.#member(id)
    if (member.isRunning || member.isStarting) {
      throw misuse(`restart(${id}): peer ${id} is running; crash(${id}) or close() it first`)
    }
    return this.#time.whileAwaited(`restart(${id})`, member.start())
  }

  /** Stops a peer's loop, as a blocked process does. Time goes on, and its disk and its links do. */
  pause(id: number): void {
    const member = this.#running(id, 'pause')
    if (member.isPaused) throw misuse(`pause(${id}): peer ${id} is paused already`)
    member.pause()
    this.#time.flow()
  }

  /** Ends a pause: the peer does now what it was to do meanwhile. */
  resume(id: number): void {
    const member = this.#running(id, 'resume')
    if (!member.isPaused) throw misuse(`resume(${id}): peer ${id} is not paused`)
    member.resume()
    this.#time.flow()
  }

  /**
   * Has a session expire, by not proving its life any more: it is `suspended` first, then `expired`,
   * which takes as long as its timeout. Other sessions live on. Resolves once every peer that is in
   * touch with the leader knows that it has ended.
   */
  async expireSession(session: Session): Promise<void> {
    this.#refuseClosed('expireSession()')
    if (!(session instanceof RecordedSession) || !session.isIn(this.#recorder)) {
      throw misuse('expireSession(): this is no session of this ensemble; give one of its peers’')
    }
    if (session.readOnly)
      throw misuse('expireSession(): a read-only session never expires; close it')
    const member = this.#member(session.host.id)
    const { sessionId, timeoutMs } = session.local
    if (member.peer === session.host && member.isRunning) member.abandon(sessionId)
    const isOver = (): boolean =>
      this.#leading !== undefined &&
      this.#members.every((one) => !one.isReady || one.isPaused || !one.knows(sessionId))
    try {
      await this.until(isOver, { withinMs: timeoutMs + defaultWithinMs })
    } catch (error) {
      if (!(error instanceof CoordinationError) || error.code !== 'TIMEOUT') throw error
      const why = 'there is no leader to end it, or it was away: heal(), resume() or restart()'
      throw new CoordinationError('TIMEOUT', `session ${session.id} has not expired: ${why}`)
    }
  }

  /** What the sessions of this ensemble asked and were told, in the order in which they asked. */
  get history(): readonly HistoryEntry[] {
    return this.#recorder.entries
  }

  /** `checkHistory` of the history so far; what it throws names the seed. */
  checkHistory(options?: CheckOptions): void {
    try {
      checkHistory(this.history, options)
    } catch (error) {
      const { message } = error as Error
      throw new Error(`ensemble of seed ${this.seed}: ${message}`, { cause: error })
    }
  }

  /**
   * Ends everything at once: sessions and watches quietly, calls that are unanswered with
   * `PEER_CLOSED`. Nothing is left of it. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** The same as `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const over = closedError('a call')
    this.#time.end(over)
    const running = this.#members.filter((member) => member.isRunning)
    await Promise.all(running.map((member) => member.close(over)))
  }

  get #leading(): TestMember | undefined {
    let leading: TestMember | undefined
    for (const member of this.#members) {
      const epoch = member.leadsIn
      if (epoch !== undefined && epoch > (leading?.leadsIn ?? 0)) leading = member
    }
    return leading
  }

  #member(id: number): TestMember {
    const member = this.#members.find((one) => one.id === id)
    if (member !== undefined) return member
    const ids = this.#members.map((one) => one.id).join(', ')
    throw misuse(`there is no peer ${String(id)}; this ensemble has ${ids}`)
  }

  #running(id: number, verb: string): TestMember {
    this.#refuseClosed(`${verb}()`)
    const member = this.#member(id)
    if (member.isRunning) return member
    throw misuse(`${verb}(${id}): peer ${id} does not run; restart(${id}) starts it`)
  }

  #refuseClosed(call: string): void {
    if (this.#closing !== undefined) throw closedError(call)
  }

  #forPairs(act: (a: PeerId, b: PeerId) => void): void {
    for (const { id: a } of this.#members) {
      for (const { id: b } of this.#members) if (a < b) act(a, b)
    }
  }

  /** A test that waits for ever is told why, once. */
  #warn(calls: readonly string[]): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    emitWarning(
      `nothing has happened for ${quietMs / 1_000} s of virtual time, and time stands still. ` +
        `These calls wait for an answer: ${calls.join('; ')}. ` +
        `heal(), restart() or resume() what keeps it from them, or give them a timeoutMs`,
      'ConclaveTestWarning',
    )
  }
}

function misuse(message: string): CoordinationError {
  return new CoordinationError('BAD_ARGUMENT', message)
}

function closedError(call: string): CoordinationError {
  return new CoordinationError(
    'PEER_CLOSED',
    `${call} comes too late: the ensemble under test is closed`,
  )
}

/**
 * The driver: the one loop of a peer. It gathers what happened into batches, has the core take one
 * step a turn of the application's loop, and performs the effects of the step on disk, links and
 * sessions. It is the host of the sessions of this process (session-host.ts).
 *
 * It is a guest in its process. Whatever throws in here, be it a broken invariant, stops the peer:
 * links are closed, unanswered calls rejected, the data left as it is, and the application told. It
 * never throws into the application, never prints and never exits.
 */
import {
  CoordinationError,
  type CallId,
  type Effect,
  type Event,
  type Limits,
  type PeerCore,
  type RecentChanges,
  type Replica,
  type SessionId,
  type Standing,
  type Timing,
} from '@conclave/core/internal'
import type { Call, Session } from '@conclave/core'
import type { Refusal, Transport, TransportListener } from '@conclave/net'
import type { Log, LogListener, Snapshot } from '@conclave/storage'
import type { Clock } from './clock.ts'
import { storeChannel } from './diagnostics.ts'
import { earlyEvents } from './early-events.ts'
import { brokenPeer, neverForwarded, reasonOf, storageError } from './failures.ts'
import { FlightRecorder } from './flight-recorder.ts'
import { HostedSessions } from './hosted-sessions.ts'
import type { LocalSession } from './local-session.ts'
import type { HostedSession, SessionEvent, SessionHost } from './session-host.ts'
import { SnapshotTransfers } from './snapshot-transfers.ts'
import { StoreWork } from './store-work.ts'

/** Events of each lane in one step, at most: a long queue must not block the application's loop. */
const maxLaneEvents = 1_024
/** What the wall clock may gain on the monotonic one between two steps and mean nothing. */
const maxClockNoiseMs = 20
/** Steps of the clock in one heartbeat. */
const ticksPerHeartbeat = 4

/** What the driver performs effects on. */
export interface DriverWorld {
  readonly core: PeerCore
  readonly log: Log
  readonly snapshot: Snapshot<Replica>
  /** `null` of a standalone peer. */
  readonly transport: Transport | null
}

/** Who is told what becomes of the peer. */
export interface DriverListener {
  onStanding(standing: Standing): void
  onRefused(refusal: Refusal): void
  onLink(peer: number, isUp: boolean): void
  /** The log was purged; or why not all of it could be that should have been. */
  onPurged(failure: string | undefined): void
  /** A step was taken, and this is the state now. */
  onStepped(replica: Replica): void
  /** The peer has stopped itself. Nothing follows. */
  onFailed(error: CoordinationError, flightRecord: readonly string[]): void
}

export class Driver implements SessionHost {
  readonly clock: Clock
  readonly limits: Limits
  readonly #tickMs: number
  readonly #listener: DriverListener
  readonly #recorder = new FlightRecorder()
  #world: DriverWorld | undefined
  #storeWork: StoreWork | undefined
  #transfers: SnapshotTransfers | undefined
  #isStopped = false
  #earlyFailure: { readonly cause: unknown } | undefined
  /**
   * What happened since the last step, in three lanes, each in its order. Watches go before all else;
   * what disk, links and the clock have to say never waits behind what the application calls.
   */
  readonly #watchLane: Event[] = []
  readonly #worldLane: Event[] = []
  readonly #callLane: Event[] = []
  #isScheduled = false
  #isStepping = false
  #cancelTick: (() => void) | undefined
  #wallAheadMs: number | undefined
  #lastCall: CallId = 0
  readonly #sessions = new HostedSessions(this)
  readonly clients = this.#sessions.clients
  #afterDelivery: (() => void)[] = []
  #onHandedOver: (() => void) | undefined

  constructor(clock: Clock, limits: Limits, timing: Timing, listener: DriverListener) {
    this.clock = clock
    this.limits = limits
    this.#tickMs = timing.heartbeatMs / ticksPerHeartbeat
    this.#listener = listener
  }

  /** For whoever opens the log: it may call before the driver is started. */
  readonly logListener: LogListener = {
    onSynced: (seq) => {
      if (storeChannel.hasSubscribers) storeChannel.publish({ type: 'synced', seq })
      this.#enqueue({ type: 'log-synced', seq })
    },
    onFailed: (error) => this.fail(storageError('the log', error)),
    onPurged: (failure) => {
      const reason = failure === null ? undefined : reasonOf(failure)
      if (reason !== undefined) storeChannel.publish({ type: 'purge-failed', reason })
      this.#listener.onPurged(reason)
    },
  }

  /** For whoever opens the transport: it may call before the driver is started. */
  readonly transportListener: TransportListener = {
    onLinkUp: (peer) => {
      this.#listener.onLink(peer, true)
      this.#enqueue({ type: 'link-up', peer })
    },
    onLinkDown: (peer, reason) => {
      this.#listener.onLink(peer, false)
      this.#enqueue({ type: 'link-down', peer, reason })
    },
    onMessages: (from, messages) => {
      for (const message of messages) this.#enqueue({ type: 'message-received', from, message })
    },
    onRefused: (refusal) => this.#listener.onRefused(refusal),
  }

  /** Takes the first step in the next turn, and from then on never rests until stopped. */
  start(world: DriverWorld): void {
    this.#world = world
    const onEvent = (event: Event): void => this.#enqueue(event)
    const onFailed = (cause: unknown): void => this.fail(cause)
    this.#storeWork = new StoreWork({ ...world, clock: this.clock, onEvent, onFailed })
    this.#transfers = new SnapshotTransfers(world.snapshot, onEvent, onFailed)
    this.#schedule()
    this.#armTick()
    const early = this.#earlyFailure
    if (early !== undefined) this.clock.soon(() => this.fail(early.cause))
  }

  /** The store gets on with something long. Before the start nobody waits for it. */
  onStoreProgress(): void {
    if (this.#world !== undefined) this.#enqueue({ type: 'store-progressed' })
  }

  get replica(): Replica {
    return this.#started().core.replica
  }

  get recent(): RecentChanges {
    return this.#started().core.recent
  }

  /** Names a call, and with it the promise that its answer settles. */
  nextCall(): CallId {
    return (this.#lastCall += 1)
  }

  submit(event: SessionEvent): void {
    this.#enqueue(event, earlyEvents.has(event.type) ? this.#watchLane : this.#callLane)
  }

  deadlineMs(session: SessionId): number {
    return this.#world?.core.sessionDeadlineMs(session) ?? -Infinity
  }

  awaitApplied(session: HostedSession): void {
    this.#sessions.awaitApplied(session)
  }

  afterDelivery(callback: () => void): void {
    if (this.#isStepping) this.#afterDelivery.push(callback)
    else this.#callApplication(callback)
  }

  /** Asks the ensemble for a session. */
  requestSession(timeoutMs: number, password: Uint8Array, call: Call): Promise<LocalSession> {
    return this.#sessions.ask(timeoutMs, password, call)
  }

  /** A session that this peer alone knows. */
  openReadOnlySession(): LocalSession {
    return this.#sessions.openReadOnly()
  }

  /** The sessions that are hosted here. */
  get sessions(): readonly Session[] {
    return this.#sessions.all()
  }

  /** Has another peer lead. */
  giveUpLeadership(): void {
    this.#enqueue({ type: 'hand-over-requested' }, this.#callLane)
  }

  /** Resolves once the core has handed over what it had and does nothing more. */
  handOver(): Promise<void> {
    if (this.#isStopped) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onHandedOver = resolve
      this.#enqueue({ type: 'close-requested' }, this.#callLane)
    })
  }

  /** Ends the loop. What is unanswered is rejected with `error`; disk and links are the caller's. */
  stop(error: CoordinationError): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#cancelTick?.()
    const unsent = neverForwarded(this.#world?.core, this.#callLane, error)
    for (const lane of [this.#watchLane, this.#worldLane, this.#callLane]) lane.length = 0
    this.#sessions.endAll(error, unsent)
    this.#onHandedOver?.()
  }

  /** Stops the peer for good: its data is left as it is, and the application is told why. */
  fail(cause: unknown): void {
    if (this.#isStopped) return
    if (this.#world === undefined) {
      // The disk can fail while the rest is being opened: told once there is somebody to tell.
      this.#earlyFailure ??= { cause }
      return
    }
    const error = cause instanceof CoordinationError ? cause : brokenPeer(cause)
    this.stop(
      new CoordinationError('PEER_FAILED', `the peer has stopped itself: ${error.message}`, {
        outcome: 'unknown',
        cause: error,
      }),
    )
    this.#listener.onFailed(error, this.#recorder.lines())
  }

  /** Frees what the transfers hold; the rest is the caller's. Never rejects. */
  async release(): Promise<void> {
    await this.#transfers?.closeAll()
  }

  #started(): DriverWorld {
    if (this.#world === undefined) throw new Error('the driver is not started')
    return this.#world
  }

  #enqueue(event: Event, lane = this.#worldLane): void {
    if (this.#isStopped) return
    lane.push(event)
    if (this.#world !== undefined) this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.clock.soon(() => {
      this.#isScheduled = false
      this.#turn()
    })
  }

  #armTick(): void {
    this.#cancelTick = this.clock.after(this.#tickMs, () => {
      // By way of `soon`: after a pause of the loop, what came meanwhile is heard before the clock.
      this.#schedule()
      this.#armTick()
    })
  }

  /** One turn: everybody looks at the clock, the core takes one step, its effects are performed. */
  #turn(): void {
    if (this.#isStopped) return
    this.#isStepping = true
    try {
      this.#step()
    } catch (error) {
      this.fail(error)
    }
    this.#isStepping = false
    const callbacks = this.#afterDelivery
    if (callbacks.length === 0) return
    this.#afterDelivery = []
    for (const callback of callbacks) this.#callApplication(callback)
  }

  #step(): void {
    const { core } = this.#started()
    const nowMs = this.clock.nowMs()
    const wallMs = this.clock.wallMs()
    const tick: Event = { type: 'tick', nowMs, wallMs, appAliveMs: nowMs }
    // Before the step, which may move the deadlines on: one that has passed is not passed over (S8).
    this.#sessions.onTime()
    const aheadMs = wallMs - nowMs
    const stoodStill = aheadMs - (this.#wallAheadMs ?? aheadMs) > maxClockNoiseMs
    this.#wallAheadMs = aheadMs
    if (stoodStill) {
      // The machine did, and the core takes that off the deadlines: look once more. What has happened
      // waits a turn: the step behind the first one after a pause must have heard all that came.
      const effects = core.step([tick])
      this.#recorder.record(nowMs, [tick], effects)
      this.#perform(effects)
      this.#sessions.onTimeMoved()
      this.#schedule()
      return
    }

    const events = new Array<Event>(tick).concat(
      this.#watchLane.splice(0),
      this.#worldLane.splice(0, maxLaneEvents),
      this.#callLane.splice(0, maxLaneEvents),
    )
    if (this.#worldLane.length + this.#callLane.length > 0) this.#schedule()

    const effects = core.step(events)
    this.#recorder.record(nowMs, events, effects)
    this.#perform(effects)
    this.#sessions.onApplied(core.replica.lastApplied)
    this.#listener.onStepped(core.replica)
  }

  #perform(effects: readonly Effect[]): void {
    // First, so that a session is there for what the same step has for it.
    for (const effect of effects)
      if (effect.type === 'open-session') this.#sessions.onOpened(effect)
    for (const effect of effects) {
      this.#performOne(effect)
      if (this.#isStopped) return
    }
  }

  #performOne(effect: Effect): void {
    const { transport } = this.#started()
    const store = this.#storeWork
    const transfers = this.#transfers
    switch (effect.type) {
      case 'append-log':
        store?.append(effect.seq, effect.records)
        return
      case 'purge-log':
        store?.purge(effect.upTo)
        return
      case 'read-log':
        store?.readLog(effect)
        return
      case 'write-checkpoint':
        store?.writeCheckpoint(effect.checkpoint)
        return
      case 'open-snapshot':
        transfers?.open(effect.transfer)
        return
      case 'read-snapshot':
        transfers?.read(effect.transfer)
        return
      case 'write-snapshot':
        transfers?.write(effect.transfer, effect.number, effect.bytes, effect.last)
        return
      case 'close-snapshot':
        transfers?.close(effect.transfer)
        return
      case 'send':
        transport?.send(effect.to, effect.messages)
        return
      case 'disconnect':
        transport?.disconnect(effect.peer, effect.reason)
        return
      case 'deliver':
        this.#sessions.deliver(effect.to, effect.items)
        return
      case 'open-session':
        return
      case 'fail-session':
        this.#sessions.onFailed(effect)
        return
      case 'report':
        this.#listener.onStanding(effect.standing)
        return
      case 'step-again':
        this.#schedule()
        return
      case 'finish-close':
        this.#onHandedOver?.()
        return
      case 'fail':
        this.fail(new CoordinationError(effect.code, effect.detail, { outcome: 'unknown' }))
    }
  }

  /** What a listener of the application throws is the application's: it never stops the peer. */
  #callApplication(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      this.clock.soon(() => {
        throw error
      })
    }
  }
}

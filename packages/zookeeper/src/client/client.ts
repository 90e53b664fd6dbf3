/**
 * A client of ZooKeeper's protocol: one session across its connections. It finds a server, takes the
 * session up there by id and password, sends what is asked in its order, and knows for how long the
 * session may be taken for alive. It does no I/O: connections and time are handed in.
 *
 * When a connection breaks, what was read is read again on the next one; a write that had been sent may
 * have been applied and is never sent again; what had not been sent waits. Behind a write that was lost,
 * the first question is a `sync`, so that whoever reads to know what became of it does not read a state
 * from before.
 *
 * Invariants: C1 whoever wrote learns whether the write was not applied or is unknown; C5 requests are
 * answered in the order in which they were given; S8 past its deadline a session is not known to live;
 * W4 events are told before the replies that came behind them.
 */
import { zeroZxid, type Zxid } from '@conclave/core/internal'
import type { Long } from '../jute/long.ts'
import { passwordBytes, type ConnectRequest, type ConnectResponse } from '../messages/connect.ts'
import { wireErrors } from '../messages/error-codes.ts'
import { opcodes } from '../messages/opcodes.ts'
import { writeSyncRequest } from '../messages/sync.ts'
import type { WatcherEvent } from '../messages/watcher-event.ts'
import { ArmedWatches } from './armed-watches.ts'
import { Authentications, type Proof, type ProofTaker } from './authentications.ts'
import { ClientCall } from './client-call.ts'
import { answerSlackBytes, type ClientLimits } from './client-limits.ts'
import { ServerConnection, type ConnectionListener } from './server-connection.ts'
import { ServerList, type ServerAddress } from './server-list.ts'
import { UnsentCalls } from './unsent-calls.ts'
import type { ClientClock, Dial } from './wire.ts'

export interface ClientOptions {
  readonly servers: readonly ServerAddress[]
  /** What is asked for; the server decides. */
  readonly sessionTimeoutMs: number
  readonly proofs: readonly Proof[]
  readonly limits: ClientLimits
}

export interface ClientSurroundings {
  readonly clock: ClientClock
  /** Draws from [0, 1). */
  readonly random: () => number
  readonly dial: Dial
}

/**
 * Why a session is over. `expired`: a server said so. `silent`: none has answered for longer than any
 * would have kept it. `closed`: it was to end. `refused`: what it had proved is not taken any more.
 */
export type SessionEnding =
  | { readonly reason: 'expired' | 'silent' | 'closed' }
  | { readonly reason: 'refused' | 'defect'; readonly cause: unknown }

export interface ClientListener {
  /** The ensemble has granted the session. */
  onOpened(): void
  /** Time has passed, or the session was heard of: its deadline is another. */
  onTime(): void
  /** Before anything that waits is told so. */
  onEnded(ending: SessionEnding): void
}

/** A connection is silent for two thirds of the timeout at most; it pings after one. */
const silentShare = 2 / 3
const pingShare = 1 / 3
/** A server keeps a session for up to one tick beyond its timeout, which is two ticks or more. */
const keptShare = 3 / 2
const ticksPerTimeout = 30
const leastTickMs = 20
const longestPauseMs = 5_000
const leastAttemptMs = 500
/** A connection that broke sooner than this counts as one that was not had. */
const lastingMs = 1_000

export class Client implements ConnectionListener {
  readonly watches: ArmedWatches
  readonly #options: ClientOptions
  readonly #surroundings: ClientSurroundings
  readonly #listener: ClientListener
  readonly #servers: ServerList
  readonly #proofs: Authentications
  readonly #unsent = new UnsentCalls()
  #connection: ServerConnection | undefined
  #cancelDial: (() => void) | undefined
  #cancelTick: (() => void) | undefined
  #sessionId: Long = 0
  #password: Uint8Array = new Uint8Array(passwordBytes)
  #timeoutMs: number
  #lastZxid: Zxid = zeroZxid
  /** When the latest of what was answered had been sent; and when a server was heard at all. */
  #provenMs = -Infinity
  #heardMs: number
  #hasLostWrites = false
  #isOpen = false
  #isOver = false
  /** Why there is no connection, for whoever waits for one. */
  trouble: string | undefined

  constructor(options: ClientOptions, surroundings: ClientSurroundings, listener: ClientListener) {
    this.#options = options
    this.#surroundings = surroundings
    this.#listener = listener
    this.#servers = new ServerList(options.servers, surroundings.random)
    this.#proofs = new Authentications(options.proofs)
    this.#timeoutMs = options.sessionTimeoutMs
    this.#heardMs = surroundings.clock.nowMs()
    this.watches = new ArmedWatches({
      submit: (call) => this.submit(call),
      giveUp: (call) => this.giveUp(call),
    })
  }

  /** 0 until there is one. */
  get sessionId(): Long {
    return this.#sessionId
  }

  /** As the server granted it. */
  get timeoutMs(): number {
    return this.#timeoutMs
  }

  /** The latest state that was seen: no server answers with an earlier one. */
  get lastZxid(): Zxid {
    return this.#lastZxid
  }

  /** Until when the session is taken for alive. */
  get deadlineMs(): number {
    return this.#provenMs + this.#timeoutMs * silentShare
  }

  get isConnected(): boolean {
    return this.#connection?.isGreeted === true
  }

  /** Requests that are not answered, and the bytes of those that were not sent. */
  get unansweredCount(): number {
    return this.#unsent.size + (this.#connection?.sentCount ?? 0)
  }

  get unsentBytes(): number {
    return this.#unsent.bytes
  }

  /** Looks for a server. */
  start(): void {
    this.#dial()
    this.#tickLater()
  }

  /** Asks, behind everything that was asked before. */
  submit(call: ClientCall): void {
    if (this.#isOver) {
      call.fail('over')
      return
    }
    this.#unsent.push(call)
    this.onRoom()
  }

  /** Nobody waits for the answer any more. What was not sent will not be. */
  giveUp(call: ClientCall): void {
    if (call.wasSent || call.isSettled) call.giveUp()
    else this.#unsent.giveUp(call)
  }

  /** Proves who the session is, from now on and on each connection. */
  authenticate(proof: Proof, taker: ProofTaker): void {
    this.#proofs.add(proof, taker, this.isConnected ? this.#connection : undefined)
  }

  /** How many proofs are kept. */
  get proofCount(): number {
    return this.#proofs.size
  }

  /** Ends the session behind what was asked: `onEnded` tells when. */
  close(): void {
    this.submit(
      new ClientCall(
        { opcode: opcodes.closeSession, isWrite: false, write: () => undefined },
        { onAnswer: () => this.end({ reason: 'closed' }), onNoAnswer: () => undefined },
      ),
    )
  }

  /** Ends it at once, without a word to any server. */
  end(ending: SessionEnding): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancelDial?.()
    this.#cancelTick?.()
    const unanswered = this.#connection?.takeUnanswered() ?? []
    this.#connection?.close()
    this.#connection = undefined
    const calls = [...unanswered, ...this.#unsent.takeAll()]
    this.#listener.onEnded(ending)
    this.watches.refuseAll('over')
    this.#proofs.endAll()
    for (const call of calls) call.fail('over')
  }

  /** For the connection; so is all that follows. */
  greeting(): ConnectRequest {
    return {
      protocolVersion: 0,
      lastZxidSeen: this.#lastZxid,
      timeoutMs: this.#options.sessionTimeoutMs,
      sessionId: this.#sessionId,
      password: this.#password,
      readOnly: false,
    }
  }

  /** Whether the session goes on there. */
  onGreeted(connection: ServerConnection, response: ConnectResponse): boolean {
    const { timeoutMs, sessionId, password, readOnly } = response
    const isNew = this.#sessionId === 0
    if (timeoutMs <= 0 || sessionId === 0 || (!isNew && sessionId !== this.#sessionId)) {
      // Another session than ours is none of ours: a server that hands one out has lost it.
      if (this.#isOpen) this.end({ reason: 'expired' })
      else this.#askAnew(connection)
      return false
    }
    if (readOnly === true) {
      connection.hangUp('it only reads, and was not asked to')
      return false
    }
    this.#sessionId = sessionId
    this.#timeoutMs = timeoutMs
    if (password !== null) this.#password = password
    return true
  }

  /** Before anything else: who the session is, what it watches, and what became of what was lost. */
  onUp(connection: ServerConnection): void {
    this.trouble = undefined
    this.#proofs.sendAll(connection)
    this.watches.restore(connection, this.#lastZxid, this.#options.limits.maxRestoredBytes)
    if (this.#hasLostWrites) this.#syncFirst(connection)
    this.#openOnceProved()
    this.#listener.onTime()
    this.onRoom()
  }

  onZxid(zxid: Zxid): void {
    if (zxid > this.#lastZxid) this.#lastZxid = zxid
  }

  onEvent(event: WatcherEvent, zxid: Zxid | undefined): void {
    this.watches.onEvent(event, zxid)
  }

  onAuthenticated(error: number): void {
    const refusal = this.#proofs.onAnswer(error, this.#connection)
    if (refusal !== undefined) this.end({ reason: 'refused', cause: refusal })
    else this.#openOnceProved()
  }

  onRestored(error: number): void {
    if (error === wireErrors.unimplemented) this.watches.refuseAll(error)
    else if (error !== wireErrors.ok) this.#connection?.hangUp('it does not set watches again')
  }

  onProof(sentMs: number): void {
    if (sentMs > this.#provenMs) this.#provenMs = sentMs
  }

  onRoom(): void {
    const connection = this.#connection
    const { maxSentRequests, maxSentBytes } = this.#options.limits
    while (
      this.#connection === connection &&
      connection?.isGreeted === true &&
      connection.sentCount < maxSentRequests &&
      connection.sentBytes < maxSentBytes
    ) {
      const call = this.#unsent.shift()
      if (call === undefined) return
      connection.send(call)
    }
  }

  onBroken(connection: ServerConnection, why: string): void {
    if (this.#connection !== connection || this.#isOver) return
    const { clock } = this.#surroundings
    const { host, port } = connection.server
    this.#connection = undefined
    this.trouble = `${host}:${String(port)}: ${why}`
    if (connection.isGreeted) {
      this.#heardMs = Math.max(this.#heardMs, connection.heardMs)
      if (clock.nowMs() - connection.openedMs >= lastingMs) this.#servers.onLasted()
      else this.#servers.onFailed()
      this.watches.onBroken()
    } else this.#servers.onFailed()
    this.#sortOut(connection.takeUnanswered())
    this.#dialLater()
  }

  onDefect(error: unknown): void {
    this.end({ reason: 'defect', cause: error })
  }

  /** What it was opened with is taken before anybody hears of the session. */
  #openOnceProved(): void {
    if (this.#isOpen || this.#proofs.areUnanswered) return
    this.#isOpen = true
    this.#listener.onOpened()
  }

  /** There is no such session, of which nobody has heard yet: another one does as well. */
  #askAnew(connection: ServerConnection): void {
    this.#sessionId = 0
    this.#password = new Uint8Array(passwordBytes)
    connection.hangUp('it grants no session')
  }

  /** What was sent in vain: what can be asked again comes first; writes are lost. */
  #sortOut(unanswered: readonly ClientCall[]): void {
    const lost = unanswered.filter((call) => call.isWrite)
    this.#unsent.putFirst(unanswered.filter((call) => !call.isWrite && !call.isSettled))
    if (lost.length > 0) this.#hasLostWrites = true
    for (const call of lost) call.fail('lost')
  }

  #syncFirst(connection: ServerConnection): void {
    const settled = (): void => {
      this.#hasLostWrites = false
    }
    connection.send(
      new ClientCall(
        {
          opcode: opcodes.sync,
          isWrite: false,
          write(writer) {
            writeSyncRequest(writer, { path: '/' })
          },
        },
        { onAnswer: settled, onNoAnswer: () => undefined },
      ),
    )
  }

  #dialLater(): void {
    const pauseMs = this.#servers.pauseMs(Math.min(longestPauseMs, this.#timeoutMs / 3))
    this.#cancelDial = this.#surroundings.clock.after(pauseMs, () => this.#dial())
  }

  #dial(): void {
    this.#cancelDial = undefined
    const { clock, dial } = this.#surroundings
    const maxAnswerBytes = this.#options.limits.maxFrameBytes + answerSlackBytes
    this.#connection = new ServerConnection(this.#servers.next(), dial, clock, maxAnswerBytes, this)
  }

  #tickLater(): void {
    if (this.#isOver) return
    const { clock } = this.#surroundings
    this.#cancelTick = clock.after(Math.max(this.#timeoutMs / ticksPerTimeout, leastTickMs), () => {
      // Behind what has arrived: a loop that was blocked must not take that for silence.
      clock.soon(() => {
        this.#onTick()
        this.#tickLater()
      })
    })
  }

  #onTick(): void {
    if (this.#isOver) return
    const nowMs = this.#surroundings.clock.nowMs()
    const connection = this.#connection
    this.#listener.onTime()
    if (connection?.isGreeted !== true) {
      const patienceMs = (this.#timeoutMs * silentShare) / this.#servers.size
      const patientUntilMs = (connection?.openedMs ?? nowMs) + Math.max(patienceMs, leastAttemptMs)
      if (nowMs >= patientUntilMs) connection?.hangUp('it does not answer')
      this.#expireWhenSilent(nowMs)
      return
    }
    const silentMs = nowMs - connection.heardMs
    if (silentMs >= this.#timeoutMs * silentShare) {
      connection.hangUp(`it was silent for ${String(Math.round(silentMs))} ms`)
      return
    }
    const unprovenMs = nowMs - this.#provenMs
    const pingMs = this.#timeoutMs * (pingShare - 1 / ticksPerTimeout)
    if (connection.pingedMs === undefined && unprovenMs >= pingMs) connection.ping()
  }

  /** A session that no server can have kept is over, whether or not one is there to say so. */
  #expireWhenSilent(nowMs: number): void {
    if (this.#isOpen && nowMs - this.#heardMs >= this.#timeoutMs * keptShare)
      this.end({ reason: 'silent' })
  }
}

/**
 * The session of a client: what it asks, in its order, and what it is told. A session outlives its
 * connections; one at a time speaks for it.
 *
 * Writes go to the ensemble at once, reads are answered here: at once too, unless the session has asked
 * for something before that is not answered. Then they wait, and what comes behind them waits as well,
 * so that a read sees what was asked before it and nothing that was asked after it.
 *
 * Invariants: C5 replies come in the order of requests; C6 a session reads its own writes; W4 it is told
 * of a change before it can read it; W5 what it is told has rising zxids.
 */
import {
  isReadOnlySession,
  type CallId,
  type Delivery,
  type Identity,
  type SessionId,
  type WireWatchMode,
  type WriteRequest,
} from '@conclave/core/internal'
import { wireErrors } from '../messages/error-codes.ts'
import { eventTypes } from '../messages/watcher-event.ts'
import { writeAnswer, type Answer } from './answers.ts'
import type { ClientConnection } from './client-connection.ts'
import type { ClientEvent, EndpointHost, HostedClient } from './endpoint-host.ts'
import { errorOfRead, writeReading, type ReadContext, type WireRead } from './read-requests.ts'
import type { MultiPart } from '../messages/multi.ts'

/** What is asked of the ensemble, or of the peer in the next turn. */
export type Question =
  | { readonly type: 'write'; readonly request: WriteRequest; readonly parts: readonly MultiPart[] }
  | { readonly type: 'sync'; readonly path: string | null }
  | { readonly type: 'watches'; readonly event: (call: CallId) => ClientEvent }

/** A request that is not answered. */
export interface Pending {
  readonly connection: ClientConnection
  readonly xid: number
  readonly opcode: number
  readonly receivedMs: number
  /** A question, a read, or the error that the request comes to. */
  readonly what: Question | WireRead | number
  call: CallId
  answer: Answer | null
}

/** Who is told of what a session has come to. */
export interface SessionListener {
  onEnded(session: ClientSession): void
}

const eventTypeOf = {
  created: eventTypes.created,
  deleted: eventTypes.deleted,
  changed: eventTypes.changed,
  'children-changed': eventTypes.childrenChanged,
} as const

export class ClientSession implements HostedClient, ReadContext {
  readonly sessionId: SessionId
  /** What the client calls it: its own number, or that of the session in whose place it reads. */
  readonly wireId: SessionId
  readonly timeoutMs: number
  readonly password: Uint8Array
  readonly #host: EndpointHost
  readonly #listener: SessionListener
  readonly #maxOutstanding: number
  #connection: ClientConnection | null = null
  #identities: readonly Identity[] = []
  /** Asked and not answered, in order. */
  #asked: Pending[] = []
  /** What waits for all of that: a read first. */
  #behind: Pending[] = []
  #heardMs = -Infinity

  constructor(
    host: EndpointHost,
    listener: SessionListener,
    maxOutstanding: number,
    session: {
      readonly id: SessionId
      readonly wireId: SessionId
      readonly timeoutMs: number
      readonly password: Uint8Array
    },
  ) {
    this.#host = host
    this.#listener = listener
    this.#maxOutstanding = maxOutstanding
    this.sessionId = session.id
    this.wireId = session.wireId
    this.timeoutMs = session.timeoutMs
    this.password = session.password
  }

  get session(): SessionId {
    return this.wireId
  }

  /** It writes nothing, and goes with its connection. */
  get isReadOnly(): boolean {
    return isReadOnlySession(this.sessionId)
  }

  get replica(): EndpointHost['replica'] {
    return this.#host.replica
  }

  get connection(): ClientConnection | null {
    return this.#connection
  }

  get identities(): readonly Identity[] {
    return this.#identities
  }

  get host(): EndpointHost {
    return this.#host
  }

  get maxProofBytes(): number {
    return this.#host.limits.maxProofBytes
  }

  /** Requests that are not answered. */
  get outstandingCount(): number {
    return this.#asked.length + this.#behind.length
  }

  /** From now on this connection speaks for the session, and no other: what one was stays with it. */
  attach(connection: ClientConnection): void {
    const former = this.#connection
    this.#connection = connection
    former?.destroy()
    this.#dropWatches()
    this.#heardMs = -Infinity
    this.heard()
    this.#identities = []
    this.prove({ scheme: 'ip', id: connection.address })
    if (connection.identity !== null) this.prove(connection.identity)
  }

  /** The connection is gone. The session goes on until it is spoken for again, or expires. */
  detach(connection: ClientConnection): void {
    if (this.#connection !== connection) return
    this.#connection = null
    if (this.isReadOnly) this.#close()
    else this.#dropWatches()
  }

  /** The client gave a sign of life. */
  heard(): void {
    if (this.isReadOnly) return
    const nowMs = this.#host.clock.nowMs()
    // Proofs of life are sent ten times in a timeout: it need not be told more often than twice that.
    if (nowMs - this.#heardMs < this.timeoutMs / 20) return
    this.#heardMs = nowMs
    this.#host.submit({ type: 'session-heard', session: this.sessionId })
  }

  /** The client has proved to be this; false when it is too much. */
  prove(identity: Identity): boolean {
    const { scheme, id } = identity
    if (this.#identities.some((one) => one.scheme === scheme && one.id === id)) return true
    if (this.#identities.length >= this.#host.limits.maxSessionIdentities) return false
    this.#identities = [...this.#identities, identity]
    const { sessionId: session, identities } = this
    this.#host.submit({ type: 'session-authenticated', session, identities })
    return true
  }

  watch(path: string, mode: WireWatchMode): void {
    this.#host.submit({ type: 'wire-watch-added', session: this.sessionId, path, mode })
  }

  /** A read: answered at once, or in its turn. */
  read(connection: ClientConnection, xid: number, read: WireRead): void {
    if (this.outstandingCount === 0) this.#answerRead(connection, xid, read)
    else this.#wait(connection, xid, read.opcode, read)
  }

  /** A request that comes to an error whatever the state. */
  refuse(connection: ClientConnection, xid: number, opcode: number, error: number): void {
    if (this.outstandingCount === 0) connection.reply(xid, this.replica.lastApplied, error)
    else this.#wait(connection, xid, opcode, error)
  }

  /** A question to the ensemble. */
  ask(connection: ClientConnection, xid: number, opcode: number, question: Question): void {
    const pending = this.#pending(connection, xid, opcode, question)
    if (this.#mustWait(question)) this.#behind.push(pending)
    else this.#submit(pending, question)
    this.#holdAtLimit(connection)
  }

  /** For the host, as endpoint-host.ts says; so is the next one. */
  onDeliveries(items: readonly Delivery[]): void {
    let hasEnded = false
    for (const item of items) {
      switch (item.type) {
        case 'wire-event':
          this.#connection?.tell(eventTypeOf[item.event], item.path, item.zxid)
          break
        case 'wire-gap':
          this.#connection?.destroy()
          break
        case 'ended':
          hasEnded = true
          break
        case 'watch-event':
        case 'watch-gap':
        case 'watch-refused':
          // Of embedded sessions alone.
          break
        default:
          this.#onAnswer(item)
      }
    }
    // Reads last: they see all that was applied, and so must come behind what is told of it.
    this.#goOn()
    if (hasEnded) this.#end()
  }

  onHostGone(): void {
    this.#end()
  }

  #answerRead(
    connection: ClientConnection,
    xid: number,
    read: WireRead,
    receivedMs: number | null = null,
  ): void {
    const error = errorOfRead(read, this)
    const writer = connection.beginReply(xid, this.replica.lastApplied, error)
    if (error === wireErrors.ok) writeReading(writer, read, this)
    connection.end()
    connection.noteAnswer(read.opcode, xid, receivedMs)
  }

  /** What is asked about watches sees what the session's writes before it have fired, as a read does. */
  #mustWait({ type }: Question): boolean {
    return this.#behind.length > 0 || (type === 'watches' && this.#asked.length > 0)
  }

  #wait(connection: ClientConnection, xid: number, opcode: number, what: WireRead | number): void {
    this.#behind.push(this.#pending(connection, xid, opcode, what))
    this.#holdAtLimit(connection)
  }

  #pending(
    connection: ClientConnection,
    xid: number,
    opcode: number,
    what: Pending['what'],
  ): Pending {
    const receivedMs = this.#host.clock.nowMs()
    return { connection, xid, opcode, receivedMs, what, call: 0, answer: null }
  }

  #submit(pending: Pending, question: Question): void {
    const call = this.#host.nextCall()
    const session = this.sessionId
    pending.call = call
    this.#asked.push(pending)
    switch (question.type) {
      case 'write':
        this.#host.submit({ type: 'request-received', session, call, request: question.request })
        return
      case 'sync':
        this.#host.submit({ type: 'sync-requested', session, call })
        return
      case 'watches':
        this.#host.submit(question.event(call))
    }
  }

  /** Answers come nearly always in the order of the questions; one that does not waits for its turn. */
  #onAnswer(answer: Answer): void {
    const asked = this.#asked
    const first = asked[0]
    const pending =
      first?.call === answer.call ? first : asked.find((one) => one.call === answer.call)
    if (pending === undefined) return
    pending.answer = answer
    if (pending !== first) return
    let count = 0
    for (const { answer } of asked) {
      if (answer === null) break
      count += 1
    }
    for (const answered of asked.splice(0, count)) this.#answer(answered)
  }

  #answer(pending: Pending): void {
    const { connection, answer, opcode, xid, receivedMs } = pending
    if (answer === null || connection.isClosed) return
    connection.noteAnswer(opcode, xid, receivedMs)
    if (!writeAnswer(connection, pending, answer, this.replica)) connection.destroy()
  }

  /** What waited for answers, as far as it does no longer. */
  #goOn(): void {
    let done = 0
    for (const pending of this.#behind) {
      const { what, connection, xid } = pending
      const isQuestion = typeof what === 'object' && 'type' in what
      if (this.#asked.length > 0 && !(isQuestion && what.type !== 'watches')) {
        break
      } else if (isQuestion) {
        this.#submit(pending, what)
      } else if (!connection.isClosed) {
        if (typeof what === 'number') connection.reply(xid, this.replica.lastApplied, what)
        else this.#answerRead(connection, xid, what, pending.receivedMs)
      }
      done += 1
    }
    this.#behind.splice(0, done)
    if (this.outstandingCount < this.#maxOutstanding / 2) this.#connection?.release('requests')
  }

  #holdAtLimit(connection: ClientConnection): void {
    if (this.outstandingCount >= this.#maxOutstanding) connection.hold('requests')
  }

  #dropWatches(): void {
    this.#host.submit({ type: 'wire-watches-dropped', session: this.sessionId })
  }

  #close(): void {
    const call = this.#host.nextCall()
    const request = { type: 'close-session' } as const
    this.#host.submit({ type: 'request-received', session: this.sessionId, call, request })
  }

  /** The session is over: whoever spoke for it has been told, or will be when it asks. */
  #end(): void {
    this.#asked = []
    this.#behind = []
    const connection = this.#connection
    this.#connection = null
    this.#listener.onEnded(this)
    connection?.finish()
  }
}

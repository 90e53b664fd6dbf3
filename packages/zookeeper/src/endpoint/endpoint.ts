/**
 * The endpoint: where stock clients of ZooKeeper reach a peer. It listens, shakes hands, and keeps the
 * connections and the sessions of its clients, each of which is a session of the ensemble like any
 * other: it survives a change of leader, and expires when its client is not heard.
 *
 * What a client may be told when, and by whom, is client-session.ts; what it may ask, requests.ts.
 */
import { timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import {
  epochOf,
  type Identity,
  type SessionId,
  type SessionRecord,
  type Zxid,
} from '@conclave/core/internal'
import type { Long } from '../jute/long.ts'
import type { MalformedError } from '../jute/malformed-error.ts'
import { JuteReader } from '../jute/reader.ts'
import {
  expiredResponse,
  readConnectRequest,
  writeConnectResponse,
  type ConnectRequest,
} from '../messages/connect.ts'
import { Admission } from './admission.ts'
import { ClientConnection, type ConnectionListener } from './client-connection.ts'
import { ClientListener, type ListenerOwner, type ListenPlace } from './client-listener.ts'
import { ClientSession, type SessionListener } from './client-session.ts'
import type { EndpointHost } from './endpoint-host.ts'
import type { EndpointLimits } from './endpoint-limits.ts'
import type { EndpointSettings, EndpointView } from './endpoint-view.ts'
import { answerWord, fourLetterWordOf } from './four-letter-words.ts'
import { Output } from './output.ts'
import { Statistics } from './statistics.ts'
import { takeRequest } from './requests.ts'

export interface EndpointOptions {
  /** Where it listens; `null` where it does not. */
  readonly plain: ListenPlace | null
  readonly secure: ListenPlace | null
  readonly limits: EndpointLimits
  readonly minSessionTimeoutMs: number
  readonly maxSessionTimeoutMs: number
  /** The four-letter words that are answered. */
  readonly words: readonly string[]
  /** For how long clients are kept while there is no leader. */
  readonly leaderlessMs: number
  /** Behind that, clients that allow it are served what there is to read. */
  readonly readOnlyMode: boolean
  /** What `conf` tells besides. */
  readonly settings: EndpointSettings
}

/** A peer's port for clients of ZooKeeper. Resolves once it listens; rejects with `LISTEN_FAILED`. */
export async function openEndpoint(
  host: EndpointHost,
  options: EndpointOptions,
): Promise<Endpoint> {
  const endpoint = new Endpoint(host, options)
  await endpoint.listen()
  return endpoint
}

export class Endpoint implements ConnectionListener, SessionListener, ListenerOwner {
  readonly #host: EndpointHost
  readonly #options: EndpointOptions
  readonly #plain: ClientListener | null
  readonly #secure: ClientListener | null
  readonly #shared = {
    output: new Output(),
    reader: new JuteReader(),
    statistics: new Statistics(),
  }
  readonly #admission: Admission
  readonly #startedMs: number
  /** Every connection, with the session it speaks for; `null` before. */
  readonly #connections = new Map<ClientConnection, ClientSession | null>()
  readonly #sessions = new Map<SessionId, ClientSession>()
  /** What ends a connection that does not say who it is. */
  readonly #patience = new Map<ClientConnection, () => void>()
  #leaderlessSinceMs: number | null = null
  #isReadOnly = false
  #isClosed = false
  #cancelWatch: (() => void) | undefined

  constructor(host: EndpointHost, options: EndpointOptions) {
    this.#host = host
    this.#options = options
    this.#admission = new Admission(options.limits, host.clock)
    this.#startedMs = host.clock.nowMs()
    const listenerAt = (place: ListenPlace | null): ClientListener | null =>
      place && new ClientListener(place, options.limits.handshakeMs, this)
    this.#plain = listenerAt(options.plain)
    this.#secure = listenerAt(options.secure)
  }

  /** Where it listens in plain; `null` where it does not. */
  get port(): number | null {
    return this.#plain?.port ?? null
  }

  /** Where it listens over TLS. */
  get securePort(): number | null {
    return this.#secure?.port ?? null
  }

  async listen(): Promise<void> {
    try {
      for (const listener of this.#listeners) await listener.listen()
    } catch (error) {
      await this.close()
      throw error
    }
    this.#watchStanding()
  }

  /** Connections over TLS that come from now on are shown these. Throws for what cannot be. */
  renew(credentials: SecureContextOptions): void {
    this.#secure?.renew(credentials)
  }

  /** Lets go of every client; their sessions live on, and may be taken up elsewhere. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelWatch?.()
    const closed = Promise.all(this.#listeners.map((listener) => listener.close()))
    for (const connection of [...this.#connections.keys()]) connection.destroy()
    this.#admission.destroyAll()
    await closed
  }

  /** What four-letter words see. */
  view(): EndpointView {
    const { minSessionTimeoutMs, maxSessionTimeoutMs, limits, settings } = this.#options
    const host = this.#host
    const { isServing, mode } = host.standing
    const connections = [...this.#connections].map(([connection, session]) => {
      const { address, port, isReading, unwrittenBytes, openedWallMs, lastZxid } = connection
      const shown = { address, port, isReading, unwrittenBytes, openedWallMs, lastZxid }
      const { statistics } = connection
      if (session === null) return { ...shown, statistics, session }
      const { wireId, isReadOnly, timeoutMs, outstandingCount } = session
      const figures = { wireId, isReadOnly, timeoutMs, outstandingCount }
      return { ...shown, statistics, session: figures }
    })
    return {
      host,
      mode: isServing ? mode : this.#isReadOnly ? 'read-only' : 'not-serving',
      port: this.port,
      securePort: this.securePort,
      startedMs: this.#startedMs,
      minSessionTimeoutMs,
      maxSessionTimeoutMs,
      handshakeMs: limits.handshakeMs,
      settings,
      statistics: this.#shared.statistics,
      connections,
    }
  }

  admits(socket: Socket): boolean {
    const isAdmitted = !this.#isClosed && this.#admission.admit(socket)
    if (!isAdmitted) this.#shared.statistics.rejectedCount += 1
    return isAdmitted
  }

  onSocket(socket: Socket, identity: Identity | null): void {
    const { clock } = this.#host
    const { limits } = this.#options
    const connection = new ClientConnection(socket, this.#shared, limits, clock, this, identity)
    this.#connections.set(connection, null)
    const cancel = clock.after(limits.handshakeMs, () => {
      connection.destroy()
    })
    this.#patience.set(connection, cancel)
    socket.resume()
  }

  onHeard(connection: ClientConnection): void {
    this.#connections.get(connection)?.heard()
  }

  onFrame(connection: ClientConnection, reader: JuteReader): void {
    const session = this.#connections.get(connection)
    if (session === undefined) return
    if (session === null) this.#shakeHands(connection, readConnectRequest(reader))
    else takeRequest(session, connection, reader)
  }

  onMalformed(connection: ClientConnection, error: MalformedError): void {
    const isFirst =
      this.#connections.get(connection) === null && connection.statistics.receivedCount === 0
    const word =
      isFirst && error.reason === 'FRAME_LENGTH' ? fourLetterWordOf(error.prefix) : undefined
    if (word === undefined) connection.destroy()
    else this.#answerWord(connection, word)
  }

  onDefect(error: unknown): void {
    this.#host.fail(error)
  }

  onClosed(connection: ClientConnection): void {
    const session = this.#connections.get(connection)
    if (session === undefined) return
    this.#connections.delete(connection)
    this.#endPatience(connection)
    session?.detach(connection)
  }

  onEnded(session: ClientSession): void {
    this.#sessions.delete(session.sessionId)
  }

  get #listeners(): readonly ClientListener[] {
    return [this.#plain, this.#secure].filter((listener) => listener !== null)
  }

  #answerWord(connection: ClientConnection, word: string): void {
    connection.noteReceived()
    connection.awaitLastWords()
    const finish = (text: string): void => {
      connection.finish(text)
      this.#shared.statistics.sentCount += 1
    }
    const answer = answerWord(word, this.#options.words, this.view())
    if (typeof answer === 'string') finish(answer)
    else answer.then(finish, (error: unknown) => this.onDefect(error))
  }

  #endPatience(connection: ClientConnection): void {
    this.#patience.get(connection)?.()
    this.#patience.delete(connection)
  }

  #shakeHands(connection: ClientConnection, request: ConnectRequest): void {
    this.#endPatience(connection)
    const { replica, standing } = this.#host
    // Whoever has seen more than this peer goes on looking for a server that has: it never goes back.
    const { isServing } = standing
    const isServed = isServing || (this.#isReadOnly && request.readOnly === true)
    if (!isServed || request.lastZxidSeen > replica.lastApplied) {
      connection.destroy()
      return
    }
    if (!isServing) this.#beginReadOnly(connection, request)
    else if (request.sessionId === 0) this.#begin(connection, request)
    else this.#resume(connection, request)
  }

  #granted(timeoutMs: number): number {
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.#options
    return Math.min(Math.max(timeoutMs, minSessionTimeoutMs), maxSessionTimeoutMs)
  }

  /** Lets a client read, under the number of its session if it has one that is known here. */
  #beginReadOnly(connection: ClientConnection, request: ConnectRequest): void {
    const known = sessionIdOf(request.sessionId)
    const record = known === undefined ? undefined : this.#host.replica.sessions.get(known)
    const isKnown = record !== undefined && isSame(record.password, request.password)
    if (request.sessionId !== 0 && !isKnown) {
      this.#refuse(connection, request.readOnly)
      return
    }
    this.#host.openReadOnlySession((id) => {
      const session = new ClientSession(this.#host, this, this.#options.limits.maxOutstanding, {
        id,
        wireId: record?.id ?? id,
        timeoutMs: record?.timeoutMs ?? this.#granted(request.timeoutMs),
        password: record?.password ?? this.#host.password(),
      })
      this.#attach(connection, session, request.readOnly)
      return session
    })
  }

  #begin(connection: ClientConnection, { timeoutMs, readOnly }: ConnectRequest): void {
    const granted = this.#granted(timeoutMs)
    const password = this.#host.password()
    // What it sends behind the handshake waits: there is no session yet that could ask.
    connection.hold('handshake')
    this.#host.requestSession(granted, password, {
      onOpened: (id) => this.#adopt({ id, timeoutMs: granted, password }, connection, readOnly),
      onFailed: () => {
        connection.destroy()
      },
    })
  }

  #resume(connection: ClientConnection, request: ConnectRequest): void {
    const { replica } = this.#host
    const id = sessionIdOf(request.sessionId)
    const record = id === undefined ? undefined : replica.sessions.get(id)
    if (record === undefined || !isSame(record.password, request.password)) {
      // A session is named for the txn that created it: one that is not applied here may yet be.
      const isAhead = record === undefined && id !== undefined && this.#mayCome(id)
      if (isAhead) connection.destroy()
      else this.#refuse(connection, request.readOnly)
      return
    }
    const session = this.#sessions.get(record.id)
    if (session === undefined) this.#move(record, connection, request.readOnly)
    else this.#attach(connection, session, request.readOnly)
  }

  /** Another peer has the session, or nobody since this one was started: it comes here. */
  #move(
    { id, timeoutMs, password, hostedSince }: SessionRecord,
    connection: ClientConnection,
    readOnly: boolean | undefined,
  ): void {
    connection.hold('handshake')
    this.#host.moveSession(id, hostedSince, {
      onOpened: () => this.#adopt({ id, timeoutMs, password }, connection, readOnly),
      onFailed: () => {
        if (this.#host.replica.sessions.has(id)) connection.destroy()
        else this.#refuse(connection, readOnly)
      },
    })
  }

  /** The session is hosted here from now on; its client may be gone, and is not heard any more then. */
  #adopt(
    given: { readonly id: SessionId; readonly timeoutMs: number; readonly password: Uint8Array },
    connection: ClientConnection,
    readOnly: boolean | undefined,
  ): ClientSession {
    const { maxOutstanding } = this.#options.limits
    const { id } = given
    const session = new ClientSession(this.#host, this, maxOutstanding, { ...given, wireId: id })
    this.#sessions.set(id, session)
    session.heard()
    this.#attach(connection, session, readOnly)
    return session
  }

  #mayCome(id: SessionId): boolean {
    const { replica, standing } = this.#host
    return id > replica.lastApplied && epochOf(id as number as Zxid) <= standing.epoch
  }

  /** Tells that the session is over: the client has to begin another one. */
  #refuse(connection: ClientConnection, readOnly: boolean | undefined): void {
    writeConnectResponse(connection.begin(), expiredResponse(readOnly))
    connection.end()
    connection.finish()
  }

  #attach(
    connection: ClientConnection,
    session: ClientSession,
    readOnly: boolean | undefined,
  ): void {
    // Gone meanwhile: the session expires, unless its client comes back for it.
    if (connection.isClosed) return
    this.#connections.set(connection, session)
    session.attach(connection)
    writeConnectResponse(connection.begin(), {
      protocolVersion: 0,
      timeoutMs: session.timeoutMs,
      sessionId: session.wireId,
      password: session.password,
      readOnly: readOnly === undefined ? undefined : session.isReadOnly,
    })
    connection.end()
    connection.release('handshake')
  }

  /** Clients of a peer that has lost its leader for long are better served elsewhere. */
  #watchStanding(): void {
    if (this.#isClosed) return
    const { clock, standing } = this.#host
    const { leaderlessMs } = this.#options
    if (standing.isServing) this.#leaderlessSinceMs = null
    else this.#leaderlessSinceMs ??= clock.nowMs()
    const since = this.#leaderlessSinceMs
    // Whoever only reads is told of a leader in the same way: it finds more when it comes back.
    const isTooLong = since !== null && clock.nowMs() - since >= leaderlessMs
    this.#isReadOnly = isTooLong && this.#options.readOnlyMode
    for (const [connection, session] of isTooLong || standing.isServing
      ? [...this.#connections]
      : []) {
      if (session !== null && session.isReadOnly === standing.isServing) connection.destroy()
    }
    this.#cancelWatch = clock.after(leaderlessMs / 4, () => {
      this.#watchStanding()
    })
  }
}

/** The session that a client names; `undefined` of what can be none of ours. */
function sessionIdOf(id: Long): SessionId | undefined {
  return typeof id === 'number' && id > 0 ? (id as SessionId) : undefined
}

function isSame(one: Uint8Array, other: Uint8Array | null): boolean {
  return other?.length === one.length && timingSafeEqual(one, other)
}

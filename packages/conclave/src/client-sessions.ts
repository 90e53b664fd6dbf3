/**
 * The sessions of clients of the ZooKeeper endpoint, as the driver hosts them: asked for, opened, told
 * what is theirs, and forgotten when they end. What they are told they tell their clients themselves.
 */
import type { CallId, Delivery, SessionId, Zxid } from '@conclave/core/internal'
import type { HostedClient, SessionAsker } from '@conclave/zookeeper'
import type { ZooKeeperPorts } from './peer.ts'
import type { SessionHost } from './session-host.ts'
import type { Credentials } from './tls-options.ts'

export class ClientSessions {
  readonly #host: SessionHost
  readonly #nextReadOnly: () => SessionId
  readonly #asked = new Map<CallId, SessionAsker>()
  readonly #sessions = new Map<SessionId, HostedClient>()
  /** Where clients are served. */
  ports: ZooKeeperPorts | undefined
  /** Has other certificates shown to clients. */
  renew: ((credentials: Credentials) => void) | undefined
  /** Called when the peer is over. */
  onGone: (() => void) | undefined

  constructor(host: SessionHost, nextReadOnly: () => SessionId) {
    this.#host = host
    this.#nextReadOnly = nextReadOnly
  }

  ask(timeoutMs: number, password: Uint8Array, asker: SessionAsker): void {
    const call = this.#host.nextCall()
    this.#asked.set(call, asker)
    this.#host.submit({ type: 'session-requested', call, timeoutMs, password })
  }

  /** A session that this peer alone knows. */
  openReadOnly(open: (session: SessionId) => HostedClient): void {
    const session = this.#nextReadOnly()
    this.#host.submit({ type: 'read-only-session-opened', session })
    this.#sessions.set(session, open(session))
  }

  /** Asks for one that was hosted elsewhere, since `replaces`. */
  move(session: SessionId, replaces: Zxid, asker: SessionAsker): void {
    const call = this.#host.nextCall()
    this.#asked.set(call, asker)
    this.#host.submit({ type: 'session-move-requested', call, session, replaces })
  }

  /** False of a session that no client has asked for. */
  onOpened(call: CallId, session: SessionId): boolean {
    const asker = this.#take(call)
    if (asker === undefined) return false
    this.#sessions.set(session, asker.onOpened(session))
    return true
  }

  /** The same. */
  onFailed(call: CallId): boolean {
    const asker = this.#take(call)
    asker?.onFailed()
    return asker !== undefined
  }

  /** The same. */
  deliver(to: SessionId, items: readonly Delivery[]): boolean {
    const session = this.#sessions.get(to)
    if (session === undefined) return false
    if (items.at(-1)?.type === 'ended') this.#sessions.delete(to)
    session.onDeliveries(items)
    return true
  }

  endAll(): void {
    const sessions = [...this.#sessions.values()]
    this.#sessions.clear()
    for (const session of sessions) session.onHostGone()
    for (const call of [...this.#asked.keys()]) this.onFailed(call)
    this.onGone?.()
  }

  #take(call: CallId): SessionAsker | undefined {
    const asker = this.#asked.get(call)
    this.#asked.delete(call)
    return asker
  }
}

/**
 * The replicated state, replayed from the committed log by other means than the core's: tree,
 * sessions, configuration. What no correct ensemble would ever commit throws, with the name of the
 * rule. Of the core it knows types, and nothing that runs.
 */
import type { Configuration, SessionId, TreeTxn, Txn, Zxid } from '@conclave/core/internal'
import { demand } from '../violation.ts'
import { ephemeralsOf, placeText, TreeModel, type ModelChange } from './tree-model.ts'

export interface ModelSession {
  readonly id: SessionId
  readonly timeoutMs: number
  readonly password: string
  readonly host: number
  readonly hostedSince: Zxid
  /** Every host that it has had, with the txn that made it so. */
  readonly hosts: readonly (readonly [host: number, since: Zxid])[]
  /** When it ended, or `null`. */
  endedAt: Zxid | null
  lastRequestId: number
}

export class StateModel {
  readonly tree = new TreeModel()
  readonly #sessions = new Map<SessionId, ModelSession>()
  #configuration: Configuration | null = null
  #lastTimeMs = 0

  /** When the last txn was made, by the clock of its leader. */
  get lastTimeMs(): number {
    return this.#lastTimeMs
  }

  get configuration(): Configuration | null {
    return this.#configuration
  }

  /** The session, whether or not it has ended. */
  session(id: SessionId): ModelSession | undefined {
    return this.#sessions.get(id)
  }

  /** Every session that there ever was. */
  sessions(): IterableIterator<ModelSession> {
    return this.#sessions.values()
  }

  isLive(id: SessionId): boolean {
    return this.#sessions.get(id)?.endedAt === null
  }

  /** True when the session existed and had not ended right after `zxid`. */
  wasLiveAt(id: SessionId, zxid: Zxid): boolean {
    const session = this.#sessions.get(id)
    return (
      session !== undefined &&
      (session.id as number) <= zxid &&
      (session.endedAt === null || session.endedAt > zxid)
    )
  }

  /** Since when the peer had the session, by what stands in the log up to `upTo`. */
  hostedSince(id: SessionId, peer: number, upTo: Zxid): Zxid | undefined {
    const hosts = this.#sessions.get(id)?.hosts ?? []
    return hosts.findLast(([host, since]) => host === peer && since <= upTo)?.[1]
  }

  /** When the host that had the session since then had it no more: it ended or moved. `null`: never. */
  hostedUntil(id: SessionId, since: Zxid): Zxid | null {
    const session = this.#sessions.get(id)
    return session?.hosts.find(([, next]) => next > since)?.[1] ?? session?.endedAt ?? null
  }

  /** Applies the next txn; what it changed, in order. */
  apply(txn: Txn, zxid: Zxid): readonly ModelChange[] {
    this.#lastTimeMs = txn.timeMs
    switch (txn.type) {
      case 'create':
      case 'set':
      case 'delete':
      case 'set-acl':
      case 'check':
        return this.#changeTree([txn], zxid, txn.timeMs)
      case 'transaction':
      case 'create-with-parents':
      case 'delete-subtree':
        return this.#changeTree(txn.txns, zxid, txn.timeMs)
      case 'create-session':
        this.#createSession(txn, zxid)
        return []
      case 'move-session': {
        const session = this.#sessions.get(txn.moved)
        demand(session?.endedAt === null, 'S7', () => 'a session moves that is not live')
        const { host } = txn
        const hosts = [...session.hosts, [host, zxid] as const]
        this.#sessions.set(txn.moved, { ...session, host, hostedSince: zxid, hosts })
        return []
      }
      case 'close-session':
        return this.#closeSession(txn.closed, txn.paths, zxid)
      case 'configure':
        demand(
          txn.configuration.version === (this.#configuration?.version ?? 0) + 1,
          'Z18',
          () => `${placeText(zxid)} is version ${txn.configuration.version} of the configuration`,
        )
        this.#configuration = txn.configuration
        return [this.tree.configure(txn.configuration, zxid, txn.timeMs)]
      case 'refuse':
        return []
    }
  }

  #changeTree(txns: readonly TreeTxn[], zxid: Zxid, timeMs: number): ModelChange[] {
    const changes: ModelChange[] = []
    for (const txn of txns) {
      if (txn.type === 'create' && txn.ephemeralOwner !== 0) {
        demand(
          this.isLive(txn.ephemeralOwner),
          'S2',
          () => `${placeText(zxid)} creates ${txn.path} for a session that is not live`,
        )
      }
      const change = this.tree.apply(txn, zxid, timeMs)
      if (change !== null) changes.push(change)
    }
    return changes
  }

  #createSession(txn: Txn & { readonly type: 'create-session' }, zxid: Zxid): void {
    const id = zxid as number as SessionId
    demand(!this.#sessions.has(id), 'S1', () => `session ${id} is created twice`)
    this.#sessions.set(id, {
      id,
      timeoutMs: txn.timeoutMs,
      password: txn.password.join(),
      host: txn.host,
      hostedSince: zxid,
      hosts: [[txn.host, zxid]],
      endedAt: null,
      lastRequestId: 0,
    })
  }

  #closeSession(closed: SessionId, paths: readonly string[], zxid: Zxid): ModelChange[] {
    const session = this.#sessions.get(closed)
    demand(
      session?.endedAt === null,
      'S3',
      () => `${placeText(zxid)} ends session ${closed}, which is not live`,
    )
    const owned = ephemeralsOf(this.tree, closed)
    demand(
      owned.length === paths.length && owned.every((path) => paths.includes(path)),
      'S3',
      () => `the end of session ${closed} deletes ${paths.join()}, it owned ${owned.join()}`,
    )
    session.endedAt = zxid
    return paths.map((path) => this.tree.delete(path, zxid))
  }
}

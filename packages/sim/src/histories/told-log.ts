/**
 * The committed log as the clients were told of it, for where the peers' own is not at hand: each
 * answered write at the zxid that its client was given.
 *
 * It is whole only when every change was answered with its zxid. Where one may be missing (a write
 * without an answer, a session whose end nobody saw) there is no log, but the reason why: what is
 * judged by half a log would be called wrong.
 */
import type {
  ErrorCode,
  Operation,
  SessionId,
  TreeTxn,
  Txn,
  TreeRequest,
  Zxid,
} from '@conclave/core/internal'
import { judge, type ExpectedChange } from '../model/judge.ts'
import { StateModel } from '../model/state-model.ts'
import { ephemeralsOf, parentPathOf } from '../model/tree-model.ts'
import { sessionText, type LoggedTxn } from './committed-order.ts'
import {
  isWrite,
  stepsOf,
  type CallEntry,
  type HistoryEntry,
  type Value,
  type WriteStep,
} from './entry.ts'
import { describeCall } from './words.ts'
import { toldZxid } from './write-accounting.ts'

export type ToldLog =
  | { readonly log: readonly LoggedTxn[] }
  /** Why there is none. */
  | { readonly log: null; readonly reason: string }

/** Puts the log together, if nothing is missing. */
export function logAsTold(entries: readonly HistoryEntry[]): ToldLog {
  const told: { readonly call: CallEntry; readonly zxid: number }[] = []
  for (const call of entries) {
    if (call.type !== 'call' || !isWrite(call)) continue
    const zxid = toldZxid(call)
    if (call.outcome === 'not-applied' && zxid === undefined) continue
    if (call.outcome === 'unknown' || zxid === undefined) {
      return { log: null, reason: `nobody was told the place of ${describeCall(call)}` }
    }
    const reapable = stepsOf(call).find((step) => step.type === 'create' && step.reapable === true)
    if (reapable !== undefined && call.outcome === 'ok') {
      return { log: null, reason: `nobody is told when ${reapable.path} goes by itself` }
    }
    told.push({ call, zxid })
  }
  told.sort((a, b) => a.zxid - b.zxid)
  const draft = new LogDraft(new Set(told.map(({ call }) => parseInt(call.session, 16))))
  for (const { call, zxid } of told) {
    const reason = draft.add(call, zxid)
    if (reason !== null) return { log: null, reason }
  }
  const left = draft.ephemerals[0]
  if (left !== undefined) return { log: null, reason: `nobody was told when ${left} ended` }
  return { log: draft.txns }
}

class LogDraft {
  readonly txns: LoggedTxn[] = []
  readonly #model = new StateModel()

  /** Sessions that are not open yet, the last first. */
  readonly #sessions: number[]

  constructor(sessions: ReadonlySet<number>) {
    this.#sessions = [...sessions].sort((a, b) => b - a)
  }

  /** Ephemerals whose end has not come. */
  get ephemerals(): readonly string[] {
    return [...this.#model.tree.znodes()].filter((one) => one.owner !== 0).map((one) => one.path)
  }

  /** Adds a write at its place; why it cannot be there, or `null`. */
  add(call: CallEntry, zxid: number): string | null {
    this.#openSessions(zxid)
    const session = parseInt(call.session, 16) as SessionId
    if (sessionText(session) !== call.session || !this.#model.isLive(session)) {
      return `${call.session} is no session that was open at ${zxid}`
    }
    const head = { timeMs: 0, session, requestId: call.id + 1 }
    const { tree } = this.#model
    if (call.outcome === 'not-applied') {
      const code = call.error as ErrorCode
      this.#append(zxid, { ...head, type: 'refuse', code, path: '', operation: 0, limit: null })
      return null
    }
    if (call.operation.type === 'close-session') {
      const paths = ephemeralsOf(tree, session)
      this.#append(zxid, {
        ...head,
        type: 'close-session',
        closed: session,
        reason: 'closed',
        paths,
      })
      return null
    }
    const judgement = judge(requestOf(call), { session, identities: null }, tree)
    if (judgement.type === 'refusal') {
      return `at its place this would be refused (${judgement.codes.join()}): ${describeCall(call)}`
    }
    const txns = this.#txnsOf(judgement.changes)
    const [only] = txns
    if (txns.length === 1 && only !== undefined && call.operation.type !== 'transaction') {
      this.#append(zxid, { ...head, ...only })
    } else {
      const { type } = call.operation
      const kinds = { create: 'create-with-parents', delete: 'delete-subtree' } as const
      const kind = type === 'create' || type === 'delete' ? kinds[type] : 'transaction'
      this.#append(zxid, { ...head, type: kind, txns })
    }
    return null
  }

  /** A session's id is the zxid of its beginning. */
  #openSessions(before: number): void {
    const head = { timeMs: 0, session: 0 as SessionId, requestId: 0 }
    const password = new Uint8Array()
    for (;;) {
      const session = this.#sessions.at(-1)
      if (session === undefined || !(session < before)) return
      this.#sessions.pop()
      this.#append(session, { ...head, type: 'create-session', timeoutMs: 0, password, host: 1 })
    }
  }

  #txnsOf(changes: readonly ExpectedChange[]): TreeTxn[] {
    const creates = new Map<string, number>()
    const versions = new Map<string, number>()
    const { tree } = this.#model
    return changes.map((change): TreeTxn => {
      const { path } = change
      switch (change.type) {
        case 'create': {
          const parent = parentPathOf(path)
          const count = (creates.get(parent) ?? tree.get(parent)?.creates ?? 0) + 1
          creates.set(parent, count)
          creates.delete(path)
          versions.set(path, 0)
          const ephemeralOwner = change.owner as SessionId
          return {
            type: 'create',
            path,
            data: change.data,
            ephemeralOwner,
            reap: change.reap,
            parentCreateCount: count,
            acl: change.acl,
          }
        }
        case 'set': {
          const version = (versions.get(path) ?? tree.get(path)?.version ?? 0) + 1
          versions.set(path, version)
          return { type: 'set', path, data: change.data, version }
        }
        case 'set-acl':
          return change
        case 'delete':
        case 'check':
          return { type: change.type, path }
      }
    })
  }

  #append(zxid: number, txn: Txn): void {
    const place = zxid as Zxid
    this.#model.apply(txn, place)
    this.txns.push({ zxid: place, txn })
  }
}

/** What the client asked for, as the peers have it. */
function requestOf({ operation }: CallEntry): TreeRequest {
  switch (operation.type) {
    case 'create':
      return { ...operationOf(operation), parents: operation.parents === true } as TreeRequest
    case 'delete':
      return { ...operationOf(operation), recursive: operation.recursive === true } as TreeRequest
    case 'set':
      return operationOf(operation) as TreeRequest
    case 'transaction':
      return { type: 'transaction', operations: operation.operations.map(operationOf) }
    default:
      return { type: 'close-session' }
  }
}

function operationOf(step: WriteStep): Operation {
  const { path } = step
  if (step.type === 'create') {
    const mode = step.ephemeral === true ? 'ephemeral' : 'persistent'
    const sequential = step.sequential === true
    return { type: 'create', path, data: bytesOf(step.value), mode, sequential, acl: null }
  }
  const version = step.version ?? -1
  return step.type === 'set'
    ? { type: 'set', path, data: bytesOf(step.value), version }
    : { type: step.type, path, version }
}

function bytesOf(value: Value): Uint8Array | null {
  return value === null ? null : Uint8Array.from(value, (letter) => letter.charCodeAt(0))
}

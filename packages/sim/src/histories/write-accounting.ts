/**
 * C1: which txn each write of a history is. One that was answered has exactly one, one that
 * definitely failed has none, one without an answer has at most one; and no txn of a session is one
 * that it did not ask for.
 *
 * Where the client was told a zxid, that decides; elsewhere what was written does, in the order of
 * the session.
 */
import type { TreeTxn, Txn } from '@conclave/core/internal'
import {
  sessionText,
  type CommittedOrder,
  type LoggedTxn,
  type Problem,
} from './committed-order.ts'
import { isWrite, textOfData, type CallEntry, type CallResult, type WriteStep } from './entry.ts'
import { anyDigits, withoutDigits } from './path-groups.ts'
import { callsBySession } from './session-order.ts'
import { describeCall } from './words.ts'

export interface Accounts {
  /** The zxid of each write that has one and only one that it can have. */
  readonly places: ReadonlyMap<CallEntry, number>
  readonly problems: readonly Problem[]
}

/** Finds the txn of every write, and what is wrong with that. */
export function accountForWrites(calls: readonly CallEntry[], order: CommittedOrder): Accounts {
  const places = new Map<CallEntry, number>()
  const problems: Problem[] = []
  const ownTxns = new Map<string, LoggedTxn[]>()
  const expired = new Set<string>()
  for (const logged of order.txns) {
    const { session, requestId } = logged.txn
    if (session === 0 || requestId === 0) {
      if (logged.txn.type === 'close-session') expired.add(sessionText(logged.txn.closed))
      continue
    }
    const name = sessionText(session)
    const own = ownTxns.get(name)
    if (own === undefined) ownTxns.set(name, [logged])
    else own.push(logged)
  }
  for (const [session, own] of callsBySession(calls.filter(isWrite))) {
    const account = new Account(session, expired.has(session), places)
    for (const call of own) account.settle(call, order)
    account.settleRest(own, ownTxns.get(session) ?? [])
    problems.push(...account.problems)
  }
  return { places, problems }
}

/** What the client was told of the place of its write, in whatever way. */
export function toldZxid({ outcome, zxid, operation, result }: CallEntry): number | undefined {
  if (zxid !== undefined || outcome !== 'ok') return zxid
  if (operation.type === 'set') return result?.stat?.mzxid
  return operation.type === 'create' ? result?.stat?.czxid : undefined
}

/** The writes of one session. */
class Account {
  readonly problems: Problem[] = []
  readonly #session: string
  /** The leader ended it, with a txn that is nobody's. */
  readonly #isExpired: boolean
  readonly #places: Map<CallEntry, number>
  readonly #taken = new Map<number, CallEntry>()

  constructor(session: string, isExpired: boolean, places: Map<CallEntry, number>) {
    this.#session = session
    this.#isExpired = isExpired
    this.#places = places
  }

  /** Settles a write whose client was told where it is. */
  settle(call: CallEntry, order: CommittedOrder): void {
    const zxid = toldZxid(call)
    if (zxid === undefined || call.outcome === 'unknown') return
    const logged = order.at(zxid)
    const other = this.#taken.get(zxid)
    if (logged === undefined) this.#complain(call, 'its zxid is not in the log')
    else if (other !== undefined) this.#complain(call, `its zxid is that of call ${other.id} too`)
    else if (sessionText(logged.txn.session) !== this.#session) {
      this.#complain(call, 'the txn at its zxid is of another session')
    } else {
      const difference = differenceOf(call, logged.txn)
      if (difference !== null) this.#complain(call, difference)
    }
    this.#taken.set(zxid, call)
    this.#places.set(call, zxid)
  }

  /** Settles the others by what they wrote. */
  settleRest(own: readonly CallEntry[], txns: readonly LoggedTxn[]): void {
    const groups = new Map<string, { readonly calls: CallEntry[]; readonly txns: LoggedTxn[] }>()
    for (const call of own) {
      const key = keyOfCall(call)
      const group = groups.get(key) ?? { calls: [], txns: [] }
      groups.set(key, group)
      group.calls.push(call)
    }
    for (const logged of txns) {
      if (this.#taken.has(logged.zxid) || logged.txn.type === 'refuse') continue
      const group = groups.get(keyOfTxn(logged.txn))
      if (group !== undefined) group.txns.push(logged)
      else this.#complainOf(logged, 'nobody asked for it')
    }
    for (const group of groups.values()) this.#settleGroup(group.calls, group.txns)
  }

  /** Calls that wrote the same, and the txns that are one of them. */
  #settleGroup(calls: readonly CallEntry[], txns: readonly LoggedTxn[]): void {
    const open = calls.filter((call) => !this.#places.has(call))
    const answered = open.filter((call) => call.outcome === 'ok')
    const unknown = open.filter((call) => call.outcome === 'unknown')
    const failed = open.filter((call) => call.outcome === 'not-applied')
    for (const call of answered.slice(txns.length)) {
      // Who closes a session that has expired meanwhile has got what was asked for.
      const isDone = call.operation.type === 'close-session' && this.#isExpired
      if (!isDone) this.#complain(call, 'it has no txn')
    }
    for (const [index, logged] of txns.slice(answered.length + unknown.length).entries()) {
      const call = failed[index]
      if (call !== undefined)
        this.#complain(call, `it was not to be applied, and is ${logged.zxid}`)
      else this.#complainOf(logged, 'it was asked for less often')
    }
    // Only then is it certain which is which.
    const certain = txns.length >= answered.length + unknown.length
    const settled = certain ? [...answered, ...unknown].sort((a, b) => a.id - b.id) : answered
    if (!certain && unknown.length > 0) return
    for (const [index, call] of settled.entries()) {
      const logged = txns[index]
      if (logged !== undefined) this.#places.set(call, logged.zxid)
    }
  }

  #complain(call: CallEntry, text: string): void {
    this.problems.push({ rule: 'C1', text: `${describeCall(call)}: ${text}` })
  }

  #complainOf({ zxid, txn }: LoggedTxn, text: string): void {
    const what = `the ${txn.type} of session ${this.#session} at ${zxid}`
    this.problems.push({ rule: 'C1', text: `${what}: ${text}` })
  }
}

/** The changes of a txn that its client asked for. */
function askedFor(txn: Txn): readonly TreeTxn[] {
  switch (txn.type) {
    case 'create':
    case 'set':
    case 'delete':
    case 'check':
      return [txn]
    case 'create-with-parents':
    case 'delete-subtree':
      return txn.txns.slice(-1)
    case 'transaction':
      return txn.txns
    default:
      return []
  }
}

/** How the txn differs from what the call asked for and was told; `null` when it does not. */
function differenceOf(call: CallEntry, txn: Txn): string | null {
  if (call.outcome === 'not-applied') {
    if (txn.type !== 'refuse') return `it was refused, and the log has a ${txn.type}`
    return txn.code === call.error ? null : `it was refused, and the log says ${txn.code}`
  }
  if (keyOfTxn(txn) !== keyOfCall(call)) return `the log has another txn, a ${txn.type}`
  const results = call.operation.type === 'transaction' ? call.result?.results : [call.result ?? {}]
  for (const [index, one] of askedFor(txn).entries()) {
    const difference = resultDifference(results?.[index], one)
    if (difference !== null) return difference
  }
  return null
}

function resultDifference(result: CallResult | undefined, txn: TreeTxn): string | null {
  if (result?.path !== undefined && result.path !== txn.path) {
    return `it was told ${result.path}, and the log has ${txn.path}`
  }
  const told = result?.stat?.version
  if (txn.type !== 'set' || told === undefined || told === txn.version) return null
  return `it was told version ${told}, and the log has ${txn.version}`
}

/** What a call writes. The digits of a sequential name are no part of it. */
function keyOfCall({ operation, session }: CallEntry): string {
  switch (operation.type) {
    case 'transaction':
      return operation.operations.map((step) => keyOfStep(step)).join('; ')
    case 'create':
    case 'set':
    case 'delete':
      return keyOfStep(operation)
    default:
      return `end ${session}`
  }
}

function keyOfStep(step: WriteStep): string {
  switch (step.type) {
    case 'create': {
      const path = step.sequential === true ? `${step.path}${anyDigits}` : withoutDigits(step.path)
      return `create ${path} ${step.value ?? ''}`
    }
    case 'set':
      return `set ${step.path} ${step.value ?? ''}`
    default:
      return `${step.type} ${step.path}`
  }
}

/** The key of the calls that a txn can be of. */
function keyOfTxn(txn: Txn): string {
  if (txn.type === 'close-session') return `end ${sessionText(txn.closed)}`
  return askedFor(txn).map(keyOfTreeTxn).join('; ')
}

function keyOfTreeTxn(txn: TreeTxn): string {
  switch (txn.type) {
    case 'create':
      return `create ${withoutDigits(txn.path)} ${textOfData(txn.data) ?? ''}`
    case 'set':
      return `set ${txn.path} ${textOfData(txn.data) ?? ''}`
    default:
      return `${txn.type} ${txn.path}`
  }
}

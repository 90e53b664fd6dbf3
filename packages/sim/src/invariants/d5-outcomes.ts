/**
 * D5: every txn is what its request must come to on the state before it: the changes, all of them and
 * no others, or a refusal for the right reason and of no effect.
 */
import {
  formatZxid,
  type Reconfiguration,
  type TreeTxn,
  type Txn,
  type Zxid,
} from '@conclave/core/internal'
import type { Call } from '../history.ts'
import { sameList } from '../model/access.ts'
import { judge, type ExpectedChange } from '../model/judge.ts'
import type { Invariant, Observed } from '../observation.ts'
import { demand } from '../violation.ts'
import { sameBytes } from './d2-restart-equivalence.ts'

export class Outcomes implements Invariant {
  readonly id = 'D5'
  readonly #observed: Observed

  constructor(observed: Observed) {
    this.#observed = observed
  }

  beforeTxn(txn: Txn, zxid: Zxid, call: Call | undefined): void {
    const request = call?.request
    if (request === null || request === undefined) return
    const { model } = this.#observed
    if (!model.isLive(txn.session)) {
      demand(txn.type === 'refuse', this.id, () => `${formatZxid(zxid)} serves an ended session`)
      return
    }
    if (request.type === 'close-session') {
      const closes = txn.type === 'close-session' && txn.closed === txn.session
      demand(closes, this.id, () => `${formatZxid(zxid)} does not close its session`)
      return
    }
    if (request.type === 'reconfigure') {
      this.#judgeReconfiguration(request, txn, zxid)
      return
    }
    const identities = this.#observed.history.sessionOf(txn, model)?.identities ?? null
    const judgement = judge(request, { session: txn.session, identities }, model.tree)
    const holds =
      judgement.type === 'refusal'
        ? txn.type === 'refuse' &&
          judgement.codes.includes(txn.code) &&
          judgement.operation === txn.operation
        : sameChanges(judgement.changes, treeTxnsOf(txn))
    demand(
      holds,
      this.id,
      () =>
        `${formatZxid(zxid)} is ${JSON.stringify(txn)}; the request ${JSON.stringify(request)} ` +
        `must come to ${JSON.stringify(judgement)}`,
    )
  }

  /** Only who is synced with the leader is not known from outside. */
  #judgeReconfiguration({ members, version }: Reconfiguration, txn: Txn, zxid: Zxid): void {
    const current = this.#observed.model.configuration?.version ?? 0
    const isStale = version !== -1 && version !== current
    const holds =
      txn.type === 'refuse'
        ? isStale === (txn.code === 'BAD_VERSION') || txn.code === 'RECONFIG_IN_PROGRESS'
        : txn.type === 'configure' &&
          !isStale &&
          txn.configuration.version === current + 1 &&
          JSON.stringify(txn.configuration.members) === JSON.stringify(members)
    demand(
      holds,
      this.id,
      () =>
        `${formatZxid(zxid)} is ${JSON.stringify(txn)}; version ${current} was to be changed ` +
        `by ${JSON.stringify({ members, version })}`,
    )
  }
}

/** The changes of a txn, or `null` of one that is none. */
function treeTxnsOf(txn: Txn): readonly TreeTxn[] | null {
  switch (txn.type) {
    case 'create':
    case 'set':
    case 'delete':
    case 'set-acl':
    case 'check':
      return [txn]
    case 'transaction':
    case 'create-with-parents':
    case 'delete-subtree':
      return txn.txns
    default:
      return null
  }
}

function sameChanges(
  expected: readonly ExpectedChange[],
  found: readonly TreeTxn[] | null,
): boolean {
  if (found?.length !== expected.length) return false
  // The order within a deleted subtree is free, as long as the model can follow it: leaves first.
  const sorted = expected.every((change) => change.type === 'delete')
  const wanted = sorted ? [...expected].sort(byPath) : expected
  const actual = sorted ? [...found].sort(byPath) : found
  return wanted.every((change, index) => sameChange(change, actual[index]))
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0
}

function sameChange(expected: ExpectedChange, found: TreeTxn | undefined): boolean {
  if (found?.path !== expected.path) return false
  switch (expected.type) {
    case 'create':
      return (
        found.type === 'create' &&
        found.ephemeralOwner === expected.owner &&
        found.reap === expected.reap &&
        sameList(found.acl, expected.acl) &&
        sameBytes(found.data, expected.data)
      )
    case 'set':
      return found.type === 'set' && sameBytes(found.data, expected.data)
    case 'set-acl':
      return (
        found.type === 'set-acl' &&
        found.aversion === expected.aversion &&
        sameList(found.acl, expected.acl)
      )
    case 'delete':
    case 'check':
      return found.type === expected.type
  }
}

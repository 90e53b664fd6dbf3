import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  advanceZxid,
  digestOf,
  recordOf,
  Tree,
  type TreeRequest,
  type Txn,
} from '../../src/internal.ts'
import { LoneLeader } from './lone-leader.ts'
import { judgeAlone, naiveMaxEphemerals, ordered } from './naive-judge.ts'
import { NaiveState } from './naive-state.ts'
import { anyWriteUnderQuotas, hardLimits, quotaOf } from './random-requests.ts'
import { create, password } from './requests.ts'

interface Step {
  readonly session: number
  readonly request: TreeRequest
  /** How many pages are drafted, and applied, behind the request. */
  readonly drafts: number
  readonly applies: number
}

const step: fc.Arbitrary<Step> = fc.record({
  ...{ session: fc.nat(2), request: anyWriteUnderQuotas },
  ...{ drafts: fc.constantFrom(0, 0, 1, 2), applies: fc.constantFrom(0, 0, 0, 1, 3) },
})
const program = fc.array(step, { maxLength: 60, size: 'max' })

/** A leader with three sessions, and a naive state with the same. */
function begin(): {
  leader: LoneLeader
  state: NaiveState
  sessions: ReturnType<LoneLeader['session']>[]
} {
  const leader = new LoneLeader({ maxPageTxns: 3, maxSessionEphemerals: naiveMaxEphemerals })
  const state = new NaiveState()
  const sessions = [1, 2, 3].map((number) => {
    const session = leader.session()
    const made = { type: 'create-session', timeoutMs: 10_000, password: password(number), host: 2 }
    state.apply({ timeMs: 1_000, session: 0, requestId: 0, ...made } as Txn, leader.end.last)
    return session
  })
  const [, second, third] = sessions
  leader.identities.set(second!, [{ scheme: 'digest', id: 'one:x' }])
  leader.identities.set(third!, [
    { scheme: 'digest', id: 'two:x' },
    { scheme: 'ip', id: '127.0.0.1' },
  ])
  return { leader, state, sessions }
}

/** True when no path stands before one that lies below it. */
function isLeavesFirst(txn: Txn): boolean {
  if (txn.type !== 'delete-subtree') return true
  const paths = txn.txns.map((step) => step.path)
  return paths.every(
    (one, index) => !paths.slice(index).some((later) => later.startsWith(`${one}/`)),
  )
}

/** The same tree, as a restart finds it. */
function loadedFrom(tree: Tree): Tree {
  const loaded = new Tree()
  for (const record of [...tree.znodes()].map(recordOf)) loaded.load(record)
  return loaded
}

/** Runs a program ahead and one by one, and expects the same txns and the same state. */
function comesToTheSame(steps: readonly Step[]): { codes: string[]; quotas: number } {
  const { leader, state, sessions } = begin()
  const prepared: Txn[] = []
  const expected: Txn[] = []
  let zxid = leader.end.last

  for (const { session: index, request, drafts, applies } of steps) {
    const session = sessions[index]!
    const identities = leader.identities.get(session)
    const txn = judgeAlone(state, session, request, 1_000, identities)
    if (txn !== null) {
      zxid = advanceZxid(zxid)
      state.apply(txn, zxid)
      expected.push(txn)
    }
    expect(leader.send(session, request)).toBeNull()
    for (let i = 0; i < drafts; i += 1) prepared.push(...(leader.draft() ?? []))
    for (let i = 0; i < applies && leader.outstandingCount > 0; i += 1) leader.apply()
  }
  prepared.push(...leader.draftAll())
  leader.applyAll()

  expect(prepared.map(ordered)).toEqual(expected.map(ordered))
  expect(prepared.every(isLeavesFirst)).toBe(true)
  expect(leader.replica.digest).toBe(digestOf(state.records(), state.sessions.values()))
  expect(leader.leadership.outstandingChanges).toBe(0)
  const { tree } = leader.replica
  const loaded = loadedFrom(tree)
  for (const path of ['/a', '/a/b', '/b']) {
    expect(loaded.quotas.get(path)).toEqual(tree.quotas.get(path))
  }
  expect(loaded.bytes).toBe(tree.bytes)
  const codes = prepared.flatMap((txn) => (txn.type === 'refuse' ? [txn.code] : []))
  return { codes, quotas: leader.replica.tree.quotas.size }
}

describe('quotas against a judge who waits', () => {
  test('D1, D4, D5: quotas are judged ahead, and counted, as they would be one by one', () => {
    const reached = { refused: 0, counted: 0 }
    fc.assert(
      fc.property(hardLimits, program, (limits, steps) => {
        const first = [create('/a'), ...quotaOf('/a', limits)].map((request) => {
          return { session: 0, request, drafts: 1, applies: 1 }
        })
        const { codes, quotas } = comesToTheSame([...first, ...steps])
        reached.refused += codes.filter((code) => code === 'QUOTA_EXCEEDED').length
        reached.counted += quotas
      }),
      { numRuns: 200 },
    )
    expect(Math.min(reached.refused, reached.counted)).toBeGreaterThan(100)
  }, 30_000)
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { advanceZxid, digestOf, type Txn } from '../../src/internal.ts'
import { LoneLeader } from './lone-leader.ts'
import { judgeAlone, naiveMaxEphemerals, ordered } from './naive-judge.ts'
import { NaiveState } from './naive-state.ts'
import { anyRequest } from './random-requests.ts'
import { password } from './requests.ts'

const program = fc.array(
  fc.record({
    session: fc.nat(2),
    request: anyRequest,
    /** How many pages are drafted, and applied, behind the request. */
    drafts: fc.constantFrom(0, 0, 1, 2),
    applies: fc.constantFrom(0, 0, 0, 1, 3),
  }),
  { maxLength: 60, size: 'max' },
)

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

describe('preparation against a judge who waits', () => {
  test('D3, D4, D5, Q1, S3: requests judged ahead, in pages, come to what they would one by one', () => {
    fc.assert(
      fc.property(program, (steps) => {
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
      }),
      { numRuns: 300 },
    )
  })
})

import { describe, expect, test } from 'vitest'
import type { SessionId, TreeTxn, Txn } from '@conclave/core/internal'
import { Reaping } from '../../src/invariants/d6-reaper.ts'
import { zxid } from '../pages.ts'
import { SyntheticRun } from './observed.ts'

const session = zxid('1:1') as number as SessionId
const header = { timeMs: 5, session, requestId: 1 }
const createSession: Txn = {
  timeMs: 5,
  session: 0 as SessionId,
  requestId: 0,
  type: 'create-session',
  timeoutMs: 1_000,
  password: new Uint8Array(16),
  host: 1,
}

function create(path: string, parentCreateCount = 1): TreeTxn & Txn {
  const ephemeralOwner = 0 as SessionId
  return {
    ...header,
    type: 'create',
    path,
    data: null,
    ephemeralOwner,
    reap: 0,
    parentCreateCount,
    acl: null,
  }
}

describe('D6', () => {
  const unasked = { timeMs: 20, session: 0 as SessionId, requestId: 0 }
  const reap = (path: string, timeMs = 20): Txn => ({ ...unasked, timeMs, type: 'delete', path })

  /** With a persistent /a, an emptied container /c, one that was never used, /new, and a TTL of 10 ms set at 5: /t. */
  function runWithDue(): SyntheticRun {
    const run = new SyntheticRun()
    run.apply(zxid('1:1'), createSession)
    run.apply(zxid('1:2'), create('/a'))
    const container = { reap: -1 }
    run.apply(zxid('1:3'), { ...create('/c', 2), ...container })
    run.apply(zxid('1:4'), create('/c/1'))
    run.apply(zxid('1:5'), { ...header, type: 'delete', path: '/c/1' })
    run.apply(zxid('1:6'), { ...create('/new', 3), ...container })
    run.apply(zxid('1:7'), { ...create('/t', 4), reap: 10 } as Txn)
    return run
  }

  test.each([reap('/c'), reap('/t', 16)])('what was due passes: %j', (txn) => {
    expect(() => new Reaping(runWithDue()).beforeTxn(txn, zxid('1:8'))).not.toThrow()
  })

  test.each<[string, Txn]>([
    ['a persistent znode', reap('/a')],
    ['no znode', reap('/b')],
    ['a container that never had a child', reap('/new')],
    ['a TTL that has not passed yet', reap('/t', 15)],
    [
      'a set that nobody asked for',
      { ...unasked, type: 'set', path: '/a', data: null, version: 1 },
    ],
    ['a subtree', { ...unasked, type: 'delete-subtree', txns: [{ type: 'delete', path: '/t' }] }],
  ])('%s', (_name, txn) => {
    expect(() => new Reaping(runWithDue()).beforeTxn(txn, zxid('1:8'))).toThrow(/^D6:/)
  })

  test('a container, or a znode with a TTL, that has a child', () => {
    const run = runWithDue()
    run.apply(zxid('1:8'), create('/c/2', 2))
    run.apply(zxid('1:9'), create('/t/1'))

    for (const path of ['/c', '/t']) {
      expect(() => new Reaping(run).beforeTxn(reap(path), zxid('1:10'))).toThrow(/^D6:/)
    }
  })
})

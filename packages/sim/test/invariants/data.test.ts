import { describe, expect, test } from 'vitest'
import type {
  SessionId,
  SnapshotRecord,
  Stat,
  TreeTxn,
  Txn,
  WriteRequest,
} from '@conclave/core/internal'
import { Atomicity } from '../../src/invariants/d4-atomicity.ts'
import { ExactlyOnce } from '../../src/invariants/r2-exactly-once.ts'
import { Outcomes } from '../../src/invariants/d5-outcomes.ts'
import { ReplicatedNumbers } from '../../src/invariants/r3-replicated-numbers.ts'
import { RestartEquivalence } from '../../src/invariants/d2-restart-equivalence.ts'
import { ResultStat } from '../../src/invariants/d3-stat.ts'
import { SequentialNames } from '../../src/invariants/q1-sequential-names.ts'
import { StoredSnapshot } from '../../src/stored-snapshot.ts'
import { pageAt, zxid } from '../pages.ts'
import { call, peer, sessionAt, step, SyntheticRun, view } from './observed.ts'

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
  const plain = { data: null, ephemeralOwner, reap: 0, acl: null }
  return { ...header, ...plain, type: 'create', path, parentCreateCount }
}

/** A run in which the session was created at 1:1 and /a at 1:2. */
function runWithA(): SyntheticRun {
  const run = new SyntheticRun()
  run.apply(zxid('1:1'), createSession)
  run.apply(zxid('1:2'), create('/a'))
  return run
}

/** The stat of /a there, with what a test changes. */
function statOfA(fields: Partial<Stat> = {}): Stat {
  const at = zxid('1:2')
  const times = { czxid: at, mzxid: at, pzxid: at, ctime: 5, mtime: 5 }
  const counts = { version: 0, cversion: 0, aversion: 0, dataLength: 0, numChildren: 0 }
  return { ...times, ...counts, ephemeralOwner: 0 as SessionId, ...fields }
}

describe('D2', () => {
  const znode = {
    path: '/a',
    data: null,
    czxid: zxid('1:2'),
    mzxid: zxid('1:2'),
    pzxid: zxid('1:2'),
    ctime: 5,
    mtime: 5,
    version: 0,
    createCount: 0,
    aversion: 0,
    ephemeralOwner: 0 as SessionId,
    reap: 0,
    acl: null,
  }
  const root = {
    ...znode,
    path: '/',
    data: new Uint8Array(),
    czxid: 0 as never,
    mzxid: 0 as never,
    ctime: 0,
    mtime: 0,
    createCount: 1,
  }
  const record = {
    id: session,
    timeoutMs: 1_000,
    password: new Uint8Array(16),
    host: 1,
    hostedSince: zxid('1:1'),
    lastRequestId: 1,
  }
  const right: SnapshotRecord[] = [
    { type: 'znode', znode: root },
    { type: 'znode', znode },
    { type: 'session', session: record },
  ]

  /** What every tree has besides. */
  const system = ['/zookeeper', '/zookeeper/quota', '/zookeeper/config'].map(
    (path): SnapshotRecord => {
      const version = path === '/zookeeper/config' ? -1 : 0
      const blank = { pzxid: 0 as never, version, aversion: version, createCount: 0 }
      return { type: 'znode', znode: { ...root, path, ...blank } }
    },
  )

  function start(records: readonly SnapshotRecord[]): void {
    const snapshot = new StoredSnapshot()
    const end = { last: zxid('1:2'), crc: 1 }
    const counts = { znodeCount: 5, sessionCount: 1 }
    snapshot.write([...records, ...system], { end, digest: '', ...counts, configuration: null })
    new RestartEquivalence(runWithA()).onStart(peer(1, { snapshot }))
  }

  test('a snapshot that is as the state was passes', () => {
    expect(() => start(right)).not.toThrow()
  })

  test.each<[string, readonly SnapshotRecord[]]>([
    ['a znode is missing', [right[0]!, right[2]!]],
    ['a session is missing', right.slice(0, 2)],
    ['a znode is too much', [...right, { type: 'znode', znode: { ...znode, path: '/b' } }]],
    [
      'pzxid is another',
      [right[0]!, { type: 'znode', znode: { ...znode, pzxid: zxid('1:1') } }, right[2]!],
    ],
    [
      'the count of creates is another',
      [{ type: 'znode', znode: { ...root, createCount: 0 } }, ...right.slice(1)],
    ],
    [
      'a session is another',
      [...right.slice(0, 2), { type: 'session', session: { ...record, timeoutMs: 5 } }],
    ],
    [
      'a session has another host',
      [...right.slice(0, 2), { type: 'session', session: { ...record, host: 2 } }],
    ],
  ])('%s', (_name, records) => {
    expect(() => start(records)).toThrow(/^D2:/)
  })
})

describe('D3', () => {
  const host = sessionAt(1)
  const request: WriteRequest = {
    type: 'create',
    path: '/a',
    data: null,
    mode: 'persistent',
    sequential: false,
    acl: null,
    parents: false,
  }
  const answer = (stat: Stat) =>
    call(
      host,
      { type: 'reply', zxid: zxid('1:2'), result: { type: 'create', path: '/a', stat } },
      { request },
    )

  test('the stat of the znode at its txn passes', () => {
    const invariant = new ResultStat(runWithA())

    expect(() => invariant.onAnswer(peer(1), host, answer(statOfA()))).not.toThrow()
  })

  test.each<Partial<Stat>>([
    { version: 1 },
    { cversion: 1 },
    { pzxid: zxid('1:1') },
    { numChildren: 1 },
    { dataLength: 3 },
    { ctime: 6 },
  ])('a stat with %j does not', (fields) => {
    const invariant = new ResultStat(runWithA())

    expect(() => invariant.onAnswer(peer(1), host, answer(statOfA(fields)))).toThrow(/^D3:/)
  })

  test('the result of a create is of what it made, not of what was there', () => {
    const run = runWithA()
    run.apply(zxid('1:3'), create('/b', 2))
    const late = call(
      host,
      {
        type: 'reply',
        zxid: zxid('1:3'),
        result: { type: 'create', path: '/a', stat: statOfA() },
      },
      { request },
    )

    expect(() => new ResultStat(run).onAnswer(peer(1), host, late)).toThrow(/^D3:/)
  })

  test('so are the results of a transaction, but where it changes a znode twice', () => {
    const run = new SyntheticRun()
    run.apply(zxid('1:1'), createSession)
    run.apply(zxid('1:2'), {
      ...header,
      type: 'transaction',
      txns: [create('/a'), create('/b', 2)],
    })
    const operation = { ...request, path: '/b' }
    const transact = (...stats: Stat[]) => {
      const results = stats.map((stat, index) => {
        return { type: 'create', path: index === 0 ? '/a' : '/b', stat } as const
      })
      return call(
        host,
        { type: 'reply', zxid: zxid('1:2'), result: { type: 'transaction', results } },
        { request: { type: 'transaction', operations: [request, operation] } },
      )
    }
    const tell = (...stats: Stat[]) =>
      new ResultStat(run).onAnswer(peer(1), host, transact(...stats))

    expect(() => tell(statOfA(), statOfA())).not.toThrow()
    expect(() => tell(statOfA(), statOfA({ version: 1 }))).toThrow(/^D3:/)
    expect(() => tell(statOfA())).toThrow(/^D3:/)
  })
})

describe('D5', () => {
  const host = sessionAt(1, session)
  const asked = (request: WriteRequest) => call(host, null, { request })
  const createB = asked({
    type: 'create',
    path: '/b',
    data: null,
    mode: 'persistent',
    sequential: false,
    acl: null,
    parents: false,
  })
  const refusal: Txn = {
    ...header,
    type: 'refuse',
    code: 'NO_NODE',
    path: '/b',
    operation: 0,
    limit: null,
  }

  test('what the request must come to passes', () => {
    const invariant = new Outcomes(runWithA())

    expect(() => invariant.beforeTxn(create('/b', 2), zxid('1:3'), createB)).not.toThrow()
  })

  test.each<[string, Txn]>([
    ['a refusal of what fits', refusal],
    ['another path', create('/c', 2)],
    ['other data', { ...create('/b', 2), data: new Uint8Array(1) } as Txn],
    ['another owner', { ...create('/b', 2), ephemeralOwner: session } as Txn],
    [
      'more than was asked',
      { ...header, type: 'transaction', txns: [create('/b', 2), create('/c', 3)] },
    ],
  ])('%s', (_name, txn) => {
    const invariant = new Outcomes(runWithA())

    expect(() => invariant.beforeTxn(txn, zxid('1:3'), createB)).toThrow(/^D5:/)
  })

  test('the wrong reason for a refusal, and the wrong operation', () => {
    const invariant = new Outcomes(runWithA())
    const operations = [
      { type: 'check', path: '/a', version: 0 },
      { type: 'check', path: '/b', version: 0 },
    ] as const
    const checks = asked({ type: 'transaction', operations })

    expect(() =>
      invariant.beforeTxn({ ...refusal, operation: 1 }, zxid('1:3'), checks),
    ).not.toThrow()
    expect(() => invariant.beforeTxn(refusal, zxid('1:3'), checks)).toThrow(/^D5:/)
    const wrong = { ...refusal, operation: 1, code: 'BAD_VERSION' } as const
    expect(() => invariant.beforeTxn(wrong, zxid('1:3'), checks)).toThrow(/^D5:/)
  })
})

describe('Q1', () => {
  const host = sessionAt(1, session)

  test('ZOOKEEPER-1046: a number is given twice, though the first znode is gone', () => {
    const run = new SyntheticRun()
    const invariant = new SequentialNames(run)
    const request: WriteRequest = {
      type: 'create',
      path: '/n-',
      data: null,
      mode: 'persistent',
      sequential: true,
      acl: null,
      parents: false,
    }
    const give = (at: string, name: string, count: number): void => {
      const txn = create(name, count)
      invariant.beforeTxn(txn, zxid(at), call(host, null, { request }))
      invariant.afterTxn(txn, zxid(at), run.apply(zxid(at), txn))
    }
    give('1:1', '/n-0000000000', 1)
    run.apply(zxid('1:2'), { ...header, type: 'delete', path: '/n-0000000000' })

    expect(() => give('1:3', '/n-0000000000', 2)).toThrow(/^Q1:/)
  })
})

describe('R2', () => {
  test.each([
    ['twice', 1],
    ['with a gap', 3],
  ])('a request stands in the log %s', (_name, requestId) => {
    const invariant = new ExactlyOnce()
    invariant.beforeTxn(create('/a'), zxid('1:2'))

    const next = { ...create('/b', 2), requestId }
    expect(() => invariant.beforeTxn(next, zxid('1:3'))).toThrow(/^R2:/)
    expect(() => invariant.beforeTxn({ ...next, requestId: 2 }, zxid('1:3'))).not.toThrow()
  })
})

test('a page of the model is what its codec says', () => {
  const page = pageAt('1:1', undefined, [create('/a')])

  expect(new SyntheticRun().txnsOf(page)).toEqual([create('/a')])
})

describe('D4', () => {
  const operations: WriteRequest & { readonly type: 'transaction' } = {
    type: 'transaction',
    operations: [
      { type: 'check', path: '/a', version: 0 },
      { type: 'set', path: '/a', data: null, version: -1 },
      { type: 'delete', path: '/b', version: -1 },
    ],
  }
  const change = { path: '/a', type: 'set', zxid: zxid('1:3') } as never
  const other = { path: '/b', type: 'deleted', zxid: zxid('1:4') } as never
  const txn: Txn = { ...header, type: 'transaction', txns: [] }

  test('a transaction makes some of its changes, or makes them at two zxids', () => {
    const asked = call(sessionAt(1, session), null, { request: operations })
    for (const changes of [[change], [change, other]]) {
      const invariant = new Atomicity(new SyntheticRun())
      invariant.beforeTxn(txn, zxid('1:3'), asked)
      expect(() => invariant.afterTxn(txn, zxid('1:3'), changes)).toThrow(/^D4:/)
    }
  })

  test('a peer stands within a page', () => {
    const page = pageAt('1:1', undefined, [create('/a'), create('/b')])
    const invariant = new Atomicity(new SyntheticRun().commit(page))
    const at = (lastApplied: string) =>
      step(peer(1), view(), view({ lastApplied: zxid(lastApplied) }))

    expect(() => invariant.onStep(at('1:2'))).not.toThrow()
    expect(() => invariant.onStep(at('1:1'))).toThrow(/^D4:/)
  })
})

describe('R3', () => {
  function restartWith(lastRequestId: number): void {
    const record = {
      id: session,
      timeoutMs: 1_000,
      password: new Uint8Array(16),
      host: 1,
      hostedSince: zxid('1:1'),
      lastRequestId,
    }
    const snapshot = new StoredSnapshot()
    const end = { last: zxid('1:3'), crc: 1 }
    const counts = { znodeCount: 0, sessionCount: 1 }
    snapshot.write([{ type: 'session', session: record }], {
      end,
      digest: '',
      ...counts,
      configuration: null,
    })
    const invariant = new ReplicatedNumbers(new SyntheticRun())
    for (const [requestId, at] of [
      [1, '1:2'],
      [2, '1:3'],
      [3, '1:4'],
    ] as const) {
      invariant.afterTxn({ ...create('/a'), requestId }, zxid(at))
    }
    invariant.onStart(peer(1, { snapshot }))
  }

  test('a snapshot knows another number than the log had there', () => {
    expect(() => restartWith(2)).not.toThrow()
    expect(() => restartWith(1)).toThrow(/^R3:/)
    expect(() => restartWith(3)).toThrow(/^R3:/)
  })
})

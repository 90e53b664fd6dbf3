import { describe, expect, test } from 'vitest'
import type { SessionId, TreeTxn, Txn, Zxid } from '@conclave/core/internal'
import { StateModel } from '../../src/model/state-model.ts'
import { zxid } from '../pages.ts'

const header = { timeMs: 5, session: 0 as SessionId, requestId: 0 }
const password = new Uint8Array(16)

function create(path: string, parentCreateCount: number, owner = 0): TreeTxn & Txn {
  const ephemeralOwner = owner as SessionId
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

/** Applies txns at 1:1, 1:2, … and returns the model. */
function modelOf(...txns: readonly Txn[]): StateModel {
  const model = new StateModel()
  for (const [index, txn] of txns.entries()) model.apply(txn, zxid(`1:${index + 1}`))
  return model
}

const createSession: Txn = { ...header, type: 'create-session', timeoutMs: 1, password, host: 1 }
const session = zxid('1:1') as number as SessionId

describe('the model of the state', () => {
  test('keeps every version, so that any place can be asked for', () => {
    const model = modelOf(
      create('/a', 1),
      { ...header, type: 'set', path: '/a', data: null, version: 1 },
      { ...header, type: 'delete', path: '/a' },
    )
    const versions = ['1:0', '1:1', '1:2', '1:3'].map(
      (at) => model.tree.at('/a', zxid(at))?.version ?? null,
    )

    expect(versions).toEqual([null, 0, 1, null])
    expect(model.tree.childrenAt('/', zxid('1:2'))).toEqual(['/zookeeper', '/a'])
    expect(model.tree.at('/', zxid('1:3'))).toMatchObject({ creates: 1, deletes: 0 })
  })

  test('a session ends with everything it owned, and is live until then', () => {
    const model = modelOf(createSession, create('/e', 1, session), {
      ...header,
      type: 'close-session',
      closed: session,
      reason: 'closed',
      paths: ['/e'],
    })

    expect(model.tree.get('/e')).toBeNull()
    expect(model.wasLiveAt(session, zxid('1:2'))).toBe(true)
    expect([model.isLive(session), model.wasLiveAt(session, zxid('1:3'))]).toEqual([false, false])
  })

  test.each<[string, RegExp, () => Txn[]]>([
    [
      'a set that skips a version',
      /^D3/,
      () => [create('/a', 1), { ...header, type: 'set', path: '/a', data: null, version: 2 }],
    ],
    ['a create of what exists', /^D5/, () => [create('/a', 1), create('/a', 2)]],
    ['a create without a parent', /^D5/, () => [create('/a/b', 1)]],
    [
      'a delete of a parent',
      /^D5/,
      () => [create('/a', 1), create('/a/b', 1), { ...header, type: 'delete', path: '/a' }],
    ],
    ['a create that does not count', /^Q1/, () => [create('/a', 1), create('/b', 1)]],
    ['an ephemeral of nobody', /^S2/, () => [create('/a', 1, 99)]],
    [
      'an end that leaves an ephemeral',
      /^S3/,
      () => [
        createSession,
        create('/e', 1, session),
        { ...header, type: 'close-session', closed: session, reason: 'expired', paths: [] },
      ],
    ],
    [
      'an end of nobody',
      /^S3/,
      () => [{ ...header, type: 'close-session', closed: session, reason: 'expired', paths: [] }],
    ],
  ])('%s is a violation', (_name, message, txns) => {
    expect(() => modelOf(...txns())).toThrow(message)
  })

  test('a refusal changes nothing', () => {
    const model = modelOf({
      ...header,
      type: 'refuse',
      code: 'NO_NODE',
      path: '/a',
      operation: 0,
      limit: null,
    })

    expect(model.tree.childrenOf('/')).toEqual(['/zookeeper'])
    expect(model.tree.get('/')?.pzxid).toBe(0 as Zxid)
  })
})

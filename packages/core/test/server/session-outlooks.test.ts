import { describe, expect, test } from 'vitest'
import { SessionTable, type SessionId, type Zxid } from '../../src/internal.ts'
import { SessionOutlooks } from '../../src/server/session-outlooks.ts'
import { password } from './requests.ts'

const session = 1 as SessionId

describe('sessions as they will be', () => {
  test('S3: what was made is remembered until it is applied, and no longer', () => {
    const outlooks = new SessionOutlooks(new SessionTable())
    outlooks.create(session, 2, 1 as Zxid, password(1))
    const outlook = outlooks.get(session)!

    outlooks.noteMade(outlook, '/a', 2 as Zxid, 1 as Zxid)
    outlooks.noteMade(outlook, '/b', 3 as Zxid, 1 as Zxid)
    outlooks.noteMade(outlook, '/a', 4 as Zxid, 2 as Zxid)
    expect([...outlooks.mayOwn(outlook)]).toEqual(['/b', '/a'])

    outlooks.noteMade(outlook, '/c', 5 as Zxid, 4 as Zxid)
    expect([...outlooks.mayOwn(outlook)]).toEqual(['/c'])
  })

  test('S7: with a move, what was received of a session and not judged never was', () => {
    const outlooks = new SessionOutlooks(new SessionTable())
    outlooks.create(session, 2, 1 as Zxid, password(1))
    const outlook = outlooks.get(session)!
    outlook.lastReceived = 5
    outlook.lastJudged = 3

    outlook.move(3, 7 as Zxid)

    expect(outlook).toMatchObject({ host: 3, hostedSince: 7, lastReceived: 3, lastJudged: 3 })
  })

  test('a session that ends leaves nothing of its outlook behind', () => {
    const table = new SessionTable()
    const outlooks = new SessionOutlooks(table)
    const record = { timeoutMs: 1, password: password(1), host: 2, hostedSince: 1 as Zxid }
    table.create({ ...record, id: session, lastRequestId: 4 })
    expect(outlooks.get(session)).toMatchObject({ lastReceived: 4, lastJudged: 4 })

    table.close(session)
    outlooks.onClosed(session)
    expect(outlooks.get(session)).toBeUndefined()
  })

  test('R2: a password is taken from when its session is to be created until it ends', () => {
    const table = new SessionTable()
    const outlooks = new SessionOutlooks(table)
    expect(outlooks.isCreated(password(1))).toBe(false)
    outlooks.create(session, 2, 1 as Zxid, password(1))
    expect(outlooks.isCreated(password(1))).toBe(true)

    const record = { timeoutMs: 1, password: password(1), host: 2, hostedSince: 1 as Zxid }
    table.create({ ...record, id: session, lastRequestId: 0 })
    outlooks.onCreated(password(1))
    expect(outlooks.isCreated(password(1))).toBe(true)
    table.close(session)
    outlooks.onClosed(session)
    expect(outlooks.isCreated(password(1))).toBe(false)
  })
})

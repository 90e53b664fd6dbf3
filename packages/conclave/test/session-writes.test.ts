import { CoordinationError } from '@conclave/core'
import { makeZxid, type SessionId } from '@conclave/core/internal'
import { describe, expect, test } from 'vitest'
import { rejectionOf, ScriptedHost, sessionId, statAt } from './scripted-host.ts'

const zxid = makeZxid(1, 5)

describe('a write', () => {
  test('is submitted as one request, and resolves with its committed result', async () => {
    const host = new ScriptedHost()
    const created = host.session.create('/a', 'x', { mode: 'ephemeral', sequential: true })
    const { call, request, session } = host.lastRequest
    const stat = statAt(zxid, { ephemeralOwner: sessionId, dataLength: 1 })

    host.deliver({ type: 'reply', call, zxid, result: { type: 'create', path: '/a07', stat } })

    expect(session).toBe(sessionId)
    expect(request).toEqual({
      type: 'create',
      path: '/a',
      data: new Uint8Array([120]),
      mode: 'ephemeral',
      sequential: true,
      acl: null,
      parents: false,
    })
    const result = await created
    expect(result.path).toBe('/a07')
    expect(result.stat).toMatchObject({ czxid: zxid, version: 0, dataLength: 1 })
    expect(result.stat.ephemeralOwner).toBe(host.session.id)
    expect(host.session.id).toMatch(/^[0-9a-f]{16}$/)
  })

  test.each(['container', { ttlMs: 1 }, { ttlMs: 2 ** 40 - 1 }] as const)(
    'of a znode that goes by itself says how: %j',
    (mode) => {
      const host = new ScriptedHost()
      host.session.create('/a', '', { mode, sequential: true }).catch(() => undefined)
      expect(host.lastRequest.request).toMatchObject({ mode, sequential: true })
    },
  )

  test.each([
    [
      'lasting',
      "option mode is \"lasting\": give 'persistent', 'ephemeral', 'container' or { ttlMs }",
    ],
    [null, "option mode is null: give 'persistent', 'ephemeral', 'container' or { ttlMs }"],
    [{}, 'option mode.ttlMs is undefined: give ms, an integer from 1 to 1099511627775'],
    [{ ttlMs: 0 }, 'option mode.ttlMs is 0: give ms, an integer from 1 to 1099511627775'],
    [{ ttlMs: 2 ** 40 }, 'option mode.ttlMs is 1099511627776: give ms'],
    [{ ttl: 5 }, 'option mode.ttl is 5: there is no such option, leave it out; known are ttlMs'],
  ])('refuses a mode that is none: %j', async (mode, message) => {
    const host = new ScriptedHost()
    const error = await rejectionOf(host.session.create('/a', '', { mode: mode as never }))
    expect(error).toMatchObject({
      ...{ code: 'BAD_OPTION', outcome: 'not-applied' },
      message: expect.stringContaining(message) as string,
    })
    expect(() => host.session.txn().create('/a', '', { mode: mode as never })).toThrow(message)
  })

  test('a persistent znode has no owner', async () => {
    const host = new ScriptedHost()
    const set = host.session.set('/a', '')
    const stat = statAt(zxid, { ephemeralOwner: 0 as SessionId })

    host.deliver({
      type: 'reply',
      call: host.lastRequest.call,
      zxid,
      result: { type: 'set', stat },
    })

    expect((await set).ephemeralOwner).toBeUndefined()
  })

  test('data that was left out is absent, which is not the same as empty', () => {
    const host = new ScriptedHost()
    void host.session.create('/a')
    void host.session.create('/b', '')

    expect(host.of('request-received').map(({ request }) => request)).toMatchObject([
      { data: null },
      { data: new Uint8Array(0) },
    ])
  })

  test('bytes are copied when they are given', () => {
    const host = new ScriptedHost()
    const bytes = Buffer.from('ab')
    void host.session.set('/a', bytes)
    bytes[0] = 0

    expect(host.lastRequest.request).toMatchObject({ data: new Uint8Array([97, 98]) })
  })

  test('a refusal names code, path and mend, and nothing was applied', async () => {
    const host = new ScriptedHost()
    const set = host.session.set('/a', 'x', { version: 3 })
    const refusal = { code: 'BAD_VERSION', path: '/a', operation: 0, limit: null } as const

    host.deliver({ type: 'refused', call: host.lastRequest.call, zxid, refusal, version: 5 })

    const error = (await rejectionOf(set)) as CoordinationError
    expect(error).toBeInstanceOf(CoordinationError)
    expect(error).toMatchObject({ code: 'BAD_VERSION', outcome: 'not-applied', path: '/a' })
    expect(error.message).toBe(
      'set /a was refused: the znode has version 5, not 3; read it again and decide again',
    )
  })

  test('C1: a failure has the outcome that the core gives it', async () => {
    const host = new ScriptedHost()
    const set = host.session.set('/a', 'x')
    const { call } = host.lastRequest

    host.deliver({
      type: 'failed',
      call,
      code: 'RESULT_LOST',
      outcome: 'unknown',
      detail: 'a snapshot skipped it',
    })

    expect(await rejectionOf(set)).toMatchObject({
      code: 'RESULT_LOST',
      outcome: 'unknown',
      path: '/a',
      message: 'set /a failed: a snapshot skipped it',
    })
  })

  test('all writes of one step are settled in one sweep, in order', async () => {
    const host = new ScriptedHost()
    const order: number[] = []
    const writes = [0, 1, 2].map((index) =>
      host.session.delete(`/${String(index)}`).then(() => order.push(index)),
    )

    host.deliver(
      ...host.of('request-received').map(({ call }) => {
        return { type: 'reply', call, zxid, result: { type: 'delete' } } as const
      }),
    )

    await Promise.all(writes)
    expect(order).toEqual([0, 1, 2])
  })
})

describe('limits', () => {
  test.each([
    ['maxChildren', 'spread them over more parents'],
    ['maxTreeBytes', 'delete something, or raise it on every peer'],
    ['maxTxnBytes', 'write less at a time'],
  ] as const)('%s: the leader names it, and the mend is told', async (limit, mend) => {
    const host = new ScriptedHost()
    const created = host.session.create('/a')
    const refusal = { code: 'LIMIT_EXCEEDED', path: '/a', operation: 0, limit } as const
    const zxid = makeZxid(1, 4)

    const { call } = host.lastRequest
    host.deliver({ type: 'refused', call, zxid, refusal, version: null })

    const error = (await rejectionOf(created)) as CoordinationError
    expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED', path: '/a', outcome: 'not-applied' })
    expect(error.message).toContain(`limits.${limit}`)
    expect(error.message).toContain(mend)
  })
})

describe('arguments', () => {
  const calls: readonly [
    what: string,
    call: (host: ScriptedHost) => Promise<unknown>,
    code: string,
    says: string,
  ][] = [
    ['a path without a slash', ({ session }) => session.get('a'), 'BAD_ARGUMENT', '"a"'],
    ['a path that ends in one', ({ session }) => session.set('/a/', ''), 'BAD_ARGUMENT', '"/a/"'],
    ['no path', ({ session }) => session.create(undefined as never), 'BAD_ARGUMENT', 'undefined'],
    ['a relative path', ({ session }) => session.exists('/a/../b'), 'BAD_ARGUMENT', '".."'],
    [
      'a long path',
      ({ session }) => session.find(`/${'a'.repeat(5_000)}`),
      'LIMIT_EXCEEDED',
      '5001',
    ],
    [
      'data of another kind',
      ({ session }) => session.create('/a', 5 as never),
      'BAD_ARGUMENT',
      '5',
    ],
    [
      'no data to set',
      ({ session }) => session.set('/a', undefined as never),
      'BAD_ARGUMENT',
      'data',
    ],
    [
      'a version in words',
      ({ session }) => session.set('/a', '', { version: '1' as never }),
      'BAD_ARGUMENT',
      '"1"',
    ],
    [
      'half a version',
      ({ session }) => session.delete('/a', { version: 0.5 }),
      'BAD_ARGUMENT',
      '0.5',
    ],
    [
      'a mode that is none',
      ({ session }) => session.create('/a', '', { mode: 'lasting' as never }),
      'BAD_OPTION',
      'mode',
    ],
    [
      'a misspelt option',
      ({ session }) => session.create('/a', '', { sequental: true } as never),
      'BAD_OPTION',
      'did you mean sequential?',
    ],
    [
      'options in words',
      ({ session }) => session.get('/a', 'linearizable' as never),
      'BAD_OPTION',
      '"linearizable"',
    ],
    [
      'a consistency that is none',
      ({ session }) => session.get('/a', { read: 'strong' as never }),
      'BAD_OPTION',
      'read',
    ],
    [
      'a signal that is none',
      ({ session }) => session.sync({ signal: 1 as never }),
      'BAD_OPTION',
      'signal',
    ],
    [
      'a timeoutMs of 0',
      ({ session }) => session.sync({ timeoutMs: 0 }),
      'BAD_OPTION',
      'timeoutMs',
    ],
    ['a zxid that is none', ({ session }) => session.reached(-1 as never), 'BAD_ARGUMENT', '-1'],
    ['an empty transaction', ({ session }) => session.txn().commit(), 'BAD_ARGUMENT', 'empty'],
  ]

  test.each(calls)('%s: refused before anything is sent', async (_what, call, code, says) => {
    const host = new ScriptedHost()

    const error = (await rejectionOf(call(host))) as CoordinationError

    expect(error).toMatchObject({ code, outcome: 'not-applied' })
    expect(error.message).toContain(says)
    expect(host.submitted).toEqual([])
  })

  test('too much data is refused, with what is allowed', async () => {
    const host = new ScriptedHost()
    host.limits = { ...host.limits, maxDataBytes: 3 }

    expect(await rejectionOf(host.session.set('/a', 'abcd'))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      outcome: 'not-applied',
      path: '/a',
      message: expect.stringContaining('limits.maxDataBytes is 3') as string,
    })
    expect(host.submitted).toEqual([])
  })

  test('a sequential path is judged with its digits', () => {
    const host = new ScriptedHost()
    void host.session.create('/locks/', '', { sequential: true })

    expect(host.lastRequest.request).toMatchObject({ path: '/locks/', sequential: true })
  })
})

describe('a transaction', () => {
  test('sends its operations together, and tells zxid and results in order', async () => {
    const host = new ScriptedHost()
    const stat = statAt(zxid)
    const committed = host.session
      .txn()
      .check('/a', 2)
      .create('/b', 'x', { mode: 'ephemeral' })
      .set('/c', 'y', { version: 4 })
      .set('/d', 'z', 5)
      .delete('/e')
      .commit()
    const { call, request } = host.lastRequest

    host.deliver({
      type: 'reply',
      call,
      zxid,
      result: {
        type: 'transaction',
        results: [
          { type: 'check' },
          { type: 'create', path: '/b', stat },
          { type: 'set', stat },
          { type: 'set', stat },
          { type: 'delete' },
        ],
      },
    })

    const x = (text: string): Uint8Array => new TextEncoder().encode(text)
    expect(request).toEqual({
      type: 'transaction',
      operations: [
        { type: 'check', path: '/a', version: 2 },
        {
          type: 'create',
          path: '/b',
          data: x('x'),
          mode: 'ephemeral',
          sequential: false,
          acl: null,
        },
        { type: 'set', path: '/c', data: x('y'), version: 4 },
        { type: 'set', path: '/d', data: x('z'), version: 5 },
        { type: 'delete', path: '/e', version: -1 },
      ],
    })
    const { zxid: at, results } = await committed
    expect(at).toBe(zxid)
    expect(results.map(({ type }) => type)).toEqual(['check', 'create', 'set', 'set', 'delete'])
    expect(results[1]).toMatchObject({ path: '/b', stat: { czxid: zxid } })
  })

  test('its refusal names the operation', async () => {
    const host = new ScriptedHost()
    const committed = host.session.txn().check('/a', 2).delete('/b').commit()
    const refusal = { code: 'NO_NODE', path: '/b', operation: 1, limit: null } as const

    host.deliver({ type: 'refused', call: host.lastRequest.call, zxid, refusal, version: null })

    expect(await rejectionOf(committed)).toMatchObject({
      code: 'NO_NODE',
      path: '/b',
      message: expect.stringContaining('operation 1 of the transaction, delete /b') as string,
    })
  })

  test('is committed once, and refuses at once what cannot be', async () => {
    const host = new ScriptedHost()
    const txn = host.session.txn().delete('/a')
    void txn.commit()

    expect(await rejectionOf(txn.commit())).toMatchObject({ code: 'BAD_ARGUMENT' })
    expect(() => txn.delete('/b')).toThrow(/committed before/)
    expect(() => host.session.txn().set('a', '')).toThrow(/does not begin/)
    expect(() => host.session.txn().create('/a', '', { parents: true } as never)).toThrow(/parents/)
    expect(host.of('request-received')).toHaveLength(1)
  })

  test('takes no more operations than a limit allows', () => {
    const host = new ScriptedHost()
    host.limits = { ...host.limits, maxOperations: 1 }
    const txn = host.session.txn().delete('/a')

    expect(() => txn.delete('/b')).toThrow(/limits.maxOperations of 1/)
  })
})

/** Writes: what they come to, what they are refused for, and in which order. */
import { describe, expect, test } from 'vitest'
import type { Backend } from './backend.ts'
import { placeOn, refusalOf, text, verdict } from './place.ts'

export function writeSuite(backend: () => Backend): void {
  describe('writes', () => {
    test('a znode is created, set, read and deleted, with its stat', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      const created = await one.create(`${root}/a`, 'x')
      expect(created.path).toBe(`${root}/a`)
      expect(created.stat).toMatchObject({
        version: 0,
        cversion: 0,
        aversion: 0,
        dataLength: 1,
        numChildren: 0,
        ephemeralOwner: undefined,
      })
      expect(created.stat.mzxid).toBe(created.stat.czxid)
      const set = await one.set(`${root}/a`, 'longer')
      expect(set).toMatchObject({ version: 1, dataLength: 6, czxid: created.stat.czxid })
      expect(set.mzxid).toBeGreaterThan(set.czxid)
      const { data, stat } = await one.get(`${root}/a`)
      expect([text(data), stat]).toEqual(['longer', set])
      await one.delete(`${root}/a`, { version: 1 })
      expect(await one.find(`${root}/a`)).toBeUndefined()
    })

    test('absent data is read as no bytes; bytes are the own of who reads them', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      await one.create(`${root}/none`)
      const bytes = new Uint8Array([0, 255, 128])
      await one.create(`${root}/bytes`, bytes)
      bytes.fill(1)

      expect((await one.get(`${root}/none`)).data).toEqual(new Uint8Array(0))
      const { data } = await one.get(`${root}/bytes`)
      expect([...data]).toEqual([0, 255, 128])
    })

    test('are refused with their code, and nothing was applied', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      await one.create(`${root}/a`)
      await one.create(`${root}/a/b`)
      await one.create(`${root}/e`, 'x', { mode: 'ephemeral' })
      const refused = await Promise.all([
        refusalOf(one.create(`${root}/a`)),
        refusalOf(one.create(`${root}/no/b`)),
        refusalOf(one.create(`${root}/e/b`)),
        refusalOf(one.set(`${root}/no`, 'x')),
        refusalOf(one.set(`${root}/a`, 'x', { version: 7 })),
        refusalOf(one.delete(`${root}/a`)),
        refusalOf(one.delete(`${root}/a`, { version: 7 })),
        refusalOf(one.delete(`${root}/no`)),
        refusalOf(one.delete('/zookeeper')),
      ])

      expect(refused.map(verdict)).toEqual([
        'NODE_EXISTS, not-applied',
        'NO_NODE, not-applied',
        'NO_CHILDREN_FOR_EPHEMERALS, not-applied',
        'NO_NODE, not-applied',
        'BAD_VERSION, not-applied',
        'NOT_EMPTY, not-applied',
        'BAD_VERSION, not-applied',
        'NO_NODE, not-applied',
        'BAD_ARGUMENT, not-applied',
      ])
      expect(refused.map(({ path }) => path?.replace(root, ''))).toEqual([
        '/a',
        '/no/b',
        '/e/b',
        '/no',
        '/a',
        '/a',
        '/a',
        '/no',
        '/zookeeper',
      ])
      expect((await one.get(`${root}/a`)).stat.version).toBe(0)
    })

    test('sequential names rise with every create below the parent', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      const first = await one.create(`${root}/n-`, 'x', { sequential: true })
      await one.create(`${root}/other`)
      const third = await one.create(`${root}/n-`, 'x', { sequential: true, mode: 'ephemeral' })

      expect([first.path, third.path]).toEqual([`${root}/n-0000000000`, `${root}/n-0000000002`])
      expect(third.stat.ephemeralOwner).toBe(one.id)
    })

    test('containers and znodes with a TTL are made', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      await one.create(`${root}/c`, 'x', { mode: 'container' })
      const ttl = await one.create(`${root}/t-`, 'x', {
        mode: { ttlMs: 3_600_000 },
        sequential: true,
      })

      expect(ttl.path).toBe(`${root}/t-0000000001`)
      expect(ttl.stat.ephemeralOwner).toBeUndefined()
      expect(await one.children(root)).toEqual(['c', 't-0000000001'])
    })

    test('ancestors are created at the same zxid, and only those that are missing', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      await one.create(`${root}/a`, 'mine')
      const { stat } = await one.create(`${root}/a/b/c`, 'x', { parents: true })

      expect(text((await one.get(`${root}/a`)).data)).toBe('mine')
      expect((await one.get(`${root}/a/b`)).stat.czxid).toBe(stat.czxid)
      expect((await one.get(`${root}/a`)).stat.pzxid).toBe(stat.czxid)
      expect(verdict(await refusalOf(one.create(`${root}/a/b/c`, 'x', { parents: true })))).toBe(
        'NODE_EXISTS, not-applied',
      )
    })

    test('who creates the same ancestors at the same time does not fail for it', async () => {
      const { root, session } = await placeOn(backend())
      const sessions = await Promise.all([session(), session(), session()])
      const paths = sessions.map((_one, index) => `${root}/a/b/c/${String(index)}`)
      await Promise.all(
        sessions.map((one, index) => one.create(paths[index]!, 'x', { parents: true })),
      )
      const one = await session()
      await one.sync()

      expect(await one.children(`${root}/a/b/c`)).toEqual(['0', '1', '2'])
    })

    test('a subtree is deleted whole, if its root has the version', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      for (const path of ['a', 'a/b', 'a/b/c', 'a/d', 'ab']) await one.create(`${root}/${path}`)
      expect(
        verdict(await refusalOf(one.delete(`${root}/a`, { recursive: true, version: 3 }))),
      ).toBe('BAD_VERSION, not-applied')
      await one.delete(`${root}/a`, { recursive: true, version: 0 })

      expect(await one.children(root)).toEqual(['ab'])
      await one.delete(`${root}/ab`, { recursive: true })
      expect(verdict(await refusalOf(one.delete(`${root}/ab`, { recursive: true })))).toBe(
        'NO_NODE, not-applied',
      )
    })

    test('a transaction is all or nothing, at one zxid, later operations seeing earlier ones', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      await one.create(`${root}/a`, 'x')
      const { zxid, results } = await one
        .txn()
        .check(`${root}/a`, 0)
        .set(`${root}/a`, 'y', 0)
        .create(`${root}/b`)
        .create(`${root}/b/n-`, 'z', { sequential: true, mode: 'ephemeral' })
        .delete(`${root}/a`, { version: 1 })
        .commit()

      expect(results.map(({ type }) => type)).toEqual([
        'check',
        'set',
        'create',
        'create',
        'delete',
      ])
      const created = results[3]
      expect(created).toMatchObject({ path: `${root}/b/n-0000000000` })
      expect(created?.type === 'create' ? created.stat.czxid : undefined).toBe(zxid)
      expect(await one.children(root)).toEqual(['b'])
      const refused = await refusalOf(
        one.txn().create(`${root}/c`).set(`${root}/no`, 'x').create(`${root}/d`).commit(),
      )
      expect([verdict(refused), refused.path]).toEqual(['NO_NODE, not-applied', `${root}/no`])
      expect(refused.message).toContain('operation 1 of the transaction')
      expect(await one.children(root)).toEqual(['b'])
    })

    test('what is asked in one go is done in its order, reads behind writes', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      const [, , read, , , absent] = await Promise.all([
        one.create(`${root}/a`, '1'),
        one.set(`${root}/a`, '2'),
        one.get(`${root}/a`),
        one.create(`${root}/b`),
        one.delete(`${root}/b`),
        one.find(`${root}/b`),
      ])

      expect([text(read.data), absent]).toEqual(['2', undefined])
    })

    test('many at a time are each done once', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      await one.create(`${root}/a`)
      await Promise.all(Array.from({ length: 500 }, () => one.set(`${root}/a`, 'x')))

      expect((await one.get(`${root}/a`)).stat.version).toBe(500)
    })

    test('as large as may be are written and read', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      const large = new Uint8Array(1_000_000).fill(7)
      await one.create(`${root}/a`, large)

      expect(Buffer.compare((await one.get(`${root}/a`)).data, large)).toBe(0)
    })
  })
}

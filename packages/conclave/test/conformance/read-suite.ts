/** Reads: of a znode, of its children, of a subtree; where they come from, and what is no argument. */
import type { Session } from 'conclave'
import { describe, expect, test } from 'vitest'
import type { Backend } from './backend.ts'
import { placeOn, refusalOf, text, verdict } from './place.ts'

export function readSuite(backend: () => Backend): void {
  describe('reads', () => {
    test('what is not there is NO_NODE, or undefined for who asks so', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      const path = `${root}/no`
      const refused = await Promise.all([
        refusalOf(one.get(path)),
        refusalOf(one.children(path)),
        refusalOf(one.getAcl(path)),
        refusalOf(one.countDescendants(path)),
        refusalOf(one.scan(path).next()),
      ])

      expect(refused.map(verdict)).toEqual(Array(5).fill('NO_NODE, not-applied'))
      expect(refused.map((error) => error.path)).toEqual(Array(5).fill(path))
      expect([await one.find(path), await one.exists(path)]).toEqual([undefined, undefined])
    })

    test('several are read of one state, in the order of their paths', async () => {
      const { root, session } = await placeOn(backend())
      const [writer, reader] = await Promise.all([session(), session()])
      await writer.create(`${root}/a`, '0')
      await writer.create(`${root}/b`, '0')
      const paths = [`${root}/b`, `${root}/no`, `${root}/a`]
      const seen: string[] = []
      for (let value = 1; value <= 50; value += 1) {
        const data = String(value)
        const written = writer.txn().set(`${root}/a`, data).set(`${root}/b`, data).commit()
        const [b, no, a] = await reader.findAll(paths)
        await written
        expect(no).toBeUndefined()
        seen.push(`${text(b!.data)} ${text(a!.data)}`)
      }

      expect(seen.filter((one) => !/^(\d+) \1$/.test(one))).toEqual([])
      const after = await reader.findAll(paths, { read: 'linearizable' })
      expect(after.map((one) => one && text(one.data))).toEqual(['50', undefined, '50'])
      expect(await reader.findAll([])).toEqual([])
      expect(verdict(await refusalOf(reader.findAll(['no path'])))).toBe(
        'BAD_ARGUMENT, not-applied',
      )
      expect(verdict(await refusalOf(reader.findAll(root as never)))).toBe(
        'BAD_ARGUMENT, not-applied',
      )
    })

    test('children are names, sorted', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      for (const name of ['b', 'a', 'c', 'ä']) await one.create(`${root}/${name}`)

      expect(await one.children(root)).toEqual(['a', 'b', 'c', 'ä'])
      expect(await one.exists(root)).toMatchObject({ numChildren: 4, cversion: 4 })
    })

    test('a linearizable one sees what another session was told before', async () => {
      const { root, session } = await placeOn(backend())
      const [writer, reader] = await Promise.all([session(), session()])
      for (let round = 0; round < 10; round += 1) {
        await writer.create(`${root}/${String(round)}`, 'x')
        const found = await reader.find(`${root}/${String(round)}`, { read: 'linearizable' })
        expect(found).toBeDefined()
      }
    })

    test('sync and reached bring a session to what others have written', async () => {
      const { root, session } = await placeOn(backend())
      const [writer, reader] = await Promise.all([session(), session()])
      const { stat } = await writer.create(`${root}/a`)
      await reader.reached(stat.czxid)
      expect(await reader.exists(`${root}/a`)).toEqual(stat)
      const { mzxid } = await writer.set(`${root}/a`, 'x')

      expect(await reader.sync()).toBeGreaterThanOrEqual(mzxid)
      expect(text((await reader.get(`${root}/a`)).data)).toBe('x')
    })

    test('what nobody has written yet is not reached in time', async () => {
      const { session } = await placeOn(backend())
      const one = await session()
      const future = ((await one.sync()) + 1_000_000) as Awaited<ReturnType<Session['sync']>>

      expect(verdict(await refusalOf(one.reached(future, { timeoutMs: 150 })))).toBe(
        'TIMEOUT, not-applied',
      )
    })

    test('a scan gives a subtree at one zxid, parents first', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      for (const path of ['b', 'a', 'a/x', 'a/x/y']) await one.create(`${root}/${path}`, path)
      const scanned = async (depth: 'node' | 'children' | 'subtree'): Promise<string[]> => {
        const paths: string[] = []
        const zxids = new Set<number>()
        for await (const { path, zxid, data, stat } of one.scan(root, { depth })) {
          paths.push(path.slice(root.length))
          zxids.add(zxid)
          expect(text(data)).toBe(path.slice(root.length + 1))
          expect(stat.dataLength).toBe(data.length)
        }
        expect(zxids.size).toBe(1)
        return paths
      }

      expect(await scanned('node')).toEqual([''])
      const [first, ...children] = await scanned('children')
      expect([first, ...children.sort()]).toEqual(['', '/a', '/b'])
      const all = await scanned('subtree')
      expect([...all].sort()).toEqual(['', '/a', '/a/x', '/a/x/y', '/b'])
      expect(all.indexOf('/a')).toBeLessThan(all.indexOf('/a/x'))
      expect(all.indexOf('/a/x')).toBeLessThan(all.indexOf('/a/x/y'))
      expect(await one.countDescendants(root)).toBe(4)
    })

    test('a scan while others write shows a state that was', async () => {
      const { root, session } = await placeOn(backend())
      const [writer, reader] = await Promise.all([session(), session()])
      for (let index = 0; index < 20; index += 1)
        await writer.create(`${root}/${String(index)}`, '0')
      const reading = { goesOn: true }
      const writing = (async () => {
        // All are set to one value by each transaction, so that no state has two.
        for (let value = 1; reading.goesOn; value += 1) {
          const txn = writer.txn()
          for (let index = 0; index < 20; index += 1)
            txn.set(`${root}/${String(index)}`, String(value))
          await txn.commit()
        }
      })()
      for (let round = 0; round < 5; round += 1) {
        const values = new Set<string>()
        for await (const { path, data } of reader.scan(root))
          if (path !== root) values.add(text(data))
        expect(values.size).toBe(1)
      }
      reading.goesOn = false
      await writing
    })

    test('the ephemerals of the session are listed', async () => {
      const { root, session } = await placeOn(backend())
      const [one, other] = await Promise.all([session(), session()])
      await one.create(`${root}/a`)
      for (const path of ['a/2', 'a/1', 'ab']) {
        await one.create(`${root}/${path}`, 'x', { mode: 'ephemeral' })
      }
      await other.create(`${root}/other`, 'x', { mode: 'ephemeral' })

      expect(await one.ephemerals(root)).toEqual([`${root}/a/1`, `${root}/a/2`, `${root}/ab`])
      expect(await one.ephemerals(`${root}/a`)).toEqual([`${root}/a/1`, `${root}/a/2`])
      expect(await other.ephemerals()).toEqual([`${root}/other`])
    })

    test.each<readonly [string, (one: Session) => unknown]>([
      ['BAD_ARGUMENT', (one) => one.get('no')],
      ['BAD_ARGUMENT', (one) => one.get('/a//b')],
      ['BAD_ARGUMENT', (one) => one.create('/a/')],
      ['BAD_ARGUMENT', (one) => one.create('/a', 7 as never)],
      ['BAD_ARGUMENT', (one) => one.set('/a', undefined as never)],
      ['BAD_ARGUMENT', (one) => one.set('/a', 'x', { version: 0.5 })],
      ['BAD_ARGUMENT', (one) => one.reached(-1 as never)],
      ['BAD_ARGUMENT', (one) => one.txn().commit()],
      ['BAD_ARGUMENT', (one) => one.setAcl('/a', 'all' as never)],
      ['BAD_OPTION', (one) => one.get('/a', { raed: 'local' } as never)],
      ['BAD_OPTION', (one) => one.get('/a', { read: 'dirty' as never })],
      ['BAD_OPTION', (one) => one.create('/a', 'x', { mode: 'eternal' as never })],
      ['BAD_OPTION', (one) => one.get('/a', { timeoutMs: 0 })],
      ['BAD_OPTION', (one) => one.delete('/a', { recursive: 'yes' as never })],
      ['LIMIT_EXCEEDED', (one) => one.set('/a', new Uint8Array(2 ** 20 + 1))],
      ['LIMIT_EXCEEDED', (one) => one.get(`/${'a'.repeat(5_000)}`)],
    ])('refuse with %s what can be no argument: %s', async (code, call) => {
      const { session } = await placeOn(backend())
      const one = await session()

      expect(verdict(await refusalOf(call(one) as Promise<unknown>))).toBe(`${code}, not-applied`)
    })
  })
}

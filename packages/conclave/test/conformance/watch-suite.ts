/** Watches: what is told of changes, by whom they were made, and when it ends. */
import { describe, expect, test } from 'vitest'
import type { Backend } from './backend.ts'
import { nextChange, placeOn, refusalOf, verdict } from './place.ts'

export function watchSuite(backend: () => Backend): void {
  describe('watches', () => {
    test('W4: a znode is seen to come, change and go, each before it can be read', async () => {
      const { root, session } = await placeOn(backend())
      const [writer, reader] = await Promise.all([session(), session()])
      const watch = reader.watch(`${root}/a`)
      await reader.sync()
      await writer.create(`${root}/a`, '1')
      expect(await nextChange(watch)).toBe(`created ${root}/a 1`)
      await writer.set(`${root}/a`, '2')
      expect(await nextChange(watch)).toBe(`changed ${root}/a 2`)
      await writer.create(`${root}/a/below`)
      await writer.delete(`${root}/a/below`)
      await writer.delete(`${root}/a`)
      expect(await nextChange(watch)).toBe(`deleted ${root}/a`)

      const told: string[] = []
      const next = nextChange(watch).then((change) => told.push(change))
      await writer.create(`${root}/a`, '3')
      await reader.sync()
      await reader.get(`${root}/a`).then(() => told.push('read'))
      await next
      expect(told).toEqual([`created ${root}/a 3`, 'read'])
    })

    test('a session sees its own changes', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      const watch = one.watch(root, { depth: 'children' })
      await one.sync()
      await one.create(`${root}/a`, 'x')
      await one.set(root, 'y')

      expect(await nextChange(watch)).toBe(`created ${root}/a x`)
      expect(await nextChange(watch)).toBe(`changed ${root} y`)
    })

    test('children are seen, and not what is below them', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      const watch = one.watch(root, { depth: 'children' })
      await one.sync()
      await one.create(`${root}/a`)
      expect(await nextChange(watch)).toBe(`created ${root}/a`)
      await one.create(`${root}/a/b`)
      await one.set(`${root}/a`, 'x')

      expect(await nextChange(watch)).toBe(`changed ${root}/a x`)
    })

    test('a subtree is seen, and not what is beside it', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      await one.create(`${root}/a`)
      const watch = one.watch(`${root}/a`, { depth: 'subtree' })
      await one.sync()
      await one.create(`${root}/ab`)
      await one.create(`${root}/a/b`)
      expect(await nextChange(watch)).toBe(`created ${root}/a/b`)
      await one.create(`${root}/a/b/c`, 'x')
      expect(await nextChange(watch)).toBe(`created ${root}/a/b/c x`)
      await one.delete(`${root}/a/b`, { recursive: true })

      expect(await nextChange(watch)).toBe(`deleted ${root}/a/b/c`)
      expect(await nextChange(watch)).toBe(`deleted ${root}/a/b`)
    })

    test('several at one path are all told', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      const watches = [
        one.watch(`${root}/a`),
        one.watch(`${root}/a`, { depth: 'subtree' }),
        one.watch(root, { depth: 'children' }),
      ]
      await one.sync()
      await one.create(`${root}/a`, 'x')

      for (const watch of watches) expect(await nextChange(watch)).toBe(`created ${root}/a x`)
      await watches[1]?.return()
      await one.set(`${root}/a`, 'y')
      expect(await nextChange(watches[0]!)).toBe(`changed ${root}/a y`)
      expect(await nextChange(watches[1]!)).toBe('done')
    })

    test('one can begin with what is there, parents first, and goes on behind it', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      await one.create(`${root}/a`, '1')
      await one.create(`${root}/a/b`, '2')
      const watch = one.watch(root, { depth: 'subtree', initial: true })

      expect(await nextChange(watch)).toBe(`snapshot ${root}`)
      expect(await nextChange(watch)).toBe(`snapshot ${root}/a 1`)
      expect(await nextChange(watch)).toBe(`snapshot ${root}/a/b 2`)
      await one.set(`${root}/a`, '3')
      expect(await nextChange(watch)).toBe(`changed ${root}/a 3`)
    })

    test('a quick succession ends with what is there', async () => {
      const { root, session } = await placeOn(backend())
      const [writer, reader] = await Promise.all([session(), session()])
      const watch = reader.watch(root, { depth: 'subtree' })
      await reader.sync()
      await Promise.all([
        writer.create(`${root}/a`, '0'),
        writer.delete(`${root}/a`),
        writer.create(`${root}/a`, '1'),
        ...Array.from({ length: 50 }, (_, index) => writer.set(`${root}/a`, String(index))),
        writer.create(`${root}/end`),
      ])
      let last = ''
      for (let change = ''; !change.startsWith(`created ${root}/end`);) {
        if (change !== '') last = change
        change = await nextChange(watch)
      }

      // Over the wire several changes of a znode can be told as one, by its last data.
      expect(last).toMatch(new RegExp(`^(created|changed) ${root}/a 49$`))
    })

    test('end by return, by their signal, and with a session that is closed', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      const controller = new AbortController()
      const [returned, aborted, closed] = [
        one.watch(root),
        one.watch(root, { signal: controller.signal }),
        one.watch(root),
      ]
      await one.sync()
      await returned.return()
      controller.abort()
      expect([await nextChange(returned), await nextChange(aborted)]).toEqual(['done', 'done'])
      const end = nextChange(closed)
      await one.close()

      expect(await end).toBe('done')
      expect(verdict(await refusalOf(one.watch(root).next()))).toBe('SESSION_CLOSED, not-applied')
    })
  })
}

/** The life of a session: what it is, how it ends, what is given up. */
import { describe, expect, test } from 'vitest'
import type { Backend } from './backend.ts'
import { nextChange, placeOn, refusalOf, verdict } from './place.ts'

export function lifeSuite(backend: () => Backend): void {
  describe('life', () => {
    test('a session has an id, a timeout, a state, and signals that tell of its end', async () => {
      const { session } = await placeOn(backend())
      const one = await session({ sessionTimeoutMs: 12_000 })
      const certain = one.certain()

      expect(one.id).toMatch(/^[0-9a-f]{16}$/)
      expect(one.timeoutMs).toBe(12_000)
      expect([one.state, one.readOnly]).toEqual(['connected', false])
      expect([one.alive.aborted, certain.aborted]).toEqual([false, false])
      const told: string[] = []
      one.on('state', (state, previous) => told.push(`${previous} → ${state}`))
      const changed = new Promise((resolve) => one.once('state', resolve))
      await one.close()
      await changed
      expect([one.state, one.alive.aborted, certain.aborted]).toEqual(['closed', true, true])
      expect(one.alive.reason).toMatchObject({ code: 'SESSION_CLOSED' })
      expect(told).toEqual(['connected → closed'])
      await one.close()
    })

    test('its ephemerals go with it, which others see', async () => {
      const { root, session } = await placeOn(backend())
      const [owner, other] = await Promise.all([session(), session()])
      await owner.create(`${root}/e`, 'x', { mode: 'ephemeral' })
      await other.sync()
      const watch = other.watch(`${root}/e`)
      await other.sync()
      await owner.close()

      expect(await nextChange(watch)).toBe(`deleted ${root}/e`)
      expect(await other.exists(`${root}/e`)).toBeUndefined()
    })

    test('what was given before the end is carried out, what comes behind it is not', async () => {
      const { root, session } = await placeOn(backend())
      const [one, other] = await Promise.all([session(), session()])
      const written = one.create(`${root}/a`)
      const closed = one.close()
      const late = await Promise.all([
        refusalOf(one.create(`${root}/b`)),
        refusalOf(one.get(root)),
        refusalOf(one.sync()),
      ])
      await Promise.all([written, closed])

      expect(late.map(verdict)).toEqual(Array(3).fill('SESSION_CLOSED, not-applied'))
      await other.sync()
      expect(await other.children(root)).toEqual(['a'])
    })

    test('it lives on for longer than its timeout while nobody asks anything', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session({ sessionTimeoutMs: 4_000 })
      await one.create(`${root}/e`, 'x', { mode: 'ephemeral' })
      const signal = AbortSignal.timeout(one.timeoutMs * 1.5)
      expect(await nextChange(one.watch(`${root}/no`, { signal }))).toBe('done')

      expect(one.state).toBe('connected')
      expect(await one.exists(`${root}/e`)).toBeDefined()
    })

    test('a call whose signal has aborted is not begun', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      const signal = AbortSignal.abort(new Error('enough'))
      const refused = await Promise.all([
        refusalOf(one.create(`${root}/a`, 'x', { signal })),
        refusalOf(one.get(root, { signal })),
        refusalOf(one.sync({ signal })),
      ])

      expect(refused.map(verdict)).toEqual(Array(3).fill('ABORTED, not-applied'))
      expect(refused[0].cause).toMatchObject({ message: 'enough' })
      expect(await one.children(root)).toEqual([])
    })

    test('a write that is given up once it is on its way says that nobody knows', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      const controller = new AbortController()
      const refused = refusalOf(one.create(`${root}/a`, 'x', { signal: controller.signal }))
      await Promise.resolve()
      controller.abort()
      const error = await refused.catch(() => undefined)

      // It may have been answered just before.
      if (error !== undefined) expect(verdict(error)).toMatch(/^ABORTED, (unknown|not-applied)$/)
      await one.sync()
      if (error?.outcome === 'not-applied') expect(await one.children(root)).toEqual([])
    })
  })
}

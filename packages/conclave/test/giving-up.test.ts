import type { CoordinationError } from '@conclave/core'
import { makeZxid } from '@conclave/core/internal'
import { describe, expect, test } from 'vitest'
import { isSettled, rejectionOf, ScriptedHost } from './scripted-host.ts'

const zxid = makeZxid(1, 5)

describe('a caller who gives up', () => {
  test('with a signal that is aborted already, nothing is sent', async () => {
    const host = new ScriptedHost()
    const reason = new Error('enough')

    const error = await rejectionOf(
      host.session.set('/a', '', { signal: AbortSignal.abort(reason) }),
    )

    expect(error).toMatchObject({ code: 'ABORTED', outcome: 'not-applied', cause: reason })
    expect(host.submitted).toEqual([])
  })

  test.each(['not-applied', 'unknown'] as const)(
    'C1: by its signal, learns from the core that the write is %s',
    async (outcome) => {
      const host = new ScriptedHost()
      const controller = new AbortController()
      const set = host.session.set('/a', '', { signal: controller.signal })
      const { call } = host.lastRequest
      const reason = new Error('enough')

      controller.abort(reason)
      expect(host.of('call-aborted')).toEqual([{ type: 'call-aborted', call }])
      expect(await isSettled(set)).toBe(false)
      host.deliver({ type: 'failed', call, code: 'ABORTED', outcome, detail: 'given up' })

      expect(await rejectionOf(set)).toMatchObject({ code: 'ABORTED', outcome, cause: reason })
    },
  )

  test('by its deadline, the error is TIMEOUT and names it', async () => {
    const host = new ScriptedHost()
    const set = host.session.set('/a', '', { timeoutMs: 50 })
    const { call } = host.lastRequest

    host.clock.advance(49)
    expect(host.of('call-aborted')).toEqual([])
    host.clock.advance(1)
    host.deliver({ type: 'failed', call, code: 'ABORTED', outcome: 'unknown', detail: '' })

    const error = (await rejectionOf(set)) as CoordinationError
    expect(error).toMatchObject({ code: 'TIMEOUT', outcome: 'unknown', path: '/a' })
    expect(error.message).toContain('timeoutMs of 50')
    expect(error.message).toContain('may be applied')
  })

  test('too late, gets the answer that came first', async () => {
    const host = new ScriptedHost()
    const controller = new AbortController()
    const deleted = host.session.delete('/a', { signal: controller.signal })
    const { call } = host.lastRequest

    controller.abort()
    host.deliver({ type: 'reply', call, zxid, result: { type: 'delete' } })

    await expect(deleted).resolves.toBeUndefined()
  })

  test('leaves neither timer nor listener behind once the call is settled', async () => {
    const host = new ScriptedHost()
    const controller = new AbortController()
    const { signal } = controller
    const deleted = host.session.delete('/a', { signal, timeoutMs: 50 })

    host.deliver({ type: 'reply', call: host.lastRequest.call, zxid, result: { type: 'delete' } })
    await deleted
    controller.abort()

    expect(host.clock.timerCount).toBe(0)
    expect(host.of('call-aborted')).toEqual([])
  })

  test('of many calls with one signal, prints no warning', async () => {
    const host = new ScriptedHost()
    const controller = new AbortController()
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)

    const deleted = Array.from({ length: 64 }, () =>
      host.session.delete('/a', { signal: controller.signal }),
    )
    controller.abort()
    for (const { call } of host.of('call-aborted')) {
      host.deliver({ type: 'failed', call, code: 'ABORTED', outcome: 'unknown', detail: '' })
    }
    const errors = await Promise.all(deleted.map(rejectionOf))
    await new Promise(setImmediate)
    process.off('warning', onWarning)

    expect(errors.every((error) => (error as CoordinationError).code === 'ABORTED')).toBe(true)
    expect(warnings).toEqual([])
  })
})

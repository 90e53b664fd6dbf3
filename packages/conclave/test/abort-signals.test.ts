import { expect, test } from 'vitest'
import { onAbort } from '../src/abort-signals.ts'

/** A signal that counts its listeners. */
function countingController(): { readonly controller: AbortController; count: () => number } {
  const controller = new AbortController()
  const { signal } = controller
  let count = 0
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...call: Parameters<typeof add>) => {
    count += 1
    add(...call)
  }
  signal.removeEventListener = (...call: Parameters<typeof remove>) => {
    count -= 1
    remove(...call)
  }
  return { controller, count: () => count }
}

test('many callbacks share one listener, and each is called once', () => {
  const { controller, count } = countingController()
  const called: number[] = []

  for (let index = 0; index < 20; index += 1) onAbort(controller.signal, () => called.push(index))
  expect(count()).toBe(1)
  controller.abort()
  controller.abort()

  expect(called).toEqual(Array.from({ length: 20 }, (_, index) => index))
})

test('the listener goes with the last callback, and comes again with the next', () => {
  const { controller, count } = countingController()
  const called: string[] = []
  const forgetFirst = onAbort(controller.signal, () => called.push('first'))
  const forgetSecond = onAbort(controller.signal, () => called.push('second'))

  forgetFirst()
  expect(count()).toBe(1)
  forgetSecond()
  forgetSecond()
  expect(count()).toBe(0)
  onAbort(controller.signal, () => called.push('third'))
  controller.abort()

  expect(called).toEqual(['third'])
})

test('a callback that is taken back by another one is not called', () => {
  const controller = new AbortController()
  const called: string[] = []
  onAbort(controller.signal, () => {
    called.push('first')
    forget()
  })
  const forget = onAbort(controller.signal, () => called.push('second'))

  controller.abort()

  expect(called).toEqual(['first'])
})

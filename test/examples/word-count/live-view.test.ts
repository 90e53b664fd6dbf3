import { describe, expect, test } from 'vitest'
import { LiveView, type Progress } from '../../../examples/word-count/live-view.ts'

/** A screen that keeps what was written, and a clock that stands where it was put. */
function viewOn(screen: { readonly isTTY: boolean; readonly columns?: number }) {
  let text = ''
  const clock = { nowMs: 1_000 }
  const write = (more: string): void => {
    text += more
  }
  const view = new LiveView({ ...screen, write }, () => clock.nowMs)
  return { view, clock, text: () => text }
}

function progressOf(files: number): Progress {
  const totals = new Map([['worker-1', { files, bytes: 0, words: 0, hashSum: 0 }]])
  return { totals, fileCount: 1_000, leader: 1, epoch: 1 }
}

describe('the live view in a log', () => {
  test('what happens is a line with its second', () => {
    const { view, clock, text } = viewOn({ isTTY: false })
    clock.nowMs = 2_250
    view.say('peer 1 leads epoch 1')

    expect(text()).toBe('  1.25 s  peer 1 leads epoch 1\n')
  })

  test('progress is a line every half second, with the rate of the last second', () => {
    const { view, clock, text } = viewOn({ isTTY: false })
    for (let step = 0; step <= 20; step += 1) {
      view.show(progressOf(step * 10))
      clock.nowMs += 50
    }

    const lines = text().trimEnd().split('\n')
    expect(lines).toHaveLength(3)
    expect(lines[2]).toContain('20.0 % | 200 files, 200/s | epoch 1, peer 1 leads | worker-1 200')
  })

  test('a log gets no control characters', () => {
    const { view, text } = viewOn({ isTTY: false })
    view.show(progressOf(1))
    view.say('something')
    view.showTotals([['three peers', { files: 1, bytes: 2, words: 3, hashSum: 4 }]])
    view.conclude('the end')

    expect(text()).not.toMatch(/[\x00-\x09\x0b-\x1f]/)
  })
})

describe('the live view on a terminal', () => {
  test('progress stays below what happens, and is gone in the end', () => {
    const { view, text } = viewOn({ isTTY: true, columns: 200 })
    view.show(progressOf(500))
    view.say('something')
    view.conclude('the end')

    const last = text().split('\n').at(-2) ?? ''
    expect(text()).toMatch(/something\n.*50\.0 %/)
    expect(last).toMatch(/\r\x1b\[2Kthe end$/)
  })

  test('progress is never wider than the terminal', () => {
    const { view, text } = viewOn({ isTTY: true, columns: 40 })
    view.show(progressOf(500))

    expect(text().replace('\r\x1b[2K', '')).toHaveLength(39)
  })
})

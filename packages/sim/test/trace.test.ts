import { describe, expect, test } from 'vitest'
import type { SessionId } from '@conclave/core/internal'
import { Trace } from '../src/trace.ts'
import { pageAt, zxid } from './pages.ts'

describe('the trace', () => {
  test('one line an event, with the time, the peer and zxids as they are printed everywhere', () => {
    const lines: string[] = []
    const trace = new Trace(10, (line) => lines.push(line))
    trace.note(0, 1, 'start 1')
    trace.event(1_500, 1, {
      type: 'message-received',
      from: 2,
      message: { type: 'ack', upTo: zxid('3:17') },
    })
    trace.effect(2_000_000, 3, {
      type: 'append-log',
      seq: 4,
      records: [{ type: 'page', page: pageAt('1:1') }],
    })
    const reply = { type: 'reply', call: 9, zxid: zxid('1:1'), result: { type: 'delete' } } as const
    trace.effect(2_000_000, 3, { type: 'deliver', to: 7 as SessionId, items: [reply] })

    expect(lines).toEqual([
      '0.000000 1 ! start 1',
      '0.001500 1 > from 2 ack upTo=3:17',
      '2.000000 3 < append 4: page 1:1..1:1 after 0:0',
      '2.000000 3 < deliver 7 reply call=9 zxid=1:1 result={type:delete}',
    ])
    expect(trace.lines()).toEqual(lines)
  })

  test('keeps the newest lines', () => {
    const trace = new Trace(3, null)
    for (let number = 1; number <= 20; number += 1) trace.note(number, 0, `note ${number}`)

    expect(trace.lines()).toHaveLength(3)
    expect(trace.lines().at(-1)).toBe('0.000020 - ! note 20')
    expect(trace.count).toBe(20)
  })

  test('the hash tells two courses apart by time, peer, order and content', () => {
    const hashOf = (...notes: readonly (readonly [number, number, string])[]): string => {
      const trace = new Trace(1, null)
      for (const [at, peer, text] of notes) trace.note(at, peer, text)
      return trace.hash
    }
    const hashes = [
      hashOf([1, 1, 'a'], [2, 1, 'b']),
      hashOf([1, 1, 'b'], [2, 1, 'a']),
      hashOf([1, 2, 'a'], [2, 1, 'b']),
      hashOf([1, 1, 'a'], [3, 1, 'b']),
    ]

    expect(new Set(hashes).size).toBe(4)
    expect(hashOf([1, 1, 'a'], [2, 1, 'b'])).toBe(hashes[0])
  })
})

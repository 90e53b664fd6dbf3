import { makeZxid, type SessionId } from '@conclave/core/internal'
import { expect, test } from 'vitest'
import { FlightRecorder } from '../src/flight-recorder.ts'

const session = makeZxid(1, 1) as number as SessionId

test('a line tells what happened and what was asked for, and no data', () => {
  const recorder = new FlightRecorder()
  const request = {
    type: 'create',
    path: '/secret-path',
    data: new Uint8Array([1]),
    mode: 'persistent',
    sequential: false,
    acl: null,
    parents: false,
  } as const

  recorder.record(
    12.34,
    [
      { type: 'tick', nowMs: 12.34, wallMs: 1, appAliveMs: 12.34 },
      { type: 'link-down', peer: 2, reason: 'it was silent' },
      { type: 'request-received', session, call: 1, request },
      { type: 'request-received', session, call: 2, request },
    ],
    [{ type: 'append-log', seq: 9, records: [] }],
  )

  expect(recorder.lines()).toEqual([
    '12.3 ms: tick, link-down 2 (it was silent), request-received create x2 -> append-log 9',
  ])
})

test('what happens in turns is counted by what it is', () => {
  const recorder = new FlightRecorder()
  const received = (type: 'set' | 'delete', call: number) =>
    ({
      type: 'request-received',
      session,
      call,
      request: { type, path: '/a', data: null, version: -1, recursive: false },
    }) as const
  const tick = { type: 'tick', nowMs: 1, wallMs: 1, appAliveMs: 1 } as const

  recorder.record(
    1,
    [tick, received('set', 1), received('set', 2), received('delete', 3), received('set', 4)],
    [],
  )

  expect(recorder.lines()).toEqual([
    '1.0 ms: tick, request-received set x3, request-received delete',
  ])
})

test('is bounded: the oldest steps go first, and those in which nothing happened are none', () => {
  const recorder = new FlightRecorder()

  for (let nowMs = 1; nowMs <= 1_000; nowMs += 1) {
    const tick = { type: 'tick', nowMs, wallMs: 1, appAliveMs: nowMs } as const
    recorder.record(nowMs, [tick], [])
    recorder.record(nowMs, [tick, { type: 'link-up', peer: 2 }], [])
  }
  const lines = recorder.lines()

  expect(lines).toHaveLength(256)
  expect(lines[0]).toContain('745.0 ms')
  expect(lines.at(-1)).toContain('1000.0 ms')
})

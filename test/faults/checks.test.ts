/** The judges of the real faults are judged: each must see what it is there to see. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { CallEntry, HistoryOperation } from '@conclave/sim'
import { checkFinal } from './final-checks.ts'
import { readRecordings, Recorder, type Recorded } from './recorder.ts'
import type { ZnodeRead } from './service.ts'

let lastId = 0

function call(operation: HistoryOperation, told: Partial<CallEntry> = {}): CallEntry {
  lastId += 1
  const times = { calledAt: lastId * 10, returnedAt: lastId * 10 + 5 }
  return { type: 'call', session: 's1', id: lastId, operation, ...times, outcome: 'ok', ...told }
}

function queued(value: string, path: string, told: Partial<CallEntry> = {}): CallEntry {
  const operation = { type: 'create', path: '/queue/entry-', value, sequential: true } as const
  const zxid = told.zxid ?? 1
  return call(operation, {
    zxid,
    result: { path, stat: { czxid: zxid, mzxid: zxid, version: 0 } },
    ...told,
  })
}

function znode(path: string, value: string, told: Partial<ZnodeRead> = {}): ZnodeRead {
  return { path, value, czxid: 1, mzxid: 1, version: 0, owner: null, ...told }
}

function finalOf(entries: readonly CallEntry[], ...peers: readonly ZnodeRead[][]): string[] {
  const recorded: Recorded = {
    entries,
    sessions: [{ type: 'session', session: 's9', state: 'closed', at: 1 }],
  }
  return checkFinal(recorded, new Map(peers.map((znodes, index) => [index + 1, znodes])))
}

describe('what every peer holds at the end', () => {
  test('C1: what was acknowledged and is there passes; of unknown outcome either does', () => {
    const entries = [
      queued('a', '/queue/entry-0'),
      queued('b', '', { outcome: 'unknown', result: null }),
      queued('c', '', { outcome: 'not-applied', result: null }),
    ]

    expect(finalOf(entries, [znode('/queue/entry-0', 'a')])).toEqual([])
    const both = [znode('/queue/entry-0', 'a'), znode('/queue/entry-1', 'b')]
    expect(finalOf(entries, both)).toEqual([])
  })

  test('C1: a lost write, one that was refused and is there, one at another path', () => {
    const lost = finalOf([queued('a', '/queue/entry-0')], [])
    const refused = finalOf(
      [queued('a', '', { outcome: 'not-applied', result: null })],
      [znode('/queue/entry-0', 'a')],
    )
    const moved = finalOf([queued('a', '/queue/entry-0')], [znode('/queue/entry-1', 'a')])

    expect(lost).toEqual(['C1: /queue/entry-0 was acknowledged, and is lost'])
    expect(refused).toContain('C1: a was not applied, and is there')
    expect(moved).toContain('C1: /queue/entry-0 was acknowledged, and is /queue/entry-1')
  })

  test('R2: a write that is there twice', () => {
    const twice = [znode('/queue/entry-0', 'a'), znode('/queue/entry-1', 'a')]

    expect(finalOf([queued('a', '/queue/entry-0')], twice)).toContain('R2: a is there 2 times')
  })

  test('C10: a value that nobody wrote', () => {
    const get = { type: 'get', path: '/registers/1', read: 'local' } as const
    const read = call(get, { result: { value: 'x', stat: { czxid: 1, version: 0 } } })

    expect(finalOf([read], [])[0]).toMatch(/^C10: .* never written/)
  })

  test('what is in every tree from its beginning was written by nobody, and may be there', () => {
    const paths = ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config']

    expect(
      finalOf(
        [],
        paths.map((path) => znode(path, '')),
      ),
    ).toEqual([])
    expect(finalOf([], [znode('/zookeeper/other', '')])).toHaveLength(1)
  })

  test('D1, D3: peers that differ, a version with two values', () => {
    const entries = [queued('a', '/queue/entry-0')]
    const one = [znode('/queue/entry-0', 'a')]
    const other = [znode('/queue/entry-0', 'a', { mzxid: 2 })]
    const set = { type: 'set', path: '/registers/1' } as const
    const stat = { czxid: 1, version: 1 }
    const sets = [
      call({ ...set, value: 'a' }, { result: { stat: { ...stat, mzxid: 2 } } }),
      call({ ...set, value: 'b' }, { result: { stat: { ...stat, mzxid: 3 } } }),
    ]

    expect(finalOf(entries, one, one)).toEqual([])
    expect(finalOf(entries, one, other)[0]).toMatch(/^D1: peer 2/)
    expect(finalOf(entries, one, [])[0]).toMatch(/^D1: peer 2 has nothing/)
    expect(finalOf(sets, [])[0]).toMatch(/^D3: /)
  })

  test('S2: an ephemeral whose session is over', () => {
    const create = { type: 'create', path: '/owned/1', value: 'a', ephemeral: true } as const

    const wrong = finalOf([call(create)], [znode('/owned/1', 'a', { owner: 's9' })])

    expect(wrong).toEqual(['S2: /owned/1 is there, and its session s9 is closed'])
  })
})

test('a call that was begun and never answered is of unknown outcome', () => {
  const directory = mkdtempSync(join(tmpdir(), 'conclave-recorder-'))
  try {
    const path = join(directory, 'recording.jsonl')
    const recorder = new Recorder(path)
    const answered = recorder.begin('s1', { type: 'sync' })
    recorder.begin('s1', { type: 'delete', path: '/a' })
    recorder.end(answered, { outcome: 'ok', zxid: 1 })

    const { entries } = readRecordings([path])

    expect(entries).toMatchObject([
      { id: 1, outcome: 'ok', zxid: 1 },
      { id: 2, outcome: 'unknown', returnedAt: null },
    ])
  } finally {
    rmSync(directory, { recursive: true })
  }
})

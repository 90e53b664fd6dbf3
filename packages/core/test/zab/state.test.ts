/** What agreement knows in every phase: promises, history, links, and what the disk owes. */
import { describe, expect, test } from 'vitest'
import { InvariantError } from '../../src/assert.ts'
import type { LogRecord } from '../../src/log-record.ts'
import type { ZabState } from '../../src/zab/state.ts'
import { makeZxid } from '../../src/zxid.ts'
import { endOf, LonePeer, pagesOf, recordsOf } from './lone-peer.ts'
import { WordReplica } from './word-machine.ts'

const pages = pagesOf([1, 'a', 'b', 'c'])

function stateOf(records: readonly LogRecord[] = recordsOf(1, 3, pages)): ZabState {
  return new LonePeer(1, { records }).peer.state
}

describe('promises', () => {
  test.each<[string, LogRecord]>([
    ['the same epoch twice', { type: 'accepted-epoch', epoch: 1, leader: 2 }],
    ['an epoch below', { type: 'accepted-epoch', epoch: 0, leader: 3 }],
    ['a currentEpoch below', { type: 'current-epoch', epoch: 0 }],
    ['a currentEpoch that was not promised', { type: 'current-epoch', epoch: 2 }],
  ])('Z2: %s breaks our own rule', (_, record) => {
    expect(() => stateOf().append(record)).toThrow(InvariantError)
  })

  test('ZOOKEEPER-2307: a log whose currentEpoch was never promised does not start', () => {
    const records: LogRecord[] = [{ type: 'current-epoch', epoch: 1 }]

    expect(() => stateOf(records)).toThrow(InvariantError)
  })
})

describe('memory', () => {
  test.each<[string, LogRecord[], boolean, boolean]>([
    ['an empty store', [], false, true],
    ['a promise alone', recordsOf(1, 3, []).slice(0, 2), false, true],
    ['an epoch without a page', recordsOf(1, 3, []), true, true],
    ['a history', recordsOf(1, 3, pages), true, false],
    ['a damaged store', [{ type: 'damage-found', reason: 'x' }], false, false],
    [
      'a damaged store that holds a history again',
      [{ type: 'damage-found', reason: 'x' }, ...recordsOf(1, 3, pages)],
      false,
      false,
    ],
    [
      'a healed one',
      [{ type: 'damage-found', reason: 'x' }, ...recordsOf(1, 3, pages), { type: 'damage-healed' }],
      true,
      false,
    ],
  ])('Z19: %s', (_, records, remembers, mayFound) => {
    expect(stateOf(records)).toMatchObject({ remembers, mayFound })
  })
})

describe('a commit', () => {
  test('Z15: of what is no page end of this log is refused, and changes nothing', () => {
    const state = stateOf()

    expect(state.commit(makeZxid(1, 9), '')).toBe(
      'Z15: 1:9 is committed, but is no page end of this log',
    )
    expect(state.lastCommitted).toBe(0)
  })

  test('Z17: is applied at once, in order, whole pages', () => {
    const state = stateOf()

    expect(state.commit(makeZxid(1, 2), '')).toBeNull()

    expect(state.machine.end.last).toBe(makeZxid(1, 2))
  })

  test('one that was known already is no news', () => {
    const state = stateOf()
    state.commit(makeZxid(1, 2), '')

    expect(state.commit(makeZxid(1, 1), '')).toBeNull()
    expect(state.lastCommitted).toBe(makeZxid(1, 2))
  })

  test('Z10: what is applied is never cut', () => {
    const state = stateOf()
    state.commit(makeZxid(1, 2), '')

    expect(() => state.append({ type: 'truncate', to: endOf(pages.slice(0, 1)) })).toThrow(
      InvariantError,
    )
  })
})

describe('a received snapshot', () => {
  test('takes the place of everything once the switch to it is durable', () => {
    const peer = new LonePeer(1, { records: recordsOf(1, 3, pages) })
    const { state, disk } = peer.peer
    const end = { last: makeZxid(5, 2), crc: 8 }
    disk.receive({ words: ['x'], end })

    peer.step(() => state.install(new WordReplica({ words: ['x'], end }).asReplica(), 1))
    expect([state.machine.end.last, state.history.end.last]).toEqual([0, end.last])

    peer.sync()
    expect([state.machine.end.last, state.lastCommitted]).toEqual([end.last, end.last])
  })
})

describe('links', () => {
  test('what is sent in the step that breaks a link does not leave', () => {
    const peer = new LonePeer(1)
    peer.link(2).done()

    peer.step(() => {
      peer.peer.state.send(2, { type: 'goodbye' })
      peer.peer.state.disconnect(2, 'a test')
      peer.peer.state.send(2, { type: 'goodbye' })
    })

    expect(peer.done('notification')).toEqual(['breaks with 2: a test'])
  })
})

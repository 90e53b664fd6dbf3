import { describe, expect, test } from 'vitest'
import {
  RecentChanges,
  zeroZxid,
  Znode,
  type Delivery,
  type Effect,
  type Event,
  type SessionId,
  type Txn,
  type WatchEvent,
  type Zxid,
} from '@conclave/core/internal'
import type { SessionHistory } from '../../src/history.ts'
import { EventBeforeData } from '../../src/invariants/w4-event-before-data.ts'
import { EventOrder } from '../../src/invariants/w5-event-order.ts'
import { JustifiedEvents } from '../../src/invariants/w1-justified.ts'
import { ResumedWatch } from '../../src/invariants/w6-resumed-watch.ts'
import { watchSees } from '../../src/invariants/watch-match.ts'
import { WatchSequence } from '../../src/invariants/w7-watch-sequence.ts'
import { zxid } from '../pages.ts'
import { peer, sessionAt, step, SyntheticRun, view } from './observed.ts'

const header = { timeMs: 5, session: 0 as SessionId, requestId: 0 }

function create(path: string, parentCreateCount: number): Txn {
  const ephemeralOwner = 0 as SessionId
  return {
    ...header,
    type: 'create',
    path,
    data: null,
    ephemeralOwner,
    reap: 0,
    parentCreateCount,
    acl: null,
  }
}

function znodeAt(path: string, at: string): Znode {
  const zxids = { czxid: zxid(at), mzxid: zxid(at), pzxid: zxid(at) }
  const counts = { version: 0, createCount: 0, aversion: 0 }
  const rest = { ctime: 5, mtime: 5, ephemeralOwner: 0 as SessionId, reap: 0, acl: null } as const
  return new Znode({ path, data: null, ...zxids, ...counts, ...rest })
}

function event(at: string, path: string, type: WatchEvent['type'] = 'created'): Delivery {
  return {
    type: 'watch-event',
    watch: 1,
    event: { type, path, zxid: zxid(at), data: null, stat: null },
  }
}

function reply(at: string): Delivery {
  return { type: 'reply', call: 1, zxid: zxid(at), result: { type: 'delete' } }
}

/** /a is created at 1:1 and /a/b at 1:2; a session at peer 1 watches the children of /a. */
function watchedRun(): { readonly run: SyntheticRun; readonly session: SessionHistory } {
  const run = new SyntheticRun()
  run.apply(zxid('1:1'), create('/a', 1))
  run.apply(zxid('1:2'), create('/a/b', 1))
  const session = sessionAt(1)
  session.watches.set(1, { number: 1, path: '/a', depth: 'children' })
  run.history.open(session)
  return { run, session }
}

describe('what a watch sees', () => {
  test.each<['node' | 'children' | 'subtree', string[]]>([
    ['node', ['/a']],
    ['children', ['/a', '/a/b']],
    ['subtree', ['/a', '/a/b', '/a/b/c']],
  ])('%s', (depth, seen) => {
    const paths = ['/', '/a', '/ab', '/a/b', '/a/b/c', '/b']
    const watch = { number: 1, path: '/a', depth }

    expect(paths.filter((path) => watchSees(watch, path))).toEqual(seen)
  })
})

describe('W1', () => {
  test.each<[string, Delivery]>([
    ['of a change that was not', event('1:2', '/a/b', 'deleted')],
    ['at another zxid', event('1:1', '/a/b')],
    ['of a path that the watch does not see', event('1:1', '/')],
    ['of a watch that is not there', { ...event('1:1', '/a'), watch: 2 } as Delivery],
  ])('an event %s', (_name, item) => {
    const { run, session } = watchedRun()

    expect(() => new JustifiedEvents(run).onDelivery(peer(1), session, item)).toThrow(/^W1:/)
  })

  test('an event of a committed change passes', () => {
    const { run, session } = watchedRun()

    const invariant = new JustifiedEvents(run)
    expect(() => invariant.onDelivery(peer(1), session, event('1:2', '/a/b'))).not.toThrow()
  })
})

describe('W4', () => {
  test('an event comes behind an answer, or behind a read, that had its change', () => {
    const session = sessionAt(1)
    const invariant = new EventBeforeData()
    invariant.onDelivery(peer(1), session, event('1:3', '/a'))
    invariant.onDelivery(peer(1), session, reply('1:3'))
    expect(() => invariant.onDelivery(peer(1), session, event('1:3', '/a'))).toThrow(/^W4:/)

    const reading = { path: '/', zxid: zxid('1:9'), found: null, children: [] }
    invariant.onRead(peer(1), session, reading)
    expect(() => invariant.onDelivery(peer(1), session, event('1:8', '/a'))).toThrow(/^W4:/)
  })
})

describe('W5', () => {
  test('a session is told of something earlier', () => {
    const session = sessionAt(1)
    const invariant = new EventOrder()
    invariant.onDelivery(peer(1), session, reply('1:3'))

    expect(() => invariant.onDelivery(peer(1), session, event('1:2', '/a'))).toThrow(/^W5:/)
  })
})

describe('W6', () => {
  /** The eighth step of a peer that remembers this, when it has applied both creates. */
  function look(remembered: readonly (readonly [path: string, at: string])[]): void {
    const { run } = watchedRun()
    const recent = new RecentChanges({ maxRecentChanges: 9, maxRecentBytes: 9 }, zeroZxid)
    for (const [path, at] of remembered) recent.note('created', znodeAt(path, at), zxid(at))
    const invariant = new ResumedWatch(run)
    for (let count = 1; count <= 8; count += 1) {
      const applied = { lastApplied: zxid(count < 8 ? '1:1' : '1:2') }
      invariant.onStep(step(peer(1, { recent }), view(), view(applied)))
    }
  }

  test.each<[string, (readonly [string, string])[]]>([
    ['leaves one out', [['/a', '1:1']]],
    ['tells one that was not', [['/a', '1:1'], ['/a/c', '1:2']]], // prettier-ignore
    ['tells one twice', [['/a', '1:1'], ['/a/b', '1:2'], ['/a/b', '1:2']]], // prettier-ignore
  ])('a peer that %s', (_name, remembered) => {
    expect(() => look(remembered)).toThrow(/^W6:/)
  })

  test('one that remembers what the log has passes', () => {
    expect(() => look([['/a', '1:1'], ['/a/b', '1:2']])).not.toThrow() // prettier-ignore
  })
})

describe('W7', () => {
  const told = (...items: readonly Delivery[]): Effect[] => [
    { type: 'deliver', to: 7 as SessionId, items },
  ]
  const [before, after] = [view(), view({ lastApplied: zxid('1:2') })]

  function apply(effects: readonly Effect[], events: readonly Event[] = []): void {
    const { run } = watchedRun()
    const invariant = new WatchSequence(run)
    invariant.onStart(peer(1))
    invariant.onStep(step(peer(1), before, after, events, effects))
  }

  const all = [event('1:1', '/a'), event('1:2', '/a/b')]

  test('all of what a watch sees, in order, passes', () => {
    expect(() => apply(told(...all))).not.toThrow()
  })

  test.each<[string, readonly Effect[]]>([
    ['one is left out', told(all[0]!)],
    ['all are left out', []],
    ['one comes twice', told(all[0]!, ...all)],
    ['the order is another', told(all[1]!, all[0]!)],
    ['changes are skipped without a snapshot', told({ type: 'watch-gap', watch: 1 })],
  ])('%s', (_name, effects) => {
    expect(() => apply(effects)).toThrow(/^W7:/)
  })

  test('a watch that is added on the way sees the rest', () => {
    const added: Event = {
      type: 'watch-added',
      session: 7 as SessionId,
      watch: 1,
      path: '/a',
      depth: 'children',
    }

    expect(() => apply(told(all[1]!), [added])).not.toThrow()
    expect(() => apply(told(all[1]!, all[0]!), [added])).toThrow(/^W7:/)
  })

  test('a received snapshot may skip changes, and says so', () => {
    const received: Event = { type: 'snapshot-received', transfer: 1, replica: null as never }

    expect(() => apply(told({ type: 'watch-gap', watch: 1 }), [received])).not.toThrow()
    expect(() => apply([], [received])).toThrow(/^W7:/)
  })

  test('it excuses one gap, and no event of what was not', () => {
    const { run } = watchedRun()
    const invariant = new WatchSequence(run)
    const received: Event = { type: 'snapshot-received', transfer: 1, replica: null as never }
    const gap: Delivery = { type: 'watch-gap', watch: 1 }
    const stepOf = (...items: readonly Delivery[]) =>
      step(peer(1), before, after, [], told(...items))
    invariant.onStep(step(peer(1), before, before, [received]))
    expect(() => invariant.onStep(stepOf(gap, event('1:1', '/x')))).toThrow(/^W7:/)
    expect(() => invariant.onStep(stepOf(gap, all[1]!))).not.toThrow()

    expect(() => invariant.onStep(stepOf(gap))).toThrow(/^W7:/)
  })

  test('another peer tells its own sessions', () => {
    const { run } = watchedRun()
    const elsewhere = step(peer(2), before, after)

    expect(() => new WatchSequence(run).onStep(elsewhere)).not.toThrow()
    expect(run.changesBetween(0 as Zxid, zxid('1:2'))).toHaveLength(2)
  })
})

import { describe, expect, test } from 'vitest'
import { sessionText, type LoggedTxn } from '../../src/histories/committed-order.ts'
import type { CallEntry, EventEntry, HistoryEntry } from '../../src/histories/entry.ts'
import { checkReplay } from '../../src/histories/replay.ts'
import { logAsTold } from '../../src/histories/told-log.ts'
import { Service } from './service.ts'
import {
  create,
  createEphemeral,
  createSequential,
  get,
  read,
  remove,
  set,
  Story,
  version,
} from './synthetic.ts'

const epoch = 3 * 2 ** 32

/** A zxid by its counter. */
function at(counter: number): number {
  return epoch + counter
}

/**
 * What was committed: sessions p and q open at 1 and 2; /a is created with "0" at 3, set by p to "p"
 * at 4 and by q to "q" at 5, by p to "r" at 6.
 */
function committed(): {
  readonly log: readonly LoggedTxn[]
  readonly p: string
  readonly q: string
} {
  const service = new Service()
  const [p, q] = [service.openSession(), service.openSession()]
  service.write(p, create('/a', '0'))
  service.write(p, set('/a', 'p'))
  service.write(q, set('/a', 'q'))
  service.write(p, set('/a', 'r'))
  return { log: service.log, p: sessionText(p), q: sessionText(q) }
}

const { log, p, q } = committed()

/** The history of the writes above, as it should be. */
function right(): Story {
  return new Story()
    .ok(p, [0, 9], create('/a', '0'), { path: '/a', stat: { version: 0 } }, { zxid: at(3) })
    .ok(p, [10, 19], set('/a', 'p'), version(1), { zxid: at(4) })
    .ok(q, [20, 29], set('/a', 'q'), version(2), { zxid: at(5) })
    .ok(p, [30, 39], set('/a', 'r'), version(3), { zxid: at(6) })
}

function rulesOf(entries: readonly HistoryEntry[], txns = log, maxStaleUs?: number): string[] {
  const { problems } = checkReplay(entries, txns, { maxStaleUs })
  return [...new Set(problems.map((problem) => problem.rule))]
}

/** The history above with one entry changed. */
function changed(index: number, fields: Partial<CallEntry>): HistoryEntry[] {
  return right().entries.map((entry, place) => (place === index ? { ...entry, ...fields } : entry))
}

test('what is right passes', () => {
  const story = right()
    .ok(q, [40, 49], get('/a', 'local'), read('q', 2), { zxid: at(5) })
    .ok(q, [50, 59], { type: 'sync' }, null, { zxid: at(6) })
    .ok(q, [60, 69], get('/a'), read('r', 3), { zxid: at(6) })

  expect(checkReplay(story.entries, log)).toEqual({ problems: [], txns: 6, placed: 4 })
})

describe('C1', () => {
  test.each<[string, HistoryEntry[]]>([
    ['an answered write without a txn', changed(3, { zxid: at(7) })],
    ['an answered write whose txn is of another session', changed(3, { session: q })],
    ['an answered write whose txn is another write', changed(3, { operation: set('/a', 'x') })],
    ['a version that the txn did not make', changed(3, { result: version(4) })],
    ['two writes at one zxid', [...right().entries, ...changed(3, { id: 9 }).slice(3)]],
    [
      'a refusal of what was committed',
      changed(3, { outcome: 'not-applied', error: 'BAD_VERSION' }),
    ],
    [
      'a definite failure that had an effect',
      changed(3, { outcome: 'not-applied', error: 'TIMEOUT', zxid: undefined, result: undefined }),
    ],
    ['a txn that nobody asked for', changed(3, { operation: get('/a'), result: read('r', 3) })],
    ['two calls by one id', changed(3, { id: 2 })],
  ])('%s', (_, entries) => {
    expect(rulesOf(entries)).toContain('C1')
  })

  test('a write that was committed twice', () => {
    const service = new Service()
    const session = service.openSession()
    service.write(session, create('/a', '0'))
    service.write(session, remove('/a'))
    service.write(session, create('/a', '0'))
    const once = new Story()
      .unknown(sessionText(session), 0, create('/a', '0'))
      .ok(sessionText(session), [0, 9], remove('/a'))

    expect(rulesOf(once.entries, service.log)).toEqual(['C1'])
  })

  test('what was told no zxid is found by what it wrote', () => {
    const entries = right().entries.map((entry) => ({ ...entry, zxid: undefined }))

    expect(checkReplay(entries, log)).toEqual({ problems: [], txns: 6, placed: 4 })
  })

  test('what has no answer has one txn, or none', () => {
    const unanswered = changed(3, { outcome: 'unknown', zxid: undefined, result: undefined })
    const more = new Story().unknown(q, 90, set('/a', 'never')).entries

    expect(rulesOf([...unanswered, ...more.map((entry) => ({ ...entry, id: 9 }))])).toEqual([])
  })

  test('of two deletes one of which has no answer, either may be the one in the log', () => {
    const service = new Service()
    const session = service.openSession()
    const name = sessionText(session)
    service.write(session, create('/a'))
    service.write(session, remove('/a'))
    const story = new Story()
      .ok(name, [0, 9], create('/a'))
      .unknown(name, 10, remove('/a'))
      .ok(name, [20, 29], remove('/a'))

    expect(rulesOf(story.entries, service.log)).toEqual([])
  })

  test('a sequential create is known by its digits', () => {
    const service = new Service()
    const session = service.openSession()
    service.write(session, createSequential('/s-', 'x'))
    const story = new Story().unknown(sessionText(session), 0, createSequential('/s-', 'x'))

    expect(checkReplay(story.entries, service.log)).toEqual({ problems: [], txns: 2, placed: 1 })
  })
})

describe('the order of writes', () => {
  test('C2: a write that was answered before another was called is behind it', () => {
    expect(rulesOf(changed(3, { calledAt: 11, returnedAt: 12 }))).toContain('C2')
  })

  test('C2: a write without an answer is not before what was answered when it was called', () => {
    const late = { outcome: 'unknown', zxid: undefined, result: undefined, calledAt: 35 } as const

    expect(rulesOf(changed(2, late))).toEqual([])
    expect(rulesOf(changed(2, { ...late, calledAt: 40 }))).toEqual(['C2'])
  })

  test('C5: the writes of a session are in the log in the order of its calls', () => {
    const turned = [
      { id: 4, calledAt: 5, returnedAt: 45 },
      { id: 2, calledAt: 6, returnedAt: 46 },
    ]
    const entries = right().entries.map((entry, place) => {
      if (place === 1) return { ...entry, ...turned[0] }
      return place === 3 ? { ...entry, ...turned[1] } : entry
    })

    expect(rulesOf(entries)).toEqual(['C5'])
  })

  test('C5: they are answered in that order', () => {
    const entries = changed(1, { returnedAt: 99 }).map((entry, place) =>
      place === 3 ? { ...entry, calledAt: 15 } : entry,
    )

    expect(rulesOf(entries)).toEqual(['C5'])
  })
})

describe('reads', () => {
  type Reads = (story: Story) => Story

  test.each<[string, string, Reads]>([
    [
      'C3',
      'other data than at its zxid',
      (s) => s.ok(q, [40, 49], get('/a', 'local'), read('q', 2), { zxid: at(6) }),
    ],
    [
      'C3',
      'another version than at its zxid',
      (s) => s.ok(q, [40, 49], get('/a'), read('r', 2), { zxid: at(6) }),
    ],
    [
      'C3',
      'a znode that is not there',
      (s) => s.ok(q, [40, 49], get('/b'), { stat: { version: 0 } }, { zxid: at(6) }),
    ],
    [
      'C3',
      'no znode where there is one',
      (s) => s.ok(q, [40, 49], get('/a'), null, { zxid: at(6) }),
    ],
    [
      'C3',
      'other children',
      (s) =>
        s.ok(
          q,
          [40, 49],
          { type: 'children', path: '/', read: 'linearizable' },
          { names: [] },
          { zxid: at(6) },
        ),
    ],
    [
      'C3',
      'data and version that never were together',
      (s) => s.ok(q, [40, 49], get('/a', 'local'), read('q', 3)),
    ],
    [
      'C4',
      'less than a read before it',
      (s) =>
        s
          .ok(q, [40, 49], get('/a', 'local'), read('r', 3), { zxid: at(6) })
          .ok(q, [50, 59], get('/a', 'local'), read('q', 2), { zxid: at(5) }),
    ],
    [
      'C4',
      'less than a read before it, without zxids',
      (s) =>
        s
          .ok(q, [40, 49], get('/a', 'local'), read('r', 3))
          .ok(q, [50, 59], get('/a', 'local'), read('q', 2)),
    ],
    [
      'C6',
      'less than its own write',
      (s) => s.ok(q, [40, 49], get('/a', 'local'), read('p', 1), { zxid: at(4) }),
    ],
    [
      'C6',
      'less than its own write, without zxids',
      (s) => s.ok(q, [40, 49], get('/a', 'local'), read('p', 1)),
    ],
    [
      'C7',
      'a sync that does not reach what was answered',
      (s) => s.ok(q, [40, 49], { type: 'sync' }, null, { zxid: at(5) }),
    ],
    [
      'C7',
      'less than a sync before it',
      (s) => s.ok(q, [40, 49], { type: 'sync' }).ok(q, [50, 59], get('/a', 'local'), read('q', 2)),
    ],
    [
      'C8',
      'a linearizable read that is behind a write',
      (s) => s.ok(q, [40, 49], get('/a'), read('q', 2), { zxid: at(5) }),
    ],
    [
      'C8',
      'a linearizable read that is behind a write, without zxids',
      (s) => s.ok(q, [40, 49], get('/a'), read('q', 2)),
    ],
    [
      'C8',
      'a linearizable read that is behind a local one',
      (s) =>
        s
          .ok(p, [31, 33], get('/a', 'local'), read('r', 3))
          .ok(q, [34, 49], get('/a'), read('q', 2)),
    ],
    [
      'C10',
      'what nobody wrote',
      (s) => s.ok(q, [40, 49], get('/a', 'local'), read('x', 3), { zxid: at(6) }),
    ],
    [
      'C10',
      'what is written only later',
      (s) => s.ok(q, [21, 29], get('/a', 'local'), read('r', 3)),
    ],
  ])('%s: %s', (rule, _, reads) => {
    expect(rulesOf(reads(right()).entries)).toContain(rule)
  })

  test('C9: nothing older than a bound, where there is one', () => {
    const { entries } = right().ok('5', [100, 109], get('/a', 'local'), read('p', 1))

    expect(rulesOf(entries)).toEqual([])
    expect(rulesOf(entries, log, 60)).toEqual(['C9'])
    expect(rulesOf(entries, log, 80)).toEqual([])
  })
})

describe('watch events', () => {
  function told(counter: number, when: number, fields: Partial<EventEntry> = {}): EventEntry {
    const change = counter === 3 ? 'created' : 'changed'
    const watch = { session: q, watch: 1, watched: '/a', depth: 'node' } as const
    return { type: 'event', ...watch, at: when, change, path: '/a', zxid: at(counter), ...fields }
  }

  test('every change, in order, before the answers that show it', () => {
    const events = [told(3, 8), told(4, 18), told(5, 28), told(6, 38)]

    expect(rulesOf([...right().entries, ...events])).toEqual([])
  })

  test.each<[string, string, EventEntry[]]>([
    ['W1', 'a change that was not committed', [told(6, 38, { change: 'deleted' })]],
    ['W1', 'a change that its watch does not see', [told(6, 38, { watched: '/b' })]],
    // q is answered at 29 with the zxid of its own write.
    ['W4', 'a change behind the answer that has it', [told(5, 30)]],
    ['W4', 'a change behind an answer that has more', [told(4, 30)]],
    ['W5', 'changes in another order', [told(6, 26), told(5, 27)]],
    ['W7', 'one change left out', [told(3, 8), told(5, 28)]],
  ])('%s: %s', (rule, _, events) => {
    expect(rulesOf([...right().entries, ...events])).toContain(rule)
  })

  test('W7: what is left out behind a gap is no wonder', () => {
    const events = [told(3, 8), told(0, 20, { change: 'gap', zxid: undefined }), told(5, 28)]

    expect(rulesOf([...right().entries, ...events])).toEqual([])
  })
})

describe('the log', () => {
  test('one that cannot be replayed is told by its rule', () => {
    const jump = log.map((one) =>
      one.txn.type === 'set' ? { ...one, txn: { ...one.txn, version: one.txn.version + 1 } } : one,
    )

    expect(rulesOf(right().entries, jump)).toContain('D3')
    expect(rulesOf(right().entries, [...log, ...log])).toContain('Z5')
  })

  test('half a transaction shows', () => {
    const service = new Service()
    const session = service.openSession()
    const name = sessionText(session)
    service.write(session, create('/a', '0'))
    service.write(session, create('/b', '0'))
    const both = {
      type: 'transaction',
      operations: [
        { type: 'set', path: '/a', value: 'x' },
        { type: 'set', path: '/b', value: 'x' },
      ],
    } as const
    service.write(session, both)
    const story = new Story()
      .ok(name, [0, 1], create('/a', '0'))
      .ok(name, [2, 3], create('/b', '0'))
      .ok(name, [4, 5], both, null, { zxid: at(4) })
      .ok('5', [6, 7], get('/a', 'local'), read('x', 1), { zxid: at(4) })
      .ok('5', [8, 9], get('/b', 'local'), read('0', 0), { zxid: at(4) })

    expect(rulesOf(story.entries, service.log)).toEqual(['C3'])
  })

  test('where it is not at hand, it is what the clients were told', () => {
    const { entries } = right().ok(q, [40, 49], get('/a', 'local'), read('p', 1))
    const { log: told } = logAsTold(entries)

    expect(told?.map(({ zxid, txn }) => [zxid - epoch, txn.type])).toEqual([
      [1, 'create-session'],
      [2, 'create-session'],
      [3, 'create'],
      [4, 'set'],
      [5, 'set'],
      [6, 'set'],
    ])
    expect(rulesOf(right().entries, told ?? [])).toEqual([])
    expect(rulesOf(entries, told ?? [])).toEqual(['C6'])
  })

  test.each<[string, RegExp, Story]>([
    ['a write without an answer', /place of .* set/, right().unknown(p, 90, set('/a', 'x'))],
    ['an answer without a zxid', /place of .* delete/, right().ok(p, [90, 99], remove('/a'))],
    [
      'an ephemeral that nobody saw go',
      /\/e/,
      right().ok(p, [90, 99], createEphemeral('/e'), { path: '/e' }, { zxid: at(7) }),
    ],
    [
      'a write that could not be where it is',
      /refused \(NO_NODE\)/,
      right().ok(p, [90, 99], set('/x', 'x'), version(1), { zxid: at(7) }),
    ],
  ])('there is none with %s', (_, reason, story) => {
    expect(logAsTold(story.entries)).toEqual({
      log: null,
      reason: expect.stringMatching(reason) as string,
    })
  })
})

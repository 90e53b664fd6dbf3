import { describe, expect, test } from 'vitest'
import { checkBlackBox } from '../../src/histories/black-box.ts'
import {
  children,
  create,
  createEphemeral,
  createReapable,
  createSequential,
  exists,
  get,
  read,
  remove,
  set,
  Story,
  version,
} from './synthetic.ts'

function verdictOf({ entries }: Story): string {
  return checkBlackBox(entries).verdict
}

/** /a exists and holds "0". */
function begun(): Story {
  return new Story().ok('z', [0, 1], create('/a', '0'), version(0))
}

describe('C11: what no order explains', () => {
  test.each<[string, Story]>([
    [
      'a lost update: two sets that insist on one version',
      begun()
        .ok('p', [10, 20], set('/a', 'p', 0), version(1))
        .ok('q', [10, 20], set('/a', 'q', 0), version(1)),
    ],
    [
      'a lost update: a write that nobody saw is gone',
      begun()
        .ok('p', [10, 20], set('/a', 'p'), version(1))
        .ok('q', [30, 40], set('/a', 'q'), version(1)),
    ],
    [
      'a linearizable read that is stale',
      begun()
        .ok('p', [10, 20], set('/a', 'p'), version(1))
        .ok('q', [30, 40], get('/a'), read('0', 0)),
    ],
    ['a read of data that nobody wrote', begun().ok('q', [30, 40], get('/a'), read('x', 0))],
    [
      'a read of data that is written later',
      begun()
        .ok('q', [30, 40], get('/a'), read('p', 1))
        .ok('p', [50, 60], set('/a', 'p'), version(1)),
    ],
    [
      'a write that took effect twice',
      begun()
        .ok('p', [10, 20], set('/a', 'p'), version(1))
        .ok('q', [30, 40], get('/a'), read('p', 2)),
    ],
    [
      'a definite failure that had an effect',
      begun()
        .failed('p', [10, 20], set('/a', 'p'), 'TIMEOUT')
        .ok('q', [30, 40], get('/a'), read('p', 1)),
    ],
    [
      'writes in another order than their calls',
      begun()
        .ok('p', [10, 20], set('/a', 'p'), version(2))
        .ok('q', [30, 40], set('/a', 'q'), version(1)),
    ],
    [
      'a version that jumps',
      begun()
        .ok('p', [10, 20], set('/a', 'p'), version(1))
        .ok('p', [30, 40], set('/a', 'q'), version(3)),
    ],
    [
      'two reads that disagree on what came first',
      begun()
        .unknown('p', 10, set('/a', 'p'))
        .ok('q', [20, 30], get('/a'), read('p', 1))
        .ok('r', [40, 50], get('/a'), read('0', 0)),
    ],
    [
      'a znode created twice',
      new Story().ok('p', [0, 9], create('/a', 'p')).ok('q', [0, 9], create('/a', 'q')),
    ],
    [
      'a refusal because of a znode that is not there',
      new Story().failed('p', [0, 9], create('/a'), 'NODE_EXISTS'),
    ],
    [
      'a refusal for want of a znode that is there',
      begun().failed('p', [5, 9], set('/a', 'p'), 'NO_NODE'),
    ],
    [
      'a refusal because of a version that is right',
      begun().failed('p', [5, 9], set('/a', 'p', 0), 'BAD_VERSION'),
    ],
    [
      'a delete of what is gone',
      begun().ok('p', [5, 9], remove('/a')).ok('q', [10, 19], remove('/a')),
    ],
    [
      'a delete of what has children',
      begun()
        .ok('p', [5, 9], create('/a/b'))
        .ok('p', [10, 19], children('/a'), { names: ['b'] })
        .ok('q', [20, 29], remove('/a'))
        .ok('p', [30, 39], exists('/a/b'), version(0)),
    ],
    ['a child that nobody created', begun().ok('p', [5, 9], children('/a'), { names: ['b'] })],
    [
      'a child that is left out',
      begun().ok('p', [5, 9], create('/a/b')).ok('p', [10, 19], children('/a'), { names: [] }),
    ],
    [
      'an ephemeral that outlives the close of its session',
      new Story()
        .ok('p', [0, 9], createEphemeral('/e', 'p'), version(0))
        .ok('p', [10, 19], { type: 'close-session' })
        .ok('q', [20, 29], get('/e'), read('p', 0)),
    ],
    [
      'a persistent znode that goes with a session',
      new Story()
        .ok('p', [0, 9], create('/e', 'p'), version(0))
        .ok('p', [10, 19], { type: 'close-session' })
        .ok('q', [20, 29], get('/e'), null),
    ],
    [
      'a subtree that is deleted by half',
      begun()
        .ok('p', [5, 9], create('/a/b', 'b'), version(0))
        .ok('p', [10, 19], { type: 'delete', path: '/a', recursive: true })
        .ok('q', [20, 29], get('/a/b'), read('b', 0)),
    ],
    [
      'a sequential create that is answered with a path it did not make',
      new Story()
        .ok('p', [0, 9], createSequential('/q-', 'p'), {
          path: '/q-0000000000',
          stat: { version: 0 },
        })
        .ok('q', [10, 19], get('/q-0000000000'), null),
    ],
  ])('%s', (_, story) => {
    expect(verdictOf(story)).toBe('violation')
  })

  test('a transaction of which one reader saw one half, and then not the other', () => {
    const story = new Story()
      .ok('z', [0, 1], create('/a', '0'))
      .ok('z', [2, 3], create('/b', '0'))
      .ok('p', [10, 50], {
        type: 'transaction',
        operations: [
          { type: 'set', path: '/a', value: 'p' },
          { type: 'set', path: '/b', value: 'p' },
        ],
      })
      .ok('q', [20, 25], get('/a'), read('p', 1))
      .ok('q', [30, 35], get('/b'), read('0', 0))

    expect(verdictOf(story)).toBe('violation')
  })

  test('what is wrong is told in words: the longest beginning, and what cannot be next', () => {
    const story = begun()
      .ok('p', [10, 20], set('/a', 'p'), version(1))
      .ok('q', [30, 40], get('/a'), read('0', 0))

    expect(checkBlackBox(story.entries).problems).toEqual([
      [
        'no order explains what was seen of /a',
        'the longest beginning that has one, 2 of 3 operations:',
        '  z#1 [0.000000 s to 0.000001 s] create /a "0" → version 0',
        '  p#2 [0.000010 s to 0.000020 s] set /a "p" → version 1',
        'then:',
        '  /a has version 1 and "p"',
        'and none of these can be next:',
        '  q#3 [0.000030 s to 0.000040 s] linearizable get /a → "0", version 0',
      ].join('\n'),
    ])
  })
})

describe('what was never answered', () => {
  test('may have had its effect: here it must have', () => {
    const story = begun()
      .unknown('p', 10, set('/a', 'p'))
      .ok('q', [20, 30], set('/a', 'q'), version(2))

    expect(verdictOf(story)).toBe('ok')
  })

  test('may have its effect long after its session gave up', () => {
    const story = begun()
      .unknown('p', 10, set('/a', 'p'))
      .ok('q', [20, 30], get('/a'), read('0', 0))
      .ok('q', [90, 99], get('/a'), read('p', 1))

    expect(verdictOf(story)).toBe('ok')
  })

  test('may never have it: here it must not', () => {
    const story = begun()
      .unknown('p', 10, set('/a', 'p'))
      .ok('q', [20, 30], set('/a', 'q'), version(1))
      .ok('q', [40, 50], get('/a'), read('q', 1))

    expect(verdictOf(story)).toBe('ok')
  })

  test('has it once', () => {
    const story = begun()
      .unknown('p', 10, set('/a', 'p'))
      .ok('q', [20, 30], set('/a', 'q'), version(2))
      .ok('q', [40, 50], set('/a', 'r'), version(4))

    expect(verdictOf(story)).toBe('violation')
  })

  test('does not have it before it was called', () => {
    const story = begun()
      .ok('q', [20, 30], get('/a'), read('p', 1))
      .unknown('p', 40, set('/a', 'p'))

    expect(verdictOf(story)).toBe('violation')
  })

  test('has it by the time somebody has read it', () => {
    const story = begun()
      .unknown('p', 10, set('/a', 'p'))
      .ok('q', [20, 30], get('/a'), read('p', 1))
      .ok('r', [40, 50], get('/a'), read('p', 1))

    const { verdict, steps } = checkBlackBox(story.entries)
    expect(verdict).toBe('ok')
    expect(steps).toBeLessThan(10)
  })

  test('may be a sequential create, of whatever is called like it', () => {
    const made = { path: '/q-0000000001', stat: { version: 0 } }
    const story = new Story()
      .unknown('p', 0, createSequential('/q-', 'p'))
      .ok('q', [10, 19], createSequential('/q-', 'q'), made)
      .ok('q', [20, 29], children('/'), { names: ['q-0000000000', 'q-0000000001'] })

    expect(verdictOf(story)).toBe('ok')
  })

  test('may have made the parents of a name that nobody knows', () => {
    const parents = { ...createSequential('/d/e/q-', 'p'), parents: true } as const
    const story = new Story()
      .unknown('p', 0, parents)
      .ok('q', [10, 19], get('/d'), read(null, 0))
      .ok('q', [20, 29], set('/d/e', 'q'), version(1))

    expect(verdictOf(story)).toBe('ok')
  })

  test('ends a session, or not, where nobody closed it', () => {
    const story = new Story()
      .ok('p', [0, 9], createEphemeral('/e', 'p'), version(0))
      .ok('q', [20, 29], get('/e'), read('p', 0))
      .ok('q', [30, 39], get('/e'), null)

    expect(verdictOf(story)).toBe('ok')
  })
})

describe('local reads', () => {
  test('may be behind, as far as the session has seen nothing newer', () => {
    const story = begun()
      .ok('p', [10, 20], set('/a', 'p'), version(1))
      .ok('q', [30, 40], get('/a', 'local'), read('0', 0))
      .ok('q', [50, 60], get('/a', 'local'), read('p', 1))

    expect(verdictOf(story)).toBe('ok')
  })

  test.each<[string, Story]>([
    [
      'a session that goes back in time',
      begun()
        .ok('p', [10, 20], set('/a', 'p'), version(1))
        .ok('q', [30, 40], get('/a', 'local'), read('p', 1))
        .ok('q', [50, 60], get('/a', 'local'), read('0', 0)),
    ],
    [
      'a session that does not read its own write',
      begun()
        .ok('p', [10, 20], set('/a', 'p'), version(1))
        .ok('p', [30, 40], get('/a', 'local'), read('0', 0)),
    ],
    [
      'a read behind a sync that misses what was written before the sync',
      begun()
        .ok('p', [10, 20], set('/a', 'p'), version(1))
        .ok('q', [30, 40], { type: 'sync' })
        .ok('q', [50, 60], get('/a', 'local'), read('0', 0)),
    ],
    [
      'a local read behind a linearizable one that is older',
      begun()
        .ok('p', [10, 20], set('/a', 'p'), version(1))
        .ok('q', [30, 40], get('/a'), read('p', 1))
        .ok('q', [50, 60], get('/a', 'local'), read('0', 0)),
    ],
    [
      'a read that misses what its session was refused for',
      new Story()
        .ok('p', [5, 13], create('/a', 'p'), version(0))
        .failed('q', [4, 9], create('/a', 'q'), 'NODE_EXISTS')
        .ok('q', [12, 20], get('/a', 'local'), null),
    ],
    [
      'a look ahead',
      begun()
        .ok('q', [10, 20], get('/a', 'local'), read('p', 1))
        .ok('p', [30, 40], set('/a', 'p'), version(1)),
    ],
  ])('%s', (_, story) => {
    expect(verdictOf(story)).toBe('violation')
  })
})

describe('the budget', () => {
  /** Many sets at once, all of them read, and one read that nothing explains. */
  function hard(): Story {
    const story = begun()
    for (let writer = 0; writer < 12; writer += 1) {
      story.ok(`w${writer}`, [10, 90], set('/a', `${writer}`))
    }
    return story.ok('q', [95, 99], { type: 'get', path: '/a', read: 'linearizable' }, read('x', 12))
  }

  test('a search that was given up is no pass', () => {
    const report = checkBlackBox(hard().entries, { maxSteps: 5 })

    expect(report.verdict).toBe('unknown')
    expect(report.undecided).toEqual(['/a'])
    expect(report.problems).toEqual([])
  })

  test('what is wrong elsewhere is still wrong', () => {
    const story = hard().ok('q', [95, 99], get('/b'), read('x', 0))

    expect(checkBlackBox(story.entries, { maxSteps: 5 }).verdict).toBe('violation')
  })

  test('with a budget that suffices it is decided', () => {
    expect(checkBlackBox(hard().entries).verdict).toBe('violation')
  })
})

describe('what may go by itself', () => {
  const begun = () => new Story().ok('p', [0, 9], createReapable('/t', 'p'), version(0))

  test('is there, or is gone at some time; and then another one may come', () => {
    const story = begun()
      .ok('q', [10, 19], get('/t'), read('p', 0))
      .ok('q', [20, 29], get('/t'), null)
      .ok('q', [30, 39], createReapable('/t', 'q'), version(0))
      .ok('q', [40, 49], get('/t'), null)

    expect(verdictOf(story)).toBe('ok')
  })

  test('goes without its session, and not twice', () => {
    const story = begun()
      .ok('p', [10, 19], { type: 'close-session' })
      .ok('q', [20, 29], get('/t'), read('p', 0))
      .ok('q', [30, 39], get('/t'), null)
    expect(verdictOf(story)).toBe('ok')

    expect(verdictOf(story.ok('q', [40, 49], get('/t'), read('p', 0)))).toBe('violation')
  })

  test('does not go while it has a child', () => {
    const story = begun()
      .ok('p', [10, 19], create('/t/child', 'c'), version(0))
      .ok('q', [20, 29], get('/t'), null)
      .ok('q', [30, 39], children('/t'), { names: ['child'] })
    expect(verdictOf(story)).toBe('violation')
  })

  test('is never what a plain create makes', () => {
    const story = begun()
      .ok('p', [10, 19], remove('/t'))
      .ok('p', [20, 29], create('/t', 'again'), version(0))
      .ok('q', [30, 39], get('/t'), null)
    expect(verdictOf(story)).toBe('violation')
  })
})

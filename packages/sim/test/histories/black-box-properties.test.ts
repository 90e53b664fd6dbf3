import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { checkBlackBox } from '../../src/histories/black-box.ts'
import type { CallEntry, HistoryOperation } from '../../src/histories/entry.ts'
import { Random } from '../../src/prng.ts'
import { drawHistory, everyKind, type Shape } from './generated.ts'

vi.setConfig({ testTimeout: 60_000 })

const seeds = fc.integer({ min: 0, max: 2 ** 31 })

describe('C11: histories of a service that is right', () => {
  test.each<[string, Shape]>([
    [
      'one znode, many clients',
      {
        calls: 150,
        clients: 12,
        paths: ['/a'],
        unknownShare: 0.05,
        kinds: ['create', 'set', 'set-version', 'delete', 'get', 'exists', 'local-get', 'sync'],
      },
    ],
    [
      'everything at once',
      {
        calls: 120,
        clients: 6,
        paths: ['/a', '/b', '/a/x', '/a/y'],
        unknownShare: 0.05,
        kinds: everyKind,
      },
    ],
    [
      'most answers are lost',
      {
        calls: 60,
        clients: 4,
        paths: ['/a', '/b'],
        unknownShare: 0.4,
        kinds: ['create', 'set', 'get', 'local-get', 'delete'],
      },
    ],
  ])('pass: %s', (_, shape) => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { verdict, problems } = checkBlackBox(drawHistory(seed, shape).entries)

        expect(problems).toEqual([])
        expect(verdict).toBe('ok')
      }),
      { numRuns: 25 },
    )
  })
})

interface Znode {
  readonly version: number
  readonly value: string | null
}

/** What a call makes of one znode when it is next; `undefined` when it cannot be. */
function next(
  { operation, outcome, error, result }: CallEntry,
  old: Znode | null,
): Znode | null | undefined {
  if ('read' in operation) {
    if (old === null) return result === null ? null : undefined
    return result?.stat?.version === old.version && result.value === old.value ? old : undefined
  }
  if (outcome === 'not-applied') {
    switch (error) {
      case 'NODE_EXISTS':
        return old ?? undefined
      case 'NO_NODE':
        return old === null ? null : undefined
      default:
        return old
    }
  }
  if (operation.type === 'create') {
    return old === null ? { version: 0, value: operation.value } : undefined
  }
  if (old === null) return undefined
  if (operation.type === 'delete') return null
  if (operation.type !== 'set') return undefined
  const version = old.version + 1
  if (outcome === 'ok' && result?.stat?.version !== version) return undefined
  if (operation.version !== undefined && operation.version !== old.version) return undefined
  return { version, value: operation.value }
}

function mustPrecede(a: CallEntry, b: CallEntry): boolean {
  if (a === b || a.outcome === 'unknown') return false
  const isBefore = a.returnedAt !== null && a.returnedAt < b.calledAt
  const isLocal = 'read' in b.operation && b.operation.read === 'local'
  // A local read shows any state since what its session has seen, up to its own return.
  return isLocal ? isBefore && a.session === b.session : isBefore
}

/** Tries every order of every choice of unanswered calls. */
function hasOrder(calls: readonly CallEntry[]): boolean {
  const search = (left: readonly CallEntry[], state: Znode | null): boolean => {
    if (left.every((call) => call.outcome === 'unknown')) return true
    return left.some((call) => {
      const others = left.filter((one) => one !== call)
      if (others.some((one) => mustPrecede(one, call))) return false
      const after = next(call, state)
      return after !== undefined && search(others, after)
    })
  }
  return search(calls, null)
}

/** A few calls on one znode with results that may be anything. */
function drawAnything(seed: number): CallEntry[] {
  const random = new Random(seed, 'workload')
  const freeAt = [0, 0, 0]
  return Array.from({ length: random.integer(2, 6) }, (_, index): CallEntry => {
    const who = random.integer(0, 2)
    const calledAt = (freeAt[who] ?? 0) + random.integer(1, 6)
    const returnedAt = calledAt + random.integer(0, 8)
    freeAt[who] = returnedAt
    const base = { type: 'call' as const, session: `s${who}`, id: index, calledAt, returnedAt }
    const kind = random.pick(['create', 'set', 'set', 'delete', 'get', 'get', 'local'] as const)
    const value = random.pick(['p', 'q'])
    const stat = { version: random.integer(0, 2) }
    if (kind === 'get' || kind === 'local') {
      const read = kind === 'get' ? ('linearizable' as const) : ('local' as const)
      const result = random.chance(0.2) ? null : { value, stat }
      return { ...base, operation: { type: 'get', path: '/a', read }, outcome: 'ok', result }
    }
    const operation: HistoryOperation =
      kind === 'delete' ? { type: 'delete', path: '/a' } : { type: kind, path: '/a', value }
    if (random.chance(0.25)) return { ...base, operation, outcome: 'unknown' }
    if (random.chance(0.2)) {
      const error = kind === 'create' ? 'NODE_EXISTS' : 'NO_NODE'
      return { ...base, operation, outcome: 'not-applied', error }
    }
    const result = kind === 'create' ? { path: '/a', stat: { version: 0 } } : { stat }
    return { ...base, operation, outcome: 'ok', result }
  })
}

test('the search agrees with every permutation, on small histories', () => {
  let legal = 0
  let total = 0
  fc.assert(
    fc.property(seeds, (seed) => {
      const calls = drawAnything(seed)
      const expected = hasOrder(calls)
      total += 1
      if (expected) legal += 1

      expect(checkBlackBox(calls).verdict).toBe(expected ? 'ok' : 'violation')
    }),
    { numRuns: 1_000 },
  )

  // Neither answer is the only one.
  expect(legal).toBeGreaterThan(total / 50)
  expect(legal).toBeLessThan(total - total / 50)
})

test('5,000 calls of 20 clients on one znode, one in a hundred unanswered, are soon judged', () => {
  const { entries } = drawHistory(1, {
    calls: 5_000,
    clients: 20,
    paths: ['/a'],
    unknownShare: 0.02,
    kinds: ['create', 'set', 'set', 'set-version', 'get', 'get', 'get', 'exists'],
  })
  const unanswered = entries.filter((call) => call.outcome === 'unknown').length

  const { verdict, steps, operations } = checkBlackBox(entries)

  expect(verdict).toBe('ok')
  expect(operations).toBeGreaterThan(4_900)
  expect(unanswered).toBeGreaterThan(30)
  expect(steps).toBeLessThan(500_000)
})

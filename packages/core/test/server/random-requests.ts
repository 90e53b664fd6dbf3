/** Random requests over few short paths, so that they meet, collide and fail in every way. */
import fc from 'fast-check'
import type { CreateMode, Operation, TreeRequest } from '../../src/internal.ts'

const name = fc.constantFrom('a', 'b', 'c')
const path = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => `/${names.join('/')}`),
  },
  { weight: 1, arbitrary: fc.constantFrom('/', 'a', '/a/', '/b/c/', '/a//b', '/.') },
)
/** Quotas of `/a`, and of what is below it: limits, stats, and what is neither. */
const quotaPath = fc.constantFrom(
  ...['', '/a', '/a/b', '/b', '/zookeeper', 's/a'].flatMap((of) => [
    `/zookeeper/quota${of}/zookeeper_limits`,
    `/zookeeper/quota${of}/zookeeper_stats`,
  ]),
)
const texts = (...all: readonly string[]): fc.Arbitrary<Uint8Array> =>
  fc.constantFrom(...all.map((text) => new TextEncoder().encode(text)))
export const hardLimits = texts(
  'count=-1,bytes=-1=;byteHardLimit=3;countHardLimit=4',
  'count=1,bytes=-1=;countHardLimit=2',
  'byteHardLimit=2,count=x',
)
const quotaData = fc.oneof(hardLimits, texts('count=1,bytes=2', 'nonsense', ''))

const version = fc.constantFrom(-1, -1, -1, 0, 1, 2)
const data = fc.constantFrom(null, new Uint8Array(), new Uint8Array([1]), new Uint8Array([2, 3]))
const often = fc.constantFrom(true, false, false)

const mode: fc.Arbitrary<CreateMode> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('persistent', 'persistent', 'ephemeral', 'container') },
  { weight: 1, arbitrary: fc.constant({ ttlMs: 20 }) },
)
/** What may be asked for, some of which is none. */
const acl = fc
  .array(
    fc.record({
      permissions: fc.constantFrom(31, 31, 1, 6, 15, 16),
      who: fc.constantFrom(
        { scheme: 'world', id: 'anyone' },
        { scheme: 'auth', id: '' },
        { scheme: 'digest', id: 'one:x' },
        { scheme: 'digest', id: 'two:x' },
      ),
    }),
    { maxLength: 3 },
  )
  .map((entries) => entries.map(({ permissions, who }) => ({ permissions, ...who })))

const createOperation = fc.record({
  type: fc.constant('create' as const),
  path,
  data,
  mode,
  sequential: often,
  acl: fc.option(acl, { freq: 2 }),
})
const setOperation = fc.record({ type: fc.constant('set' as const), path, data, version })
const deleteOperation = fc.record({ type: fc.constant('delete' as const), path, version })
const checkOperation = fc.record({ type: fc.constant('check' as const), path, version })

const operation: fc.Arbitrary<Operation> = fc.oneof(
  createOperation,
  setOperation,
  deleteOperation,
  checkOperation,
)

/** A quota as its limits have it. */
export function quotaOf(path: string, limits: Uint8Array): TreeRequest[] {
  return [`${path}/zookeeper_limits`, `${path}/zookeeper_stats`].map((one) => ({
    ...{ type: 'create', path: `/zookeeper/quota${one}`, data: limits, mode: 'persistent' },
    ...{ sequential: false, acl: null, parents: true },
  }))
}

/** What makes, changes and takes back quotas. */
const quotaWrite: fc.Arbitrary<TreeRequest> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      ...{ type: fc.constant('create' as const), path: quotaPath, data: quotaData },
      ...{ mode: fc.constant('persistent' as const), sequential: fc.constant(false) },
      ...{ acl: fc.constant(null), parents: fc.constant(true) },
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      ...{ type: fc.constant('set' as const), path: quotaPath, data: quotaData, version },
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      ...{ type: fc.constant('delete' as const), path: quotaPath, version },
      recursive: fc.constant(false),
    }),
  },
)

/** Any write of a session but its end. */
export const anyWrite: fc.Arbitrary<TreeRequest> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(createOperation, often).map(([one, parents]) => ({ ...one, parents })),
  },
  { weight: 3, arbitrary: setOperation },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('set-acl' as const), path, acl, version }),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(deleteOperation, often).map(([one, recursive]) => ({ ...one, recursive })),
  },
  {
    weight: 3,
    arbitrary: fc
      .array(operation, { maxLength: 4 })
      .map((operations) => ({ type: 'transaction' as const, operations })),
  },
)

/** What fills a subtree that has one. */
const filling: fc.Arbitrary<TreeRequest> = fc
  .tuple(fc.constantFrom('/a', '/a/b', '/a/', '/a/b/'), data, often)
  .map(([path, data, isSet]): TreeRequest => {
    if (isSet && !path.endsWith('/')) return { type: 'set', path, data, version: -1 }
    const shape = { mode: 'persistent', acl: null, parents: false } as const
    return { type: 'create', path, data, sequential: path.endsWith('/'), ...shape }
  })

/** Any write of a session but its end, in a tree with quotas. */
export const anyWriteUnderQuotas: fc.Arbitrary<TreeRequest> = fc.oneof(
  { weight: 1, arbitrary: quotaWrite },
  { weight: 2, arbitrary: filling },
  { weight: 2, arbitrary: anyWrite },
)

/** Any write, now and then the last one. */
export const anyRequest: fc.Arbitrary<TreeRequest> = fc.oneof(
  { weight: 20, arbitrary: anyWrite },
  { weight: 1, arbitrary: fc.constant({ type: 'close-session' as const }) },
)

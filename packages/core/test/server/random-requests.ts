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

/** Any write, now and then the last one. */
export const anyRequest: fc.Arbitrary<TreeRequest> = fc.oneof(
  { weight: 20, arbitrary: anyWrite },
  { weight: 1, arbitrary: fc.constant({ type: 'close-session' as const }) },
)

/** Anything that a txn, a page or a znode can be, for the property tests. */
import {
  type Acl,
  defaultLimits,
  errorCodes,
  makeZxid,
  maxCounter,
  maxEpoch,
  maxTtlMs,
  neverReaped,
  noPage,
  reapedWhenEmptied,
  type Configuration,
  type ErrorCode,
  type Limits,
  type PageDraft,
  type Reap,
  type SessionId,
  type TreeTxn,
  type Txn,
  type Zxid,
} from '@conclave/core/internal'
import fc from 'fast-check'

/** Plain objects, as the core makes them. */
function record<T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(fields, { noNullPrototype: true })
}

export const anyCount = fc.maxSafeNat()

export const anyZxid: fc.Arbitrary<Zxid> = fc
  .tuple(fc.nat(maxEpoch), fc.nat({ max: maxCounter }))
  .map(([epoch, counter]) => makeZxid(epoch, counter))

export const anySession = anyZxid as fc.Arbitrary<number> as fc.Arbitrary<SessionId>

export const anyReap: fc.Arbitrary<Reap> = fc.oneof(
  fc.constantFrom(neverReaped, reapedWhenEmptied, maxTtlMs),
  fc.integer({ min: 1, max: maxTtlMs }),
)

const anyName = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
export const anyPath = fc
  .array(anyName, { minLength: 1, maxLength: 4 })
  .map((names) => `/${names.map((name) => name.replaceAll('/', '_')).join('/')}`)

export const anyBytes = fc.uint8Array({ maxLength: 600 })
export const anyData = fc.oneof(
  fc.constant(null),
  fc.constantFrom(...[0, 1, 64, 65, 256, 257, 1024].map((length) => new Uint8Array(length))),
  anyBytes,
)

export const anyConfiguration: fc.Arbitrary<Configuration> = record({
  ensembleId: anyCount,
  version: anyCount,
  members: fc.array(
    fc
      .tuple(
        record({ id: fc.nat(255), role: fc.constantFrom('voter' as const, 'observer' as const) }),
        fc.option(record({ host: fc.string(), port: fc.nat(65_535) })),
        fc.record(
          { weight: fc.integer({ min: 1, max: 65_535 }), group: fc.integer({ min: 1, max: 255 }) },
          { requiredKeys: [], noNullPrototype: true },
        ),
      )
      .map(([member, address, counts]) =>
        address === null ? { ...member, ...counts } : { ...member, address, ...counts },
      ),
    { maxLength: 7 },
  ),
})

export const anyAcl: fc.Arbitrary<Acl> = fc.option(
  fc.array(
    record({ permissions: fc.nat(31), scheme: fc.string({ maxLength: 8 }), id: fc.string() }),
    { maxLength: 4 },
  ),
)

export const anyTreeTxn: fc.Arbitrary<TreeTxn> = fc.oneof(
  record({
    type: fc.constant('create' as const),
    path: anyPath,
    data: anyData,
    ephemeralOwner: anySession,
    reap: anyReap,
    parentCreateCount: anyCount,
    acl: anyAcl,
  }),
  record({
    type: fc.constant('set' as const),
    path: anyPath,
    data: anyData,
    version: fc.integer(),
  }),
  record({ type: fc.constant('delete' as const), path: anyPath }),
  record({ type: fc.constant('check' as const), path: anyPath }),
  record({
    type: fc.constant('set-acl' as const),
    path: anyPath,
    acl: anyAcl,
    aversion: fc.integer(),
  }),
)

const anyHeader = record({
  timeMs: fc.maxSafeInteger(),
  session: anySession,
  requestId: anyCount,
})

const severalTypes = ['transaction', 'create-with-parents', 'delete-subtree'] as const

const anyBody = fc.oneof(
  { weight: 4, arbitrary: anyTreeTxn },
  record({
    type: fc.constantFrom(...severalTypes),
    txns: fc.array(anyTreeTxn, { maxLength: 20 }),
  }),
  record({
    type: fc.constant('create-session' as const),
    timeoutMs: anyCount,
    password: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    host: fc.nat(255),
  }),
  record({
    type: fc.constant('move-session' as const),
    moved: anySession,
    host: fc.nat(255),
  }),
  record({
    type: fc.constant('close-session' as const),
    closed: anySession,
    reason: fc.constantFrom('closed' as const, 'expired' as const),
    paths: fc.array(anyPath, { maxLength: 20 }),
  }),
  record({
    type: fc.constant('refuse' as const),
    code: fc.constantFrom(...(Object.keys(errorCodes) as ErrorCode[])),
    path: anyPath,
    operation: anyCount,
    limit: fc.constantFrom(null, ...(Object.keys(defaultLimits) as (keyof Limits)[])),
  }),
)

/** Any txn but a configuration, which can stand only at the end of its page. */
export const anyTxn: fc.Arbitrary<Txn> = fc
  .tuple(anyHeader, anyBody)
  .map(([header, body]) => ({ ...body, ...header }))

export const anyConfigureTxn: fc.Arbitrary<Txn> = fc
  .tuple(anyHeader, anyConfiguration)
  .map(([header, configuration]) => ({ type: 'configure', configuration, ...header }))

const anyTxns = fc
  .tuple(fc.array(anyTxn, { minLength: 1, maxLength: 30 }), fc.option(anyConfigureTxn))
  .map(([txns, last]) => (last === null ? txns : [...txns, last]))

/** A page of any epoch, behind the page before it: of the same epoch, an older one, or none. */
export const anyDraft: fc.Arbitrary<PageDraft> = fc
  .tuple(
    anyTxns,
    fc.integer({ min: 1, max: maxEpoch }),
    fc.integer({ min: 1, max: maxCounter - 100 }),
    fc.integer({ min: 0, max: 0xffffffff }),
    fc.constantFrom('none', 'same epoch', 'older epoch'),
  )
  .map(([txns, epoch, counter, crc, behind]) => {
    const reconfigures = txns.at(-1)?.type === 'configure'
    if (behind === 'same epoch') {
      const previous = { last: makeZxid(epoch, counter), crc }
      return { first: makeZxid(epoch, counter + 1), previous, reconfigures, txns }
    }
    const previous =
      behind === 'none' || epoch === 1 ? noPage : { last: makeZxid(epoch - 1, counter), crc }
    return { first: makeZxid(epoch, 1), previous, reconfigures, txns }
  })

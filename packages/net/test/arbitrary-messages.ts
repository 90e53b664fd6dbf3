/** Any message there can be: a type that is added to the union does not compile until it is here. */
import type {
  Configuration,
  ForwardedRequest,
  Message,
  Operation,
  PageEnd,
  SessionId,
  WriteRequest,
  Zxid,
} from '@conclave/core/internal'
import fc, { type Arbitrary } from 'fast-check'
import { samplePage } from '../src/suite.ts'

type Of<T extends Message['type']> = Extract<Message, { type: T }>

/** With the prototype of a literal, as decoded messages have it. */
function record<T>(fields: { [K in keyof T]: Arbitrary<T[K]> }): Arbitrary<T> {
  return fc.record(fields, { noNullPrototype: true })
}

const count = fc.oneof(fc.nat(200), fc.maxSafeNat())
const zxid = count as Arbitrary<Zxid>
const session = count as Arbitrary<SessionId>
const epoch = fc.nat(2 ** 21 - 1)
const crc = fc.nat(0xffff_ffff)
const peer = fc.nat(255)
const version = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const pageEnd: Arbitrary<PageEnd> = record({ last: zxid, crc })
const path = fc.string({ unit: 'grapheme', maxLength: 80 }).map((name) => `/${name}`)
const bytes = fc.uint8Array({ maxLength: 200 })
const data = fc.option(bytes, { nil: null })
const durationMs = fc.double({ min: 0, max: 1e9, noNaN: true }).map((ms) => (ms === 0 ? 0 : ms))

const identity = record({ scheme: fc.string({ maxLength: 10 }), id: fc.string() })
const acl = fc.array(
  fc
    .tuple(fc.integer({ min: 0, max: 31 }), identity)
    .map(([permissions, one]) => ({ permissions, ...one })),
  { maxLength: 4 },
)
const create = record({
  type: fc.constant('create' as const),
  path,
  data,
  mode: fc.oneof(
    fc.constantFrom('persistent' as const, 'ephemeral' as const, 'container' as const),
    fc.record({ ttlMs: fc.nat() }, { noNullPrototype: true }),
  ),
  sequential: fc.boolean(),
  acl: fc.option(acl),
})
const set = record({ type: fc.constant('set' as const), path, data, version })
const deletion = record({ type: fc.constant('delete' as const), path, version })
const check = record({ type: fc.constant('check' as const), path, version })

const operations: {
  readonly [T in Operation['type']]: Arbitrary<Extract<Operation, { type: T }>>
} = { create, set, delete: deletion, check }

const members = fc.array(
  fc
    .tuple(
      record({
        id: fc.integer({ min: 1, max: 255 }),
        role: fc.constantFrom('voter' as const, 'observer' as const),
      }),
      fc.option(record({ host: fc.string({ maxLength: 255 }), port: fc.nat(65_535) })),
      fc.record(
        { weight: fc.integer({ min: 1, max: 65_535 }), group: fc.integer({ min: 1, max: 255 }) },
        { requiredKeys: [], noNullPrototype: true },
      ),
    )
    .map(([member, address, counts]) =>
      address === null ? { ...member, ...counts } : { ...member, address, ...counts },
    ),
  { maxLength: 20 },
)

const requests: {
  readonly [T in WriteRequest['type']]: Arbitrary<Extract<WriteRequest, { type: T }>>
} = {
  create: fc.tuple(create, fc.boolean()).map(([one, parents]) => ({ ...one, parents })),
  set,
  delete: fc.tuple(deletion, fc.boolean()).map(([one, recursive]) => ({ ...one, recursive })),
  transaction: record({
    type: fc.constant('transaction' as const),
    operations: fc.array(fc.oneof(...Object.values(operations)), { maxLength: 6 }),
  }),
  'set-acl': record({ type: fc.constant('set-acl' as const), path, acl, version }),
  'close-session': fc.constant({ type: 'close-session' as const }),
  reconfigure: record({
    type: fc.constant('reconfigure' as const),
    members,
    version: fc.integer({ min: -1 }),
  }),
}

const forwarded: Arbitrary<ForwardedRequest> = record({
  session,
  requestId: count,
  hostedSince: zxid,
  identities: fc.array(identity, { maxLength: 3 }),
  request: fc.oneof(...Object.values(requests)),
})

const configuration: Arbitrary<Configuration> = record({
  ensembleId: count,
  version: count,
  members,
})

/** Fills in the type of a message. */
function message<T extends Message['type']>(
  type: T,
  fields: { readonly [K in Exclude<keyof Of<T>, 'type'>]: Arbitrary<Of<T>[K]> },
): Arbitrary<Of<T>> {
  return record({ type: fc.constant(type), ...fields }) as unknown as Arbitrary<Of<T>>
}

const messages: { readonly [T in Message['type']]: Arbitrary<Of<T>> } = {
  notification: message('notification', {
    role: fc.constantFrom('looking', 'leader', 'follower', 'observer'),
    round: count,
    vote: record({ leader: peer, epoch, last: zxid }),
    established: fc.boolean(),
    leadingEpoch: epoch,
    empty: fc.boolean(),
    votes: fc.boolean(),
    asks: fc.boolean(),
    configuration: fc.option(configuration),
  }),
  ping: message('ping', {
    epoch,
    round: count,
    proofsAcknowledged: count,
    proposed: zxid,
    progress: count,
  }),
  pong: message('pong', {
    epoch,
    round: count,
    proofs: fc.option(
      record({
        number: count,
        sessions: fc.array(fc.tuple(session, durationMs), { maxLength: 30 }),
      }),
      { nil: null },
    ),
    progress: count,
  }),
  'sync-request': message('sync-request', { epoch, sync: count }),
  'sync-reply': message('sync-reply', { epoch, sync: count, upTo: zxid }),
  'follower-info': message('follower-info', {
    acceptedEpoch: epoch,
    acceptedLeader: peer,
    counts: fc.boolean(),
    ensembleId: count,
  }),
  'leader-info': message('leader-info', { epoch, configuration }),
  'ack-epoch': message('ack-epoch', {
    epoch,
    currentEpoch: epoch,
    end: pageEnd,
    epochEnds: fc.array(pageEnd, { maxLength: 30 }),
  }),
  diff: message('diff', { after: pageEnd }),
  trunc: message('trunc', { to: pageEnd }),
  snap: message('snap', { at: pageEnd }),
  'snap-chunk': message('snap-chunk', { number: crc, bytes, last: fc.boolean() }),
  'snap-ack': message('snap-ack', { number: count }),
  'diff-ack': message('diff-ack', { upTo: zxid }),
  'new-leader': message('new-leader', { epoch, end: zxid }),
  'ack-new-leader': message('ack-new-leader', { epoch, upTo: zxid }),
  'up-to-date': message('up-to-date', { committed: zxid }),
  proposal: message('proposal', {
    page: fc
      .tuple(fc.integer({ min: 1, max: 1e6 }), fc.nat(2_000))
      .map(([counter, size]) => samplePage(counter, size)),
  }),
  ack: message('ack', { upTo: zxid }),
  commit: message('commit', { upTo: zxid, digest: fc.string({ maxLength: 64 }) }),
  requests: message('requests', { requests: fc.array(forwarded, { maxLength: 12 }) }),
  'session-requests': message('session-requests', {
    requests: fc.array(
      record({
        timeoutMs: durationMs,
        password: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      }),
      { maxLength: 6 },
    ),
  }),
  'session-moves': message('session-moves', {
    requests: fc.array(record({ session, replaces: zxid }), { maxLength: 12 }),
  }),
  goodbye: message('goodbye', {}),
}

/** Any message of any type. */
export const anyMessage: Arbitrary<Message> = fc.oneof(...Object.values(messages))

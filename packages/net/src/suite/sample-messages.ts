/**
 * A message of every type, and pages of any size, for the conformance suite. The pages are of a
 * format of their own: a transport is handed the parser, and knows none.
 */
import {
  makeZxid,
  PageError,
  sessionIdAt,
  type ForwardedRequest,
  type Message,
  type Page,
  type WriteRequest,
  type Zxid,
} from '@conclave/core/internal'
import { crc32 } from 'node:zlib'

const headerBytes = 33

/** A page of `size` bytes at least, whose place in the history is `counter`. */
export function samplePage(counter: number, size = 0): Page {
  const bytes = new Uint8Array(Math.max(size, headerBytes + 8))
  const view = new DataView(bytes.buffer)
  view.setFloat64(4, makeZxid(3, counter))
  view.setFloat64(12, makeZxid(3, counter))
  view.setFloat64(20, makeZxid(3, counter - 1))
  view.setUint32(28, counter * 7)
  view.setUint8(32, counter % 2)
  for (let at = headerBytes; at < bytes.length; at += 101) bytes[at] = (at * 31 + counter) % 256
  view.setUint32(0, crc32(bytes.subarray(4)))
  return parseSamplePage(bytes)
}

/** The page of these bytes; throws `PageError` when they are not one of `samplePage`. */
export function parseSamplePage(bytes: Uint8Array): Page {
  if (bytes.length < headerBytes) throw new PageError(`${bytes.length} bytes are no page`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const crc = view.getUint32(0)
  if (crc32(bytes.subarray(4)) !== crc) throw new PageError('the CRC does not match')
  return {
    first: view.getFloat64(4) as Zxid,
    last: view.getFloat64(12) as Zxid,
    previousLast: view.getFloat64(20) as Zxid,
    previousCrc: view.getUint32(28),
    crc,
    reconfigures: view.getUint8(32) === 1,
    bytes,
  }
}

const session = sessionIdAt(makeZxid(2, 17))

/** One of every kind of write, with data absent, empty and present. */
export const sampleRequests: readonly WriteRequest[] = [
  {
    type: 'create',
    path: '/a',
    data: null,
    mode: 'persistent',
    sequential: false,
    acl: null,
    parents: true,
  },
  {
    type: 'create',
    path: '/locks/größe-',
    data: new Uint8Array(0),
    mode: 'ephemeral',
    sequential: true,
    acl: [{ permissions: 31, scheme: 'digest', id: 'ann:größe' }],
    parents: false,
  },
  { type: 'set', path: '/a', data: Uint8Array.of(0, 1, 255), version: -1 },
  { type: 'set', path: '/a', data: null, version: 2 ** 31 - 1 },
  { type: 'delete', path: '/a/b', version: 4, recursive: true },
  {
    type: 'transaction',
    operations: [
      { type: 'check', path: '/a', version: 0 },
      { type: 'create', path: '/b', data: null, mode: 'ephemeral', sequential: false, acl: [] },
      { type: 'set', path: '/c', data: new Uint8Array(300).fill(9), version: 1 },
      { type: 'delete', path: '/d', version: -1 },
    ],
  },
  { type: 'transaction', operations: [] },
  {
    type: 'set-acl',
    path: '/a',
    acl: [{ permissions: 1, scheme: 'world', id: 'anyone' }],
    version: -1,
  },
  { type: 'close-session' },
  { type: 'reconfigure', members: [{ id: 4, role: 'voter' }], version: 3 },
]

function forwarded(request: WriteRequest, index: number): ForwardedRequest {
  const identities = index % 2 === 0 ? [] : [{ scheme: 'digest', id: 'ann:x' }]
  return { session, requestId: index + 1, hostedSince: makeZxid(2, 17), identities, request }
}

const samples: { readonly [T in Message['type']]: Extract<Message, { type: T }> } = {
  notification: {
    type: 'notification',
    role: 'follower',
    round: 7,
    vote: { leader: 3, epoch: 2, last: makeZxid(2, 9) },
    established: true,
    leadingEpoch: 4,
    empty: false,
    votes: true,
    asks: false,
    configuration: { ensembleId: 77, version: 1, members: [{ id: 1, role: 'voter' }] },
  },
  ping: {
    type: 'ping',
    epoch: 4,
    round: 12,
    proofsAcknowledged: 11,
    proposed: makeZxid(4, 5),
    progress: 2 ** 40,
  },
  pong: {
    type: 'pong',
    epoch: 4,
    round: 0,
    proofs: {
      number: 3,
      sessions: [
        [session, 0],
        [sessionIdAt(makeZxid(3, 1)), 12.75],
      ],
    },
    progress: 1,
  },
  'sync-request': { type: 'sync-request', epoch: 4, sync: 1 },
  'sync-reply': { type: 'sync-reply', epoch: 4, sync: 1, upTo: makeZxid(4, 2) },
  'follower-info': {
    type: 'follower-info',
    acceptedEpoch: 3,
    acceptedLeader: 2,
    counts: true,
    ensembleId: Number.MAX_SAFE_INTEGER,
  },
  'leader-info': {
    type: 'leader-info',
    epoch: 2 ** 21 - 1,
    configuration: {
      ensembleId: 77,
      version: 2,
      members: [
        { id: 1, role: 'voter' },
        { id: 255, role: 'observer', address: { host: '10.0.0.7', port: 7000 } },
      ],
    },
  },
  'ack-epoch': {
    type: 'ack-epoch',
    epoch: 4,
    currentEpoch: 3,
    end: { last: makeZxid(3, 8), crc: 0xffff_ffff },
    epochEnds: [
      { last: makeZxid(3, 8), crc: 0xffff_ffff },
      { last: makeZxid(1, 2), crc: 0 },
    ],
  },
  diff: { type: 'diff', after: { last: makeZxid(3, 8), crc: 5 } },
  trunc: { type: 'trunc', to: { last: makeZxid(3, 7), crc: 6 } },
  snap: { type: 'snap', at: { last: makeZxid(3, 6), crc: 7 } },
  'snap-chunk': { type: 'snap-chunk', number: 2, bytes: Uint8Array.of(1, 2, 3), last: true },
  'snap-ack': { type: 'snap-ack', number: 2 },
  'diff-ack': { type: 'diff-ack', upTo: makeZxid(3, 8) },
  'new-leader': { type: 'new-leader', epoch: 4, end: makeZxid(3, 8) },
  'ack-new-leader': { type: 'ack-new-leader', epoch: 4, upTo: makeZxid(3, 8) },
  'up-to-date': { type: 'up-to-date', committed: makeZxid(3, 8) },
  proposal: { type: 'proposal', page: samplePage(9) },
  ack: { type: 'ack', upTo: makeZxid(4, 1) },
  commit: { type: 'commit', upTo: makeZxid(4, 1), digest: '0123456789abcdef' },
  requests: { type: 'requests', requests: sampleRequests.map(forwarded) },
  'session-requests': {
    type: 'session-requests',
    requests: [{ timeoutMs: 10_000, password: new Uint8Array(16).fill(3) }],
  },
  'session-moves': {
    type: 'session-moves',
    requests: [{ session, replaces: makeZxid(4, 1) }],
  },
  goodbye: { type: 'goodbye' },
}

/** A message of every type there is. */
export const sampleMessages: readonly Message[] = Object.values(samples)

/**
 * Messages as positional tuples: a number for the type, then its fields in a fixed order. Each type
 * has its two directions side by side. Pages and chunks of snapshots are not here: they travel as
 * frames of their own, as the bytes they are (codec.ts).
 *
 * What comes in is checked for its shape and for ranges that hold in every phase. Whether it may be
 * said now, by this peer, is agreement's to judge (Z14).
 */
import type { Message, PageEnd, Role, SessionId } from '@conclave/core/internal'
import {
  readConfiguration,
  readConfigurationOrNull,
  writeConfiguration,
} from './configuration-codec.ts'
import { maxListLength } from './limits.ts'
import { ProtocolError } from './protocol-error.ts'
import {
  readForwardedRequest,
  readSessionMove,
  readSessionRequest,
  writeForwardedRequest,
  writeSessionMove,
  writeSessionRequest,
} from './request-codec.ts'
import { Tuple } from './tuple.ts'

/** The messages that travel as tuples. */
export type TupleMessage = Exclude<Message, { type: 'proposal' | 'snap-chunk' }>

interface Shape<M> {
  /** Names the type on the wire; never reused. */
  readonly number: number
  readonly write: (message: M) => unknown[]
  readonly read: (tuple: Tuple) => M
}

const roles: readonly Role[] = ['looking', 'leader', 'follower', 'observer']
const maxDigestLength = 64

const shapes: { readonly [T in TupleMessage['type']]: Shape<Extract<TupleMessage, { type: T }>> } =
  {
    notification: {
      number: 1,
      write: (m) => [
        roles.indexOf(m.role),
        m.round,
        m.vote.leader,
        m.vote.epoch,
        m.vote.last,
        m.established,
        m.leadingEpoch,
        m.empty,
        m.votes,
        m.asks,
        m.configuration === null ? null : writeConfiguration(m.configuration),
      ],
      read: (tuple) => ({
        type: 'notification',
        role: tuple.choice('role', roles),
        round: tuple.count('round'),
        vote: {
          leader: tuple.peer('vote'),
          epoch: tuple.epoch('epoch of vote'),
          last: tuple.zxid('last of vote'),
        },
        established: tuple.boolean('established'),
        leadingEpoch: tuple.epoch('leadingEpoch'),
        empty: tuple.boolean('empty'),
        votes: tuple.boolean('votes'),
        asks: tuple.boolean('asks'),
        configuration: readConfigurationOrNull(tuple.tupleOrNull('configuration')),
      }),
    },
    ping: {
      number: 2,
      write: (m) => [m.epoch, m.round, m.proofsAcknowledged, m.proposed, m.progress],
      read: (tuple) => ({
        type: 'ping',
        epoch: tuple.epoch('epoch'),
        round: tuple.count('round'),
        proofsAcknowledged: tuple.count('proofsAcknowledged'),
        proposed: tuple.zxid('proposed'),
        progress: tuple.count('progress'),
      }),
    },
    pong: {
      number: 3,
      write: (m) => [
        m.epoch,
        m.round,
        m.proofs === null
          ? null
          : [m.proofs.number, bounded('proofs', m.proofs.sessions).flatMap((proof) => [...proof])],
        m.progress,
      ],
      read: (tuple) => ({
        type: 'pong',
        epoch: tuple.epoch('epoch'),
        round: tuple.count('round'),
        proofs: readProofs(tuple.tupleOrNull('proofs')),
        progress: tuple.count('progress'),
      }),
    },
    'sync-request': {
      number: 4,
      write: (m) => [m.epoch, m.sync],
      read: (tuple) => ({
        type: 'sync-request',
        epoch: tuple.epoch('epoch'),
        sync: tuple.count('sync'),
      }),
    },
    'sync-reply': {
      number: 5,
      write: (m) => [m.epoch, m.sync, m.upTo],
      read: (tuple) => ({
        type: 'sync-reply',
        epoch: tuple.epoch('epoch'),
        sync: tuple.count('sync'),
        upTo: tuple.zxid('upTo'),
      }),
    },
    'follower-info': {
      number: 16,
      write: (m) => [m.acceptedEpoch, m.acceptedLeader, m.counts, m.ensembleId],
      read: (tuple) => ({
        type: 'follower-info',
        acceptedEpoch: tuple.epoch('acceptedEpoch'),
        acceptedLeader: tuple.peer('acceptedLeader'),
        counts: tuple.boolean('counts'),
        ensembleId: tuple.count('ensembleId'),
      }),
    },
    'leader-info': {
      number: 17,
      write: (m) => [m.epoch, writeConfiguration(m.configuration)],
      read: (tuple) => ({
        type: 'leader-info',
        epoch: tuple.epoch('epoch'),
        configuration: readConfiguration(tuple.tuple('configuration')),
      }),
    },
    'ack-epoch': {
      number: 18,
      write: (m) => [
        m.epoch,
        m.currentEpoch,
        m.end.last,
        m.end.crc,
        bounded('epochEnds', m.epochEnds).flatMap((end) => [end.last, end.crc]),
      ],
      read: (tuple) => ({
        type: 'ack-epoch',
        epoch: tuple.epoch('epoch'),
        currentEpoch: tuple.epoch('currentEpoch'),
        end: tuple.pageEnd('end'),
        epochEnds: readPageEnds(tuple.list('epochEnds', 2 * maxListLength)),
      }),
    },
    diff: {
      number: 19,
      write: (m) => [m.after.last, m.after.crc],
      read: (tuple) => ({ type: 'diff', after: tuple.pageEnd('after') }),
    },
    trunc: {
      number: 20,
      write: (m) => [m.to.last, m.to.crc],
      read: (tuple) => ({ type: 'trunc', to: tuple.pageEnd('to') }),
    },
    snap: {
      number: 21,
      write: (m) => [m.at.last, m.at.crc],
      read: (tuple) => ({ type: 'snap', at: tuple.pageEnd('at') }),
    },
    'snap-ack': {
      number: 22,
      write: (m) => [m.number],
      read: (tuple) => ({ type: 'snap-ack', number: tuple.count('number') }),
    },
    'diff-ack': {
      number: 31,
      write: (m) => [m.upTo],
      read: (tuple) => ({ type: 'diff-ack', upTo: tuple.zxid('upTo') }),
    },
    'new-leader': {
      number: 23,
      write: (m) => [m.epoch, m.end],
      read: (tuple) => ({
        type: 'new-leader',
        epoch: tuple.epoch('epoch'),
        end: tuple.zxid('end'),
      }),
    },
    'ack-new-leader': {
      number: 24,
      write: (m) => [m.epoch, m.upTo],
      read: (tuple) => ({
        type: 'ack-new-leader',
        epoch: tuple.epoch('epoch'),
        upTo: tuple.zxid('upTo'),
      }),
    },
    'up-to-date': {
      number: 25,
      write: (m) => [m.committed],
      read: (tuple) => ({ type: 'up-to-date', committed: tuple.zxid('committed') }),
    },
    ack: {
      number: 26,
      write: (m) => [m.upTo],
      read: (tuple) => ({ type: 'ack', upTo: tuple.zxid('upTo') }),
    },
    commit: {
      number: 27,
      write: (m) => [m.upTo, m.digest],
      read: (tuple) => ({
        type: 'commit',
        upTo: tuple.zxid('upTo'),
        digest: tuple.string('digest', maxDigestLength),
      }),
    },
    requests: {
      number: 28,
      write: (m) => [m.requests.map(writeForwardedRequest)],
      read: (tuple) => ({
        type: 'requests',
        requests: tuple.list('requests').map(readForwardedRequest),
      }),
    },
    'session-requests': {
      number: 29,
      write: (m) => [m.requests.map(writeSessionRequest)],
      read: (tuple) => ({
        type: 'session-requests',
        requests: tuple.list('requests').map(readSessionRequest),
      }),
    },
    'session-moves': {
      number: 32,
      write: (m) => [m.requests.map(writeSessionMove)],
      read: (tuple) => ({
        type: 'session-moves',
        requests: tuple.list('requests').map(readSessionMove),
      }),
    },
    goodbye: { number: 30, write: () => [], read: () => ({ type: 'goodbye' }) },
  }

const typesByNumber = new Map(
  Object.entries(shapes).map(([type, shape]) => [shape.number, type as TupleMessage['type']]),
)

/** The message as a tuple. Throws `ProtocolError` when it exceeds what a peer would accept. */
export function writeMessage(message: TupleMessage): unknown[] {
  // The shape of a message's own type takes it; the table cannot say so in its index type.
  const shape = shapes[message.type] as Shape<TupleMessage>
  return [shape.number, ...shape.write(message)]
}

/** The message of a tuple that came from outside. Throws `ProtocolError` when there is none. */
export function readMessage(value: unknown): TupleMessage {
  const number: unknown = Array.isArray(value) ? value[0] : undefined
  const type = typeof number === 'number' ? typesByNumber.get(number) : undefined
  if (type === undefined) {
    throw new ProtocolError(
      'MESSAGE_MALFORMED',
      `no message has the type ${typeof number === 'number' ? String(number) : typeof number}; ` +
        'run the same version on all peers',
    )
  }
  const tuple = new Tuple(value, type)
  tuple.count('type')
  const message = shapes[type].read(tuple)
  tuple.end()
  return message
}

function bounded<T>(what: string, list: readonly T[]): readonly T[] {
  if (list.length <= maxListLength) return list
  throw new ProtocolError(
    'MESSAGE_TOO_LONG',
    `${what} of ${String(list.length)} exceed ${String(maxListLength)}`,
  )
}

function readProofs(tuple: Tuple | null) {
  if (tuple === null) return null
  const number = tuple.count('number')
  const flat = tuple.tuple('sessions')
  tuple.end()
  const sessions: [SessionId, number][] = []
  while (flat.more) sessions.push([flat.count('session') as SessionId, flat.durationMs('age')])
  return { number, sessions }
}

function readPageEnds(list: readonly unknown[]): PageEnd[] {
  const flat = new Tuple(list, 'epochEnds')
  const ends: PageEnd[] = []
  while (flat.more) ends.push(flat.pageEnd('end'))
  return ends
}

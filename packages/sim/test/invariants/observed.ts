/** Synthetic runs, to show each invariant what it must not let pass. */
import {
  noPage,
  type CoreView,
  type Effect,
  type Event,
  type LogRecord,
  type Page,
  type PeerId,
  type SessionId,
  type Txn,
  type WriteRequest,
  type Zxid,
} from '@conclave/core/internal'
import { CommittedLog } from '../../src/committed-log.ts'
import { History, SessionHistory, type Answer, type Call } from '../../src/history.ts'
import { LogImage } from '../../src/log-image.ts'
import { StateModel } from '../../src/model/state-model.ts'
import type { ModelChange } from '../../src/model/tree-model.ts'
import type { Observed, ObservedPeer, Step } from '../../src/observation.ts'
import { tinyCodec } from '../tiny-codec.ts'

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** A voter that runs and has an empty disk, unless told otherwise. */
export function peer(id: PeerId, fields: Partial<ObservedPeer> = {}): Writable<ObservedPeer> {
  return {
    id,
    incarnation: 1,
    isRunning: true,
    isAmnesiac: false,
    lost: [],
    durable: new LogImage(),
    appended: new LogImage(),
    snapshot: null,
    snapshotEnd: noPage,
    nowMs: 0,
    sessionDeadlineMs: () => undefined,
    recent: undefined,
    ...fields,
  }
}

/** A log with these pages in it. */
export function logOf(...pages: readonly Page[]): LogImage {
  const image = new LogImage()
  for (const page of pages) image.apply({ type: 'page', page })
  return image
}

export function asRecords(...pages: readonly Page[]): LogRecord[] {
  return pages.map((page) => ({ type: 'page', page }))
}

/** What is known of a run: three voters, a quorum of two, and what the test puts in. */
export class SyntheticRun implements Observed {
  now = 0
  readonly peers = new Map<PeerId, ObservedPeer>()
  readonly founders = [1, 2, 3].map((id) => ({ id, role: 'voter' as const }))
  readonly committed = new CommittedLog()
  readonly model = new StateModel()
  readonly history = new History()
  readonly changes: ModelChange[] = []

  add(...peers: readonly ObservedPeer[]): this {
    for (const one of peers) this.peers.set(one.id, one)
    return this
  }

  commit(...pages: readonly Page[]): this {
    for (const page of pages) this.committed.append(page)
    return this
  }

  /** Applies one txn to the model. */
  apply(zxid: Zxid, txn: Txn): readonly ModelChange[] {
    const changed = this.model.apply(txn, zxid)
    this.changes.push(...changed)
    return changed
  }

  txnsOf(page: Page): readonly Txn[] {
    return tinyCodec.decode(page)
  }

  changesBetween(after: Zxid, upTo: Zxid): readonly ModelChange[] {
    return this.changes.filter((change) => change.zxid > after && change.zxid <= upTo)
  }

  changesAt(zxid: Zxid): readonly ModelChange[] {
    return this.changes.filter((change) => change.zxid === zxid)
  }
}

const idle: CoreView = {
  standing: {
    role: 'follower',
    phase: 'broadcast',
    leader: 1,
    epoch: 1,
    ready: true,
    missingVoters: [],
    damaged: null,
    membership: 'voter',
    configurationVersion: 1,
    isReconfiguring: false,
    reason: '',
  },
  ensembleId: 0,
  configuration: null,
  configurationBefore: null,
  acceptedEpoch: 1,
  currentEpoch: 1,
  lastLogged: 0 as Zxid,
  lastDurable: 0 as Zxid,
  lastCommitted: 0 as Zxid,
  lastApplied: 0 as Zxid,
  digest: '0',
}

/** What a peer shows of itself: a follower, unless told otherwise. */
export function view(fields: Partial<CoreView> = {}): CoreView {
  return { ...idle, ...fields }
}

/** What an established leader shows of itself. */
export function leading(epoch: number, fields: Partial<CoreView> = {}): CoreView {
  const standing = { ...idle.standing, role: 'leader', epoch } as const
  return { ...idle, standing, currentEpoch: epoch, ...fields }
}

/** A step from one view to the next. */
export function step(
  from: ObservedPeer,
  before: CoreView,
  after: CoreView,
  events: readonly Event[] = [],
  effects: readonly Effect[] = [],
): Step {
  return { peer: from, before, after, events, effects }
}

export function tick(nowMs: number): Event {
  return { type: 'tick', nowMs, wallMs: 0, appAliveMs: nowMs }
}

let lastCall = 0

/** A call of a session, with its answer. */
export function call(
  session: SessionHistory,
  answer: Answer | null,
  fields: Partial<Call> = {},
): Call {
  lastCall += 1
  const request: WriteRequest = { type: 'delete', path: '/x', version: -1, recursive: false }
  return {
    id: lastCall,
    session: session.id,
    peer: session.peer,
    request,
    calledAt: 0,
    floor: 0 as Zxid,
    answer,
    zxid: null,
    ...fields,
  }
}

export function sessionAt(host: PeerId, id = 7): SessionHistory {
  return new SessionHistory(id as SessionId, host, 1_000)
}

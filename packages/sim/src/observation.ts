/**
 * What an invariant may look at, and when it is asked: the surface between the simulator and its
 * checkers. An invariant sees peers, disks and messages from outside; it never changes anything.
 */
import type {
  CoreView,
  Delivery,
  Effect,
  Event,
  LogRecord,
  Member,
  Message,
  Page,
  PageEnd,
  PeerId,
  RecentChanges,
  RecoveredState,
  SessionId,
  Stat,
  Txn,
  Zxid,
} from '@conclave/core/internal'
import type { CommittedLog } from './committed-log.ts'
import type { Call, History, SessionCall, SessionHistory } from './history.ts'
import type { LogImage } from './log-image.ts'
import type { StateModel } from './model/state-model.ts'
import type { ModelChange } from './model/tree-model.ts'
import type { Microseconds } from './scheduler.ts'
import type { StoredSnapshot } from './stored-snapshot.ts'

/** One peer as it can be seen from outside. Changes as the run goes on. */
export interface ObservedPeer {
  readonly id: PeerId
  /** Rises with every start. */
  readonly incarnation: number
  readonly isRunning: boolean
  /** True from the loss of its store until an established leader has sent it UPTODATE (Z19). */
  readonly isAmnesiac: boolean
  /** What it held each time it lost its store, until it is whole again; otherwise nothing. */
  readonly lost: readonly LogImage[]
  /** What a restart would find in the log, and what was handed to it so far. */
  readonly durable: LogImage
  readonly appended: LogImage
  /** The durable snapshot and where it stands. */
  readonly snapshot: StoredSnapshot | null
  readonly snapshotEnd: PageEnd
  /** Its monotonic clock. */
  readonly nowMs: number
  /** Until when a session hosted here may act, by that clock; `undefined` of any other. */
  sessionDeadlineMs(session: SessionId): number | undefined
  /** The changes that it remembers; `undefined` while it does not run. */
  readonly recent: RecentChanges | undefined
}

/** What a session read from the peer that hosts it. */
export interface Reading {
  readonly path: string
  /** What was applied at the peer then. */
  readonly zxid: Zxid
  /** `null` when there was no znode. */
  readonly found: { readonly data: Uint8Array | null; readonly stat: Stat } | null
  /** The names of the children; empty when there was no znode. */
  readonly children: readonly string[]
}

/** The whole run, as it is now. */
export interface Observed {
  readonly now: Microseconds
  readonly peers: ReadonlyMap<PeerId, ObservedPeer>
  /** Who founds the ensemble. */
  readonly founders: readonly Member[]
  readonly committed: CommittedLog
  readonly model: StateModel
  readonly history: History
  /** The txns of a page, decoded once. */
  txnsOf(page: Page): readonly Txn[]
  /** What the committed pages behind `after`, up to and with `upTo`, changed, in order. */
  changesBetween(after: Zxid, upTo: Zxid): readonly ModelChange[]
  /** What the committed txn at this zxid changed, in order. */
  changesAt(zxid: Zxid): readonly ModelChange[]
}

/** One step of one peer. Its appends are handed to the disk already, nothing else is performed. */
export interface Step {
  readonly peer: ObservedPeer
  readonly events: readonly Event[]
  readonly effects: readonly Effect[]
  readonly before: CoreView
  readonly after: CoreView
}

/** One property of one run. Whatever is broken throws a `Violation`. */
export interface Invariant {
  /** The name in docs/PROTOCOL.md. */
  readonly id: string
  onStart?(peer: ObservedPeer, recovered: RecoveredState): void
  onStep?(step: Step): void
  /** A message leaves the core. */
  onSend?(from: ObservedPeer, to: PeerId, message: Message): void
  /** Records are about to be appended. */
  onAppend?(peer: ObservedPeer, records: readonly LogRecord[]): void
  onDurable?(peer: ObservedPeer, records: readonly LogRecord[]): void
  /** The peer is gone; `wiped` when its store is too. */
  onStop?(peer: ObservedPeer, wiped: boolean): void
  /** A peer was seen to commit a page that nobody was seen to commit before. */
  onCommitted?(peer: ObservedPeer, page: Page): void
  /** Each txn of a committed page, with the call that caused it: before the model takes it, and after. */
  beforeTxn?(txn: Txn, zxid: Zxid, call: Call | undefined): void
  afterTxn?(txn: Txn, zxid: Zxid, changes: readonly ModelChange[]): void
  /** Something reaches a session, in order. */
  onDelivery?(peer: ObservedPeer, session: SessionHistory, item: Delivery): void
  onAnswer?(peer: ObservedPeer, session: SessionHistory, call: Call): void
  onRead?(peer: ObservedPeer, session: SessionHistory, reading: Reading): void
  onSessionAnswer?(peer: ObservedPeer, call: SessionCall): void
  /** The faults are over, and everything has converged. */
  atEnd?(): void
}

/**
 * Everything a peer can ask of its driver. Effects are commands: they are named by imperatives.
 *
 * The driver may perform the effects of a step in any order, except that log effects keep theirs.
 * What else must stay in order lies inside one effect: a step yields at most one `send` a peer and
 * one `deliver` a session. An effect that is never answered is a crash, and is safe.
 */
import type { Membership } from './ensemble/configuration.ts'
import type { ErrorCode, Outcome } from './errors.ts'
import type { CallId } from './events.ts'
import type { PeerId, SessionId } from './ids.ts'
import type { LogRecord } from './log-record.ts'
import type { Refusal, WriteResult } from './server/request.ts'
import type { WatchEvent, WatchLimit } from './session/watch-table.ts'
import type { WireWatchEvent } from './session/wire-watches.ts'
import type { Checkpoint } from './tree/snapshot.ts'
import type { Message, Role } from './zab/messages.ts'
import type { Zxid } from './zxid.ts'

/** What the host of a session tells it, in this order. */
export type Delivery =
  /** A change that a watch of this session waits for; before anything that could be read after it. */
  | { readonly type: 'watch-event'; readonly watch: number; readonly event: WatchEvent }
  /** Changes were skipped that this watch may have waited for: what is read from now on has them. */
  | { readonly type: 'watch-gap'; readonly watch: number }
  /** There is no room for the watch, which is not there: this bound is reached. */
  | { readonly type: 'watch-refused'; readonly watch: number; readonly limit: WatchLimit }
  /** A change, for a client of ZooKeeper's protocol; `zxid` is `null` of what it had missed before. */
  | {
      readonly type: 'wire-event'
      readonly event: WireWatchEvent['type']
      readonly path: string
      readonly zxid: Zxid | null
    }
  /** Not all that it watches is told: it has to connect anew and say what it watches. */
  | { readonly type: 'wire-gap'; readonly detail: string }
  /** The answer to `wire-watches-asked`, whether there were any, and to `wire-watches-restored`. */
  | { readonly type: 'wire-watches'; readonly call: CallId; readonly found: boolean }
  /** The write was committed at `zxid` and applied here. */
  | {
      readonly type: 'reply'
      readonly call: CallId
      readonly zxid: Zxid
      readonly result: WriteResult
    }
  /** The write was refused; nothing was applied. */
  | {
      readonly type: 'refused'
      readonly call: CallId
      readonly zxid: Zxid
      readonly refusal: Refusal
      /** The version that the znode had when it was judged, but for what the same transaction did. */
      readonly version: number | null
    }
  /** The call ends without an answer from the ensemble. */
  | {
      readonly type: 'failed'
      readonly call: CallId
      readonly code: ErrorCode
      readonly outcome: Outcome
      /** A sentence that says what happened. */
      readonly detail: string
    }
  /** Everything up to `zxid` is applied here, and nothing later was committed before the call. */
  | { readonly type: 'synced'; readonly call: CallId; readonly zxid: Zxid }
  /** The session is over, by a committed txn. Nothing follows. */
  | { readonly type: 'ended'; readonly reason: 'closed' | 'expired' | 'moved' }

/** What a peer is and knows: for `status()` and events. A new object whenever anything changes. */
export interface Standing {
  readonly role: Role
  readonly phase: 'election' | 'discovery' | 'synchronization' | 'broadcast'
  /** The leader that is followed or tried, or 0. */
  readonly leader: PeerId
  /** The currentEpoch. */
  readonly epoch: number
  /** True in broadcast: a leader is established and this peer is synced with it. */
  readonly ready: boolean
  /** While a new ensemble is being founded: the listed voters that do not answer. */
  readonly missingVoters: readonly PeerId[]
  /** Why this store was set aside, until an established leader has healed it. */
  readonly damaged: string | null
  /** What this peer is by the configuration in force, and the version of that; 0 before founding. */
  readonly membership: Membership
  readonly configurationVersion: number
  /** The one before it counts as well: this one is not known to be committed. */
  readonly isReconfiguring: boolean
  /** A sentence for people: why the peer is where it is. */
  readonly reason: string
}

export type Effect =
  /** Append the records in order, as one durable write; answer `log-synced`. */
  | { readonly type: 'append-log'; readonly seq: number; readonly records: readonly LogRecord[] }
  /** Pages up to and with `upTo` are not needed any more. Not answered. */
  | { readonly type: 'purge-log'; readonly upTo: Zxid }
  /** Read consecutive pages behind the page that ends at `after`, up to `maxBytes` but one at least. */
  | {
      readonly type: 'read-log'
      readonly reader: number
      readonly after: Zxid
      readonly maxBytes: number
    }
  /** Write the checkpoint in one atomic, synced batch; answer `checkpoint-written`. */
  | { readonly type: 'write-checkpoint'; readonly checkpoint: Checkpoint }
  /** Open the snapshot as it is now for reading; answer `snapshot-opened`. */
  | { readonly type: 'open-snapshot'; readonly transfer: number }
  /** Read the next chunk; answer `snapshot-read`. */
  | { readonly type: 'read-snapshot'; readonly transfer: number }
  /** Write a chunk into a new snapshot, beginning one at number 0; answer `snapshot-written`. */
  | {
      readonly type: 'write-snapshot'
      readonly transfer: number
      readonly number: number
      readonly bytes: Uint8Array
      readonly last: boolean
    }
  /** The transfer, either way, is over or given up: free what it holds. Not answered. */
  | { readonly type: 'close-snapshot'; readonly transfer: number }
  /** Send in order, each message on its lane. Lost when the link is down. */
  | { readonly type: 'send'; readonly to: PeerId; readonly messages: readonly Message[] }
  /** Break the link; both sides will see it go down, and it is dialled anew. */
  | { readonly type: 'disconnect'; readonly peer: PeerId; readonly reason: string }
  /** Tell a session, in order. */
  | { readonly type: 'deliver'; readonly to: SessionId; readonly items: readonly Delivery[] }
  /** The session asked for by `call` exists and is hosted here. */
  | {
      readonly type: 'open-session'
      readonly call: CallId
      readonly session: SessionId
      readonly timeoutMs: number
    }
  /** A `session-requested`, or `session-move-requested`, came to nothing. */
  | {
      readonly type: 'fail-session'
      readonly call: CallId
      readonly code: ErrorCode
      readonly outcome: Outcome
      readonly detail: string
    }
  | { readonly type: 'report'; readonly standing: Standing }
  /** Take another step once what is ready by now has been heard, even if nothing was. Not answered. */
  | { readonly type: 'step-again' }
  /** The peer has handed over what it had; it does nothing more. */
  | { readonly type: 'finish-close' }
  /** The peer must not go on: stop it, leave its data untouched, tell the application. */
  | {
      readonly type: 'fail'
      readonly code: ErrorCode
      readonly detail: string
    }

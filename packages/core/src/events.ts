/**
 * Everything that can happen to a peer. Events are facts: they are named by past participles, and
 * the core neither waits for one nor is asked again.
 */
import type { Identity } from './access/acl.ts'
import type { PeerId, SessionId } from './ids.ts'
import type { Replica } from './server/replica.ts'
import type { WriteRequest } from './server/request.ts'
import type { WatchDepth } from './session/watch-table.ts'
import type { WireWatchMode, WireWatchRestoration, WireWatchType } from './session/wire-watches.ts'
import type { Message } from './zab/messages.ts'
import type { Page, PageEnd } from './zab/page.ts'
import type { Zxid } from './zxid.ts'

/** The driver's name for a call, so that its answer finds the promise; rises within a peer. */
export type CallId = number

export type Event =
  /**
   * Time passed; the first event of every batch. `nowMs` is monotonic; `wallMs` only ever becomes a
   * field of a txn; `appAliveMs`, on the clock of `nowMs`, is when the application was last seen
   * running, which proves the life of the sessions it has here.
   */
  | {
      readonly type: 'tick'
      readonly nowMs: number
      readonly wallMs: number
      readonly appAliveMs: number
    }
  /** Both connections of a link are up and the handshake is done. */
  | { readonly type: 'link-up'; readonly peer: PeerId }
  /** A link is gone; nothing sent on it will be heard of again. */
  | { readonly type: 'link-down'; readonly peer: PeerId; readonly reason: string }
  /** A message came on the link that is up. */
  | { readonly type: 'message-received'; readonly from: PeerId; readonly message: Message }
  /** Every append up to and with `seq` is durable. */
  | { readonly type: 'log-synced'; readonly seq: number }
  /** The answer to `read-log`: consecutive pages, or none when `after` is no longer in the log. */
  | { readonly type: 'log-read'; readonly reader: number; readonly pages: readonly Page[] }
  /** The log cannot be read at the moment, and is not known to be damaged. */
  | { readonly type: 'log-read-failed'; readonly reader: number; readonly reason: string }
  /** The checkpoint is durable, and so is every record in it. */
  | { readonly type: 'checkpoint-written' }
  /** The answer to `open-snapshot`: the transfer will bring the snapshot as it is at `at`. */
  | { readonly type: 'snapshot-opened'; readonly transfer: number; readonly at: PageEnd }
  /** The answer to `read-snapshot`. */
  | {
      readonly type: 'snapshot-read'
      readonly transfer: number
      readonly number: number
      readonly bytes: Uint8Array
      readonly last: boolean
    }
  /** The answer to `write-snapshot`, but for the last chunk. */
  | { readonly type: 'snapshot-written'; readonly transfer: number; readonly number: number }
  /** The answer to the last `write-snapshot`: all of it is durable, was read back and verified. */
  | { readonly type: 'snapshot-received'; readonly transfer: number; readonly replica: Replica }
  /** The store is at work on something long, and gets on: loading, verifying. */
  | { readonly type: 'store-progressed' }
  /** A transfer, either way, came to nothing; what was written of it is gone. */
  | { readonly type: 'snapshot-failed'; readonly transfer: number; readonly reason: string }
  /** The application wants a session. */
  | {
      readonly type: 'session-requested'
      readonly call: CallId
      readonly timeoutMs: number
      readonly password: Uint8Array
    }
  /**
   * Somebody here has proved that a session is theirs, and wants it hosted here: the one that was
   * hosted since `replaces`, by another peer or by this one before it was started anew.
   */
  | {
      readonly type: 'session-move-requested'
      readonly call: CallId
      readonly session: SessionId
      readonly replaces: Zxid
    }
  /**
   * The application has a session that writes nothing, under a number below 0 that it has given to no
   * other. The ensemble is not asked, and hears nothing of it; the request to close it ends it here.
   */
  | { readonly type: 'read-only-session-opened'; readonly session: SessionId }
  /** A session that this peer hosts has proved to be this; it holds for what it asks from now on. */
  | {
      readonly type: 'session-authenticated'
      readonly session: SessionId
      readonly identities: readonly Identity[]
    }
  /** A session that this peer hosts asks for a write. */
  | {
      readonly type: 'request-received'
      readonly session: SessionId
      readonly call: CallId
      readonly request: WriteRequest
    }
  /** A caller wants to read at or past everything committed before now. */
  | { readonly type: 'sync-requested'; readonly session: SessionId; readonly call: CallId }
  /** A caller no longer waits. What was not yet forwarded will not be. */
  | { readonly type: 'call-aborted'; readonly call: CallId }
  | {
      readonly type: 'watch-added'
      readonly session: SessionId
      readonly watch: number
      readonly path: string
      readonly depth: WatchDepth
    }
  | { readonly type: 'watch-removed'; readonly session: SessionId; readonly watch: number }
  /**
   * The client of a session, which is no application of this process, gave a sign of life. From the
   * first one on, these alone prove it: `appAliveMs` says nothing of it.
   */
  | { readonly type: 'session-heard'; readonly session: SessionId }
  /** A client of ZooKeeper's protocol watches a path, on its present connection. */
  | {
      readonly type: 'wire-watch-added'
      readonly session: SessionId
      readonly path: string
      readonly mode: WireWatchMode
    }
  /** It asks whether it has such watches; with `removes`, to take them back. */
  | {
      readonly type: 'wire-watches-asked'
      readonly session: SessionId
      readonly call: CallId
      readonly path: string
      readonly watches: WireWatchType
      readonly removes: boolean
    }
  /** It has another connection, and says what it watched on the one before. */
  | {
      readonly type: 'wire-watches-restored'
      readonly session: SessionId
      readonly call: CallId
      readonly restoration: WireWatchRestoration
    }
  /** Its connection is gone, and what it watched with it. */
  | { readonly type: 'wire-watches-dropped'; readonly session: SessionId }
  /**
   * Nothing proves the life of this session any more, and it expires as if its application were gone,
   * alone among those of its host: what a test asks for. `appAliveMs` speaks of all of them.
   */
  | { readonly type: 'session-abandoned'; readonly session: SessionId }
  /** The application wants another peer to lead. */
  | { readonly type: 'hand-over-requested' }
  /** The application closes the peer: hand over, then report `closed`. */
  | { readonly type: 'close-requested' }

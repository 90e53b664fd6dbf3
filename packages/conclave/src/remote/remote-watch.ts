/**
 * One watch of a session over the wire. A server tells that something happened at a path, not what is
 * there now: each event is completed by a read, and what the session is told behind the event waits for
 * that (W4). A znode that changes faster than it can be read is told as it is by then, once: its version
 * shows how often it was set.
 *
 * What happened while there was no connection is told by nobody: the watch has a `gap` then.
 */
import { parentOf, type CoordinationError, type Zxid } from '@conclave/core/internal'
import type { Change, Depth, ReadResult } from '@conclave/core'
import {
  ClientCall,
  getRequest,
  wireErrors,
  type Chroot,
  type Client,
  type NoAnswer,
  type Watcher,
  type ZnodeEvent,
} from '@conclave/zookeeper'
import type { SessionWatch } from '../session-watch.ts'
import type { InOrder, Place } from './in-order.ts'
import { SubtreeReading, type Subtree } from './subtree-reading.ts'

/** A change, which is no gap. */
export type RemoteChange = Exclude<Change, { readonly type: 'gap' }>

export interface RemoteWatchOptions {
  /** As the application has it. */
  readonly path: string
  readonly depth: Depth
  readonly from: 'initial' | Zxid | undefined
  /** How many events may wait for their reads. */
  readonly maxPending: number
  /** What a watch may begin with. */
  readonly maxInitialBytes: number
}

export interface RemoteWatchSurroundings {
  readonly client: Client
  readonly chroot: Chroot
  readonly order: InOrder
  /** The watch is refused. */
  onRefused(why: number | NoAnswer | CoordinationError): void
}

/** What is to be told of one path, and is not yet. */
interface PendingPath {
  count: number
  deletedCount: number
  /** What was told of it last. */
  told: Zxid | undefined
}

export class RemoteWatch implements Watcher {
  readonly path: string
  readonly isRecursive: boolean
  readonly #options: RemoteWatchOptions
  readonly #surroundings: RemoteWatchSurroundings
  readonly #watch: SessionWatch<RemoteChange>
  /** What had been seen when the watch began. */
  readonly #seen: Zxid
  readonly #pending = new Map<string, PendingPath>()
  readonly #asked = new Map<ClientCall, Place>()
  /** False from when an event was dropped until the next one is not. */
  #hasRoom = true
  #beginning: SubtreeReading | undefined

  constructor(
    watch: SessionWatch<RemoteChange>,
    options: RemoteWatchOptions,
    surroundings: RemoteWatchSurroundings,
  ) {
    this.#watch = watch
    this.#options = options
    this.#surroundings = surroundings
    this.path = surroundings.chroot.whole(options.path)
    this.isRecursive = options.depth !== 'node'
    const { from } = options
    this.#seen = typeof from === 'number' ? from : surroundings.client.lastZxid
  }

  /** The watch is over. */
  end(): void {
    this.#beginning?.cancel()
    this.#giveUpAsked()
  }

  onArmed(zxid: Zxid | undefined): void {
    const { from, path, depth, maxInitialBytes } = this.#options
    const { client, chroot } = this.#surroundings
    if (from !== 'initial') {
      // What happened before the server watched is told by nobody.
      const armedAt = zxid ?? (from === undefined ? this.#seen : client.lastZxid)
      const reason = from === undefined ? 'reconnected' : 'forgotten'
      if (armedAt > this.#seen) this.#watch.pushGap(reason)
      return
    }
    this.#beginning = new SubtreeReading(
      client,
      { path, depth, chroot, maxBytes: maxInitialBytes },
      {
        onRead: (subtree, readAt) => {
          this.#beginning = undefined
          this.#watch.begin(snapshotsOf(subtree, readAt))
        },
        onFailed: (error) => this.#surroundings.onRefused(error),
      },
    )
  }

  onEvent(event: ZnodeEvent, whole: string, zxid: Zxid | undefined): void {
    const path = this.#surroundings.chroot.own(whole)
    if (path === undefined || !this.#sees(path)) return
    if (this.#beginning !== undefined) this.#beginning.onEvent(event, path)
    else this.#tellLater(event, path, whole, zxid)
  }

  onBroken(): void {
    this.#giveUpAsked()
    this.#pending.clear()
    if (this.#beginning !== undefined) this.#beginning.restart()
    else this.#surroundings.order.run(() => this.#watch.pushGap('reconnected'))
  }

  onRefused(why: number | NoAnswer): void {
    this.#surroundings.onRefused(why)
  }

  #sees(path: string): boolean {
    const { depth, path: root } = this.#options
    if (depth !== 'children' || path === root) return true
    return path.length > 1 && parentOf(path) === root
  }

  #tellLater(event: ZnodeEvent, path: string, whole: string, zxid: Zxid | undefined): void {
    const { order, client } = this.#surroundings
    const hadRoom = this.#hasRoom
    this.#hasRoom = this.#asked.size < this.#options.maxPending
    if (!this.#hasRoom) {
      if (hadRoom) order.run(() => this.#watch.pushGap('overflow'))
      return
    }
    const pending = this.#pending.get(path) ?? { count: 0, deletedCount: 0, told: undefined }
    this.#pending.set(path, pending)
    pending.count += 1
    if (event === 'deleted') pending.deletedCount += 1
    const place = order.hold()
    if (event === 'deleted' && zxid !== undefined) {
      place.fill(() => this.#tell(event, path, pending, undefined, zxid))
      return
    }
    const request = getRequest(whole)
    const call = new ClientCall(request, {
      onAnswer: ({ error, zxid: readAt, body }) => {
        const reading = error === wireErrors.ok ? request.read(body, readAt) : undefined
        this.#asked.delete(call)
        place.fill(() => this.#tell(event, path, pending, reading, readAt))
      },
      onNoAnswer: () => {
        this.#asked.delete(call)
        place.fill(() => this.#watch.pushGap('reconnected'))
      },
    })
    this.#asked.set(call, place)
    client.submit(call)
  }

  /** Tells one event, unless a later one of the path tells more, or an earlier one told as much. */
  #tell(
    event: ZnodeEvent,
    path: string,
    pending: PendingPath,
    reading: ReadResult | undefined,
    zxid: Zxid,
  ): void {
    pending.count -= 1
    if (pending.count === 0 && this.#pending.get(path) === pending) this.#pending.delete(path)
    if (event === 'deleted') {
      pending.deletedCount -= 1
      pending.told = undefined
      this.#watch.push({ type: 'deleted', path, zxid })
      return
    }
    if (pending.deletedCount > 0 || reading === undefined) return
    const { mzxid } = reading.stat
    if (pending.told === mzxid) return
    pending.told = mzxid
    this.#watch.push({ type: event, path, zxid: mzxid, ...reading })
  }

  #giveUpAsked(): void {
    const asked = [...this.#asked]
    this.#asked.clear()
    for (const [call, place] of asked) {
      this.#surroundings.client.giveUp(call)
      place.fill(() => undefined)
    }
  }
}

function* snapshotsOf(subtree: Subtree, zxid: Zxid): Generator<Change> {
  for (const [path, { data, stat }] of subtree) yield { type: 'snapshot', path, zxid, data, stat }
}

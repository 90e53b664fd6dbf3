/** The watches of a session over the wire: begun, and ended with the session or by whoever looks. */
import { CoordinationError } from '@conclave/core/internal'
import type { Watch, WatchOptions } from '@conclave/core'
import { wireErrors, type Chroot, type Client, type NoAnswer } from '@conclave/zookeeper'
import { onAbort } from '../abort-signals.ts'
import { SessionWatch } from '../session-watch.ts'
import { noRoomFor } from '../session-watches.ts'
import type { SessionLife } from '../session-life.ts'
import { checkWatch } from '../watch-options.ts'
import type { InOrder } from './in-order.ts'
import type { RemoteCalls } from './remote-calls.ts'
import { noAnswer, readRefusal } from './remote-errors.ts'
import { RemoteWatch, type RemoteChange } from './remote-watch.ts'

export class RemoteWatches {
  readonly #client: Client
  readonly #calls: RemoteCalls
  readonly #life: SessionLife
  readonly #order: InOrder
  readonly #chroot: Chroot
  readonly #open = new Map<SessionWatch<RemoteChange>, string>()

  constructor(
    client: Client,
    calls: RemoteCalls,
    life: SessionLife,
    order: InOrder,
    chroot: Chroot,
  ) {
    this.#client = client
    this.#calls = calls
    this.#life = life
    this.#order = order
    this.#chroot = chroot
  }

  begin(path: string, options: WatchOptions | undefined): Watch {
    const { limits } = this.#calls
    const { depth, from, bounds, signal } = checkWatch(path, options, limits)
    const { maxSessionWatches } = limits
    const full = this.#open.size >= maxSessionWatches
    const watch: SessionWatch<RemoteChange> = new SessionWatch(
      bounds,
      (change) => change,
      () => {
        forget?.()
        if (!this.#open.delete(watch)) return
        remote.end()
        this.#client.watches.remove(remote)
      },
      from === 'initial' ? undefined : from,
    )
    const forget =
      signal?.aborted === false ? onAbort(signal, () => void watch.return()) : undefined
    const remote = new RemoteWatch(
      watch,
      {
        path,
        depth,
        from,
        maxPending: bounds.changes,
        maxInitialBytes: limits.maxWatchBytes,
      },
      {
        client: this.#client,
        chroot: this.#chroot,
        order: this.#order,
        onRefused: (why) => watch.end(this.#refusal(why, path)),
      },
    )
    if (signal?.aborted === true) watch.end()
    else if (this.#life.isOver) watch.end(this.#life.errorFor(`watch ${path}`))
    else if (full) watch.end(noRoomFor(path, 'maxSessionWatches', maxSessionWatches))
    else {
      this.#open.set(watch, path)
      this.#client.watches.add(remote)
    }
    return watch
  }

  /** Ends every watch with the session: quietly when the application closed it. */
  endAll(errorOf?: (path: string) => CoordinationError): void {
    for (const [watch, path] of [...this.#open]) watch.end(errorOf?.(path))
  }

  #refusal(why: number | NoAnswer | CoordinationError, path: string): CoordinationError {
    if (why instanceof CoordinationError) return why
    const what = `watch ${path}`
    if (why === wireErrors.unimplemented) {
      const message = `${what} failed: the server has no watches that stay, as ZooKeeper has from 3.6 on; take a later server`
      return new CoordinationError('UNIMPLEMENTED', message, { path })
    }
    if (typeof why === 'number') return readRefusal(why, what, path)
    return why === 'over' ? this.#life.errorFor(what) : noAnswer(why, what, false, path)
  }
}

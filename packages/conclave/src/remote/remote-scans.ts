/**
 * The scans of a session over the wire: a subtree as it was at one zxid, read whole before its first
 * znode is given out, since no server keeps an old state. How that is done is subtree-reading.ts.
 */
import { CoordinationError, type Zxid } from '@conclave/core/internal'
import type { ReadOptions, Scan, ScannedZnode, ScanOptions } from '@conclave/core'
import {
  wireErrors,
  type Chroot,
  type Client,
  type NoAnswer,
  type Watcher,
} from '@conclave/zookeeper'
import { checkBag, checkPath, depthOf, scanKeys } from '../call-arguments.ts'
import { givenUpError, onGivingUp } from '../giving-up.ts'
import type { SessionLife } from '../session-life.ts'
import type { RemoteCalls } from './remote-calls.ts'
import type { RemoteReads } from './remote-reads.ts'
import { noAnswer, readRefusal } from './remote-errors.ts'
import { SubtreeReading, type Subtree, type SubtreeOptions } from './subtree-reading.ts'

interface ReadSubtree {
  readonly subtree: Subtree
  readonly zxid: Zxid
}

export class RemoteScans {
  readonly #client: Client
  readonly #calls: RemoteCalls
  readonly #reads: RemoteReads
  readonly #life: SessionLife
  readonly #chroot: Chroot

  constructor(
    client: Client,
    calls: RemoteCalls,
    reads: RemoteReads,
    life: SessionLife,
    chroot: Chroot,
  ) {
    this.#client = client
    this.#calls = calls
    this.#reads = reads
    this.#life = life
    this.#chroot = chroot
  }

  /** Throws for arguments that cannot be. */
  scan(path: string, options: ScanOptions | undefined): Scan {
    const { limits } = this.#calls
    const { depth: word, ...call } = checkBag(options, scanKeys)
    checkPath(path, limits)
    const depth = depthOf(word) ?? 'children'
    const { maxScanBytes } = limits
    return new RemoteScan(
      this.#walk({ path, depth, chroot: this.#chroot, maxBytes: maxScanBytes }, call),
    )
  }

  async *#walk(
    options: SubtreeOptions,
    call: ReadOptions,
  ): AsyncGenerator<ScannedZnode, undefined> {
    // First, so that what cannot be read is refused as everywhere, and is read behind a sync if asked.
    await this.#reads.get(options.path, call)
    const { subtree, zxid } = await this.#read(options, call)
    for (const [path, reading] of subtree) {
      if (this.#life.isOver) throw this.#life.errorFor(`scan ${options.path}`)
      yield { path, zxid, ...reading }
    }
    return undefined
  }

  #read(options: SubtreeOptions, call: ReadOptions): Promise<ReadSubtree> {
    const { path, chroot } = options
    const what = `scan ${path}`
    return new Promise((resolve, reject: (error: Error) => void) => {
      let reading: SubtreeReading | undefined
      const over = (): void => {
        release?.()
        reading?.cancel()
        this.#client.watches.remove(watcher)
      }
      const fail = (error: CoordinationError): void => {
        over()
        reject(error)
      }
      const begin = (): void => {
        reading = new SubtreeReading(this.#client, options, {
          onRead: (subtree, zxid) => {
            over()
            if (subtree.length > 0) resolve({ subtree, zxid })
            else reject(readRefusal(wireErrors.noNode, what, path))
          },
          onFailed: (error) => fail(this.#failure(error, what, path)),
        })
      }
      const watcher: Watcher = {
        path: chroot.whole(path),
        isRecursive: true,
        onArmed: begin,
        onEvent: (event, whole) => {
          const own = chroot.own(whole)
          if (own !== undefined) reading?.onEvent(event, own)
        },
        onBroken: () => reading?.restart(),
        onRefused: (why) => fail(this.#failure(why, what, path)),
      }
      const release = onGivingUp(call, this.#calls.clock, (givingUp) => {
        fail(givenUpError(givingUp, what, { outcome: 'not-applied', path, so: 'nothing was read' }))
      })
      this.#client.watches.add(watcher)
    })
  }

  #failure(
    why: number | NoAnswer | CoordinationError,
    what: string,
    path: string,
  ): CoordinationError {
    if (why instanceof CoordinationError) return why
    if (typeof why === 'number') return readRefusal(why, what, path)
    return why === 'over' ? this.#life.errorFor(what) : noAnswer(why, what, false, path)
  }
}

class RemoteScan implements Scan {
  readonly #walk: AsyncGenerator<ScannedZnode, undefined>

  constructor(walk: AsyncGenerator<ScannedZnode, undefined>) {
    this.#walk = walk
  }

  next(): Promise<IteratorResult<ScannedZnode, undefined>> {
    return this.#walk.next()
  }

  async return(): Promise<IteratorResult<ScannedZnode, undefined>> {
    await this.#walk.return(undefined)
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }
}

/**
 * The scans of one session: async iterators over the walks of the core (tree/scan.ts), which end with
 * the session. A long one lets others have their turn of the loop every so often.
 */
import {
  CoordinationError,
  getZnode,
  mayRead,
  TreeScan,
  type ScannedZnode as Found,
  type Zxid,
} from '@conclave/core/internal'
import type { Depth, ReadOptions, Scan, ScannedZnode, ScanOptions } from '@conclave/core'
import { checkBag, checkPath, depthOf, scanKeys } from './call-arguments.ts'
import { givenUpBefore, givenUpError } from './giving-up.ts'
import type { SessionHost } from './session-host.ts'
import type { SessionIdentities } from './session-identities.ts'
import type { SessionLife } from './session-life.ts'
import type { SessionReads } from './session-reads.ts'
import { copiedReading } from './session-results.ts'

/** The znodes of a scan, and the zxid that it shows them at. */
type Walk = AsyncGenerator<Found & { readonly at: Zxid }, undefined>

/** How many znodes are walked over, at most, until others have had their turn. */
const znodesPerTurn = 1_000

export class SessionScans {
  readonly #host: SessionHost
  readonly #life: SessionLife
  readonly #reads: SessionReads
  readonly #identities: SessionIdentities
  readonly #underway = new Set<TreeScan>()

  constructor(
    host: SessionHost,
    life: SessionLife,
    reads: SessionReads,
    identities: SessionIdentities,
  ) {
    this.#host = host
    this.#life = life
    this.#reads = reads
    this.#identities = identities
  }

  /** Throws for arguments that cannot be. */
  scan(path: string, options: ScanOptions | undefined): Scan {
    const { depth: word, ...call } = checkBag(options, scanKeys)
    checkPath(path, this.#host.limits)
    const depth = depthOf(word) ?? 'children'
    return new SessionScan(this.#walk('scan', path, depth, call))
  }

  async countDescendants(path: string, options: ReadOptions | undefined): Promise<number> {
    let count = 0
    const walk = this.#walk('countDescendants', path, 'subtree', options)
    for await (const { path: found } of walk) if (found !== path) count += 1
    return count
  }

  /** The session is over: what its scans keep is let go of. */
  endAll(): void {
    for (const scan of this.#underway) scan.close()
    this.#underway.clear()
  }

  /** What is at the path and below it, and where it was read. */
  async *#walk(name: string, path: string, depth: Depth, options: ReadOptions | undefined): Walk {
    const what = `${name} ${path}`
    const { maxScanBytes } = this.#host.limits
    const scan = await this.#reads.read(name, path, options, (replica) => {
      getZnode(replica, path, this.#identities.list)
      return new TreeScan(replica.tree, path, depth, replica.lastApplied, maxScanBytes)
    })
    this.#underway.add(scan)
    try {
      for (let count = 1; ; count += 1) {
        if (this.#life.isOver) throw this.#life.errorFor(what, 'not-applied', path)
        const givenUp = givenUpBefore(options)
        if (givenUp !== undefined) {
          const so = 'the rest was not read'
          throw givenUpError(givenUp, what, { outcome: 'not-applied', path, so })
        }
        const found = scan.next()
        if (scan.isOverrun) throw overrun(what, path, maxScanBytes)
        if (found === null) return undefined
        if (mayRead(found, this.#identities.list)) yield { ...found, at: scan.at }
        if (count % znodesPerTurn === 0) await nextTurn()
      }
    } finally {
      scan.close()
      this.#underway.delete(scan)
    }
  }
}

class SessionScan implements Scan {
  readonly #walk: Walk

  constructor(walk: Walk) {
    this.#walk = walk
  }

  async next(): Promise<IteratorResult<ScannedZnode, undefined>> {
    const result = await this.#walk.next()
    if (result.done === true) return result
    const { path, at, ...reading } = result.value
    return { done: false, value: { path, zxid: at, ...copiedReading(reading) } }
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

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

function overrun(what: string, path: string, maxScanBytes: number): CoordinationError {
  const bound = String(maxScanBytes)
  return new CoordinationError(
    'LIMIT_EXCEEDED',
    `${what} is overrun: more has changed since it began than limits.maxScanBytes of ${bound} bytes can keep; take faster, scan less at a time, or raise it`,
    { path },
  )
}

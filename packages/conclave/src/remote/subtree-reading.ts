/**
 * Reads a subtree as it is at one zxid, from a server that answers for one znode at a time: while it is
 * read it is watched, and what changes is read again, until a moment comes at which nothing is on its
 * way. Events come before the answers that show their change (W4), so that all that was read is then the
 * state at the zxid of the last answer.
 */
import { childPath, CoordinationError, isAncestor, type Zxid } from '@conclave/core/internal'
import type { Depth, ReadResult } from '@conclave/core'
import {
  childrenRequest,
  ClientCall,
  getRequest,
  wireErrors,
  type Chroot,
  type Client,
  type ClientRequest,
  type NoAnswer,
  type ZnodeEvent,
} from '@conclave/zookeeper'

/** Paths, parents before their children, and what is there. */
export type Subtree = readonly (readonly [path: string, reading: ReadResult])[]

export interface SubtreeTaker {
  onRead(subtree: Subtree, zxid: Zxid): void
  onFailed(error: CoordinationError | NoAnswer): void
}

export interface SubtreeOptions {
  readonly path: string
  readonly depth: Depth
  readonly chroot: Chroot
  /** What it may hold. */
  readonly maxBytes: number
}

const levelsBelow: Readonly<Record<Depth, number>> = { node: 0, children: 1, subtree: Infinity }
/** How many znodes are asked for at a time. */
const maxAsked = 256
/** What is held of a znode beside path and data. */
const znodeBytes = 200
/** How often something is read again, beyond once for each znode. */
const maxRepeats = 10_000

export class SubtreeReading {
  readonly #client: Client
  readonly #options: SubtreeOptions
  readonly #taker: SubtreeTaker
  /** What was found; `undefined` of what is being asked for. */
  readonly #found = new Map<string, ReadResult | undefined>()
  #bytes = 0
  #open: string[] = []
  #asked = new Set<ClientCall>()
  #repeatCount = 0
  #isOver = false

  /** Begins: the path must be watched already. */
  constructor(client: Client, options: SubtreeOptions, taker: SubtreeTaker) {
    this.#client = client
    this.#options = options
    this.#taker = taker
    this.#visit(options.path)
    this.#askMore()
  }

  /** Something has changed at the path or below it. */
  onEvent(event: ZnodeEvent, path: string): void {
    const { path: root, depth } = this.#options
    if (this.#isOver || levelOf(root, path) > levelsBelow[depth]) return
    if (event === 'deleted') this.#drop(path)
    else this.#visitAgain(path)
    this.#goOn()
  }

  /** Events were missed. */
  restart(): void {
    if (this.#isOver) return
    this.#giveUpAsked()
    this.#found.clear()
    this.#bytes = 0
    this.#open = []
    this.#visitAgain(this.#options.path)
    this.#goOn()
  }

  cancel(): void {
    this.#isOver = true
    this.#giveUpAsked()
  }

  #visit(path: string): void {
    this.#found.set(path, this.#found.get(path))
    this.#open.push(path)
  }

  #visitAgain(path: string): void {
    this.#repeatCount += 1
    this.#visit(path)
  }

  /** What is gone, and all below it. */
  #drop(path: string): void {
    for (const [one, reading] of [...this.#found]) {
      if (one !== path && !isAncestor(path, one)) continue
      this.#found.delete(one)
      if (reading !== undefined) this.#bytes -= bytesOf(one, reading)
    }
  }

  #goOn(): void {
    if (this.#repeatCount > maxRepeats + this.#found.size)
      this.#fail(this.#overrun('changes faster'))
    else this.#askMore()
    if (this.#isOver || this.#asked.size > 0 || this.#open.length > 0) return
    this.#isOver = true
    const all = [...this.#found].filter((one): one is [string, ReadResult] => one[1] !== undefined)
    this.#taker.onRead(all.sort(byPath), this.#client.lastZxid)
  }

  #askMore(): void {
    while (!this.#isOver && this.#asked.size < maxAsked) {
      const path = this.#open.pop()
      if (path === undefined) return
      // It has gone since it was listed.
      if (!this.#found.has(path)) continue
      const whole = this.#options.chroot.whole(path)
      this.#ask(getRequest(whole), path, (reading) => this.#onReading(path, reading))
      if (levelOf(this.#options.path, path) < levelsBelow[this.#options.depth]) {
        this.#ask(childrenRequest(whole), path, (names) => this.#onChildren(path, names))
      }
    }
  }

  #ask<T>(request: ClientRequest<T>, path: string, onValue: (value: T) => void): void {
    const call = new ClientCall(request, {
      onAnswer: ({ error, zxid, body }) => {
        const value = error === wireErrors.ok ? request.read(body, zxid) : undefined
        this.#asked.delete(call)
        if (this.#isOver) return
        if (value !== undefined) onValue(value)
        // What may not be read is not part of it; nor is what is gone.
        else this.#onReading(path, undefined)
        this.#goOn()
      },
      onNoAnswer: (why) => {
        this.#asked.delete(call)
        this.#fail(why)
      },
    })
    this.#asked.add(call)
    this.#client.submit(call)
  }

  #onReading(path: string, reading: ReadResult | undefined): void {
    if (!this.#found.has(path)) return
    const before = this.#found.get(path)
    if (before !== undefined) this.#bytes -= bytesOf(path, before)
    this.#found.set(path, reading)
    if (reading !== undefined) this.#bytes += bytesOf(path, reading)
    if (this.#bytes > this.#options.maxBytes) this.#fail(this.#overrun('is larger'))
  }

  #onChildren(path: string, names: readonly string[]): void {
    if (!this.#found.has(path)) return
    for (const name of names) {
      const child = childPath(path, name)
      if (!this.#found.has(child)) this.#visit(child)
    }
  }

  #fail(error: CoordinationError | NoAnswer): void {
    if (this.#isOver) return
    this.cancel()
    this.#taker.onFailed(error)
  }

  #giveUpAsked(): void {
    for (const call of this.#asked) this.#client.giveUp(call)
    this.#asked = new Set()
  }

  #overrun(how: string): CoordinationError {
    const { path, maxBytes } = this.#options
    return new CoordinationError(
      'LIMIT_EXCEEDED',
      `what is at and below ${path} ${how} than can be held at one zxid, in ${String(maxBytes)} bytes: read less at a time`,
      { path },
    )
  }
}

function byPath([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1
}

function bytesOf(path: string, { data }: ReadResult): number {
  return znodeBytes + path.length + data.length
}

/** How far below the root of the subtree a path lies. */
function levelOf(root: string, path: string): number {
  return depthOf(path) - depthOf(root)
}

function depthOf(path: string): number {
  return path === '/' ? 0 : path.split('/').length - 1
}

/**
 * Keeps what a peer's process takes away from its log. A peer that has missed much begins its log anew
 * behind a snapshot, and one that was damaged sets it aside; the pages that only it had are evidence.
 *
 * Each segment is held open as soon as it is seen, and copied once it has lost its name.
 */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const lookEveryMs = 20

interface Held {
  readonly file: number
  readonly name: string
}

export class LogKeeper {
  readonly #log: string
  readonly #keep: (name: string, bytes: Buffer) => void
  /** Descriptors of the segments, by inode: nobody gets the inode while it is held. */
  readonly #held = new Map<number, Held>()
  #timer: NodeJS.Timeout | undefined

  /** Calls `keep` with each segment of the directory `log` that is no longer there. */
  constructor(log: string, keep: (name: string, bytes: Buffer) => void) {
    this.#log = log
    this.#keep = keep
  }

  /** How many segments it holds. */
  get held(): number {
    return this.#held.size
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), lookEveryMs)
  }

  /** Looks for the last time, and lets go of everything. */
  stop(): void {
    clearInterval(this.#timer)
    this.#look()
    for (const { file } of this.#held.values()) closeSync(file)
    this.#held.clear()
  }

  #look(): void {
    this.#hold()
    for (const [inode, { file, name }] of this.#held) {
      if (fstatSync(file).nlink > 0) continue
      this.#keep(name, readFileSync(file))
      closeSync(file)
      this.#held.delete(inode)
    }
  }

  #hold(): void {
    for (const name of ifThere(() => readdirSync(this.#log)) ?? []) {
      const path = join(this.#log, name)
      const inode = ifThere(() => statSync(path).ino)
      if (inode === undefined || this.#held.has(inode)) continue
      const file = ifThere(() => openSync(path, 'r'))
      if (file !== undefined) this.#held.set(fstatSync(file).ino, { file, name })
    }
  }
}

/** What the peer may take away at any time: `undefined` when it has. */
function ifThere<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

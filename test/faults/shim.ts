/**
 * The other end of shim.c: compiles it, and gives it its orders, through a page of memory that the
 * service has mapped.
 */
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The fields of `struct orders`, in its order. */
const fields = ['writeErrno', 'syncErrno', 'syncStallMs', 'wallOffsetS', 'refusedCount'] as const
export type Orders = Partial<Record<Exclude<(typeof fields)[number], 'refusedCount'>, number>>

export const errno = { EIO: 5, ENOSPC: 28 } as const

/** Compiles the library into this file. Needs a C compiler. */
export function compileShim(library: string): void {
  const source = fileURLToPath(new URL('./shim.c', import.meta.url))
  execFileSync('cc', ['-shared', '-fPIC', '-O2', '-o', library, source, '-ldl'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}

/** The orders for one service, which hold for every process that it runs. */
export class Shim {
  /** What its processes need in their environment. */
  readonly env: Readonly<Record<string, string>>
  readonly #page: number

  constructor(library: string, page: string, directory: string) {
    writeFileSync(page, Buffer.alloc(4_096))
    this.#page = openSync(page, 'r+')
    this.env = { LD_PRELOAD: library, FAULT_ORDERS: page, FAULT_DIRECTORY: directory }
  }

  order(orders: Orders): void {
    for (const [index, name] of fields.entries()) {
      const value = name === 'refusedCount' ? undefined : orders[name]
      if (value === undefined) continue
      const bytes = Buffer.alloc(4)
      bytes.writeInt32LE(value)
      writeSync(this.#page, bytes, 0, 4, index * 4)
    }
  }

  /** No fault of the disk any more; the clock stays as it is. */
  clear(): void {
    this.order({ writeErrno: 0, syncErrno: 0, syncStallMs: 0 })
  }

  /** How many calls were refused or held up so far. */
  get refusedCount(): number {
    const bytes = Buffer.alloc(4)
    readSync(this.#page, bytes, 0, 4, fields.indexOf('refusedCount') * 4)
    return bytes.readInt32LE()
  }

  close(): void {
    closeSync(this.#page)
  }
}

/**
 * A process that opens directories as a restart would, one at a time: gets an image, answers with
 * what was found. Started by readers.ts, so that a directory that hangs or kills its reader is told.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CoordinationError } from '@conclave/core/internal'
import { Told } from '@conclave/storage/suite'
import type { Found } from './facts.ts'
import { logFactOf, openMapStore, readBack } from './store-life.ts'

const scratch = process.argv[2] ?? ''

type Files = ReadonlyMap<string, Uint8Array | null>

/** Puts files and directories on the disk, below `directory`. */
function build(directory: string, files: Files): void {
  for (const [path, content] of files) {
    if (content === null) mkdirSync(join(directory, path))
    else writeFileSync(join(directory, path), content)
  }
}

async function open(dir: string): Promise<Found> {
  try {
    const store = await openMapStore({ dir, told: new Told() })
    try {
      const { recovered } = store
      const read = await readBack(store)
      return {
        type: 'opened',
        log: logFactOf(recovered),
        summary: recovered.replica.summary,
        read,
      }
    } finally {
      await store.close()
    }
  } catch (error) {
    if (error instanceof CoordinationError) {
      return { type: 'refused', code: error.code, message: error.message }
    }
    return { type: 'broken', message: error instanceof Error ? (error.stack ?? '') : String(error) }
  }
}

interface Order {
  readonly files: Files
  /** Where among them the peer's directory is. */
  readonly path: string
}

process.on('message', ({ files, path }: Order) => {
  const directory = mkdtempSync(join(scratch, 'state-'))
  build(directory, files)
  void open(join(directory, path)).then((found) => {
    rmSync(directory, { recursive: true })
    process.send?.(found)
  })
})

/**
 * Whether the tables of a LevelDB are what LevelDB wrote, asked before it is opened: it never looks at
 * the checksums of its tables itself, and a changed byte in one can end the process, since it trusts
 * what it reads there (`Assertion 'internal_key.size() >= 8' failed`).
 *
 * A table is blocks one behind the other, each with its type and a CRC-32C; the last ones name the
 * others. Only the tables that MANIFEST names are looked at: of others a crash may have left a part.
 * What else is wrong with a database LevelDB says itself.
 */
import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { isMissing } from './files.ts'
import { crc32c } from './crc.ts'
import { masked, Reader } from './level-bytes.ts'
import { tableName, tablesOf } from './level-manifest.ts'
import { DamageError } from './snapshot.ts'

/** A block of a table, as another one names it. */
interface BlockHandle {
  readonly offset: number
  readonly size: number
}

/** Type and CRC behind each block. */
const trailerBytes = 5
const footerBytes = 48
const footerMagic = 0xdb4775248b80fb57n

/** Throws a `DamageError` when a table that belongs to the database is not as it was written. */
export async function assertTables(directory: string): Promise<void> {
  for (const number of await tablesOf(directory)) {
    const path = join(directory, tableName(number))
    const file = await openTable(path)
    // LevelDB itself says what is missing.
    if (file === null) continue
    try {
      await assertTable(path, file)
    } finally {
      await file.close()
    }
  }
}

async function openTable(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

async function assertTable(path: string, file: FileHandle): Promise<void> {
  const { size } = await file.stat()
  try {
    const footer = await readExactly(file, { offset: size - footerBytes, size: footerBytes })
    if (footer.readBigUInt64LE(footerBytes - 8) !== footerMagic) throw new Error('no footer')
    const reader = new Reader(footer)
    const meta = readHandle(reader)
    const index = readHandle(reader)
    for (const named of [meta, index]) {
      const [block = Buffer.alloc(0)] = await readBlocks(file, [named])
      for (const run of runsOf(handlesIn(block))) await readBlocks(file, run)
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && !(error instanceof RangeError)) throw error
    throw new DamageError(`LevelDB in ${path}: ${String(error)}`, { cause: error })
  }
}

async function readExactly(file: FileHandle, { offset, size }: BlockHandle): Promise<Buffer> {
  const isPossible = Number.isSafeInteger(offset) && offset >= 0 && size <= 1 << 30
  if (!isPossible) throw new Error('a block that cannot be')
  const bytes = Buffer.allocUnsafe(size)
  const { bytesRead } = await file.read(bytes, 0, size, offset)
  if (bytesRead < size) throw new Error(`a block ends early, at ${offset}`)
  return bytes
}

/** How much is read, and summed up, before the event loop gets its turn. */
const runBytes = 256 * 1024

/** The blocks in groups of those that lie one behind the other. */
function runsOf(handles: readonly BlockHandle[]): BlockHandle[][] {
  const runs: BlockHandle[][] = []
  let end = -1
  for (const handle of handles) {
    const run = runs.at(-1)
    const isNext = handle.offset === end && end - (run?.[0]?.offset ?? 0) < runBytes
    if (run !== undefined && isNext) run.push(handle)
    else runs.push([handle])
    end = handle.offset + handle.size + trailerBytes
  }
  return runs
}

/** Blocks one behind the other, their CRCs verified. */
async function readBlocks(file: FileHandle, run: readonly BlockHandle[]): Promise<Buffer[]> {
  const size = run.reduce((sum, handle) => sum + handle.size + trailerBytes, 0)
  const bytes = await readExactly(file, { offset: run[0]?.offset ?? 0, size })
  await setImmediate()
  let at = 0
  return run.map((handle) => {
    const block = bytes.subarray(at, at + handle.size)
    const summed = bytes.subarray(at, at + handle.size + 1)
    if (bytes.readUInt32LE(at + handle.size + 1) !== masked(crc32c(summed))) {
      throw new Error(`the block at ${handle.offset} is not as it was written`)
    }
    at += handle.size + trailerBytes
    return block
  })
}

/** The values of a block that names others; its entries end where its restart points begin. */
function handlesIn(block: Buffer): BlockHandle[] {
  const restarts = block.readUInt32LE(block.length - 4)
  const reader = new Reader(block.subarray(0, block.length - 4 * (restarts + 1)))
  const handles: BlockHandle[] = []
  while (!reader.isAtEnd) {
    reader.varint()
    const keyBytes = reader.varint()
    const valueBytes = reader.varint()
    reader.skip(keyBytes)
    handles.push(readHandle(new Reader(reader.take(valueBytes))))
  }
  return handles
}

function readHandle(reader: Reader): BlockHandle {
  return { offset: reader.varint(), size: reader.varint() }
}

/**
 * Whether the tables of a LevelDB are what LevelDB wrote, asked before it is opened: it never looks at
 * the checksums of its tables itself, and a changed byte in one can end the process, since it trusts
 * what it reads there (`Assertion 'internal_key.size() >= 8' failed`).
 *
 * A table is blocks one behind the other, each with its type and a CRC-32C; the last ones name the
 * others. Only the tables that MANIFEST names are looked at: of others a crash may have left a part.
 * What else is wrong with a database LevelDB says itself.
 */
import { open, readFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { isMissing } from './files.ts'
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
    const path = join(directory, `${String(number).padStart(6, '0')}.ldb`)
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

/** The numbers of the tables that belong to the database; none when MANIFEST cannot be read. */
async function tablesOf(directory: string): Promise<ReadonlySet<number>> {
  const live = new Set<number>()
  try {
    const current = await readFile(join(directory, 'CURRENT'), 'latin1')
    const [name] = /^MANIFEST-\d+(?=\n$)/.exec(current) ?? []
    if (name === undefined) return live
    const manifest = await readFile(join(directory, name))
    for (const edit of recordsIn(manifest)) applyEdit(new Reader(edit), live)
  } catch (error) {
    // LevelDB reads the same, with the same checksums, and says what is wrong with it.
    if (isMissing(error) || error instanceof RangeError) return new Set()
    throw error
  }
  return live
}

/** The tags of a version edit that are followed by more than one number. */
const editTags = { comparator: 1, compactPointer: 5, deletedFile: 6, newFile: 7 } as const

function applyEdit(reader: Reader, live: Set<number>): void {
  while (!reader.isAtEnd) {
    const tag = reader.varint()
    if (tag === editTags.comparator) reader.skip(reader.varint())
    else if (tag === editTags.compactPointer) {
      reader.varint()
      reader.skip(reader.varint())
    } else if (tag === editTags.deletedFile) {
      reader.varint()
      live.delete(reader.varint())
    } else if (tag === editTags.newFile) {
      reader.varint()
      live.add(reader.varint())
      reader.varint()
      reader.skip(reader.varint())
      reader.skip(reader.varint())
    } else reader.varint()
  }
}

const logBlockBytes = 32 * 1024
const logHeaderBytes = 7

/** The records of a file in LevelDB's log format, up to the first that is not whole. */
function* recordsIn(bytes: Buffer): Generator<Buffer> {
  let parts: Buffer[] = []
  let at = 0
  while (at + logHeaderBytes <= bytes.length) {
    const left = logBlockBytes - (at % logBlockBytes)
    if (left < logHeaderBytes) {
      at += left
      continue
    }
    const end = at + logHeaderBytes + bytes.readUInt16LE(at + 4)
    const type = bytes.readUInt8(at + 6)
    const isWhole = end <= bytes.length && type >= 1 && type <= 4
    if (!isWhole || bytes.readUInt32LE(at) !== masked(crc32c(bytes.subarray(at + 6, end)))) return
    parts.push(bytes.subarray(at + logHeaderBytes, end))
    at = end
    // 1: all of it, 2: first, 3: middle, 4: last.
    if (type !== 1 && type !== 4) continue
    yield Buffer.concat(parts)
    parts = []
  }
}

/** Reads LevelDB's numbers; throws a `RangeError` at the end of the bytes. */
class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  varint(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes.readUInt8(this.#at)
      this.#at += 1
      value += (byte % 128) * factor
      if (byte < 128) return value
    }
  }

  skip(count: number): void {
    this.#at += count
  }

  take(count: number): Buffer {
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }
}

const crcTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})

/** CRC-32C, of which Node has none. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (crcTable[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

/** As LevelDB stores a CRC, so that the CRC of what contains CRCs is none of them. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

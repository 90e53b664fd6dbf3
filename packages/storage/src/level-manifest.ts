/**
 * MANIFEST, in which LevelDB says which tables are its database: one edit behind the other, each
 * synced before the next is written.
 *
 * LevelDB writes an edit, then syncs the directory, then the edit. When power fails in between, the
 * edit can be on the disk before the name of a table that it adds, and LevelDB does not open. What the
 * edit was to replace is removed behind its sync only, so all of that is there: without the edit the
 * database is what it was before, as if power had failed a moment earlier (ADR 0014).
 */
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isMissing, pooledFiles } from './files.ts'
import { crc32c } from './crc.ts'
import { masked, Reader } from './level-bytes.ts'

/** What the edits up to one of them come to. */
interface Version {
  /** Tables, by their numbers. */
  readonly tables: ReadonlySet<number>
  /** The oldest log that is not in the tables yet; 0 when none was named. */
  readonly log: number
}

interface Manifest {
  readonly path: string
  readonly version: Version
  /** Without the last edit, which begins at `lastAt`. */
  readonly before: Version
  readonly lastAt: number
  /** False when something that is no edit follows, so that the last one was synced. */
  readonly endsWithLast: boolean
}

/** The numbers of the tables that belong to the database; none when MANIFEST cannot be read. */
export async function tablesOf(directory: string): Promise<ReadonlySet<number>> {
  return (await readManifest(directory))?.version.tables ?? new Set()
}

/**
 * Cuts off the last edit of MANIFEST, durably, when power failed before it was in force: a table that
 * it adds is missing, and all that it was to replace is there. Anything else is left to LevelDB.
 */
export async function dropUnfinishedEdit(directory: string): Promise<void> {
  const manifest = await readManifest(directory)
  if (manifest === null || !manifest.endsWithLast) return
  const names = new Set(await pooledFiles.list(directory))
  const { version, before, lastAt, path } = manifest
  if (isThere(version, names) || !isThere(before, names)) return
  const file = await open(path, 'r+')
  try {
    await file.truncate(lastAt)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** True when all tables of a version are there; and its log, which only a later version lets go. */
function isThere({ tables, log }: Version, names: ReadonlySet<string>): boolean {
  return names.has(fileName(log, 'log')) && [...tables].every((one) => names.has(tableName(one)))
}

/** The name of a table's file. */
export function tableName(number: number): string {
  return fileName(number, 'ldb')
}

function fileName(number: number, ending: string): string {
  return `${String(number).padStart(6, '0')}.${ending}`
}

/** What MANIFEST says; `null` when it cannot be read. */
async function readManifest(directory: string): Promise<Manifest | null> {
  try {
    const current = await readFile(join(directory, 'CURRENT'), 'latin1')
    const [name] = /^MANIFEST-\d+(?=\n$)/.exec(current) ?? []
    if (name === undefined) return null
    const path = join(directory, name)
    return parse(path, await readFile(path))
  } catch (error) {
    // LevelDB reads the same, with the same checksums, and says what is wrong with it.
    if (isMissing(error) || error instanceof RangeError) return null
    throw error
  }
}

function parse(path: string, bytes: Buffer): Manifest {
  let before: Version = { tables: new Set(), log: 0 }
  let version = before
  let lastAt = 0
  let end = 0
  for (const record of recordsIn(bytes)) {
    before = version
    version = withEdit(before, new Reader(record.content))
    lastAt = record.at
    end = record.end
  }
  return { path, version, before, lastAt, endsWithLast: end === bytes.length }
}

/** The tags of what a version edit says, but for those that are followed by one number only. */
const editTags = {
  comparator: 1,
  log: 2,
  compactPointer: 5,
  deletedFile: 6,
  newFile: 7,
} as const

function withEdit(before: Version, reader: Reader): Version {
  const tables = new Set(before.tables)
  let { log } = before
  while (!reader.isAtEnd) {
    const tag = reader.varint()
    if (tag === editTags.comparator) reader.skip(reader.varint())
    else if (tag === editTags.log) log = reader.varint()
    else if (tag === editTags.compactPointer) {
      reader.varint()
      reader.skip(reader.varint())
    } else if (tag === editTags.deletedFile) {
      reader.varint()
      tables.delete(reader.varint())
    } else if (tag === editTags.newFile) {
      reader.varint()
      tables.add(reader.varint())
      reader.varint()
      reader.skip(reader.varint())
      reader.skip(reader.varint())
    } else reader.varint()
  }
  return { tables, log }
}

const logBlockBytes = 32 * 1024
const logHeaderBytes = 7

/** A record of a file in LevelDB's log format, and the bytes that it takes there. */
interface FileRecord {
  readonly content: Buffer
  readonly at: number
  readonly end: number
}

/** The records of a file in LevelDB's log format, up to the first that is not whole. */
function* recordsIn(bytes: Buffer): Generator<FileRecord> {
  let parts: Buffer[] = []
  let begin = 0
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
    if (parts.length === 0) begin = at
    parts.push(bytes.subarray(at + logHeaderBytes, end))
    at = end
    // 1: all of it, 2: first, 3: middle, 4: last.
    if (type !== 1 && type !== 4) continue
    yield { content: Buffer.concat(parts), at: begin, end }
    parts = []
  }
}

/** Reads a whole snapshot out of its database, and believes it only as a whole (D2). */
import type { SnapshotRecord, SnapshotSummary } from '@conclave/core/internal'
import { CoordinationError } from '@conclave/core/internal'
import type { Database } from './database.ts'
import { readEntry, snapshotFormatVersion, type KeyspaceEntry } from './keyspace.ts'
import { DamageError, type SnapshotSink } from './snapshot.ts'

/** Records that are loaded before the event loop gets its turn: a few milliseconds' work. */
const handful = 500

/**
 * Feeds everything to the sink; `null` when no checkpoint was ever written. Throws `DamageError` for
 * a record that is not what was written, and for a whole that does not come to its summary.
 */
export async function loadSnapshot<T>(
  database: Database,
  sink: SnapshotSink<T>,
): Promise<T | null> {
  let summary: SnapshotSummary | null = null
  let format: number | null = null
  let recordCount = 0
  const view = database.view()
  try {
    for await (const entries of view.entries(new Uint8Array(0), handful)) {
      const records: SnapshotRecord[] = []
      for (const [key, value] of entries) {
        const entry = checkedEntry(database, key, value)
        if (entry.type === 'record') records.push(entry.record)
        else if (entry.type === 'summary') summary = entry.summary
        else format = checkedFormat(database, entry.version)
      }
      recordCount += records.length
      orDamage(database, () => sink.add(records))
    }
  } finally {
    await view.close()
  }
  if (format === null) throw damageIn(database, 'it says nowhere that it is a snapshot')
  if (summary !== null) return orDamage(database, () => sink.finish(summary))
  if (recordCount === 0) return null
  throw damageIn(database, 'there are records but no summary')
}

/** The entry under a key. Throws `DamageError`. */
export function checkedEntry(
  database: Database,
  key: Uint8Array,
  value: Uint8Array,
): KeyspaceEntry {
  return orDamage(database, () => readEntry(key, value))
}

function checkedFormat(database: Database, version: number): number {
  if (version === snapshotFormatVersion) return version
  throw new CoordinationError(
    'DIR_FORMAT',
    `the snapshot in ${database.directory} has format ${version}, this version of Conclave reads ${snapshotFormatVersion}: run the version that wrote it`,
  )
}

/** Does what reads the database. Whatever that throws is a `DamageError` here. */
export function orDamage<R>(database: Database, read: () => R): R {
  try {
    return read()
  } catch (error) {
    throw damageIn(database, error instanceof Error ? error.message : String(error), error)
  }
}

function damageIn(database: Database, what: string, cause?: unknown): DamageError {
  return new DamageError(`the snapshot in ${database.directory}: ${what}`, { cause })
}

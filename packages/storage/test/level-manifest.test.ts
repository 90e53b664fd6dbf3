import { appendFileSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { makeZxid } from '@conclave/core/internal'
import { beforeEach, describe, expect, test } from 'vitest'
import { crc32c } from '../src/crc.ts'
import { masked } from '../src/level-bytes.ts'
import { dropUnfinishedEdit, tableName, tablesOf } from '../src/level-manifest.ts'
import { createLevelSnapshot, LevelSnapshot } from '../src/level-snapshot.ts'
import { DamageError } from '../src/snapshot.ts'
import { MapReplica, MapSink, znode } from '../src/suite-replica.ts'
import { temporaryDirectory } from './temporary-directory.ts'

let directory: string
let database: string
let replica: MapReplica

const open = () => LevelSnapshot.open({ directory, name: '1', createSink: () => new MapSink() })

/** A checkpoint in a table, and another in the log behind it. */
beforeEach(async () => {
  directory = join(temporaryDirectory(), 'snapshot')
  database = join(directory, '1')
  await createLevelSnapshot(directory)
  replica = new MapReplica()
  for (let count = 0; count < 2; count += 1) {
    replica.put(znode(`/znode-${count}`))
    replica.end = { last: makeZxid(1, count + 1), crc: 1 }
    const snapshot = await open()
    await snapshot.write(replica.freeze())
    await snapshot.close()
  }
})

const manifest = (): string =>
  join(database, readFileSync(join(database, 'CURRENT'), 'latin1').trim())

/** LevelDB's record of an edit that adds a table, and lets one go. */
function edit(added: number, deleted?: number): Buffer {
  const key = [9, ...Buffer.from('a'), 1, 1, 0, 0, 0, 0, 0, 0]
  const gone = deleted === undefined ? [] : [6, 0, deleted]
  // The type of the record is summed up with what it holds: 1, all of it.
  const content = Buffer.from([1, ...gone, 7, 0, added, 100, ...key, ...key])
  const header = Buffer.alloc(6)
  header.writeUInt32LE(masked(crc32c(content)))
  header.writeUInt16LE(content.length - 1, 4)
  return Buffer.concat([header, content])
}

describe('an edit of MANIFEST whose table is missing', () => {
  test('and that is the last was not in force: the database is as it was', async () => {
    const tables = await tablesOf(database)
    expect(tables.size).toBeGreaterThan(0)
    const before = readFileSync(manifest())
    appendFileSync(manifest(), edit(99, Math.max(...tables)))
    expect(await tablesOf(database)).toContain(99)

    await dropUnfinishedEdit(database)

    expect(readFileSync(manifest())).toStrictEqual(before)
    expect(await tablesOf(database)).toStrictEqual(tables)
  })

  test('does not keep the snapshot from opening', async () => {
    appendFileSync(manifest(), edit(99))

    for (let count = 0; count < 2; count += 1) {
      const snapshot = await open()
      expect((await snapshot.load())?.summary).toStrictEqual(replica.summary)
      await snapshot.close()
    }
  })

  test('and that others follow was in force: damage', async () => {
    const [table = 0] = await tablesOf(database)
    appendFileSync(manifest(), Buffer.concat([edit(99), edit(table)]))

    await expect(open()).rejects.toThrow(DamageError)
  })

  test('with the beginning of another behind it was in force: damage', async () => {
    appendFileSync(manifest(), Buffer.concat([edit(99), edit(98).subarray(0, 9)]))

    await expect(open()).rejects.toThrow(DamageError)
  })

  test.each(['table', 'log'])('and whose forerunner misses its %s is damage', async (kind) => {
    const [table = 0] = await tablesOf(database)
    appendFileSync(manifest(), edit(99, table))
    const bytes = readFileSync(manifest())
    if (kind === 'table') rmSync(join(database, tableName(table)))
    else {
      for (const name of readdirSync(database)) {
        if (name.endsWith('.log')) rmSync(join(database, name))
      }
    }

    await dropUnfinishedEdit(database)

    expect(readFileSync(manifest())).toStrictEqual(bytes)
    await expect(open()).rejects.toThrow(DamageError)
  })
})

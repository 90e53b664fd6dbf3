import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { InvariantError, makeZxid } from '@conclave/core/internal'
import { describe, expect, test } from 'vitest'
import { createLevelSnapshot, LevelSnapshot } from '../src/level-snapshot.ts'
import { DamageError } from '../src/snapshot.ts'
import { TransferError } from '../src/snapshot-transfer.ts'
import { MapReplica, MapSink, session, znode } from '../src/suite-replica.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const createSink = () => new MapSink()

function open(directory: string, name = '1'): Promise<LevelSnapshot<MapReplica>> {
  return LevelSnapshot.open({ directory, name, createSink })
}

/** A snapshot with some znodes and sessions, closed. */
async function written(znodes = 20): Promise<{ directory: string; replica: MapReplica }> {
  const directory = join(temporaryDirectory(), 'snapshot')
  await createLevelSnapshot(directory)
  const snapshot = await open(directory)
  const replica = new MapReplica()
  for (let index = 0; index < znodes; index += 1) replica.put(znode(`/znode-${index}`))
  replica.putSession(session(1))
  replica.end = { last: makeZxid(1, 7), crc: 77 }
  await snapshot.write(replica.freeze())
  await snapshot.close()
  return { directory, replica }
}

/** The largest file with that ending: the one that holds the checkpoint. */
function fileIn(directory: string, ending: string): string {
  const paths = readdirSync(directory)
    .filter((name) => name.endsWith(ending))
    .map((name) => join(directory, name))
  const sizes = paths.map((path) => statSync(path).size)
  return paths[sizes.indexOf(Math.max(...sizes))] as string
}

describe('level snapshot', () => {
  test.each([
    { of: 'many records', records: 5_000, dataBytes: 1, sliceRecords: 128 },
    { of: 'large records', records: 40, dataBytes: 200 * 1024, sliceRecords: 2 },
  ])('a checkpoint of $of lets the event loop have its turn', async (one) => {
    const directory = join(temporaryDirectory(), 'snapshot')
    await createLevelSnapshot(directory)
    const snapshot = await open(directory)
    const replica = new MapReplica()
    const data = new Uint8Array(one.dataBytes)
    for (let index = 0; index < one.records; index += 1) {
      replica.put({ ...znode(`/znode-${index}`), data })
    }
    const checkpoint = replica.freeze()
    let isWriting = true
    let inThisTurn = 0
    let mostInOneTurn = 0
    const turn = (): void => {
      inThisTurn = 0
      if (isWriting) setImmediate(turn)
    }
    setImmediate(turn)

    await snapshot.write({
      summary: checkpoint.summary,
      take: (max) => {
        const records = checkpoint.take(max)
        inThisTurn += records.length
        mostInOneTurn = Math.max(mostInOneTurn, inThisTurn)
        return records
      },
    })
    isWriting = false

    expect(mostInOneTurn).toBe(one.sliceRecords)
    expect((await snapshot.load())?.summary).toStrictEqual(replica.summary)
    await snapshot.close()
  })

  test('a snapshot that is missing is damage, not an empty one (ZOOKEEPER-2325)', async () => {
    const { directory } = await written()
    await expect(open(directory, '2')).rejects.toThrow(DamageError)
    await expect(open(join(directory, 'none'))).rejects.toThrow(DamageError)

    const current = join(directory, '1', 'CURRENT')
    writeFileSync(current, 'rubbish')
    await expect(open(directory)).rejects.toThrow(DamageError)
  })

  /** A snapshot of two checkpoints, both of them still in LevelDB's log. */
  async function writtenTwice() {
    const { directory, replica } = await written(60)
    const snapshot = await open(directory)
    const log = fileIn(join(directory, '1'), '.log')
    const first = replica.summary
    const ends = []
    for (const counter of [8, 9]) {
      for (let index = 0; index < 30; index += 1)
        replica.put(znode(`/znode-${index}`, `${counter}`))
      replica.end = { last: makeZxid(1, counter), crc: counter }
      await snapshot.write(replica.freeze())
      ends.push({ summary: replica.summary, at: statSync(log).size })
    }
    await snapshot.close()
    return { directory, log, first, ends }
  }

  test('a checkpoint that power failure tore, in any of its sectors, was never written', async () => {
    const { directory, log, ends } = await writtenTwice()
    const [{ summary, at }, last] = ends as [(typeof ends)[0], (typeof ends)[0]]
    const good = readFileSync(log)
    expect(last.at - at).toBeGreaterThan(3 * 512)

    for (let from = Math.ceil(at / 512) * 512; from < last.at; from += 512) {
      const torn = Buffer.from(good)
      torn.fill(0, from, Math.min(from + 512, last.at))
      const copy = join(temporaryDirectory(), 'copy')
      cpSync(directory, copy, { recursive: true })
      writeFileSync(fileIn(join(copy, '1'), '.log'), torn)
      const snapshot = await open(copy)
      expect((await snapshot.load())?.summary).toStrictEqual(summary)
      await snapshot.close()
    }
  })

  test('what LevelDB drops never leaves another state than one that was written', async () => {
    const { directory, log, first, ends } = await writtenTwice()
    const good = readFileSync(log)
    const found = new Map<string, number>()

    for (let at = 0; at < good.length; at += 97) {
      const bad = Buffer.from(good)
      bad[at] = (bad[at] as number) ^ (1 << (at % 8))
      const copy = join(temporaryDirectory(), 'copy')
      cpSync(directory, copy, { recursive: true })
      writeFileSync(fileIn(join(copy, '1'), '.log'), bad)
      const snapshot = await open(copy)
      const loaded = await snapshot.load().catch((error: unknown) => error)
      await snapshot.close()
      if (loaded instanceof DamageError) continue
      const { summary } = loaded as MapReplica
      expect([first, ...ends.map((end) => end.summary)]).toContainEqual(summary)
      found.set(summary.digest, (found.get(summary.digest) ?? 0) + 1)
    }

    expect(found.size).toBeGreaterThan(1)
  }, 20_000)

  test('a byte that LevelDB gives back flipped is damage, wherever it is', async () => {
    const { directory, replica } = await written()
    // Opened once more, so that everything lies in a table, whose checksums LevelDB never checks.
    await (await open(directory)).close()
    const table = fileIn(join(directory, '1'), '.ldb')
    const good = readFileSync(table)
    let damaged = 0

    for (let at = 0; at < good.length; at += 41) {
      const bad = Buffer.from(good)
      bad[at] = (bad[at] as number) ^ 0x20
      writeFileSync(table, bad)
      try {
        const snapshot = await open(directory)
        try {
          // What is loaded is what was written. Or LevelDB hides all of it, as if no checkpoint was
          // ever written: then the log gives it the lie (store.test.ts).
          const loaded = await snapshot.load()
          if (loaded !== null) expect(loaded.summary).toStrictEqual(replica.summary)
        } finally {
          await snapshot.close()
        }
      } catch (error) {
        expect(error).toBeInstanceOf(DamageError)
        damaged += 1
      }
      writeFileSync(table, good)
    }

    expect(damaged).toBeGreaterThan(20)
  }, 20_000)

  test('a byte that changed in a table is damage, never the end of the process', async () => {
    const { directory } = await written()
    await (await open(directory)).close()
    const table = fileIn(join(directory, '1'), '.ldb')
    const good = readFileSync(table)

    // LevelDB takes the first byte of a block for a length, and the process ends over it.
    for (let at = 0; at < good.length - 48; at += 1) {
      if (at > 64 && at < good.length - 400 && at % 31 !== 0) continue
      const bad = Buffer.from(good)
      bad[at] = (bad[at] as number) ^ (1 << (at % 8))
      writeFileSync(table, bad)
      await expect(open(directory), `at ${at}`).rejects.toThrow(/LevelDB in .*\.ldb/)
    }
    writeFileSync(table, good.subarray(0, good.length - 1))
    await expect(open(directory)).rejects.toThrow(DamageError)
  })

  test('a table that MANIFEST does not name is a crash that came in between, no damage', async () => {
    const { directory, replica } = await written()
    writeFileSync(join(directory, '1', '000099.ldb'), 'the beginning of a table')

    const snapshot = await open(directory)

    expect((await snapshot.load())?.summary).toStrictEqual(replica.summary)
    await snapshot.close()
  })

  test('a table of many blocks is the table that it is', async () => {
    const { directory, replica } = await written(5_000)
    for (let count = 0; count < 2; count += 1) await (await open(directory)).close()

    const snapshot = await open(directory)

    expect(statSync(fileIn(join(directory, '1'), '.ldb')).size).toBeGreaterThan(300_000)
    expect((await snapshot.load())?.summary).toStrictEqual(replica.summary)
    await snapshot.close()
  })

  test('a sink that refuses, or a summary that does not fit, is damage', async () => {
    const directory = join(temporaryDirectory(), 'snapshot')
    await createLevelSnapshot(directory)
    const snapshot = await open(directory)
    const replica = new MapReplica()
    replica.put(znode('/a'))
    const checkpoint = replica.freeze()
    const summary = { ...checkpoint.summary, digest: 'another' }

    await snapshot.write({ summary, take: (max) => checkpoint.take(max) })

    await expect(snapshot.load()).rejects.toThrow(DamageError)
    await snapshot.close()
  })

  test('the first write that is rejected is the last', async () => {
    const directory = join(temporaryDirectory(), 'snapshot')
    await createLevelSnapshot(directory)
    const snapshot = await open(directory)
    const replica = new MapReplica()
    const failing = {
      summary: replica.summary,
      take: () => {
        throw new Error('no records today')
      },
    }

    await expect(snapshot.write(failing)).rejects.toThrow('no records today')
    replica.put(znode('/a'))
    await expect(snapshot.write(replica.freeze())).rejects.toThrow(/takes no more/)
    expect(await snapshot.load()).toBeNull()
    await snapshot.close()
  })

  test('no two checkpoints are written at once', async () => {
    const directory = join(temporaryDirectory(), 'snapshot')
    await createLevelSnapshot(directory)
    const snapshot = await open(directory)
    const replica = new MapReplica()
    const first = snapshot.write(replica.freeze())

    await expect(snapshot.write(replica.freeze())).rejects.toThrow(InvariantError)
    await first
    await snapshot.close()
  })

  test('damage is not handed on to a learner', async () => {
    const { directory } = await written()
    await (await open(directory)).close()
    const table = fileIn(join(directory, '1'), '.ldb')
    const bytes = readFileSync(table)
    const at = bytes.lastIndexOf('/znode-7')
    bytes[at + 3] = (bytes[at + 3] as number) ^ 1
    const snapshot = await open(directory)
    writeFileSync(table, bytes)

    const reader = await snapshot.openReader()
    await expect(reader.read()).rejects.toThrow(DamageError)
    await reader.close()
    await snapshot.close()
  })
})

describe('a received snapshot', () => {
  async function transferred(): Promise<{ chunks: Uint8Array[]; replica: MapReplica }> {
    const { directory, replica } = await written(6_000)
    const snapshot = await open(directory)
    const reader = await snapshot.openReader()
    const chunks: Uint8Array[] = []
    for (;;) {
      const { bytes, last } = await reader.read()
      chunks.push(bytes)
      if (last) break
    }
    await reader.close()
    await snapshot.close()
    return { chunks, replica }
  }

  test('is used only when it was sealed and switched to', async () => {
    const { chunks, replica } = await transferred()
    const { directory } = await written(5)
    const snapshot = await open(directory)
    const before = (await snapshot.load())?.summary
    const installer = await snapshot.beginInstall()
    for (const chunk of chunks) await installer.write(chunk)
    const received = await installer.finish()

    expect(received.summary).toStrictEqual(replica.summary)
    expect((await snapshot.load())?.summary).toStrictEqual(before)
    expect(() => snapshot.sealInstalled({ last: makeZxid(9, 9), crc: 1 })).toThrow(InvariantError)
    const installed = snapshot.sealInstalled(replica.end)
    await installer.discard()
    snapshot.switchToInstalled()
    expect((await snapshot.load())?.summary).toStrictEqual(replica.summary)
    await snapshot.close()

    expect(installed).toEqual({ directory: '2', configuration: null })
    expect(readdirSync(directory)).toEqual(['2'])
    const again = await open(directory, '2')
    expect((await again.load())?.summary).toStrictEqual(replica.summary)
    await again.close()
  })

  test('that is sealed survives the end of its store, one that is not does not', async () => {
    const { chunks, replica } = await transferred()
    const { directory } = await written(5)
    for (const isSealed of [false, true]) {
      const snapshot = await open(directory)
      const installer = await snapshot.beginInstall()
      for (const chunk of chunks) await installer.write(chunk)
      await installer.finish()
      if (isSealed) snapshot.sealInstalled(replica.end)
      await snapshot.close()
      expect(existsSync(join(directory, '2'))).toBe(isSealed)
    }
  })

  test('is refused when a chunk is damaged, missing, or not the end', async () => {
    const { chunks } = await transferred()
    expect(chunks.length).toBeGreaterThan(1)
    const { directory } = await written(5)
    const snapshot = await open(directory)
    const flipped = new Uint8Array(chunks[0] as Uint8Array)
    flipped[5000] = 1
    for (const wrong of [[flipped], chunks.slice(1), chunks.slice(0, -1)]) {
      const installer = await snapshot.beginInstall()
      const receive = async (): Promise<unknown> => {
        for (const chunk of wrong) await installer.write(chunk)
        return installer.finish()
      }
      await expect(receive()).rejects.toThrow(TransferError)
      await installer.discard()
      await installer.discard()
    }
    expect(readdirSync(directory)).toEqual(['1'])
    await snapshot.close()
  })

  test('only one at a time', async () => {
    const { directory } = await written(5)
    const snapshot = await open(directory)
    const installer = await snapshot.beginInstall()

    await expect(snapshot.beginInstall()).rejects.toThrow(InvariantError)
    await installer.discard()
    await (await snapshot.beginInstall()).discard()
    await snapshot.close()
  })
})

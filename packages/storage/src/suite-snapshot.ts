/** The Snapshot port, as tests: a checkpoint is all or nothing, a transfer is exact or refused. */
import { makeZxid } from '@conclave/core/internal'
import type { Snapshot, SnapshotReader, SnapshotSink } from './snapshot.ts'
import { MapReplica, MapSink, session, znode } from './suite-replica.ts'
import { rejectionOf, type TestTools } from './suite-tools.ts'

/** A snapshot that can be opened again and again. Closed or crashed before it is opened anew. */
export interface SnapshotSubject {
  open(): Promise<Snapshot<MapReplica>>
  /** Power fails: what was not synced may be lost, and the open snapshot is of no use any more. */
  crash(): Promise<void>
}

/** A replica of some size, at a page end. */
function someReplica(znodes: number): MapReplica {
  const replica = new MapReplica()
  replica.put(znode('/', null))
  for (let index = 0; index < znodes; index += 1) replica.put(znode(`/znode-${index}`))
  for (let id = 1; id <= 3; id += 1) replica.putSession(session(id))
  replica.end = { last: makeZxid(1, znodes), crc: znodes }
  return replica
}

async function chunksOf(reader: SnapshotReader): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  for (;;) {
    const { bytes, last } = await reader.read()
    chunks.push(bytes)
    if (last) return chunks
  }
}

/** Proves a snapshot. `create` gives a new and empty one for each test, which loads into the sink. */
export function snapshotSuite(
  name: string,
  create: (createSink: () => SnapshotSink<MapReplica>) => Promise<SnapshotSubject>,
  { describe, test, expect }: TestTools,
): void {
  const subjectOf = (): Promise<SnapshotSubject> => create(() => new MapSink())

  async function holding(replica: MapReplica): Promise<Snapshot<MapReplica>> {
    const snapshot = await (await subjectOf()).open()
    await snapshot.write(replica.freeze())
    return snapshot
  }

  describe(`${name}: checkpoints`, () => {
    test('there is none at first', async () => {
      const snapshot = await (await subjectOf()).open()

      expect(await snapshot.load()).toBe(null)
      await snapshot.close()
    })

    test('D2: what was written is found again, after a crash', async () => {
      const subject = await subjectOf()
      const snapshot = await subject.open()
      const replica = someReplica(1_200)
      replica.configuration = { ensembleId: 5, version: 3, members: [{ id: 1, role: 'voter' }] }
      await snapshot.write(replica.freeze())
      await subject.crash()

      const again = await subject.open()
      const found = await again.load()

      expect(found?.summary).toEqual(replica.summary)
      expect(found?.znodes.get('/znode-7')).toEqual(replica.znodes.get('/znode-7'))
      expect(found?.sessions.get(session(2).id)).toEqual(session(2))
      await again.close()
    })

    test('one after the other, each with only what changed', async () => {
      const subject = await subjectOf()
      const snapshot = await subject.open()
      const replica = someReplica(50)
      await snapshot.write(replica.freeze())
      replica.put(znode('/znode-1', 'another value'))
      replica.put(znode('/new', null))
      replica.drop('/znode-2')
      replica.dropSession(session(1).id)
      replica.end = { last: makeZxid(2, 1), crc: 2 }
      await snapshot.write(replica.freeze())
      replica.end = { last: makeZxid(2, 2), crc: 3 }
      await snapshot.write(replica.freeze())
      await snapshot.close()

      const again = await subject.open()
      const found = await again.load()

      expect(found?.summary).toEqual(replica.summary)
      expect(found?.znodes.has('/znode-2')).toBe(false)
      await again.close()
    })

    test('data of any kind and size', async () => {
      const replica = new MapReplica()
      const values = [null, new Uint8Array(0), new Uint8Array(1), new Uint8Array(1 << 20).fill(7)]
      for (const [index, value] of values.entries()) replica.put(znode(`/größe/${index}/😀`, value))
      const snapshot = await holding(replica)

      const found = await snapshot.load()

      expect(found?.summary).toEqual(replica.summary)
      for (const [path, one] of replica.znodes) {
        const data = found?.znodes.get(path)?.data ?? null
        const isSame =
          data === null ? one.data === null : Buffer.compare(data, one.data ?? data) === 0
        expect(isSame && data?.length === one.data?.length).toBe(true)
      }
      await snapshot.close()
    })

    test('one that is not finished is not there, not even in part', async () => {
      const subject = await subjectOf()
      const snapshot = await subject.open()
      const replica = someReplica(20)
      await snapshot.write(replica.freeze())
      const before = replica.summary
      for (let index = 0; index < 1_200; index += 1) replica.put(znode(`/later-${index}`))
      replica.end = { last: makeZxid(3, 1), crc: 4 }
      const checkpoint = replica.freeze()
      let calls = 0
      const failing = snapshot.write({
        summary: checkpoint.summary,
        take: (max) => {
          calls += 1
          if (calls > 2) throw new Error('cut off')
          return checkpoint.take(max)
        },
      })

      expect((await rejectionOf(failing)) instanceof Error).toBe(true)
      const next = rejectionOf(snapshot.write(replica.freeze()))
      expect((await next) instanceof Error).toBe(true)
      await subject.crash()
      const again = await subject.open()
      expect((await again.load())?.summary).toEqual(before)
      await again.close()
    })
  })

  describe(`${name}: transfers`, () => {
    test('a reader gives the snapshot as it was when it was opened', async () => {
      const replica = someReplica(9_000)
      const snapshot = await holding(replica)
      const { summary } = replica
      const reader = await snapshot.openReader()
      expect(reader.summary).toEqual(summary)
      const first = await reader.read()
      for (let index = 0; index < 1_000; index += 1) replica.drop(`/znode-${index}`)
      replica.put(znode('/znode-1500', 'changed'))
      replica.end = { last: makeZxid(7, 7), crc: 7 }
      await snapshot.write(replica.freeze())
      const chunks = [first.bytes, ...(await chunksOf(reader))]
      await reader.close()

      const target = await (await subjectOf()).open()
      const installer = await target.beginInstall()
      for (const chunk of chunks) await installer.write(chunk)
      const received = await installer.finish()

      expect(chunks.length > 1).toBe(true)
      expect(chunks.every((chunk) => chunk.length < 300_000)).toBe(true)
      expect(received.summary).toEqual(summary)
      await installer.discard()
      await target.close()
      await snapshot.close()
    })

    test('what is received takes the place of nothing by itself', async () => {
      const source = await holding(someReplica(40))
      const reader = await source.openReader()
      const chunks = await chunksOf(reader)
      await source.close()
      const own = someReplica(7)
      const target = await holding(own)

      const installer = await target.beginInstall()
      for (const chunk of chunks) await installer.write(chunk)
      await installer.finish()
      expect((await target.load())?.summary).toEqual(own.summary)
      await installer.discard()
      await installer.discard()

      expect((await target.load())?.summary).toEqual(own.summary)
      await (await target.beginInstall()).discard()
      await target.close()
    })

    test('a chunk that is damaged, missing or repeated is refused', async () => {
      const source = await holding(someReplica(9_000))
      const reader = await source.openReader()
      const chunks = await chunksOf(reader)
      await source.close()
      const [first, second] = chunks as [Uint8Array, Uint8Array]
      const flipped = new Uint8Array(first)
      flipped[1_000] = (flipped[1_000] as number) ^ 1
      const target = await (await subjectOf()).open()

      for (const wrong of [[flipped, second], chunks.slice(1), [first, first], [first]]) {
        const installer = await target.beginInstall()
        const receive = async (): Promise<void> => {
          for (const chunk of wrong) await installer.write(chunk)
          await installer.finish()
        }
        expect((await rejectionOf(receive())) instanceof Error).toBe(true)
        await installer.discard()
      }
      expect(await target.load()).toBe(null)
      await target.close()
    })
  })
}

import { noPage, type Page } from '@conclave/core/internal'
import { describe, expect, test } from 'vitest'
import { MemoryLog } from '../src/memory-log.ts'
import { MemoryStore } from '../src/memory-store.ts'
import { History, Told } from '../src/suite-history.ts'
import { MapReplica, MapSink, znode } from '../src/suite-replica.ts'

function newStore(damaged?: string): MemoryStore<MapReplica> {
  return new MemoryStore({
    sinkFactory: () => new MapSink(),
    emptyReplica: () => new MapReplica(),
    endOf: (replica) => replica.end,
    ...(damaged === undefined ? {} : { damaged }),
  })
}

function pageRecord(page: Page) {
  return { type: 'page' as const, page }
}

function replicaAt({ last, crc }: Page): MapReplica {
  const replica = new MapReplica()
  replica.put(znode('/'))
  replica.end = { last, crc }
  return replica
}

describe('memory log', () => {
  test('syncs only when it is told to, and forgets the rest in a crash', async () => {
    const medium = new MemoryLog()
    const told = new Told()
    const log = medium.open(told)
    const pages = new History().pages(5)
    medium.holdSyncs()
    pages.forEach((page, index) => log.append(index + 1, [pageRecord(page)]))
    await Promise.resolve()
    expect(told.synced).toEqual([])

    medium.releaseSyncs(2)
    medium.releaseSyncs(1)
    expect(told.synced).toEqual([2, 3])
    expect(await log.read(noPage.last, 1 << 20)).toStrictEqual(pages.slice(0, 3))
    medium.crash()
    medium.releaseSyncs()

    expect(told.synced).toEqual([2, 3])
    const again = medium.open(new Told())
    expect(again.recovered.pageEnds).toHaveLength(3)
    again.append(1, [pageRecord(pages[3] as Page)])
    await again.close()
    expect(await medium.open(new Told()).read(noPage.last, 1 << 20)).toStrictEqual(
      pages.slice(0, 4),
    )
  })

  test('syncs when its schedule says so, all that waits by then, and nothing behind a crash', () => {
    const due: (() => void)[] = []
    const medium = new MemoryLog({}, (sync) => void due.push(sync))
    const told = new Told()
    const log = medium.open(told)
    const pages = new History().pages(3)
    log.append(1, [pageRecord(pages[0]!)])
    log.append(2, [pageRecord(pages[1]!)])
    expect(told.synced).toEqual([])

    due[0]!()
    due[1]!()
    expect(told.synced).toEqual([2])
    log.append(3, [pageRecord(pages[2]!)])
    medium.crash()
    due[2]!()

    expect(told.synced).toEqual([2])
    expect(medium.open(new Told()).recovered.pageEnds).toHaveLength(2)
  })

  test('fails once, for good', async () => {
    const medium = new MemoryLog()
    const told = new Told()
    const log = medium.open(told)
    const pages = new History().pages(2)
    medium.failNext(new Error('ENOSPC'))
    log.append(1, [pageRecord(pages[0] as Page)])
    await expect(told.until(1)).rejects.toThrow('ENOSPC')
    log.append(2, [pageRecord(pages[1] as Page)])
    await log.close()

    expect(told.failures).toHaveLength(1)
    expect(told.synced).toEqual([])
    expect(medium.open(new Told()).recovered.pageEnds).toEqual([])
  })
})

describe('memory store', () => {
  test('a restart finds the snapshot, and the pages behind it as history', async () => {
    const medium = newStore('a flipped bit')
    const told = new Told()
    const store = await medium.open(told)
    const pages = new History().pages(4)
    store.log.append(1, pages.map(pageRecord))
    await told.until(1)
    const replica = replicaAt(pages[1] as Page)
    await store.snapshot.write(replica.freeze())
    medium.crash()

    const { recovered } = await medium.open(new Told())

    expect(recovered.replica.summary).toStrictEqual(replica.summary)
    expect(recovered.history).toStrictEqual(pages.slice(2))
    expect(recovered).toMatchObject({ logStart: noPage, damaged: 'a flipped bit' })
  })

  test('a checkpoint that a crash overtakes was never written', async () => {
    const medium = newStore()
    const told = new Told()
    const store = await medium.open(told)
    const page = new History().page()
    store.log.append(1, [pageRecord(page)])
    await told.until(1)
    medium.snapshot.holdWrites()
    let isWritten = false
    void store.snapshot.write(replicaAt(page).freeze()).then(() => (isWritten = true))
    await Promise.resolve()
    medium.crash()

    const { recovered } = await medium.open(new Told())

    expect(isWritten).toBe(false)
    expect(recovered.replica.end).toEqual(noPage)
    expect(recovered.history).toHaveLength(1)
  })

  test.each([false, true])(
    'a received snapshot is used from its record on (synced: %s)',
    async (isSynced) => {
      const source = newStore()
      const sourceTold = new Told()
      const from = await source.open(sourceTold)
      const page = new History(4).page()
      from.log.append(1, [pageRecord(page)])
      await sourceTold.until(1)
      await from.snapshot.write(replicaAt(page).freeze())
      const reader = await from.snapshot.openReader()
      const medium = newStore()
      const told = new Told()
      const store = await medium.open(told)
      const own = new History().page()
      store.log.append(1, [pageRecord(own)])
      await told.until(1)

      const installer = await store.snapshot.beginInstall()
      await installer.write((await reader.read()).bytes)
      const received = await installer.finish()
      medium.log.holdSyncs()
      store.log.append(2, [{ type: 'snapshot-installed', at: received.end }])
      await installer.discard()
      if (isSynced) medium.log.releaseSyncs()
      medium.crash()

      const { recovered } = await medium.open(new Told())
      expect(recovered.replica.end).toEqual(isSynced ? received.end : noPage)
      expect(recovered.history).toHaveLength(isSynced ? 0 : 1)
      expect(recovered.logStart).toEqual(isSynced ? received.end : noPage)
    },
  )
})

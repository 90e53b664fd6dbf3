import { makeZxid, noPage, type LogRecord, type Page } from '@conclave/core/internal'
import { describe, expect, test } from 'vitest'
import { DamageError } from '../../src/snapshot.ts'
import { History } from '../../src/suite-history.ts'
import { MemoryFiles } from '../memory-files.ts'
import { openLog, readAll } from './open-log.ts'

const configuration = (version: number) => ({
  ensembleId: 77,
  version,
  members: [{ id: 1, role: 'voter' as const }],
})

function pageRecord(page: Page): LogRecord {
  return { type: 'page', page }
}

describe('segments', () => {
  const limits = { segmentBytes: 400 }

  test('a log of many segments is one log', async () => {
    const files = new MemoryFiles()
    const { log, addPages, add } = await openLog(files, { limits })
    const history = new History()
    await add({ type: 'accepted-epoch', epoch: 1, leader: 7 })
    await add({ type: 'configuration', configuration: configuration(1) })
    const pages = history.pages(20)
    for (const page of pages) await addPages(page)
    await log.close()

    expect(files.paths().length).toBeGreaterThan(4)
    const again = await openLog(files, { limits })
    expect(again.log.recovered).toMatchObject({ acceptedEpoch: 1, acceptedLeader: 7 })
    expect(again.log.recovered.configuration).toStrictEqual(configuration(1))
    expect(await readAll(again.log)).toStrictEqual(pages)
    expect(await readAll(again.log, 1)).toStrictEqual(pages)
  })

  test('a segment whose name is not durable is never written to', async () => {
    const files = new MemoryFiles()
    const { log, told } = await openLog(files, { limits })
    const pages = new History().pages(20)
    files.fail('syncDirectory', new Error('EIO'))

    pages.forEach((page, index) => log.append(index + 1, [pageRecord(page)]))
    await expect(told.until(20)).resolves.toBeUndefined()
    const more = new History(2, pages.at(-1)).page()
    log.append(21, [pageRecord(more)])
    await expect(told.until(21)).rejects.toThrow('EIO')
    const after = files.crash()

    expect(after.paths()).toHaveLength(1)
    expect(await readAll((await openLog(after)).log)).toStrictEqual(pages)
  })

  test('purge deletes whole segments behind the zxid, and never the last one', async () => {
    const files = new MemoryFiles()
    const { log, addPages } = await openLog(files, { limits })
    const history = new History()
    const pages = history.pages(20)
    for (const page of pages) await addPages(page)
    const all = files.paths().length

    const middle = pages[9] as Page
    log.purge(middle.last)
    log.purge(history.end.last)
    log.purge(middle.last)
    await log.close()

    expect(all).toBeGreaterThan(4)
    expect(files.paths()).toHaveLength(1)
    const again = await openLog(files)
    const { start, pageEnds } = again.log.recovered
    expect(start.last + pageEnds.length).toBe(history.end.last)
    expect(pages.map(({ crc }) => crc)).toContain(start.crc)
    expect(await readAll(again.log)).toStrictEqual(pages.filter(({ last }) => last > start.last))
    expect(await again.log.read(noPage.last, 100)).toEqual([])
  })

  test('purge keeps every page behind the zxid', async () => {
    const files = new MemoryFiles()
    const { log, addPages } = await openLog(files, { limits })
    const pages = new History().pages(20)
    for (const page of pages) await addPages(page)

    for (const page of pages) {
      log.purge(page.last)
      await Promise.resolve()
      const rest = await log.read(page.last, 1 << 20)
      expect(rest).toStrictEqual(pages.filter((other) => other.last > page.last))
    }
  })

  test('after a purge everything else is still known', async () => {
    const files = new MemoryFiles()
    const { log, add, addPages } = await openLog(files, { limits, damaged: 'x' })
    const at = { last: makeZxid(1, 4), crc: 9 }
    log.append(1, [{ type: 'accepted-epoch', epoch: 5, leader: 3 }])
    log.append(2, [
      { type: 'snapshot-installed', at, directory: '7', configuration: configuration(1) },
    ])
    const history = new History(1, at)
    for (const page of history.pages(5)) log.append(3, [pageRecord(page)])
    await addPages(history.page())
    await add({ type: 'configuration', configuration: configuration(2) })
    for (const page of history.pages(20)) await addPages(page)
    log.purge(history.end.last)
    await log.close()

    const { recovered } = (await openLog(files)).log

    expect(recovered).toMatchObject({
      acceptedEpoch: 5,
      acceptedLeader: 3,
      configuration: configuration(2),
      installed: at,
      damaged: 'x',
      snapshotDirectory: '7',
    })
    expect(recovered.start.last).toBeGreaterThan(at.last)
  })

  test('a history that was cut below its first segment begins where it was cut', async () => {
    const files = new MemoryFiles()
    const { log, add, addPages } = await openLog(files, { limits })
    const history = new History()
    const pages = history.pages(20)
    for (const page of pages) await addPages(page)
    log.purge(history.end.last)
    const to = pages[4] as Page
    await add({ type: 'truncate', to })
    const next = new History(2, { last: to.last, crc: to.crc }).page()
    await addPages(next)
    const readHere = await log.read(to.last, 1000)

    const again = await openLog(files)

    expect(readHere).toStrictEqual([next])
    expect(again.log.recovered.start).toStrictEqual({ last: to.last, crc: to.crc })
    expect(await readAll(again.log)).toStrictEqual([next])
  })

  test.each([
    ['remove', Object.assign(new Error('EMFILE'), { code: 'EMFILE' })],
    ['syncDirectory', Object.assign(new Error('EMFILE'), { code: 'EMFILE', syscall: 'open' })],
  ])('what cannot be deleted at the moment (%s), the next purge deletes', async (what, error) => {
    const files = new MemoryFiles()
    const { log, told, addPages } = await openLog(files, { limits })
    const history = new History()
    for (const page of history.pages(10)) await addPages(page)
    files.fail(what, error)

    log.purge(history.end.last)
    const next = history.page()
    await addPages(next)
    log.purge(history.end.last)
    await log.close()

    expect(told.failures).toEqual([])
    expect(told.purges).toEqual([error, null])
    expect(files.paths()).toHaveLength(1)
    const again = await openLog(files, { limits })
    expect((await readAll(again.log)).at(-1)).toStrictEqual(next)
  })

  test('a directory that cannot be synced is a fault of the disk, and final', async () => {
    const files = new MemoryFiles()
    const { log, told, addPages } = await openLog(files, { limits })
    const history = new History()
    for (const page of history.pages(10)) await addPages(page)
    files.fail('syncDirectory', Object.assign(new Error('EIO'), { syscall: 'fsync' }))

    log.purge(history.end.last)
    await log.close()

    expect(told.failures).toHaveLength(1)
  })
})

describe('read', () => {
  test('gives what follows, at least one page, then what fits', async () => {
    const files = new MemoryFiles()
    const { log, addPages, add } = await openLog(files)
    const history = new History()
    const pages = history.pages(5, 100)
    await addPages(...pages.slice(0, 3))
    await add({ type: 'accepted-epoch', epoch: 9, leader: 1 })
    await addPages(...pages.slice(3))
    const size = (pages[0] as Page).bytes.length

    expect(await log.read(noPage.last, 1)).toStrictEqual(pages.slice(0, 1))
    expect(await log.read(noPage.last, 2 * size)).toStrictEqual(pages.slice(0, 2))
    expect(await log.read((pages[1] as Page).last, 1 << 20)).toStrictEqual(pages.slice(2))
    expect(await log.read(history.end.last, 1 << 20)).toEqual([])
    expect(await log.read(makeZxid(7, 7), 1 << 20)).toEqual([])
  })

  test('gives only what is durable', async () => {
    const files = new MemoryFiles()
    const { log, addPages, told } = await openLog(files)
    const history = new History()
    const first = history.page()
    await addPages(first)
    files.hold()
    const second = history.page()
    log.append(2, [pageRecord(second)])

    expect(await log.read(noPage.last, 1000)).toStrictEqual([first])
    files.release()
    await told.until(2)
    expect(await log.read(noPage.last, 1000)).toStrictEqual([first, second])
  })

  test('rejects whatever is not what was written, wherever a byte has changed', async () => {
    const files = new MemoryFiles()
    const { log, addPages } = await openLog(files)
    const pages = new History().pages(3)
    for (const page of pages) await addPages(page)
    const [path] = files.paths() as [string]
    const good = files.content(path)
    let rejected = 0

    for (let at = 0; at < good.length; at += 1) {
      const bad = Buffer.from(good)
      bad[at] = (bad[at] as number) ^ 0x40
      files.put(path, bad)
      try {
        expect(await log.read(noPage.last, 1 << 20)).toStrictEqual(pages)
      } catch (error) {
        expect(error).toBeInstanceOf(DamageError)
        rejected += 1
      }
    }

    const pageBytes = pages.reduce((sum, page) => sum + page.bytes.length, 0)
    expect(rejected).toBeGreaterThanOrEqual(pageBytes)
    files.put(path, good.subarray(0, good.length - 1))
    await expect(log.read(noPage.last, 1 << 20)).rejects.toThrow(DamageError)
    files.drop(path)
    await expect(log.read(noPage.last, 1 << 20)).rejects.toThrow(DamageError)
  })
})

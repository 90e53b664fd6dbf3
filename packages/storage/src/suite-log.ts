/** The Log port, as tests: durability in order, and nothing but what was appended. */
import { makeZxid, noPage, type LogRecord, type Page, type PageEnd } from '@conclave/core/internal'
import type { Log, LogListener } from './log.ts'
import { History, Told } from './suite-history.ts'
import { throws, type TestTools } from './suite-tools.ts'

/** A log that can be opened again and again. Closed or crashed before it is opened anew. */
export interface LogSubject {
  open(listener: LogListener): Promise<Log>
  /** Power fails: what was not synced may be lost, and the open log is never heard of again. */
  crash(): Promise<void>
}

const configuration = (version: number) => ({
  ensembleId: 99,
  version,
  members: [
    { id: 1, role: 'voter' as const },
    { id: 200, role: 'observer' as const },
  ],
})

function pageRecords(...pages: readonly Page[]): LogRecord[] {
  return pages.map((page) => ({ type: 'page', page }))
}

function endsOf(pages: readonly Page[]): PageEnd[] {
  return pages.map(({ last, crc }) => ({ last, crc }))
}

/** Everything behind `after`, read a little at a time. */
async function readBehind(log: Log, after: PageEnd, maxBytes: number): Promise<Page[]> {
  const pages: Page[] = []
  for (;;) {
    const more = await log.read((pages.at(-1) ?? after).last, maxBytes)
    if (more.length === 0) return pages
    pages.push(...more)
  }
}

/** Proves a log. `create` gives a new and empty one for each test. */
export function logSuite(
  name: string,
  create: () => Promise<LogSubject>,
  { describe, test, expect }: TestTools,
): void {
  /** A log, and how to append to it and wait. */
  async function opened(subject: LogSubject) {
    const told = new Told()
    const log = await subject.open(told)
    let seq = 0
    const add = (...records: LogRecord[]): Promise<void> => {
      seq += 1
      log.append(seq, records)
      return told.until(seq)
    }
    return { log, told, add }
  }

  describe(`${name}: what is found again`, () => {
    test('nothing, at first', async () => {
      const { log } = await opened(await create())
      const { pageEnds, start, installed, acceptedEpoch, configuration: found } = log.recovered

      expect({ pageEnds, start, installed, acceptedEpoch, found }).toEqual({
        pageEnds: [],
        start: noPage,
        installed: null,
        acceptedEpoch: 0,
        found: null,
      })
      expect(await log.read(noPage.last, 1000)).toEqual([])
    })

    test('Z12: every record that was synced, after a crash', async () => {
      const subject = await create()
      const { add } = await opened(subject)
      const pages = new History(3).pages(5, 100)
      await add({ type: 'accepted-epoch', epoch: 3, leader: 2 })
      await add(...pageRecords(...pages.slice(0, 2)), { type: 'current-epoch', epoch: 3 })
      await add({ type: 'configuration', configuration: configuration(1) })
      await add(...pageRecords(...pages.slice(2)))
      await add({ type: 'configuration', configuration: configuration(2) })
      await add({ type: 'damage-found', reason: 'a flipped bit' })
      await add({ type: 'accepted-epoch', epoch: 4, leader: 1 })
      await subject.crash()

      const { log } = await opened(subject)

      const { acceptedEpoch, acceptedLeader, currentEpoch, damaged } = log.recovered
      expect({ acceptedEpoch, acceptedLeader, currentEpoch, damaged }).toEqual({
        acceptedEpoch: 4,
        acceptedLeader: 1,
        currentEpoch: 3,
        damaged: 'a flipped bit',
      })
      expect(log.recovered.configuration).toEqual(configuration(2))
      expect(log.recovered.pageEnds).toEqual(endsOf(pages))
      expect(await readBehind(log, noPage, 1)).toEqual(pages)
    })

    test('of what was not synced, whole appends, from the first on', async () => {
      const subject = await create()
      const { log, add, told } = await opened(subject)
      const history = new History()
      await add(...pageRecords(history.page()))
      const pairs = Array.from({ length: 10 }, () => history.pages(2))
      for (const [index, pair] of pairs.entries()) log.append(index + 2, pageRecords(...pair))
      const acknowledged = told.lastSynced
      await subject.crash()

      const again = await opened(subject)

      const count = again.log.recovered.pageEnds.length
      expect(count % 2).toBe(1)
      expect(count >= 2 * acknowledged - 1).toBe(true)
      const all = [...endsOf(pairs.flat())].slice(0, count - 1)
      expect(again.log.recovered.pageEnds.slice(1)).toEqual(all)
    })

    test('everything that was appended before it was closed', async () => {
      const subject = await create()
      const { log, told } = await opened(subject)
      const pages = new History().pages(20)
      for (const [index, page] of pages.entries()) log.append(index + 1, pageRecords(page))
      await Promise.all([log.close(), log.close()])
      log.append(21, [{ type: 'accepted-epoch', epoch: 9, leader: 9 }])

      expect(told.lastSynced).toBe(20)
      const again = await opened(subject)
      expect(again.log.recovered.pageEnds).toEqual(endsOf(pages))
      expect(again.log.recovered.acceptedEpoch).toBe(0)
    })

    test('after a truncate, what was appended behind it', async () => {
      const subject = await create()
      const { add, log } = await opened(subject)
      const pages = new History().pages(4)
      const kept = endsOf(pages)[1] as PageEnd
      await add(...pageRecords(...pages.slice(0, 2)))
      await add({ type: 'configuration', configuration: configuration(1) })
      await add(...pageRecords(...pages.slice(2)))
      await add({ type: 'configuration', configuration: configuration(2) })
      const other = new History(2, kept).page()
      await add({ type: 'truncate', to: kept }, ...pageRecords(other))
      expect(await log.read(kept.last, 1000)).toEqual([other])
      await subject.crash()

      const again = await opened(subject)

      expect(await readBehind(again.log, noPage, 1000)).toEqual([...pages.slice(0, 2), other])
      expect(again.log.recovered.configuration).toEqual(configuration(1))
    })

    test('behind an installed snapshot, only what came after it', async () => {
      const subject = await create()
      const { add, log } = await opened(subject)
      await add(...pageRecords(...new History().pages(3)))
      const at = { last: makeZxid(1, 2), crc: 8 }
      await add({ type: 'snapshot-installed', at })
      const page = new History(1, at).page()
      await add(...pageRecords(page))
      expect(await log.read(at.last, 1000)).toEqual([page])
      await subject.crash()

      const again = await opened(subject)

      const { installed, start, pageEnds } = again.log.recovered
      expect({ installed, start, pageEnds }).toEqual({
        installed: at,
        start: at,
        pageEnds: endsOf([page]),
      })
    })

    test('healed is healed', async () => {
      const subject = await create()
      const { add } = await opened(subject)
      await add({ type: 'damage-found', reason: 'x' })
      await add({ type: 'damage-healed' })
      await subject.crash()

      expect((await opened(subject)).log.recovered.damaged).toBe(null)
    })
  })

  describe(`${name}: while it is open`, () => {
    test('Z12: onSynced is cumulative, in order, and never called from within append', async () => {
      const { log, told } = await opened(await create())
      const pages = new History().pages(30)
      for (const [index, page] of pages.entries()) {
        log.append(index + 1, pageRecords(page))
        expect(told.synced).toEqual([])
      }
      await told.until(30)

      expect(told.synced).toEqual([...told.synced].sort((a, b) => a - b))
      expect(told.lastSynced).toBe(30)
      await log.close()
    })

    test('Z5: a page that does not follow is refused, and nothing is appended', async () => {
      const subject = await create()
      const { log, add } = await opened(subject)
      const [first, second, third] = new History().pages(3) as [Page, Page, Page]
      await add(...pageRecords(first))

      expect(throws(() => log.append(2, pageRecords(third)))).toBe(true)
      expect(throws(() => log.append(2, pageRecords(second, second)))).toBe(true)
      await add(...pageRecords(second))
      await log.close()
      expect((await opened(subject)).log.recovered.pageEnds.length).toBe(2)
    })

    test('read gives whole pages behind a page end, one at least, then what fits', async () => {
      const { log, add } = await opened(await create())
      const history = new History()
      const pages = history.pages(6, 100)
      await add(...pageRecords(...pages))
      const size = (pages[0] as Page).bytes.length

      expect(await log.read(noPage.last, 1)).toEqual(pages.slice(0, 1))
      expect(await log.read(noPage.last, size * 2)).toEqual(pages.slice(0, 2))
      expect(await log.read((pages[2] as Page).last, size * 100)).toEqual(pages.slice(3))
      expect(await log.read(history.end.last, size)).toEqual([])
      expect(await log.read(makeZxid(5, 5), size)).toEqual([])
      await log.close()
    })

    test('purge never takes a page behind the zxid, and reading goes on while it does', async () => {
      const subject = await create()
      const { log, add } = await opened(subject)
      const history = new History()
      const pages = history.pages(40)
      for (const page of pages.slice(0, 30)) await add(...pageRecords(page))
      const upTo = pages[19] as Page
      log.purge(upTo.last)
      const behind = await readBehind(log, upTo, 200)
      for (const page of pages.slice(30)) await add(...pageRecords(page))
      await log.close()

      expect(behind).toEqual(pages.slice(20, 30))
      const again = await opened(subject)
      const { start, pageEnds } = again.log.recovered
      expect(start.last <= upTo.last).toBe(true)
      expect(pageEnds).toEqual(endsOf(pages).filter(({ last }) => last > start.last))
      expect(await readBehind(again.log, start, 1000)).toEqual(
        pages.filter(({ last }) => last > start.last),
      )
    })
  })
}

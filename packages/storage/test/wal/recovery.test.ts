import {
  CoordinationError,
  makeZxid,
  noPage,
  type LogRecord,
  type Page,
} from '@conclave/core/internal'
import { describe, expect, test } from 'vitest'
import { DamageError } from '../../src/snapshot.ts'
import type { RecoveredWriteAheadLog } from '../../src/wal/recovered-log.ts'
import { History } from '../../src/suite-history.ts'
import { MemoryFiles } from '../memory-files.ts'
import { directory, openLog, readAll } from './open-log.ts'

const path = (segment: number): string => `${directory}/${String(segment).padStart(10, '0')}.log`

function pageRecord(page: Page): LogRecord {
  return { type: 'page', page }
}

/** Appends of every kind, each durable before the next, as a peer's life would have them. */
function someAppends(): LogRecord[][] {
  const history = new History(1)
  const [first, second, third] = history.pages(3) as [Page, Page, Page]
  const other = new History(2, { last: second.last, crc: second.crc })
  const members = [{ id: 1, role: 'voter' as const }]
  return [
    [{ type: 'accepted-epoch', epoch: 1, leader: 1 }],
    [pageRecord(first), { type: 'current-epoch', epoch: 1 }],
    [pageRecord(second), pageRecord(third)],
    [{ type: 'configuration', configuration: { ensembleId: 5, version: 1, members } }],
    [{ type: 'accepted-epoch', epoch: 2, leader: 3 }],
    [{ type: 'truncate', to: second }, pageRecord(other.page()), pageRecord(other.page())],
    [{ type: 'current-epoch', epoch: 2 }],
    [{ type: 'damage-found', reason: 'x' }],
    [{ type: 'damage-healed' }],
    [pageRecord(other.page())],
  ]
}

interface WrittenLog {
  readonly files: MemoryFiles
  /** Where each append ends in the only segment; the header's end first. */
  readonly ends: readonly number[]
  /** What the log held behind each of them. */
  readonly states: readonly RecoveredWriteAheadLog[]
}

async function writeLog(appends: readonly LogRecord[][], mark: boolean): Promise<WrittenLog> {
  const files = new MemoryFiles()
  const { log, add, clock } = await openLog(files)
  const ends = [files.content(path(1)).length]
  const states = [log.recovered]
  for (const records of appends) {
    await add(...records)
    ends.push(files.content(path(1)).length)
    states.push((await openLog(files.copy())).log.recovered)
  }
  if (mark) {
    clock.pass(1000)
    clock.pass(1000)
    await log.close()
  }
  return { files, ends, states }
}

/** What a log with this content holds. */
async function recover(content: Uint8Array, segment = 1): Promise<RecoveredWriteAheadLog> {
  const files = new MemoryFiles()
  files.put(path(segment), content)
  return (await openLog(files)).log.recovered
}

describe('a torn tail', () => {
  test('a log cut at any byte holds the appends that are whole, and nothing else', async () => {
    const { files, ends, states } = await writeLog(someAppends(), false)
    const content = files.content(path(1))

    for (let length = 0; length <= content.length; length += 1) {
      const whole = ends.filter((end) => end <= length).length
      const expected = states[Math.max(0, whole - 1)]
      expect(await recover(content.subarray(0, length)), `cut at ${length}`).toStrictEqual(expected)
    }
  })

  test('what is cut is gone for good, and the log goes on behind it', async () => {
    const { files, ends } = await writeLog(someAppends(), false)
    const content = files.content(path(1))

    for (const end of ends.slice(1)) {
      const cut = new MemoryFiles()
      cut.put(path(1), content.subarray(0, end - 1))
      const { log, add } = await openLog(cut)
      expect(cut.content(path(1)).length).toBe(ends[ends.indexOf(end) - 1])
      await add({ type: 'accepted-epoch', epoch: 9, leader: 9 })
      const after = cut.crash()
      const again = await openLog(after)
      expect(again.log.recovered).toStrictEqual({
        ...log.recovered,
        acceptedEpoch: 9,
        acceptedLeader: 9,
      })
    }
  })

  test('zeros and garbage behind the end are cut, old records of the same log among them', async () => {
    const { files, states } = await writeLog(someAppends(), true)
    const content = files.content(path(1))
    const garbage = [Buffer.alloc(5000), Buffer.alloc(70, 0xff), content.subarray(40), content]

    for (const tail of garbage) {
      const recovered = await recover(Buffer.concat([content, tail]))
      expect(recovered).toStrictEqual(states.at(-1))
    }
  })

  test('a page that contains a whole log is only a page', async () => {
    const inner = (await writeLog(someAppends(), true)).files.content(path(1))
    const files = new MemoryFiles()
    const { addPages } = await openLog(files)
    const history = new History()
    const first = history.page()
    await addPages(first)
    const start = files.content(path(1)).length
    await addPages(history.page(1, inner.length))
    const content = files.content(path(1))
    inner.copy(content, start + 100)

    const recovered = await recover(content)

    expect(recovered.pageEnds).toEqual([{ last: first.last, crc: first.crc }])
  })

  test('a segment that was born but never got its header is removed', async () => {
    const { files, states } = await writeLog(someAppends(), true)
    const other = await writeLog([], false)
    const header = other.files.content(path(1))

    for (const stillborn of [Buffer.alloc(0), Buffer.alloc(100), header.subarray(0, 20)]) {
      const copy = files.copy()
      copy.put(path(2), stillborn)
      const { log, add } = await openLog(copy, { limits: { segmentBytes: 1 } })
      expect(log.recovered).toStrictEqual(states.at(-1))
      expect(copy.paths()).toEqual([path(1)])

      await add({ type: 'accepted-epoch', epoch: 9, leader: 9 })
      expect(copy.paths()).toEqual([path(1), path(2)])
      expect((await openLog(copy)).log.recovered.acceptedEpoch).toBe(9)
    }
  })

  test('everything that a restart has read is durable, even what a failed sync forgot', async () => {
    const files = new MemoryFiles({ durableWrites: false })
    const { log, told, addPages } = await openLog(files)
    const history = new History()
    await addPages(history.page())
    files.fail('sync', new Error('EIO'))
    log.append(2, [pageRecord(history.page())])
    await expect(told.until(2)).rejects.toThrow('EIO')
    await log.close()

    const again = await openLog(files)
    const { pageEnds } = again.log.recovered
    const after = files.crash()

    expect((await openLog(after)).log.recovered.pageEnds).toStrictEqual(pageEnds)
  })
})

describe('damage', () => {
  test.each([true, false])(
    'a flipped byte is damage, or cuts the last append (mark: %s)',
    async (mark) => {
      const { files, ends, states } = await writeLog(someAppends(), mark)
      const content = files.content(path(1))
      // With a mark behind it, only the mark itself is undecidable, and nothing hangs on it.
      const lastDecidable = mark ? (ends.at(-1) as number) : (ends.at(-2) as number)
      const beforeLast = mark ? states.at(-1) : states.at(-2)

      for (let at = 0; at < content.length; at += 1) {
        for (const flip of mark ? [0x80] : [0x01, 0xff]) {
          const bad = Buffer.from(content)
          bad[at] = (bad[at] as number) ^ flip
          const result = recover(bad)
          if (at < lastDecidable) await expect(result, `at ${at}`).rejects.toThrow(DamageError)
          else expect(await result, `at ${at}`).toStrictEqual(beforeLast)
        }
      }
    },
    20_000,
  )

  test('zeros over any append but the last are damage', async () => {
    const { files, ends } = await writeLog(someAppends(), true)
    const content = files.content(path(1))

    for (const [index, end] of ends.entries()) {
      const bad = Buffer.from(content)
      bad.fill(0, index === 0 ? 0 : ends[index - 1], end)
      await expect(recover(bad)).rejects.toThrow(DamageError)
    }
  })

  test('an append that a disk put in the place of another is damage', async () => {
    const pages = new History().pages(6)
    const { files, ends } = await writeLog(
      pages.map((page) => [pageRecord(page)]),
      true,
    )
    const content = files.content(path(1))
    const size = (ends[2] as number) - (ends[1] as number)
    const at = (index: number): number => ends[index] as number

    for (const [from, to] of [
      [1, 2],
      [2, 1],
      [0, 4],
      [4, 0],
    ] as const) {
      const bad = Buffer.from(content)
      content.copy(bad, at(to), at(from), at(from) + size)
      await expect(recover(bad), `${from} over ${to}`).rejects.toThrow(DamageError)
    }
  })

  async function writeSegments(): Promise<MemoryFiles> {
    const files = new MemoryFiles()
    const { addPages, log } = await openLog(files, { limits: { segmentBytes: 300 } })
    for (const page of new History().pages(12)) await addPages(page)
    await log.close()
    expect(files.paths().length).toBeGreaterThan(4)
    return files
  }

  test('an earlier segment that is cut anywhere, or longer, is damage', async () => {
    const files = await writeSegments()
    const content = files.content(path(2))

    for (let length = 0; length < content.length; length += 1) {
      const copy = files.copy()
      copy.put(path(2), content.subarray(0, length))
      await expect(openLog(copy), `cut at ${length}`).rejects.toThrow(DamageError)
    }
    const longer = files.copy()
    longer.put(path(2), Buffer.concat([content, Buffer.alloc(1)]))
    await expect(openLog(longer)).rejects.toThrow(DamageError)
  })

  test('a flipped byte in an earlier segment is damage', async () => {
    const files = await writeSegments()
    for (const segment of [1, 3]) {
      const content = files.content(path(segment))
      for (let at = 0; at < content.length; at += 1) {
        const copy = files.copy()
        const bad = Buffer.from(content)
        bad[at] = (bad[at] as number) ^ 0x10
        copy.put(path(segment), bad)
        await expect(openLog(copy)).rejects.toThrow(DamageError)
      }
    }
  })

  test('a missing segment is damage, unless it is the first or the last', async () => {
    const files = await writeSegments()
    const count = files.paths().length

    for (let segment = 2; segment < count; segment += 1) {
      const copy = files.copy()
      copy.drop(path(segment))
      await expect(openLog(copy)).rejects.toThrow(/missing/)
    }
    const later = files.copy()
    later.drop(path(1))
    expect((await openLog(later)).log.recovered.start).not.toEqual(noPage)
  })

  test('a segment in the place of another is damage', async () => {
    const files = await writeSegments()
    const moved = files.copy()
    moved.put(path(3), files.content(path(2)))
    await expect(openLog(moved)).rejects.toThrow(DamageError)
  })

  test('a segment of another history is damage, though each is whole', async () => {
    const one = await writeSegments()
    const other = await writeSegments()
    const end = (await openLog(one.copy())).log.recovered.pageEnds.at(-1) ?? noPage
    const limits = { segmentBytes: 1 }
    const next = one.paths().length + 1
    for (const [files, epoch] of [
      [one, 2],
      [other, 3],
    ] as const) {
      const { addPages } = await openLog(files, { limits })
      const history = new History(epoch, end)
      await addPages(history.page())
      await addPages(history.page())
    }

    one.put(path(next + 1), other.content(path(next + 1)))

    await expect(openLog(one)).rejects.toThrow(DamageError)
  })

  test('the only segment left without its header is damage, since others were deleted', async () => {
    const files = await writeSegments()
    const { log } = await openLog(files)
    log.purge(makeZxid(1, 12))
    await log.close()
    const [last] = files.paths() as [string]
    const content = files.content(last)

    files.put(last, content.subarray(0, 10))

    await expect(openLog(files)).rejects.toThrow(DamageError)
  })
})

describe('what is not ours to read', () => {
  async function codeOf(result: Promise<unknown>): Promise<string> {
    const error = await result.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(CoordinationError)
    return (error as CoordinationError).code
  }

  test("another peer's log is DIR_FOREIGN, and stays as it was", async () => {
    const { files } = await writeLog(someAppends(), true)
    const content = files.content(path(1))

    expect(await codeOf(openLog(files, { peerId: 2 }))).toBe('DIR_FOREIGN')
    expect(files.content(path(1))).toEqual(content)
  })

  test('files that are no segments are left alone', async () => {
    const { files, states } = await writeLog(someAppends(), true)
    files.put(`${directory}/notes.txt`, Buffer.from('x'))

    expect((await openLog(files)).log.recovered).toStrictEqual(states.at(-1))
    expect(files.paths()).toContain(`${directory}/notes.txt`)
  })
})

describe('after any of it', () => {
  test('a log that was recovered reads back what it says it holds', async () => {
    const { files, ends } = await writeLog(someAppends(), false)
    const content = files.content(path(1))
    for (const end of ends) {
      const cut = new MemoryFiles()
      cut.put(path(1), content.subarray(0, end + 5))
      const { log } = await openLog(cut)
      const pages = await readAll(log)
      expect(pages.map(({ last, crc }) => ({ last, crc }))).toEqual(log.recovered.pageEnds)
    }
  })
})

/** A history knows every page end of its log, and how far the disk has come. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvariantError } from '../../src/assert.ts'
import { History } from '../../src/zab/history.ts'
import { noPage, type Page } from '../../src/zab/page.ts'
import { epochOf, formatZxid, makeZxid, type Zxid } from '../../src/zxid.ts'
import { endOf, pagesOf } from './lone-peer.ts'
import { pageOf } from './word-machine.ts'

const pages = pagesOf([1, 'a', 'b', 'c'], [2, 'd', 'e'])
const [a, b, c, d, e] = pages as [Page, Page, Page, Page, Page]

/** A history that was handed these pages, each as an append of its own, from 1. */
function historyOf(...appended: readonly Page[]): History {
  const history = new History(noPage, [], [], 0)
  appended.forEach((page, at) => history.append(page, at + 1))
  return history
}

describe('appending', () => {
  test('Z5: a page that does not follow the end is refused, with both places', () => {
    const history = historyOf(a, b)

    expect(history.refuses(c)).toBeNull()
    expect(history.refuses(d)).toBe('Z5: page 2:1..2:1 follows 1:3, but this log ends at 1:2')
  })

  test('Z5: a page that names the same zxid with another CRC is of another history', () => {
    const fork = pageOf(makeZxid(1, 2), a, 'other')
    const behindFork = pageOf(makeZxid(1, 3), fork, 'c')

    expect(historyOf(a, b).refuses(behindFork)).not.toBeNull()
  })

  test('Z5: to append what does not follow breaks our own rule', () => {
    expect(() => historyOf(a, c)).toThrow(InvariantError)
  })

  test('Z17: the end is what was handed over, durable is what the disk has confirmed', () => {
    const history = historyOf(a, b, c)
    expect([history.end.last, history.durable.last]).toEqual([c.last, 0])

    history.onSynced(2)

    expect([history.end.last, history.durable.last]).toEqual([c.last, b.last])
  })

  test('one confirmation speaks for every append before it', () => {
    const history = historyOf(a, b, c)

    history.onSynced(3)

    expect(history.durable).toMatchObject(endOf(pages.slice(0, 3)))
  })
})

describe('truncating', () => {
  test('Z13: what is cut is no page end any more, and its place can be taken anew', () => {
    const history = historyOf(a, b, c)

    history.truncate(endOf([a]), 4)

    expect(history.end.last).toBe(a.last)
    expect(history.find(b.last)).toBeUndefined()
    expect(history.pagesBehind(a.last)).toEqual([])
    expect(history.refuses(pageOf(makeZxid(2, 1), a, 'x'))).toBeNull()
  })

  test('Z12: a page that was cut before the disk had it is never taken for durable', () => {
    const history = historyOf(a, b, c)
    history.onSynced(1)

    history.truncate(endOf([a]), 4)
    history.onSynced(3)

    expect(history.durable.last).toBe(a.last)
  })

  test('Z13: only a page end can be cut to', () => {
    expect(() => historyOf(a, b).truncate(c, 3)).toThrow(InvariantError)
  })
})

describe('a snapshot in place of everything', () => {
  test('nothing is durable until the switch is, and then the snapshot is', () => {
    const history = historyOf(a, b)
    history.onSynced(2)

    history.install(endOf([a, b, c]), 3)
    expect([history.start.last, history.end.last, history.durable.last]).toEqual([
      c.last,
      c.last,
      0,
    ])

    history.onSynced(3)
    expect(history.durable.last).toBe(c.last)
    expect(history.refuses(d)).toBeNull()
  })
})

describe('what a learner tells', () => {
  test('the last page end of each epoch, newest first, and where the log begins', () => {
    const history = historyOf(...pages)

    expect(history.epochEnds().map(({ last }) => formatZxid(last))).toEqual(['2:2', '1:3', '0:0'])
  })

  test('a bounded number of epochs', () => {
    const many = Array.from({ length: 100 }, (_, at) => [at + 1, 'x'] as [number, string])
    const history = historyOf(...pagesOf(...many))

    expect(history.epochEnds()).toHaveLength(64)
    expect(history.epochEnds()[63]?.last).toBe(makeZxid(37, 1))
  })
})

describe('what is in memory', () => {
  test('pages behind a page end, if all of them are there', () => {
    const history = historyOf(...pages)

    expect(history.pagesBehind(b.last)).toEqual([c, d, e])
    expect(history.pagesBehind(e.last)).toEqual([])
  })

  test('ZOOKEEPER-4352: a place that is no page end has no pages behind it', () => {
    const wide = pageOf(makeZxid(1, 1), noPage, 'a', 'b', 'c')

    expect(historyOf(wide).pagesBehind(makeZxid(1, 2))).toBeUndefined()
  })

  test('ZOOKEEPER-4352: pages that were let go of are not taken for none', () => {
    const history = historyOf(...pages)

    history.trimWindow(c.last, 0)

    expect(history.pagesBehind(a.last)).toBeUndefined()
    expect(history.pagesBehind(c.last)).toEqual([d, e])
  })

  test('Z17: a page that is not applied is never let go of', () => {
    const history = historyOf(...pages)

    history.trimWindow(b.last, 0)

    expect(history.pagesBehind(b.last)).toEqual([c, d, e])
  })

  test('letting go waits until it is worth the work', () => {
    const history = historyOf(...pages)
    const bytes = pages.reduce((sum, page) => sum + page.bytes.length, 0)

    history.trimWindow(e.last, bytes - 1)

    expect(history.pagesBehind(0 as Zxid)).toEqual(pages)
  })
})

describe('what may leave the log', () => {
  test('no more than leaves the bytes that are to be kept', () => {
    const history = historyOf(...pages)
    const kept = d.bytes.length + e.bytes.length

    expect(history.purgeable(e.last, 0).last).toBe(e.last)
    expect(history.purgeable(e.last, kept).last).toBe(c.last)
    expect(history.purgeable(e.last, kept + 1).last).toBe(b.last)
    expect(history.purgeable(b.last, kept).last).toBe(b.last)
  })

  test('what was purged is not found, but lies within the history', () => {
    const history = historyOf(...pages)

    history.purge(c.last)

    expect(history.start.last).toBe(c.last)
    expect(history.find(b.last)).toBeUndefined()
    expect(history.reaches(b.last)).toBe(true)
    expect(history.reaches(d.last)).toBe(true)
    expect(history.reaches(makeZxid(2, 3))).toBe(false)
  })

  test('bytes behind a place are those of the pages that follow it', () => {
    const history = historyOf(...pages)

    expect(history.bytesBehind(c.last)).toBe(d.bytes.length + e.bytes.length)
    expect(history.bytesBehind(e.last)).toBe(0)
  })
})

type Change =
  | { readonly type: 'append'; readonly newEpoch: boolean }
  | { readonly type: 'truncate'; readonly keep: number }
  | { readonly type: 'sync'; readonly upTo: number }

const changes = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ type: fc.constant('append' as const), newEpoch: fc.boolean() }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant('truncate' as const), keep: fc.nat(8) }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('sync' as const), upTo: fc.nat(40) }) },
  ),
  { maxLength: 40 },
)

/** A log as a list, of which the disk keeps what it was handed up to some append. */
class NaiveLog {
  pages: Page[] = []
  durable: Page[] = []
  readonly #appends: (readonly Page[])[] = []
  #epoch = 1
  #synced = 0

  change(history: History, change: Change): void {
    if (change.type === 'sync') {
      this.#synced = Math.max(this.#synced, Math.min(change.upTo, this.#appends.length))
      history.onSynced(this.#synced)
      this.durable = [...(this.#appends[this.#synced - 1] ?? [])]
      return
    }
    if (change.type === 'append') {
      if (change.newEpoch) this.#epoch += 1
      const before = this.pages.at(-1)
      const follows = before !== undefined && epochOf(before.last) === this.#epoch
      const first = follows ? ((before.last + 1) as Zxid) : makeZxid(this.#epoch, 1)
      const page = pageOf(first, before ?? noPage, `w${String(this.#appends.length)}`)
      this.pages = [...this.pages, page]
      history.append(page, this.#appends.length + 1)
    } else {
      this.pages = this.pages.slice(0, change.keep)
      // A new leader's epoch: the zxids that were cut are never given out again.
      this.#epoch += 1
      history.truncate(endOf(this.pages), this.#appends.length + 1)
    }
    this.#appends.push(this.pages)
  }
}

test('against a naive log, whatever is appended, cut and synced', () => {
  fc.assert(
    fc.property(changes, (run) => {
      const history = new History(noPage, [], [], 0)
      const naive = new NaiveLog()
      for (const change of run) {
        naive.change(history, change)
        expect(history.end.last).toBe(endOf(naive.pages).last)
        expect(history.pagesBehind(0 as Zxid)).toEqual(naive.pages)
        // What was cut in memory is not durable, even while the disk still has it.
        const common = naive.durable.filter((page) => naive.pages.includes(page))
        expect(history.durable.last).toBe(endOf(common).last)
        for (const page of naive.pages) expect(history.find(page.last)?.crc).toBe(page.crc)
      }
    }),
  )
})

describe('what a log weighs', () => {
  test('pages that the log was opened with count, so that it can be purged after a restart', () => {
    const ends = [1, 2, 3, 4].map((counter) => ({ last: makeZxid(1, counter), crc: counter }))

    const history = new History(noPage, ends, [], 400)

    expect(history.totalBytes).toBe(400)
    expect(history.bytesBehind(makeZxid(1, 3))).toBe(100)
    expect(history.purgeable(makeZxid(1, 4), 150).last).toBe(makeZxid(1, 2))
  })
})

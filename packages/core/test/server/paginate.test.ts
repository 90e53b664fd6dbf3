import { describe, expect, test } from 'vitest'
import {
  counterOf,
  defaultLimits,
  InvariantError,
  makeZxid,
  noPage,
  type Limits,
  type PageEnd,
  type Txn,
  type Zxid,
} from '../../src/internal.ts'
import { Pagination } from '../../src/server/paginate.ts'
import { KeptPages } from './kept-pages.ts'

const header = { timeMs: 0, session: 0 as never, requestId: 0 }

function set(dataBytes: number): Txn {
  return { ...header, type: 'set', path: '/a', data: new Uint8Array(dataBytes), version: 1 }
}

/** Pagination over a list of txns; notes the places that they were made for. */
class Source {
  readonly pagination: Pagination
  readonly pages = new KeptPages()
  readonly asked: Zxid[] = []
  readonly txns: Txn[]
  end: PageEnd = noPage

  constructor(txns: readonly Txn[], limits: Partial<Limits> = {}, epoch = 3) {
    this.txns = [...txns]
    this.pagination = new Pagination(epoch, { ...defaultLimits, ...limits }, (zxid) => {
      const txn = this.txns.shift() ?? null
      if (txn !== null) this.asked.push(zxid)
      return txn
    })
  }

  /** Drafts pages until there is no more; how many txns each has. */
  counts(): number[] {
    const counts: number[] = []
    for (;;) {
      const draft = this.pagination.draft(this.end)
      if (draft === null) return counts
      counts.push(draft.txns.length)
      const page = this.pages.encode(draft)
      this.end = { last: page.last, crc: page.crc }
    }
  }
}

describe('pagination', () => {
  test('Z5: zxids begin an epoch at 1 and follow each other, across pages and pauses', () => {
    const source = new Source([set(1), set(1), set(1)], { maxPageTxns: 2 })
    source.end = { last: makeZxid(2, 77), crc: 5 }

    expect(source.counts()).toEqual([2, 1])
    source.txns.push(set(1))
    expect(source.counts()).toEqual([1])

    expect(source.asked).toEqual([1, 2, 3, 4].map((counter) => makeZxid(3, counter)))
    expect(source.end.last).toBe(makeZxid(3, 4))
  })

  test('a page closes at its bytes; what did not fit is the first txn of the next one', () => {
    const source = new Source([set(100), set(100), set(100), set(5_000), set(100)], {
      maxPageBytes: 400,
    })

    expect(source.counts()).toEqual([2, 1, 1, 1])
    expect(source.asked.map(counterOf)).toEqual([1, 2, 3, 4, 5])
  })

  test('Z5: a draft behind another page than the last one is a defect', () => {
    const source = new Source([set(1), set(1)], { maxPageTxns: 1 })
    source.pagination.draft(noPage)

    expect(() => source.pagination.draft(noPage)).toThrow(InvariantError)
  })

  test('Z16: no zxid goes past the limit; what waits is left, and nothing is made for it', () => {
    const source = new Source([set(1), set(1), set(1), set(1)], { maxCounter: 3, maxPageTxns: 2 })

    expect(source.pagination.isExhausted).toBe(false)
    expect(source.counts()).toEqual([2, 1])
    expect(source.pagination.isExhausted).toBe(true)
    expect(source.txns).toHaveLength(1)
  })

  test('Z16: the last counter of all is given, and no other', () => {
    const source = new Source([set(1), set(1)], {})
    source.end = { last: makeZxid(3, 0), crc: 0 }
    const limits = { maxCounter: 2 ** 32 - 1 }
    const late = new Source([], limits, 4)

    expect(source.counts()).toEqual([2])
    expect(late.counts()).toEqual([])
    expect(() => makeZxid(4, limits.maxCounter + 1)).toThrow(InvariantError)
  })

  test('Z18: a change of the configuration is the last txn of its page', () => {
    const configuration = { ensembleId: 1, version: 2, members: [] }
    const source = new Source([set(1), { ...header, type: 'configure', configuration }, set(1)])

    const draft = source.pagination.draft(noPage)
    expect(draft).toMatchObject({ reconfigures: true })
    expect(draft?.txns).toHaveLength(2)
    source.end = { last: makeZxid(3, 2), crc: 1 }
    expect(source.pagination.draft(source.end)).toMatchObject({ reconfigures: false })
  })

  test('Z4, Z8: a leader applies what it drafted, in that order, and nothing else', () => {
    const source = new Source([set(1), set(2), set(3)], { maxPageTxns: 1 })
    const drafts = [source.pagination.draft(noPage)!]
    const page = source.pages.encode(drafts[0]!)

    expect(() => source.pagination.take({ ...page, first: makeZxid(3, 9) })).toThrow(InvariantError)
    const again = new Source([set(1)])
    const own = again.pages.encode(again.pagination.draft(noPage)!)
    expect(again.pagination.take(own)).toEqual([set(1)])
    expect(() => again.pagination.take(own)).toThrow(InvariantError)
  })
})

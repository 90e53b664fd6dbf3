import { describe, expect, test } from 'vitest'
import type { LogRecord } from '@conclave/core/internal'
import { LogImage } from '../src/log-image.ts'
import { chain, pageAt, zxid } from './pages.ts'

function imageOf(...records: readonly LogRecord[]): LogImage {
  const image = new LogImage()
  for (const record of records) image.apply(record)
  return image
}

function configuration(version: number): LogRecord {
  return { type: 'configuration', configuration: { ensembleId: 1, version, members: [] } }
}

const pages = chain('1:1', '1:2', '1:3', '2:1')
const asRecords = pages.map((page): LogRecord => ({ type: 'page', page }))

describe('the image of a log', () => {
  test('a truncate drops the pages behind it, and more can follow', () => {
    const image = imageOf(...asRecords, { type: 'truncate', to: pages[1]! })
    const next = pageAt('3:1', pages[1])
    image.apply({ type: 'page', page: next })

    expect(image.pages.map((page) => page.last)).toEqual([zxid('1:1'), zxid('1:2'), zxid('3:1')])
    expect([image.holds(pages[2]!), image.holds(next)]).toEqual([false, true])
  })

  test('a truncate takes back the configurations behind it, and no other', () => {
    const [first, second, third] = asRecords
    const image = imageOf(first!, configuration(1), second!, third!, configuration(2))
    image.apply({ type: 'truncate', to: pages[1]! })

    expect(image.configuration?.version).toBe(1)
  })

  test('Z13: a truncate to what is not in the log is a violation', () => {
    const image = imageOf(...asRecords)
    const elsewhere = { last: pages[1]!.last, crc: pages[1]!.crc + 1 }

    expect(() => image.apply({ type: 'truncate', to: elsewhere })).toThrow(/Z13/)
  })

  test('an installed snapshot voids every page before it', () => {
    const at = { last: zxid('5:9'), crc: 77 }
    const image = imageOf(...asRecords, { type: 'snapshot-installed', at })

    expect([image.pages.length, image.end, image.start]).toEqual([0, at, at])
    expect(image.holds(pages[3]!)).toBe(true)
  })

  test('Z5: a page that does not follow is a violation', () => {
    const image = imageOf(...asRecords)

    expect(() => image.apply({ type: 'page', page: pageAt('2:3', pages[2]) })).toThrow(/Z5/)
  })

  test('purging forgets pages and nothing else', () => {
    const image = imageOf(
      configuration(1),
      { type: 'accepted-epoch', epoch: 2, leader: 3 },
      { type: 'current-epoch', epoch: 2 },
      ...asRecords,
    )
    image.purge(zxid('1:2'))

    expect(image.start.last).toBe(zxid('1:2'))
    expect(image.pages.map((page) => page.last)).toEqual([zxid('1:3'), zxid('2:1')])
    expect([image.acceptedEpoch, image.acceptedLeader, image.currentEpoch]).toEqual([2, 3, 2])
    expect(image.configuration?.version).toBe(1)
  })

  test('a clone goes its own way', () => {
    const image = imageOf(...asRecords)
    const copy = image.clone()
    copy.apply({ type: 'truncate', to: pages[0]! })

    expect([image.pages.length, copy.pages.length]).toEqual([4, 1])
  })

  test('the pages between two places are those behind the first, up to the second', () => {
    const image = imageOf(...asRecords)

    expect(image.between(zxid('1:1'), zxid('1:3'))).toEqual(pages.slice(1, 3))
  })
})

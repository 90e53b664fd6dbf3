/** Logs that no crash and no disk leaves, but a defect of ours or a careless hand. */
import { crc32 } from 'node:zlib'
import type { Page } from '@conclave/core/internal'
import { describe, expect, test } from 'vitest'
import { DamageError } from '../../src/snapshot.ts'
import { History } from '../../src/suite-history.ts'
import { emptyLogState, type LogState } from '../../src/wal/log-state.ts'
import {
  chainStart,
  envelopeBytes,
  packBody,
  writeEnvelope,
  type SegmentRecord,
} from '../../src/wal/record.ts'
import { headerOf, segmentName } from '../../src/wal/segment.ts'
import { SegmentWriter } from '../../src/wal/segment-writer.ts'
import { MemoryFiles } from '../memory-files.ts'
import { directory, openLog } from './open-log.ts'

describe('records that are whole but do not belong together', () => {
  const none = emptyLogState

  /** A log as no log of ours would write it. */
  async function forged(
    ...segments: readonly { state: LogState; records: readonly SegmentRecord[] }[]
  ): Promise<MemoryFiles> {
    const files = new MemoryFiles()
    const [first, ...rest] = segments
    if (first === undefined) return files
    const options = { directory, peerId: 1, files }
    const writer = await SegmentWriter.begin(options, first.state, [])
    for (const record of first.records) await writer.write([[record]])
    for (const { state, records } of rest) {
      await writer.rotate(state)
      for (const record of records) await writer.write([[record]])
    }
    return files
  }

  const history = new History(1)
  const [first, second, third] = history.pages(3) as [Page, Page, Page]
  const fork = new History(1, { last: first.last, crc: first.crc ^ 1 }).page()
  const accepted = { type: 'accepted-epoch', epoch: 3, leader: 1 } as const

  const wrong: [what: string, records: SegmentRecord[]][] = [
    ['Z5: a gap between pages', [pageOf(first), pageOf(third)]],
    ['Z5: a page of another history', [pageOf(first), pageOf(fork)]],
    ['Z5: a page twice', [pageOf(first), pageOf(first)]],
    ['Z2: acceptedEpoch falls', [accepted, { ...accepted, epoch: 2 }]],
    ['Z2: an epoch that was never accepted', [{ type: 'current-epoch', epoch: 1 }]],
    ['a truncate to where no page ends', [pageOf(first), { type: 'truncate', to: fork }]],
    ['a truncate in the middle of a page', [pageOf(first), truncateTo(first.last, 7)]],
    ['a second header', [{ type: 'segment', header: headerOf(none, 1) }]],
  ]

  function pageOf(page: Page): SegmentRecord {
    return { type: 'page', page }
  }

  function truncateTo(last: Page['last'], crc: number): SegmentRecord {
    return { type: 'truncate', to: { last, crc } }
  }

  test.each(wrong)('%s is damage', async (_, records) => {
    const files = await forged({ state: none, records })
    await expect(openLog(files)).rejects.toThrow(DamageError)
  })

  test('a segment that restates something else than those before it is damage', async () => {
    const tail = { last: second.last, crc: second.crc }
    const records = [pageOf(first), pageOf(second)]
    const good = await forged({ state: none, records }, { state: { ...none, tail }, records: [] })
    expect((await openLog(good)).log.recovered.pageEnds).toHaveLength(2)

    for (const state of [none, { ...none, tail, acceptedEpoch: 1 }]) {
      const bad = await forged({ state: none, records }, { state, records: [] })
      await expect(openLog(bad)).rejects.toThrow(/restates/)
    }
  })

  test('a record of another log, put where it stood there, is damage', async () => {
    // Promises do not say what came before them: only the chain does.
    const path = `${directory}/${segmentName(1)}`
    const logs = [1, 2].map(async (leader) => {
      const records = [3, 4].map((epoch) => ({ ...accepted, epoch, leader }))
      return (await forged({ state: none, records })).content(path)
    })
    const [one, other] = (await Promise.all(logs)) as [Buffer, Buffer]
    const shorter = await forged({ state: none, records: [accepted] })
    const end = shorter.content(path).length
    expect(other.length).toBe(one.length)

    const mixed = new MemoryFiles()
    mixed.put(path, Buffer.concat([one.subarray(0, end), other.subarray(end)]))

    await expect(openLog(mixed)).rejects.toThrow(/does not belong to the one before/)
  })

  test('a log of a later format is refused, not damage', async () => {
    const files = new MemoryFiles()
    const options = { directory, peerId: 1, files }
    const writer = await SegmentWriter.begin(options, none, [])
    await writer.close()
    const later = { ...headerOf(none, 1), formatVersion: 2 }
    const body = packBody({ type: 'segment', header: later })
    const bytes = Buffer.alloc(envelopeBytes)
    const at = { segment: 1, offset: 0 }
    const envelope = { type: 'segment', endsAppend: true, syncedTo: at, chain: chainStart } as const
    writeEnvelope(bytes, { ...envelope, length: body.length, bodyCrc: crc32(body) }, at)
    files.put(`${directory}/${segmentName(1)}`, Buffer.concat([bytes, body]))

    const error: unknown = await openLog(files).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'DIR_FORMAT' })
  })
})

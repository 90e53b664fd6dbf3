/** What was committed is found in a log though a truncation has taken it out of there. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogRecord } from '@conclave/core/internal'
import { pageCodec, pooledFiles } from '@conclave/storage'
import { expect, test } from 'vitest'
import { History, Told } from '../../packages/storage/src/suite-history.ts'
import { openWriteAheadLog } from '../../packages/storage/src/wal/write-ahead-log.ts'
import { ManualClock } from '../../packages/storage/test/manual-clock.ts'
import { committedLog } from './peer-logs.ts'

test('the walk back finds what a log has forgotten, in whichever log it once was', async () => {
  const root = await mkdtemp(join(tmpdir(), 'conclave-peer-logs-'))
  const [one, two] = [join(root, 'one'), join(root, 'two')]
  const history = new History()
  const first = history.pages(2)
  const fork = new History(1, history.end)
  const forked = fork.pages(2)
  const later = new History(2, history.end)
  const others = later.pages(3)
  const pages = (list: typeof first): LogRecord[] => list.map((page) => ({ type: 'page', page }))
  try {
    // The first took back what only it had; the second has no page of before.
    const cut: LogRecord = { type: 'truncate', to: history.end }
    await write(one, pages([...first, ...forked]), [cut], pages(others))
    await write(two, pages(first))

    const log = await committedLog([two, one], later.end.last)
    const forkedLog = await committedLog([one, two], fork.end.last)

    expect(typeof log === 'string' ? log : log.map(({ zxid }) => zxid)).toEqual(
      [...first, ...others].map(({ last }) => last),
    )
    expect(forkedLog).toHaveLength(first.length + forked.length)
    expect(await committedLog([two], later.end.last)).toMatch(/^no log has the page that ends at/)
  } finally {
    await rm(root, { recursive: true })
  }
})

/** Makes a log of these appends. */
async function write(
  directory: string,
  ...appends: readonly (readonly LogRecord[])[]
): Promise<void> {
  const told = new Told()
  const log = await openWriteAheadLog({
    directory,
    peerId: 1,
    codec: pageCodec,
    listener: told,
    clock: new ManualClock(),
    files: pooledFiles,
  })
  for (const [index, records] of appends.entries()) {
    log.append(index + 1, records)
    await told.until(index + 1)
  }
  await log.close()
}

/**
 * The committed log of a round, from the peers' own disks: each log as it was whenever a process of
 * its peer had ended. Pages name the one before them by zxid and CRC; so one walk back from where all
 * peers stood at the end finds what was committed, whoever still has it, and nothing else.
 */
import type { Page, Zxid } from '@conclave/core/internal'
import type { LoggedTxn } from '@conclave/sim'
import { DamageError, pageCodec, pooledFiles } from '@conclave/storage'
import { readPages } from '../../packages/storage/src/wal/page-reader.ts'
import { recoverSegments } from '../../packages/storage/src/wal/recovery.ts'

/** A copy of a peer's log. */
export interface KeptLog {
  readonly id: number
  readonly directory: string
}

/** Every txn up to `end`, or why they cannot all be had. */
export async function committedLog(
  kept: readonly KeptLog[],
  end: number,
): Promise<readonly LoggedTxn[] | string> {
  const pages = new Map<string, Page>()
  let name: string | undefined
  for (const log of kept) {
    for (const page of await pagesOf(log)) {
      pages.set(nameOf(page.last, page.crc), page)
      // Z3: two pages that end there would be two histories; the walk finds only one of them whole.
      if (page.last === end) name = nameOf(page.last, page.crc)
    }
  }
  if (name === undefined) return `no log has the page that ends at ${end}`
  const chain: Page[] = []
  for (;;) {
    const page: Page | undefined = pages.get(name)
    if (page === undefined) return `no log has the page that ends at ${name}`
    chain.push(page)
    if (page.previousLast === 0) break
    name = nameOf(page.previousLast, page.previousCrc)
  }
  return chain.reverse().flatMap((page) => {
    return pageCodec.decode(page).map((txn, index) => {
      return { zxid: (page.first + index) as Zxid, txn }
    })
  })
}

function nameOf(last: number, crc: number): string {
  return `${last} ${crc}`
}

/** All pages of a log; none of one that is damaged, which others have whole. */
async function pagesOf({ id, directory }: KeptLog): Promise<readonly Page[]> {
  const source = { directory, codec: pageCodec, files: pooledFiles }
  try {
    const { index } = await recoverSegments({ ...source, peerId: id })
    return await readPages({ ...source, index }, index.start.last, Infinity)
  } catch (error) {
    if (error instanceof DamageError) return []
    throw error
  }
}

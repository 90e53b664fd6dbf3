/**
 * The committed log of a round, from the peers' own disks: each log as it was whenever a process of
 * its peer had ended. Pages name the one before them by zxid and CRC; so one walk back from where all
 * peers stood at the end finds what was committed, whoever still has it, and nothing else.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Page, Zxid } from '@conclave/core/internal'
import type { LoggedTxn } from '@conclave/sim'
import { pageCodec } from '@conclave/storage'
import { envelopeBytes, readBody, readEnvelope } from '../../packages/storage/src/wal/record.ts'
import { segmentOf } from '../../packages/storage/src/wal/segment.ts'

/** Every txn up to `end`, by copies of logs in these directories; or why they cannot all be had. */
export async function committedLog(
  directories: readonly string[],
  end: number,
): Promise<readonly LoggedTxn[] | string> {
  const pages = new Map<string, Page>()
  let name: string | undefined
  for (const directory of directories) {
    for (const page of await pagesOf(directory)) {
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

/**
 * All pages that were ever appended to what there is of a log's segments, those too that a truncation or
 * a snapshot took out of it: what was committed is found by the walk, not by where it stands.
 */
async function pagesOf(directory: string): Promise<readonly Page[]> {
  const names = (await readdir(directory)).filter((name) => segmentOf(name) !== null)
  const segments = await Promise.all(names.map((name) => readFile(join(directory, name))))
  return names.flatMap((name, index) => pagesIn(segments[index] as Buffer, segmentOf(name) ?? 0))
}

/** The pages of a segment, up to where its records are not as they were written any more. */
function pagesIn(bytes: Buffer, segment: number): readonly Page[] {
  const pages: Page[] = []
  let offset = 0
  while (offset < bytes.length) {
    const envelope = readEnvelope(bytes.subarray(offset), { segment, offset })
    if (envelope === null) break
    offset += envelopeBytes
    const body = bytes.subarray(offset, offset + envelope.length)
    offset += envelope.length
    if (body.length < envelope.length || crc32(body) !== envelope.bodyCrc) break
    const record = readBody(envelope.type, body, pageCodec)
    if (record.type === 'page') pages.push(record.page)
  }
  return pages
}

/**
 * Reads pages back while the log is written to. Nothing is believed: each page must be the one that
 * the index names, at its place, behind the one before it (Z5).
 */
import { join } from 'node:path'
import {
  samePageEnd,
  type Page,
  type PageCodec,
  type PageEnd,
  type Zxid,
} from '@conclave/core/internal'
import { isMissing, type Files } from '../files.ts'
import { DamageError } from '../snapshot.ts'
import type { PageIndex, RecordPlace } from './page-index.ts'
import { envelopeBytes, readEnvelope } from './record.ts'
import { segmentName } from './segment.ts'

export interface PageSource {
  readonly directory: string
  readonly codec: PageCodec
  readonly files: Files
  readonly index: PageIndex
}

/** Other records between two pages that are read in one go. */
const maxGapBytes = 4096

interface WantedPage {
  readonly place: RecordPlace
  readonly end: PageEnd
  readonly before: PageEnd
}

/** See `Log.read`. Rejects with a `DamageError` for anything but what was written. */
export async function readPages(
  source: PageSource,
  after: Zxid,
  maxBytes: number,
): Promise<readonly Page[]> {
  const pages: Page[] = []
  for (const run of runsOf(choosePages(source.index, after, maxBytes))) {
    try {
      pages.push(...(await readRun(source, run)))
    } catch (error) {
      // The segment may have been deleted since it was chosen: then the log begins later now.
      if (isMissing(error) && source.index.indexAfter(after) < 0) return []
      if (isMissing(error)) throw new DamageError(`a segment is gone: ${String(error)}`)
      throw error
    }
  }
  return pages
}

function choosePages(index: PageIndex, after: Zxid, maxBytes: number): WantedPage[] {
  const wanted: WantedPage[] = []
  const first = index.indexAfter(after)
  if (first < 0) return wanted
  let bytes = 0
  for (let at = first; at < index.size; at += 1) {
    const place = index.placeAt(at)
    bytes += place.length
    if (wanted.length > 0 && bytes > maxBytes) break
    const before = at === 0 ? index.start : index.endAt(at - 1)
    wanted.push({ place, end: index.endAt(at), before })
  }
  return wanted
}

/** The pages in groups that lie together in one segment. */
function runsOf(wanted: readonly WantedPage[]): WantedPage[][] {
  const runs: WantedPage[][] = []
  let previous: RecordPlace | undefined
  for (const page of wanted) {
    const { segment, offset } = page.place
    const isNear = previous?.segment === segment && offset - behind(previous) <= maxGapBytes
    if (isNear) runs.at(-1)?.push(page)
    else runs.push([page])
    previous = page.place
  }
  return runs
}

function behind(place: RecordPlace): number {
  return place.offset + envelopeBytes + place.length
}

async function readRun(source: PageSource, run: readonly WantedPage[]): Promise<Page[]> {
  const first = run[0] as WantedPage
  const last = run.at(-1) as WantedPage
  const { segment, offset } = first.place
  const path = join(source.directory, segmentName(segment))
  const bytes = await source.files.readRange(path, offset, behind(last.place) - offset)
  return run.map((wanted) => readPage(source, bytes.subarray(wanted.place.offset - offset), wanted))
}

function readPage(source: PageSource, bytes: Buffer, wanted: WantedPage): Page {
  const { place, end, before } = wanted
  const where = `segment ${place.segment}, offset ${place.offset} of the log`
  const envelope = readEnvelope(bytes, place)
  if (envelope?.type !== 'page' || envelope.length !== place.length) {
    throw new DamageError(`${where}: no page where one was written`)
  }
  // A copy, so that one page does not keep all others of the run in memory.
  const body = new Uint8Array(bytes.subarray(envelopeBytes, envelopeBytes + place.length))
  let page: Page
  try {
    page = source.codec.parse(body)
  } catch (error) {
    throw new DamageError(`${where}: ${String(error)}`, { cause: error })
  }
  const follows = page.previousLast === before.last && page.previousCrc === before.crc
  if (!samePageEnd(page, end) || !follows) {
    throw new DamageError(`${where}: another page than the one that was written`)
  }
  return page
}

/**
 * The page: a group of consecutive txns of one epoch, packed once by the leader. The same bytes go
 * to every socket and to every disk; a page is appended, acked, committed, synced and truncated
 * whole, and never repacked.
 *
 * Agreement knows a page only by its bounds. How txns are packed into one is the codec's business,
 * which the driver hands to the core; only `server/apply.ts` asks it to decode.
 *
 * Invariant Z5: a page names the one before it, by zxid and CRC, so that a gap or a fork shows at
 * once, on a link as in a recovered log.
 */
import type { Txn } from '../server/txn.ts'
import type { Zxid } from '../zxid.ts'

/** Where a page ends: a place in a history. The same zxid with another CRC is another history. */
export interface PageEnd {
  readonly last: Zxid
  readonly crc: number
}

/** Consecutive txns, packed once. Immutable; its bytes are never written to. */
export interface Page extends PageEnd {
  readonly first: Zxid
  /** The end of the page before. Zero, with CRC 0, before the first page of all. */
  readonly previousLast: Zxid
  readonly previousCrc: number
  /** True when its last txn changes the configuration of the ensemble. */
  readonly reconfigures: boolean
  /** The whole page as it is sent and stored: header, packed txns, CRC-32. */
  readonly bytes: Uint8Array
}

/** What a page is made from. */
export interface PageDraft {
  readonly first: Zxid
  readonly previous: PageEnd
  readonly reconfigures: boolean
  readonly txns: readonly Txn[]
}

/** Txns to bytes and back. Deterministic; throws `PageError` for bytes that are not a page. */
export interface PageCodec {
  encode(draft: PageDraft): Page
  /** Checks format version, lengths and CRC. The page keeps a reference to `bytes`. */
  parse(bytes: Uint8Array): Page
  /** The txns of a page, in order. What it returns shares no memory with the page's bytes. */
  decode(page: Page): readonly Txn[]
}

/** Bytes that are no page: cut short, damaged, or of a format that this version does not know. */
export class PageError extends Error {
  override readonly name = 'PageError'
}

/** The end of an empty history. */
export const noPage: PageEnd = { last: 0 as Zxid, crc: 0 }

/** True when both name the same place in the same history. */
export function samePageEnd(a: PageEnd, b: PageEnd): boolean {
  return a.last === b.last && a.crc === b.crc
}

/** Pages and txns to test with: chains of them, written as epoch and counters. */
import {
  makeZxid,
  noPage,
  type Page,
  type PageEnd,
  type Txn,
  type Zxid,
} from '@conclave/core/internal'
import { tinyCodec } from './tiny-codec.ts'

export function zxid(text: string): Zxid {
  const [epoch, counter] = text.split(':').map(Number)
  return makeZxid(epoch!, counter!)
}

/** A txn that changes nothing. `mark` makes it another one. */
export function idleTxn(mark = 0): Txn {
  return { type: 'check', path: '/', timeMs: mark, session: 0 as Txn['session'], requestId: 0 }
}

/** A page of so many txns that begins at `first` and follows `previous`. */
export function pageAt(first: string, previous: PageEnd = noPage, txns = [idleTxn()]): Page {
  return tinyCodec.encode({ first: zxid(first), previous, reconfigures: false, txns })
}

/** One page a zxid, each behind the one before. */
export function chain(...firsts: string[]): Page[] {
  const pages: Page[] = []
  for (const first of firsts) pages.push(pageAt(first, pages.at(-1)))
  return pages
}

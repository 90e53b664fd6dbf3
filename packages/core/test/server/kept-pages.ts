/** A page codec that packs nothing: it keeps the txns of every page, and finds them by its CRC. */
import {
  advanceZxid,
  type Page,
  type PageCodec,
  type PageDraft,
  type Txn,
} from '../../src/internal.ts'

export class KeptPages implements PageCodec {
  readonly #txns: (readonly Txn[])[] = []

  encode({ first, previous, reconfigures, txns }: PageDraft): Page {
    this.#txns.push([...txns])
    return {
      first,
      last: advanceZxid(first, txns.length - 1),
      crc: this.#txns.length,
      previousLast: previous.last,
      previousCrc: previous.crc,
      reconfigures,
      bytes: new Uint8Array(),
    }
  }

  parse(): Page {
    throw new Error('these pages have no bytes')
  }

  decode(page: Page): readonly Txn[] {
    return this.#txns[page.crc - 1]!
  }
}

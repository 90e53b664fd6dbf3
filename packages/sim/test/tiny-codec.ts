/** A page codec that is right and nothing else: txns as JSON, a hash for a CRC. */
import {
  advanceZxid,
  PageError,
  type Page,
  type PageCodec,
  type PageDraft,
  type Txn,
} from '@conclave/core/internal'

function toJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: [...value] }
  return value
}

function fromJson(_key: string, value: unknown): unknown {
  if (typeof value === 'object' && value !== null && '$bytes' in value) {
    return Uint8Array.from(value.$bytes as number[])
  }
  return value
}

function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}

type Content = Omit<PageDraft, 'previous'> & {
  readonly last: Page['last']
  readonly previousLast: Page['previousLast']
  readonly previousCrc: number
}

function contentOf(bytes: Uint8Array): Content {
  return JSON.parse(new TextDecoder().decode(bytes), fromJson) as Content
}

export const tinyCodec: PageCodec = {
  encode({ first, previous, reconfigures, txns }: PageDraft): Page {
    const last = advanceZxid(first, txns.length - 1)
    const content: Content = {
      first,
      last,
      previousLast: previous.last,
      previousCrc: previous.crc,
      reconfigures,
      txns,
    }
    const text = JSON.stringify(content, (_key, value: unknown) => toJson(value))
    return tinyCodec.parse(new TextEncoder().encode(text))
  },
  parse(bytes: Uint8Array): Page {
    if (bytes.length === 0) throw new PageError('no bytes')
    const { first, last, previousLast, previousCrc, reconfigures } = contentOf(bytes)
    return { first, last, previousLast, previousCrc, reconfigures, crc: hashOf(bytes), bytes }
  },
  decode(page: Page): readonly Txn[] {
    return contentOf(page.bytes).txns
  },
}

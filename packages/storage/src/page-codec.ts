/**
 * The page as bytes. The leader packs it once; the same bytes go to every socket and every disk.
 *
 *   u8   format version, 1          u8   flags, bit 0: reconfigures      u16  zero
 *   u64  first zxid                 u32  count of txns
 *   u64  last zxid of the page before                                    u32  its CRC
 *   ...  the txns: msgpackr over an array of tuples, in the order of txn-tuple.ts
 *   u32  CRC-32 of everything before it
 *
 * Big-endian; a zxid is two u32, epoch and counter. The order of fields is the format: a field is
 * never moved or taken away, and what is added gets a new format version.
 *
 * Invariants: Z4 a page's CRC tells it from another one of the same zxids; Z5 what is no possible
 * successor of the page it names is no page; Z16 a page never reaches over the end of its epoch.
 */
import { crc32 } from 'node:zlib'
import {
  assert,
  counterOf,
  epochOf,
  makeZxid,
  maxCounter,
  maxEpoch,
  PageError,
  type Page,
  type PageCodec,
  type PageDraft,
  type Txn,
  type Zxid,
} from '@conclave/core/internal'
import { TxnPacker } from './common-txn.ts'
import { packTuple, TupleError, unpackTuple } from './tuple.ts'
import { readTxn, txnTuple } from './txn-tuple.ts'

/** The format that is written, and the only one that is read. */
export const pageFormatVersion = 1

const headerBytes = 28
const trailerBytes = 4
const reconfiguresFlag = 1

const packer = new TxnPacker()

/** Packs txns into pages and back: see `PageCodec` for what it promises. */
export const pageCodec: PageCodec = { encode, parse, decode }

/** Throws an `InvariantError` for a draft that `parse` or `decode` would refuse. */
function encode(draft: PageDraft): Page {
  const { first, previous, reconfigures, txns } = draft
  const count = txns.length
  const refusal = refusalOf(first, count, previous.last, previous.crc)
  assert(refusal === null, `Z5: ${refusal ?? ''}`)

  packer.begin(headerBytes, count)
  for (let index = 0; index < count; index += 1) {
    const txn = txns[index] as Txn
    assert(
      (txn.type === 'configure') === (reconfigures && index === count - 1),
      'a page says that it reconfigures, and then its last txn does',
    )
    if (!packer.add(txn)) packer.addPacked(packTuple(txnTuple(txn)))
  }

  const bytes = packer.take(trailerBytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  view.setUint8(0, pageFormatVersion)
  view.setUint8(1, reconfigures ? reconfiguresFlag : 0)
  view.setUint16(2, 0)
  writeZxid(view, 4, first)
  view.setUint32(12, count)
  writeZxid(view, 16, previous.last)
  view.setUint32(24, previous.crc)
  const crc = crc32(bytes.subarray(0, bytes.length - trailerBytes))
  view.setUint32(bytes.length - trailerBytes, crc)
  return {
    first,
    last: lastOf(first, count),
    crc,
    previousLast: previous.last,
    previousCrc: previous.crc,
    reconfigures,
    bytes,
  }
}

function parse(bytes: Uint8Array): Page {
  const { length } = bytes
  if (length <= headerBytes + trailerBytes) {
    throw new PageError(`${length} bytes are too few for a page`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, length)
  const version = view.getUint8(0)
  if (version !== pageFormatVersion) {
    throw new PageError(`a page of format ${version}, but only ${pageFormatVersion} is known here`)
  }
  const crc = view.getUint32(length - trailerBytes)
  if (crc !== crc32(bytes.subarray(0, length - trailerBytes))) {
    throw new PageError('the CRC of a page is not that of its bytes')
  }
  const flags = view.getUint8(1)
  if (flags > reconfiguresFlag || view.getUint16(2) !== 0) {
    throw new PageError('a page with flags that this version does not know')
  }

  const first = readHeaderZxid(view, 4)
  const count = view.getUint32(12)
  const previousLast = readHeaderZxid(view, 16)
  const previousCrc = view.getUint32(24)
  const refusal = refusalOf(first, count, previousLast, previousCrc)
  if (refusal !== null) throw new PageError(refusal)
  return {
    first,
    last: lastOf(first, count),
    crc,
    previousLast,
    previousCrc,
    reconfigures: flags === reconfiguresFlag,
    bytes,
  }
}

function decode(page: Page): readonly Txn[] {
  const { bytes, reconfigures } = page
  const count = page.last - page.first + 1
  try {
    const tuples = unpackTuple(bytes, headerBytes, bytes.length - trailerBytes)
    if (tuples.length !== count) {
      throw new TupleError(`${tuples.length} txns in a page that names ${count}`)
    }
    const txns = new Array<Txn>(count)
    for (let index = 0; index < count; index += 1) {
      const txn = readTxn(tuples[index])
      if ((txn.type === 'configure') !== (reconfigures && index === count - 1)) {
        throw new TupleError('a configuration anywhere but at the end of a page that says so')
      }
      txns[index] = txn
    }
    return txns
  } catch (error) {
    if (!(error instanceof TupleError)) throw error
    throw new PageError(`the txns of a page: ${error.message}`, { cause: error })
  }
}

/** Why no page can have these bounds behind that other page, or `null` when one can. */
function refusalOf(first: Zxid, count: number, last: Zxid, crc: number): string | null {
  const epoch = epochOf(first)
  const counter = counterOf(first)
  if (count < 1) return 'a page without txns'
  if (counter < 1) return 'a page whose first zxid is no place in an epoch'
  if (counter + count - 1 > maxCounter) return 'a page that reaches over the end of its epoch'
  if (last === 0 && crc !== 0) return 'a page whose predecessor is none but has a CRC'
  const follows =
    epochOf(last) === epoch ? counterOf(last) + 1 === counter : last < first && counter === 1
  return follows ? null : 'a page that does not follow the one it names'
}

function lastOf(first: Zxid, count: number): Zxid {
  return makeZxid(epochOf(first), counterOf(first) + count - 1)
}

function writeZxid(view: DataView, at: number, zxid: Zxid): void {
  view.setUint32(at, epochOf(zxid))
  view.setUint32(at + 4, counterOf(zxid))
}

function readHeaderZxid(view: DataView, at: number): Zxid {
  const epoch = view.getUint32(at)
  if (epoch > maxEpoch) throw new PageError(`a zxid whose epoch, ${epoch}, does not fit 21 bits`)
  return makeZxid(epoch, view.getUint32(at + 4))
}

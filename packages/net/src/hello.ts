/**
 * The first thing each side says on a connection: who it is, whom it means to reach, what it can
 * speak. A fixed layout, not msgpack, since it is read before anything is proved:
 *
 *   8 magic | u16 lowest version, u16 highest | u8 lane | u8 from | u8 to | u8 0
 *   | u64 ensemble id | u64 configuration version | 8 boot | u32 counter | 32 nonce
 *
 * Big-endian. This much stays the same in every version; what a later one adds comes behind it, is
 * ignored by an earlier one, and is covered by the proof all the same.
 */
import type { EnsembleId, PeerId } from '@conclave/core/internal'
import { refusalCodeOf, refusalCodes, type RefusalCode, type VersionRange } from './refusal.ts'

/** What a connection is for: one half of a link, or only to ask the other side to dial. */
export type Purpose = 'liveness' | 'data' | 'knock'

/** Which of a peer's lives a link belongs to, and which of the links of that life it is. */
export interface Incarnation {
  /** Drawn when the transport was opened; as hexadecimal digits. */
  readonly boot: string
  /** Rises with every link that the dialling side attempts. */
  readonly counter: number
}

export interface Hello {
  readonly versions: VersionRange
  readonly purpose: Purpose
  readonly from: PeerId
  readonly to: PeerId
  readonly ensembleId: EnsembleId
  readonly configurationVersion: number
  /** The boot is the speaker's own, the counter the dialling side's. */
  readonly incarnation: Incarnation
  readonly nonce: Uint8Array
}

export const nonceBytes = 32
export const bootBytes = 8
const magic = Buffer.from('CONCLAVE', 'latin1')
const helloBytes = 44 + nonceBytes
const purposes: readonly Purpose[] = ['liveness', 'data', 'knock']

export function encodeHello(hello: Hello): Uint8Array {
  const bytes = Buffer.alloc(helloBytes)
  magic.copy(bytes)
  bytes.writeUInt16BE(hello.versions.min, 8)
  bytes.writeUInt16BE(hello.versions.max, 10)
  bytes.writeUInt8(purposes.indexOf(hello.purpose), 12)
  bytes.writeUInt8(hello.from, 13)
  bytes.writeUInt8(hello.to, 14)
  bytes.writeBigUInt64BE(BigInt(hello.ensembleId), 16)
  bytes.writeBigUInt64BE(BigInt(hello.configurationVersion), 24)
  bytes.write(hello.incarnation.boot, 32, bootBytes, 'hex')
  bytes.writeUInt32BE(hello.incarnation.counter, 40)
  bytes.set(hello.nonce, 44)
  return bytes
}

/** The hello that these bytes are, or `null`: then whoever sent them is no peer. */
export function decodeHello(body: Uint8Array): Hello | null {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length)
  if (bytes.length < helloBytes || !bytes.subarray(0, magic.length).equals(magic)) return null
  const versions = { min: bytes.readUInt16BE(8), max: bytes.readUInt16BE(10) }
  const purpose = purposes[bytes.readUInt8(12)]
  const from = bytes.readUInt8(13)
  const ensembleId = Number(bytes.readBigUInt64BE(16))
  const configurationVersion = Number(bytes.readBigUInt64BE(24))
  if (purpose === undefined || from === 0 || versions.min > versions.max) return null
  if (!Number.isSafeInteger(ensembleId) || !Number.isSafeInteger(configurationVersion)) return null
  return {
    versions,
    purpose,
    from,
    to: bytes.readUInt8(14),
    ensembleId,
    configurationVersion,
    incarnation: {
      boot: bytes.toString('hex', 32, 32 + bootBytes),
      counter: bytes.readUInt32BE(40),
    },
    nonce: Uint8Array.prototype.slice.call(body, 44, helloBytes),
  }
}

/** Tells the other side why it is refused: a code, and what we can speak. */
export function encodeRefusal(code: RefusalCode, versions: VersionRange): Uint8Array {
  const bytes = Buffer.alloc(5)
  bytes.writeUInt8(refusalCodes[code])
  bytes.writeUInt16BE(versions.min, 1)
  bytes.writeUInt16BE(versions.max, 3)
  return bytes
}

/** What the other side refuses us for. A refusal that is cut short is one all the same. */
export function decodeRefusal(body: Uint8Array): {
  readonly code: RefusalCode
  readonly versions: VersionRange | null
} {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length)
  const code = refusalCodeOf(bytes[0] ?? 0)
  if (bytes.length < 5) return { code, versions: null }
  return { code, versions: { min: bytes.readUInt16BE(1), max: bytes.readUInt16BE(3) } }
}

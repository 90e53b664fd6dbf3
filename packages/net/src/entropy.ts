/** Randomness, as the transport needs it: nonces, the mark of a process, jitter. Handed in. */
import { randomBytes } from 'node:crypto'

/** This many bytes that nobody can foretell. */
export type RandomBytes = (length: number) => Uint8Array

export const systemEntropy: RandomBytes = (length) => randomBytes(length)

/** A number from 0 up to, but without, 1. */
export function randomFraction(random: RandomBytes): number {
  const bytes = random(4)
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) / 2 ** 32
}

/** Randomness: the only file that asks the platform for it. */
import { randomBytes } from 'node:crypto'

const passwordBytes = 16

/** A new session's password. Nobody can guess it. */
export function drawPassword(): Uint8Array {
  return new Uint8Array(randomBytes(passwordBytes))
}

/** The seed of a peer's core: 48 bits, another one for every start. */
export function drawSeed(): number {
  return randomBytes(6).readUIntBE(0, 6)
}

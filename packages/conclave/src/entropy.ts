/** Randomness: the only file that asks the platform for it. */
import { randomBytes } from 'node:crypto'

/** What a peer draws. Handed in, so that a test can have it come from a seed. */
export interface Entropy {
  /** The seed of a peer's core: another one for every start. */
  seed(): number
  /** A new session's password. Nobody can guess it. */
  password(): Uint8Array
}

const seedBytes = 6
const passwordBytes = 16

/** The machine's own. */
export const systemEntropy: Entropy = {
  seed: () => randomBytes(seedBytes).readUIntBE(0, seedBytes),
  password: () => new Uint8Array(randomBytes(passwordBytes)),
}

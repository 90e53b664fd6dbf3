/** ZooKeeper's id of a user with a password: `user:base64(sha1(user:password))`. */
import { createHash } from 'node:crypto'
import type { Identity } from '@conclave/core/internal'

/** Who gives this proof, `user:password`; `null` of what is none. */
export function digestIdentity(proof: Uint8Array): Identity | null {
  const end = proof.indexOf(0x3a)
  if (end < 0) return null
  const user = Buffer.from(proof.subarray(0, end)).toString()
  return { scheme: 'digest', id: `${user}:${createHash('sha1').update(proof).digest('base64')}` }
}

/** ZooKeeper's id of a user with a password: `user:base64(sha1(user:password))`. */
import { createHash } from 'node:crypto'
import type { Identity } from '@conclave/core/internal'

/** Who gives this proof. What has no `:` is a name and its own password, as in ZooKeeper. */
export function digestIdentity(proof: Uint8Array): Identity {
  const end = proof.indexOf(0x3a)
  const user = Buffer.from(end < 0 ? proof : proof.subarray(0, end)).toString()
  return { scheme: 'digest', id: `${user}:${createHash('sha1').update(proof).digest('base64')}` }
}

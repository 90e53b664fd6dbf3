/** The options of `peer.session`: what may be given, what is taken when it is not, what is refused. */
import type { Timing } from '@conclave/core/internal'
import type { Call } from '@conclave/core'
import { checkCall, integerOption, refuseUnknownKeys, requireBag } from './option-checks.ts'

export interface SessionOptions extends Call {
  /**
   * For how long the ensemble keeps the session without a sign of life; 10 s unless told. At least
   * three times `timing.silentPeerMs`, which is 9 s unless told, and at most 60 s.
   */
  readonly sessionTimeoutMs?: number | undefined
  /**
   * The session writes nothing, and lives at its peer alone: it is there at once, whether or not there
   * is a leader, costs the ensemble nothing and never expires. It reads and watches what the peer has
   * applied, which can be old while there is no quorum; `sync()` and linearizable reads wait for one.
   */
  readonly readOnly?: boolean | undefined
  /**
   * No list of access forbids this session anything: for tools, and for whoever has locked everybody
   * out. Only who hosts a peer can ask for it, and has the data in its hands anyway.
   */
  readonly superuser?: boolean | undefined
}

export const maxSessionTimeoutMs = 60_000
const defaultSessionTimeoutMs = 10_000

/** The session timeout that was asked for. Throws `BAD_OPTION` for one that cannot be granted. */
export function resolveSessionTimeout(given: unknown, timing: Timing): number {
  const minMs = minSessionTimeoutMs(timing)
  if (given === undefined) return Math.max(minMs, defaultSessionTimeoutMs)
  return integerOption(given, 'sessionTimeoutMs', {
    min: minMs,
    max: maxSessionTimeoutMs,
    what: 'ms, at least three times timing.silentPeerMs, so that an election costs no session',
  })
}

/** Checks the options of `peer.session`. */
export function resolveSessionOptions(given: unknown, timing: Timing): number {
  if (given === undefined) return resolveSessionTimeout(undefined, timing)
  const bag = requireBag(given, 'what session() was given')
  refuseUnknownKeys(bag, ['sessionTimeoutMs', 'readOnly', 'superuser', 'signal', 'timeoutMs'])
  checkCall(bag)
  return resolveSessionTimeout(bag['sessionTimeoutMs'], timing)
}

/** The shortest timeout that a session can have: an election must not cost it. */
export function minSessionTimeoutMs(timing: Timing): number {
  return 3 * timing.silentPeerMs
}

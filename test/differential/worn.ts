/**
 * What a worn peer has in its store: counts that are about to run out of 32 bits, and a session, with
 * ephemerals, whose application is gone.
 */
import type { ZnodeRecord } from '@conclave/core/internal'

export const wornSession = { id: 2 ** 32 + 7, timeoutMs: 3_000, lastRequestId: 3 }

/** What a record leaves open. `/` and what is below `/zookeeper` is as ever. */
export type WornZnode = Pick<ZnodeRecord, 'path' | 'version' | 'createCount' | 'aversion'> & {
  readonly isEphemeral: boolean
}

const most = 2 ** 31 - 1

export const wornZnodes: readonly WornZnode[] = [
  { path: '/a', version: most - 1, createCount: most, aversion: most, isEphemeral: false },
  { path: '/a/b', version: -3, createCount: -1, aversion: -3, isEphemeral: false },
  { path: '/b', version: -2, createCount: -2, aversion: -2, isEphemeral: false },
  { path: '/a/e', version: 5, createCount: 0, aversion: 0, isEphemeral: true },
  { path: '/b/e', version: 0, createCount: 0, aversion: 0, isEphemeral: true },
]

/** The zxid up to which it has applied, and when all of it was made. */
export const wornZxid = 2 ** 32 + 50
export const wornTimeMs = 999_000

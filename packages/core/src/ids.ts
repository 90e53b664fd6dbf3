/** Who and what: the identifiers that appear in messages, records and events. */
import type { Zxid } from './zxid.ts'

/** A peer's number in its ensemble: an integer from 1 to 255. 0 stands for "nobody". */
export type PeerId = number

/** 53 random bits, drawn by the founding leader. 0: not yet part of an ensemble, matches any. */
export type EnsembleId = number

declare const sessionIdBrand: unique symbol
/**
 * A session's identifier: the zxid of the txn that created it, so it is unique for ever (S1). 0 stands
 * for "no session". A read-only session, which no txn created, has a number below 0 that only its host
 * knows.
 */
export type SessionId = number & { readonly [sessionIdBrand]: true }

/** A session's requests, numbered from 1 without gaps by the peer that hosts the session. */
export type RequestId = number

export const noSession = 0 as SessionId

/** The session that a `create-session` txn at this place creates. */
export function sessionIdAt(zxid: Zxid): SessionId {
  return zxid as number as SessionId
}

/** True of a session that lives at its host alone, and writes nothing. */
export function isReadOnlySession(session: SessionId): boolean {
  return session < 0
}

/** The fixed-width form in which the public API and the logs show a session. */
export function formatSessionId(session: SessionId): string {
  if (isReadOnlySession(session)) return `read-only-${String(Math.abs(session))}`
  return session.toString(16).padStart(16, '0')
}

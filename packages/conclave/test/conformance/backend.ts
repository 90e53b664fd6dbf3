/** Where the sessions of the conformance suite live: what differs between one and another. */
import type { Session } from 'conclave'

export interface SessionRequest {
  readonly sessionTimeoutMs?: number
}

/** An ensemble that is there already, and grants sessions. */
export interface Backend {
  readonly session: (request?: SessionRequest) => Promise<Session>
}

/** What one test has: sessions that are closed behind it, and a znode that is its own. */
export interface Place {
  readonly root: string
  readonly session: (request?: SessionRequest) => Promise<Session>
}

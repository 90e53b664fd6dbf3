/** What stops a peer for good, as the error that its application is told. */
import { CoordinationError } from '@conclave/core/internal'

/** Something in here is wrong: an invariant is broken, or an error came that nobody foresaw. */
export function brokenPeer(cause: unknown): CoordinationError {
  const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
  return new CoordinationError(
    'PEER_FAILED',
    `${why}; the data directory is as it was: open the peer again, and report this`,
    { outcome: 'unknown', cause },
  )
}

/** The store refused: from then on nobody can say what is durable. */
export function storageError(what: string, cause: unknown): CoordinationError {
  if (cause instanceof CoordinationError) return cause
  return new CoordinationError(
    'STORAGE_FAILED',
    `${what} failed: ${reasonOf(cause)}; nobody can tell what the disk holds: mend it, then open the peer again`,
    { outcome: 'unknown', cause },
  )
}

/** What an error says, whatever was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

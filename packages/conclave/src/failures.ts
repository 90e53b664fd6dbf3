/** What stops a peer for good, and what is known then of the calls that wait. */
import {
  CoordinationError,
  type CallId,
  type Effect,
  type Event,
  type PeerCore,
} from '@conclave/core/internal'

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

/**
 * The calls that never left a peer which stops, so that they are surely not applied (C1): those that
 * wait to be stepped, and those of which the core says so.
 */
export function neverForwarded(
  core: PeerCore | undefined,
  waiting: readonly Event[],
  { code, message }: CoordinationError,
): ReadonlySet<CallId> {
  const calls = new Set<CallId>()
  for (const event of waiting) {
    if ('call' in event && event.type !== 'call-aborted') calls.add(event.call)
  }
  const told = effectsOfFailing(core, code, message)
  for (const effect of told) {
    const answers = effect.type === 'deliver' ? effect.items : [effect]
    for (const answer of answers) {
      if ('outcome' in answer && answer.outcome === 'not-applied') calls.add(answer.call)
    }
  }
  return calls
}

/** A core that is broken may break once more: then nothing is known of what it held. */
function effectsOfFailing(
  core: PeerCore | undefined,
  ...why: Parameters<PeerCore['failAll']>
): readonly Effect[] {
  try {
    return core?.failAll(...why) ?? []
  } catch {
    return []
  }
}

/** What an error says, whatever was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** What came of one of several things that are all to be tried, whatever fails. */
export async function settled(
  work: Promise<void> | undefined,
): Promise<PromiseSettledResult<void>> {
  const [result] = await Promise.allSettled([work])
  return result
}

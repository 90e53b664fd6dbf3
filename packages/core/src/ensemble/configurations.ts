/**
 * The configurations that a peer's log holds, and so the one in force: the last, committed or not.
 * Until it is known to be committed, every quorum is one of it *and* of the one before it. A truncate
 * takes back what came behind.
 *
 * What is known to be committed is kept apart from what only stands in the log: it is never taken
 * back, and pages that bring older ones again, to a peer that begins anew, change nothing.
 *
 * Invariant Z18: consecutive configurations never decide apart from each other.
 */
import type { PeerId } from '../ids.ts'
import type { Zxid } from '../zxid.ts'
import type { Configuration, Member, Membership } from './configuration.ts'
import { JointQuorum, quorumOf, type Quorum } from './quorum.ts'

/** A configuration of the log that is not known to be committed, and the end of its page. */
interface Uncommitted {
  readonly configuration: Configuration
  readonly at: Zxid
}

export class Configurations {
  /** Who is listed before an ensemble is founded. */
  readonly #listed: readonly Member[]
  #committed: Configuration | null
  /** Oldest first. A leader makes one at a time: all but the last are committed in truth. */
  #uncommitted: readonly Uncommitted[] = []
  #quorum: Quorum
  #voters: readonly PeerId[] = []

  constructor(listed: readonly Member[], committed: Configuration | null) {
    this.#listed = listed
    this.#committed = committed
    this.#quorum = this.#count()
  }

  /** The configuration in force, or `null` before founding. */
  get inForce(): Configuration | null {
    return this.#uncommitted.at(-1)?.configuration ?? this.#committed
  }

  /** The one before it, while that still counts; otherwise `null`. */
  get before(): Configuration | null {
    if (this.#uncommitted.length === 0) return null
    return this.#uncommitted.at(-2)?.configuration ?? this.#committed
  }

  /** The last one that is known to be committed; at first the founding one, or `null` before it. */
  get committed(): Configuration | null {
    return this.#committed
  }

  /** The members in force, or as listed before an ensemble is founded. */
  get members(): readonly Member[] {
    return this.inForce?.members ?? this.#listed
  }

  get quorum(): Quorum {
    return this.#quorum
  }

  /** Whoever counts in the quorum, those of the configuration before first. */
  get voters(): readonly PeerId[] {
    return this.#voters
  }

  membershipOf(peer: PeerId): Membership {
    return this.members.find(({ id }) => id === peer)?.role ?? 'none'
  }

  /** This one is committed, or is what the ensemble was founded with. */
  settleOn(configuration: Configuration): void {
    this.#committed = configuration
    this.#uncommitted = this.#uncommitted.filter(
      (one) => one.configuration.version > configuration.version,
    )
    this.#quorum = this.#count()
  }

  /** A page of the log, which ends at `at`, brings this one. */
  add(configuration: Configuration, at: Zxid): void {
    if (configuration.version <= (this.inForce?.version ?? 0)) return
    this.#uncommitted = [...this.#uncommitted, { configuration, at }]
    this.#quorum = this.#count()
  }

  /** The log is cut behind `to`. */
  truncate(to: Zxid): void {
    if (this.#uncommitted.every(({ at }) => at <= to)) return
    this.#uncommitted = this.#uncommitted.filter(({ at }) => at <= to)
    this.#quorum = this.#count()
  }

  /** A snapshot takes the place of the log. */
  install(configuration: Configuration | null): void {
    this.#uncommitted = []
    const known = this.#committed?.version ?? 0
    if (configuration !== null && configuration.version > known) this.#committed = configuration
    this.#quorum = this.#count()
  }

  /** The newest one that is committed when everything up to `upTo` is, unless that is known. */
  committedBy(upTo: Zxid): Configuration | null {
    return this.#uncommitted.findLast(({ at }) => at <= upTo)?.configuration ?? null
  }

  #count(): Quorum {
    const { before } = this
    const after = quorumOf(this.members)
    const quorum = before === null ? after : new JointQuorum(quorumOf(before.members), after)
    this.#voters = [...quorum.voters]
    return quorum
  }
}

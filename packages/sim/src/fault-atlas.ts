/**
 * Which stores may be destroyed, or have gone bad, at the same time. Where an ensemble must recover, so
 * many that what a quorum held is still held by somebody who counts, and that those who count are a
 * quorum: of every configuration that may decide. Beyond that it must halt: nobody leads, nothing is
 * answered, and nothing wrong is said.
 */
import type { Member as ListedMember } from '@conclave/core/internal'
import type { Member } from './member.ts'
import { suffices } from './model/sufficiency.ts'
import type { Observed } from './observation.ts'

export type DamageBound = 'recoverable' | 'beyond'

/** As much of a configuration as decides who counts. */
interface Electorate {
  readonly version: number
  readonly members: readonly ListedMember[]
}

export class FaultAtlas {
  readonly #members: readonly Member[]
  readonly #bound: DamageBound
  readonly #known: Pick<Observed, 'committed' | 'model' | 'founders'>
  /** All that were ever asked for. */
  readonly #electorates: Electorate[]

  constructor(
    members: readonly Member[],
    bound: DamageBound,
    known: Pick<Observed, 'committed' | 'model' | 'founders'>,
  ) {
    this.#members = members
    this.#bound = bound
    this.#known = known
    this.#electorates = [{ version: 1, members: known.founders }]
  }

  /** A configuration with these members is about to be asked for. False when it would be lost already. */
  mayAsk(version: number, members: readonly ListedMember[]): boolean {
    const electorate = { version, members }
    if (!isQuorum(this.whole, electorate)) return false
    this.#electorates.push(electorate)
    return true
  }

  /**
   * True when this store may be damaged now. Before there is anything to lose, none. Stores that vanish
   * without a trace are never too many: who finds nothing anywhere founds anew, and cannot know better.
   */
  mayDamage(member: Member, how: 'wipe' | 'damage'): boolean {
    if (this.#known.committed.end.last === 0) return false
    if (!isWhole(member)) return true
    if (this.#bound === 'beyond' && how === 'damage') return true
    const left = this.whole.filter((one) => one !== member)
    // One at least remembers that there is an ensemble, for whoever comes back with the first list.
    if (this.#founds(member) && !left.some((one) => this.#founds(one))) return false
    return this.#deciding
      .filter(({ members }) => members.some(({ id, role }) => id === member.id && role === 'voter'))
      .every((electorate) => isQuorum(left, electorate))
  }

  /** True when those who still have what they held are a quorum, or there was nothing to hold. */
  get hasQuorum(): boolean {
    const { whole } = this
    return (
      this.#known.committed.end.last === 0 || this.#deciding.every((one) => isQuorum(whole, one))
    )
  }

  /** The first of these without whom the rest would be no quorum, and nobody else; all if they are none. */
  coreOf(members: readonly Member[]): readonly Member[] {
    let core = members
    for (const member of members) {
      const rest = core.filter((one) => one !== member)
      if (this.#deciding.every((one) => isQuorum(rest, one))) core = rest
    }
    return core
  }

  /** The members that still have what they held. */
  get whole(): readonly Member[] {
    return this.#members.filter(isWhole)
  }

  #founds({ id }: Member): boolean {
    return this.#known.founders.some((founder) => founder.id === id)
  }

  /** The last one that was committed, the one before it, and whatever may come of those asked for. */
  get #deciding(): readonly Electorate[] {
    const version = this.#known.model.configuration?.version ?? 1
    return this.#electorates.filter((one) => one.version >= version - 1)
  }
}

function isQuorum(left: readonly Member[], { members }: Electorate): boolean {
  return suffices(members, (id) => left.some((one) => one.id === id))
}

/**
 * True of a member that would vote if it started now. One that was away when the ensemble was founded
 * has nothing yet, and one that crashed when it was about to be whole does not know that it is.
 */
function isWhole(member: Member): boolean {
  const { durable, disk, isAmnesiac } = member
  return !isAmnesiac && !durable.isEmpty && durable.damaged === null && !disk.isRotten
}

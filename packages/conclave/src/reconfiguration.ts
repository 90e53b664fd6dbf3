/**
 * What an operator asks of the ensemble's members: checked here against those it has, and made into
 * the list that it is to have. Whether it may have it now is the leader's to say.
 */
import {
  CoordinationError,
  flawOf,
  formatMembers,
  InvariantError,
  type Configuration,
  type Member as ListedMember,
} from '@conclave/core/internal'
import type { Call } from '@conclave/core'
import type { LocalSession } from './local-session.ts'
import { badOption, checkCall, refuseUnknownKeys, requireBag, show } from './option-checks.ts'
import { memberOption, type EnsembleMember } from './member-options.ts'
import { refuseExposure, type PeerOptions } from './options.ts'
import type { Member } from './peer.ts'

/**
 * A member with another role, weight or group, or at another address; what is left out stays, but for
 * weight and group of one that becomes an observer.
 */
export type MemberChange = Pick<EnsembleMember, 'id'> & Partial<EnsembleMember>

export interface ReconfigureOptions extends Call {
  /** Peers that are none of its members. Start each first, and wait until it is `ready()`. */
  readonly add?: readonly EnsembleMember[] | undefined
  readonly change?: readonly MemberChange[] | undefined
  /** Their ids. */
  readonly remove?: readonly number[] | undefined
  /** The whole list instead of changes to the present one. */
  readonly members?: readonly EnsembleMember[] | undefined
  /** That of the configuration that this is to replace, where the caller depends on it. */
  readonly version?: number | undefined
}

/** The members that an ensemble has from now on. */
export interface Reconfigured {
  readonly version: number
  readonly members: readonly Member[]
}

const keys = ['add', 'change', 'remove', 'members', 'version', 'signal', 'timeoutMs']

/** Checks the shape of what `reconfigure` was given, before anything is asked of the ensemble. */
export function checkReconfigureOptions(given: unknown, peer: PeerOptions): ReconfigureOptions {
  const bag = requireBag(given, 'what reconfigure() was given')
  refuseUnknownKeys(bag, keys)
  checkCall(bag)
  const options = given as ReconfigureOptions
  if (peer.network === null) {
    throw misuse('this peer is standalone: open it with a list in ensemble to have members')
  }
  const { add, change, remove, members, version } = options
  if (members === undefined ? !(add ?? change ?? remove) : (add ?? change ?? remove)) {
    throw misuse('give what to add, change and remove, or the whole list as members')
  }
  if (version !== undefined && !(Number.isSafeInteger(version) && version >= 1)) {
    throw badOption('version', version, 'give the version that status() shows, or leave it out')
  }
  for (const [key, list] of Object.entries({ add, change, remove, members })) {
    if (list !== undefined && !Array.isArray(list)) throw badOption(key, list, 'give a list')
  }
  for (const id of remove ?? []) {
    if (!Number.isInteger(id)) throw badOption('remove', id, 'give the ids of members')
  }
  return options
}

/** Asks for a change in a session that is closed with it; resolves with what is in force then. */
export async function changeMembers(
  session: LocalSession,
  options: ReconfigureOptions,
  current: () => Configuration | null,
  peer: PeerOptions,
): Promise<Configuration> {
  const { signal, timeoutMs } = options
  const call = { signal, timeoutMs }
  try {
    // What is judged here is what the leader has, unless another change comes first.
    await session.sync(call)
    const before = current()
    if (before === null) throw new InvariantError('Z18: an ensemble has a configuration')
    const members = membersAfter(options, before, peer)
    const version = options.version ?? before.version
    return await session.reconfigure({ type: 'reconfigure', members, version }, call)
  } finally {
    session.close().catch(() => undefined)
  }
}

/** The list that the ensemble is to have, by what it has. Throws for what does not fit that. */
function membersAfter(
  { add = [], change = [], remove = [], members }: ReconfigureOptions,
  current: Configuration,
  { network }: PeerOptions,
): readonly ListedMember[] {
  const known = new Map(current.members.map((member) => [member.id, member]))
  const next = new Map(members === undefined ? known : [])
  for (const [index, one] of (members ?? add).entries()) {
    const key = members === undefined ? 'add' : 'members'
    const member = memberOption(one, `${key}[${String(index)}]`)
    if (next.has(member.id)) {
      const mend = members === undefined ? 'give its new role in change' : 'name each peer once'
      throw misuse(`peer ${String(member.id)} is a member already; ${mend}`)
    }
    next.set(member.id, member)
  }
  for (const [index, one] of change.entries()) {
    const { address, role, weight, group } = expectMember(next, one.id, current)
    const counting = one.role === 'observer' ? {} : { weight, group }
    const before = { ...(address ?? { host: '', port: 0 }), role, ...counting }
    const changed = memberOption({ ...before, ...given(one) }, `change[${String(index)}]`)
    next.set(changed.id, changed)
  }
  for (const id of remove) {
    expectMember(next, id, current)
    next.delete(id)
  }
  const list = [...next.values()]
  const flaw = flawOf(list)
  if (flaw !== null) throw misuse(flaw)
  if (network !== null) refuseExposure(network, list)
  return list
}

/** Without what is `undefined`, which is as good as left out. */
function given(change: MemberChange): object {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
}

function expectMember(
  members: ReadonlyMap<number, ListedMember>,
  id: number,
  current: Configuration,
): ListedMember {
  const member = members.get(id)
  if (member !== undefined) return member
  throw misuse(
    `peer ${show(id)} is no member; in version ${String(current.version)} they are ` +
      formatMembers(current.members),
  )
}

function misuse(message: string): CoordinationError {
  return new CoordinationError('BAD_ARGUMENT', `reconfigure(): ${message}`)
}

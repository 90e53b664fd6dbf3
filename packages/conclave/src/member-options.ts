/**
 * The peers of an ensemble as they are listed: what may be said of each, and of all together. A member
 * that reconfigure() is given goes through the same checks.
 */
import {
  CoordinationError,
  flawOf,
  maxPeerId,
  maxWeight,
  type Member,
  type MemberAddress,
  type PeerId,
} from '@conclave/core/internal'
import {
  badOption,
  hostOption,
  integerOption,
  portOption,
  refuseUnknownKeys,
  requireBag,
  wordOption,
  type Bag,
} from './option-checks.ts'

/** One peer of the ensemble, as every peer lists it. */
export interface EnsembleMember {
  /** An integer from 1 to 255, for ever the same for the same directory. */
  readonly id: number
  /** Where the others reach it. */
  readonly host: string
  readonly port: number
  /** A voter counts in quorums; an observer only learns, and serves reads. Voter unless told. */
  readonly role?: 'voter' | 'observer' | undefined
  /**
   * How much a voter counts, an integer; 1 unless told. What has more than half of all weight is in every
   * quorum: nothing goes on without it.
   */
  readonly weight?: number | undefined
  /**
   * The group in which a voter counts, a number: of a rack or a region. Then a quorum is more than half
   * of the weight in each of more than half of the groups: two groups are both necessary, and one of
   * them with a single voter makes that one necessary. Give every voter one, or none.
   */
  readonly group?: number | undefined
}

/** A listed peer, checked. */
export type ListedMember = Member & { readonly address: MemberAddress }

/** Checks the list of peers that `open` is given. */
export function ensembleOption(value: unknown): readonly ListedMember[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw badOption(
      'ensemble',
      value,
      "list every peer as { id, host, port }, or give 'standalone'",
    )
  }
  const members = value.map((one: unknown, index) =>
    memberOption(one, `ensemble[${String(index)}]`),
  )
  refuseTwice(members, (member) => String(member.id), 'id')
  refuseTwice(members, ({ address }) => `${address.host}:${String(address.port)}`, 'address')
  if (!members.some((member) => member.role === 'voter')) {
    throw badOption('ensemble', value, "all are observers; at least one peer must be a 'voter'")
  }
  const flaw = flawOf(members)
  if (flaw !== null) throw new CoordinationError('BAD_OPTION', `option ensemble: ${flaw}`)
  return members
}

/** Checks one listed peer; `key` names it in errors. */
export function memberOption(value: unknown, key: string): ListedMember {
  const bag = requireBag(value, `option ${key}`)
  refuseUnknownKeys(bag, ['id', 'host', 'port', 'role', 'weight', 'group'], `${key}.`)
  const host = hostOption(bag['host'], `${key}.host`)
  if (isWildcard(host)) {
    throw badOption(
      `${key}.host`,
      host,
      'nobody can reach that; give the address that the others dial, and put this one into listen.host',
    )
  }
  const id = peerIdOption(bag['id'], `${key}.id`)
  const address = { host, port: portOption(bag['port'], `${key}.port`) }
  const role = wordOption(bag['role'], `${key}.role`, ['voter', 'observer']) ?? 'voter'
  if (role === 'observer') {
    refuseCounting(bag, key)
    return { id, role, address }
  }
  return { id, role, address, ...weightOption(bag, key), ...groupOption(bag, key) }
}

function refuseCounting(bag: Bag, key: string): void {
  for (const name of ['weight', 'group']) {
    if (bag[name] === undefined) continue
    const mend = 'an observer counts in no quorum; leave it out, or make the peer a voter'
    throw badOption(`${key}.${name}`, bag[name], mend)
  }
}

function weightOption({ weight }: Bag, key: string): Pick<Member, 'weight'> {
  if (weight === undefined) return {}
  if (weight === 0) {
    const mend =
      "a peer that is not to count is an observer; leave it out and give role: 'observer'"
    throw badOption(`${key}.weight`, weight, mend)
  }
  const bounds = { min: 1, max: maxWeight, what: 'how much the voter counts' }
  return { weight: integerOption(weight, `${key}.weight`, bounds) }
}

function groupOption({ group }: Bag, key: string): Pick<Member, 'group'> {
  if (group === undefined) return {}
  const bounds = { min: 1, max: maxPeerId, what: 'the number of a group' }
  return { group: integerOption(group, `${key}.group`, bounds) }
}

function refuseTwice(
  members: readonly ListedMember[],
  nameOf: (member: ListedMember) => string,
  what: string,
): void {
  const seen = new Map<string, number>()
  for (const [index, member] of members.entries()) {
    const name = nameOf(member)
    const before = seen.get(name)
    if (before !== undefined) {
      throw new CoordinationError(
        'BAD_OPTION',
        `option ensemble has the ${what} ${name} twice, at [${String(before)}] and [${String(index)}]: give every peer its own`,
      )
    }
    seen.set(name, index)
  }
}

/** Checks the number of a peer. */
export function peerIdOption(value: unknown, key: string): PeerId {
  return integerOption(value, key, { min: 1, max: maxPeerId, what: 'the number of a peer' })
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || /^[0:]+$/.test(host)
}

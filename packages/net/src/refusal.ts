/**
 * Why a connection does not become a link, in words that say what, where and the mend. The other
 * side is told a number and two versions, never a text, so that neither side can put words into the
 * other's log; each makes its own sentence of it.
 */
import type { PeerId } from '@conclave/core/internal'
import type { Clock } from './clock.ts'
import type { Refusal } from './transport.ts'

/** The numbers are sent; they are never reused. */
export const refusalCodes = {
  /** What came is no handshake. */
  NOT_A_PEER: 1,
  VERSION_MISMATCH: 2,
  OTHER_ENSEMBLE: 3,
  /** The address is answered by another peer than the one listed for it. */
  WRONG_PEER: 4,
  /** The other side claims our own id. */
  OWN_ID: 5,
  /** A peer that is not listed. */
  STRANGER: 6,
  WRONG_SECRET: 7,
  /** An older connection of this peer, or a second process with its id. */
  DUPLICATE: 8,
  /** The handshake was not finished within its deadline. */
  HANDSHAKE_TIMEOUT: 9,
  /** Too many connections that have not proved who they are. */
  CROWDED: 10,
  /** For a reason that a later version knows. */
  UNKNOWN_REASON: 255,
} as const

export type RefusalCode = keyof typeof refusalCodes

export interface VersionRange {
  readonly min: number
  readonly max: number
}

/** What is known when a refusal is put into words. */
export interface RefusalFacts {
  readonly code: RefusalCode
  readonly by: 'us' | 'them'
  /** Our own id. */
  readonly ownId: PeerId
  /** Whom we meant to reach, or who it claims to be; 0 when unknown. */
  readonly peer: PeerId
  readonly ourVersions: VersionRange
  readonly theirVersions: VersionRange | null
  /** For `WRONG_PEER`: who answers at the address that we dialled, or whom we are taken for. */
  readonly answeredBy?: PeerId
  readonly takenFor?: PeerId
}

/** The code that a number stands for. */
export function refusalCodeOf(number: number): RefusalCode {
  const found = Object.entries(refusalCodes).find(([, value]) => value === number)
  return found === undefined ? 'UNKNOWN_REASON' : (found[0] as RefusalCode)
}

/** A sentence that says what and the mend. */
export function describeRefusal(facts: RefusalFacts, address: string): string {
  const them = facts.peer === 0 ? address : `peer ${facts.peer} (${address})`
  const [what, mend] = facts.by === 'us' ? refusedByUs(facts, them) : refusedByThem(facts, them)
  return `${what}; ${mend}`
}

const sameSecret = 'give every peer the same `secret`'
const checkAddresses = 'correct the addresses in `ensemble`'
const checkDirectories =
  'check that the addresses in `ensemble` and the data directories belong together'
const stopOne = 'stop one of the two, or give it an id of its own'

function refusedByUs(facts: RefusalFacts, them: string): [what: string, mend: string] {
  switch (facts.code) {
    case 'NOT_A_PEER':
      return [`${them} does not speak the peers' protocol`, 'only peers may connect to this port']
    case 'VERSION_MISMATCH':
      return [`${them} ${speaks(facts)}`, 'upgrade the older of the two']
    case 'OTHER_ENSEMBLE':
      return [`${them} belongs to another ensemble than we do`, checkDirectories]
    case 'WRONG_PEER':
      return wrongPeer(facts, them)
    case 'OWN_ID':
      return [
        `${them} has the id ${facts.ownId}, which is ours`,
        `give every peer its own id, and ${checkAddresses}`,
      ]
    case 'STRANGER':
      return [`${them} is not listed`, 'list it in `ensemble` on every peer, or stop it']
    case 'WRONG_SECRET':
      return [`${them} does not hold our secret`, sameSecret]
    case 'DUPLICATE':
      return [
        `${them} has a newer link than this one`,
        `if two processes run as peer ${facts.peer}, ${stopOne}`,
      ]
    case 'HANDSHAKE_TIMEOUT':
      return [
        `${them} did not finish its handshake in time`,
        'look at its load and the network between',
      ]
    case 'CROWDED':
      return [
        `${them} was closed to make room for other connections that have not proved who they are`,
        'keep strangers off this port',
      ]
    case 'UNKNOWN_REASON':
      return [`${them} was refused`, 'run the same version on all peers']
  }
}

function refusedByThem(facts: RefusalFacts, them: string): [what: string, mend: string] {
  switch (facts.code) {
    case 'NOT_A_PEER':
      return [
        `${them} refused us: it could not read our handshake`,
        'run the same version on all peers',
      ]
    case 'VERSION_MISMATCH':
      return [`${them} refused us: it ${speaks(facts)}`, 'upgrade the older of the two']
    case 'OTHER_ENSEMBLE':
      return [`${them} refused us: it belongs to another ensemble than we do`, checkDirectories]
    case 'WRONG_PEER':
      return [
        `${them} refused us: it is another peer than the one we have this address from`,
        checkAddresses,
      ]
    case 'OWN_ID':
      return [
        `${them} refused us: its own id is ${facts.ownId} too`,
        `give every peer its own id, and ${checkAddresses}`,
      ]
    case 'STRANGER':
      return [
        `${them} refused us: peer ${facts.ownId} is not listed there`,
        'list the same peers in `ensemble` everywhere',
      ]
    case 'WRONG_SECRET':
      return [`${them} refused us: it holds another secret`, sameSecret]
    case 'DUPLICATE':
      return [
        `${them} refused us: it has a newer link to peer ${facts.ownId}`,
        `if two processes run as peer ${facts.ownId}, ${stopOne}`,
      ]
    case 'HANDSHAKE_TIMEOUT':
      return [
        `${them} refused us: we did not finish our handshake in time`,
        'look at our load and the network between',
      ]
    case 'CROWDED':
      return [
        `${them} refused us: too many connections there have not proved who they are`,
        'keep strangers off that port',
      ]
    case 'UNKNOWN_REASON':
      return [
        `${them} refused us for a reason that this version does not know`,
        'run the same version on all peers',
      ]
  }
}

function speaks({ ourVersions, theirVersions }: RefusalFacts): string {
  const theirs = theirVersions === null ? 'other versions' : range(theirVersions)
  return `speaks ${theirs} of the protocol, we speak ${range(ourVersions)}`
}

function range({ min, max }: VersionRange): string {
  return min === max ? `version ${min}` : `versions ${min} to ${max}`
}

function wrongPeer({ answeredBy, takenFor }: RefusalFacts, them: string): [string, string] {
  return answeredBy === undefined
    ? [`${them} takes us for peer ${takenFor ?? 0}`, checkAddresses]
    : [`the address of ${them} is answered by peer ${answeredBy}`, checkAddresses]
}

/** How long the same refusal is not told again, and how many are remembered for that. */
const repeatMs = 60_000
const maxRemembered = 256

/** Lets the same refusal through once a minute: a peer that tries ten times a second fills no log. */
export class RefusalLog {
  readonly #clock: Clock
  readonly #toldAt = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** True when this refusal was not told within the last minute. */
  admits(refusal: Refusal): boolean {
    const key = `${refusal.peer} ${refusal.by} ${refusal.code}`
    const now = this.#clock.nowMs()
    const toldAt = this.#toldAt.get(key)
    if (toldAt !== undefined && now - toldAt < repeatMs) return false
    // The oldest goes first: a Map keeps the order of insertion.
    this.#toldAt.delete(key)
    const [oldest] = this.#toldAt.keys()
    if (this.#toldAt.size >= maxRemembered && oldest !== undefined) this.#toldAt.delete(oldest)
    this.#toldAt.set(key, now)
    return true
  }

  /** Something was mended, perhaps: what is refused from now on is news. */
  forget(): void {
    this.#toldAt.clear()
  }
}

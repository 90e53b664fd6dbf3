/**
 * Looks on while an ensemble runs, sees into every disk, and throws when a rule of docs/PROTOCOL.md
 * is broken. It knows nothing of how agreement works: only what was applied, logged, sent and led.
 */
import type { Effect } from '../../src/effects.ts'
import type { PeerId } from '../../src/ids.ts'
import type { Message } from '../../src/zab/messages.ts'
import type { Page, PageEnd } from '../../src/zab/page.ts'
import { counterOf, epochOf, formatZxid, type Zxid } from '../../src/zxid.ts'
import type { Witness } from './test-ensemble.ts'
import type { TestPeer } from './test-peer.ts'
import { wordsOf, type WordReplica } from './word-machine.ts'

export class Violation extends Error {
  override readonly name = 'Violation'
}

/** Throws, with the rule's name, unless it holds. */
function check(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new Violation(rule)
}

export class ZabWitness implements Witness {
  /** Every page that any peer ever applied, in order: it only grows (Z10). */
  readonly committed: Page[] = []
  /** The words of those pages. */
  readonly words: string[] = []
  /** What happened, for those who want to know that a run was worth its while. */
  readonly seen = new Map<string, number>()
  /** Peers that lost their memory and are not up to date again (Z19). */
  readonly amnesiacs = new Set<PeerId>()
  readonly #peers: () => Iterable<TestPeer>
  /** How many of the committed pages each peer has applied. */
  readonly #applied = new Map<PeerId, number>()
  /** How many committed words there are up to each page end. */
  readonly #wordCounts = new Map<Zxid, number>([[0 as Zxid, 0]])
  readonly #contents = new Map<Zxid, number>()
  readonly #leaders = new Map<number, string>()
  readonly #promises = new Map<string, PeerId>()
  #wiped = false

  constructor(peers: () => Iterable<TestPeer>) {
    this.#peers = peers
  }

  get hasLed(): boolean {
    return this.#leaders.size > 0
  }

  get epochs(): number {
    return this.#leaders.size
  }

  count(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1)
  }

  /** The peer's store was emptied: it has forgotten its promises, and a quorum may have lost one. */
  onWiped(peer: PeerId): void {
    this.#wiped = true
    // While nothing was ever committed, an ensemble may be founded anew, and it may take part.
    if (this.committed.length > 0) this.amnesiacs.add(peer)
    for (const key of [...this.#promises.keys()]) {
      if (key.startsWith(`${String(peer)} `)) this.#promises.delete(key)
    }
  }

  onLead(peer: TestPeer, epoch: number): void {
    this.count('led')
    const who = `${String(peer.id)}, life ${String(peer.incarnation)}`
    const other = this.#leaders.get(epoch)
    check(other === undefined, `Z1: epoch ${String(epoch)} is led by ${who} and ${String(other)}`)
    this.#leaders.set(epoch, who)
    const last = this.committed.at(-1)
    check(
      last === undefined || peer.disk.holds(last),
      `Z11: ${who} leads without ${last === undefined ? '' : formatZxid(last.last)}`,
    )
  }

  onAppend(peer: TestPeer, { records }: Extract<Effect, { type: 'append-log' }>): void {
    for (const record of records) {
      if (record.type === 'damage-healed') this.amnesiacs.delete(peer.id)
      if (record.type === 'snapshot-installed' || record.type === 'truncate') {
        this.count(record.type)
      }
      if (record.type !== 'page') continue
      const { page } = record
      const crc = this.#contents.get(page.last) ?? page.crc
      check(crc === page.crc, `Z4: ${formatZxid(page.last)} has two contents`)
      this.#contents.set(page.last, crc)
      const follows =
        epochOf(page.first) === epochOf(page.previousLast)
          ? counterOf(page.first) === counterOf(page.previousLast) + 1
          : counterOf(page.first) === 1 && page.first > page.previousLast
      check(follows, `Z5: ${formatZxid(page.first)} after ${formatZxid(page.previousLast)}`)
    }
  }

  onApply(peer: TestPeer, page: Page): void {
    const at = this.#applied.get(peer.id) ?? 0
    this.#applied.set(peer.id, at + 1)
    const known = this.committed[at]
    if (known !== undefined) {
      check(
        known.last === page.last && known.crc === page.crc,
        `Z3: ${String(peer.id)} applies ${formatZxid(page.last)} where ${formatZxid(known.last)} was`,
      )
      return
    }
    check((this.committed.at(-1)?.last ?? 0) < page.first, 'Z7: a zxid falls')
    this.committed.push(page)
    this.words.push(...wordsOf(page))
    this.#wordCounts.set(page.last, this.words.length)
  }

  onReplaced(peer: TestPeer, replica: WordReplica): void {
    const { last, crc } = replica.end
    const at = last === 0 ? -1 : this.committed.findIndex((page) => page.last === last)
    check(last === 0 || at >= 0, `Z10: a snapshot at ${formatZxid(last)}, never committed`)
    check(last === 0 || this.committed[at]?.crc === crc, `Z3: a fork at ${formatZxid(last)}`)
    const words = this.words.slice(0, this.#wordCounts.get(last))
    check(words.join(' ') === replica.words.join(' '), `D2: ${formatZxid(last)} has other words`)
    this.#applied.set(peer.id, at + 1)
  }

  onSend(from: TestPeer, to: PeerId, message: Message): void {
    const { disk } = from
    switch (message.type) {
      case 'ack-epoch':
        check(disk.acceptedEpoch === message.epoch, 'Z2: an ACKEPOCH before the promise is durable')
        check(disk.acceptedLeader === to, 'Z2: a promise to another')
        this.#notePromise(from.id, message.epoch, to)
        check(disk.end.last === message.end.last, 'Z12: ACKEPOCH tells of a history not on disk')
        return
      case 'leader-info':
        check(
          disk.acceptedEpoch === message.epoch,
          'Z2: a LEADERINFO before the promise is durable',
        )
        this.#notePromise(from.id, message.epoch, from.id)
        return
      case 'ack-new-leader':
        check(disk.currentEpoch === message.epoch, 'Z12: ACK-LD before currentEpoch is durable')
        check(disk.end.last >= message.upTo, 'Z12: ACK-LD before the history is durable')
        return
      case 'ack':
        check(disk.end.last >= message.upTo, 'Z12: an ACK of what is not durable')
        return
      case 'commit':
        this.#checkQuorum(from, message.upTo)
        return
      case 'up-to-date':
        this.#checkQuorum(from, message.committed)
        return
      case 'notification':
        this.#checkVote(from, message)
        return
      case 'follower-info':
        check(
          !message.counts || !this.amnesiacs.has(from.id),
          `Z19: ${String(from.id)} counts without memory`,
        )
        return
      case 'diff':
      case 'trunc':
      case 'snap':
      case 'goodbye':
        this.count(message.type)
        return
      default:
        return
    }
  }

  onDisconnect(peer: TestPeer, other: PeerId, reason: string): void {
    this.count(reason.replaceAll(/[\d:]+/g, '#'))
    const told = `${String(peer.id)} breaks with ${String(other)}: ${reason}`
    check(!/^[ZD]\d/.test(reason), `Z14: ${told}`)
  }

  onFail(peer: TestPeer, detail: string): void {
    throw new Violation(`${String(peer.id)} fails: ${detail}`)
  }

  onStepped(peer: TestPeer): void {
    const { state, machine } = peer
    check(machine.end.last <= state.lastCommitted, 'Z17: applied ≤ committed')
    check(state.lastCommitted <= state.history.end.last, 'Z17: committed ≤ logged')
    check(state.history.durable.last <= state.history.end.last, 'Z17: durable ≤ logged')
  }

  #notePromise(peer: PeerId, epoch: number, leader: PeerId): void {
    const key = `${String(peer)} ${String(epoch)}`
    const other = this.#promises.get(key) ?? leader
    check(
      other === leader,
      `Z2: epoch ${key} is promised to ${String(other)} and ${String(leader)}`,
    )
    this.#promises.set(key, leader)
  }

  /** Looks into the disks, not at acks (Z9). Not after a loss: a quorum may then hold less. */
  #checkQuorum(leader: TestPeer, upTo: Zxid): void {
    if (this.#wiped || upTo === 0) return
    const end: PageEnd | undefined = leader.state.history.find(upTo)
    check(end !== undefined, 'Z15: a commit is a page end of the history')
    const holders = [...this.#peers()].filter(({ disk }) => disk.holds(end)).map(({ id }) => id)
    check(
      leader.state.quorum.includes(holders),
      `Z9: ${formatZxid(upTo)} is held by ${holders.join()}`,
    )
  }

  #checkVote(
    from: TestPeer,
    { role, vote, votes }: Extract<Message, { type: 'notification' }>,
  ): void {
    if (role !== 'looking' || !votes) return
    check(!this.amnesiacs.has(from.id), `Z19: ${String(from.id)} votes without memory`)
    if (vote.leader !== from.id) return
    check(vote.last <= from.disk.end.last, 'Z12: a vote with what is not durable')
    check(vote.epoch <= from.disk.currentEpoch, 'Z12: a vote with an epoch that is not durable')
  }
}

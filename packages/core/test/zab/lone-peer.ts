/**
 * One peer, and nobody else: the test says what the others send, and reads off, in order, all that
 * the peer does.
 */
import { defaultLimits, type Limits } from '../../src/limits.ts'
import type { Member } from '../../src/ensemble/configuration.ts'
import type { PeerId } from '../../src/ids.ts'
import type { LogRecord } from '../../src/log-record.ts'
import type { Message } from '../../src/zab/messages.ts'
import { noPage, type Page, type PageEnd } from '../../src/zab/page.ts'
import { makeZxid, type Zxid } from '../../src/zxid.ts'
import { describeMessage, describeRecord } from './describe.ts'
import type { Move } from './test-network.ts'
import { TestPeer } from './test-peer.ts'
import { pageOf, type WordMachineOptions } from './word-machine.ts'

type Notification = Extract<Message, { type: 'notification' }>
type FollowerInfo = Extract<Message, { type: 'follower-info' }>

export interface LonePeerOptions {
  /** How many voters there are, this one among them. */
  readonly voterCount?: number
  readonly observers?: readonly PeerId[]
  readonly limits?: Partial<Limits>
  readonly machine?: WordMachineOptions
  /** What its log holds when it starts. */
  readonly records?: readonly LogRecord[]
}

export class LonePeer {
  readonly peer: TestPeer
  nowMs = 0
  #order = 0
  #done: string[] = []

  constructor(id: PeerId, options: LonePeerOptions = {}) {
    const { voterCount = 3, observers = [], limits = {}, machine = {}, records = [] } = options
    const members = membersOf(voterCount, observers)
    const setup = { members, limits: { ...defaultLimits, ...limits }, machine }
    this.peer = new TestPeer(id, setup, {
      nextOrder: () => (this.#order += 1),
      onSend: (_, to, messages) => {
        for (const message of messages) this.#did(`to ${String(to)}: ${describeMessage(message)}`)
      },
      onDisconnect: (_, other, reason) => {
        this.#did(`breaks with ${String(other)}: ${reason}`)
      },
      onAppend: (_, effect) => {
        this.#did(`appends ${effect.records.map(describeRecord).join(', ')}`)
      },
      onApply: (_, page) => {
        this.#did(`applies ${describeRecord({ type: 'page', page })}`)
      },
      onReplaced: () => undefined,
      onLead: (_, epoch) => {
        this.#did(`leads epoch ${String(epoch)}`)
      },
      onFail: (_, detail) => {
        this.#did(`fails: ${detail}`)
        this.peer.crash()
      },
      onClosed: () => {
        this.#did('has closed')
      },
      onStepped: () => undefined,
    })
    this.peer.disk.append({ seq: 0, records })
    this.peer.disk.syncOne()
    this.peer.start(0)
  }

  /** All that it did since it was last asked, but for what begins with one of these. */
  done(...without: readonly string[]): string[] {
    const done = this.#done
    this.#done = []
    return done.filter((line) => !without.some((skipped) => line.includes(skipped)))
  }

  link(...others: readonly PeerId[]): this {
    return this.step(...others.map((other) => () => this.peer.zab.onLinkUp(other)))
  }

  unlink(other: PeerId): this {
    return this.step(() => this.peer.zab.onLinkDown(other, 'broken'))
  }

  /** Messages from one peer, in one step. */
  receive(from: PeerId, ...messages: readonly Message[]): this {
    return this.step(...messages.map((message) => () => this.peer.zab.onMessage(from, message)))
  }

  /** These learners answer the last ping. */
  confirm(epoch: number, ...learners: readonly PeerId[]): this {
    const round = this.peer.zab.nextRound() - 1
    for (const learner of learners) this.receive(learner, pong(epoch, round))
    return this
  }

  /** The disk and the store answer everything, and what that leads to. */
  sync(): this {
    for (;;) {
      const moves: Move[] = []
      this.peer.addMoves(moves)
      if (moves[0] === undefined) return this
      this.step(moves[0].act)
    }
  }

  /** The disk confirms its oldest append. */
  syncOne(): this {
    const move = this.peer.nextSync()
    if (move === undefined) throw new Error('the disk owes nothing')
    return this.step(move.act)
  }

  /** The store answers one thing, the disk nothing. */
  answer(): this {
    this.peer.slowDisk = true
    const moves: Move[] = []
    this.peer.addMoves(moves)
    this.peer.slowDisk = false
    if (moves[0] === undefined) throw new Error('the store was not asked for anything')
    return this.step(moves[0].act)
  }

  /** Time passes, in ticks. */
  wait(ms: number): this {
    const end = this.nowMs + ms
    while (this.nowMs < end) {
      this.nowMs = Math.min(end, this.nowMs + 25)
      this.step()
    }
    return this
  }

  step(...acts: readonly (() => void)[]): this {
    this.peer.step(this.nowMs, ...acts)
    this.peer.stepAgain(this.nowMs)
    return this
  }

  propose(...words: readonly string[]): this {
    return this.step(() => this.peer.machine.propose(...words))
  }

  #did(line: string): void {
    this.#done.push(line)
  }
}

export function membersOf(voterCount: number, observers: readonly PeerId[] = []): Member[] {
  const voters = Array.from({ length: voterCount }, (_, at) => ({
    id: at + 1,
    role: 'voter' as const,
  }))
  return [...voters, ...observers.map((id) => ({ id, role: 'observer' as const }))]
}

/** What the log of a peer holds that has followed `leader` in `epoch`: these pages. */
export function recordsOf(
  epoch: number,
  leader: PeerId,
  pages: readonly Page[],
  voterCount = 3,
): LogRecord[] {
  const configuration = { ensembleId: 77, version: 1, members: membersOf(voterCount) }
  return [
    { type: 'configuration', configuration },
    { type: 'accepted-epoch', epoch, leader },
    { type: 'current-epoch', epoch },
    ...pages.map((page) => ({ type: 'page' as const, page })),
  ]
}

/** Pages of one word each, by epoch: `pagesOf([1, 'a', 'b'], [2, 'c'])`. */
export function pagesOf(...epochs: readonly (readonly [number, ...string[]])[]): Page[] {
  const pages: Page[] = []
  for (const [epoch, ...words] of epochs) {
    words.forEach((word, at) => {
      pages.push(pageOf(makeZxid(epoch, at + 1), pages.at(-1) ?? noPage, word))
    })
  }
  return pages
}

export function endOf(pages: readonly Page[]): PageEnd {
  const { last, crc } = pages.at(-1) ?? noPage
  return { last, crc }
}

/** A vote, of a peer that is looking. */
export function votes(
  leader: PeerId,
  epoch: number,
  last: Zxid,
  rest: Partial<Notification> = {},
): Notification {
  return {
    type: 'notification',
    role: 'looking',
    round: 1,
    vote: { leader, epoch, last },
    established: false,
    leadingEpoch: 0,
    empty: false,
    votes: true,
    asks: false,
    configuration: null,
    ...rest,
  }
}

/** What a peer says that leads, or follows `leader`. */
export function claims(
  role: 'leader' | 'follower',
  leader: PeerId,
  rest: Partial<Notification> = {},
): Notification {
  return { ...votes(leader, 0, 0 as Zxid, rest), role }
}

export function followerInfo(rest: Partial<FollowerInfo> = {}): FollowerInfo {
  return {
    type: 'follower-info',
    acceptedEpoch: 1,
    acceptedLeader: 3,
    counts: true,
    ensembleId: 77,
    ...rest,
  }
}

export function ackEpoch(
  epoch: number,
  currentEpoch: number,
  end: PageEnd,
  epochEnds: readonly PageEnd[] = [end],
): Extract<Message, { type: 'ack-epoch' }> {
  return { type: 'ack-epoch', epoch, currentEpoch, end, epochEnds }
}

export function pong(epoch: number, round: number, progress = 0): Message {
  return { type: 'pong', epoch, round, proofs: null, progress }
}

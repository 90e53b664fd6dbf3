/**
 * Several peers in one test, over links and disks that do what the test says and nothing else. Left
 * to itself it is a world without delays: `settle` makes every move in the order in which they became
 * possible. `random-schedule.ts` makes them in any order that a real world allows.
 */
import { defaultLimits, type Limits } from '../../src/limits.ts'
import type { Effect } from '../../src/effects.ts'
import type { Member } from '../../src/ensemble/configuration.ts'
import type { PeerId } from '../../src/ids.ts'
import type { Message } from '../../src/zab/messages.ts'
import type { Page } from '../../src/zab/page.ts'
import { describeMessage, describeRecord, describeStanding } from './describe.ts'
import { TestNetwork, type Move } from './test-network.ts'
import { TestPeer, type PeerListener } from './test-peer.ts'
import { configurationWord, type WordMachineOptions, type WordReplica } from './word-machine.ts'

/** Looks on while an ensemble runs; throws when something is not as it must be. */
export interface Witness {
  onSend?(from: TestPeer, to: PeerId, message: Message): void
  onDisconnect?(peer: TestPeer, other: PeerId, reason: string): void
  onAppend?(peer: TestPeer, effect: Extract<Effect, { type: 'append-log' }>): void
  onApply?(peer: TestPeer, page: Page): void
  onReplaced?(peer: TestPeer, replica: WordReplica): void
  onLead?(peer: TestPeer, epoch: number): void
  onFail?(peer: TestPeer, detail: string): void
  onStepped?(peer: TestPeer): void
}

export interface EnsembleOptions {
  readonly limits?: Partial<Limits>
  readonly machine?: WordMachineOptions
  readonly observers?: readonly PeerId[]
  /** How many of the peers found the ensemble; the others list them and themselves. All, unless told. */
  readonly founders?: number
  readonly witness?: Witness
}

/** Between ticks of a peer that nothing happens to. */
const tickMs = 25

export class TestEnsemble implements PeerListener {
  readonly peers = new Map<PeerId, TestPeer>()
  readonly network: TestNetwork
  /** What was sent, logged, applied, and became of each peer, in order, for people. */
  readonly trace: string[] = []
  nowMs = 0
  readonly #witness: Witness
  readonly #standings = new Map<PeerId, string>()

  constructor(size: number, options: EnsembleOptions = {}) {
    const { limits = {}, machine = {}, observers = [], witness = {}, founders = size } = options
    this.#witness = witness
    this.network = new TestNetwork({
      onLinkUp: (peer, other) => this.peer(peer).zab.onLinkUp(other),
      onLinkDown: (peer, other) => this.peer(peer).zab.onLinkDown(other, 'broken'),
      onMessage: (peer, from, message) => this.peer(peer).zab.onMessage(from, message),
    })
    const ids = Array.from({ length: size }, (_, index) => index + 1)
    const all: Member[] = ids.map((id) => ({
      id,
      role: observers.includes(id) ? 'observer' : 'voter',
    }))
    for (const id of ids) {
      const members = all.filter((one) => one.id <= founders || one.id === id)
      const setup = { members, limits: { ...defaultLimits, ...limits }, machine }
      this.peers.set(id, new TestPeer(id, setup, this))
    }
  }

  get ids(): PeerId[] {
    return [...this.peers.keys()]
  }

  peer(id: PeerId): TestPeer {
    const peer = this.peers.get(id)
    if (peer === undefined) throw new Error(`no peer ${String(id)}`)
    return peer
  }

  /** Starts these peers, or all, from what their disks hold. */
  start(...ids: PeerId[]): this {
    for (const id of ids.length === 0 ? this.ids : ids) this.peer(id).start(this.nowMs)
    this.connect()
    return this
  }

  /** Links every pair of peers that are up and not cut from one another. */
  connect(): void {
    for (const a of this.peers.values()) {
      for (const b of this.peers.values()) {
        if (a.id < b.id && a.up && b.up) this.network.connect(a.id, b.id)
      }
    }
  }

  /** The link breaks, and both notice. It may come up again. */
  breakLink(a: PeerId, b: PeerId): this {
    this.network.breakLink(a, b)
    return this
  }

  /** Breaks the link, and lets no new one come up. */
  cut(a: PeerId, b: PeerId): this {
    this.network.breakLink(a, b)
    this.settle()
    return this.silence(a, b)
  }

  /** Nothing passes between the two, and nobody is told. */
  silence(a: PeerId, b: PeerId): this {
    this.network.hold(a, b)
    this.network.hold(b, a)
    return this
  }

  heal(): this {
    this.network.releaseAll()
    this.connect()
    return this
  }

  /** Everything in memory is gone, and every append that the disk had not confirmed. */
  crash(...ids: PeerId[]): this {
    for (const id of ids) this.#stop(this.peer(id), 0)
    return this
  }

  #stop(peer: TestPeer, keptRecords: number): void {
    peer.crash(keptRecords)
    this.network.crash(peer.id, this.ids)
  }

  /** A crash that leaves the first `keptRecords` of what the disk had not confirmed. */
  crashKeeping(keptRecords: number, id: PeerId): this {
    this.#stop(this.peer(id), keptRecords)
    return this
  }

  /** Has things happen to a peer, in one step. */
  step(peer: TestPeer, ...acts: readonly (() => void)[]): void {
    peer.step(this.nowMs, ...acts)
  }

  /** Has the leader put words into the log. */
  propose(...words: string[]): this {
    const leader = this.leader()
    this.step(leader, () => leader.machine.propose(...words))
    return this.settle()
  }

  /** Has the leader propose that these are the members from now on. */
  configure(voters: readonly PeerId[], observers: readonly PeerId[] = []): TestPeer {
    const leader = this.leader()
    const { configuration } = leader.state
    const members: Member[] = [
      ...voters.map((id) => ({ id, role: 'voter' as const })),
      ...observers.map((id) => ({ id, role: 'observer' as const })),
    ]
    const next = {
      ensembleId: configuration?.ensembleId ?? 0,
      version: (configuration?.version ?? 0) + 1,
      members,
    }
    this.step(leader, () => leader.machine.propose(configurationWord(next)))
    return leader
  }

  close(id: PeerId): this {
    const peer = this.peer(id)
    this.step(peer, () => peer.zab.close())
    return this
  }

  /** The established leader of the highest epoch. */
  leader(): TestPeer {
    const leading = [...this.peers.values()].filter(
      ({ up, zab }) => up && zab.standing.ready && zab.role === 'leader',
    )
    const leader = leading.sort((a, b) => a.standing.epoch - b.standing.epoch).at(-1)
    if (leader === undefined) throw new Error(`nobody leads:\n${this.describe()}`)
    return leader
  }

  /** Everybody but the leader. */
  followers(): TestPeer[] {
    const leader = this.leader()
    return [...this.peers.values()].filter((peer) => peer !== leader)
  }

  describe(): string {
    return [...this.peers.values()]
      .map((peer) => `${String(peer.id)} ${peer.up ? JSON.stringify(peer.standing) : 'down'}`)
      .join('\n')
  }

  /** All that can happen next, whatever the time. */
  moves(): Move[] {
    const moves = this.network.moves()
    for (const peer of this.peers.values()) peer.addMoves(moves)
    return moves
  }

  /** Makes moves in the order in which they became possible, until there are none, or `done`. */
  settle(done: () => boolean = () => false): this {
    for (let count = 0; !done(); count += 1) {
      if (count > 100_000) throw new Error('the ensemble does not settle')
      let next: Move | undefined
      for (const move of this.moves()) {
        if (next === undefined || move.order < next.order) next = move
      }
      if (next === undefined) break
      this.peer(next.peer).step(this.nowMs, next.act)
    }
    return this
  }

  /** Lets time pass in ticks, links being dialled anew, until `done` or the bound. */
  run(ms: number, done: () => boolean = () => false): this {
    const end = this.nowMs + ms
    this.settle()
    while (this.nowMs < end && !done()) {
      this.nowMs += tickMs
      this.connect()
      for (const peer of this.peers.values()) this.step(peer)
      this.settle()
    }
    return this
  }

  /** Runs until every peer that is up is ready, or says who is not. */
  ready(withinMs = 5_000): this {
    const waiting = (): boolean =>
      [...this.peers.values()].some(({ up, zab }) => up && !zab.standing.ready)
    this.run(withinMs, () => !waiting())
    if (waiting()) throw new Error(`not ready:\n${this.describe()}`)
    return this
  }

  /** A slow disk confirms its oldest append, or as many as are given. */
  sync(id: PeerId, count = 1): this {
    const peer = this.peer(id)
    for (let done = 0; done < count; done += 1) {
      const move = peer.nextSync()
      if (move === undefined) throw new Error(`the disk of peer ${String(id)} owes nothing`)
      this.step(peer, move.act)
    }
    return this
  }

  /** Has a peer keep only a snapshot of what it applied, and the log behind it. */
  checkpointAndPurge(id: PeerId): this {
    this.peer(id).checkpointAndPurge()
    return this
  }

  /** What was sent of these types, as the trace has it. */
  sent(...types: Message['type'][]): string[] {
    const wanted = new RegExp(`^\\d+->\\d+ (${types.join('|')})( |$)`)
    return this.trace.filter((line) => wanted.test(line))
  }

  nextOrder(): number {
    return this.network.nextOrder()
  }

  onSend(from: TestPeer, to: PeerId, messages: readonly Message[]): void {
    for (const message of messages) {
      this.#witness.onSend?.(from, to, message)
      const fate = this.network.send(from.id, to, message)
      const suffix = fate === 'sent' ? '' : ` (${fate})`
      this.#note(() => `${String(from.id)}->${String(to)} ${describeMessage(message)}${suffix}`)
    }
  }

  onDisconnect(peer: TestPeer, other: PeerId, reason: string): void {
    this.#note(() => `${String(peer.id)} breaks with ${String(other)}: ${reason}`)
    this.#witness.onDisconnect?.(peer, other, reason)
    this.network.breakLink(peer.id, other, peer.id)
  }

  onAppend(peer: TestPeer, effect: Extract<Effect, { type: 'append-log' }>): void {
    this.#note(() => `${String(peer.id)} appends ${effect.records.map(describeRecord).join(', ')}`)
    this.#witness.onAppend?.(peer, effect)
  }

  onApply(peer: TestPeer, page: Page): void {
    this.#note(() => `${String(peer.id)} applies ${describeRecord({ type: 'page', page })}`)
    this.#witness.onApply?.(peer, page)
  }

  onReplaced(peer: TestPeer, replica: WordReplica): void {
    this.#witness.onReplaced?.(peer, replica)
  }

  onLead(peer: TestPeer, epoch: number): void {
    this.#witness.onLead?.(peer, epoch)
  }

  onFail(peer: TestPeer, detail: string): void {
    this.#note(() => `${String(peer.id)} fails: ${detail}`)
    this.#witness.onFail?.(peer, detail)
    this.#stop(peer, 0)
  }

  onClosed(peer: TestPeer): void {
    this.#note(() => `${String(peer.id)} has closed`)
    this.#stop(peer, 0)
  }

  onStepped(peer: TestPeer): void {
    this.#witness.onStepped?.(peer)
    if (!this.tracing) return
    const standing = describeStanding(peer.standing)
    if (this.#standings.get(peer.id) === standing) return
    this.#standings.set(peer.id, standing)
    this.#note(() => `${String(peer.id)} ${standing}`)
  }

  /** False in long runs that nobody reads. */
  tracing = true

  #note(line: () => string): void {
    if (this.tracing) this.trace.push(line())
  }
}

/**
 * Agreement under a random schedule: every move in any order that a real world allows, crashes that
 * keep any prefix of what was being written, links that break or fall silent, disks that are slow or
 * lost. Then everything is healed, and the ensemble must come to rest in one state. The same seed
 * gives the same run.
 */
import { defaultLimits } from '../../src/limits.ts'
import { Random } from '../../src/random.ts'
import { TestEnsemble } from './test-ensemble.ts'
import type { Move } from './test-network.ts'
import type { TestPeer } from './test-peer.ts'
import { foundingWord } from './word-machine.ts'
import { Violation, ZabWitness } from './zab-witness.ts'

export interface ScheduleOptions {
  readonly voterCount: number
  readonly moveCount: number
}

/** How long a healed ensemble may take to be ready, all of it, in virtual time. */
const convergenceMs = 20_000

export class RandomSchedule {
  readonly ensemble: TestEnsemble
  readonly witness: ZabWitness
  readonly #random: Random
  readonly #moveCount: number
  readonly #trouble: number
  #wordCount = 0
  /** How long it took until all were ready, once healed. */
  convergedMs = 0
  /** How long it took until somebody led, when only a quorum was left. */
  enduredMs = 0

  constructor(seed: number, { voterCount, moveCount }: ScheduleOptions) {
    this.#random = new Random(seed)
    this.#moveCount = moveCount
    this.witness = new ZabWitness(() => this.ensemble.peers.values())
    const hasObserver = this.#chance(0.2)
    const size = voterCount + (hasObserver ? 1 : 0)
    this.#trouble = this.#pick([0.3, 1, 1, 2]) ?? 1
    this.ensemble = new TestEnsemble(size, {
      witness: this.witness,
      observers: hasObserver ? [size] : [],
      machine: {
        foundingPage: this.#chance(0.7),
        pageWords: this.#pick([1, 2, 1_000]) ?? 1,
        maxCounter: this.#chance(0.1) ? 8 : Infinity,
      },
      limits: this.#chance(0.3)
        ? {}
        : {
            maxWindowBytes: this.#pick([20, 100, 1_000]) ?? 20,
            maxRetainedBytes: this.#pick([0, 20, 200]) ?? 0,
            maxLogReadBytes: this.#pick([20, 60]) ?? 20,
            maxSnapshotChunks: this.#pick([1, 4]) ?? 1,
            checkpointZnodes: this.#pick([1, 4, defaultLimits.checkpointZnodes]) ?? 4,
          },
    })
    this.ensemble.tracing = false
  }

  /** The whole run: trouble, then rest. Throws what is wrong. */
  run(): this {
    this.ensemble.start()
    if (this.#chance(0.6)) this.ensemble.ready()
    for (let made = 0; made < this.#moveCount; made += 1) this.#act()
    if (this.#chance(0.3)) this.#endure()
    this.#heal()
    this.#converge()
    return this
  }

  #act(): void {
    const dice = this.#next()
    if (dice < 0.84) this.#makeMoves()
    else if (dice < 0.92) this.#letTimePass()
    else if (dice < 0.95) this.#propose()
    else if (dice < 0.95 + 0.02 * this.#trouble) this.#makeTrouble()
    else this.#mend()
  }

  /** One move, or several of the same peer within one step. */
  #makeMoves(): void {
    const move = this.#pick(this.ensemble.moves())
    if (move === undefined) {
      this.#letTimePass()
      return
    }
    this.ensemble.step(this.ensemble.peer(move.peer), () => {
      let next: Move | undefined = move
      while (next !== undefined) {
        next.act()
        if (!this.#chance(0.3)) return
        next = this.#pick(this.ensemble.moves().filter(({ peer }) => peer === move.peer))
      }
    })
  }

  #letTimePass(): void {
    this.ensemble.nowMs += this.#below(this.#chance(0.1) ? 400 : 40)
    this.ensemble.connect()
    for (const peer of this.ensemble.peers.values()) {
      if (this.#chance(0.6)) this.ensemble.step(peer)
    }
  }

  #propose(): void {
    const leader = this.#pick(
      this.#up().filter(
        ({ standing }) => standing.phase === 'broadcast' && standing.role === 'leader',
      ),
    )
    if (leader === undefined) return
    const words = Array.from({ length: 1 + this.#below(3) }, () => {
      this.#wordCount += 1
      return `w${String(this.#wordCount)}`
    })
    this.ensemble.step(leader, () => leader.machine.propose(...words))
  }

  #makeTrouble(): void {
    const leading = this.#up().filter(({ zab }) => zab.role === 'leader')
    const peer = this.#pick(
      leading.length > 0 && this.#chance(0.4) ? leading : [...this.ensemble.peers.values()],
    )
    const other = this.#pick(this.ensemble.ids)
    if (peer === undefined || other === undefined) return
    const dice = this.#next()
    if (dice < 0.3) this.#crash(peer, this.#chance(0.5))
    else if (dice < 0.45) this.ensemble.breakLink(peer.id, other)
    else if (dice < 0.6) this.ensemble.network.hold(peer.id, other)
    else if (dice < 0.7) this.ensemble.silence(peer.id, other)
    else if (dice < 0.78) peer.slowDisk = true
    else if (dice < 0.84) peer.slowStore = true
    else if (dice < 0.9) this.#lose(peer)
    else if (dice < 0.94) this.#powerLoss()
    else if (peer.up) this.ensemble.close(peer.id)
  }

  #mend(): void {
    const dice = this.#next()
    const down = this.#pick([...this.ensemble.peers.values()].filter(({ up }) => !up))
    if (dice < 0.5 && down !== undefined) this.ensemble.start(down.id)
    else if (dice < 0.7) this.ensemble.heal()
    else this.#mendAll()
  }

  #crash(peer: TestPeer, comesBack: boolean): void {
    if (!peer.up) return
    const records = peer.disk.pending.flatMap((append) => append.records)
    this.ensemble.crashKeeping(this.#below(records.length + 1), peer.id)
    if (comesBack) this.ensemble.start(peer.id)
  }

  #powerLoss(): void {
    for (const peer of this.ensemble.peers.values()) this.#crash(peer, this.#chance(0.8))
  }

  /** A store is lost, or found damaged: never more than one of those that hold everything. */
  #lose(peer: TestPeer): void {
    const others = [...this.ensemble.peers.values()].filter((other) => other !== peer)
    if (!this.witness.hasLed || !others.every((other) => this.#isWhole(other))) return
    this.ensemble.crash(peer.id)
    if (this.#chance(0.5)) peer.disk.wipe()
    else peer.disk.damage('the test said so')
    this.witness.onWiped(peer.id)
    this.witness.count('lost')
  }

  #isWhole({ id, disk, state }: TestPeer): boolean {
    if (!state.voters.includes(id)) return true
    return !this.witness.amnesiacs.has(id) && disk.damaged === null && disk.currentEpoch > 0
  }

  /**
   * Only a quorum is left, fully connected and whole. The rest is down for good, or is reached from
   * here and there, one way or both. Somebody must lead all the same.
   */
  #endure(): void {
    const { ensemble, witness } = this
    this.#mendAll()
    const voters = [...ensemble.peers.values()].filter(({ id, state }) => state.voters.includes(id))
    const whole = voters.filter((peer) => this.#isWhole(peer))
    const size = Math.floor(voters.length / 2) + 1
    if (!witness.hasLed || whole.length < size) return
    while (whole.length > size) whole.splice(this.#below(whole.length), 1)
    ensemble.network.releaseAll()
    const othersDown = this.#chance(0.5)
    for (const other of ensemble.peers.values()) {
      if (whole.includes(other)) continue
      if (othersDown) ensemble.crash(other.id)
      for (const { id } of ensemble.peers.values()) {
        if (othersDown || this.#chance(0.6)) ensemble.network.hold(other.id, id)
        if (othersDown || this.#chance(0.6)) ensemble.network.hold(id, other.id)
      }
    }
    const restarts = othersDown ? whole : [...ensemble.peers.values()]
    const before = witness.words.length
    const from = ensemble.nowMs
    const done = (): boolean => witness.words.length > before
    while (ensemble.nowMs < from + convergenceMs && !done()) {
      this.#calm(100, done, restarts)
      this.#propose()
    }
    witness.count(`endured, others ${othersDown ? 'down' : 'flawed'}`)
    this.enduredMs = ensemble.nowMs - from
    if (!done()) throw new Violation(`V4: no leader, others ${othersDown ? 'down' : 'flawed'}`)
  }

  #mendAll(): void {
    for (const peer of this.ensemble.peers.values()) {
      peer.slowDisk = false
      peer.slowStore = false
    }
  }

  #heal(): void {
    this.ensemble.heal()
    this.#mendAll()
    for (const { id, up } of this.ensemble.peers.values()) if (!up) this.ensemble.start(id)
  }

  /** In any order still, but without delays: all become ready, agree, and go on. */
  #converge(): void {
    const from = this.ensemble.nowMs
    const peers = [...this.ensemble.peers.values()]
    const ready = (): boolean => peers.every(({ up, standing }) => up && standing.ready)
    this.#calm(convergenceMs, ready, peers)
    if (!ready()) throw new Violation(`V1: not ready after ${String(convergenceMs)} ms`)
    this.convergedMs = this.ensemble.nowMs - from
    this.#sayLast(peers)
    this.#checkRest(peers)
  }

  /** A leader that ends its epoch takes no more words: then its successor is asked. */
  #sayLast(peers: readonly TestPeer[]): void {
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const last = `last${String(attempt)}`
      const leader = this.ensemble.leader()
      this.ensemble.step(leader, () => leader.machine.propose(last))
      const done = (): boolean => peers.every(({ machine }) => machine.applied.at(-1) === last)
      this.#calm(2_000, done, peers)
      if (done()) return
    }
    throw new Violation('V2: the last word did not reach everybody')
  }

  #checkRest(peers: readonly TestPeer[]): void {
    const { words } = this.witness
    for (const { id, machine, outgoing, incoming } of peers) {
      if (machine.applied.join(' ') !== words.join(' ')) {
        throw new Violation(`Z10: ${String(id)} has ${machine.applied.join(' ')}`)
      }
      if (outgoing.size + incoming.size > 0) {
        throw new Violation(`V5: ${String(id)} holds on to a transfer`)
      }
    }
    const twice = words.filter((word, at) => word !== foundingWord && words.indexOf(word) !== at)
    if (twice.length > 0) throw new Violation(`Z4: twice: ${twice.join(' ')}`)
  }

  #calm(ms: number, done: () => boolean, restarts: readonly TestPeer[]): void {
    const end = this.ensemble.nowMs + ms
    while (this.ensemble.nowMs < end && !done()) {
      this.ensemble.nowMs += 1 + this.#below(25)
      this.ensemble.connect()
      for (const { id, up } of restarts) if (!up) this.ensemble.start(id)
      for (const peer of this.ensemble.peers.values()) this.ensemble.step(peer)
      for (let count = 0; ; count += 1) {
        if (count > 20_000) throw new Violation('V6: no rest within one moment')
        const move = this.#pick(this.ensemble.moves())
        if (move === undefined) break
        this.ensemble.step(this.ensemble.peer(move.peer), move.act)
      }
    }
  }

  #up(): TestPeer[] {
    return [...this.ensemble.peers.values()].filter(({ up }) => up)
  }

  #next(): number {
    return this.#random.uint32() / 2 ** 32
  }

  #below(limit: number): number {
    return Math.floor(this.#next() * limit)
  }

  #chance(probability: number): boolean {
    return this.#next() < probability
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[this.#below(items.length)]
  }
}

/** Peers of a run that failed, and why, in words that can be pasted. */
export function describeRun(
  seed: number,
  options: ScheduleOptions,
  ensemble: TestEnsemble,
): string {
  return `seed ${String(seed)}, ${String(options.voterCount)} voters\n${ensemble.describe()}`
}

/**
 * One peer of a test: agreement over the word machine, a disk, and what its store is asked for. What
 * the store answers waits in queues of moves, one for each thing a store does by itself.
 */
import { defaultTiming, type Limits } from '../../src/limits.ts'
import type { Effect, Standing } from '../../src/effects.ts'
import type { Member } from '../../src/ensemble/configuration.ts'
import type { PeerId } from '../../src/ids.ts'
import { Outbox } from '../../src/outbox.ts'
import type { Message } from '../../src/zab/messages.ts'
import type { Page } from '../../src/zab/page.ts'
import { Checkpoints } from '../../src/zab/checkpoints.ts'
import { ZabState } from '../../src/zab/state.ts'
import { Zab } from '../../src/zab/zab.ts'
import type { Zxid } from '../../src/zxid.ts'
import { TestDisk } from './test-disk.ts'
import type { Move } from './test-network.ts'
import {
  wordCodec,
  WordMachine,
  WordReplica,
  type WordCheckpoint,
  type WordMachineOptions,
  type WordSnapshot,
} from './word-machine.ts'

/** What a peer does to the world, and what those who watch a run look at. */
export interface PeerListener {
  nextOrder(): number
  onSend(from: TestPeer, to: PeerId, messages: readonly Message[]): void
  onDisconnect(peer: TestPeer, other: PeerId, reason: string): void
  onAppend(peer: TestPeer, effect: Extract<Effect, { type: 'append-log' }>): void
  onApply(peer: TestPeer, page: Page): void
  onReplaced(peer: TestPeer, replica: WordReplica): void
  onLead(peer: TestPeer, epoch: number): void
  onFail(peer: TestPeer, detail: string): void
  onClosed(peer: TestPeer): void
  onStepped(peer: TestPeer): void
}

export interface PeerSetup {
  readonly members: readonly Member[]
  readonly limits: Limits
  readonly machine: WordMachineOptions
}

type ChunkEffect = Extract<Effect, { type: 'write-snapshot' }>

/** Letters of a snapshot that go into one chunk. */
const chunkLetters = 24

export class TestPeer {
  readonly id: PeerId
  readonly disk = new TestDisk()
  readonly failures: string[] = []
  up = false
  closed = false
  /** While true, appends wait until the test has them confirmed. */
  slowDisk = false
  /** While true, nothing else that the store was asked for is answered. */
  slowStore = false
  /** Counts the lives of this peer. */
  incarnation = 0
  machine = new WordMachine()
  state!: ZabState
  zab!: Zab
  #outbox = new Outbox()
  #checkpoints!: Checkpoints
  readonly #listener: PeerListener
  readonly #setup: PeerSetup
  /** Answers under way, in order: of the disk, of reads, of received snapshots, of checkpoints. */
  readonly #disk: Move[] = []
  readonly #again: Move[] = []
  readonly #reads: Move[] = []
  readonly #writes: Move[] = []
  readonly #checkpoint: Move[] = []
  /** Snapshots being read for others: the pieces that remain. */
  readonly outgoing = new Map<number, string[]>()
  /** Snapshots being received: the pieces so far. */
  readonly incoming = new Map<number, string[]>()
  readonly closedTransfers: number[] = []

  constructor(id: PeerId, setup: PeerSetup, listener: PeerListener) {
    this.id = id
    this.#setup = setup
    this.#listener = listener
  }

  get standing(): Standing {
    return this.zab.standing
  }

  start(nowMs: number): void {
    const recovered = this.disk.recover()
    const replica = recovered.replica as unknown as WordReplica
    const listener = this.#listener
    this.machine = new WordMachine(replica, {
      ...this.#setup.machine,
      onApply: (page) => listener.onApply(this, page),
      onReplaced: (received) => listener.onReplaced(this, received),
      onLead: (epoch) => listener.onLead(this, epoch),
    })
    this.#outbox = new Outbox()
    const { members, limits } = this.#setup
    const seed = this.id
    const timing = defaultTiming
    const options = { id: this.id, members, seed, codec: wordCodec, limits, timing }
    this.state = new ZabState(options, recovered, this.machine, this.#outbox)
    this.incarnation += 1
    this.zab = new Zab(this.state, 1000 * this.incarnation + this.id)
    this.#checkpoints = new Checkpoints(this.state, recovered.replica)
    this.up = true
    this.closed = false
    listener.onReplaced(this, replica)
    this.step(nowMs)
  }

  /** One step of the core: time passes first, then these things happen. */
  step(nowMs: number, ...acts: readonly (() => void)[]): void {
    if (!this.up) return
    this.state.tick(nowMs)
    for (const act of acts) act()
    this.zab.onTick()
    this.zab.endStep()
    this.#checkpoints.endStep(this.machine.replica.asReplica(), this.zab.receivesSnapshot)
    // What it does may stop it.
    const life = this.incarnation
    for (const effect of this.#outbox.take()) if (this.#lives(life)) this.#perform(effect)
    if (this.#lives(life)) this.#listener.onStepped(this)
  }

  #lives(incarnation: number): boolean {
    return this.up && this.incarnation === incarnation
  }

  /** Everything in memory is gone, and what the disk had not confirmed, but for some records. */
  crash(keptRecords = 0): void {
    this.up = false
    this.disk.crash(keptRecords)
    for (const queue of [this.#again, this.#disk, this.#reads, this.#writes, this.#checkpoint]) {
      queue.length = 0
    }
    this.outgoing.clear()
    this.incoming.clear()
  }

  /** What the disk and the store can answer next. */
  addMoves(moves: Move[]): void {
    if (!this.up) return
    if (this.#again[0] !== undefined) moves.push(this.#again[0])
    if (!this.slowDisk && this.#disk[0] !== undefined) moves.push(this.#disk[0])
    if (this.slowStore) return
    for (const [next] of [this.#reads, this.#writes, this.#checkpoint]) {
      if (next !== undefined) moves.push(next)
    }
  }

  /** Takes the steps that it asked for. */
  stepAgain(nowMs: number): void {
    for (let move = this.#again[0]; move !== undefined; move = this.#again[0]) {
      this.step(nowMs, move.act)
    }
  }

  /** The disk confirms everything that it owes, at once: confirmations are cumulative. */
  syncAll(nowMs: number): void {
    let seq = 0
    while (this.disk.pending.length > 0) seq = this.disk.syncOne()
    this.#disk.length = 0
    if (seq > 0) this.step(nowMs, () => this.zab.onSynced(seq))
  }

  /** The answer of a slow disk to its oldest append. */
  nextSync(): Move | undefined {
    return this.#disk[0]
  }

  /** Puts what is applied into the snapshot and lets go of the log behind it. */
  checkpointAndPurge(): void {
    const { end } = this.machine
    this.disk.writeCheckpoint(this.machine.replica.freeze().snapshot)
    this.disk.purge(end.last)
    this.state.history.purge(end.last)
    this.state.history.trimWindow(end.last, 0)
  }

  #perform(effect: Effect): void {
    const listener = this.#listener
    switch (effect.type) {
      case 'append-log':
        this.disk.append(effect)
        this.#enqueue(this.#disk, () => {
          this.zab.onSynced(this.disk.syncOne())
        })
        listener.onAppend(this, effect)
        return
      case 'send':
        listener.onSend(this, effect.to, effect.messages)
        return
      case 'disconnect':
        listener.onDisconnect(this, effect.peer, effect.reason)
        return
      case 'fail':
        this.failures.push(effect.code)
        listener.onFail(this, effect.detail)
        return
      case 'step-again':
        if (this.#again.length === 0) this.#enqueue(this.#again, () => undefined)
        return
      case 'finish-close':
        this.closed = true
        listener.onClosed(this)
        return
      default:
        this.#performInStore(effect)
    }
  }

  #performInStore(effect: Effect): void {
    switch (effect.type) {
      case 'purge-log':
        this.disk.purge(effect.upTo)
        return
      case 'write-checkpoint':
        this.#writeCheckpoint(effect.checkpoint as unknown as WordCheckpoint)
        return
      case 'read-log':
        this.#enqueue(this.#reads, () => {
          const { readFailure } = this.disk
          if (readFailure !== null) this.zab.onLogReadFailed(effect.reader, readFailure)
          else this.zab.onLogRead(effect.reader, this.disk.read(effect.after, effect.maxBytes))
        })
        return
      case 'open-snapshot':
        this.#openSnapshot(effect.transfer)
        return
      case 'read-snapshot':
        this.#readSnapshot(effect.transfer)
        return
      case 'write-snapshot':
        this.#writeSnapshot(effect)
        return
      case 'close-snapshot':
        this.closedTransfers.push(effect.transfer)
        this.outgoing.delete(effect.transfer)
        this.incoming.delete(effect.transfer)
        return
      default:
        return
    }
  }

  #writeCheckpoint({ snapshot }: WordCheckpoint): void {
    const before = this.disk.snapshot
    if (this.#checkpoint.length > 0) throw new Error('two checkpoints at once')
    this.#enqueue(this.#checkpoint, () => {
      // A snapshot that was received meanwhile has taken the place of the one that this changes.
      if (this.disk.snapshot === before) this.disk.writeCheckpoint(snapshot)
      this.#checkpoints.onWritten(this.zab.pinned)
    })
  }

  #openSnapshot(transfer: number): void {
    this.outgoing.set(transfer, [])
    this.#enqueue(this.#reads, () => {
      const { snapshot } = this.disk
      if (!this.outgoing.has(transfer)) return
      if (snapshot === null) {
        this.outgoing.delete(transfer)
        this.zab.onSnapshotFailed(transfer, 'there is none yet')
        return
      }
      this.outgoing.set(transfer, piecesOf(snapshot))
      this.zab.onSnapshotOpened(transfer, snapshot.end)
    })
  }

  #readSnapshot(transfer: number): void {
    this.#enqueue(this.#reads, () => {
      const pieces = this.outgoing.get(transfer)
      if (pieces === undefined) return
      const [number = '', ...letters] = (pieces.shift() ?? '').split('|')
      const bytes = Uint8Array.from(letters.join('|'), (letter) => letter.codePointAt(0) ?? 0)
      this.zab.onSnapshotRead(transfer, Number(number), bytes, pieces.length === 0)
    })
  }

  #writeSnapshot({ transfer, number, bytes, last }: ChunkEffect): void {
    if (number === 0) this.incoming.set(transfer, [])
    this.#enqueue(this.#writes, () => {
      const pieces = this.incoming.get(transfer)
      if (pieces === undefined) return
      if (pieces.length !== number) throw new Error('a chunk out of order reached the store')
      pieces.push(String.fromCodePoint(...bytes))
      if (!last) {
        this.zab.onSnapshotWritten(transfer, number)
        return
      }
      this.incoming.delete(transfer)
      const snapshot = snapshotOf(pieces)
      this.disk.receive(snapshot)
      this.zab.onSnapshotReceived(transfer, new WordReplica(snapshot).asReplica())
    })
  }

  #enqueue(queue: Move[], answer: () => void): void {
    queue.push({
      order: this.#listener.nextOrder(),
      peer: this.id,
      act: () => {
        queue.shift()
        answer()
      },
    })
  }
}

/** A snapshot as numbered pieces of text. */
function piecesOf({ words, end }: WordSnapshot): string[] {
  const text = [end.last, end.crc, ...words].join(' ')
  const pieces: string[] = []
  for (let at = 0; at < text.length; at += chunkLetters) {
    pieces.push(`${String(pieces.length)}|${text.slice(at, at + chunkLetters)}`)
  }
  return pieces
}

function snapshotOf(pieces: readonly string[]): WordSnapshot {
  const [last, crc, ...words] = pieces.join('').split(' ')
  return { words, end: { last: Number(last) as Zxid, crc: Number(crc) } }
}

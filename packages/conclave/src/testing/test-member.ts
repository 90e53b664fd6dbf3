/**
 * One member of an ensemble under test: what outlives its crashes, which is its disk, and the peer
 * that runs on it now. The peer, its driver and its core are the real ones; log, snapshot and links
 * are the twins in memory.
 */
import {
  CoordinationError,
  type PeerId,
  type Replica,
  type SessionId,
} from '@conclave/core/internal'
import type { MemoryNetwork } from '@conclave/net'
import { MemoryStore, pageCodec } from '@conclave/storage'
import { hash, Random } from '@conclave/sim'
import type { PeerOptions } from '../options.ts'
import {
  startPeer,
  type ReplicaFactory,
  type StartedPeer,
  type Surroundings,
} from '../start-peer.ts'
import { PeerClock } from './peer-clock.ts'
import type { Recorder } from './recorder.ts'
import { TestPeer } from './test-peer.ts'
import type { VirtualTime } from './virtual-time.ts'

const maxPeerId = 255
const passwordBytes = 16
/** What a sync of the disk takes, at least and at most. */
const syncUs = { from: 100, upTo: 1_000 }

/** What the members of one ensemble share. */
export interface MemberSurroundings {
  readonly seed: number
  readonly time: VirtualTime
  readonly network: MemoryNetwork
  readonly recorder: Recorder
}

interface Run extends StartedPeer {
  readonly clock: PeerClock
  readonly shown: TestPeer
}

export class TestMember {
  readonly id: PeerId
  readonly #options: PeerOptions
  readonly #surroundings: MemberSurroundings
  readonly #store: MemoryStore<Replica>
  /** Of the peer that opened the store last. */
  #replicas: ReplicaFactory | undefined
  #run: Run | undefined
  #starts = 0
  #isStarting = false
  #isRunning = false

  constructor(options: PeerOptions, surroundings: MemberSurroundings) {
    this.id = options.id
    this.#options = options
    this.#surroundings = surroundings
    const { seed, time } = surroundings
    const random = new Random(seed, 'disk-sync', options.id)
    this.#store = new MemoryStore({
      sinkFactory: () => this.#opener().sinkFactory(),
      emptyReplica: () => this.#opener().emptyReplica(),
      endOf: (replica) => this.#opener().endOf(replica),
      scheduleSync: (sync) => time.after(random.integer(syncUs.from, syncUs.upTo) / 1_000, sync),
    })
  }

  /** True until the peer is closed, or crashed, or has stopped itself. */
  get isRunning(): boolean {
    return this.#isRunning
  }

  get isStarting(): boolean {
    return this.#isStarting
  }

  get isPaused(): boolean {
    return this.#isRunning && this.#run?.clock.isPaused === true
  }

  /** The peer that runs, or ran last. */
  get peer(): TestPeer {
    return this.#last().shown
  }

  /** The epoch in which this peer leads, and is followed; `undefined` of one that does not. */
  get leadsIn(): number | undefined {
    if (!this.#isRunning) return undefined
    const { role, phase, epoch } = this.#last().peer.status()
    return role === 'leader' && phase === 'broadcast' ? epoch : undefined
  }

  /** Starts the peer from what its disk holds. */
  async start(): Promise<TestPeer> {
    this.#isStarting = true
    try {
      return await this.#start()
    } finally {
      this.#isStarting = false
    }
  }

  /** Ends the peer without a word, as a loss of power does. What was not synced is lost. */
  crash(): void {
    const { peer, driver, clock } = this.#last()
    this.#surroundings.network.crash(this.id)
    this.#store.crash()
    clock.stop()
    this.#isRunning = false
    const error = new CoordinationError('PEER_FAILED', `the test has crashed peer ${this.id}`, {
      outcome: 'unknown',
    })
    driver.stop(error)
    peer.onFailed(error, [])
  }

  pause(): void {
    this.#last().clock.pause()
  }

  resume(): void {
    this.#last().clock.resume()
  }

  /** Ends the peer without handing over; its sessions end quietly, what is unanswered is rejected. */
  async close(error: CoordinationError): Promise<void> {
    const { peer, driver, clock } = this.#last()
    for (const session of driver.sessions) session.close().catch(() => undefined)
    driver.stop(error)
    clock.stop()
    await peer.close({ signal: AbortSignal.abort() })
  }

  /** True while the peer runs and is synced with a leader. */
  get isReady(): boolean {
    return this.#isRunning && this.#last().peer.status().ready
  }

  /** True when the session exists in the state as this peer has applied it. */
  knows(session: SessionId): boolean {
    return this.#last().core.replica.sessions.get(session) !== undefined
  }

  /** Shows no more life of a session that is hosted here. */
  abandon(session: SessionId): void {
    this.#last().driver.submit({ type: 'session-abandoned', session })
  }

  #surroundingsOf(clock: PeerClock, stream: number): Surroundings {
    const { seed, network } = this.#surroundings
    const passwords = new Random(seed, 'password', stream)
    const nonces = new Random(seed, 'connect', stream)
    return {
      clock,
      entropy: {
        seed: () => hash(seed, 'core', stream, 0),
        password: () => drawBytes(passwords, passwordBytes),
      },
      openStore: (replicas, listener) => {
        this.#replicas = replicas
        return this.#store.open(listener)
      },
      openTransport: async (identity, listener) =>
        network.open(
          {
            identity,
            peers: this.#options.network?.addresses ?? [],
            parsePage: (bytes) => pageCodec.parse(bytes),
            clock,
            random: (length) => drawBytes(nonces, length),
          },
          listener,
        ),
    }
  }

  async #start(): Promise<TestPeer> {
    const { time, recorder, seed } = this.#surroundings
    this.#starts += 1
    // What a peer draws differs from start to start, and not by what it drew before.
    const stream = this.id + maxPeerId * this.#starts
    const clock = new PeerClock(time, new Random(seed, 'step', stream))
    const started = await startPeer(this.#options, this.#surroundingsOf(clock, stream))
    const shown = new TestPeer(started.peer, time, recorder)
    const run: Run = { ...started, clock, shown }
    this.#run = run
    this.#isRunning = true
    void started.peer.closed.then(() => {
      if (this.#run === run) this.#isRunning = false
    })
    return shown
  }

  #last(): Run {
    if (this.#run === undefined) throw new Error('the member was not started')
    return this.#run
  }

  #opener(): ReplicaFactory {
    if (this.#replicas === undefined) throw new Error('the member was not started')
    return this.#replicas
  }
}

function drawBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.integer(0, 255))
}

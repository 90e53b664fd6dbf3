/**
 * A peer on a manual clock, standalone unless a transport is given, with a log that is durable when the
 * test says so. The core, the driver and the sessions are the real ones.
 */
import { noPage, PeerCore, Replica, type LogRecord, type Page } from '@conclave/core/internal'
import type { Transport } from '@conclave/net'
import { pageCodec, type Log, type Snapshot } from '@conclave/storage'
import { Driver } from '../src/driver.ts'
import { systemEntropy } from '../src/entropy.ts'
import { LocalPeer } from '../src/local-peer.ts'
import { resolveOptions, type OpenOptions } from '../src/options.ts'
import { ManualClock } from './manual-clock.ts'

export class HeldWorld {
  readonly clock = new ManualClock()
  readonly peer: LocalPeer
  readonly driver: Driver
  /** What was appended, by number. */
  readonly appends: { readonly seq: number; readonly records: readonly LogRecord[] }[] = []
  /** Whether appends become durable by themselves, in the turn in which they are made. */
  syncs = true
  isStoreClosed = false
  /** What closing the store rejects with. */
  closeFailure: Error | undefined

  constructor(changes: Partial<OpenOptions> = {}, transport: Transport | null = null) {
    const options = resolveOptions({ id: 1, dir: 'unused', ensemble: 'standalone', ...changes })
    this.peer = new LocalPeer(options, this.clock, systemEntropy)
    this.driver = new Driver(this.clock, options.limits, options.timing, this.peer)
    const { id, members, limits, timing } = options
    const core = new PeerCore(
      { id, members, seed: 7, codec: pageCodec, limits, timing },
      {
        acceptedEpoch: 0,
        acceptedLeader: 0,
        currentEpoch: 0,
        ensembleId: 0,
        configuration: null,
        replica: Replica.empty(),
        logStart: noPage,
        pageEnds: [],
        pageBytes: 0,
        history: [],
        damaged: null,
      },
    )
    const closeStore = async (): Promise<void> => {
      this.isStoreClosed = true
      if (this.closeFailure !== undefined) throw this.closeFailure
    }
    this.peer.start({ driver: this.driver, core, transport, closeStore })
    this.driver.start({ core, log: this.#log(), snapshot: noSnapshot, transport })
  }

  /** Lets the loop turn, with a moment for the clock, until the promises have settled that can. */
  async run(turns = 20): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) {
      this.clock.advance(5)
      this.clock.turn()
      if (this.syncs) this.sync()
      for (let tick = 0; tick < 10; tick += 1) await Promise.resolve()
    }
  }

  /** Makes everything durable that was appended. */
  sync(): void {
    const last = this.appends.at(-1)
    if (last !== undefined) this.driver.logListener.onSynced(last.seq)
  }

  /** The pages that were appended. */
  get pages(): readonly Page[] {
    return this.appends.flatMap(({ records }) =>
      records.flatMap((record) => (record.type === 'page' ? [record.page] : [])),
    )
  }

  #log(): Log {
    return {
      recovered: undefined as never,
      append: (seq, records) => void this.appends.push({ seq, records }),
      read: async () => [],
      purge: () => undefined,
      close: async () => undefined,
    }
  }
}

const noSnapshot: Snapshot<Replica> = {
  load: async () => null,
  write: async (checkpoint) => {
    while (checkpoint.take(500).length > 0);
  },
  openReader: async () => Promise.reject(new Error('there is none')),
  beginInstall: async () => Promise.reject(new Error('there is none')),
  close: async () => undefined,
}

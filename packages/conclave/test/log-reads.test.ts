import type { CoordinationError } from '@conclave/core'
import {
  defaultLimits,
  defaultTiming,
  Replica,
  type Effect,
  type Event,
  type PeerCore,
  type Zxid,
} from '@conclave/core/internal'
import { DamageError, type Log, type Snapshot } from '@conclave/storage'
import { describe, expect, test } from 'vitest'
import { Driver, type DriverListener } from '../src/driver.ts'
import { ManualClock } from './manual-clock.ts'

describe('a log that cannot be read', () => {
  /** A driver whose core wants to read once, of a log that rejects; what the core hears of it. */
  async function reading(error: Error): Promise<{ heard: Event[]; failures: CoordinationError[] }> {
    const clock = new ManualClock()
    const failures: CoordinationError[] = []
    const listener: DriverListener = {
      onStanding: () => undefined,
      onRefused: () => undefined,
      onLink: () => undefined,
      onPurged: () => undefined,
      onStepped: () => undefined,
      onFailed: (failure) => void failures.push(failure),
    }
    const driver = new Driver(clock, defaultLimits, defaultTiming, listener)
    const heard: Event[] = []
    const read: Effect = { type: 'read-log', reader: 7, after: 0 as Zxid, maxBytes: 1 }
    const core = {
      replica: Replica.empty(),
      step(events: readonly Event[]): readonly Effect[] {
        heard.push(...events.filter(({ type }) => type !== 'tick'))
        return clock.nowMs() === startedMs ? [read] : []
      },
    }
    const startedMs = clock.nowMs()
    const log = { read: async () => Promise.reject(error) } as unknown as Log
    const world = { core: core as unknown as PeerCore, log, transport: null }
    driver.start({ ...world, snapshot: {} as Snapshot<Replica> })
    clock.turn()
    for (let tick = 0; tick < 5; tick += 1) await Promise.resolve()
    clock.advance(1)
    clock.turn()
    return { heard, failures }
  }

  test('at the moment is told to the core, which drops the learner that waits for it', async () => {
    const { heard, failures } = await reading(new Error('EMFILE'))
    expect(heard).toEqual([{ type: 'log-read-failed', reader: 7, reason: 'EMFILE' }])
    expect(failures).toEqual([])
  })

  test('because it is damaged stops the peer', async () => {
    const { heard, failures } = await reading(new DamageError('no page where one was written'))
    expect(heard).toEqual([])
    expect(failures).toMatchObject([{ code: 'STORAGE_FAILED' }])
  })
})

/** What a member is made of, and whom it tells what becomes of it. */
import type { Effect, Event, PeerCoreOptions, PeerId } from '@conclave/core/internal'
import type { Mark } from './coverage.ts'
import type { DiskProfile } from './disk.ts'
import type { Machine } from './machine.ts'
import type { Member } from './member.ts'
import type { ClockProfile } from './member-clock.ts'
import type { Network } from './network.ts'
import type { Oracle } from './oracle.ts'
import type { Microseconds, Scheduler } from './scheduler.ts'
import type { ChunkRegistry } from './stored-snapshot.ts'
import type { Trace } from './trace.ts'

/** How a peer's loop behaves; drawn for each run. */
export interface StepProfile {
  /** The longest time between two steps. */
  readonly tickUs: Microseconds
  /** How long what arrived waits for its step, on average. */
  readonly batchUs: Microseconds
}

/** What a member tells the ensemble that it is part of. */
export interface MemberListener {
  /** An effect that is for applications, or about the peer as a whole. */
  onEffect(member: Member, effect: Effect): void
  /** The step took these events, and what it asked for is performed. */
  onStepped(member: Member, events: readonly Event[]): void
  onStopped(member: Member, how: 'crash' | 'close'): void
  /** An established leader has brought this peer up to date. */
  onHealed(peer: PeerId): void
  onStarted(member: Member): void
  /** The peer has stopped itself, since its disk has refused something. */
  onFailed(member: Member): void
  reached(mark: Mark): void
}

export interface MemberSurroundings {
  readonly seed: number
  readonly options: Omit<PeerCoreOptions, 'seed'>
  readonly machine: Machine
  readonly scheduler: Scheduler
  readonly network: () => Network
  readonly oracle: () => Oracle
  readonly trace: Trace
  readonly chunks: ChunkRegistry
  readonly disk: DiskProfile
  readonly step: StepProfile
  readonly clock: ClockProfile
  readonly listener: MemberListener
}

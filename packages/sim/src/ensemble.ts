/**
 * A whole ensemble: its members, the network between them, and the oracle that watches. What can be
 * done to it from outside is here; when it is done is the scenario's.
 */
import {
  type Effect,
  type Event,
  type Limits,
  type Member as MemberOfList,
  type PeerId,
  type Timing,
} from '@conclave/core/internal'
import type { CrashPoint } from './crash-points.ts'
import type { DiskProfile } from './disk.ts'
import type { Machine } from './machine.ts'
import { Member, type StepProfile } from './member.ts'
import type { ClockProfile } from './member-clock.ts'
import { Network, type NetworkProfile, type Parting } from './network.ts'
import type { Invariant } from './observation.ts'
import { Oracle } from './oracle.ts'
import { Random } from './prng.ts'
import type { Microseconds, Scheduler } from './scheduler.ts'
import { ChunkRegistry } from './stored-snapshot.ts'
import type { Trace } from './trace.ts'

/** What an ensemble is made of; part of a scenario. */
export interface EnsembleProfile {
  readonly members: readonly MemberOfList[]
  readonly limits: Limits
  readonly timing: Timing
  readonly network: NetworkProfile
  readonly disk: DiskProfile
  readonly step: StepProfile
  /** One for each member, in their order. */
  readonly clocks: readonly ClockProfile[]
}

/** A crash in the midst of something. */
export interface ArmedCrash {
  readonly point: CrashPoint
  readonly parting: Parting
  readonly everyone: boolean
  readonly withinUs: Microseconds
  readonly downUs: Microseconds
}

/** Who has applications on the members, and hears what is for them. */
export interface ApplicationListener {
  onEffect(member: Member, effect: Effect): void
  onStepped(member: Member, events: readonly Event[]): void
  onStopped(member: Member): void
}

export interface EnsembleSurroundings {
  readonly seed: number
  readonly profile: EnsembleProfile
  readonly machine: Machine
  readonly scheduler: Scheduler
  readonly trace: Trace
  /** Who watches besides the invariants. */
  readonly watchers: readonly Invariant[]
}

const silentApplications: ApplicationListener = {
  onEffect: () => undefined,
  onStepped: () => undefined,
  onStopped: () => undefined,
}

export class Ensemble {
  readonly members: ReadonlyMap<PeerId, Member>
  readonly network: Network
  readonly oracle: Oracle
  readonly quorumSize: number
  applications: ApplicationListener = silentApplications
  readonly #surroundings: EnsembleSurroundings
  readonly #restartRandom: Random
  #faultsOver = false

  constructor(surroundings: EnsembleSurroundings) {
    this.#surroundings = surroundings
    const { seed, profile, machine, scheduler, trace, watchers } = surroundings
    this.#restartRandom = new Random(seed, 'restart')
    const voters = profile.members.filter((one) => one.role === 'voter')
    this.quorumSize = Math.floor(voters.length / 2) + 1
    const chunks = new ChunkRegistry()
    const members = new Map<PeerId, Member>()
    this.members = members
    for (const [index, { id, role }] of profile.members.entries()) {
      const { limits, timing } = profile
      const { codec } = machine
      const member = new Member({
        seed,
        isVoter: role === 'voter',
        options: { id, members: profile.members, codec, limits, timing },
        machine,
        scheduler,
        network: () => this.network,
        oracle: () => this.oracle,
        trace,
        chunks,
        disk: profile.disk,
        step: profile.step,
        clock: profile.clocks[index] ?? { rate: 1, offsetMs: 0, wallOffsetMs: 0 },
        listener: {
          onEffect: (from, effect) => this.applications.onEffect(from, effect),
          onStepped: (from, events) => this.applications.onStepped(from, events),
          onStopped: (from) => this.applications.onStopped(from),
          onHealed: (peer) => members.get(peer)?.noteHealed(),
        },
      })
      members.set(id, member)
    }
    this.oracle = new Oracle({
      scheduler,
      codec: machine.codec,
      peers: members,
      quorumSize: this.quorumSize,
      maxCounter: profile.limits.maxCounter,
      watchers,
    })
    this.network = new Network({
      seed,
      peers: [...members.keys()],
      scheduler,
      profile: profile.network,
      listener: {
        onLinkUp: (to, peer) => members.get(to)?.push({ type: 'link-up', peer }),
        onLinkDown: (to, peer, reason) => {
          members.get(to)?.push({ type: 'link-down', peer, reason })
        },
        onMessages: (to, from, messages) => {
          const member = members.get(to)
          for (const message of messages) member?.push({ type: 'message-received', from, message })
        },
      },
    })
  }

  /** The peer that leads an established epoch, the highest if there are several; or `null`. */
  get leader(): Member | null {
    let leader: Member | null = null
    for (const member of this.members.values()) {
      const standing = member.view?.standing
      if (standing?.role !== 'leader' || standing.phase !== 'broadcast') continue
      const best = leader?.view?.standing.epoch ?? -1
      if (standing.epoch > best) leader = member
    }
    return leader
  }

  start(): void {
    for (const member of this.members.values()) this.#startSoon(member, 0)
  }

  crash(member: Member, parting: Parting, downUs: Microseconds): void {
    member.crash(parting)
    this.#startSoon(member, downUs)
  }

  /**
   * Crashes the member when it next does what the point names, if it does so within `withinUs`; or
   * everyone then, as a loss of power at that moment does.
   */
  crashAt(member: Member, crash: ArmedCrash): void {
    const { point, parting, everyone, withinUs, downUs } = crash
    const { incarnation } = member
    member.crashAt(point, parting, () => {
      const all = everyone ? [...this.members.values()] : [member]
      for (const one of all) this.crash(one, parting, downUs)
    })
    this.#surroundings.scheduler.after(withinUs, () => {
      if (member.incarnation === incarnation) member.disarm()
    })
  }

  /** Asks the member to close, as its application would; it starts again later. */
  close(member: Member, downUs: Microseconds): void {
    if (!member.isRunning) return
    member.close()
    this.#startSoon(member, downUs)
  }

  /** Takes the member's store away, or has it found damaged at its next start. */
  loseStore(member: Member, how: 'wipe' | 'damage', downUs: Microseconds): void {
    if (!this.#canLose(member)) return
    member.loseStore(how)
    this.#startSoon(member, downUs)
  }

  /** No more faults: everything runs, and every way is free. */
  heal(): void {
    this.#faultsOver = true
    this.network.heal()
    for (const member of this.members.values()) {
      member.disarm()
      member.stallApp(false)
      member.resume()
      member.disk.heal()
      this.#startSoon(member, 0)
    }
  }

  /**
   * So many stores may be lost at once that what a quorum held is still held by somebody who counts,
   * and that those who count are a quorum. Before there is anything to lose, none.
   */
  #canLose(member: Member): boolean {
    if (this.oracle.committed.end.last === 0) return false
    if (member.isAmnesiac || !member.isVoter) return true
    const voters = [...this.members.values()].filter((one) => one.isVoter)
    const lost = voters.filter((one) => one.isAmnesiac || !remembers(one))
    return lost.length < voters.length - this.quorumSize
  }

  #startSoon(member: Member, downUs: Microseconds): void {
    const delay = Math.floor(downUs * (0.5 + this.#restartRandom.unit()))
    const { incarnation } = member
    const { scheduler } = this.#surroundings
    scheduler.after(this.#faultsOver ? Math.min(delay, 100_000) : delay, () => {
      if (member.incarnation !== incarnation) return
      // Still closing: later.
      if (member.isRunning) {
        if (downUs > 0) this.#startSoon(member, downUs)
      } else member.start()
    })
  }
}

/**
 * True of a member that would vote if it started now. One that was away when the ensemble was founded
 * has nothing yet, and one that crashed when it was about to be whole does not know that it is.
 */
function remembers(member: Member): boolean {
  return !member.durable.isEmpty && member.durable.damaged === null
}

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
import { FaultAtlas, type DamageBound } from './fault-atlas.ts'
import type { Coverage, Mark } from './coverage.ts'
import type { CrashPoint } from './crash-points.ts'
import type { DiskProfile } from './disk.ts'
import type { LogRot } from './log-rot.ts'
import type { Machine } from './machine.ts'
import { Member } from './member.ts'
import type { ClockProfile } from './member-clock.ts'
import type { StepProfile } from './member-surroundings.ts'
import type { Parting } from './link.ts'
import { Network, type NetworkProfile } from './network.ts'
import { Oracle } from './oracle.ts'
import { shuffled } from './partitions.ts'
import { Random } from './prng.ts'
import { millisecondUs, secondUs, type Microseconds, type Scheduler } from './scheduler.ts'
import { ChunkRegistry, type SnapshotRot } from './stored-snapshot.ts'
import type { Trace } from './trace.ts'

/** What an ensemble is made of; part of a scenario. */
export interface EnsembleProfile {
  readonly members: readonly MemberOfList[]
  /** Those of them that do not found it: they list the others and themselves. */
  readonly guests: readonly PeerId[]
  readonly limits: Limits
  readonly timing: Timing
  readonly network: NetworkProfile
  readonly disk: DiskProfile
  readonly step: StepProfile
  /** One for each member, in their order. */
  readonly clocks: readonly ClockProfile[]
  readonly damage: DamageBound
}

/** A crash in the midst of something. */
export interface ArmedCrash {
  readonly point: CrashPoint
  readonly parting: Parting
  readonly everyone: boolean
  readonly withinUs: Microseconds
  readonly downUs: Microseconds
}

/** A pause in the midst of something. */
export interface ArmedPause {
  readonly point: CrashPoint
  readonly withinUs: Microseconds
  readonly forUs: Microseconds
}

/** A crash, and then so many more, each soon after a start. */
export interface BootCrashes {
  readonly times: number
  readonly aliveUs: Microseconds
  readonly parting: Parting
  readonly downUs: Microseconds
}

/** Who runs once the faults are over: all, or a random quorum and nobody else. */
export type Survivors = 'everyone' | 'core'

/** Where something goes bad, and how. */
export type Rot =
  | { readonly place: 'log'; readonly kind: LogRot }
  | { readonly place: 'snapshot'; readonly kind: SnapshotRot }

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
  /** Watches besides the invariants. */
  readonly coverage: Coverage
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
  applications: ApplicationListener = silentApplications
  readonly #surroundings: EnsembleSurroundings
  readonly atlas: FaultAtlas
  readonly #restartRandom: Random
  readonly #bootCrashes = new Map<PeerId, BootCrashes>()
  #alive: readonly Member[]
  #faultsOver = false

  constructor(surroundings: EnsembleSurroundings) {
    this.#surroundings = surroundings
    const { seed, profile, machine, scheduler, trace, coverage } = surroundings
    this.#restartRandom = new Random(seed, 'restart')
    const founders = profile.members.filter(({ id }) => !profile.guests.includes(id))
    const chunks = new ChunkRegistry()
    const members = new Map<PeerId, Member>()
    this.members = members
    for (const [index, self] of profile.members.entries()) {
      const { limits, timing } = profile
      const { id } = self
      const { codec } = machine
      const member = new Member({
        seed,
        options: { id, members: listOf(self, founders), codec, limits, timing },
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
          onStarted: (started) => this.#onStarted(started),
          onFailed: (failed) => this.#startSoon(failed, this.#restartRandom.exponential(secondUs)),
          reached: (mark) => coverage.reach(mark),
        },
      })
      members.set(id, member)
    }
    this.#alive = [...members.values()]
    this.oracle = new Oracle({
      scheduler,
      codec: machine.codec,
      peers: members,
      founders,
      maxCounter: profile.limits.maxCounter,
      watchers: [coverage],
    })
    this.atlas = new FaultAtlas(this.#alive, profile.damage, this.oracle)
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
   * Crashes the member when it next comes to the point, if it does so within `withinUs`; or everyone
   * then, as a loss of power at that moment does.
   */
  crashAt(member: Member, { point, parting, everyone, withinUs, downUs }: ArmedCrash): void {
    member.strikeAt(point, 'crash', () => {
      this.reached('crashed-at-point')
      const all = everyone ? [...this.members.values()] : [member]
      for (const one of all) this.crash(one, parting, downUs)
    })
    this.#disarmAfter(member, withinUs)
  }

  /** Has the member stand still for a while when it next comes to the point. */
  pauseAt(member: Member, { point, withinUs, forUs }: ArmedPause): void {
    const { scheduler } = this.#surroundings
    member.strikeAt(point, 'pause', () => {
      this.reached('paused-at-point')
      member.pauseUntil(scheduler.now + forUs)
    })
    this.#disarmAfter(member, withinUs)
  }

  #disarmAfter(member: Member, withinUs: Microseconds): void {
    const { incarnation } = member
    this.#surroundings.scheduler.after(withinUs, () => {
      if (member.incarnation === incarnation) member.disarm()
    })
  }

  /** Crashes the member, and again soon after each of its next starts. */
  crashBoots(member: Member, crashes: BootCrashes): void {
    this.#bootCrashes.set(member.id, crashes)
    this.crash(member, crashes.parting, crashes.downUs)
  }

  #onStarted(member: Member): void {
    const crashes = this.#bootCrashes.get(member.id)
    if (crashes === undefined) return
    const { times, aliveUs, parting, downUs } = crashes
    if (times > 1) this.#bootCrashes.set(member.id, { ...crashes, times: times - 1 })
    else this.#bootCrashes.delete(member.id)
    const { incarnation } = member
    this.#surroundings.scheduler.after(this.#restartRandom.integer(0, aliveUs), () => {
      if (this.#faultsOver || member.incarnation !== incarnation || !member.isRunning) return
      this.reached('crashed-in-boot')
      this.crash(member, parting, downUs)
    })
  }

  /** Something that runs should come to has come about. */
  reached(mark: Mark): void {
    this.#surroundings.coverage.reach(mark)
  }

  /** Asks the member to close, as its application would; it starts again later. */
  close(member: Member, downUs: Microseconds): void {
    if (!member.isRunning) return
    member.close()
    this.#startSoon(member, downUs)
  }

  /** Takes the member's store away, or has it found damaged at its next start. */
  loseStore(member: Member, how: 'wipe' | 'damage', downUs: Microseconds): void {
    if (!this.atlas.mayDamage(member, how)) return
    member.loseStore(how)
    this.#startSoon(member, downUs)
  }

  /** Has something on the member's disk go bad, in silence; what was hit, or `null`. */
  rot(member: Member, place: Rot, choice: number): string | null {
    if (!this.atlas.mayDamage(member, 'damage')) return null
    const { disk } = member
    const hit =
      place.place === 'log' ? disk.rotLog(place.kind, choice) : disk.rotSnapshot(place.kind, choice)
    if (hit !== null) this.reached(`rot-${place.kind}`)
    return hit
  }

  /**
   * No more faults: every way is free, and everyone runs; or only a random quorum of those who have
   * what they held, and the others are down for good. What has gone bad and was not read yet is found
   * by a restart: there is no scrubber.
   */
  heal(survivors: Survivors): void {
    this.#faultsOver = true
    if (survivors === 'core' && this.oracle.committed.end.last > 0 && this.atlas.hasQuorum)
      this.#alive = this.#drawCore()
    const alive = new Set(this.#alive)
    this.network.heal()
    for (const member of this.members.values()) {
      member.disarm()
      member.clock.stallApp(false)
      member.resume()
      member.disk.heal()
      if (!alive.has(member)) member.crash('reset')
      else {
        if (member.disk.isRotten) member.crash('reset')
        this.#startSoon(member, 0)
      }
    }
  }

  /** Who runs, or is about to: everyone, until the faults are over. */
  get alive(): readonly Member[] {
    return this.#alive
  }

  #drawCore(): readonly Member[] {
    const random = new Random(this.#surroundings.seed, 'survivors')
    return this.atlas.coreOf(shuffled(random, this.atlas.whole))
  }

  #startSoon(member: Member, downUs: Microseconds): void {
    const delay = Math.floor(downUs * (0.5 + this.#restartRandom.unit()))
    const { incarnation } = member
    const { scheduler } = this.#surroundings
    scheduler.after(this.#faultsOver ? Math.min(delay, 100_000) : delay, () => {
      if (member.incarnation !== incarnation || !this.#alive.includes(member)) return
      // Still closing: later.
      if (member.isRunning) {
        if (downUs > 0) this.#startSoon(member, downUs)
      } else if (member.disk.failures.isFull(scheduler.now)) {
        this.reached('open-without-space')
        this.#startSoon(member, 200 * millisecondUs)
      } else member.start()
    })
  }
}

/** Whom a peer lists: the founders, and itself. */
function listOf(self: MemberOfList, founders: readonly MemberOfList[]): readonly MemberOfList[] {
  return founders.includes(self) ? founders : [...founders, self]
}

/**
 * One peer of a simulated ensemble: a core, its disk, its clock, and the loop that a driver is. What
 * arrives waits for the next step, a tick first; what a step asks for is performed in any order, but
 * for the log. A crash loses the core, everything that waited and what the disk had not made durable;
 * a pause lets everything wait, to burst out at its end.
 */
import {
  noPage,
  type CallId,
  type CoreView,
  type Effect,
  type Event,
  type InvariantError,
  type PageEnd,
  type PeerCoreOptions,
  type PeerId,
  type SessionId,
} from '@conclave/core/internal'
import { isAtPoint, type CrashPoint } from './crash-points.ts'
import { Disk, isForDisk, type DiskProfile } from './disk.ts'
import { drawOrder } from './effect-order.ts'
import type { LogImage } from './log-image.ts'
import type { Machine, SimulatedCore } from './machine.ts'
import { MemberClock, type ClockProfile } from './member-clock.ts'
import type { Network, Parting } from './network.ts'
import type { ObservedPeer } from './observation.ts'
import type { Oracle } from './oracle.ts'
import { hash, Random } from './prng.ts'
import type { Microseconds, Scheduler } from './scheduler.ts'
import type { ChunkRegistry, StoredSnapshot } from './stored-snapshot.ts'
import type { Trace } from './trace.ts'
import { Violation } from './violation.ts'

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
}

export interface MemberSurroundings {
  readonly seed: number
  readonly isVoter: boolean
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

interface ArmedCrash {
  readonly point: CrashPoint
  readonly parting: Parting
  readonly onCrashed: () => void
}

export class Member implements ObservedPeer {
  readonly id: PeerId
  readonly isVoter: boolean
  readonly disk: Disk
  #lost: LogImage | null = null
  readonly #surroundings: MemberSurroundings
  readonly #random: Random
  #incarnation = 0
  #core: SimulatedCore | null = null
  #view: CoreView | null = null
  #pending: Event[] = []
  #stepDue = false
  #pausedUntil: Microseconds = 0
  readonly #clock: MemberClock
  #armed: ArmedCrash | null = null
  #isClosing = false

  constructor(surroundings: MemberSurroundings) {
    this.#surroundings = surroundings
    this.id = surroundings.options.id
    this.isVoter = surroundings.isVoter
    const { seed, scheduler, machine, chunks, disk } = surroundings
    this.#random = new Random(seed, 'step', this.id)
    this.#clock = new MemberClock(surroundings.clock, scheduler)
    this.disk = new Disk({
      seed,
      peer: this.id,
      scheduler,
      machine,
      chunks,
      profile: disk,
      onDurable: (records) => surroundings.oracle().onDurable(this, records),
    })
  }

  get incarnation(): number {
    return this.#incarnation
  }

  get isRunning(): boolean {
    return this.#core !== null
  }

  get core(): SimulatedCore | null {
    return this.#core
  }

  /** What the core showed after its last step; `null` of a peer that is down. */
  get view(): CoreView | null {
    return this.#view
  }

  get lost(): LogImage | null {
    return this.#lost
  }

  get isAmnesiac(): boolean {
    return this.#lost !== null
  }

  get durable(): LogImage {
    return this.disk.durable
  }

  get appended(): LogImage {
    return this.disk.appended
  }

  get snapshot(): StoredSnapshot | null {
    return this.disk.snapshot
  }

  get snapshotEnd(): PageEnd {
    return this.disk.snapshot?.end ?? noPage
  }

  get nowMs(): number {
    return this.#clock.nowMs
  }

  sessionDeadlineMs(session: SessionId): number | undefined {
    return this.#core?.sessionDeadlineMs(session)
  }

  /** Opens the store and runs from what it holds. */
  start(): void {
    const { seed, options, machine, oracle, trace, scheduler, network } = this.#surroundings
    this.#incarnation += 1
    this.#pending = []
    this.#stepDue = false
    this.#pausedUntil = 0
    this.#isClosing = false
    this.#armed = null
    trace.note(scheduler.now, this.id, `start ${this.#incarnation}`)
    // UPTODATE was on its way when the peer went: its log does not know yet that it is whole.
    if (this.durable.damaged !== null) this.#lost ??= this.durable
    const incarnation = this.#incarnation
    const recovered = this.disk.open((event) => {
      if (incarnation === this.#incarnation) this.push(event)
    })
    const coreSeed = hash(seed, 'core', this.id, incarnation)
    this.#core = machine.createCore({ ...options, seed: coreSeed }, recovered)
    this.#view = this.#core.inspect()
    oracle().onStart(this, recovered)
    network().start(this.id)
    this.#tickOn(incarnation)
  }

  /** Something happened to the peer: it will learn of it with its next step. */
  push(event: Event): void {
    if (this.#core === null) return
    this.#pending.push(event)
    this.#scheduleStep()
  }

  #scheduleStep(): void {
    if (this.#stepDue) return
    this.#stepDue = true
    const { scheduler, step } = this.#surroundings
    const incarnation = this.#incarnation
    const delay = this.#random.exponential(step.batchUs)
    scheduler.after(delay, () => this.#stepWhenAwake(incarnation))
  }

  /** True when a call waits for the next step. */
  hasPending(call: CallId): boolean {
    return this.#pending.some((event) => 'call' in event && event.call === call)
  }

  /** Loses the core and whatever was not durable. */
  crash(parting: Parting): void {
    if (this.#core === null) return
    const { trace, scheduler } = this.#surroundings
    trace.note(scheduler.now, this.id, `crash, ${parting}`)
    this.disk.crash()
    this.#stop(parting, 'crash')
  }

  /** Crashes, and takes the store away; or has it found damaged at the next start. */
  loseStore(how: 'wipe' | 'damage'): void {
    this.crash('silence')
    const { trace, scheduler, oracle } = this.#surroundings
    trace.note(scheduler.now, this.id, how)
    this.#lost ??= this.disk.durable
    if (how === 'wipe') this.disk.wipe()
    else this.disk.damage('found damaged')
    oracle().onStop(this, true)
  }

  /** An established leader takes the peer for whole. */
  noteHealed(): void {
    this.#lost = null
  }

  /** Has the peer crash when it next does this; in the midst of it. */
  crashAt(point: CrashPoint, parting: Parting, onCrashed: () => void): void {
    this.#armed = { point, parting, onCrashed }
  }

  /** Takes back a crash that has not come about. */
  disarm(): void {
    this.#armed = null
  }

  /** Nothing runs here until then. Network and disk go on. */
  pauseUntil(until: Microseconds): void {
    const { trace, scheduler } = this.#surroundings
    trace.note(scheduler.now, this.id, `pause until ${until}`)
    this.#pausedUntil = until
  }

  /** Ends a pause, if there is one. */
  resume(): void {
    this.#pausedUntil = 0
    if (this.#stepDue) {
      const incarnation = this.#incarnation
      this.#surroundings.scheduler.after(0, () => this.#stepWhenAwake(incarnation))
    }
  }

  /** Asks the peer to close, as its application would. */
  close(): void {
    if (this.#core === null) return
    this.#isClosing = true
    this.push({ type: 'close-requested' })
  }

  /** True from `close` until the next start. */
  get isClosing(): boolean {
    return this.#isClosing
  }

  /** From now on, or no more, the application behind this peer gives no sign of life. */
  stallApp(stalled: boolean): void {
    this.#clock.stallApp(stalled)
  }

  #tickOn(incarnation: number): void {
    const { scheduler, step } = this.#surroundings
    scheduler.after(step.tickUs, () => {
      if (incarnation !== this.#incarnation || this.#core === null) return
      if (!this.#stepDue) this.#stepWhenAwake(incarnation)
      this.#tickOn(incarnation)
    })
  }

  #stepWhenAwake(incarnation: number): void {
    if (incarnation !== this.#incarnation || this.#core === null) return
    const { scheduler } = this.#surroundings
    if (scheduler.now < this.#pausedUntil) {
      this.#stepDue = true
      scheduler.at(this.#pausedUntil, () => this.#stepWhenAwake(incarnation))
      return
    }
    this.#stepDue = false
    this.#step(this.#core)
  }

  #step(core: SimulatedCore): void {
    const { trace, scheduler, oracle, listener } = this.#surroundings
    const events: Event[] = [this.#clock.tick(), ...this.#pending]
    this.#pending = []
    if (events.length > 1) for (const event of events) trace.event(scheduler.now, this.id, event)
    const before = this.#view ?? core.inspect()
    const effects = this.#ask(core, events)
    // A tick alone that asks for nothing has changed nothing that can be seen.
    if (events.length === 1 && effects.length === 0) return
    const after = core.inspect()
    this.#view = after
    for (const effect of effects) {
      if (effect.type !== 'append-log') continue
      trace.effect(scheduler.now, this.id, effect)
      oracle().onAppend(this, effect.records)
      this.disk.perform(effect)
    }
    this.#noteHealed(effects)
    oracle().onStep({ peer: this, events, effects, before, after })
    this.#performAll(effects)
    listener.onStepped(this, events)
  }

  /** Tells whom this peer, an established leader, takes to be whole from this step on. */
  #noteHealed(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type !== 'send') continue
      if (!effect.messages.some((message) => message.type === 'up-to-date')) continue
      // What was meant for the peer before it lost its store will not reach it.
      const { network, listener } = this.#surroundings
      if (network().isShared(this.id, effect.to)) listener.onHealed(effect.to)
    }
  }

  #ask(core: SimulatedCore, events: readonly Event[]): readonly Effect[] {
    try {
      return core.step(events)
    } catch (error) {
      if (error instanceof Violation) throw error
      const broken = error as InvariantError
      const name = /^([A-Z]\d+): /.exec(broken.message)?.[1] ?? 'ASSERT'
      throw new Violation(name, `peer ${this.id} throws ${String(error)}`, error)
    }
  }

  /** In any order, as a driver may; an armed crash cuts it short somewhere. */
  #performAll(effects: readonly Effect[]): void {
    const armed = this.#armed
    const crashes = armed !== null && effects.some((effect) => isAtPoint(effect, armed.point))
    const rest = drawOrder(effects, this.#random)
    const performed = crashes ? this.#random.integer(0, rest.length) : rest.length
    const incarnation = this.#incarnation
    for (const effect of rest.slice(0, performed)) {
      // An effect can be the end of the peer.
      if (incarnation !== this.#incarnation || this.#core === null) return
      this.#perform(effect)
    }
    if (!crashes) return
    this.crash(armed.parting)
    armed.onCrashed()
  }

  #perform(effect: Effect): void {
    const { trace, scheduler, network, oracle, listener } = this.#surroundings
    trace.effect(scheduler.now, this.id, effect)
    if (isForDisk(effect)) {
      this.disk.perform(effect)
      return
    }
    switch (effect.type) {
      case 'send':
        for (const message of effect.messages) oracle().onSend(this, effect.to, message)
        network().send(this.id, effect.to, effect.messages)
        break
      case 'disconnect':
        network().disconnect(this.id, effect.peer, effect.reason)
        break
      case 'deliver':
      case 'open-session':
      case 'fail-session':
      case 'report':
        listener.onEffect(this, effect)
        break
      case 'step-again':
        this.#scheduleStep()
        break
      case 'finish-close':
        this.disk.close()
        this.#stop('reset', 'close')
        break
      case 'fail':
        throw new Violation('FAIL', `peer ${this.id} fails: ${effect.code}: ${effect.detail}`)
    }
  }

  #stop(parting: Parting, how: 'crash' | 'close'): void {
    const { network, oracle, listener } = this.#surroundings
    this.#core = null
    this.#view = null
    this.#pending = []
    this.#armed = null
    network().stop(this.id, parting)
    oracle().onStop(this, false)
    listener.onStopped(this, how)
  }
}

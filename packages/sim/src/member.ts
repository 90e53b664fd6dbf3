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
  type PageEnd,
  type PeerId,
  type RecentChanges,
  type SessionId,
} from '@conclave/core/internal'
import { comesAtPoint, isAtPoint, type CrashPoint } from './crash-points.ts'
import { Disk } from './disk.ts'
import { isForDisk } from './disk-effects.ts'
import { drawOrder } from './effect-order.ts'
import { InterruptedStep } from './interrupted-step.ts'
import type { LogImage } from './log-image.ts'
import { stepCore, type SimulatedCore } from './machine.ts'
import { MemberClock } from './member-clock.ts'
import type { MemberSurroundings } from './member-surroundings.ts'
import type { Parting } from './link.ts'
import type { ObservedPeer } from './observation.ts'
import { hash, Random } from './prng.ts'
import type { Microseconds } from './scheduler.ts'
import type { StoredSnapshot } from './stored-snapshot.ts'
import { Violation } from './violation.ts'

/** A moment at which the peer is struck, and how. */
interface ArmedPoint {
  readonly point: CrashPoint
  readonly strike: 'crash' | 'pause'
  /** Does it: the peer is in the midst of it. */
  readonly onReached: () => void
}

export class Member implements ObservedPeer {
  readonly id: PeerId
  readonly disk: Disk
  readonly #lost: LogImage[] = []
  readonly #surroundings: MemberSurroundings
  readonly #random: Random
  #incarnation = 0
  #core: SimulatedCore | null = null
  #view: CoreView | null = null
  #pending: Event[] = []
  #stepDue = false
  #pausedUntil: Microseconds = 0
  readonly clock: MemberClock
  #armed: ArmedPoint | null = null
  /** What a pause in the midst of a step has left to be performed. */
  readonly interrupted = new InterruptedStep()
  #isClosing = false

  constructor(surroundings: MemberSurroundings) {
    this.#surroundings = surroundings
    this.id = surroundings.options.id
    const { seed, scheduler, disk: profile } = surroundings
    this.#random = new Random(seed, 'step', this.id)
    this.clock = new MemberClock(surroundings.clock, scheduler)
    this.disk = new Disk({
      ...surroundings,
      peer: this.id,
      profile,
      onDurable: (records) => surroundings.oracle().onDurable(this, records),
      onFailed: (reason) => this.#onDiskFailed(reason),
      reached: (mark) => surroundings.listener.reached(mark),
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

  get lost(): readonly LogImage[] {
    return this.#lost
  }

  get isAmnesiac(): boolean {
    return this.#lost.length > 0
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
    return this.clock.nowMs
  }

  sessionDeadlineMs(session: SessionId): number | undefined {
    return this.#core?.sessionDeadlineMs(session)
  }

  get recent(): RecentChanges | undefined {
    return this.#core?.recent
  }

  /** Opens the store and runs from what it holds. */
  start(): void {
    const { seed, options, machine, oracle, trace, scheduler, network, listener } =
      this.#surroundings
    this.#incarnation += 1
    this.#pending = []
    this.interrupted.take()
    this.#stepDue = false
    this.#pausedUntil = 0
    this.#isClosing = false
    this.#armed = null
    trace.note(scheduler.now, this.id, `start ${this.#incarnation}`)
    const damage = this.disk.findDamage()
    if (damage !== null) this.#setAside(damage)
    // UPTODATE was on its way when the peer went: its log does not know yet that it is whole.
    if (this.durable.damaged !== null && !this.isAmnesiac) this.#lost.push(this.durable)
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
    listener.onStarted(this)
  }

  /** Something happened to the peer: it will learn of it with its next step. */
  push(event: Event): void {
    if (this.#core === null) return
    const armed = this.#armed
    if (armed !== null && comesAtPoint(event, armed.point)) {
      this.#armed = null
      armed.onReached()
      if (armed.strike === 'crash') return
    }
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
    if (how === 'wipe') this.#lose('wipe', () => this.disk.wipe())
    else this.#setAside('found damaged')
  }

  /** The store is damaged, and one that says so takes its place. */
  #setAside(reason: string): void {
    this.#surroundings.listener.reached('damage-found')
    this.#lose(`set aside: ${reason}`, () => this.disk.damage(reason))
  }

  #lose(what: string, loss: () => void): void {
    const { trace, scheduler, oracle } = this.#surroundings
    trace.note(scheduler.now, this.id, what)
    this.#lost.push(this.disk.durable)
    loss()
    oracle().onStop(this, true)
  }

  /** True when the peer stops for it, as a driver has it stop. */
  #onDiskFailed(reason: string): boolean {
    const { trace, scheduler, machine, listener } = this.#surroundings
    if (machine.ignoresStorageFailures === true) return false
    trace.note(scheduler.now, this.id, `stops itself: ${reason}`)
    listener.reached('disk-refused')
    this.disk.crash()
    this.#stop('reset', 'crash')
    listener.onFailed(this)
    return true
  }

  /** An established leader takes the peer for whole. */
  noteHealed(): void {
    this.#lost.length = 0
  }

  /** Has the peer struck when it next does this, or hears this; in the midst of it. */
  strikeAt(point: CrashPoint, strike: 'crash' | 'pause', onReached: () => void): void {
    this.#armed = { point, strike, onReached }
  }

  /** Takes back a strike that has not come about. */
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
    if (this.#performEach(this.interrupted.take())) this.#step(this.#core)
  }

  #step(core: SimulatedCore): void {
    const { trace, scheduler, oracle, listener } = this.#surroundings
    const events: Event[] = [this.clock.tick(), ...this.#pending]
    this.#pending = []
    if (events.length > 1) for (const event of events) trace.event(scheduler.now, this.id, event)
    const before = this.#view ?? core.inspect()
    const effects = stepCore(core, events, this.id)
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
    this.#performAll(effects, after.lastApplied > before.lastApplied)
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

  /** In any order, as a driver may; an armed point cuts it short somewhere. */
  #performAll(effects: readonly Effect[], applies: boolean): void {
    const order = drawOrder(effects, this.#random)
    const armed = this.#armed
    const isReached =
      armed !== null &&
      ((applies && armed.point === 'apply') ||
        effects.some((effect) => isAtPoint(effect, armed.point)))
    if (!isReached) {
      this.#performEach(order)
      return
    }
    const cut = this.#random.integer(0, order.length)
    if (!this.#performEach(order.slice(0, cut))) return
    this.#armed = null
    const network = this.#surroundings.network()
    if (armed.strike === 'pause') this.interrupted.keep(order.slice(cut), this.id, network)
    armed.onReached()
  }

  /** False when one of them was the end of the peer. */
  #performEach(effects: readonly Effect[]): boolean {
    const incarnation = this.#incarnation
    for (const effect of effects) {
      this.#perform(effect)
      if (incarnation !== this.#incarnation || this.#core === null) return false
    }
    return true
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

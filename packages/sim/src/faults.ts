/**
 * What can go wrong in a run, as plain values: a schedule of faults is drawn before the run begins,
 * can be written down, and can be made shorter. A fault that has a length ends by itself.
 *
 * Faults that destroy a store, or part of one, respect what the ensemble can bear (`FaultAtlas`);
 * all others may come together in any way: what they cost is progress, never a promise.
 */
import type { PeerId } from '@conclave/core/internal'
import type { AfterFailure, FailingUse } from './disk-failures.ts'
import type { ArmedCrash, ArmedPause, BootCrashes, Ensemble, Rot } from './ensemble.ts'
import type { Member } from './member.ts'
import type { Parting } from './link.ts'
import type { Microseconds, Scheduler } from './scheduler.ts'

/** Whom a fault hits: this peer, or whoever leads then, or somebody who does not. */
export type Target =
  | { readonly peer: PeerId }
  /** `choice` picks among several, by remainder. */
  | { readonly role: 'leader' | 'other'; readonly choice: number }

/** The ways that a partition blocks: pairs of sender and receiver. */
export type BlockedWays = readonly (readonly [from: PeerId, to: PeerId])[]

export type Fault = { readonly at: Microseconds } & (
  | {
      readonly type: 'crash'
      readonly target: Target
      readonly parting: Parting
      readonly downUs: Microseconds
    }
  | ({ readonly type: 'crash-at'; readonly target: Target } & ArmedCrash)
  | ({ readonly type: 'pause-at'; readonly target: Target } & ArmedPause)
  | ({ readonly type: 'crash-boots'; readonly target: Target } & BootCrashes)
  | { readonly type: 'power-loss'; readonly downUs: Microseconds }
  | { readonly type: 'close'; readonly target: Target; readonly downUs: Microseconds }
  /** It is asked to let another one lead: nothing goes wrong, and an epoch ends. */
  | { readonly type: 'hand-over'; readonly target: Target }
  | { readonly type: 'pause'; readonly target: Target; readonly forUs: Microseconds }
  | { readonly type: 'break-link'; readonly a: PeerId; readonly b: PeerId }
  /** A second connection between two that have one. */
  | { readonly type: 'dial-again'; readonly a: PeerId; readonly b: PeerId }
  /** Connecting with the peer takes so much longer, or is refused (`null`). */
  | {
      readonly type: 'hinder-dials'
      readonly target: Target
      readonly byUs: Microseconds | null
      readonly forUs: Microseconds
    }
  /** What the peer sends goes through a narrow way. */
  | {
      readonly type: 'narrow'
      readonly target: Target
      readonly bytesPerSecond: number
      readonly forUs: Microseconds
    }
  | { readonly type: 'partition'; readonly ways: BlockedWays; readonly forUs: Microseconds }
  /** The leader hears nobody, or nobody hears the leader, or both. */
  | {
      readonly type: 'isolate'
      readonly target: Target
      readonly direction: 'in' | 'out' | 'both'
      readonly forUs: Microseconds
    }
  | {
      readonly type: 'slow-disk'
      readonly target: Target
      readonly byUs: Microseconds
      readonly forUs: Microseconds
    }
  | { readonly type: 'stall-disk'; readonly target: Target; readonly forUs: Microseconds }
  /** `everyone`: as a machine that hosts all of them does, when it is short of time. */
  | {
      readonly type: 'stall-app'
      readonly target: Target
      readonly everyone: boolean
      readonly forUs: Microseconds
    }
  /** A wall clock is set, or all of them. */
  | {
      readonly type: 'jump-clock'
      readonly target: Target
      readonly everyone: boolean
      readonly byMs: number
    }
  /** The next such use of the disk is refused. */
  | {
      readonly type: 'fail-disk'
      readonly target: Target
      readonly use: FailingUse
      readonly after: AfterFailure
    }
  | {
      readonly type: 'fill-disk'
      readonly target: Target
      readonly after: AfterFailure
      readonly forUs: Microseconds
    }
  /** A record of what is durable goes bad, in silence. `choice` picks it, by remainder. */
  | { readonly type: 'rot'; readonly target: Target; readonly rot: Rot; readonly choice: number }
  | {
      readonly type: 'lose-store'
      readonly target: Target
      readonly how: 'wipe' | 'damage'
      readonly downUs: Microseconds
    }
)
export type FaultType = Fault['type']

/** The fault as far as it is about these peers; `null` when nothing of it is left. */
export function faultAmong(fault: Fault, peers: ReadonlySet<PeerId>): Fault | null {
  if ('target' in fault && 'peer' in fault.target)
    return peers.has(fault.target.peer) ? fault : null
  if ('a' in fault) return peers.has(fault.a) && peers.has(fault.b) ? fault : null
  if (!('ways' in fault)) return fault
  const ways = fault.ways.filter((way) => way.every((peer) => peers.has(peer)))
  if (ways.length === fault.ways.length) return fault
  return ways.length === 0 ? null : { ...fault, ways }
}

/** Has the fault happen now. A target that is not there is left alone. */
export function inject(fault: Fault, ensemble: Ensemble, scheduler: Scheduler): void {
  switch (fault.type) {
    case 'power-loss':
      for (const member of ensemble.members.values()) {
        ensemble.crash(member, 'silence', fault.downUs)
      }
      return
    case 'break-link':
      ensemble.network.breakLink(fault.a, fault.b)
      return
    case 'dial-again':
      ensemble.network.dialAgain(fault.a, fault.b)
      return
    case 'partition':
      block(fault.ways, fault.forUs, ensemble, scheduler)
      return
    default: {
      const member = findTarget(fault.target, ensemble)
      if (member !== null) injectAt(fault, member, ensemble, scheduler)
    }
  }
}

type TargetedFault = Extract<Fault, { target: Target }>

function injectAt(
  fault: TargetedFault,
  member: Member,
  ensemble: Ensemble,
  scheduler: Scheduler,
): void {
  switch (fault.type) {
    case 'crash':
      ensemble.crash(member, fault.parting, fault.downUs)
      break
    case 'crash-at':
      ensemble.crashAt(member, fault)
      break
    case 'pause-at':
      ensemble.pauseAt(member, fault)
      break
    case 'crash-boots':
      ensemble.crashBoots(member, fault)
      break
    case 'close':
      ensemble.close(member, fault.downUs)
      break
    case 'hand-over':
      member.push({ type: 'hand-over-requested' })
      break
    case 'pause':
      if (member.isRunning) member.pauseUntil(scheduler.now + fault.forUs)
      break
    case 'isolate':
      block(waysAround(member.id, fault.direction, ensemble), fault.forUs, ensemble, scheduler)
      break
    case 'hinder-dials':
      ensemble.network.hindrances.hinderDials(member.id, fault.byUs)
      scheduler.after(fault.forUs, () => ensemble.network.hindrances.free(member.id))
      break
    case 'narrow':
      ensemble.network.hindrances.narrow(member.id, fault.bytesPerSecond)
      scheduler.after(fault.forUs, () => ensemble.network.hindrances.free(member.id))
      break
    case 'jump-clock':
      for (const one of fault.everyone ? ensemble.members.values() : [member]) {
        one.clock.jumpWall(fault.byMs)
      }
      break
    case 'stall-app': {
      const stalled = fault.everyone ? [...ensemble.members.values()] : [member]
      for (const one of stalled) one.clock.stallApp(true)
      scheduler.after(fault.forUs, () => {
        for (const one of stalled) one.clock.stallApp(false)
      })
      break
    }
    default:
      injectAtDisk(fault, member, ensemble, scheduler)
  }
}

type DiskFault = Extract<
  Fault,
  { type: 'slow-disk' | 'stall-disk' | 'fail-disk' | 'fill-disk' | 'rot' | 'lose-store' }
>

function injectAtDisk(
  fault: DiskFault,
  member: Member,
  ensemble: Ensemble,
  scheduler: Scheduler,
): void {
  switch (fault.type) {
    case 'fail-disk':
      if (member.isRunning) member.disk.failures.arm(fault.use, fault.after)
      break
    case 'fill-disk':
      member.disk.failures.fillUntil(scheduler.now + fault.forUs, fault.after)
      break
    case 'rot':
      ensemble.rot(member, fault.rot, fault.choice)
      break
    case 'slow-disk':
      member.disk.device.slowDown(fault.byUs)
      scheduler.after(fault.forUs, () => member.disk.device.slowDown(0))
      break
    case 'stall-disk':
      member.disk.device.stall(scheduler.now + fault.forUs)
      break
    case 'lose-store':
      ensemble.loseStore(member, fault.how, fault.downUs)
      break
  }
}

function findTarget(target: Target, ensemble: Ensemble): Member | null {
  if ('peer' in target) return ensemble.members.get(target.peer) ?? null
  const { leader } = ensemble
  if (target.role === 'leader') return leader
  const others = [...ensemble.members.values()].filter((member) => member !== leader)
  return others[target.choice % others.length] ?? null
}

function waysAround(
  peer: PeerId,
  direction: 'in' | 'out' | 'both',
  ensemble: Ensemble,
): BlockedWays {
  const others = [...ensemble.members.keys()].filter((id) => id !== peer)
  const incoming = others.map((other) => [other, peer] as const)
  const outgoing = others.map((other) => [peer, other] as const)
  if (direction === 'in') return incoming
  return direction === 'out' ? outgoing : [...incoming, ...outgoing]
}

function block(
  ways: BlockedWays,
  forUs: Microseconds,
  ensemble: Ensemble,
  scheduler: Scheduler,
): void {
  for (const [from, to] of ways) ensemble.network.block(from, to)
  scheduler.after(forUs, () => {
    for (const [from, to] of ways) ensemble.network.unblock(from, to)
  })
}

/**
 * The second half of a run: the faults are over, and now the ensemble must work. Within a bound one
 * leader is established and every peer is ready (V1); every call that was open is answered; sessions
 * without an application end (S5); every peer serves a new session, a write and a read of it (V3);
 * what was due by then to go by itself goes (D6); all converge to one state (V2); and the leader stays
 * (V6). Where only a quorum runs any more, the same is demanded of it (V4).
 *
 * If more stores are damaged than an ensemble can bear, it must halt instead (Z19): nobody leads and
 * nothing is committed. But for the leader that was whole and has not lost its quorum: one that it has
 * synchronized in time counts again, and the ensemble goes on.
 */
import { counterOf, epochOf, type Limits, type PeerId } from '@conclave/core/internal'
import type { Call } from './history.ts'
import type { Ensemble, Survivors } from './ensemble.ts'
import { isDue } from './model/reaping.ts'
import { millisecondUs, secondUs, type Microseconds, type Scheduler } from './scheduler.ts'
import { demand, Violation } from './violation.ts'
import type { Workload } from './workload.ts'

export interface ProgressSurroundings {
  readonly scheduler: Scheduler
  readonly ensemble: Ensemble
  readonly workload: Workload
  readonly survivors: Survivors
  /** The longest timeout of any session. */
  readonly sessionTimeoutMs: number
  readonly limits: Limits
}

/** How often it is looked whether a goal is reached. */
const lookUs = secondUs / 20
const haltUs = 10 * secondUs

/**
 * Heals everything and demands progress, goal by goal, or a halt. Throws a `Violation` that names the
 * goal. True when there was progress.
 */
export function demandProgress(surroundings: ProgressSurroundings): boolean {
  const { scheduler, ensemble, workload, survivors, sessionTimeoutMs, limits } = surroundings
  const { maxCounter } = limits
  const ledBefore = leadingEpoch(ensemble)
  ensemble.heal(survivors)
  // What the end of the faults itself brings about is no fault of calm times (V6).
  scheduler.runUntil(scheduler.now + lookUs)
  if (!ensemble.atlas.hasQuorum && halts(surroundings, ledBefore)) return false
  if (ensemble.alive.length < ensemble.members.size) ensemble.reached('core-alone')
  reach(surroundings, 'V1', 30 * secondUs, () => unready(ensemble))
  const settled = leadingEpoch(ensemble)
  reach(surroundings, 'V3', 10 * secondUs, () => workload.openCalls)
  // A new leader gives every session its full timeout, and with a low limit epochs are short.
  const epochs = 2 + Math.ceil((2 * orphans(ensemble, workload).length) / maxCounter)
  const expiryUs = epochs * Math.ceil(sessionTimeoutMs * 1_200) + 5 * secondUs
  reach(surroundings, 'S5', expiryUs, () => orphans(ensemble, workload))
  probe(surroundings)
  const from = scheduler.now
  const due = (): readonly string[] => unreaped(surroundings, from)
  reach(surroundings, 'D6', reapingUs(surroundings, due().length), due)
  reach(surroundings, 'V2', 10 * secondUs, () => unconverged(ensemble))
  demandCalm(ensemble, settled, maxCounter)
  return true
}

/** 0 when nobody leads. */
function leadingEpoch({ leader }: Ensemble): number {
  return leader?.view?.standing.epoch ?? 0
}

/**
 * Whoever leads finds out within `haltUs`; from then on nothing happens any more. False when the epoch
 * in which somebody led before goes on.
 */
function halts({ scheduler, ensemble }: ProgressSurroundings, ledBefore: number): boolean {
  scheduler.runUntil(scheduler.now + haltUs)
  if (ledBefore > 0 && leadingEpoch(ensemble) === ledBefore) return false
  const { end } = ensemble.oracle.committed
  for (let looks = 0; looks < 100; looks += 1) {
    scheduler.runUntil(scheduler.now + lookUs)
    const { leader } = ensemble
    demand(
      leader === null && ensemble.oracle.committed.end.last === end.last,
      'Z19',
      () => `more stores are damaged than may be, and peer ${leader?.id ?? 0} leads`,
    )
  }
  ensemble.reached('halted')
  return true
}

/** V6: nobody is elected anew without a fault, but where an epoch ran out of zxids. */
function demandCalm(ensemble: Ensemble, settled: number, maxCounter: number): void {
  const { committed } = ensemble.oracle
  const now = leadingEpoch(ensemble)
  for (let epoch = settled; epoch < now; epoch += 1) {
    const last = committed.pages.findLast((page) => epochOf(page.last) === epoch)
    if (last !== undefined && counterOf(last.last) >= maxCounter) continue
    // What was asked for before may have removed the leader.
    if (committed.pages.some((page) => page.reconfigures && epochOf(page.last) === epoch)) continue
    throw new Violation('V6', `epoch ${epoch} ended without a fault, and before its zxids did`)
  }
}

/** Runs on until nothing is missing; what is missing after `withinUs` is the violation. */
function reach(
  { scheduler }: ProgressSurroundings,
  invariant: string,
  withinUs: Microseconds,
  missing: () => readonly string[],
): void {
  const end = scheduler.now + withinUs
  for (;;) {
    const left = missing()
    if (left.length === 0) return
    if (scheduler.now >= end) {
      const seconds = withinUs / secondUs
      throw new Violation(invariant, `${seconds} s after the last fault: ${left.join('; ')}`)
    }
    scheduler.runUntil(scheduler.now + lookUs)
  }
}

function unready(ensemble: Ensemble): readonly string[] {
  const missing: string[] = []
  const { leader } = ensemble
  if (leader === null) missing.push('no leader is established')
  else if (leader.view?.standing.membership !== 'voter') {
    missing.push(`peer ${leader.id} leads, and is no voter`)
  }
  for (const member of ensemble.alive) {
    const standing = member.view?.standing
    if (standing === undefined) missing.push(`peer ${member.id} is down`)
    else if (member.isClosing) missing.push(`peer ${member.id} is closing`)
    else if (!standing.ready || standing.leader !== leader?.id) {
      missing.push(`peer ${member.id} is ${standing.role} in ${standing.phase}: ${standing.reason}`)
    } else if (member.isAmnesiac || standing.damaged !== null) {
      missing.push(`peer ${member.id} is not healed`)
    }
  }
  return missing
}

/** Sessions that live though no application has them. */
function orphans(ensemble: Ensemble, workload: Workload): readonly string[] {
  const kept = new Set(workload.openSessions.map((session) => session.id))
  return [...ensemble.oracle.model.sessions()]
    .filter((session) => session.endedAt === null && !kept.has(session.id))
    .map((session) => `session ${session.id} of peer ${session.host} lives without an application`)
}

/** Every peer serves: a new session, a write, a sync, a read that shows the write. */
function probe(surroundings: ProgressSurroundings): void {
  const { ensemble, workload } = surroundings
  const { probes } = workload
  const members = ensemble.alive
  for (const [index, member] of members.entries()) probes[index]?.ask(member)
  reach(surroundings, 'V3', 10 * secondUs, () =>
    members
      .filter((_, index) => probes[index]?.session === null)
      .map((member) => `peer ${member.id} opens no session`),
  )
  const calls: Call[] = []
  for (const mode of ['persistent', 'ephemeral'] as const) {
    for (const [index, member] of members.entries()) {
      const call = probes[index]?.write(createProbe(probePath(member.id, mode), mode))
      if (call !== null && call !== undefined) calls.push(call)
    }
  }
  for (const [index, member] of members.entries()) {
    const call = probes[index]?.sync(probePath(member.id, 'persistent')) ?? null
    if (call !== null) calls.push(call)
  }
  reach(surroundings, 'V3', 10 * secondUs, () =>
    calls
      .filter((call) => call.answer?.type !== 'reply' && call.answer?.type !== 'synced')
      .map((call) => `call ${call.id} at peer ${call.peer} came to ${JSON.stringify(call.answer)}`),
  )
}

type ProbeMode = 'persistent' | 'ephemeral'

function probePath(peer: PeerId, mode: ProbeMode): string {
  return `/probe-${peer}-${mode}`
}

function createProbe(path: string, mode: ProbeMode): NonNullable<Call['request']> {
  return { type: 'create', path, data: null, mode, sequential: false, acl: null, parents: false }
}

/** A leader first waits for a whole interval; with a low limit there is a new one ever so often. */
function reapingUs({ limits }: ProgressSurroundings, due: number): Microseconds {
  const looks = 3 + Math.ceil(due / limits.maxReaped) + Math.ceil(due / limits.maxCounter)
  return looks * (limits.reapMs * millisecondUs + 5 * secondUs)
}

/**
 * Znodes whose time had come before the last txn, and at `from` by the clock of whoever leads now: with
 * another leader, the time of day can be another.
 */
function unreaped(
  { scheduler, ensemble }: ProgressSurroundings,
  from: Microseconds,
): readonly string[] {
  const { model } = ensemble.oracle
  const clockMs = ensemble.leader?.clock.wallMs ?? Infinity
  const dueMs = Math.min(model.lastTimeMs, clockMs - (scheduler.now - from) / millisecondUs)
  return [...model.tree.znodes()]
    .filter((znode) => isDue(znode, dueMs))
    .map(({ path }) => `${path} was due to go by itself`)
}

function unconverged(ensemble: Ensemble): readonly string[] {
  const { end } = ensemble.oracle.committed
  const views = ensemble.alive.map((member) => ({
    id: member.id,
    view: member.view,
  }))
  const digests = new Set(views.map(({ view }) => view?.digest))
  const behind = views.filter(({ view }) => view?.lastApplied !== end.last)
  const missing = behind.map(({ id }) => `peer ${id} has not applied everything`)
  if (digests.size > 1) missing.push('the digests differ')
  return missing
}

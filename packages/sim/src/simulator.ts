/**
 * One run: a scenario in, an outcome out. First a time of faults, in which nothing is demanded but
 * that every invariant holds at every step; then all faults end, and progress is demanded.
 *
 * The same scenario takes the same course, event by event: the trace's hash says so.
 */
import { Coverage, type Marks } from './coverage.ts'
import { Ensemble } from './ensemble.ts'
import { inject } from './faults.ts'
import type { Machine } from './machine.ts'
import { describePeers } from './peer-lines.ts'
import { describeFault } from './plan-text.ts'
import { demandProgress } from './progress.ts'
import type { Scenario } from './scenario.ts'
import { Scheduler, secondUs, type Microseconds } from './scheduler.ts'
import { drawChart } from './sequence-chart.ts'
import { Trace } from './trace.ts'
import { Violation } from './violation.ts'
import { Workload } from './workload.ts'

export interface SimulationOptions {
  readonly machine: Machine
  /** Takes every line of the trace, as it comes. */
  readonly print?: (line: string) => void
  /** Lines of the trace that a failure shows. */
  readonly keptLines?: number
  /** What to type to see the run again, where the scenario's own name and seed do not tell it. */
  readonly replay?: string
}

/** What a run came to. */
export interface Outcome {
  readonly seed: number
  /** 8 hexadecimal digits: equal for two runs that took the same course. */
  readonly hash: string
  /** Lines of the trace. */
  readonly events: number
  /** Virtual time that passed. */
  readonly simulatedUs: Microseconds
  readonly committedTxns: number
  readonly marks: Marks
  /** Groups of znodes that C11 was asked of, and those that it did not decide within its budget. */
  readonly judged: { readonly groups: number; readonly undecided: number }
  readonly failure: Failure | null
}

export interface Failure {
  /**
   * The invariant's name; `ASSERT` and `FAIL` when a peer stopped by itself, for a rule without a name
   * or in words of its own; `ERROR` for a defect of the simulator.
   */
  readonly invariant: string
  readonly detail: string
  readonly at: Microseconds
  /** The newest lines of the trace. */
  readonly lines: readonly string[]
  /** The newest messages, a column for each peer. */
  readonly chart: readonly string[]
  /** Where each peer stands. */
  readonly peers: readonly string[]
  /** What to type to see it again. */
  readonly replay: string
  /** What the core threw, if it did: its stack. */
  readonly cause: string | null
}

/** How long the chart of a failure is. */
const chartRows = 60

/** Runs a scenario to its end, or to the first violation. */
export function simulate(scenario: Scenario, options: SimulationOptions): Outcome {
  const { seed, ensemble: profile, workload: workloadProfile } = scenario
  const { faults, activities, faultyUs, survivors } = scenario
  const { maxCounter } = profile.limits
  const scheduler = new Scheduler()
  const trace = new Trace(options.keptLines ?? 400, options.print ?? null)
  const coverage = new Coverage(maxCounter)
  const { machine } = options
  const ensemble = new Ensemble({
    seed,
    profile,
    machine,
    scheduler,
    trace,
    coverage,
  })
  const workload = new Workload({ seed, profile: workloadProfile, ensemble, scheduler })
  let failure: Failure | null = null
  let judged = { groups: 0, undecided: 0 }
  try {
    ensemble.start()
    workload.start(activities)
    for (const fault of faults) {
      scheduler.at(fault.at, () => {
        trace.note(scheduler.now, 0, describeFault(fault))
        inject(fault, ensemble, scheduler)
      })
    }
    scheduler.runUntil(faultyUs)
    trace.note(scheduler.now, 0, 'heal')
    const { sessionTimeoutMs } = workloadProfile
    const { limits } = profile
    const surroundings = { scheduler, ensemble, workload, survivors, sessionTimeoutMs, limits }
    const { oracle } = ensemble
    if (demandProgress(surroundings)) oracle.atEnd()
    const { groups, undecided } = oracle.recorded.judge(oracle.history)
    judged = { groups, undecided: undecided.length }
  } catch (error) {
    // What is no violation is a defect of the simulator, or of the codec: told in the same way.
    const broken = error instanceof Violation ? error : new Violation('ERROR', String(error), error)
    failure = {
      invariant: broken.invariant,
      detail: broken.detail,
      at: scheduler.now,
      lines: trace.lines(),
      chart: drawChart(trace.newest(), [...ensemble.members.keys()], chartRows),
      peers: describePeers(ensemble.members.values()),
      replay: options.replay ?? replayOf(scenario),
      cause: broken.cause instanceof Error ? (broken.cause.stack ?? null) : null,
    }
  }
  const { pages } = ensemble.oracle.committed
  const committedTxns = pages.reduce((sum, page) => sum + page.last - page.first + 1, 0)
  coverage.noteOutcomes(ensemble.oracle.history)
  const { marks } = coverage
  return {
    seed,
    hash: trace.hash,
    events: trace.count,
    simulatedUs: scheduler.now,
    committedTxns,
    marks,
    judged,
    failure,
  }
}

/** What to type to run the scenario again. */
function replayOf({ name, seed, faultyUs }: Scenario): string {
  const line = `npm run sim -- --seed ${seed} --seconds ${faultyUs / secondUs}`
  return name === 'swarm' ? line : `${line} --scenario ${name}`
}

/**
 * Makes a failing scenario smaller, until a person can read it: leaves out faults, activities, peers,
 * and evens out what is left. A candidate counts only if the same invariant is violated. Streams of
 * randomness are counted per decision (prng.ts), so what is left out hardly disturbs the rest.
 */
import { defaultLimits, defaultTiming, type Limits, type PeerId } from '@conclave/core/internal'
import { ddmin } from './ddmin.ts'
import type { EnsembleProfile } from './ensemble.ts'
import { faultAmong } from './faults.ts'
import type { Scenario } from './scenario.ts'
import type { Failure } from './simulator.ts'

/** Runs a scenario, and tells how it failed, if it did. */
export type Rerun = (scenario: Scenario) => Failure | null

export interface ShrinkOptions {
  /** How often the scenario may be run. */
  readonly maxRuns?: number
  /** Asked before each run: false ends the search with what was found. */
  readonly mayGoOn?: () => boolean
  /** Hears of each pass that made the scenario smaller. */
  readonly onProgress?: (progress: ShrinkProgress) => void
}

export interface ShrinkProgress {
  readonly pass: string
  readonly runs: number
  readonly scenario: Scenario
}

export interface Shrunk {
  readonly scenario: Scenario
  /** How it fails; its invariant is that of the whole. */
  readonly failure: Failure
  readonly runs: number
  /** True when no pass found anything more to leave out; false when the runs ran out first. */
  readonly isDone: boolean
}

export const defaultShrinkRuns = 600

/** Makes a scenario smaller that fails with `failure`. */
export function shrink(
  scenario: Scenario,
  failure: Failure,
  rerun: Rerun,
  options: ShrinkOptions = {},
): Shrunk {
  const search = new Search(scenario, failure, rerun, options)
  for (;;) {
    const before = search.scenario
    for (const [name, pass] of passes) search.apply(name, pass)
    if (search.isExhausted || search.scenario === before) {
      const { scenario: smallest, failure: its, runs, isExhausted } = search
      return { scenario: smallest, failure: its, runs, isDone: !isExhausted }
    }
  }
}

/** The smallest scenario so far, and what finding a smaller one has cost. */
class Search {
  scenario: Scenario
  failure: Failure
  runs = 0
  /** True once a run was refused. */
  isExhausted = false
  readonly #wanted: string
  readonly #rerun: Rerun
  readonly #options: ShrinkOptions

  constructor(scenario: Scenario, failure: Failure, rerun: Rerun, options: ShrinkOptions) {
    this.scenario = upTo(scenario, failure.at)
    this.failure = failure
    this.#wanted = kindOf(failure)
    this.#rerun = rerun
    this.#options = options
  }

  apply(name: string, pass: Pass): void {
    const before = this.scenario
    pass(this)
    const { scenario, runs } = this
    if (scenario !== before) this.#options.onProgress?.({ pass: name, runs, scenario })
  }

  /** True when the candidate fails in the same way: it then takes the place of the scenario. */
  accepts(candidate: Scenario): boolean {
    const planned = within(candidate)
    if (JSON.stringify(planned) === JSON.stringify(this.scenario)) return true
    const { maxRuns = defaultShrinkRuns, mayGoOn } = this.#options
    if (this.runs >= maxRuns || mayGoOn?.() === false) this.isExhausted = true
    if (this.isExhausted) return false
    this.runs += 1
    const failure = this.#rerun(planned)
    if (failure === null || kindOf(failure) !== this.#wanted) return false
    this.scenario = upTo(planned, failure.at)
    this.failure = failure
    return true
  }
}

/** What must stay the same: the invariant, or where there is none, what was said but for numbers. */
function kindOf({ invariant, detail }: Failure): string {
  const isNamed = /^[A-Z]\d/.test(invariant)
  return isNamed ? invariant : `${invariant} ${detail.replaceAll(/\d+/g, '0')}`
}

/** The same course up to then: whatever is planned for later cannot have mattered. */
function upTo(scenario: Scenario, at: number): Scenario {
  return within({ ...scenario, faultyUs: Math.min(scenario.faultyUs, at + 1) })
}

/** The scenario without what it plans for times when its faults are over. */
function within(scenario: Scenario): Scenario {
  const faults = scenario.faults.filter((fault) => fault.at < scenario.faultyUs)
  const activities = scenario.activities.filter((activity) => activity.at < scenario.faultyUs)
  return { ...scenario, faults, activities }
}

type Pass = (search: Search) => void

const passes: readonly (readonly [name: string, pass: Pass])[] = [
  ['horizon', shortenHorizon],
  // First of all, since a run without jitter hardly changes when something is left out.
  ['settings', evenOut],
  ['fault classes', dropFaultClasses],
  ['leaps', leap],
  ['faults', dropFaults],
  ['clients', dropClients],
  ['activities', dropActivities],
  ['peers', dropPeers],
  ['transactions', shortenTransactions],
]

/** What fails after the faults are over often does so after fewer of them. */
function shortenHorizon(search: Search): void {
  const shares = [1 / 8, 1 / 4, 1 / 2, 3 / 4, 7 / 8]
  while (search.failure.at >= search.scenario.faultyUs) {
    const { scenario } = search
    const shorter = shares.map((share) => upTo(scenario, Math.floor(scenario.faultyUs * share)))
    if (!shorter.some((candidate) => search.accepts(candidate))) return
  }
}

function dropFaultClasses(search: Search): void {
  for (const type of new Set(search.scenario.faults.map((fault) => fault.type))) {
    const faults = search.scenario.faults.filter((fault) => fault.type !== type)
    search.accepts({ ...search.scenario, faults })
  }
}

/** How many other seeds a leap is tried with. */
const leapSeeds = 6

/**
 * Drops half of all or everything, and tries what is left with other seeds as well: to leave out so
 * much moves so many draws that the failure is often missed by a hair.
 */
function leap(search: Search): void {
  for (const list of ['activities', 'faults'] as const) {
    for (;;) {
      const { scenario } = search
      const planned = scenario[list]
      const middle = Math.ceil(planned.length / 2)
      const parts = [[], planned.slice(middle), planned.slice(0, middle)]
      const shorter = parts.filter((part) => part.length < planned.length)
      const candidates = shorter.flatMap((part) =>
        Array.from({ length: leapSeeds + 1 }, (_, add) => {
          return { ...scenario, [list]: part, seed: scenario.seed + add }
        }),
      )
      if (!candidates.some((candidate) => search.accepts(candidate))) break
    }
  }
}

function dropFaults(search: Search): void {
  ddmin(search.scenario.faults, (faults) => search.accepts({ ...search.scenario, faults }))
}

/** Takes clients away, and numbers those that are left anew. */
function dropClients(search: Search): void {
  ddmin(clientsOf(search.scenario), (clients) => {
    const activities = search.scenario.activities.filter((one) => clients.includes(one.client))
    return search.accepts({ ...search.scenario, activities })
  })
  const left = clientsOf(search.scenario)
  const activities = search.scenario.activities.map((activity) => ({
    ...activity,
    client: left.indexOf(activity.client),
  }))
  const workload = { ...search.scenario.workload, clientCount: left.length }
  search.accepts({ ...search.scenario, activities, workload })
}

function clientsOf({ activities }: Scenario): readonly number[] {
  return [...new Set(activities.map((one) => one.client))].sort((a, b) => a - b)
}

function dropActivities(search: Search): void {
  ddmin(search.scenario.activities, (activities) => {
    return search.accepts({ ...search.scenario, activities })
  })
}

/** Observers first, then two voters at a time, so that quorums stay as they are meant. */
function dropPeers(search: Search): void {
  const observers = search.scenario.ensemble.members.filter((one) => one.role === 'observer')
  for (const { id } of observers) search.accepts(without(search.scenario, [id]))
  for (;;) {
    const { scenario } = search
    const voters = scenario.ensemble.members.filter((one) => one.role === 'voter')
    const ids = voters.map((one) => one.id).reverse()
    const pairs = ids.flatMap((a, index) => ids.slice(index + 1).map((b) => [a, b]))
    if (ids.length < 3 || !pairs.some((pair) => search.accepts(without(scenario, pair)))) return
  }
}

function without(scenario: Scenario, gone: readonly PeerId[]): Scenario {
  const { ensemble } = scenario
  const stays = (index: number): boolean => !gone.includes(ensemble.members[index]?.id ?? 0)
  const members = ensemble.members.filter((_, index) => stays(index))
  const clocks = ensemble.clocks.filter((_, index) => stays(index))
  const peers = new Set(members.map((one) => one.id))
  const faults = scenario.faults.flatMap((fault) => faultAmong(fault, peers) ?? [])
  return { ...scenario, faults, ensemble: { ...ensemble, members, clocks } }
}

function shortenTransactions(search: Search): void {
  for (const [index, activity] of search.scenario.activities.entries()) {
    if (activity.type !== 'transaction') continue
    ddmin(activity.operations, (operations) => {
      // A run that fails earlier than the ones before it ends before this activity.
      if (operations.length === 0 || index >= search.scenario.activities.length) return false
      const activities = search.scenario.activities.with(index, { ...activity, operations })
      return search.accepts({ ...search.scenario, activities })
    })
  }
}

/** What is special about a run becomes usual, thing by thing, where that is not what it takes. */
function evenOut(search: Search): void {
  const changes = [...evenings, ...limitNames.map(usualLimit)]
  for (const change of changes) {
    search.accepts({ ...search.scenario, ensemble: change(search.scenario.ensemble) })
  }
}

type Evening = (ensemble: EnsembleProfile) => EnsembleProfile

const evenings: readonly Evening[] = [
  (ensemble) => {
    const clocks = ensemble.clocks.map(() => ({ rate: 1, offsetMs: 0, wallOffsetMs: 0 }))
    return { ...ensemble, clocks }
  },
  (ensemble) => {
    const members = ensemble.members.map(({ id, role }) => ({ id, role }))
    return { ...ensemble, members }
  },
  (ensemble) => ({ ...ensemble, timing: defaultTiming }),
  (ensemble) => ({ ...ensemble, limits: defaultLimits }),
  (ensemble) => ({ ...ensemble, network: { ...ensemble.network, slowChance: 0 } }),
  (ensemble) => ({ ...ensemble, network: { ...ensemble.network, jitterUs: 0 } }),
  (ensemble) => {
    const { network } = ensemble
    return { ...ensemble, network: { ...network, noticeUpToUs: network.noticeFromUs } }
  },
  (ensemble) => ({ ...ensemble, disk: { ...ensemble.disk, slowSyncChance: 0 } }),
  (ensemble) => ({ ...ensemble, step: { ...ensemble.step, batchUs: 0 } }),
]

const limitNames = Object.keys(defaultLimits) as readonly (keyof Limits)[]

function usualLimit(name: keyof Limits): Evening {
  return (ensemble) => {
    return { ...ensemble, limits: { ...ensemble.limits, [name]: defaultLimits[name] } }
  }
}

/**
 * One application: it does what its scenario says, from what it knows. It has at most one session,
 * and asks for another when that is over.
 */
import type { WriteRequest } from '@conclave/core/internal'
import { requestOf, type Activity, type PlannedWrite } from './activities.ts'
import type { Call, SessionHistory } from './history.ts'
import type { Member } from './member.ts'
import type { Workload } from './workload.ts'
import type { WorkloadProfile } from './workload-profile.ts'

/** Where sessions may be read-only, one of so many is. */
const readOnlyOf = 4
/** Watches that a session has at most. */
const maxWatches = 8

export class Client {
  readonly #workload: Workload
  readonly #profile: WorkloadProfile
  #session: SessionHistory | null = null
  #isAsking = false
  #isClosing = false
  readonly #open = new Set<Call>()
  /** What is to be read when a sync is answered. */
  readonly #readings = new Map<Call, string>()
  #lastWatch = 0

  constructor(workload: Workload, profile: WorkloadProfile) {
    this.#workload = workload
    this.#profile = profile
  }

  get session(): SessionHistory | null {
    return this.#session
  }

  /** Does this, or asks for a session to do such things in. */
  act(activity: Activity): void {
    if (this.#session !== null) {
      const standsStill = this.#workload.standsStill(this.#session)
      if (!this.#isClosing && !standsStill) this.#use(this.#session, activity)
      return
    }
    if (this.#isAsking) return
    const running = [...this.#workload.ensemble.members.values()].filter((one) => one.isRunning)
    const member = pickBy(activity.choice, running)
    if (member === undefined) return
    if (this.#profile.readOnly && activity.choice % readOnlyOf === 0) {
      this.#workload.openReadOnly(this, member)
    } else this.ask(member)
  }

  /** Asks this member for a session. */
  ask(member: Member): void {
    this.#isAsking = true
    this.#workload.requestSession(this, member, this.#profile.sessionTimeoutMs)
  }

  onSessionOpened(session: SessionHistory): void {
    this.#isAsking = false
    this.#isClosing = false
    this.#session = session
  }

  onSessionFailed(): void {
    this.#isAsking = false
  }

  onSessionEnded(): void {
    this.#session = null
    this.#open.clear()
    this.#readings.clear()
  }

  onAnswered(call: Call): void {
    this.#open.delete(call)
    const path = this.#readings.get(call)
    this.#readings.delete(call)
    // Whoever asked to be up to date looks at once.
    if (call.answer?.type === 'synced' && path !== undefined) this.#workload.readSoon(this, path)
  }

  /** Makes a call; `null` when there is no session. */
  write(request: WriteRequest): Call | null {
    return this.#call(request)
  }

  /** Asks to be up to date, and reads the path then; `null` when there is no session. */
  sync(path: string): Call | null {
    const call = this.#call(null)
    if (call !== null) this.#readings.set(call, path)
    return call
  }

  #call(request: Call['request']): Call | null {
    if (this.#session === null) return null
    const call = this.#workload.call(this, this.#session, request)
    this.#open.add(call)
    return call
  }

  #use(session: SessionHistory, activity: Activity): void {
    switch (activity.type) {
      case 'read':
        this.#workload.read(session, activity.path)
        return
      case 'watch':
        if (session.watches.size >= maxWatches) return
        this.#lastWatch += 1
        this.#workload.addWatch(session, this.#lastWatch, activity.path, activity.depth)
        return
      case 'unwatch': {
        const watch = pickBy(activity.choice, [...session.watches.keys()])
        if (watch !== undefined) this.#workload.removeWatch(session, watch)
        return
      }
      case 'abort': {
        const call = pickBy(activity.choice, [...this.#open])
        if (call !== undefined) this.#workload.abort(session, call)
        return
      }
      case 'reconfigure': {
        const request = this.#workload.reconfigurationOf(session, activity)
        if (request !== null) this.write(request)
        return
      }
      default:
        if (this.#open.size < this.#profile.pipelining) this.#makeCall(session, activity)
    }
  }

  #makeCall(
    session: SessionHistory,
    activity: Extract<Activity, PlannedWrite | { type: 'sync' }>,
  ): void {
    if (activity.type === 'sync') {
      this.sync(activity.path)
      return
    }
    if (activity.type === 'close') this.#isClosing = true
    this.write(
      requestOf(activity, (path) => this.#workload.read(session, path).found?.stat.version ?? 0),
    )
  }
}

/** One of them, by remainder; `undefined` when there is none. */
function pickBy<T>(choice: number, list: readonly T[]): T | undefined {
  return list[choice % list.length]
}

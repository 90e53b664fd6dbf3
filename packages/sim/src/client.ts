/**
 * One application: it does what its scenario says, from what it knows. It has at most one session,
 * and asks for another when that is over.
 */
import type { WriteRequest } from '@conclave/core/internal'
import { requestOf, type Activity, type PlannedWrite } from './activities.ts'
import type { Call, SessionHistory } from './history.ts'
import type { Member } from './member.ts'
import { millisecondUs } from './scheduler.ts'
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
  /** What it had last and may take elsewhere. */
  #former: SessionHistory | null = null
  /** Sessions that it has asked for, new ones or its own at another peer, and heard nothing of yet. */
  #askedCount = 0
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
    if (this.#askedCount > 0) return
    const member = this.#pickMember(activity.choice)
    if (member === undefined) return
    if (this.#former !== null) this.#takeUp(this.#former, member)
    else if (this.#profile.readOnly && activity.choice % readOnlyOf === 0) {
      this.#workload.openReadOnly(this, member)
    } else this.ask(member)
  }

  /** Asks this member for a session. */
  ask(member: Member): void {
    this.#workload.requestSession(this, member, this.#profile.sessionTimeoutMs)
  }

  /** False of a session that is elsewhere since. */
  onSessionOpened(session: SessionHistory): boolean {
    const known = this.#session ?? this.#former
    if (known?.id === session.id && known.hostedSince > session.hostedSince) return false
    this.#open.clear()
    this.#isClosing = false
    this.#session = session
    this.#former = null
    return true
  }

  onSessionAsked(): void {
    this.#askedCount += 1
  }

  /** The session is there, or it will not be. */
  onSessionAnswered(): void {
    this.#askedCount -= 1
  }

  onSessionEnded(livesOn: boolean): void {
    const mayRoam = livesOn && this.#profile.roaming && this.#session?.isReadOnly === false
    this.#former = mayRoam ? this.#session : null
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
      case 'move':
        this.#move(session, activity)
        return
      case 'reconfigure': {
        const request = this.#workload.reconfigurationOf(session, activity)
        if (request !== null) this.write(request)
        return
      }
      default:
        if (this.#open.size < this.#profile.pipelining) this.#makeCall(session, activity)
    }
  }

  /** Asks for the session elsewhere, and goes on with it where it is until it is there. */
  #move(
    session: SessionHistory,
    { choice, twice, givesUp }: Extract<Activity, { type: 'move' }>,
  ): void {
    if (session.isReadOnly) return
    for (const at of twice ? [choice, choice + 1] : [choice]) {
      const member = this.#pickMember(at)
      const call = member && this.#workload.requestMove(this, member, session)
      if (givesUp && member !== undefined && typeof call === 'number') {
        this.#workload.giveUpSoon(member, call, choice * millisecondUs)
      }
    }
  }

  /** Asks this member for the session that it had, or lets go of it when it is over. */
  #takeUp(former: SessionHistory, member: Member): void {
    if (this.#workload.hasEnded(former)) this.#former = null
    else this.#workload.requestMove(this, member, former)
  }

  #pickMember(choice: number): Member | undefined {
    const { members } = this.#workload.ensemble
    return pickBy(
      choice,
      [...members.values()].filter((one) => one.isRunning),
    )
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

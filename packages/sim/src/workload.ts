/**
 * The applications of a run: each has one session at a time, on a peer that runs, and writes, reads,
 * watches, gives up and closes as its scenario says. Everything it asks for and everything it is told
 * is in the history.
 */
import {
  findZnode,
  getChildren,
  type CallId,
  type Delivery,
  type Effect,
  type Event,
  type Identity,
  type Reconfiguration,
  type SessionId,
  zeroZxid,
} from '@conclave/core/internal'
import type { Activity } from './activities.ts'
import { identityOf, superuser } from './access.ts'
import { Client } from './client.ts'
import type { ApplicationListener, Ensemble } from './ensemble.ts'
import { SessionHistory, type Call, type SessionCall } from './history.ts'
import type { Member } from './member.ts'
import type { Reading } from './observation.ts'
import { Random } from './prng.ts'
import { reconfigurationOf } from './reconfigurations.ts'
import type { Microseconds, Scheduler } from './scheduler.ts'
import { demand } from './violation.ts'
import type { WorkloadProfile } from './workload-profile.ts'

export interface WorkloadSurroundings {
  readonly seed: number
  readonly profile: WorkloadProfile
  readonly ensemble: Ensemble
  readonly scheduler: Scheduler
}

export class Workload implements ApplicationListener {
  readonly #surroundings: WorkloadSurroundings
  readonly #clients: readonly Client[]
  readonly #passwords: Random
  readonly #calls = new Map<CallId, { readonly call: Call; readonly client: Client }>()
  readonly #sessionCalls = new Map<
    CallId,
    { readonly call: SessionCall; readonly client: Client; readonly member: Member }
  >()
  readonly #owners = new Map<SessionId, Client>()
  #lastCall = 0
  #readOnlyCount = 0

  constructor(surroundings: WorkloadSurroundings) {
    this.#surroundings = surroundings
    const { seed, profile, ensemble } = surroundings
    this.#passwords = new Random(seed, 'password')
    const count = profile.clientCount + ensemble.members.size
    // The first ones work; behind them is one for each member that only asks it, in the end.
    this.#clients = Array.from({ length: count }, () => new Client(this, profile))
    ensemble.applications = this
  }

  get ensemble(): Ensemble {
    return this.#surroundings.ensemble
  }

  /** The clients that ask each member, in the order of the members. */
  get probes(): readonly Client[] {
    return this.#clients.slice(this.#surroundings.profile.clientCount)
  }

  /** Has these happen, each at its time. In the order of their times. */
  start(activities: readonly Activity[]): void {
    this.#goOn(activities, 0)
  }

  /** Calls that wait for an answer. */
  get openCalls(): readonly string[] {
    const calls = [...this.#calls.values()].map(({ call }) => `call ${call.id}`)
    const sessions = [...this.#sessionCalls.keys()].map((id) => `session call ${id}`)
    return [...calls, ...sessions]
  }

  /** Sessions that their applications still have. */
  get openSessions(): readonly SessionHistory[] {
    return [...this.#owners.values()].flatMap((client) => client.session ?? [])
  }

  #goOn(activities: readonly Activity[], index: number): void {
    const activity = activities[index]
    if (activity === undefined) return
    this.#surroundings.scheduler.at(activity.at, () => {
      this.#clients[activity.client]?.act(activity)
      this.#goOn(activities, index + 1)
    })
  }

  /** Asks a member for a session. */
  requestSession(client: Client, member: Member, timeoutMs: number): void {
    const id = this.#nextCall()
    const password = Uint8Array.from({ length: 16 }, () => this.#passwords.integer(0, 255))
    const asked = { id, peer: member.id, timeoutMs, password: password.join(), moves: null }
    this.#askFor(client, member, asked)
    member.push({ type: 'session-requested', call: id, timeoutMs, password })
  }

  /**
   * Asks a member for a session that the client has had elsewhere; `null` when the member does not know
   * it, or has it already.
   */
  requestMove(client: Client, member: Member, former: SessionHistory): CallId | null {
    const record = member.core?.replica.sessions.get(former.id)
    if (record === undefined || member.sessionDeadlineMs(former.id) !== undefined) return null
    const id = this.#nextCall()
    const { id: session, timeoutMs } = former
    const replaces = record.hostedSince
    const moves = { session, replaces }
    const password = record.password.join()
    this.#askFor(client, member, { id, peer: member.id, timeoutMs, password, moves })
    member.push({ type: 'session-move-requested', call: id, session, replaces })
    return id
  }

  #askFor(client: Client, member: Member, asked: Omit<SessionCall, 'answer'>): void {
    const call = { ...asked, answer: null }
    this.ensemble.oracle.history.sessionCalls.push(call)
    this.#sessionCalls.set(call.id, { call, client, member })
    client.onSessionAsked()
  }

  /** Gives up the call for a session after a while. */
  giveUpSoon(member: Member, call: CallId, afterUs: Microseconds): void {
    this.#surroundings.scheduler.after(afterUs, () => {
      if (this.#sessionCalls.has(call)) member.push({ type: 'call-aborted', call })
    })
  }

  /** True when the session is over, as any peer would tell its client in the end. */
  hasEnded({ id }: SessionHistory): boolean {
    return !this.ensemble.oracle.model.isLive(id)
  }

  /** Gives the client a session that this member alone knows. */
  openReadOnly(client: Client, member: Member): void {
    this.#readOnlyCount += 1
    const session = -this.#readOnlyCount as SessionId
    member.push({ type: 'read-only-session-opened', session })
    this.#give(client, new SessionHistory(session, member.id, Infinity))
  }

  /** Makes a call of the client's session: a write, or a sync. */
  call(client: Client, session: SessionHistory, request: Call['request']): Call {
    const { oracle } = this.ensemble
    const call: Call = {
      id: this.#nextCall(),
      session: session.id,
      peer: session.peer,
      request,
      calledAt: this.#surroundings.scheduler.now,
      floor: oracle.committed.end.last,
      answer: null,
      zxid: null,
    }
    session.calls.push(call)
    this.#calls.set(call.id, { call, client })
    const member = this.#memberOf(session)
    if (request === null) {
      member.push({ type: 'sync-requested', session: session.id, call: call.id })
    } else {
      const isGuarded = request.type === 'reconfigure'
      if (isGuarded) this.#identify(session, [superuser])
      member.push({ type: 'request-received', session: session.id, call: call.id, request })
      if (isGuarded) this.#identify(session, session.identities)
    }
    return call
  }

  abort(session: SessionHistory, call: Call): void {
    this.#memberOf(session).push({ type: 'call-aborted', call: call.id })
  }

  addWatch(
    session: SessionHistory,
    watch: number,
    path: string,
    depth: 'node' | 'children' | 'subtree',
  ): void {
    session.watches.set(watch, { number: watch, path, depth })
    this.#memberOf(session).push({
      type: 'watch-added',
      session: session.id,
      watch,
      path,
      depth,
    })
  }

  /** The watch goes when the peer has heard of it: see `onStepped`. */
  removeWatch(session: SessionHistory, watch: number): void {
    this.#memberOf(session).push({ type: 'watch-removed', session: session.id, watch })
  }

  /** Has the client read when it has been told all that it is told now. */
  readSoon(client: Client, path: string): void {
    this.#surroundings.scheduler.after(0, () => {
      if (client.session !== null) this.read(client.session, path)
    })
  }

  /** The change of the members that is asked for at the session's peer; `null` when there is none. */
  reconfigurationOf(
    session: SessionHistory,
    activity: Extract<Activity, { type: 'reconfigure' }>,
  ): Reconfiguration | null {
    const { ensemble } = this
    const current = this.#memberOf(session).core?.replica.configuration ?? null
    if (current === null) return null
    const peers = [...ensemble.members.keys()]
    const leader = ensemble.leader?.id ?? 0
    const request = reconfigurationOf(activity, { current, peers, leader })
    if (request === null) return null
    return ensemble.atlas.mayAsk(request.version + 1, request.members) ? request : null
  }

  /** True while the session's peer, and so its application, is stopped in the midst of a step. */
  standsStill(session: SessionHistory): boolean {
    return this.#memberOf(session).interrupted.isThere
  }

  /** Reads at the session's peer, as it is now. */
  read(session: SessionHistory, path: string): Reading {
    const member = this.#memberOf(session)
    const replica = member.core?.replica
    demand(replica !== undefined, 'C3', () => 'an application reads at a peer that is down')
    const found = findZnode(replica, path, [superuser]) ?? null
    const children = found === null ? [] : getChildren(replica, path, [superuser]).children
    const reading = { path, zxid: replica.lastApplied, found, children }
    this.ensemble.oracle.onRead(member, session, reading)
    return reading
  }

  onEffect(member: Member, effect: Effect): void {
    switch (effect.type) {
      case 'open-session':
        this.#opened(member, effect.call, effect.session, effect.timeoutMs)
        break
      case 'fail-session': {
        const asked = this.#sessionCalls.get(effect.call)
        if (asked === undefined) break
        this.#sessionCalls.delete(effect.call)
        asked.call.answer = { outcome: effect.outcome }
        this.ensemble.oracle.onSessionAnswer(member, asked.call)
        if (effect.code === 'SESSION_MOVED') this.ensemble.reached('session-move-lost')
        asked.client.onSessionAnswered()
        break
      }
      case 'deliver':
        for (const item of effect.items) this.#delivered(member, effect.to, item)
        if (effect.items.some((item) => item.type === 'ended'))
          this.#demandAnswers(member, effect.to)
        break
      default:
        break
    }
  }

  onStepped(member: Member, events: readonly Event[]): void {
    const { history } = this.ensemble.oracle
    for (const event of events) {
      if (event.type !== 'watch-removed') continue
      history.at(member.id, event.session)?.watches.delete(event.watch)
    }
  }

  onStopped(member: Member): void {
    for (const [id, { call, client }] of this.#calls) {
      if (call.peer !== member.id) continue
      this.#calls.delete(id)
      call.answer = { type: 'lost' }
      client.onAnswered(call)
    }
    for (const [id, asked] of this.#sessionCalls) {
      if (asked.member !== member) continue
      this.#sessionCalls.delete(id)
      asked.call.answer = { outcome: 'unknown' }
      asked.client.onSessionAnswered()
    }
    for (const session of this.ensemble.oracle.history.sessions) {
      if (session.peer !== member.id || !session.isOpen) continue
      session.abandoned = true
      this.#leave(session, true)
    }
  }

  #nextCall(): CallId {
    this.#lastCall += 1
    return this.#lastCall
  }

  #memberOf(session: SessionHistory): Member {
    return this.ensemble.members.get(session.peer) as Member
  }

  #opened(member: Member, id: CallId, session: SessionId, timeoutMs: number): void {
    const asked = this.#sessionCalls.get(id)
    demand(asked !== undefined, 'C1', () => `peer ${member.id} answers session call ${id} twice`)
    this.#sessionCalls.delete(id)
    asked.client.onSessionAnswered()
    const { oracle } = this.ensemble
    const applied = member.view?.lastApplied ?? zeroZxid
    const hostedSince = oracle.model.hostedSince(session, member.id, applied) ?? zeroZxid
    asked.call.answer = { session, hostedSince }
    oracle.onSessionAnswer(member, asked.call)
    if (asked.call.moves !== null) this.#noteMove(member, session)
    this.#give(asked.client, new SessionHistory(session, member.id, timeoutMs, hostedSince))
  }

  #identify(session: SessionHistory, identities: readonly Identity[]): void {
    this.#memberOf(session).push({ type: 'session-authenticated', session: session.id, identities })
  }

  #noteMove(to: Member, session: SessionId): void {
    const { ensemble } = this
    const former = ensemble.oracle.history.placesOf(session).at(-1)
    ensemble.reached('session-moved')
    if (former === undefined) return
    if (former.peer === to.id) ensemble.reached('session-moved-to-itself')
    else if (ensemble.members.get(former.peer)?.isRunning !== true) {
      ensemble.reached('session-moved-from-down')
    }
    if (former.calls.some(({ answer }) => answer === null)) ensemble.reached('session-moved-on')
  }

  #give(client: Client, session: SessionHistory): void {
    this.ensemble.oracle.history.open(session)
    if (this.#surroundings.profile.lists) {
      session.identities.push(identityOf(this.#clients.indexOf(client)))
      this.#identify(session, session.identities)
    }
    if (client.onSessionOpened(session)) this.#owners.set(session.id, client)
  }

  #delivered(member: Member, id: SessionId, item: Delivery): void {
    const { oracle } = this.ensemble
    const session = oracle.history.at(member.id, id)
    demand(session !== undefined, 'S1', () => `peer ${member.id} tells a session nobody knows`)
    oracle.onDelivery(member, session, item)
    switch (item.type) {
      case 'watch-event':
      case 'watch-gap':
      case 'watch-refused':
      case 'wire-event':
      case 'wire-gap':
      case 'wire-watches':
        break
      case 'ended':
        this.#ended(session, item.reason)
        break
      case 'reply':
      case 'refused':
      case 'failed':
      case 'synced': {
        const open = this.#calls.get(item.call)
        const answered = open?.call ?? session.calls.find((call) => call.id === item.call)
        demand(answered !== undefined, 'C1', () => `call ${item.call} was never made`)
        // An answer behind another one is what C1 looks for.
        if (open !== undefined) {
          this.#calls.delete(item.call)
          open.call.answer = item
        }
        oracle.onAnswer(member, session, answered)
        open?.client.onAnswered(open.call)
        break
      }
    }
  }

  /** A session that has ended leaves no call behind but those that its peer has not heard yet. */
  #demandAnswers(member: Member, session: SessionId): void {
    for (const { call } of this.#calls.values()) {
      demand(
        call.session !== session || call.peer !== member.id || member.hasPending(call.id),
        'C1',
        () => `session ${session} ends, its call ${call.id} is not answered`,
      )
    }
  }

  #ended(session: SessionHistory, reason: 'closed' | 'expired' | 'moved'): void {
    session.ended = reason
    this.#leave(session, reason === 'moved')
  }

  /** The session is not there any more, and may be elsewhere, or taken elsewhere, when it `livesOn`. */
  #leave(session: SessionHistory, livesOn: boolean): void {
    const client = this.#owners.get(session.id)
    if (client?.session !== session) return
    this.#owners.delete(session.id)
    client.onSessionEnded(livesOn)
  }
}

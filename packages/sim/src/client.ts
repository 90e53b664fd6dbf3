/**
 * One application: what it does next is drawn, from what it knows. It has at most one session, and
 * asks for another when that is over.
 */
import {
  anyVersion,
  type CreateOperation,
  type Operation,
  type WriteRequest,
} from '@conclave/core/internal'
import type { Call, SessionHistory } from './history.ts'
import type { Member } from './member.ts'
import type { Random } from './prng.ts'
import type { Workload } from './workload.ts'
import { activities, type Activity, type WorkloadProfile } from './workload-profile.ts'

export class Client {
  readonly random: Random
  /** False of one that acts only when it is told to. */
  readonly works: boolean
  isQuiet = false
  readonly #workload: Workload
  readonly #profile: WorkloadProfile
  readonly #activities: readonly Activity[]
  #session: SessionHistory | null = null
  #isAsking = false
  #isClosing = false
  readonly #open = new Set<Call>()
  #lastWatch = 0
  #written = 0

  constructor(random: Random, workload: Workload, profile: WorkloadProfile, works: boolean) {
    this.random = random
    this.works = works
    this.#workload = workload
    this.#profile = profile
    this.#activities = activities.flatMap((activity) =>
      Array.from({ length: profile.weights[activity] }, () => activity),
    )
  }

  get session(): SessionHistory | null {
    return this.#session
  }

  /** Does the next thing. */
  act(): void {
    if (this.#session !== null) this.#use(this.#session)
    else if (!this.#isAsking) {
      const running = [...this.#workload.ensemble.members.values()].filter((one) => one.isRunning)
      if (running.length > 0) this.ask(this.random.pick(running))
    }
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
  }

  onAnswered(call: Call): void {
    this.#open.delete(call)
    // Whoever asked to be up to date looks at once.
    if (call.answer?.type === 'synced') this.#workload.readSoon(this, this.#drawPath())
  }

  /** Makes a call; `null` when there is no session. */
  write(request: WriteRequest | null): Call | null {
    if (this.#session === null) return null
    const call = this.#workload.call(this, this.#session, request)
    this.#open.add(call)
    return call
  }

  #use(session: SessionHistory): void {
    if (this.#isClosing) return
    const activity = this.random.pick(this.#activities)
    switch (activity) {
      case 'read':
        this.#workload.read(session, this.#drawPath())
        return
      case 'watch': {
        this.#lastWatch += 1
        const depth = this.random.pick(['node', 'children', 'subtree'] as const)
        if (session.watches.size < 8) {
          this.#workload.addWatch(session, this.#lastWatch, this.#drawPath(), depth)
        }
        return
      }
      case 'unwatch': {
        const watches = [...session.watches.keys()]
        if (watches.length > 0) this.#workload.removeWatch(session, this.random.pick(watches))
        return
      }
      case 'abort': {
        const open = [...this.#open]
        if (open.length > 0) this.#workload.abort(session, this.random.pick(open))
        return
      }
      default:
        if (this.#open.size < this.#profile.pipelining) this.write(this.#drawCall(activity))
    }
  }

  #drawCall(activity: Exclude<Activity, 'read' | 'watch' | 'unwatch' | 'abort'>): Call['request'] {
    switch (activity) {
      case 'create':
        return { ...this.#drawCreate(), parents: this.random.chance(0.2) }
      case 'set':
        return this.#drawSet()
      case 'delete': {
        const path = this.#drawPath()
        const recursive = this.random.chance(0.15)
        return { type: 'delete', path, version: this.#drawVersion(path), recursive }
      }
      case 'transaction': {
        const count = this.random.integer(1, 4)
        const operations = Array.from({ length: count }, () => this.#drawOperation())
        return { type: 'transaction', operations }
      }
      case 'sync':
        return null
      case 'close':
        if (this.random.chance(0.5)) return null
        this.#isClosing = true
        return { type: 'close-session' }
    }
  }

  #drawOperation(): Operation {
    const kind = this.random.integer(0, 9)
    if (kind < 4) return this.#drawCreate()
    if (kind < 7) return this.#drawSet()
    const path = this.#drawPath()
    const version = this.#drawVersion(path)
    return { type: kind < 8 ? 'check' : 'delete', path, version }
  }

  #drawCreate(): CreateOperation {
    const sequential = this.random.chance(0.3)
    const path = this.#drawPath()
    return {
      type: 'create',
      path: sequential ? `${path}-` : path,
      data: this.#drawData(),
      mode: this.random.chance(0.4) ? 'ephemeral' : 'persistent',
      sequential,
    }
  }

  #drawSet(): Operation & { readonly type: 'set' } {
    const path = this.#drawPath()
    return { type: 'set', path, data: this.#drawData(), version: this.#drawVersion(path) }
  }

  /** One of a few names, up to three levels deep. */
  #drawPath(): string {
    const depth = this.random.pick([1, 1, 2, 2, 3])
    let path = ''
    for (let level = 0; level < depth; level += 1) {
      path += `/n${this.random.integer(1, this.#profile.names)}`
    }
    return path
  }

  /** Mostly any; otherwise the one that was last seen, or one that is wrong. */
  #drawVersion(path: string): number {
    if (this.#session === null || this.random.chance(0.5)) return anyVersion
    const { found } = this.#workload.read(this.#session, path)
    return (found?.stat.version ?? 0) + (this.random.chance(0.2) ? 1 : 0)
  }

  #drawData(): Uint8Array | null {
    if (this.random.chance(0.05)) return null
    this.#written += 1
    const length = this.random.chance(0.1) ? this.random.integer(100, 600) : 0
    const text = `${this.#session?.id ?? 0}/${this.#written}`.padEnd(length, '.')
    return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
  }
}

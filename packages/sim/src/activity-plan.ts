/** Draws what the applications of a run do, and when. */
import type { CreateMode } from '@conclave/core/internal'
import { listNames, type ListName } from './access.ts'
import type {
  Activity,
  ExpectedVersion,
  PlannedCreate,
  PlannedOperation,
  PlannedWrite,
} from './activities.ts'
import { drawMoves } from './moves.ts'
import { Random } from './prng.ts'
import type { Microseconds } from './scheduler.ts'
import { activityTypes, type WorkloadProfile } from './workload-profile.ts'

/** The activities of a run, in the order of their times. None is at `until` or later. */
export function drawActivities(
  seed: number,
  profile: WorkloadProfile,
  until: Microseconds,
): readonly Activity[] {
  const activities: Activity[] = []
  for (let client = 0; client < profile.clientCount; client += 1) {
    const planner = new Planner(seed, client, profile)
    for (;;) {
      const activity = planner.next()
      if (activity.at >= until) break
      activities.push(activity)
    }
  }
  if (profile.roaming) activities.push(...drawMoves(seed, profile.clientCount, until))
  return activities.sort((a, b) => a.at - b.at || a.client - b.client)
}

/** Draws what one client does, one thing after the other. */
class Planner {
  readonly #random: Random
  /** Decides which persistent znodes are of another kind. */
  readonly #kinds: Random
  /** Decides about lists of access. */
  readonly #lists: Random
  readonly #client: number
  readonly #profile: WorkloadProfile
  readonly #types: (typeof activityTypes)[number][]
  #at: Microseconds = 0
  #written = 0

  constructor(seed: number, client: number, profile: WorkloadProfile) {
    this.#random = new Random(seed, 'workload', client)
    this.#kinds = new Random(seed, 'reaping', client + 1)
    this.#lists = new Random(seed, 'lists', client + 1)
    this.#client = client
    this.#profile = profile
    this.#types = activityTypes.flatMap((type) =>
      Array.from({ length: profile.weights[type] }, () => type),
    )
  }

  next(): Activity {
    const random = this.#random
    this.#at += random.exponential(this.#profile.thinkUs)
    const choice = random.integer(0, 255)
    const when = { at: this.#at, client: this.#client, choice }
    const type = random.pick(this.#types)
    switch (type) {
      case 'create':
        return { ...when, ...this.#drawCreate(), parents: random.chance(0.2) }
      case 'set':
        if (this.#profile.lists && this.#lists.chance(0.2))
          return { ...when, ...this.#drawSetList() }
        return { ...when, ...this.#drawSet() }
      case 'delete': {
        const path = this.#drawPath()
        return { ...when, type, path, version: this.#drawVersion(), recursive: random.chance(0.15) }
      }
      case 'transaction': {
        const count = random.integer(1, 4)
        const operations = Array.from({ length: count }, () => this.#drawOperation())
        return { ...when, type, operations }
      }
      case 'sync':
      case 'read':
        return { ...when, type, path: this.#drawPath() }
      case 'watch': {
        const depth = random.pick(['node', 'children', 'subtree'] as const)
        return { ...when, type, path: this.#drawPath(), depth }
      }
      case 'unwatch':
      case 'abort':
      case 'close':
        return { ...when, type }
    }
  }

  #drawOperation(): PlannedOperation {
    const kind = this.#random.integer(0, 9)
    if (kind < 4) return this.#drawCreate()
    if (kind < 7) return this.#drawSet()
    const path = this.#drawPath()
    return { type: kind < 8 ? 'check' : 'delete', path, version: this.#drawVersion() }
  }

  #drawCreate(): PlannedCreate {
    const sequential = this.#random.chance(0.3)
    const path = this.#drawPath()
    return {
      type: 'create',
      path: sequential ? `${path}-` : path,
      data: this.#drawData(),
      mode: this.#random.chance(0.4) ? 'ephemeral' : this.#drawLasting(),
      sequential,
      list: this.#drawList(),
    }
  }

  #drawSetList(): Extract<PlannedWrite, { type: 'set-list' }> {
    const list = this.#lists.pick(listNames)
    const version = this.#lists.pick([-1, -1, 0, 1])
    return { type: 'set-list', path: this.#drawPath(), list, version }
  }

  /** Mostly none. */
  #drawList(): ListName {
    if (!this.#profile.lists || this.#lists.chance(0.6)) return 'open'
    return this.#lists.pick(listNames)
  }

  #drawLasting(): CreateMode {
    const kind = this.#kinds.integer(0, 9)
    if (kind < 5) return 'persistent'
    return kind < 8 ? 'container' : { ttlMs: this.#kinds.pick([50, 500, 3_000, 2 ** 40 - 1]) }
  }

  #drawSet(): PlannedOperation & { readonly type: 'set' } {
    const path = this.#drawPath()
    return { type: 'set', path, data: this.#drawData(), version: this.#drawVersion() }
  }

  /** One of a few names, up to three levels deep. */
  #drawPath(): string {
    const depth = this.#random.pick([1, 1, 2, 2, 3])
    let path = ''
    for (let level = 0; level < depth; level += 1) {
      path += `/n${this.#random.integer(1, this.#profile.names)}`
    }
    return path
  }

  /** Mostly any; otherwise the one that was last seen, or one that is wrong. */
  #drawVersion(): ExpectedVersion {
    if (this.#random.chance(0.5)) return 'any'
    return this.#random.chance(0.2) ? 'next' : 'seen'
  }

  #drawData(): string | null {
    if (this.#random.chance(0.05)) return null
    this.#written += 1
    const length = this.#random.chance(0.1) ? this.#random.integer(100, 600) : 0
    return `${this.#client}/${this.#written}`.padEnd(length, '.')
  }
}

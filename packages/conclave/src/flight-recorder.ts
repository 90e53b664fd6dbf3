/**
 * The last steps of a peer, one line each, for whoever has to find out why it stopped. Bounded, and
 * free of data: lines hold kinds, counts, peers and positions, never what an application wrote.
 */
import { formatZxid, type Effect, type Event } from '@conclave/core/internal'

const maxSteps = 256

interface RecordedStep {
  readonly nowMs: number
  readonly events: ReadonlyMap<string, number>
  readonly effects: ReadonlyMap<string, number>
}

export class FlightRecorder {
  readonly #steps: RecordedStep[] = []
  #next = 0

  /** Keeps one step in place of the oldest one. Steps in which only time passed are not kept. */
  record(nowMs: number, events: readonly Event[], effects: readonly Effect[]): void {
    if (events.length <= 1 && effects.length === 0) return
    this.#steps[this.#next] = { nowMs, events: countEvents(events), effects: countEffects(effects) }
    this.#next = (this.#next + 1) % maxSteps
  }

  /** The steps that were kept, oldest first. */
  lines(): readonly string[] {
    const ordered = [...this.#steps.slice(this.#next), ...this.#steps.slice(0, this.#next)]
    return ordered.map(({ nowMs, events, effects }) => {
      const happened = list(events)
      return `${nowMs.toFixed(1)} ms: ${happened}${effects.size === 0 ? '' : ` -> ${list(effects)}`}`
    })
  }
}

function countEvents(events: readonly Event[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (let at = 0; at < events.length;) {
    const end = endOfRun(events, at)
    const kind = kindOf(events[at] as Event)
    counts.set(kind, (counts.get(kind) ?? 0) + end - at)
    at = end
  }
  return counts
}

/** Behind the requests of one kind that begin there: they come by the thousand. */
function endOfRun(events: readonly Event[], start: number): number {
  const first = events[start] as Event
  let end = start + 1
  if (first.type !== 'request-received') return end
  for (; end < events.length; end += 1) {
    const event = events[end] as Event
    if (event.type !== first.type || event.request.type !== first.request.type) break
  }
  return end
}

function countEffects(effects: readonly Effect[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const effect of effects) {
    const name = nameOf(effect)
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}

function list(counts: ReadonlyMap<string, number>): string {
  const named = [...counts].map(([name, count]) =>
    count === 1 ? name : `${name} x${String(count)}`,
  )
  return named.join(', ')
}

function kindOf(event: Event): string {
  switch (event.type) {
    case 'message-received':
      return `${event.message.type} from ${String(event.from)}`
    case 'link-up':
      return `link-up ${String(event.peer)}`
    case 'link-down':
      return `link-down ${String(event.peer)} (${event.reason})`
    case 'log-synced':
      return `log-synced ${String(event.seq)}`
    case 'request-received':
      return `request-received ${event.request.type}`
    case 'snapshot-failed':
      return `snapshot-failed ${String(event.transfer)} (${event.reason})`
    default:
      return event.type
  }
}

function nameOf(effect: Effect): string {
  switch (effect.type) {
    case 'append-log':
      return `append-log ${String(effect.seq)}`
    case 'purge-log':
      return `purge-log ${formatZxid(effect.upTo)}`
    case 'send':
      return `send to ${String(effect.to)}`
    case 'disconnect':
      return `disconnect ${String(effect.peer)} (${effect.reason})`
    case 'report':
      return `report ${effect.standing.role} ${effect.standing.phase}`
    case 'fail':
      return `fail ${effect.code} (${effect.detail})`
    default:
      return effect.type
  }
}

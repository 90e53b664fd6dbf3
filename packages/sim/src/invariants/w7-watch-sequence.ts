/**
 * W7: a watch sees exactly the changes within its depth, in order, none left out and none twice: when
 * a peer has applied something, its sessions have been told all of it. The one exception is said
 * aloud: a `watch-gap`, where a received snapshot has skipped changes; one of each watch for each
 * snapshot, and in its step no change that is none.
 * What its session may not read, a watch does not tell (W9).
 */
import {
  formatZxid,
  type Effect,
  type Event,
  type PeerId,
  type SessionId,
} from '@conclave/core/internal'
import type { SessionHistory, Watch } from '../history.ts'
import { bits, lets } from '../model/access.ts'
import type { ModelChange, ModelZnode } from '../model/tree-model.ts'
import type { Invariant, Observed, ObservedPeer, Step } from '../observation.ts'
import { demand } from '../violation.ts'
import { watchSees } from './watch-match.ts'

/** What one watch was told in one step. */
interface Told {
  readonly events: string[]
  gap: boolean
}

export class WatchSequence implements Invariant {
  readonly id = 'W7'
  readonly #observed: Observed
  /** How many snapshots each peer has received since it started: it may skip as often. */
  readonly #received = new Map<PeerId, number>()
  /** Where each watch was last told of a gap: how many snapshots its peer had received by then. */
  readonly #skipped = new Map<string, number>()

  constructor(observed: Observed) {
    this.#observed = observed
  }

  onStart(peer: ObservedPeer): void {
    this.#received.delete(peer.id)
  }

  onStep(step: Step): void {
    const { peer, events, before, after } = step
    const received = events.filter((event) => event.type === 'snapshot-received').length
    this.#received.set(peer.id, (this.#received.get(peer.id) ?? 0) + received)
    const told = gatherTold(step.effects)
    if (after.lastApplied === before.lastApplied && told.size === 0) return
    const changes = this.#observed.changesBetween(before.lastApplied, after.lastApplied)
    for (const session of this.#observed.history.sessions.values()) {
      if (session.peer !== peer.id || !session.isOpen) continue
      for (const watch of session.watches.values()) {
        this.#check(step, session, watch, changes, told.get(keyOf(session.id, watch.number)))
      }
    }
  }

  #check(
    { peer, events, effects }: Step,
    session: SessionHistory,
    watch: Watch,
    changes: readonly ModelChange[],
    told: Told | undefined,
  ): void {
    const expected = changes
      .filter(({ path, znode }) => watchSees(watch, path) && mayRead(session, znode))
      .map(describeChange)
    const found = told?.events ?? []
    if (told?.gap === true) {
      const received = this.#received.get(peer.id) ?? 0
      const key = keyOf(session.id, watch.number)
      demand(
        received > (this.#skipped.get(key) ?? 0) && isPartOf(found, expected),
        this.id,
        () => `peer ${peer.id} skips without a snapshot, or tells [${found.join(', ')}] of its own`,
      )
      this.#skipped.set(key, received)
      return
    }
    // What is added or removed within the step sees a part of it, and so does a session that ends.
    const added = events.some((event) => isAbout(event, 'watch-added', session.id, watch.number))
    const ended = effects.some((effect) => endsSession(effect, session.id))
    const removed = events.some((event) =>
      isAbout(event, 'watch-removed', session.id, watch.number),
    )
    const holds =
      added || removed || ended
        ? isPartOf(found, expected)
        : found.length === expected.length && found.every((one, index) => one === expected[index])
    demand(
      holds,
      this.id,
      () =>
        `the ${watch.depth} watch of ${watch.path} of session ${session.id} was told ` +
        `[${found.join(', ')}] of [${expected.join(', ')}]`,
    )
  }
}

/** What a session may not read, its watches do not tell it either: by the list as it was then. */
function mayRead({ identities }: SessionHistory, { acl }: ModelZnode): boolean {
  return lets(acl, bits.read, identities)
}

function keyOf(session: SessionId, watch: number): string {
  return `${session}/${watch}`
}

function describeChange(change: Pick<ModelChange, 'type' | 'path' | 'zxid'>): string {
  return `${change.type} ${change.path} ${formatZxid(change.zxid)}`
}

function gatherTold(effects: readonly Effect[]): Map<string, Told> {
  const told = new Map<string, Told>()
  for (const effect of effects) {
    if (effect.type !== 'deliver') continue
    for (const item of effect.items) {
      if (item.type !== 'watch-event' && item.type !== 'watch-gap') continue
      const key = keyOf(effect.to, item.watch)
      const entry = told.get(key) ?? { events: [], gap: false }
      told.set(key, entry)
      if (item.type === 'watch-gap') entry.gap = true
      else entry.events.push(describeChange(item.event))
    }
  }
  return told
}

function isAbout(
  event: Event,
  type: 'watch-added' | 'watch-removed',
  session: SessionId,
  watch: number,
): boolean {
  return event.type === type && event.session === session && event.watch === watch
}

function endsSession(effect: Effect, session: SessionId): boolean {
  return (
    effect.type === 'deliver' &&
    effect.to === session &&
    effect.items.some((item) => item.type === 'ended')
  )
}

/** True when `part` is a run of consecutive elements of `whole`. */
function isPartOf(part: readonly string[], whole: readonly string[]): boolean {
  for (let from = 0; from + part.length <= whole.length; from += 1) {
    if (part.every((one, index) => one === whole[from + index])) return true
  }
  return false
}

/**
 * W6: a watch that goes on behind a zxid is told exactly what came since, or that some of it is
 * forgotten: what a peer remembers is what the log says, whatever has crashed, been truncated or
 * skipped.
 */
import {
  formatZxid,
  type Identity,
  type PeerId,
  type WatchEvent,
  type Zxid,
} from '@conclave/core/internal'
import type { ModelChange } from '../model/tree-model.ts'
import type { Invariant, Observed, ObservedPeer, Step } from '../observation.ts'
import { demand } from '../violation.ts'
import { sameBytes } from './d2-restart-equivalence.ts'

/** It may read everything. */
const everybody: readonly Identity[] = [{ scheme: 'super', id: '' }]
/** Looked at once in so many steps that apply something. */
const interval = 8

export class ResumedWatch implements Invariant {
  readonly id = 'W6'
  readonly #observed: Observed
  readonly #looks = new Map<PeerId, { steps: number; since: Zxid }>()

  constructor(observed: Observed) {
    this.#observed = observed
  }

  onStart(peer: ObservedPeer): void {
    this.#looks.delete(peer.id)
  }

  onStep({ peer, before, after }: Step): void {
    if (after.lastApplied === before.lastApplied) return
    let look = this.#looks.get(peer.id)
    if (look === undefined) {
      look = { steps: 0, since: before.lastApplied }
      this.#looks.set(peer.id, look)
    }
    look.steps += 1
    if (look.steps % interval !== 0) return
    this.#check(peer, look.since, after.lastApplied)
    look.since = after.lastApplied
  }

  #check(peer: ObservedPeer, since: Zxid, upTo: Zxid): void {
    const { recent } = peer
    if (recent === undefined) return
    const from = since < recent.horizon ? recent.horizon : since
    const told = recent.behind(from, '/', 'subtree', everybody) ?? []
    // A page counts whole, and what is remembered can begin within one.
    const changes = this.#observed.changesBetween(from, upTo)
    const expected = changes.filter(({ zxid }) => zxid > from)
    demand(
      since >= recent.horizon === (recent.behind(since, '/', 'subtree', []) !== null) &&
        told.length === expected.length &&
        told.every((event, index) => isChange(event, expected[index] as ModelChange)),
      this.id,
      () =>
        `peer ${peer.id} tells [${told.map(describe).join(', ')}] behind ${formatZxid(from)}, ` +
        `the log has [${expected.map(describe).join(', ')}]`,
    )
  }
}

function isChange(event: WatchEvent, { type, path, zxid, znode }: ModelChange): boolean {
  const isSame = event.type === type && event.path === path && event.zxid === zxid
  return isSame && (type === 'deleted' || sameBytes(znode.data, event.data))
}

function describe({ type, path, zxid }: Pick<ModelChange, 'type' | 'path' | 'zxid'>): string {
  return `${type} ${path} ${formatZxid(zxid)}`
}

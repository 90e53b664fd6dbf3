/**
 * Which znodes the leader deletes on the ensemble's own account: emptied containers, and znodes with
 * a TTL that is over. It looks every `reapMs` and takes up to `maxReaped` each time, of both kinds in
 * turn; what more is due waits. Whether one may still go is judged when its txn is made (prepare.ts).
 *
 * Invariant: D6 nothing goes before its time. A new leader waits for a whole interval before it looks
 * at all, so that a clock which is set right just then is not believed too soon.
 */
import type { Limits } from '../limits.ts'
import type { Tree } from '../tree/tree.ts'

export class Reaper {
  readonly #tree: Tree
  readonly #limits: Limits
  #nextMs: number
  #looks = 0

  constructor(tree: Tree, limits: Limits, nowMs: number) {
    this.#tree = tree
    this.#limits = limits
    this.#nextMs = nowMs + limits.reapMs
  }

  /** The paths of znodes that are due, when it is time to look again. */
  tick(nowMs: number, wallMs: number): readonly string[] {
    if (nowMs < this.#nextMs) return []
    this.#nextMs = nowMs + this.#limits.reapMs
    const due = this.#tree.reapables.due(wallMs, this.#limits.maxReaped, this.#looks)
    this.#looks += 1
    return due.map(({ path }) => path)
  }
}

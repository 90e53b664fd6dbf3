/** A broken rule, found by the simulator: what every checker throws. */

export class Violation extends Error {
  override readonly name = 'Violation'
  /** The invariant's name in docs/PROTOCOL.md: Z1, D2, C7. */
  readonly invariant: string
  /** What was seen, without the name. */
  readonly detail: string

  constructor(invariant: string, detail: string, cause?: unknown) {
    super(`${invariant}: ${detail}`, cause === undefined ? undefined : { cause })
    this.invariant = invariant
    this.detail = detail
  }
}

/** Throws a `Violation` of `invariant` unless the rule holds. `detail` is asked only then. */
export function demand(holds: boolean, invariant: string, detail: () => string): asserts holds {
  if (!holds) throw new Violation(invariant, detail())
}

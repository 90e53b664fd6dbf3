/**
 * Assertions, which stay on in production: a broken invariant is our own defect, and it stops the
 * peer before it can spread. What a peer or a client sends is never asserted, it is refused.
 */

/** A rule of docs/PROTOCOL.md does not hold. The driver stops the peer and reports it as `failed`. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

/** Throws an `InvariantError` that names the rule, unless it holds. */
export function assert(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new InvariantError(rule)
}

/** For the arm of a switch that no value reaches. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${JSON.stringify(value)}`)
}

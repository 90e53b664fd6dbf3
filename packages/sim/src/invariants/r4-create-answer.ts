/**
 * R4: a create that was sent again has made one znode, and is answered with the path of that: the
 * number of a sequential one included. (That it has one txn is R2 and C1.)
 */
import { formatZxid } from '@conclave/core/internal'
import type { Call, SessionHistory } from '../history.ts'
import type { Invariant, Observed, ObservedPeer } from '../observation.ts'
import { demand } from '../violation.ts'

export class CreateAnswer implements Invariant {
  readonly id = 'R4'
  readonly #observed: Observed

  constructor(observed: Observed) {
    this.#observed = observed
  }

  onAnswer(_peer: ObservedPeer, _session: SessionHistory, { id, answer }: Call): void {
    if (answer?.type !== 'reply' || answer.result.type !== 'create') return
    const { zxid, result } = answer
    const made = this.#observed.changesAt(zxid).filter(({ type }) => type === 'created')
    demand(
      made.at(-1)?.path === result.path,
      this.id,
      () =>
        `call ${id} is told that it made ${result.path} at ${formatZxid(zxid)}, which made ` +
        `[${made.map(({ path }) => path).join(', ')}]`,
    )
  }
}

/**
 * D3: the stat in the result of a create or a set is the znode's at that txn: version +1 a set,
 * cversion and pzxid with each child, counts and lengths as they are.
 */
import { formatZxid } from '@conclave/core/internal'
import type { Call, SessionHistory } from '../history.ts'
import type { Invariant, Observed, ObservedPeer } from '../observation.ts'
import { demand } from '../violation.ts'
import { statDifferences } from './stat-of-model.ts'

export class ResultStat implements Invariant {
  readonly id = 'D3'
  readonly #observed: Observed

  constructor(observed: Observed) {
    this.#observed = observed
  }

  onAnswer(_peer: ObservedPeer, _session: SessionHistory, { request, answer }: Call): void {
    if (answer?.type !== 'reply') return
    const { result, zxid } = answer
    if (result.type !== 'create' && result.type !== 'set') return
    if (request?.type !== 'create' && request?.type !== 'set') return
    const path = result.type === 'create' ? result.path : request.path
    const known = this.#observed.model.tree.at(path, zxid)
    const differences = known === null ? 'no znode' : statDifferences(result.stat, known)
    demand(
      differences === '',
      this.id,
      () => `the ${result.type} of ${path} at ${formatZxid(zxid)} is told ${differences}`,
    )
  }
}

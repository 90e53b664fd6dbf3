/**
 * D3: the stat in the result of a create or a set is the znode's at that txn: version +1 a set,
 * cversion and pzxid with each child, counts and lengths as they are. The path in the result of a create is
 * that of the znode which the txn made, however often the request was sent (R4).
 */
import { formatZxid, type WriteResult, type Zxid } from '@conclave/core/internal'
import type { Call, SessionHistory } from '../history.ts'
import { parentPathOf } from '../model/tree-model.ts'
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
    if (answer?.type !== 'reply' || request === null) return
    const { result, zxid } = answer
    if (result.type !== 'transaction') {
      if (request.type === 'create' || request.type === 'set') this.#check(request, result, zxid)
      return
    }
    const operations = request.type === 'transaction' ? request.operations : []
    const changes = this.#observed.changesAt(zxid)
    demand(
      operations.length === result.results.length,
      this.id,
      () => `${operations.length} operations have ${result.results.length} results`,
    )
    for (const [index, operation] of operations.entries()) {
      const told = result.results[index]
      if (told?.type !== 'create' && told?.type !== 'set') continue
      const path = told.type === 'create' ? told.path : operation.path
      // A result is of the moment of its operation: what the same txn changes there again hides it.
      const touched = changes.filter((one) => one.path === path || parentPathOf(one.path) === path)
      if (touched.length === 1) this.#check(operation, told, zxid)
    }
  }

  #check(asked: { readonly path: string }, result: WriteResult, zxid: Zxid): void {
    if (result.type !== 'create' && result.type !== 'set') return
    const path = result.type === 'create' ? result.path : asked.path
    const known = this.#observed.model.tree.at(path, zxid)
    const madeHere = result.type === 'create' ? known?.czxid : known?.mzxid
    const differences =
      known === null || madeHere !== zxid
        ? 'of no such change'
        : statDifferences(result.stat, known)
    demand(
      differences === '',
      this.id,
      () => `the ${result.type} of ${path} at ${formatZxid(zxid)} is told ${differences}`,
    )
  }
}

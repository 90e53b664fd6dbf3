/** C3: a read shows exactly the state at the zxid it was made at: data, stat and children. */
import { formatZxid } from '@conclave/core/internal'
import type { SessionHistory } from '../history.ts'
import type { Invariant, Observed, ObservedPeer, Reading } from '../observation.ts'
import { demand } from '../violation.ts'
import { sameBytes } from './d2-restart-equivalence.ts'
import { statDifferences } from './stat-of-model.ts'

export class ReadCorrectness implements Invariant {
  readonly id = 'C3'
  readonly #observed: Observed

  constructor(observed: Observed) {
    this.#observed = observed
  }

  onRead(peer: ObservedPeer, _session: SessionHistory, reading: Reading): void {
    const differences = this.#differences(reading)
    demand(
      differences === '',
      this.id,
      () =>
        `peer ${peer.id} shows ${reading.path} at ${formatZxid(reading.zxid)} with ${differences}`,
    )
  }

  #differences({ path, zxid, found, children }: Reading): string {
    const { tree } = this.#observed.model
    const known = tree.at(path, zxid)
    if (known === null) return found === null ? '' : 'a znode, there was none'
    if (found === null) return 'no znode, there was one'
    if (!sameBytes(known.data, found.data)) return 'other data'
    const prefix = path === '/' ? '/' : `${path}/`
    const names = tree.childrenAt(path, zxid).map((one) => one.slice(prefix.length))
    if (names.sort().join() !== [...children].sort().join()) return 'other children'
    return statDifferences(found.stat, known)
  }
}

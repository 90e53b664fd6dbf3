/** What a peer starts from: all that its store held, and nothing that was not durable. */
import type { Configuration } from './ensemble/configuration.ts'
import type { EnsembleId, PeerId } from './ids.ts'
import type { Replica } from './server/replica.ts'
import type { Page, PageEnd } from './zab/page.ts'

export interface RecoveredState {
  readonly acceptedEpoch: number
  /** To whom acceptedEpoch was promised, or 0. */
  readonly acceptedLeader: PeerId
  readonly currentEpoch: number
  /** The ensemble that the store belongs to: known to a damaged one too. 0 before founding. */
  readonly ensembleId: EnsembleId
  /** The last one that the log says is committed, or the founding one. Later ones are in pages. */
  readonly configuration: Configuration | null
  /** The replicated state as the snapshot has it; empty when there is none. */
  readonly replica: Replica
  /** The page end behind which the log's pages begin. */
  readonly logStart: PageEnd
  /** The end of every page in the log, in order. */
  readonly pageEnds: readonly PageEnd[]
  /** What all these pages weigh together. */
  readonly pageBytes: number
  /** The pages behind `replica.end`: history, not state, until a new epoch commits it. */
  readonly history: readonly Page[]
  /** Why the store before this one was set aside, until healed. */
  readonly damaged: string | null
}

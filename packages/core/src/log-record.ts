/**
 * What a peer writes to its log, in the one order in which it is replayed. The log adds its own
 * envelope (length, CRC, chain, `syncedTo`) and its own `mark`.
 */
import type { Configuration } from './ensemble/configuration.ts'
import type { PeerId } from './ids.ts'
import type { Page, PageEnd } from './zab/page.ts'

export type LogRecord =
  | { readonly type: 'page'; readonly page: Page }
  /** A promise to `leader`: no leader of a lower epoch will be followed, nor another one of this. */
  | { readonly type: 'accepted-epoch'; readonly epoch: number; readonly leader: PeerId }
  /** The history before this record is the initial history of `epoch`. */
  | { readonly type: 'current-epoch'; readonly epoch: number }
  /** The one that the ensemble is founded with, or one that is known to be committed by now. */
  | { readonly type: 'configuration'; readonly configuration: Configuration }
  /** Pages behind `to` never happened. */
  | { readonly type: 'truncate'; readonly to: PageEnd }
  /** A received snapshot, at `at`, replaces the one before and every page before this record. */
  | { readonly type: 'snapshot-installed'; readonly at: PageEnd }
  /** This store replaces a damaged one: it holds no promise that counts until healed (Z19). */
  | { readonly type: 'damage-found'; readonly reason: string }
  /** An established leader has brought this store up to date. */
  | { readonly type: 'damage-healed' }

/** What there is of a session in the model: who it is, what it waits for, what it is told. */
import type { TreeRequest } from '@conclave/core/internal'
import type { Identity } from './access.ts'
import type { WriteResult } from './attempt.ts'
import type { Change, Stat } from './tree.ts'
import type { Watch } from './watches.ts'

/** What a session is told. */
export type Told =
  | {
      readonly type: 'reply'
      readonly call: number
      readonly zxid: number
      readonly result: WriteResult
    }
  | {
      readonly type: 'refused'
      readonly call: number
      readonly zxid: number
      readonly refusal: {
        readonly code: string
        readonly path: string
        readonly operation: number
        readonly limit: string | null
      }
      readonly version: number | null
    }
  | {
      readonly type: 'failed'
      readonly call: number
      readonly code: string
      readonly outcome: string
    }
  | {
      readonly type: 'watch-event'
      readonly watch: number
      readonly event: Pick<Change, 'type' | 'path' | 'zxid'> & {
        readonly data: Uint8Array | null
        readonly stat: Stat | null
      }
    }
  | { readonly type: 'watch-refused'; readonly watch: number; readonly limit: string }
  | { readonly type: 'ended'; readonly reason: 'closed' | 'expired' }

export interface Write {
  readonly call: number
  readonly request: TreeRequest
  /** What the session had proved to be when it asked. */
  readonly identities: readonly Identity[]
  /** How many readings of the wall clock there had been. */
  readonly since: number
  isAbandoned: boolean
}

/** A session on its way into being. */
export interface Wish {
  readonly call: number
  readonly timeoutMs: number
  readonly password: string
  isAbandoned: boolean
}

export interface ModelSession {
  readonly id: number
  readonly timeoutMs: number
  /** False of one whose application is not here: it is told nothing. */
  readonly isHosted: boolean
  identities: readonly Identity[]
  lastRequestId: number
  readonly watches: Watch[]
  readonly writes: Write[]
  readonly syncs: number[]
  /** Since when nothing proves its life; `null` while something does. */
  abandonedMs: number | null
}

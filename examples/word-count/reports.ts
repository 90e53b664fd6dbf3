/** What the workers and the launcher tell each other, over the channel that `fork` gives them. */
import type { Counts } from './counting.ts'

/** What a worker process is started with. */
export interface WorkerOptions {
  readonly id: number
  readonly dir: string
  readonly ensemble: readonly {
    readonly id: number
    readonly host: string
    readonly port: number
  }[]
  /** The file with the list of files to count. */
  readonly listPath: string
}

/** How a worker's peer and session stand, told every so often. */
export interface Standing {
  readonly role: string
  readonly leader: number | undefined
  readonly epoch: number
  /** Why the peer is where it is, in words. */
  readonly reason: string
  readonly lastApplied: string
  /** The state of its session; `none` before there is one. */
  readonly session: string
  /** What each worker has counted, as far as this peer has applied it. */
  readonly totals: Readonly<Record<string, Counts>>
}

export type Report =
  | { readonly type: 'stood'; readonly standing: Standing }
  /** The peer follows or leads, and has applied what the ensemble had committed. */
  | { readonly type: 'became-ready'; readonly lastApplied: string }
  | { readonly type: 'joined'; readonly member: string }
  | { readonly type: 'elected' }
  | {
      readonly type: 'reassigned'
      readonly queued: readonly (readonly [member: string, count: number])[]
      readonly gone: readonly string[]
    }
  | {
      readonly type: 'committed'
      readonly range: number
      readonly files: number
      readonly epoch: number
    }
  | { readonly type: 'session-ended'; readonly reason: string }
  /** The answer to `tell-totals`: read behind every write that was acknowledged to anybody. */
  | {
      readonly type: 'told-totals'
      readonly totals: Counts
      /** The hash of the peer's whole state, and up to where it goes. */
      readonly digest: string
      readonly lastApplied: string
    }
  | { readonly type: 'failed'; readonly reason: string }

export type Request = { readonly type: 'tell-totals' } | { readonly type: 'end' }

export function isReport(message: unknown): message is Report {
  return typeof message === 'object' && message !== null && 'type' in message
}

/** Watches of the sessions that a peer hosts: persistent, by depth; what fires when. */
import type { Stat } from '../tree/znode.ts'
import type { Zxid } from '../zxid.ts'

/** What a watch sees of its path: the znode; the znode and its children; the whole subtree. */
export type WatchDepth = 'node' | 'children' | 'subtree'

/** One change of one znode. `data` and `stat` are absent of a deleted one. */
export interface WatchEvent {
  readonly type: 'created' | 'changed' | 'deleted'
  readonly path: string
  readonly zxid: Zxid
  readonly data: Uint8Array | null
  readonly stat: Stat | null
}

/**
 * What a store did to its directory, call by call: the input of the file-system models. An inode is
 * a number; names are entries of directories, which are inodes too. `root` is there before the first
 * operation, durably.
 */
import type { Fact } from './facts.ts'

export type Inode = number

export const root: Inode = 0

export type Operation = {
  /** How many operations were complete when this one began: what a sync can speak for. */
  readonly begun: number
} & (
  | {
      readonly type: 'create'
      readonly kind: 'file' | 'directory'
      readonly inode: Inode
      readonly directory: Inode
      readonly name: string
    }
  | {
      readonly type: 'write'
      readonly inode: Inode
      readonly position: number
      readonly bytes: Buffer
      /** Durable when it returns (O_DSYNC). */
      readonly isDurable: boolean
    }
  | { readonly type: 'truncate'; readonly inode: Inode; readonly length: number }
  | { readonly type: 'sync'; readonly inode: Inode }
  | {
      readonly type: 'rename'
      readonly inode: Inode
      readonly from: Inode
      readonly name: string
      readonly to: Inode
      readonly newName: string
    }
  | {
      readonly type: 'remove'
      readonly inode: Inode
      readonly directory: Inode
      readonly name: string
    }
  | { readonly type: 'fact'; readonly fact: Fact }
)

/** A change of the bytes of a file. */
export interface DataChange {
  readonly index: number
  /** `null` for a truncate to `position`. */
  readonly bytes: Buffer | null
  readonly position: number
}

/** The bytes of a file, as what was done to it: put together only when somebody wants to have them. */
export interface Content {
  readonly id: string
  readonly changes: readonly DataChange[]
}

/** A directory: paths below the root, `null` for a directory. */
export type Image = ReadonlyMap<string, Content | null>

export function bytesOfContent({ changes }: Content): Buffer {
  let length = 0
  let size = 0
  for (const { bytes, position } of changes) {
    length = bytes === null ? position : Math.max(length, position + bytes.length)
    size = Math.max(size, length)
  }
  const result = Buffer.alloc(size)
  for (const { bytes, position } of changes) {
    if (bytes === null) result.fill(0, position)
    else result.set(bytes, position)
  }
  return result.subarray(0, length)
}

/** Everything that happened to a directory, in the order in which the calls returned. */
export interface Recording {
  readonly name: string
  readonly operations: readonly Operation[]
  /** Where an inode was first, for messages and to choose by. */
  readonly paths: ReadonlyMap<Inode, string>
}

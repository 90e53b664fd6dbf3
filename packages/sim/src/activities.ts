/**
 * What applications do in a run, as plain values: drawn before the run begins, like faults, so that
 * one can be left out and the others stay as they are. What depends on the course of the run is said
 * relative to it: the version that was seen last, one of the watches that are there then.
 */
import {
  anyVersion,
  type CreateMode,
  type CreateOperation,
  type Operation,
  type WatchDepth,
  type WriteRequest,
} from '@conclave/core/internal'
import { listOf, type ListName } from './access.ts'
import type { ReconfigurationKind } from './reconfigurations.ts'
import type { Microseconds } from './scheduler.ts'

/** The open list, spelled out. */
const open = { permissions: 31, scheme: 'world', id: 'anyone' }

/** Which version a write expects: any, the one that its session sees then, or the one behind that. */
export type ExpectedVersion = 'any' | 'seen' | 'next'

export interface PlannedCreate {
  readonly type: 'create'
  readonly path: string
  /** Unique in the run, so that what is read tells who wrote it. */
  readonly data: string | null
  readonly mode: CreateMode
  readonly sequential: boolean
  readonly list: ListName
}

export interface PlannedSet {
  readonly type: 'set'
  readonly path: string
  /** Unique as well. */
  readonly data: string | null
  readonly version: ExpectedVersion
}

/** A part of a transaction. */
export type PlannedOperation =
  | PlannedCreate
  | PlannedSet
  | { readonly type: 'check' | 'delete'; readonly path: string; readonly version: ExpectedVersion }

export type PlannedWrite =
  | (PlannedCreate & { readonly parents: boolean })
  | PlannedSet
  | {
      readonly type: 'delete'
      readonly path: string
      readonly version: ExpectedVersion
      readonly recursive: boolean
    }
  | { readonly type: 'transaction'; readonly operations: readonly PlannedOperation[] }
  /** `version` is that of the list. */
  | {
      readonly type: 'set-list'
      readonly path: string
      readonly list: ListName
      readonly version: number
    }
  | { readonly type: 'close' }

export type Activity = {
  readonly at: Microseconds
  /** Whose it is, from 0. A client without a session asks for one instead. */
  readonly client: number
  /** Picks among peers, watches or calls, by remainder. */
  readonly choice: number
} & (
  | PlannedWrite
  /** The path is read as soon as the sync is answered. */
  | { readonly type: 'sync'; readonly path: string }
  | { readonly type: 'read'; readonly path: string }
  | { readonly type: 'watch'; readonly path: string; readonly depth: WatchDepth }
  | { readonly type: 'unwatch' }
  | { readonly type: 'abort' }
  /** The session is taken to another peer; to two at once, or without waiting for it to come. */
  | { readonly type: 'move'; readonly twice: boolean; readonly givesUp: boolean }
  /** `isStale`: of a configuration that may be gone by then. */
  | {
      readonly type: 'reconfigure'
      readonly kind: ReconfigurationKind
      readonly isStale: boolean
    }
)
/** What a client does is drawn from these, by weight. */
export type ActivityType = Exclude<Activity['type'], 'reconfigure' | 'set-list' | 'move'>

/** Tells the version of a znode, as a session sees it now; of one that there is not, 0. */
export type VersionSource = (path: string) => number

/** The write as a session asks for it now. */
export function requestOf(write: PlannedWrite, versionOf: VersionSource): WriteRequest {
  switch (write.type) {
    case 'create':
      return { ...createOf(write), parents: write.parents }
    case 'set':
      return setOf(write, versionOf)
    case 'delete': {
      const { type, path, recursive } = write
      return { type, path, version: expected(write, versionOf), recursive }
    }
    case 'transaction': {
      const operations = write.operations.map((one) => operationOf(one, versionOf))
      return { type: 'transaction', operations }
    }
    case 'set-list': {
      const { path, list, version } = write
      return { type: 'set-acl', path, acl: listOf(list) ?? [open], version }
    }
    case 'close':
      return { type: 'close-session' }
  }
}

function operationOf(operation: PlannedOperation, versionOf: VersionSource): Operation {
  switch (operation.type) {
    case 'create':
      return createOf(operation)
    case 'set':
      return setOf(operation, versionOf)
    case 'check':
    case 'delete': {
      const { type, path } = operation
      return { type, path, version: expected(operation, versionOf) }
    }
  }
}

function createOf({ type, path, data, mode, sequential, list }: PlannedCreate): CreateOperation {
  return { type, path, data: bytesOf(data), mode, sequential, acl: listOf(list) }
}

function setOf(set: PlannedSet, versionOf: VersionSource): Operation & { readonly type: 'set' } {
  const { type, path, data } = set
  return { type, path, data: bytesOf(data), version: expected(set, versionOf) }
}

function expected(
  { path, version }: { readonly path: string; readonly version: ExpectedVersion },
  versionOf: VersionSource,
): number {
  if (version === 'any') return anyVersion
  return versionOf(path) + (version === 'next' ? 1 : 0)
}

function bytesOf(text: string | null): Uint8Array | null {
  return text === null ? null : Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}

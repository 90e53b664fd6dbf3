/**
 * The one format of a history: what clients asked and what they were told, one entry a call or an
 * event, plain JSON, so that it can be written a line at a time by whoever is a client: the
 * simulator's sessions, processes, an application's own test.
 *
 * Not here: who writes it, and what clock the times come from. All of one history must come from one
 * clock that never goes back.
 */

/** Reads of the session's own peer as it is; or behind all that was acknowledged to anybody. */
export type ReadKind = 'local' | 'linearizable'

/** Data as it is compared: text, `null` where there is none. See `textOfData`. */
export type Value = string | null

export type WriteStep =
  | {
      readonly type: 'create'
      readonly path: string
      readonly value: Value
      readonly ephemeral?: boolean | undefined
      /** A container, or one with a TTL: it may go by itself while it has no children. */
      readonly reapable?: boolean | undefined
      /** Ten digits are added to the path. */
      readonly sequential?: boolean | undefined
    }
  | {
      readonly type: 'set'
      readonly path: string
      readonly value: Value
      /** The version it insists on; absent: any. */
      readonly version?: number | undefined
    }
  | { readonly type: 'delete'; readonly path: string; readonly version?: number | undefined }
  /** Only in a transaction. */
  | { readonly type: 'check'; readonly path: string; readonly version?: number | undefined }

export type HistoryOperation =
  /** `parents` also creates the ancestors that are missing. */
  | (Extract<WriteStep, { type: 'create' }> & { readonly parents?: boolean | undefined })
  | Extract<WriteStep, { type: 'set' }>
  /** `recursive` deletes the whole subtree at once. */
  | (Extract<WriteStep, { type: 'delete' }> & { readonly recursive?: boolean | undefined })
  | { readonly type: 'transaction'; readonly operations: readonly WriteStep[] }
  | { readonly type: 'get' | 'exists' | 'children'; readonly path: string; readonly read: ReadKind }
  | { readonly type: 'sync' }
  | { readonly type: 'close-session' }

/** As much of a stat as the client was told. */
export interface EntryStat {
  readonly czxid?: number | undefined
  readonly mzxid?: number | undefined
  readonly pzxid?: number | undefined
  readonly version?: number | undefined
  readonly cversion?: number | undefined
  readonly numChildren?: number | undefined
}

/** What a call that is `ok` came to; what does not belong to its kind is absent. */
export interface CallResult {
  /** Of a create: the path, with its digits. */
  readonly path?: string | undefined
  /** Of a `get`: what was read. */
  readonly value?: Value | undefined
  /** Of a `children`: the names. */
  readonly names?: readonly string[] | undefined
  readonly stat?: EntryStat | undefined
  /** Of a transaction: what each operation came to. */
  readonly results?: readonly CallResult[] | undefined
}

/** One call of a session. */
export interface CallEntry {
  readonly type: 'call'
  /** Who called: as the log shows it where there is one, 16 hexadecimal digits. */
  readonly session: string
  /** Rises with the calls of a session. */
  readonly id: number
  readonly operation: HistoryOperation
  /** µs. */
  readonly calledAt: number
  /** `null` when no answer ever came. */
  readonly returnedAt: number | null
  /**
   * `not-applied`: it definitely had no effect, and has none later. `unknown`: it may have had one,
   * may have it later, or never.
   */
  readonly outcome: 'ok' | 'not-applied' | 'unknown'
  /** The code of what is not `ok`. */
  readonly error?: string | undefined
  /** `null` of a read that found no znode, and of what has nothing to tell. */
  readonly result?: CallResult | null | undefined
  /**
   * The place in the committed log: of a write its txn's, of a read the last txn that it saw, of a
   * sync the one that it reached. Absent where the client is not told.
   */
  readonly zxid?: number | undefined
}

/** Something that a watch of a session was told. */
export interface EventEntry {
  readonly type: 'event'
  readonly session: string
  /** Which of the session's watches. */
  readonly watch: number
  readonly watched: string
  readonly depth: 'node' | 'children' | 'subtree'
  readonly at: number
  /** `gap`: changes may be missing before the next one. */
  readonly change: 'created' | 'changed' | 'deleted' | 'gap'
  readonly path?: string | undefined
  readonly zxid?: number | undefined
}

export type HistoryEntry = CallEntry | EventEntry

/** True of what changes the tree. */
export function isWrite({ operation }: CallEntry): boolean {
  switch (operation.type) {
    case 'create':
    case 'set':
    case 'delete':
    case 'transaction':
    case 'close-session':
      return true
    default:
      return false
  }
}

/** The single changes that a call asks for, in order. */
export function stepsOf({ operation }: CallEntry): readonly WriteStep[] {
  switch (operation.type) {
    case 'create':
    case 'set':
    case 'delete':
      return [operation]
    case 'transaction':
      return operation.operations
    default:
      return []
  }
}

const refusals: ReadonlySet<string | undefined> = new Set([
  'NODE_EXISTS',
  'NO_NODE',
  'BAD_VERSION',
  'NOT_EMPTY',
  'NO_CHILDREN_FOR_EPHEMERALS',
])

/** True of a call whose answer tells of the tree: done, or refused because of what was there. */
export function tellsOfTree({ outcome, error }: CallEntry): boolean {
  return outcome === 'ok' || (outcome === 'not-applied' && refusals.has(error))
}

/** When it was answered; never, of what is not known to have had its effect by then. */
export function returnOf({ outcome, returnedAt }: CallEntry): number {
  return outcome === 'unknown' || returnedAt === null ? Infinity : returnedAt
}

/** Longer data is told by its beginning. */
const maxShownBytes = 64
const beginningBytes = 16

/**
 * Bytes as a value: printable ASCII as it is, other bytes in hexadecimal, what is long cut and told by
 * its length and hash. Equal for equal bytes, and the text of its own bytes is the same text.
 */
export function textOfData(data: Uint8Array | null): Value {
  if (data === null) return null
  const isText = data.every((byte) => byte >= 0x20 && byte < 0x7f)
  const shown = data.length > maxShownBytes ? data.subarray(0, beginningBytes) : data
  const text = isText
    ? String.fromCharCode(...shown)
    : `0x${Array.from(shown, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
  if (shown.length === data.length) return text
  let hash = 0x811c9dc5
  for (const byte of data) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return `${text}...${data.length} bytes, ${hash.toString(16)}`
}

/** A history from its lines. Refuses a line that is no entry, with its number. */
export function parseHistory(text: string): HistoryEntry[] {
  const entries: HistoryEntry[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const entry = JSON.parse(line) as HistoryEntry
    const isEntry =
      typeof entry.session === 'string' &&
      (entry.type === 'event'
        ? Number.isFinite(entry.at)
        : Number.isFinite(entry.calledAt) && typeof entry.operation.type === 'string')
    if (!isEntry)
      throw new Error(`line ${index + 1} is no entry of a history: ${line.slice(0, 80)}`)
    entries.push(entry)
  }
  return entries
}

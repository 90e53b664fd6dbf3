/**
 * Every error that an application can meet: one class, one closed table. docs/errors.md has a
 * heading for each code; a test keeps the two equal.
 */

/** What a caller may conclude about a write that failed: the first question to ask of any error. */
export type Outcome = 'not-applied' | 'unknown'

interface ErrorKind {
  /** The outcomes that an error of this code can have. */
  readonly outcomes: readonly Outcome[]
  /** True when the same call can succeed later without anything else being changed. */
  readonly retryable: boolean
  /** The code in ZooKeeper's wire protocol, where it has one. */
  readonly wire?: number
}

const notApplied: readonly Outcome[] = ['not-applied']
const unknown: readonly Outcome[] = ['unknown']
const either: readonly Outcome[] = ['not-applied', 'unknown']

export const errorCodes = {
  NO_NODE: { outcomes: notApplied, retryable: false, wire: -101 },
  NO_AUTH: { outcomes: notApplied, retryable: false, wire: -102 },
  BAD_VERSION: { outcomes: notApplied, retryable: false, wire: -103 },
  NO_CHILDREN_FOR_EPHEMERALS: { outcomes: notApplied, retryable: false, wire: -108 },
  NODE_EXISTS: { outcomes: notApplied, retryable: false, wire: -110 },
  NOT_EMPTY: { outcomes: notApplied, retryable: false, wire: -111 },
  SESSION_EXPIRED: { outcomes: either, retryable: false, wire: -112 },
  INVALID_ACL: { outcomes: notApplied, retryable: false, wire: -114 },
  AUTH_FAILED: { outcomes: notApplied, retryable: false, wire: -115 },
  SESSION_SUSPENDED: { outcomes: unknown, retryable: true },
  NEW_CONFIG_NO_QUORUM: { outcomes: notApplied, retryable: true, wire: -13 },
  RECONFIG_IN_PROGRESS: { outcomes: notApplied, retryable: true, wire: -14 },
  NOT_READ_ONLY: { outcomes: notApplied, retryable: false, wire: -119 },
  SESSION_MOVED: { outcomes: notApplied, retryable: false, wire: -118 },
  QUOTA_EXCEEDED: { outcomes: notApplied, retryable: false, wire: -125 },
  SESSION_CLOSED: { outcomes: either, retryable: false },
  UNIMPLEMENTED: { outcomes: notApplied, retryable: false, wire: -6 },
  BAD_ARGUMENT: { outcomes: notApplied, retryable: false, wire: -8 },
  BAD_OPTION: { outcomes: notApplied, retryable: false },
  LIMIT_EXCEEDED: { outcomes: notApplied, retryable: false },
  BUSY: { outcomes: notApplied, retryable: true },
  TIMEOUT: { outcomes: either, retryable: true },
  ABORTED: { outcomes: either, retryable: true },
  RESULT_LOST: { outcomes: unknown, retryable: false },
  PEER_CLOSED: { outcomes: either, retryable: false },
  PEER_FAILED: { outcomes: either, retryable: false },
  CONFIG_MISMATCH: { outcomes: notApplied, retryable: false },
  DIR_LOCKED: { outcomes: notApplied, retryable: true },
  DIR_FOREIGN: { outcomes: notApplied, retryable: false },
  DIR_FORMAT: { outcomes: notApplied, retryable: false },
  STORAGE_FAILED: { outcomes: either, retryable: false },
  DIVERGED: { outcomes: either, retryable: false },
  LISTEN_FAILED: { outcomes: notApplied, retryable: true },
  PEER_REFUSED: { outcomes: notApplied, retryable: true },
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof errorCodes

export interface CoordinationErrorDetails {
  readonly outcome?: Outcome
  readonly path?: string
  readonly cause?: unknown
}

/**
 * What every call of this library rejects with. `code` says what happened, `outcome` whether a write
 * may have been applied all the same, the message what to do.
 */
export class CoordinationError extends Error {
  override readonly name = 'CoordinationError'
  readonly code: ErrorCode
  readonly outcome: Outcome
  readonly retryable: boolean
  readonly path: string | undefined

  constructor(code: ErrorCode, message: string, details: CoordinationErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.outcome = details.outcome ?? 'not-applied'
    this.retryable = errorCodes[code].retryable
    this.path = details.path
  }

  /** The fields that a log line wants. */
  toJSON(): object {
    const { name, code, outcome, retryable, path, message } = this
    return { name, code, outcome, retryable, path, message }
  }
}

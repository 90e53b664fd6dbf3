/** What an application may name. The façade, packages/conclave, re-exports it name by name. */
export type {
  Bytes,
  Call,
  Change,
  Consistency,
  CreateOptions,
  DeleteOptions,
  Depth,
  ExpectedVersion,
  Mode,
  ReadOptions,
  ReadResult,
  Scan,
  ScannedZnode,
  ScanOptions,
  Session,
  SessionIdText as SessionId,
  SessionStat as Stat,
  SessionState,
  SetOptions,
  Transaction,
  TransactionResult,
  Watch,
  WatchOptions,
} from './client/session.ts'
export { CoordinationError, errorCodes, type ErrorCode, type Outcome } from './errors.ts'
export { formatZxid, isZxid, type Zxid } from './zxid.ts'

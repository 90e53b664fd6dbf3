/**
 * The façade: all that an application may name. What else its types mention can be had through them.
 */
export { connect } from './remote/connect.ts'
export { open } from './open.ts'
export type { OpenOptions } from './options.ts'
export type { Peer, Role, Status } from './peer.ts'
export {
  CoordinationError,
  errorCodes,
  formatZxid,
  type Bytes,
  type Call,
  type Change,
  type ErrorCode,
  type Outcome,
  type AclLine,
  type ReadResult,
  type Scan,
  type ScannedZnode,
  type Session,
  type SessionId,
  type SessionState,
  type Stat,
  type Transaction,
  type Watch,
  type Zxid,
} from '@conclave/core'

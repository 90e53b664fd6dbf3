/** An endpoint as four-letter words see it: its peer, its connections, its figures and settings. */
import type { EndpointHost, HostStanding } from './endpoint-host.ts'
import type { ConnectionStatistics, Statistics } from './statistics.ts'

/** What an operator has set, under ZooKeeper's names. */
export interface EndpointSettings {
  readonly snapshotFolder: string
  readonly logFolder: string
  readonly tickTimeMs: number
  readonly maxClientCnxns: number
  /** What a member of an ensemble has besides; `null` of a standalone peer. */
  readonly member: Readonly<Record<string, string | number>> | null
}

/** A connection and the session that it speaks for, if it does. */
export interface ConnectionView {
  readonly address: string
  readonly port: number
  readonly isReading: boolean
  readonly unwrittenBytes: number
  readonly openedWallMs: number
  readonly lastZxid: number
  readonly statistics: ConnectionStatistics
  readonly session: {
    readonly wireId: number
    readonly isReadOnly: boolean
    readonly timeoutMs: number
    readonly outstandingCount: number
  } | null
}

export interface EndpointView {
  readonly host: EndpointHost
  readonly mode: HostStanding['mode'] | 'read-only' | 'not-serving'
  /** `null` where there is none. */
  readonly port: number | null
  readonly securePort: number | null
  readonly startedMs: number
  readonly minSessionTimeoutMs: number
  readonly maxSessionTimeoutMs: number
  /** For a connection to say who it is. */
  readonly handshakeMs: number
  readonly settings: EndpointSettings
  readonly statistics: Statistics
  readonly connections: readonly ConnectionView[]
}

/** A session's number as words tell it: as Java prints the long that it is. */
export function sessionText(wireId: number | bigint): string {
  return `0x${BigInt.asUintN(64, BigInt(wireId)).toString(16)}`
}

/** A mean as Java prints a double that was rounded to four places. */
export function meanText(value: number): string {
  const rounded = Math.round(value * 10_000) / 10_000
  return Number.isInteger(rounded) ? `${String(rounded)}.0` : String(rounded)
}

export function linesOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}

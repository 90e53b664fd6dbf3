/**
 * What an endpoint has done, or one connection of it, since it began or since an operator had it
 * counted anew: the figures that four-letter words tell.
 */
import { Latency } from './latency.ts'

/** Of one connection: what `cons` tells, and `crst` has begin anew. */
export class ConnectionStatistics {
  receivedCount = 0
  sentCount = 0
  latency = new Latency()
  /** The last request that was answered; `null` before the first one. */
  lastOpcode: number | null = null
  lastXid = -1
  lastLatencyMs = 0
  /** On the endpoint's clock; 0 before the first answer. */
  lastAnsweredMs = 0

  reset(): void {
    this.receivedCount = 0
    this.sentCount = 0
    this.latency = new Latency()
    this.lastOpcode = null
    this.lastXid = -1
    this.lastLatencyMs = 0
    this.lastAnsweredMs = 0
  }
}

/** Of all connections, those that are gone too: what `srvr` and `mntr` tell. */
export class Statistics {
  receivedCount = 0
  receivedBytes = 0
  sentCount = 0
  latency = new Latency()
  /** Sizes of replies; -1 before the first one, as ZooKeeper has it. */
  lastReplyBytes = -1
  minReplyBytes = -1
  maxReplyBytes = -1
  /** Connections that were turned away at a bound. */
  rejectedCount = 0
  /** Proofs of identity that proved nothing. */
  failedProofCount = 0

  /** A frame of so many bytes was written. */
  sent(bytes: number): void {
    this.sentCount += 1
    this.lastReplyBytes = bytes
    if (bytes > this.maxReplyBytes) this.maxReplyBytes = bytes
    if (bytes < this.minReplyBytes || this.minReplyBytes < 0) this.minReplyBytes = bytes
  }

  /** Counts anew what `srst` has counted anew: packets, latency, sizes. */
  reset(): void {
    this.receivedCount = 0
    this.sentCount = 0
    this.latency = new Latency()
    this.lastReplyBytes = -1
    this.minReplyBytes = -1
    this.maxReplyBytes = -1
  }
}

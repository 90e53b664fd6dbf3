/** Every bound of an endpoint, in one place, each with its reason. */

export interface EndpointLimits {
  /** The longest frame that may come: ZooKeeper's jute.maxbuffer. A longer one ends its connection. */
  readonly maxFrameBytes: number
  /** Connections from one address, as ZooKeeper's maxClientCnxns; 0: no bound. */
  readonly maxAddressConnections: number
  /** Connections in all. */
  readonly maxConnections: number
  /** Connections that are accepted in a second; 0: no bound. */
  readonly maxConnectionsPerSecond: number
  /** Requests of one connection that are not answered. Beyond it, no more is read from it. */
  readonly maxOutstanding: number
  /** What waits to be written to one connection before no more is read from it. */
  readonly highWaterBytes: number
  /** What may wait to be written to one connection; a reader that is slower is let go. */
  readonly maxUnwrittenBytes: number
  /** For a connection to say who it is. */
  readonly handshakeMs: number
  /** For a connection that is ended to take what was written to it. */
  readonly farewellMs: number
}

const kib = 1024
const mib = 1024 * kib

export const defaultEndpointLimits: EndpointLimits = {
  maxFrameBytes: 0xfffff,
  maxAddressConnections: 60,
  maxConnections: 10_000,
  maxConnectionsPerSecond: 0,
  maxOutstanding: 4_096,
  highWaterBytes: mib,
  maxUnwrittenBytes: 32 * mib,
  handshakeMs: 10_000,
  farewellMs: 1_000,
}

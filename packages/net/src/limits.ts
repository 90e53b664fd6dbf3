/** Every bound of a transport, in one place, each with its reason. Reaching one names it. */

export interface TransportLimits {
  /** One frame of the liveness lane: the proofs of life of 131,072 sessions and some room. */
  readonly maxLivenessBytes: number
  /** One frame of data messages: the largest request, which travels alone if it must. */
  readonly maxControlBytes: number
  /** One page. A single large txn makes a page of its own, so this is more than a page's bound. */
  readonly maxPageBytes: number
  /** One chunk of a snapshot; a single large znode makes a chunk of its own. */
  readonly maxSnapshotChunkBytes: number
  /** What may wait to be written on each lane. Beyond it the link breaks: nothing is dropped. */
  readonly maxDataQueueBytes: number
  readonly maxLivenessQueueBytes: number
  /** Connections that have not proved who they are; one more closes the oldest of them. */
  readonly maxUnauthenticated: number
  /** For a TCP connection to come about; a new try sends a new SYN sooner than the kernel would. */
  readonly connectDeadlineMs: number
  /** For a handshake, and for the second connection of a pair to follow the first. */
  readonly helloDeadlineMs: number
  /** Without a byte in the middle of a frame. */
  readonly frameStallMs: number
  /** For a link that is given up to deliver what was written, before its sockets are destroyed. */
  readonly farewellMs: number
  /** Between attempts to reach a peer: doubled each time, with jitter. */
  readonly minBackoffMs: number
  readonly maxBackoffMs: number
  /** A link that lived this long resets the back-off and is dialled again at once. */
  readonly stableLinkMs: number
}

const kib = 1024
const mib = 1024 * kib

export const defaultTransportLimits: TransportLimits = {
  maxLivenessBytes: 4 * mib,
  maxControlBytes: 16 * mib,
  maxPageBytes: 16 * mib,
  maxSnapshotChunkBytes: 4 * mib,
  maxDataQueueBytes: 64 * mib,
  maxLivenessQueueBytes: 4 * mib,
  maxUnauthenticated: 64,
  connectDeadlineMs: 2_000,
  helloDeadlineMs: 5_000,
  frameStallMs: 10_000,
  farewellMs: 1_000,
  minBackoffMs: 10,
  maxBackoffMs: 1_000,
  stableLinkMs: 1_000,
}

/** Any frame of the handshake: what a stranger may make us hold. */
export const maxHandshakeBytes = kib
/** The frame that says why a link is given up. */
export const maxFarewellBytes = kib
/** Elements of one decoded frame, and of one list in it: bounds what its bytes can blow up to. */
export const maxFrameElements = 524_288
export const maxListLength = 131_072
/** Nesting of a decoded frame; the deepest message needs six. */
export const maxFrameDepth = 16

/** Every bound of a client, in one place, each with its reason. */

export interface ClientLimits {
  /** The longest request: a server ends the connection at a longer one. ZooKeeper's jute.maxbuffer. */
  readonly maxFrameBytes: number
  /**
   * Requests, and bytes of them, that were sent and are not answered. What is behind waits here: it is
   * known not to be applied when the connection breaks.
   */
  readonly maxSentRequests: number
  readonly maxSentBytes: number
  /** What a `setWatches2` holds of paths; there are as many of them as it takes. */
  readonly maxRestoredBytes: number
}

const kib = 1024
const mib = 1024 * kib

export const defaultClientLimits: ClientLimits = {
  maxFrameBytes: 0xfffff,
  maxSentRequests: 1_024,
  maxSentBytes: 4 * mib,
  maxRestoredBytes: 128 * kib,
}

/** What an answer may be longer than the longest request: it repeats the data, and has a stat beside. */
export const answerSlackBytes = 64 * kib

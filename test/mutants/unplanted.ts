/** Rows of the table for which nothing is planted, and why. */
export interface Unplanted {
  readonly id: string
  readonly bug: string
  /** The feature that is not there yet, or the argument that the bug could not be seen. */
  readonly because: string
}

export const unplanted: readonly Unplanted[] = [
  {
    id: 'M31',
    bug: 'reconnecting to an expired session silently makes a new one',
    because:
      'waits for sessions that reconnect (connect(), the ZooKeeper endpoint): an embedded session ' +
      'lives and ends with its peer. What there is of it today, a session that a snapshot does not ' +
      'know, is X18.',
  },
  {
    id: 'M32',
    bug: 'the zxid that a client has seen is not checked when it reconnects',
    because: 'waits for sessions that reconnect: an embedded session never changes its peer.',
  },
]

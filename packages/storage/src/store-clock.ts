/** What a store needs of time, handed in so that a test can be the clock. */
export interface StoreClock {
  /** Milliseconds since 1970, as the machine believes; only ever shown to people. */
  wallMs(): number
  /** Calls back once, `ms` from now or a little later, unless the returned function is called. */
  after(ms: number, callback: () => void): () => void
}

/**
 * A peer, as a pure function of its options, a seed, the recovered state and the events it was
 * given: the only machine that the core exports. It composes agreement (zab/) and server (server/).
 */
import type { Effect, Standing } from './effects.ts'
import type { Event } from './events.ts'
import type { Member } from './ensemble/configuration.ts'
import type { PeerId } from './ids.ts'
import type { Limits, Timing } from './limits.ts'
import type { Replica } from './server/replica.ts'
import type { PageCodec } from './zab/page.ts'
import type { Zxid } from './zxid.ts'

export interface PeerCoreOptions {
  readonly id: PeerId
  /** The listed members, itself among them. A standalone peer lists itself alone. */
  readonly members: readonly Member[]
  /** Any integer. All randomness of the core comes from it: jitter, and the ensemble id. */
  readonly seed: number
  readonly codec: PageCodec
  readonly limits: Limits
  readonly timing: Timing
}

/** What can be seen of a peer between two steps. */
export interface CoreView {
  readonly standing: Standing
  readonly acceptedEpoch: number
  readonly currentEpoch: number
  /** The end of what was ever handed to the log, and of what is durable in it. */
  readonly lastLogged: Zxid
  readonly lastDurable: Zxid
  readonly lastCommitted: Zxid
  readonly lastApplied: Zxid
  /** The replicated state's digest at `lastApplied`, 16 hexadecimal digits. */
  readonly digest: string
}

export interface PeerCoreShape {
  /** Takes all that arrived since the last step and runs to completion. */
  step(events: readonly Event[]): readonly Effect[]
  inspect(): CoreView
  /** The state that local reads answer from. Changes only within `step`. */
  readonly replica: Replica
}

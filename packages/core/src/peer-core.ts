/**
 * A peer, as a pure function of its options, a seed, the recovered state and the events it was
 * given: the only machine that the core exports. It composes agreement (zab/) and server (server/),
 * and hands each event to the one that it concerns.
 *
 * The same batches of events give the same effects, everywhere and for ever.
 */
import type { Effect, Standing } from './effects.ts'
import type { Configuration, Member } from './ensemble/configuration.ts'
import type { ErrorCode } from './errors.ts'
import type { Event } from './events.ts'
import type { EnsembleId, PeerId, SessionId } from './ids.ts'
import type { Limits, Timing } from './limits.ts'
import { Outbox } from './outbox.ts'
import { Random } from './random.ts'
import type { RecoveredState } from './recovered-state.ts'
import type { Replica } from './server/replica.ts'
import { Server } from './server/server.ts'
import type { RecentChanges } from './session/recent-changes.ts'
import type { WireWatches } from './session/wire-watches.ts'
import { Checkpoints } from './zab/checkpoints.ts'
import type { PageCodec } from './zab/page.ts'
import { ZabState } from './zab/state.ts'
import { Zab } from './zab/zab.ts'
import type { Zxid } from './zxid.ts'

export interface PeerCoreOptions {
  readonly id: PeerId
  /** The listed members, itself among them. A standalone peer lists itself alone. */
  readonly members: readonly Member[]
  /** Any integer. All randomness of the core comes from it. */
  readonly seed: number
  readonly codec: PageCodec
  readonly limits: Limits
  readonly timing: Timing
}

/** What can be seen of a peer between two steps. */
export interface CoreView {
  readonly standing: Standing
  /** 0 before it is founded or joined. */
  readonly ensembleId: EnsembleId
  /** In force here: the last one in the log. `null` before founding. */
  readonly configuration: Configuration | null
  /** The one before it, while it is not known to be committed here and both count. */
  readonly configurationBefore: Configuration | null
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

export class PeerCore {
  readonly #outbox = new Outbox()
  readonly #server: Server
  readonly #state: ZabState
  readonly #zab: Zab
  readonly #checkpoints: Checkpoints
  #standing: Standing | null = null

  constructor(options: PeerCoreOptions, recovered: RecoveredState) {
    const { id, codec, limits } = options
    const agreement = new LateAgreement()
    this.#server = new Server({ id, codec, limits, agreement }, recovered.replica, this.#outbox)
    this.#state = new ZabState(options, recovered, this.#server, this.#outbox)
    this.#zab = new Zab(this.#state, new Random(options.seed).identifier())
    agreement.zab = this.#zab
    this.#checkpoints = new Checkpoints(this.#state, recovered.replica)
  }

  /** The state that local reads answer from. Changes only within `step`. */
  get replica(): Replica {
    return this.#server.replica
  }

  /** The changes that were applied last, up to the replica's end. */
  get recent(): RecentChanges {
    return this.#server.recent
  }

  /** What clients of ZooKeeper's protocol watch here; to be looked at alone. */
  get wireWatches(): WireWatches {
    return this.#server.wireWatches
  }

  /** Whom this peer leads, as far as they are synced with it. */
  get syncedLearners(): readonly PeerId[] {
    return this.#zab.syncedLearners
  }

  /**
   * Takes all that arrived since the last step, a tick first, and runs to completion. Throws an
   * `InvariantError` when a rule of docs/PROTOCOL.md does not hold: the peer must not go on then.
   */
  step(events: readonly Event[]): readonly Effect[] {
    for (const event of events) this.#on(event)
    // Last: whoever paused hears what came meanwhile before it judges who was silent.
    if (events[0]?.type === 'tick') this.#zab.onTick()
    this.#server.flush()
    this.#zab.endStep()
    this.#checkpoints.endStep(this.replica, this.#zab.receivesSnapshot)
    this.#report()
    return this.#outbox.take()
  }

  inspect(): CoreView {
    const { ensembleId, configurations, acceptedEpoch, currentEpoch, history, lastCommitted } =
      this.#state
    return {
      standing: this.#zab.standing,
      ensembleId,
      configuration: configurations.inForce,
      configurationBefore: configurations.before,
      acceptedEpoch,
      currentEpoch,
      lastLogged: history.end.last,
      lastDurable: history.durable.last,
      lastCommitted,
      lastApplied: this.replica.end.last,
      digest: this.replica.digest,
    }
  }

  /** Until when a session hosted here may act, on the clock of `tick`; `undefined` of any other. */
  sessionDeadlineMs(session: SessionId): number | undefined {
    return this.#server.sessionDeadlineMs(session)
  }

  /**
   * The peer stops, for whatever reason: what every unanswered call is told. One that was never
   * forwarded is surely not applied; any other is unknown. Nothing but this may be called afterwards.
   */
  failAll(code: ErrorCode, detail: string): readonly Effect[] {
    this.#server.failAll(code, detail)
    const told = new Set<Effect['type']>(['deliver', 'fail-session'])
    return this.#outbox.take().filter(({ type }) => told.has(type))
  }

  #on(event: Event): void {
    switch (event.type) {
      case 'tick':
        this.#state.tick(event.nowMs)
        this.#server.tick(event.nowMs, event.wallMs, event.appAliveMs)
        return
      case 'link-up':
        this.#zab.onLinkUp(event.peer)
        return
      case 'link-down':
        this.#zab.onLinkDown(event.peer, event.reason)
        return
      case 'message-received':
        this.#zab.onMessage(event.from, event.message)
        return
      case 'log-synced':
        this.#zab.onSynced(event.seq)
        return
      case 'log-read':
        this.#zab.onLogRead(event.reader, event.pages)
        return
      case 'log-read-failed':
        this.#zab.onLogReadFailed(event.reader, event.reason)
        return
      case 'checkpoint-written':
        this.#checkpoints.onWritten(this.#zab.pinned)
        return
      case 'snapshot-opened':
        this.#zab.onSnapshotOpened(event.transfer, event.at)
        return
      case 'snapshot-read':
        this.#zab.onSnapshotRead(event.transfer, event.number, event.bytes, event.last)
        return
      case 'snapshot-written':
        this.#zab.onSnapshotWritten(event.transfer, event.number)
        return
      case 'snapshot-received':
        this.#zab.onSnapshotReceived(event.transfer, event.replica)
        return
      case 'store-progressed':
        this.#zab.onStoreProgress()
        return
      case 'snapshot-failed':
        this.#zab.onSnapshotFailed(event.transfer, event.reason)
        return
      case 'hand-over-requested':
        this.#zab.handOver()
        return
      case 'close-requested':
        this.#zab.close()
        return
      default:
        // What sessions say, and nothing else: it would not compile.
        this.#server.handle(event)
    }
  }

  #report(): void {
    const standing = this.#zab.standing
    if (this.#standing !== null && sameStanding(this.#standing, standing)) return
    this.#standing = standing
    this.#outbox.add({ type: 'report', standing })
  }
}

/** Server and agreement know each other; this is the end of the circle that is tied last. */
class LateAgreement {
  zab: Zab | null = null

  get lastCommitted(): Zxid {
    return this.zab?.lastCommitted ?? (0 as Zxid)
  }

  nextRound(): number {
    return this.zab?.nextRound() ?? 0
  }

  requestRound(): number {
    return this.zab?.requestRound() ?? 0
  }

  hasSyncedQuorum(members: readonly Member[]): boolean {
    return this.zab?.hasSyncedQuorum(members) ?? false
  }
}

function sameStanding(a: Standing, b: Standing): boolean {
  return (
    a.role === b.role &&
    a.phase === b.phase &&
    a.leader === b.leader &&
    a.epoch === b.epoch &&
    a.ready === b.ready &&
    a.damaged === b.damaged &&
    a.membership === b.membership &&
    a.configurationVersion === b.configurationVersion &&
    a.isReconfiguring === b.isReconfiguring &&
    a.reason === b.reason &&
    a.missingVoters.join() === b.missingVoters.join()
  )
}

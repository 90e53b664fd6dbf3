/**
 * What a run has reached: the moments without which a clean run proves little. Counted over many
 * seeds, a mark that stays at 0 means that the scenarios or the workload have gone stale.
 *
 * Some are seen here, from outside; some are told by whoever has them come about (`reach`).
 */
import {
  countAlike,
  counterOf,
  epochOf,
  sameMembers,
  votersOf,
  zeroZxid,
  type Effect,
  type Event,
  type LogRecord,
  type Member,
  type Message,
  type Page,
  type PeerId,
  type RecoveredState,
  type Txn,
  type Zxid,
} from '@conclave/core/internal'
import { linkDownReasons } from './link.ts'
import type { Call, History, SessionHistory } from './history.ts'
import { suffices } from './model/sufficiency.ts'
import type { Invariant, ObservedPeer, Step } from './observation.ts'

export const marks = [
  'epoch-established',
  'epoch-above-3',
  'leader-crashed',
  'other-crashed',
  'leader-crashed-before-propose',
  'leader-crashed-before-commit',
  'crashed-in-midst-of-append',
  'crashed-before-epoch-durable',
  'crashed-in-checkpoint',
  'crashed-in-snap',
  'started-from-snapshot',
  'started-with-history',
  'diff-empty',
  'diff-with-pages',
  'trunc',
  'trunc-with-pages',
  'snap',
  'snapshot-installed',
  'checkpoint-written',
  'log-purged',
  'log-read',
  'append-torn',
  'ghost-write',
  'disk-refused',
  'open-without-space',
  'rot-flipped',
  'rot-misdirected',
  'rot-hole',
  'rot-tail',
  'rot-missing',
  'rot-stale',
  'damage-found',
  'crashed-at-point',
  'paused-at-point',
  'crashed-in-boot',
  'halted',
  'core-alone',
  'store-lost',
  'store-healed',
  'counter-ran-out',
  'goodbye',
  'session-expired',
  'session-expired-in-later-epoch',
  'session-closed',
  'session-moved',
  'session-moved-on',
  'session-moved-from-down',
  'session-moved-to-itself',
  'session-move-lost',
  'write-void-by-move',
  'container-reaped',
  'ttl-reaped',
  'write-refused',
  'write-unknown-committed',
  'write-unknown-absent',
  'write-aborted',
  'result-lost',
  'sync-answered',
  'list-forbade',
  'list-replaced',
  'read-only-synced',
  'read-only-write-refused',
  'watch-event',
  'watch-event-on-return',
  'watch-gap',
  'read-at-deposed-leader',
  'hand-over-asked',
  'voter-added',
  'voter-removed',
  'role-changed',
  'leader-removed',
  'reconfiguration-refused',
  'weights-changed',
  'weight-outvoted-majority',
  'minority-sufficed',
  'started-with-both-configurations',
  'link-half-open',
  'link-replaced',
  'link-queue-full',
] as const
export type Mark = (typeof marks)[number]
export type Marks = Readonly<Record<Mark, number>>

/** Why links go down, as the network says it. */
const linkMarks: readonly (readonly [Mark, string])[] = [
  ['link-half-open', linkDownReasons.silence],
  ['link-replaced', linkDownReasons.replaced],
  ['link-queue-full', linkDownReasons.queueFull],
]

export class Coverage implements Invariant {
  readonly id = 'coverage'
  readonly #maxCounter: number
  readonly #counts = new Map<Mark, number>()
  readonly #established = new Set<number>()
  /** The epochs that peers lead now. */
  readonly #leaders = new Map<PeerId, number>()
  readonly #syncs = new Map<string, 'diff' | 'trunc'>()
  /** What leaders have appended and not proposed, committed and not told, so far. */
  readonly #unproposed = new Map<PeerId, Zxid>()
  readonly #untold = new Map<PeerId, Zxid>()
  /** Who belongs to the ensemble, and where that was said for the first time. */
  #members: readonly Member[] = []
  #founded: Zxid = zeroZxid
  /** Those that have started, for whose disks is looked into where weights count. */
  readonly #peers = new Map<PeerId, ObservedPeer>()
  /** When what was created last at each path goes by itself. */
  readonly #reaps = new Map<string, number>()
  readonly #inCheckpoint = new Set<PeerId>()
  readonly #inSnap = new Set<PeerId>()

  constructor(maxCounter: number) {
    this.#maxCounter = maxCounter
  }

  get marks(): Marks {
    return Object.fromEntries(marks.map((mark) => [mark, this.#counts.get(mark) ?? 0])) as Marks
  }

  onStart(peer: ObservedPeer, recovered: RecoveredState): void {
    if (recovered.replica.end.last > 0) this.reach('started-from-snapshot')
    if (recovered.history.length > 0) this.reach('started-with-history')
    this.#leaders.delete(peer.id)
    this.#peers.set(peer.id, peer)
    if (recovered.history.some((page) => page.reconfigures && page.last > this.#founded)) {
      this.reach('started-with-both-configurations')
    }
  }

  onStep(step: Step): void {
    const { peer, events, effects, before, after } = step
    const { role, phase, epoch } = after.standing
    const leads = role === 'leader' && phase === 'broadcast'
    if (leads) this.#leaders.set(peer.id, epoch)
    else this.#leaders.delete(peer.id)
    if (leads && !this.#established.has(epoch)) {
      this.#established.add(epoch)
      this.reach(epoch > 3 ? 'epoch-above-3' : 'epoch-established')
    }
    if (leads && after.lastCommitted > before.lastCommitted) {
      this.#untold.set(peer.id, after.lastCommitted)
    }
    for (const event of events) this.#noteEvent(peer, event)
    for (const effect of effects) this.#noteEffect(step, effect, leads)
  }

  #noteEvent(peer: ObservedPeer, event: Event): void {
    switch (event.type) {
      case 'checkpoint-written':
        this.#inCheckpoint.delete(peer.id)
        this.reach(event.type)
        break
      case 'log-read':
        this.reach(event.type)
        break
      case 'hand-over-requested':
        if (this.#leaders.has(peer.id)) this.reach('hand-over-asked')
        break
      case 'snapshot-received':
      case 'snapshot-failed':
        this.#inSnap.delete(peer.id)
        break
      case 'link-down':
        for (const [mark, reason] of linkMarks) if (event.reason === reason) this.reach(mark)
        break
      default:
        break
    }
  }

  #noteEffect({ peer, before, after }: Step, effect: Effect, leads: boolean): void {
    switch (effect.type) {
      case 'purge-log':
        this.reach('log-purged')
        break
      case 'write-checkpoint':
        this.#inCheckpoint.add(peer.id)
        break
      case 'write-snapshot':
        this.#inSnap.add(peer.id)
        break
      case 'append-log':
        if (leads && effect.records.some((record) => record.type === 'page')) {
          this.#unproposed.set(peer.id, after.lastLogged)
        }
        break
      case 'deliver': {
        const returns =
          before.standing.phase !== 'broadcast' && after.standing.phase === 'broadcast'
        for (const item of effect.items) {
          if (item.type !== 'watch-event' && item.type !== 'watch-gap') continue
          this.reach(item.type)
          if (returns && item.type === 'watch-event') this.reach('watch-event-on-return')
        }
        break
      }
      default:
        break
    }
  }

  onAppend(_peer: ObservedPeer, records: readonly LogRecord[]): void {
    for (const record of records) {
      if (record.type === 'snapshot-installed') this.reach('snapshot-installed')
      if (record.type === 'damage-healed') this.reach('store-healed')
    }
  }

  onDurable(_peer: ObservedPeer, records: readonly LogRecord[]): void {
    for (const record of records) if (record.type === 'page') this.#noteHolders(record.page)
  }

  /** Whether weights decide otherwise than a count of those who hold the page would. */
  #noteHolders(page: Page): void {
    const members = this.#members
    if (countAlike(members)) return
    const voters = votersOf(members)
    const holders = voters.filter((id) => this.#peers.get(id)?.durable.holds(page) === true)
    const isMajority = holders.length > voters.length / 2
    if (isMajority === suffices(members, (id) => holders.includes(id))) return
    this.reach(isMajority ? 'weight-outvoted-majority' : 'minority-sufficed')
  }

  onSend(from: ObservedPeer, to: PeerId, message: Message): void {
    const link = `${from.id}>${to}`
    switch (message.type) {
      case 'diff':
        this.#syncs.set(link, 'diff')
        break
      case 'trunc':
        this.#syncs.set(link, 'trunc')
        this.reach('trunc')
        break
      case 'snap':
        this.#syncs.delete(link)
        this.reach('snap')
        break
      case 'proposal': {
        const sync = this.#syncs.get(link)
        this.#syncs.delete(link)
        if (sync !== undefined) this.reach(`${sync}-with-pages`)
        if (this.#unproposed.get(from.id) === message.page.last) this.#unproposed.delete(from.id)
        break
      }
      case 'new-leader':
        if (this.#syncs.get(link) === 'diff') this.reach('diff-empty')
        this.#syncs.delete(link)
        break
      case 'commit':
        if ((this.#untold.get(from.id) ?? Infinity) <= message.upTo) this.#untold.delete(from.id)
        break
      case 'goodbye':
        this.reach('goodbye')
        break
      default:
        break
    }
  }

  onStop(peer: ObservedPeer, wiped: boolean): void {
    if (wiped) {
      this.reach('store-lost')
      return
    }
    const { id } = peer
    this.reach(this.#leaders.has(id) ? 'leader-crashed' : 'other-crashed')
    if (this.#leaders.has(id)) {
      if (this.#unproposed.has(id)) this.reach('leader-crashed-before-propose')
      if (this.#untold.has(id)) this.reach('leader-crashed-before-commit')
    }
    if (peer.appended.end.last > peer.durable.end.last) this.reach('crashed-in-midst-of-append')
    if (peer.appended.currentEpoch > peer.durable.currentEpoch) {
      this.reach('crashed-before-epoch-durable')
    }
    if (this.#inCheckpoint.has(id)) this.reach('crashed-in-checkpoint')
    if (this.#inSnap.has(id)) this.reach('crashed-in-snap')
    for (const noted of [this.#unproposed, this.#untold, this.#inCheckpoint, this.#inSnap]) {
      noted.delete(id)
    }
    this.#leaders.delete(id)
  }

  onRead(peer: ObservedPeer): void {
    const epoch = this.#leaders.get(peer.id)
    if (epoch !== undefined && this.#established.has(epoch + 1)) {
      this.reach('read-at-deposed-leader')
    }
  }

  onCommitted(_peer: ObservedPeer, page: Page): void {
    if (epochOf(page.last) > 0 && counterOf(page.last) === this.#maxCounter) {
      this.reach('counter-ran-out')
    }
  }

  afterTxn(txn: Txn, zxid: Zxid): void {
    if (txn.type === 'configure') this.#noteConfiguration(txn.configuration.members, zxid)
    for (const step of 'txns' in txn ? txn.txns : [txn]) {
      if (step.type === 'create') this.#reaps.set(step.path, step.reap)
    }
    if (txn.type === 'delete' && txn.requestId === 0) {
      this.reach(this.#reaps.get(txn.path) === -1 ? 'container-reaped' : 'ttl-reaped')
    }
    if (txn.type !== 'close-session') return
    this.reach(txn.reason === 'expired' ? 'session-expired' : 'session-closed')
    if (txn.reason === 'expired' && epochOf(txn.closed as number as Zxid) < epochOf(zxid)) {
      this.reach('session-expired-in-later-epoch')
    }
  }

  /** What has changed among the members. */
  #noteConfiguration(members: readonly Member[], zxid: Zxid): void {
    const before = this.#members
    this.#members = members
    if (before.length === 0) {
      this.#founded = zxid
      return
    }
    const voters = new Set(votersOf(members))
    for (const member of members) {
      const former = before.find(({ id }) => id === member.id)
      if (former === undefined && member.role === 'voter') this.reach('voter-added')
      if (former === undefined || sameMembers([former], [member])) continue
      this.reach(former.role === member.role ? 'weights-changed' : 'role-changed')
    }
    const removed = votersOf(before).filter((id) => !voters.has(id))
    if (removed.length > 0) this.reach('voter-removed')
    if (removed.some((id) => this.#leaders.has(id))) this.reach('leader-removed')
  }

  onAnswer(_peer: ObservedPeer, session: SessionHistory, call: Call): void {
    const { answer, request } = call
    if (session.isReadOnly && answer?.type === 'synced') this.reach('read-only-synced')
    if (answer?.type === 'refused' && request?.type === 'reconfigure') {
      this.reach('reconfiguration-refused')
    }
    if (answer?.type === 'refused') this.reach('write-refused')
    if (answer?.type === 'refused' && answer.refusal.code === 'NO_AUTH') this.reach('list-forbade')
    if (answer?.type === 'reply' && request?.type === 'set-acl') this.reach('list-replaced')
    if (answer?.type === 'synced') this.reach('sync-answered')
    if (answer?.type !== 'failed') return
    if (answer.code === 'NOT_READ_ONLY') this.reach('read-only-write-refused')
    if (answer.code === 'ABORTED') this.reach('write-aborted')
    if (answer.code === 'SESSION_MOVED') this.reach('write-void-by-move')
    if (answer.code === 'RESULT_LOST') this.reach('result-lost')
  }

  /** Counts what became of the writes whose outcome nobody was told. */
  noteOutcomes(history: History): void {
    for (const session of history.sessions.values()) {
      for (const { request, answer, zxid } of session.calls) {
        const unknown =
          answer?.type === 'lost' || (answer?.type === 'failed' && answer.outcome === 'unknown')
        if (request === null || !unknown) continue
        this.reach(zxid === null ? 'write-unknown-absent' : 'write-unknown-committed')
      }
    }
  }

  reach(mark: Mark): void {
    this.#counts.set(mark, (this.#counts.get(mark) ?? 0) + 1)
  }
}

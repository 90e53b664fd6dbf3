/**
 * What agreement knows whatever phase it is in: the promises (TLA+: acceptedEpoch, currentEpoch), the
 * history, the configuration, the links, and what the disk still owes. Phases hold the rest, and it
 * dies with them.
 *
 * Invariants: Z2, promises never decrease, and currentEpoch ≤ acceptedEpoch; Z17, applied ≤
 * committed ≤ logged.
 */
import { assert } from '../assert.ts'
import type { Configuration, Member, Membership } from '../ensemble/configuration.ts'
import { Configurations } from '../ensemble/configurations.ts'
import type { Quorum } from '../ensemble/quorum.ts'
import type { ErrorCode } from '../errors.ts'
import type { EnsembleId, PeerId } from '../ids.ts'
import type { LogRecord } from '../log-record.ts'
import type { Outbox } from '../outbox.ts'
import type { PeerCoreOptions } from '../peer-core.ts'
import type { RecoveredState } from '../recovered-state.ts'
import type { Replica } from '../server/replica.ts'
import { formatZxid, type Zxid } from '../zxid.ts'
import { History } from './history.ts'
import type { Message } from './messages.ts'
import type { Page } from './page.ts'
import type { StateMachine } from './state-machine.ts'

/** An append that the disk has not answered. */
interface OpenAppend {
  readonly seq: number
  readonly sinceMs: number
}

/** A digest that the leader had at a page end, to be compared when this peer gets there. */
interface ExpectedDigest {
  readonly at: Zxid
  readonly digest: string
}

/** A received snapshot that takes over once the append that says so is durable. */
interface Installing {
  readonly seq: number
  readonly replica: Replica
  readonly transfer: number
}

export class ZabState {
  readonly options: PeerCoreOptions
  readonly outbox: Outbox
  readonly machine: StateMachine
  readonly history: History
  readonly configurations: Configurations
  damaged: string | null
  lastCommitted: Zxid
  /** While true, only durable pages are applied, so that a checkpoint can begin. */
  applyOnlyDurable = false

  #nowMs = 0
  #judgesSilence = true
  /** What was applied in this step. */
  #appliedBytes = 0
  #acceptedEpoch: number
  #acceptedLeader: PeerId
  #currentEpoch: number
  /** What the store knew its ensemble by, even if it lost all the rest; or 0. */
  readonly #recoveredEnsembleId: EnsembleId
  readonly #links = new Set<PeerId>()
  readonly #openAppends: OpenAppend[] = []
  #syncedSeq = 0
  #expectedDigest: ExpectedDigest | null = null
  #installing: Installing | null = null
  #lastTransfer = 0

  constructor(
    options: PeerCoreOptions,
    recovered: RecoveredState,
    machine: StateMachine,
    outbox: Outbox,
  ) {
    this.options = options
    this.outbox = outbox
    this.machine = machine
    const { logStart, pageEnds, history, pageBytes } = recovered
    this.history = new History(logStart, pageEnds, history, pageBytes)
    const { configuration, replica } = recovered
    this.configurations = new Configurations(options.members, configuration)
    if (replica.configuration !== null) this.configurations.install(replica.configuration)
    for (const page of history) this.#noteConfiguration(page)
    this.#recoveredEnsembleId = recovered.ensembleId
    this.damaged = recovered.damaged
    this.lastCommitted = machine.end.last
    this.#acceptedEpoch = recovered.acceptedEpoch
    this.#acceptedLeader = recovered.acceptedLeader
    this.#currentEpoch = recovered.currentEpoch
    assert(this.#currentEpoch <= this.#acceptedEpoch, 'Z2: currentEpoch ≤ acceptedEpoch')
    assert(machine.end.last <= this.history.end.last, 'Z17: applied ≤ logged')
  }

  get id(): PeerId {
    return this.options.id
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** False in the first step after a pause: what came meanwhile may not have been heard yet. */
  get judgesSilence(): boolean {
    return this.#judgesSilence
  }

  /** Time passes. What a pause has put off is judged in the step behind, and never put off twice. */
  tick(nowMs: number): void {
    const paused = nowMs - this.#nowMs > this.options.timing.heartbeatMs
    this.#judgesSilence = !(paused && this.#judgesSilence)
    this.#nowMs = nowMs
    this.#appliedBytes = 0
    if (!this.#judgesSilence) this.outbox.stepAgain()
  }

  /** The ensemble that this peer belongs to; 0 before it is founded or joined. */
  get ensembleId(): EnsembleId {
    return this.configuration?.ensembleId ?? this.#recoveredEnsembleId
  }

  /** The configuration in force: the last one in the log. `null` before founding. */
  get configuration(): Configuration | null {
    return this.configurations.inForce
  }

  /** The members in force, or as listed before an ensemble is founded. */
  get members(): readonly Member[] {
    return this.configurations.members
  }

  /** What this peer is in the ensemble. */
  get membership(): Membership {
    return this.configurations.membershipOf(this.id)
  }

  get voters(): readonly PeerId[] {
    return this.configurations.voters
  }

  get quorum(): Quorum {
    return this.configurations.quorum
  }

  get acceptedEpoch(): number {
    return this.#acceptedEpoch
  }

  /** To whom acceptedEpoch is promised. */
  get acceptedLeader(): PeerId {
    return this.#acceptedLeader
  }

  get currentEpoch(): number {
    return this.#currentEpoch
  }

  /** True of one that counts in quorums, be it only those of the configuration before. */
  get isVoter(): boolean {
    return this.quorum.voters.has(this.id)
  }

  /**
   * True of a peer that remembers its promises and what it acked. One that is empty has either never
   * been part of an ensemble or has lost its memory, and cannot tell which (Z19).
   */
  get remembers(): boolean {
    return this.damaged === null && (this.#currentEpoch > 0 || !this.history.isEmpty)
  }

  /** True when this peer may take part in founding an ensemble: nothing is here, nothing was lost. */
  get mayFound(): boolean {
    return this.damaged === null && this.history.isEmpty
  }

  /** Appends records in order. What they say holds here at once, and durably when `seq` is synced. */
  append(...records: readonly LogRecord[]): number {
    const seq = this.outbox.append(...records)
    if (this.#openAppends.at(-1)?.seq !== seq) {
      this.#openAppends.push({ seq, sinceMs: this.nowMs })
    }
    for (const record of records) this.#note(record, seq)
    return seq
  }

  #note(record: LogRecord, seq: number): void {
    switch (record.type) {
      case 'page':
        this.history.append(record.page, seq)
        this.#noteConfiguration(record.page)
        break
      case 'truncate':
        assert(record.to.last >= this.machine.end.last, 'Z10: what is applied is never cut')
        this.history.truncate(record.to, seq)
        this.configurations.truncate(record.to.last)
        break
      case 'snapshot-installed':
        this.history.install(record.at, seq)
        break
      case 'accepted-epoch':
        assert(record.epoch > this.#acceptedEpoch, 'Z2: acceptedEpoch rises')
        this.#acceptedEpoch = record.epoch
        this.#acceptedLeader = record.leader
        break
      case 'current-epoch':
        assert(record.epoch >= this.#currentEpoch, 'Z2: currentEpoch never falls')
        assert(record.epoch <= this.#acceptedEpoch, 'Z2: currentEpoch ≤ acceptedEpoch')
        this.#currentEpoch = record.epoch
        break
      case 'configuration':
        this.configurations.settleOn(record.configuration)
        break
      case 'damage-found':
        this.damaged = record.reason
        break
      case 'damage-healed':
        this.damaged = null
        break
    }
  }

  /**
   * Somebody knows this configuration to be committed. So does this peer from now on, if it knew only of
   * earlier ones: otherwise it would wait for those that were removed, who do not stand any more.
   */
  learnOf(theirs: Configuration | null): void {
    const { committed } = this.configurations
    if (theirs === null || committed === null || theirs.version <= committed.version) return
    if (theirs.ensembleId !== this.ensembleId) return
    this.append({ type: 'configuration', configuration: theirs })
  }

  /** What a page of the log configures is in force from here on, committed or not (Z18). */
  #noteConfiguration(page: Page): void {
    if (!page.reconfigures) return
    const txn = this.options.codec.decode(page).at(-1)
    assert(txn?.type === 'configure', 'Z18: a page that reconfigures ends with its configuration')
    this.configurations.add(txn.configuration, page.last)
  }

  onSynced(seq: number): void {
    this.#syncedSeq = seq
    while ((this.#openAppends[0]?.seq ?? Infinity) <= seq) this.#openAppends.shift()
    this.history.onSynced(seq)
    this.#adoptInstalled(seq)
    // Also what a checkpoint, begun meanwhile, had held back.
    this.applyCommitted()
  }

  /** True when the disk has confirmed `seq`. */
  isSynced(seq: number): boolean {
    return this.#syncedSeq >= seq
  }

  /** True when the disk owes nothing. */
  get allSynced(): boolean {
    return this.#openAppends.length === 0
  }

  /** How long the oldest append has been waiting for the disk. */
  get diskWaitMs(): number {
    const oldest = this.#openAppends[0]
    return oldest === undefined ? 0 : this.nowMs - oldest.sinceMs
  }

  linkUp(peer: PeerId): void {
    this.#links.add(peer)
  }

  /** The link is gone, or is not to be listened to any more. */
  linkDown(peer: PeerId): void {
    this.#links.delete(peer)
    this.outbox.dropSends(peer)
  }

  isLinked(peer: PeerId): boolean {
    return this.#links.has(peer)
  }

  get links(): ReadonlySet<PeerId> {
    return this.#links
  }

  send(to: PeerId, message: Message): void {
    if (this.#links.has(to)) this.outbox.send(to, message)
  }

  /**
   * Breaks a link. A conversation between learner and leader lasts as long as its link: breaking it
   * is how either side leaves, and what was on its way is never mistaken for something newer.
   */
  disconnect(peer: PeerId, reason: string): void {
    if (!this.#links.has(peer)) return
    this.linkDown(peer)
    this.outbox.add({ type: 'disconnect', peer, reason })
  }

  /** A number that no snapshot transfer or log reader of this peer has had. */
  nextTransfer(): number {
    this.#lastTransfer += 1
    return this.#lastTransfer
  }

  /** Stops the peer for good. */
  fail(code: ErrorCode, detail: string): void {
    this.outbox.add({ type: 'fail', code, detail })
  }

  /**
   * Everything up to `upTo`, a page end, is committed: applies it. `digest` is the leader's there,
   * or empty. Refuses, with the reason, a place that is no page end of this history (Z15).
   */
  commit(upTo: Zxid, digest: string): string | null {
    if (upTo <= this.lastCommitted) return null
    if (this.history.find(upTo) === undefined) {
      return `Z15: ${formatZxid(upTo)} is committed, but is no page end of this log`
    }
    this.lastCommitted = upTo
    const settled = this.configurations.committedBy(upTo)
    // Durably, so that whoever starts from this log needs nobody who was removed.
    if (settled !== null) this.append({ type: 'configuration', configuration: settled })
    if (digest !== '') this.#expectedDigest = { at: upTo, digest }
    this.applyCommitted()
    return null
  }

  /**
   * Switches to a received snapshot: says which append does. Whatever becomes of the conversation
   * that brought it, the state is the snapshot's as soon as that append is durable.
   */
  install(replica: Replica, transfer: number): number {
    const seq = this.append({ type: 'snapshot-installed', at: replica.end })
    this.#installing = { seq, replica, transfer }
    this.configurations.install(replica.configuration)
    return seq
  }

  #adoptInstalled(seq: number): void {
    const installing = this.#installing
    if (installing === null || seq < installing.seq) return
    this.#installing = null
    this.outbox.add({ type: 'close-snapshot', transfer: installing.transfer })
    this.machine.replaceReplica(installing.replica)
    this.lastCommitted = installing.replica.end.last
  }

  /** True when nothing that is known to be committed waits to be applied. */
  get isApplied(): boolean {
    return this.machine.end.last >= this.lastCommitted
  }

  /** Applies what is committed and, while a checkpoint waits, durable; the next step what is too much. */
  applyCommitted(): void {
    // What is still to be applied has left the log, and comes with the snapshot.
    if (this.#installing !== null) return
    const limit = this.applyOnlyDurable
      ? Math.min(this.lastCommitted, this.history.durable.last)
      : this.lastCommitted
    if (this.machine.end.last >= limit) return
    const { maxAppliedBytes } = this.options.limits
    for (const page of this.history.pagesBehind(this.machine.end.last) ?? []) {
      if (page.last > limit || this.#appliedBytes >= maxAppliedBytes) break
      this.machine.apply(page)
      this.#appliedBytes += page.bytes.length
    }
    if (this.machine.end.last < limit) {
      const isPutOff = this.#appliedBytes >= maxAppliedBytes
      assert(isPutOff, 'Z17: every page not yet applied is at hand')
      this.outbox.stepAgain()
    }
    this.#compareDigest()
    // What the disk does not have yet can be read from nowhere else.
    const readable = Math.min(this.machine.end.last, this.history.durable.last) as Zxid
    this.history.trimWindow(readable, this.options.limits.maxWindowBytes)
  }

  #compareDigest(): void {
    const expected = this.#expectedDigest
    if (expected === null || this.machine.end.last < expected.at) return
    this.#expectedDigest = null
    if (this.machine.end.last > expected.at || this.machine.digest === expected.digest) return
    this.fail(
      'DIVERGED',
      `D1: at ${formatZxid(expected.at)} this peer's tree has the digest ${this.machine.digest}, ` +
        `the leader's has ${expected.digest}. Keep the directory for analysis and start the peer ` +
        'on an empty one: it will be brought up to date.',
    )
  }
}

/**
 * The learner's side of the conversation with its leader, through the phases:
 *
 *   DISCOVERY         FOLLOWERINFO → , ← LEADERINFO, epoch durable, ACKEPOCH →
 *   SYNCHRONIZATION   ← DIFF | TRUNC | SNAP, ← pages, ← NEWLEADER, history and epoch durable, ACK-LD →
 *   BROADCAST         ← UPTODATE, then ← PROPOSAL, durable, ACK →, ← COMMIT
 *
 * The leader's side is in leading.ts. The conversation lasts as long as its link; whatever does not
 * fit ends it, and the peer looks again.
 *
 * Invariants: Z2, no promise leaves before it is durable, and none to a second leader; Z5, a gap is
 * refused; Z12, nothing is acked before it is durable; Z13, what the leader does not have is cut, on
 * disk, before anything is appended; Z15, a commit is a page end of this log.
 */
import { formatMembers, sameMembers, type Configuration } from '../ensemble/configuration.ts'
import type { PeerId } from '../ids.ts'
import type { LogRecord } from '../log-record.ts'
import type { Replica } from '../server/replica.ts'
import { formatZxid, type Zxid } from '../zxid.ts'
import type { Elected } from './election.ts'
import { IncomingHistory } from './incoming-history.ts'
import type { Received } from './learner.ts'
import type { Message } from './messages.ts'
import type { ZabState } from './state.ts'

/** What waits for an append to be durable. */
interface Waiting {
  readonly seq: number
  readonly then: () => void
}

export class Following {
  readonly leader: PeerId
  /** The round in which the leader was elected. */
  readonly round: number
  readonly #state: ZabState
  /** True of a peer whose promises and acks count before UPTODATE (Z19). */
  readonly #counts: boolean
  #phase: 'discovery' | 'synchronization' | 'broadcast' = 'discovery'
  #epoch = 0
  readonly #waiting: Waiting[] = []
  readonly #incoming: IncomingHistory
  #newLeaderAcked = false
  /** What UPTODATE said is committed: synced once that is applied. */
  #upToDateAt: Zxid | null = null
  #lastAcked = 0
  #lastHeardMs: number
  #leaderProgress = 0
  #ownProgress = 0
  #ended: string | null = null

  constructor(state: ZabState, elected: Extract<Elected, { type: 'follow' }>) {
    this.#state = state
    this.leader = elected.leader
    this.round = elected.round
    this.#counts = state.remembers || elected.founding
    this.#lastHeardMs = state.nowMs
    this.#incoming = new IncomingHistory(state)
    this.#send({
      type: 'follower-info',
      acceptedEpoch: state.acceptedEpoch,
      acceptedLeader: state.acceptedLeader,
      counts: this.#counts,
      ensembleId: state.ensembleId,
    })
  }

  get phase(): 'discovery' | 'synchronization' | 'broadcast' {
    return this.#phase
  }

  /** The epoch promised in this conversation, or 0. */
  get epoch(): number {
    return this.#epoch
  }

  /** Why the conversation is over, or `null`. The peer looks then. */
  get ended(): string | null {
    return this.#ended
  }

  /** True while a snapshot is on its way in that will replace the one in use. */
  get receivesSnapshot(): boolean {
    return this.#incoming.receivesSnapshot
  }

  get reason(): string {
    const leader = `peer ${String(this.leader)}`
    if (this.#phase === 'broadcast') return `follows ${leader}`
    if (this.#incoming.receivesSnapshot) return `receives a snapshot from ${leader}`
    return this.#phase === 'discovery'
      ? `asks ${leader} for an epoch`
      : `synchronizes with ${leader}`
  }

  onTick(): void {
    const { nowMs, options } = this.#state
    if (nowMs - this.#lastHeardMs > options.timing.silentPeerMs) {
      this.#end(
        this.#phase === 'broadcast'
          ? 'the leader fell silent'
          : 'the leader made no progress towards a quorum',
      )
    }
  }

  onSynced(seq: number): void {
    if (this.#phase !== 'broadcast') this.#progress()
    while ((this.#waiting[0]?.seq ?? Infinity) <= seq) this.#waiting.shift()?.then()
    this.#ackDurable()
  }

  /** What a step ends with. */
  endStep(): void {
    this.#maybeSynced()
  }

  /** The store reads or writes on our behalf: it is alive, if slow. */
  onStoreProgress(): void {
    this.#progress()
  }

  onMessage(message: Exclude<Message, { type: 'notification' }>): void {
    switch (message.type) {
      case 'ping':
        this.#onPing(message)
        return
      case 'leader-info':
        this.#onLeaderInfo(message)
        return
      case 'diff':
      case 'trunc':
      case 'snap':
        this.#endIf(this.#onPlan(message))
        return
      case 'snap-chunk':
        this.#progress()
        this.#endIf(this.#incoming.onChunk(message))
        return
      case 'proposal':
        if (this.#phase !== 'broadcast') this.#progress()
        this.#endIf(this.#incoming.onPage(message.page, this.#epoch))
        return
      case 'new-leader':
        this.#onNewLeader(message)
        return
      case 'up-to-date':
        this.#onUpToDate(message)
        return
      case 'commit':
        this.#onCommit(message)
        return
      case 'sync-reply':
        if (this.#phase === 'broadcast' && message.epoch === this.#epoch) {
          this.#state.machine.onSyncReply(message.sync, message.upTo)
        }
        return
      case 'goodbye':
        this.#end('the leader has handed over')
        return
      case 'follower-info':
      case 'ack-epoch':
      case 'ack-new-leader':
      case 'ack':
      case 'diff-ack':
      case 'snap-ack':
      case 'pong':
      case 'requests':
      case 'session-requests':
      case 'session-moves':
      case 'sync-request':
        this.#end(`Z14: a leader never sends ${message.type}`)
        return
    }
  }

  /** The chunk is in the new snapshot; the leader may send another. */
  onChunkWritten(transfer: number, number: number): void {
    if (!this.#incoming.isReceiving(transfer)) return
    this.#progress()
    this.#send({ type: 'snap-ack', number })
  }

  /** The new snapshot is complete and verified: switch to it, and only then ask for what follows. */
  onSnapshotReceived(transfer: number, replica: Replica): void {
    if (!this.#incoming.isReceiving(transfer)) return
    this.#progress()
    const installed = this.#incoming.install(replica)
    if (typeof installed === 'string') {
      this.#end(installed)
      return
    }
    this.#wait(installed.seq, () => {
      this.#incoming.onInstalled()
    })
  }

  onSnapshotFailed(transfer: number, reason: string): void {
    if (!this.#incoming.isReceiving(transfer)) return
    this.#end(`the snapshot could not be received: ${reason}`)
  }

  /** The conversation is left: what it holds is freed. */
  close(): void {
    this.#incoming.close()
  }

  #onPing(ping: Received<'ping'>): void {
    const { machine, nowMs } = this.#state
    if (this.#phase === 'broadcast') {
      if (ping.epoch !== this.#epoch) return
      this.#lastHeardMs = nowMs
      machine.onProofsAcknowledged(ping.proofsAcknowledged, ping.proposed)
      const proofs = machine.takeProofs(nowMs)
      this.#send({ type: 'pong', epoch: this.#epoch, round: ping.round, proofs, progress: 0 })
      return
    }
    if (ping.progress > this.#leaderProgress) {
      this.#leaderProgress = ping.progress
      this.#lastHeardMs = nowMs
    }
    const progress = this.#ownProgress
    this.#send({ type: 'pong', epoch: this.#epoch, round: 0, proofs: null, progress })
  }

  #onLeaderInfo({ epoch, configuration }: Received<'leader-info'>): void {
    const state = this.#state
    if (this.#phase !== 'discovery' || this.#epoch !== 0) {
      this.#end('Z14: LEADERINFO twice')
      return
    }
    if (epoch < state.acceptedEpoch) {
      this.#end(`epoch ${String(state.acceptedEpoch)} is promised, ${String(epoch)} comes too late`)
      return
    }
    if (epoch === state.acceptedEpoch && state.acceptedLeader !== this.leader) {
      this.#end(`epoch ${String(epoch)} is promised to peer ${String(state.acceptedLeader)}`)
      return
    }
    if (this.#refusesConfiguration(configuration)) return
    this.#progress()
    this.#epoch = epoch
    const records: LogRecord[] = []
    // Z19: from its first page on it would pass for a peer that remembers, so it is noted before.
    if (!this.#counts && state.damaged === null) {
      records.push({ type: 'damage-found', reason: 'the store was empty' })
    }
    if (state.configuration === null) records.push({ type: 'configuration', configuration })
    if (epoch > state.acceptedEpoch) {
      records.push({ type: 'accepted-epoch', epoch, leader: this.leader })
    }
    if (records.length === 0) this.#ackEpoch()
    else
      this.#wait(state.append(...records), () => {
        this.#ackEpoch()
      })
  }

  /** Z2: only once the promise is durable. */
  #ackEpoch(): void {
    const { currentEpoch, history } = this.#state
    const { last, crc } = history.durable
    this.#phase = 'synchronization'
    this.#send({
      type: 'ack-epoch',
      epoch: this.#epoch,
      currentEpoch,
      end: { last, crc },
      epochEnds: history.epochEnds(),
    })
  }

  /** Two that are committed with one version are the same; and one founds with one list. */
  #refusesConfiguration(theirs: Configuration): boolean {
    const { configurations, ensembleId, id, options } = this.#state
    const { committed } = configurations
    const sameEnsemble = ensembleId === 0 || ensembleId === theirs.ensembleId
    const isListed = theirs.members.some((member) => member.id === id)
    const ours = committed?.members ?? options.members
    // Whoever joins was not there when the ensemble was founded.
    const isComparable =
      (committed?.version ?? 1) === theirs.version && (committed !== null || isListed)
    if (sameEnsemble && (!isComparable || sameMembers(ours, theirs.members))) return false
    const leader = `peer ${String(this.leader)}`
    const detail = sameEnsemble
      ? `This peer has the members [${formatMembers(ours)}], the ensemble that ${leader} leads has ` +
        `[${formatMembers(theirs.members)}]. List the same ids, roles, weights and groups at every peer.`
      : `This peer belongs to ensemble ${String(ensembleId)}, ${leader} leads ensemble ` +
        `${String(theirs.ensembleId)}. Start each peer on a directory of the ensemble that it lists.`
    this.#state.fail('CONFIG_MISMATCH', detail)
    this.#end('the configurations differ')
    return true
  }

  #onPlan(plan: Received<'diff' | 'trunc' | 'snap'>): string | null {
    if (this.#phase !== 'synchronization') return `Z14: ${plan.type} outside synchronization`
    this.#progress()
    return this.#incoming.onPlan(plan)
  }

  #onNewLeader(message: Received<'new-leader'>): void {
    const inPlace = this.#phase === 'synchronization' && this.#incoming.takesPages
    if (!inPlace || message.epoch !== this.#epoch) {
      this.#end('Z14: NEWLEADER out of place')
      return
    }
    if (message.end !== this.#state.history.end.last) {
      this.#end(`Z13: NEWLEADER ends at ${formatZxid(message.end)}, this log does not`)
      return
    }
    this.#progress()
    // History first, then the epoch, in one append; the ACK when that is durable (ZOOKEEPER-4643).
    const seq = this.#state.append({ type: 'current-epoch', epoch: this.#epoch })
    this.#wait(seq, () => {
      const upTo = this.#state.history.durable.last
      this.#newLeaderAcked = true
      this.#lastAcked = upTo
      this.#send({ type: 'ack-new-leader', epoch: this.#epoch, upTo })
    })
  }

  #onUpToDate({ committed }: Received<'up-to-date'>): void {
    if (!this.#newLeaderAcked || this.#phase !== 'synchronization') {
      this.#end('Z14: UPTODATE before ACK-LD')
      return
    }
    if (this.#upToDateAt !== null) {
      this.#end('Z14: UPTODATE twice')
      return
    }
    this.#progress()
    this.#commit(committed, '')
    this.#upToDateAt = committed
    this.#maybeSynced()
  }

  #maybeSynced(): void {
    if (this.#upToDateAt === null || this.#phase !== 'synchronization') return
    if (this.#ended !== null || this.#state.machine.end.last < this.#upToDateAt) return
    if (this.#state.damaged !== null) this.#state.append({ type: 'damage-healed' })
    this.#phase = 'broadcast'
    this.#lastHeardMs = this.#state.nowMs
    this.#state.machine.follow(this.leader, this.#epoch)
  }

  #onCommit({ upTo, digest }: Received<'commit'>): void {
    if (this.#phase !== 'broadcast') this.#progress()
    this.#commit(upTo, digest)
  }

  #commit(upTo: Zxid, digest: string): void {
    if (!this.#incoming.takesPages) {
      this.#end('Z14: COMMIT before DIFF, TRUNC or the end of SNAP')
      return
    }
    this.#endIf(this.#state.commit(upTo, digest))
  }

  #ackDurable(): void {
    const durable = this.#state.history.durable.last
    if (this.#newLeaderAcked) {
      if (durable <= this.#lastAcked) return
      this.#lastAcked = durable
      this.#send({ type: 'ack', upTo: durable })
    } else if (this.#incoming.takesPages && this.#ended === null) {
      this.#send({ type: 'diff-ack', upTo: durable })
    }
  }

  #wait(seq: number, then: () => void): void {
    this.#waiting.push({ seq, then })
  }

  #progress(): void {
    this.#ownProgress += 1
    this.#lastHeardMs = this.#state.nowMs
  }

  #send(message: Message): void {
    this.#state.send(this.leader, message)
  }

  #endIf(reason: string | null): void {
    if (reason !== null) this.#end(reason)
  }

  #end(reason: string): void {
    this.#ended ??= reason
  }
}

/**
 * SYNCHRONIZATION as the leader sees one learner: makes its history the leader's, page by page, then
 * enrols it and says NEWLEADER.
 *
 * Pages that are not in memory any more are read from the log, a bounded piece at a time, and the
 * next piece follows only when the learner has the one before on disk. A snapshot is streamed the
 * same way. Meanwhile new pages are proposed to others; the learner is enrolled in the very step in
 * which it has been sent all there is, so it can neither miss a page nor get one twice (Z15).
 */
import type { PeerId } from '../ids.ts'
import { formatZxid, type Zxid } from '../zxid.ts'
import type { Message } from './messages.ts'
import type { Page, PageEnd } from './page.ts'
import type { ZabState } from './state.ts'
import { planSync } from './sync-plan.ts'

/** A snapshot on its way out. Chunks are numbered from 0. */
interface OutgoingSnapshot {
  readonly id: number
  at: PageEnd | null
  sent: number
  acked: number
  reading: boolean
  done: boolean
}

export class LearnerSync {
  readonly #state: ZabState
  readonly #peer: PeerId
  readonly #epoch: number
  /** True once the leader's history is committed, so that the learner may apply what it gets. */
  readonly #isEstablished: () => boolean
  #sentUpTo: Zxid = 0 as Zxid
  /** The number under which the log is being read, or 0. */
  #reader = 0
  /** True while the learner owes a `diff-ack` for what it was sent. */
  #paced = false
  #transfer: OutgoingSnapshot | null = null
  #enrolled = false
  #failure: string | null = null

  constructor(state: ZabState, peer: PeerId, epoch: number, isEstablished: () => boolean) {
    this.#state = state
    this.#peer = peer
    this.#epoch = epoch
    this.#isEstablished = isEstablished
  }

  /** True once the learner was sent NEWLEADER: from then on it gets every proposal. */
  get enrolled(): boolean {
    return this.#enrolled
  }

  /** Why the learner must be dropped, or `null`. */
  get failure(): string | null {
    return this.#failure
  }

  /** The log must keep what lies behind this; `null` when it need not. */
  get pinned(): Zxid | null {
    if (this.#enrolled) return null
    if (this.#transfer === null) return this.#sentUpTo
    return this.#transfer.at?.last ?? this.#state.history.start.last
  }

  begin(end: PageEnd, epochEnds: readonly PageEnd[]): void {
    const plan = planSync(this.#state.history, end, epochEnds)
    if (plan.type === 'snap') {
      const id = this.#state.nextTransfer()
      this.#transfer = { id, at: null, sent: -1, acked: -1, reading: false, done: false }
      this.#state.outbox.add({ type: 'open-snapshot', transfer: id })
      return
    }
    this.#send(plan)
    this.#sentUpTo = plan.type === 'diff' ? plan.after.last : plan.to.last
    this.#continue()
  }

  onLogRead(reader: number, pages: readonly Page[]): void {
    if (reader !== this.#reader) return
    this.#reader = 0
    if (pages.length === 0) {
      this.#failure = `the log no longer reaches back to ${formatZxid(this.#sentUpTo)}`
      return
    }
    this.#sendPages(pages)
    this.#paced = true
  }

  /** The learner comes back, and the log may be readable then. */
  onLogReadFailed(reader: number, reason: string): void {
    if (reader === this.#reader) this.#failure = `the log could not be read: ${reason}`
  }

  onDiffAck(upTo: Zxid): void {
    if (this.#transfer !== null) {
      if (!this.#transfer.done || upTo !== this.#transfer.at?.last) return
      this.#transfer = null
      this.#sentUpTo = upTo
      this.#continue()
    } else if (this.#paced && upTo >= this.#sentUpTo) {
      this.#paced = false
      this.#continue()
    }
  }

  onSnapshotOpened(transfer: number, at: PageEnd): void {
    if (this.#transfer?.id !== transfer) return
    if (this.#state.history.find(at.last) === undefined) {
      this.#failure = `the log does not reach back to the snapshot at ${formatZxid(at.last)}`
      return
    }
    this.#transfer.at = { last: at.last, crc: at.crc }
    this.#send({ type: 'snap', at: this.#transfer.at })
    this.#readChunk(this.#transfer)
  }

  onSnapshotRead(transfer: number, number: number, bytes: Uint8Array, last: boolean): void {
    const outgoing = this.#transfer
    if (outgoing?.id !== transfer) return
    outgoing.reading = false
    outgoing.sent = number
    outgoing.done = last
    this.#send({ type: 'snap-chunk', number, bytes, last })
    if (last) this.#state.outbox.add({ type: 'close-snapshot', transfer })
    else this.#readChunk(outgoing)
  }

  onSnapAck(number: number): void {
    const outgoing = this.#transfer
    if (outgoing === null || number > outgoing.sent) return
    outgoing.acked = Math.max(outgoing.acked, number)
    this.#readChunk(outgoing)
  }

  onSnapshotFailed(transfer: number, reason: string): void {
    if (this.#transfer?.id === transfer) this.#failure = `no snapshot to send: ${reason}`
  }

  /** Frees what the sync holds: the learner is gone. */
  close(): void {
    const transfer = this.#transfer
    if (transfer === null || transfer.done) return
    this.#state.outbox.add({ type: 'close-snapshot', transfer: transfer.id })
  }

  /** Sends what is in memory and enrols, or asks the log for what is not. */
  #continue(): void {
    const { history, options } = this.#state
    const pages = history.pagesBehind(this.#sentUpTo)
    if (pages === undefined) {
      this.#reader = this.#state.nextTransfer()
      this.#state.outbox.add({
        type: 'read-log',
        reader: this.#reader,
        after: this.#sentUpTo,
        maxBytes: options.limits.maxLogReadBytes,
      })
      return
    }
    const piece = firstOf(pages, options.limits.maxLogReadBytes)
    this.#sendPages(piece)
    if (piece.length < pages.length) {
      this.#paced = true
      return
    }
    this.#send({ type: 'new-leader', epoch: this.#epoch, end: history.end.last })
    this.#enrolled = true
  }

  #sendPages(pages: readonly Page[]): void {
    let committed = 0 as Zxid
    for (const page of pages) {
      this.#send({ type: 'proposal', page })
      this.#sentUpTo = page.last
      if (page.last <= this.#state.lastCommitted) committed = page.last
    }
    // A long history is applied as it comes, not held in memory until UPTODATE.
    if (committed > 0 && this.#isEstablished()) {
      this.#send({ type: 'commit', upTo: committed, digest: '' })
    }
  }

  #readChunk(outgoing: OutgoingSnapshot): void {
    if (outgoing.reading || outgoing.done) return
    if (outgoing.sent - outgoing.acked >= this.#state.options.limits.maxSnapshotChunks) return
    outgoing.reading = true
    this.#state.outbox.add({ type: 'read-snapshot', transfer: outgoing.id })
  }

  #send(message: Message): void {
    this.#state.send(this.#peer, message)
  }
}

/** The first of the pages, up to `maxBytes` but one at least: what a link takes at a time. */
function firstOf(pages: readonly Page[], maxBytes: number): readonly Page[] {
  let bytes = 0
  const count = pages.findIndex((page) => (bytes += page.bytes.length) > maxBytes)
  return count < 0 ? pages : pages.slice(0, Math.max(count, 1))
}

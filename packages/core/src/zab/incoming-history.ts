/**
 * SYNCHRONIZATION as the learner sees it: its history becomes the leader's. What the leader does not
 * have is cut, on disk, before anything is appended (Z13); a snapshot is written beside the one in
 * use, and only when it is complete and verified does one log record switch to it.
 *
 * Whatever ends the conversation before that leaves the store as it was, so that nothing needs to be
 * undone (ZOOKEEPER-3642, ZOOKEEPER-5094).
 *
 * Methods say why the conversation must end, or `null`.
 */
import type { Replica } from '../server/replica.ts'
import { epochOf, formatZxid } from '../zxid.ts'
import type { Received } from './learner.ts'
import { samePageEnd, type Page, type PageEnd } from './page.ts'
import type { ZabState } from './state.ts'

interface IncomingSnapshot {
  readonly id: number
  readonly at: PageEnd
  /** The number of the chunk that must come next; infinite when all have come. */
  next: number
}

export class IncomingHistory {
  readonly #state: ZabState
  #planned = false
  #transfer: IncomingSnapshot | null = null
  /** The record that switches to the snapshot was handed to the log. */
  #switching = false

  constructor(state: ZabState) {
    this.#state = state
  }

  /** True while a snapshot is on its way in that will replace the one in use. */
  get receivesSnapshot(): boolean {
    return this.#transfer !== null
  }

  /** True once the histories are one up to the end of this one, so that pages may follow. */
  get takesPages(): boolean {
    return this.#planned && this.#transfer === null
  }

  onPlan(plan: Received<'diff' | 'trunc' | 'snap'>): string | null {
    if (this.#planned) return `Z14: ${plan.type} a second time`
    this.#planned = true
    if (plan.type === 'snap') return this.#beginSnapshot(plan.at)
    const { history } = this.#state
    const common = plan.type === 'diff' ? plan.after : plan.to
    const ours = history.find(common.last)
    if (ours === undefined) return this.#unknown(common)
    if (!samePageEnd(ours, common)) {
      return this.#diverged(
        `the page that ends at ${formatZxid(common.last)} differs from the leader's`,
      )
    }
    if (plan.type === 'trunc') return this.#truncate(plan.to)
    return ours.last === history.end.last ? null : 'Z13: DIFF leaves a tail behind'
  }

  /** Appends the page, if it is the next one, and says when the disk owes too many. */
  onPage(page: Page, epoch: number): string | null {
    if (!this.takesPages) return 'Z14: a page before DIFF, TRUNC or the end of SNAP'
    if (epochOf(page.first) > epoch) {
      return `Z5: a page of epoch ${String(epochOf(page.first))} in epoch ${String(epoch)}`
    }
    const { history, options } = this.#state
    const refusal = history.refuses(page)
    if (refusal !== null) return refusal
    this.#state.append({ type: 'page', page })
    const owed = history.bytesBehind(history.durable.last)
    return owed > options.limits.maxUnsyncedBytes ? 'the disk does not keep up' : null
  }

  onChunk({ number, bytes, last }: Received<'snap-chunk'>): string | null {
    const incoming = this.#transfer
    if (incoming?.next !== number) return 'Z14: a snapshot chunk out of place'
    incoming.next = last ? Infinity : number + 1
    const { id: transfer } = incoming
    this.#state.outbox.add({ type: 'write-snapshot', transfer, number, bytes, last })
    return null
  }

  /** True of the transfer that is under way here. */
  isReceiving(transfer: number): boolean {
    return this.#transfer?.id === transfer
  }

  /** Switches to the received snapshot: the append to wait for, or why not. */
  install(replica: Replica): { readonly seq: number } | string {
    const transfer = this.#transfer
    if (transfer === null || !samePageEnd(replica.end, transfer.at)) {
      return `the snapshot stands at ${formatZxid(replica.end.last)}, not where SNAP said`
    }
    this.#switching = true
    return { seq: this.#state.install(replica, transfer.id) }
  }

  /** The switch is durable: pages may follow. */
  onInstalled(): void {
    this.#transfer = null
  }

  /** Frees what a transfer holds: the conversation is over. A switch that was begun goes on. */
  close(): void {
    if (this.#transfer === null || this.#switching) return
    this.#state.outbox.add({ type: 'close-snapshot', transfer: this.#transfer.id })
    this.#transfer = null
  }

  #beginSnapshot(at: PageEnd): string | null {
    if (at.last < this.#state.lastCommitted) {
      return this.#diverged(
        `the leader's snapshot stands at ${formatZxid(at.last)}, ` +
          `but it is committed here up to ${formatZxid(this.#state.lastCommitted)}`,
      )
    }
    this.#transfer = { id: this.#state.nextTransfer(), at, next: 0 }
    return null
  }

  #truncate(to: PageEnd): string | null {
    const { lastCommitted } = this.#state
    if (to.last < lastCommitted) {
      return this.#diverged(
        `the leader cuts the history at ${formatZxid(to.last)}, ` +
          `but it is committed here up to ${formatZxid(lastCommitted)}`,
      )
    }
    const { committed } = this.#state.configurations
    this.#state.append({ type: 'truncate', to })
    // The log takes back what was said behind that. That a change is committed stays true (Z18).
    if (committed !== null && committed.version > 1) {
      this.#state.append({ type: 'configuration', configuration: committed })
    }
    return null
  }

  /** Behind what is committed here it is the ensemble's fault, before that only the leader's. */
  #unknown({ last }: PageEnd): string {
    const what = `the histories part at ${formatZxid(last)}, which is no page end of this log`
    const { lastCommitted } = this.#state
    if (last >= lastCommitted) return `Z13: ${what}`
    return this.#diverged(`${what}, and it is committed here up to ${formatZxid(lastCommitted)}`)
  }

  #diverged(what: string): string {
    this.#state.fail(
      'DIVERGED',
      `D1: ${what}. Two peers hold different committed histories: keep both directories for ` +
        'analysis, and start this peer on an empty one.',
    )
    return 'the histories have diverged'
  }
}

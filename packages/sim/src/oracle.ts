/**
 * What is known of a run from outside: the committed log, the model that replays it, the history of
 * the sessions. It tells every invariant what happens, when each of them wants to know.
 *
 * A page is committed when some peer says so for the first time; it is then decoded once, matched
 * with the calls that caused it, and applied to the model.
 */
import {
  advanceZxid,
  type Delivery,
  type LogRecord,
  type Member,
  type Message,
  type Page,
  type PageCodec,
  type PeerId,
  type RecoveredState,
  type Txn,
  type Zxid,
} from '@conclave/core/internal'
import { CommittedLog } from './committed-log.ts'
import { History, type Call, type SessionCall, type SessionHistory } from './history.ts'
import { allInvariants } from './invariants/all-invariants.ts'
import { StateModel } from './model/state-model.ts'
import type { ModelChange } from './model/tree-model.ts'
import type { Invariant, Observed, ObservedPeer, Reading, Step } from './observation.ts'
import { RecordedHistory } from './recorded-history.ts'
import type { Microseconds, Scheduler } from './scheduler.ts'

export interface OracleOptions {
  readonly scheduler: Scheduler
  readonly codec: PageCodec
  readonly peers: ReadonlyMap<PeerId, ObservedPeer>
  readonly founders: readonly Member[]
  /** The last counter of an epoch in this run. */
  readonly maxCounter: number
  /** Who is told besides the invariants. */
  readonly watchers: readonly Invariant[]
}

type Hooks = Omit<Invariant, 'id'>
type Hearer<K extends keyof Hooks> = Invariant & Required<Pick<Invariant, K>>
/** The invariants that want to be told of one kind of thing. */
type Audience<K extends keyof Hooks> = readonly Hearer<K>[]
type Audiences = { readonly [K in keyof Required<Hooks>]: Audience<K> }

export class Oracle implements Observed {
  readonly committed = new CommittedLog()
  readonly model = new StateModel()
  readonly history = new History()
  /** The same as its applications saw it. */
  readonly recorded = new RecordedHistory()
  readonly peers: ReadonlyMap<PeerId, ObservedPeer>
  readonly founders: readonly Member[]
  readonly #scheduler: Scheduler
  readonly #codec: PageCodec
  readonly #audiences: Audiences
  readonly #txns = new DecodedPages()
  readonly #changes = new Map<Zxid, readonly ModelChange[]>()

  constructor(options: OracleOptions) {
    this.peers = options.peers
    this.founders = options.founders
    this.#scheduler = options.scheduler
    this.#codec = options.codec
    this.#audiences = audiencesOf([...allInvariants(this, options.maxCounter), ...options.watchers])
  }

  get now(): Microseconds {
    return this.#scheduler.now
  }

  txnsOf(page: Page): readonly Txn[] {
    return this.#txns.get(page, () => this.#codec.decode(page))
  }

  changesBetween(after: Zxid, upTo: Zxid): readonly ModelChange[] {
    return this.committed
      .between(after, upTo)
      .flatMap((page) => this.txnsOf(page).map((_, index) => advanceZxid(page.first, index)))
      .flatMap((zxid) => this.changesAt(zxid))
  }

  changesAt(zxid: Zxid): readonly ModelChange[] {
    return this.#changes.get(zxid) ?? []
  }

  onStart(peer: ObservedPeer, recovered: RecoveredState): void {
    for (const invariant of this.#audiences.onStart) invariant.onStart(peer, recovered)
  }

  /** Before the records of a step are handed to the disk. */
  onAppend(peer: ObservedPeer, records: readonly LogRecord[]): void {
    for (const invariant of this.#audiences.onAppend) invariant.onAppend(peer, records)
  }

  onStep(step: Step): void {
    const { peer, before, after } = step
    if (
      after.lastCommitted > before.lastCommitted &&
      after.lastCommitted > this.committed.end.last
    ) {
      const from = Math.max(before.lastCommitted, this.committed.end.last) as Zxid
      for (const page of peer.appended.between(from, after.lastCommitted)) this.#commit(peer, page)
    }
    for (const invariant of this.#audiences.onStep) invariant.onStep(step)
  }

  onSend(from: ObservedPeer, to: PeerId, message: Message): void {
    for (const invariant of this.#audiences.onSend) invariant.onSend(from, to, message)
  }

  onDurable(peer: ObservedPeer, records: readonly LogRecord[]): void {
    for (const invariant of this.#audiences.onDurable) invariant.onDurable(peer, records)
  }

  onStop(peer: ObservedPeer, wiped: boolean): void {
    for (const invariant of this.#audiences.onStop) invariant.onStop(peer, wiped)
  }

  onDelivery(peer: ObservedPeer, session: SessionHistory, item: Delivery): void {
    for (const invariant of this.#audiences.onDelivery) invariant.onDelivery(peer, session, item)
  }

  onAnswer(peer: ObservedPeer, session: SessionHistory, call: Call): void {
    this.recorded.noteAnswer(call, this.now)
    for (const invariant of this.#audiences.onAnswer) invariant.onAnswer(peer, session, call)
  }

  onSessionAnswer(peer: ObservedPeer, call: SessionCall): void {
    for (const invariant of this.#audiences.onSessionAnswer) invariant.onSessionAnswer(peer, call)
  }

  onRead(peer: ObservedPeer, session: SessionHistory, reading: Reading): void {
    this.recorded.noteRead(session, reading, this.now)
    for (const invariant of this.#audiences.onRead) invariant.onRead(peer, session, reading)
  }

  atEnd(): void {
    for (const invariant of this.#audiences.atEnd) invariant.atEnd()
  }

  #commit(peer: ObservedPeer, page: Page): void {
    for (const invariant of this.#audiences.onCommitted) invariant.onCommitted(peer, page)
    this.committed.append(page)
    for (const [index, txn] of this.txnsOf(page).entries()) {
      const zxid = advanceZxid(page.first, index)
      const call = this.#match(txn, zxid)
      for (const invariant of this.#audiences.beforeTxn) invariant.beforeTxn(txn, zxid, call)
      const changed = this.model.apply(txn, zxid)
      for (const invariant of this.#audiences.afterTxn) invariant.afterTxn(txn, zxid, changed)
      if (changed.length > 0) this.#changes.set(zxid, changed)
    }
  }

  /** The call that a txn answers, if an application is known to have made it. */
  #match(txn: Txn, zxid: Zxid): Call | undefined {
    if (txn.session === 0 || txn.requestId === 0) return undefined
    const call = this.history.sessionOf(txn, this.model)?.matchNext()
    if (call !== undefined) call.zxid = zxid
    return call
  }
}

function audiencesOf(invariants: readonly Invariant[]): Audiences {
  const of = <K extends keyof Hooks>(name: K): Audience<K> =>
    invariants.filter((one): one is Hearer<K> => one[name] !== undefined)
  return {
    onStart: of('onStart'),
    onStep: of('onStep'),
    onSend: of('onSend'),
    onAppend: of('onAppend'),
    onDurable: of('onDurable'),
    onStop: of('onStop'),
    onCommitted: of('onCommitted'),
    beforeTxn: of('beforeTxn'),
    afterTxn: of('afterTxn'),
    onDelivery: of('onDelivery'),
    onAnswer: of('onAnswer'),
    onSessionAnswer: of('onSessionAnswer'),
    onRead: of('onRead'),
    atEnd: of('atEnd'),
  }
}

/** The txns of pages, by what the page says and not by which object says it. */
class DecodedPages {
  readonly #txns = new Map<Zxid, { readonly crc: number; readonly txns: readonly Txn[] }>()

  get(page: Page, decode: () => readonly Txn[]): readonly Txn[] {
    const known = this.#txns.get(page.last)
    if (known?.crc === page.crc) return known.txns
    const txns = decode()
    this.#txns.set(page.last, { crc: page.crc, txns })
    return txns
  }
}

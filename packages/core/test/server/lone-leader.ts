/**
 * One leadership over one replica, without agreement: what it drafts is committed when the test says
 * so. Requests come from peer 2, which hosts every session unless told otherwise.
 */
import {
  advanceZxid,
  defaultLimits,
  noPage,
  Replica,
  sessionIdAt,
  zeroZxid,
  type ForwardedRequest,
  type Identity,
  type Limits,
  type Member,
  type Page,
  type PageEnd,
  type PeerId,
  type SessionId,
  type Txn,
  type WriteRequest,
  type Zxid,
} from '../../src/internal.ts'
import { Leadership } from '../../src/server/leadership.ts'
import { KeptPages } from './kept-pages.ts'
import { create, password } from './requests.ts'
import { Recorder } from './replica-witness.ts'

export const host: PeerId = 2

export class LoneLeader {
  readonly replica: Replica
  readonly leadership: Leadership
  readonly pages = new KeptPages()
  readonly rounds = { last: 0 }
  readonly recorder = new Recorder()
  /** What sessions have proved to be. */
  readonly identities = new Map<SessionId, readonly Identity[]>()
  end: PageEnd = noPage
  readonly #outstanding: Page[] = []
  #sessionCount = 0
  readonly #lastIds = new Map<SessionId, number>()

  constructor(limits: Partial<Limits> = {}, replica = Replica.empty(), epoch = 1) {
    this.replica = replica
    this.end = replica.end
    const { rounds } = this
    const agreement = {
      lastCommitted: 0 as Zxid,
      nextRound: () => rounds.last + 1,
      requestRound: () => rounds.last + 1,
      hasSyncedQuorum: (members: readonly Member[]) => this.isSynced(members),
    }
    const all = { ...defaultLimits, ...limits }
    this.leadership = new Leadership(epoch, all, agreement, replica, 0, 1_000)
  }

  /** Whether a quorum of these members is synced: always, until a test says otherwise. */
  isSynced: (members: readonly Member[]) => boolean = () => true

  /** Creates a session that peer 2 hosts, or another, and applies that. */
  session(timeoutMs = 10_000, from = host): SessionId {
    this.#sessionCount += 1
    const request = { timeoutMs, password: password(this.#sessionCount) }
    this.leadership.receiveSessionRequests(from, [request])
    this.draftAll()
    this.applyAll()
    return sessionIdAt(this.end.last)
  }

  /** A peer wants a session, as it stands in what is applied, or stood since `replaces`. */
  move(session: SessionId, from: PeerId, replaces?: Zxid): void {
    const since = replaces ?? this.replica.sessions.get(session)?.hostedSince ?? zeroZxid
    this.leadership.receiveSessionMoves(from, [{ session, replaces: since }])
  }

  /** The request as its host sends it, numbered on from the session's last one. */
  request(session: SessionId, request: WriteRequest, requestId?: number): ForwardedRequest {
    const id = requestId ?? (this.#lastIds.get(session) ?? 0) + 1
    this.#lastIds.set(session, id)
    const hostedSince = this.replica.sessions.get(session)?.hostedSince ?? (session as never)
    const identities = this.identities.get(session) ?? []
    return { session, requestId: id, hostedSince, identities, request }
  }

  /** Sends requests of a session from its host; the refusal of the link, or `null`. */
  send(session: SessionId, ...requests: WriteRequest[]): string | null {
    const forwarded = requests.map((request) => this.request(session, request))
    return this.leadership.receive(host, forwarded)
  }

  /** Drafts one page; `null` when there is nothing for it. */
  draft(): readonly Txn[] | null {
    const draft = this.leadership.draft(this.end)
    if (draft === null) return null
    const page = this.pages.encode(draft)
    this.#outstanding.push(page)
    this.end = { last: page.last, crc: page.crc }
    return draft.txns
  }

  /** Drafts all that waits; its txns, in order. */
  draftAll(): readonly Txn[] {
    const txns: Txn[] = []
    for (let drafted = this.draft(); drafted !== null; drafted = this.draft()) txns.push(...drafted)
    return txns
  }

  /** Applies the oldest outstanding page. */
  apply(): void {
    const page = this.#outstanding.shift()!
    const txns = this.leadership.take(page)
    this.replica.apply(page, txns, this.recorder)
    this.leadership.onApplied(page, txns)
  }

  applyAll(): void {
    while (this.#outstanding.length > 0) this.apply()
  }

  get outstandingCount(): number {
    return this.#outstanding.length
  }

  /** Sends, drafts and applies; the txns. */
  write(session: SessionId, ...requests: WriteRequest[]): readonly Txn[] {
    this.send(session, ...requests)
    const txns = this.draftAll()
    this.applyAll()
    return txns
  }

  /** Sends and drafts without applying; what each request came to, in a word or two. */
  judge(session: SessionId, ...requests: WriteRequest[]): string[] {
    this.send(session, ...requests)
    return this.draftAll().map(wordOf)
  }

  /** The zxid of the next txn to be drafted. */
  get next(): Zxid {
    return advanceZxid(this.end.last)
  }
}

/** A txn as tests name it: `set /a`, `BAD_VERSION /a`, `LIMIT_EXCEEDED maxDataBytes /a`. */
export function wordOf(txn: Txn): string {
  switch (txn.type) {
    case 'create':
    case 'set':
    case 'delete':
    case 'check':
    case 'set-acl':
      return `${txn.type} ${txn.path}`
    case 'refuse': {
      const place = txn.operation === 0 ? '' : ` at ${String(txn.operation)}`
      const limit = txn.limit === null ? '' : `${txn.limit} `
      return `${txn.code} ${limit}${txn.path}${place}`
    }
    case 'transaction':
    case 'create-with-parents':
    case 'delete-subtree':
      return `${txn.type} [${txn.txns.map((step) => `${step.type} ${step.path}`).join(', ')}]`
    case 'close-session':
      return `${txn.reason} [${txn.paths.join(', ')}]`
    case 'move-session':
      return `move to ${String(txn.host)}`
    case 'create-session':
    case 'configure':
      return txn.type
  }
}

/** A leader, a session, and the tree `/a`, `/a/b`, `/e` (an ephemeral of the session). */
export function withTree(limits: Partial<Limits> = {}): { leader: LoneLeader; session: SessionId } {
  const leader = new LoneLeader(limits)
  const session = leader.session()
  leader.write(session, create('/a'), create('/a/b'), create('/e', { mode: 'ephemeral' }))
  return { leader, session }
}

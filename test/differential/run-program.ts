/**
 * A program, run against the core and against the model, side by side: whatever either tells anybody,
 * every read, and the whole state behind every commit must be the same.
 */
import type { Delivery, Effect, Event, Identity, SessionId } from '@conclave/core/internal'
import { decidedBy } from './decided.ts'
import { compare, Difference } from './difference.ts'
import type { Model } from './model/model.ts'
import { read } from './model/reads.ts'
import { count } from './names.ts'
import { HandDrivenPeer } from './peer.ts'
import { requestOf, type Command, type Program, type Who, type Write } from './program.ts'
import type { Reached } from './reached.ts'
import { readCore } from './reads.ts'
import { ScanPair } from './scan-pair.ts'
import { startModel } from './start-model.ts'
import { compareStates } from './state.ts'
import { restorationOf, ZooKeeperPair } from './zookeeper-pair.ts'

/** A tick, in ms, while time passes. */
const tickMs = 250
/** Within so many steps whatever is asked for is answered. */
const maxSteps = 500
/** A leader that looked for so long has seen who and what has had its time, in ms. */
const lookMs = 1_500
/** Sessions that are no matter of the program: whoever hears of every change. */
const witness = { timeoutMs: 86_400_000, identities: [{ scheme: 'super', id: '' }] }

/** Runs it; throws what differs, and what breaks. Counts what is met. */
export function runProgram(program: Program, reached: Reached): void {
  const run = new Run(program, reached)
  run.begin(program.sessions)
  for (const command of program.commands) run.perform(command)
  run.end()
}

class Run {
  readonly #peer: HandDrivenPeer
  readonly #model: Model
  readonly #reached: Reached
  readonly #watches = new ZooKeeperPair()
  /** Every session that there was, but for the witness. */
  readonly #sessions: SessionId[] = []
  /** What those have proved that are not opened yet, by call. */
  readonly #wishes = new Map<number, readonly Identity[]>()
  /** What was asked for, by call; `null` of a sync. */
  readonly #asked = new Map<number, Write | null>()
  #lastCall = 0
  #lastWatch = 0
  #scan: ScanPair | null = null

  constructor({ peer, pagesAhead }: Program, reached: Reached) {
    this.#peer = new HandDrivenPeer(peer, pagesAhead)
    this.#model = startModel(peer)
    this.#reached = reached
  }

  /** Until the peer leads, and the first sessions are there. */
  begin(sessions: readonly (readonly Identity[])[]): void {
    for (let step = 0; !this.#peer.isReady; step += 1) {
      if (step === maxSteps) throw new Error('a standalone peer does not come to lead')
      this.#pass(20)
      this.#confirm(Infinity)
    }
    this.#open(witness.timeoutMs, witness.identities)
    this.#confirm(Infinity)
    this.#watch(this.#sessions.shift()!, '/', 'subtree')
    for (const identities of sessions) this.#open(4_000, identities)
    this.#confirm(Infinity)
  }

  perform(command: Command): void {
    switch (command.type) {
      case 'ask':
        return this.#ask(command.writes)
      case 'commit':
        return this.#confirm(command.appends)
      case 'read':
        return this.#read(command)
      case 'scan':
        this.#scan?.close()
        this.#scan = new ScanPair(this.#peer.replica, this.#model.tree, command.path, command.depth)
        return
      case 'scan-on':
        return this.#scanOn(command.count)
      case 'watch':
        return this.#watch(this.#who(command.who), command.path, command.depth)
      case 'unwatch': {
        const [session, watch] = [this.#who(command.who), this.#lastWatch - command.watch]
        // The witness keeps its own.
        if (watch === 1) return
        this.#model.unwatch(session, watch)
        return this.#step({ type: 'watch-removed', session, watch })
      }
      case 'pass':
        this.#peer.aheadMs += command.shiftMs
        return this.#pass(command.ms)
      case 'open':
        return this.#open(command.timeoutMs, command.identities)
      case 'authenticate':
        return this.#authenticate(this.#who(command.who), command.identities)
      case 'sync':
        return this.#sync(this.#who(command.who))
      case 'abort':
        this.#model.abort(this.#lastCall)
        return this.#step({ type: 'call-aborted', call: this.#lastCall })
      case 'abandon': {
        const session = this.#who(command.who)
        this.#model.abandon(session)
        return this.#step({ type: 'session-abandoned', session })
      }
      case 'zk-watch':
        return this.#watches.add(this.#who(command.who), command.path, command.mode)
      case 'zk-check':
        return this.#watches.check(this.#who(command.who), command.path, command.of)
      case 'zk-unwatch':
        return this.#watches.remove(this.#who(command.who), command.path, command.of)
      case 'zk-restore':
        return this.#restore(command)
    }
  }

  /** Everybody is answered, whatever has had its time goes, and the log says the same once more. */
  end(): void {
    this.#settleAll()
    const { nowMs, wallMs } = this.#peer
    const due = this.#model.overdue(nowMs, wallMs)
    for (let passed = 0; passed < lookMs; passed += tickMs) {
      this.#pass(tickMs)
      this.#confirm(Infinity)
    }
    const left = this.#model.overdue(nowMs, wallMs)
    compare(
      'what has had its time and is there',
      due.filter((one) => left.includes(one)),
      [],
    )
    this.#settleAll()
    if (this.#scan !== null) this.#scanOn(Infinity)
    const { replica } = this.#peer
    compare('the digest of who reads the log', this.#peer.replay().digest, replica.digest)
  }

  #settleAll(): void {
    for (let step = 0; this.#peer.owed > 0 || this.#model.unansweredCount > 0; step += 1) {
      if (step === maxSteps) throw new Difference('somebody is never answered')
      this.#pass(20)
      this.#confirm(Infinity)
    }
  }

  #who({ of, newest }: Who): SessionId {
    const living = this.#sessions.filter((session) => this.#model.sessions.has(session))
    const some = of === 'living' && living.length > 0 ? living : this.#sessions
    return some[some.length - 1 - (newest % some.length)]!
  }

  #nextCall(): number {
    this.#lastCall += 1
    return this.#lastCall
  }

  #ask(writes: readonly { who: Who; write: Write }[]): void {
    const events = writes.map(({ who, write }): Event => {
      const [session, call, request] = [this.#who(who), this.#nextCall(), requestOf(write)]
      this.#asked.set(call, write)
      this.#model.ask(session, call, request)
      return { type: 'request-received', session, call, request }
    })
    this.#step(...events)
    this.#reached.add(`outstanding ${this.#peer.owed}`)
  }

  #sync(session: SessionId): void {
    const call = this.#nextCall()
    this.#asked.set(call, null)
    this.#model.sync(session, call)
    this.#step({ type: 'sync-requested', session, call })
  }

  #open(timeoutMs: number, identities: readonly Identity[]): void {
    const call = this.#nextCall()
    const password = new Uint8Array(16).fill(call % 251)
    password[0] = Math.floor(call / 251)
    this.#wishes.set(call, identities)
    this.#model.wish(call, timeoutMs, password.join())
    this.#step({ type: 'session-requested', call, timeoutMs, password })
  }

  #authenticate(session: SessionId, identities: readonly Identity[]): void {
    this.#model.authenticate(session, identities)
    this.#step({ type: 'session-authenticated', session, identities })
  }

  #watch(session: SessionId, path: string, depth: 'node' | 'children' | 'subtree'): void {
    this.#lastWatch += 1
    const watch = this.#lastWatch
    this.#model.watch(session, watch, path, depth)
    this.#step({ type: 'watch-added', session, watch, path, depth })
  }

  #read({ who, read: kind, path }: Extract<Command, { type: 'read' }>): void {
    const identities = this.#model.sessions.get(this.#who(who))?.identities ?? []
    const expected = read(this.#model.tree, kind, path, identities)
    compare(`${kind} ${path}`, readCore(this.#peer.replica, kind, path, identities), expected)
    if (expected === undefined) this.#reached.add(`${kind} nothing`)
    else this.#reached.add(`${kind} ${'code' in expected ? expected.code : 'done'}`)
    const isMasked = expected !== undefined && 'acl' in expected && expected.acl.some(isHidden)
    if (isMasked) this.#reached.add('acl masked')
  }

  #scanOn(count: number): void {
    const scan = this.#scan
    if (scan === null || scan.isOver) return
    if (!scan.take(count)) return
    const isOther = scan.tree !== this.#model.tree
    this.#reached.add(isOther ? 'scan while the tree changed' : 'scan whole')
  }

  #restore({ who, ago, watched }: Extract<Command, { type: 'zk-restore' }>): void {
    const restoration = restorationOf(watched, Math.max(0, this.#model.zxid - ago))
    const { replica } = this.#peer
    const session = this.#who(who)
    for (const { type } of this.#watches.restore(session, restoration, replica, this.#model.tree)) {
      this.#reached.add(`zk missed ${type}`)
    }
  }

  #pass(ms: number): void {
    for (let left = ms; left > 0; left -= tickMs) {
      this.#peer.nowMs += Math.min(left, tickMs)
      this.#step()
    }
  }

  #confirm(appends: number): void {
    for (let done = 0; done < appends && this.#peer.owed > 0; done += 1) {
      this.#tick()
      this.#peer.confirm(1)
      this.#settle()
    }
  }

  #step(...events: readonly Event[]): void {
    this.#tick()
    this.#peer.step(...events)
    this.#settle()
  }

  #tick(): void {
    this.#model.tick(this.#peer.nowMs, this.#peer.wallMs)
  }

  /** What the peer has done in its last step, the model does too; then both are compared. */
  #settle(): void {
    const told = this.#peer.takeTold()
    const before = this.#model.zxid
    for (const [session, items] of told) {
      for (const item of items) if (item.type === 'synced') this.#onSynced(session, item)
    }
    this.#apply()
    const expected = this.#model.takeTold()
    for (const session of new Set([...told.keys(), ...expected.keys()])) {
      const items = expected.get(session) ?? []
      const real = (told.get(session as SessionId) ?? []).filter(({ type }) => type !== 'synced')
      compare(`what session ${session.toString(16)} is told`, real.map(plain), items)
      for (const item of items) {
        const write = 'call' in item ? this.#asked.get(item.call) : undefined
        count(this.#reached, item, write ?? undefined)
        if (item.type === 'ended') this.#watches.removeSession(session as SessionId)
      }
    }
    for (const { type, path } of this.#model.takeChanges()) {
      for (const event of this.#watches.onChange(type, path)) {
        this.#reached.add(`zk event ${event.type}`)
      }
    }
    if (this.#model.zxid !== before) {
      compareStates(this.#peer.replica, this.#model)
    }
    this.#welcome()
  }

  #apply(): void {
    for (const { zxid, txn } of this.#peer.takeApplied()) {
      const decided = decidedBy(txn, zxid)
      const { what, order } = decided
      if (what.type === 'reap') {
        const life = this.#model.tree.get(what.path)?.life
        this.#reached.add(`reaped ${typeof life === 'object' ? 'ttl' : String(life)}`)
      }
      if (txn.type === 'close-session' && order.length > 0) {
        this.#reached.add('session ended with ephemerals')
      }
      this.#model.apply(decided)
    }
  }

  #onSynced(session: SessionId, item: Extract<Delivery, { type: 'synced' }>): void {
    const { call, zxid } = item
    if (!this.#model.synced(session, call)) throw new Difference(`nobody waits for sync ${call}`)
    const isPlace = zxid >= this.#model.zxid && zxid <= this.#peer.replica.lastApplied
    if (!isPlace) throw new Difference(`a sync is answered with ${zxid}`)
    this.#reached.add('sync done')
  }

  /** Who was opened says who it is. */
  #welcome(): void {
    const opened = this.#peer.takeOpened()
    compare('who was opened', opened.map(plain), this.#model.takeOpened())
    for (const effect of opened) {
      if (effect.type !== 'open-session') continue
      this.#sessions.push(effect.session)
      this.#authenticate(effect.session, this.#wishes.get(effect.call)!)
    }
  }
}

function isHidden({ scheme, id }: Identity): boolean {
  return scheme === 'digest' && id.endsWith(':x')
}

/** An item without what is said for people only. */
function plain(item: Delivery | Effect): unknown {
  switch (item.type) {
    case 'failed':
    case 'fail-session': {
      const { type, call, code, outcome } = item
      return { type, call, code, outcome }
    }
    case 'refused': {
      const { type, call, zxid, version } = item
      const { code, path, operation, limit } = item.refusal
      return { type, call, zxid, version, refusal: { code, path, operation, limit } }
    }
    default:
      return item
  }
}

/** Planted in the replicated state and in what sessions are told of it. */
import { failing, scenario, swarm, type Mutant } from '../mutant.ts'

const server = 'packages/core/src/server'
const session = 'packages/core/src/session'

export const stateMutants: readonly Mutant[] = [
  {
    id: 'M23',
    bug: 'the log is purged beyond the only snapshot',
    origin: 'ZOOKEEPER-3231',
    expects: ['D2'],
    edits: [
      {
        file: 'packages/core/src/zab/checkpoints.ts',
        from: 'Math.min(this.#written.last, pinned ?? Infinity)',
        to: 'Math.min(this.#state.machine.end.last, pinned ?? Infinity)',
      },
    ],
    found: swarm(20),
  },
  {
    id: 'M24',
    bug: 'lastApplied moves before the last part of a transaction is applied',
    origin: 'ZOOKEEPER-3127',
    expects: ['D4'],
    edits: [
      {
        file: `${server}/replica.ts`,
        from: '    for (let index = 0; index < txns.length; index += 1) {\n      this.#applyTxn',
        to: '    this.#end = { last: page.last, crc: page.crc }\n    for (let index = 0; index < txns.length; index += 1) {\n      this.#applyTxn',
      },
    ],
    found: failing('packages/core/test/server/replica.test.ts', 'ZOOKEEPER-3127'),
  },
  {
    id: 'M25',
    bug: 'a snapshot is fuzzy: what changes while it is written is in it, or half',
    origin: 'ZOOKEEPER-3125, 3145, 3249',
    expects: ['D2', 'W4'],
    edits: [
      {
        file: 'packages/core/src/tree/dirty-set.ts',
        from: 'saved === undefined ? this.#current(key) : saved',
        to: 'this.#current(key)',
      },
    ],
    found: swarm(10, 15, 7),
  },
  {
    id: 'M26',
    bug: 'sessions stand in a snapshot as they are later than its znodes',
    origin: 'ZOOKEEPER-3144',
    expects: ['S2', 'D2'],
    edits: [
      {
        file: `${session}/session-table.ts`,
        from: 'if (this.dirty.mark(session.id)) this.dirty.save(session.id, recordOf(session))',
        to: 'this.dirty.mark(session.id)',
      },
    ],
    found: swarm(10, 15, 7),
  },
  {
    id: 'M27',
    bug: 'after a restart nobody knows which ephemerals a session owns',
    origin: 'ZOOKEEPER-2355',
    expects: ['S2'],
    edits: [
      {
        file: `${server}/replica-builder.ts`,
        from: '        this.#sessions.addEphemeral(owner, path)\n',
        to: '',
      },
    ],
    found: swarm(30),
  },
  {
    id: 'M28',
    bug: 'the end of a session misses ephemerals that outstanding txns create',
    origin: 'ZOOKEEPER-1367, ClickHouse #65198',
    expects: ['S3', 'S2'],
    edits: [
      {
        file: `${server}/session-outlooks.ts`,
        from: 'for (const path of session.made.keys()) if (!applied.has(path)) yield path',
        to: '',
      },
    ],
    found: scenario('short-sessions', 20, 10),
  },
  {
    id: 'M29',
    bug: 'a new leader judges sessions by a clock that began before it led',
    origin: '',
    expects: ['S4'],
    edits: [
      {
        file: `${server}/session-expiry.ts`,
        from: 'this.#lastTickMs = nowMs\n  }',
        to: 'this.#lastTickMs = nowMs - 60_000\n  }',
      },
      {
        file: `${server}/session-expiry.ts`,
        from: 'Math.min(nowMs - this.#lastTickMs, maxTickMs)',
        to: 'nowMs - this.#lastTickMs',
      },
    ],
    found: swarm(10),
  },
  {
    id: 'M30',
    bug: 'proofs of life from followers do not reach the expiry at the leader',
    origin: 'ClickHouse #121361',
    expects: ['S4'],
    edits: [
      {
        file: 'packages/core/src/zab/heartbeat.ts',
        from: 'if (pong.proofs !== null) machine.onProofs(learner.peer, pong.proofs, nowMs)',
        to: '',
      },
    ],
    found: swarm(10),
  },
  {
    id: 'M33',
    bug: 'what a step tells a session is told in another order',
    origin: 'ZOOKEEPER-1863',
    expects: ['C5', 'C6', 'W5'],
    edits: [
      {
        file: 'packages/core/src/outbox.ts',
        from: 'else items.push(item)\n  }\n\n  /** For everything',
        to: 'else items.unshift(item)\n  }\n\n  /** For everything',
      },
    ],
    found: swarm(10),
  },
  {
    id: 'M34',
    bug: 'a leader answers a sync without a quorum round',
    origin: 'aphyr, 2019',
    expects: ['C7'],
    edits: [
      {
        file: `${server}/server.ts`,
        from: 'if (upstream instanceof Leadership) upstream.receiveQuestion(this.#options.id, sync)',
        to: 'if (upstream instanceof Leadership) this.onSyncReply(sync, this.#options.agreement.lastCommitted)',
      },
    ],
    found: scenario('deposed-leaders', 20, 20),
  },
  {
    id: 'M35a',
    bug: 'a quorum round that was under way before the question answers it',
    origin: 'etcd #20418',
    expects: ['C8', 'C7'],
    edits: [
      {
        file: 'packages/core/src/zab/rounds.ts',
        from: 'this.#wanted = this.next\n    return this.next',
        to: 'this.#wanted = this.next\n    return this.#last',
      },
    ],
    found: failing('packages/core/test/zab/rounds.test.ts', 'C7: waits for a round that begins'),
  },
  {
    id: 'M35b',
    bug: 'the answer of a former leader still counts',
    origin: 'etcd #20418',
    expects: ['C8'],
    edits: [
      {
        file: `${server}/quorum-reads.ts`,
        from: '    this.#waiting = callers\n    this.#asked = []\n',
        to: '    this.#waiting = callers\n',
      },
    ],
    found: failing('packages/core/test/server/quorum-reads.test.ts', 'C8: no answer outlives'),
  },
  {
    id: 'M36',
    bug: 'a watch begins only after the changes of the step that it came with',
    origin: 'lost update',
    expects: ['W4', 'W7'],
    edits: [
      {
        file: `${server}/hosting.ts`,
        from: '        this.watches.add(event.session, event.watch, event.path, event.depth)\n',
        to: '        this.late = [...(this.late ?? []), event]\n',
      },
      {
        file: `${server}/hosting.ts`,
        from: '  onApplied(applied: Zxid): void {\n',
        to: '  onApplied(applied: Zxid): void {\n    for (const one of this.late ?? []) this.watches.add(one.session, one.watch, one.path, one.depth)\n    this.late = []\n',
      },
    ],
    found: swarm(20),
  },
  {
    id: 'M37',
    bug: 'a watch event follows the reply that carries the change',
    origin: '',
    expects: ['W4', 'W5'],
    edits: [
      {
        file: `${server}/apply.ts`,
        from: 'for (const { session, watch } of watches) {',
        to: 'this.late ??= []\n    for (const { session, watch } of watches) this.late.push([session, watch, event])\n    for (const { session, watch } of [] as typeof watches) {',
      },
      {
        file: `${server}/apply.ts`,
        from: 'if (txn.requestId !== 0) this.#answer(txn, zxid, result)',
        to: "if (txn.requestId !== 0) this.#answer(txn, zxid, result)\n    for (const [session, watch, event] of this.late ?? []) this.#hosting.outbox.deliver(session, { type: 'watch-event', watch, event })\n    this.late = []",
      },
    ],
    found: swarm(20),
  },
  {
    id: 'M39a',
    bug: 'watches are dropped when the leader changes',
    origin: 'ClickHouse #93213',
    expects: ['W7'],
    edits: [
      {
        file: `${server}/server.ts`,
        from: '    this.#hosting.quorumReads.askAgain()\n',
        to: '    this.#hosting.quorumReads.askAgain()\n    for (const { id } of this.#hosting.sessions.sessions()) this.#hosting.watches.removeSession(id)\n',
      },
    ],
    found: swarm(20),
  },
  {
    id: 'M39b',
    bug: 'watches are kept when their session ends',
    origin: 'ClickHouse #93213',
    expects: ['W8'],
    edits: [{ file: `${server}/hosting.ts`, from: '    this.watches.removeSession(id)\n', to: '' }],
    found: swarm(20),
  },
  {
    id: 'M40',
    bug: 'after a received snapshot a watch is told what it was told before',
    origin: 'etcd #15271',
    expects: ['W7'],
    edits: [
      {
        file: `${server}/hosting.ts`,
        from: "this.outbox.deliver(session.id, { type: 'watch-gap', watch })",
        to: "this.outbox.deliver(session.id, { type: 'watch-event', watch, event: { type: 'changed', path: '/', zxid: replica.end.last, data: null, stat: null } })",
      },
    ],
    found: swarm(40),
  },
  {
    id: 'M41',
    bug: 'sequential names come from the number of children',
    origin: 'ZOOKEEPER-1046',
    expects: ['Q1', 'D5'],
    edits: [
      {
        file: `${server}/prepare-create.ts`,
        from: '? sequentialName(operation.path, parent.createCount)',
        to: '? sequentialName(operation.path, parent.childCount)',
      },
    ],
    found: swarm(20),
  },
  {
    id: 'M42',
    bug: 'a snapshot does not say how far the requests of a session have come',
    origin: '',
    expects: ['R2', 'R3'],
    mask: 'the digest in the snapshot covers it',
    edits: [
      {
        file: `${session}/session-table.ts`,
        from: 'this.#enter(new Session(record), passwordKey(record.password))',
        to: 'this.#enter(new Session({ ...record, lastRequestId: 0 }), passwordKey(record.password))',
      },
      {
        file: 'packages/core/src/tree/digest.ts',
        from: '  hasher.wide(session.lastRequestId)\n',
        to: '',
      },
    ],
    found: swarm(20),
  },
  {
    id: 'M43',
    bug: 'a write whose fate is unknown is said not to be applied',
    origin: 'Redis-Raft, etcd client retries',
    expects: ['C1'],
    edits: [
      {
        file: `${server}/hosted-sessions.ts`,
        from: "this.#fail(session, call, 'ABORTED', 'unknown', detail)",
        to: "this.#fail(session, call, 'ABORTED', 'not-applied', detail)",
      },
    ],
    found: swarm(30),
  },
  {
    id: 'M50',
    bug: 'each peer stamps txns with its own clock',
    origin: '',
    expects: ['D1'],
    edits: [
      {
        file: `${server}/server.ts`,
        from: 'leadership === null ? this.#options.codec.decode(page) :',
        to: 'leadership === null ? this.#options.codec.decode(page).map((txn) => ({ ...txn, timeMs: this.#wallMs })) :',
      },
    ],
    found: swarm(10),
  },
]

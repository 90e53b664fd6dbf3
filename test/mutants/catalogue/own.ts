/** Planted where Conclave has rules that the table does not speak of. */
import { failing, scenario, swarm, type Mutant } from '../mutant.ts'

const zab = 'packages/core/src/zab'
const server = 'packages/core/src/server'

export const ownMutants: readonly Mutant[] = [
  {
    id: 'X01',
    bug: 'a peer without memory counts as soon as it joins',
    origin: 'Z19',
    expects: ['Z19', 'Z9', 'Z1', 'D1'],
    edits: [
      {
        file: `${zab}/learner.ts`,
        from: 'counts: info.counts',
        to: 'counts: true',
      },
    ],
    found: scenario('lost-leaders', 60),
  },
  {
    id: 'X02',
    bug: 'a peer without memory is brought in without a round that confirms the epoch',
    origin: 'Z19',
    expects: ['Z19', 'Z9', 'Z1', 'Z2', 'D1'],
    edits: [
      {
        file: `${zab}/leading.ts`,
        from: 'if (!learner.counts && this.#heartbeat.confirmedRound < learner.joinRound) return',
        to: '',
      },
    ],
    found: scenario('lost-leaders', 60),
  },
  {
    id: 'X03',
    bug: 'an epoch that is promised to one leader is promised to another',
    origin: 'Z2',
    expects: ['Z2', 'Z1'],
    mask: 'the leader refuses a learner that has promised its epoch to another',
    edits: [
      {
        file: `${zab}/following.ts`,
        from: 'if (epoch === state.acceptedEpoch && state.acceptedLeader !== this.leader) {',
        to: 'if (false) {',
      },
      {
        file: `${zab}/discovery.ts`,
        from: 'if (acceptedEpoch === this.#epoch && acceptedLeader === this.#state.id) return null',
        to: 'if (acceptedEpoch === this.#epoch) return null',
      },
    ],
    found: scenario('power-at-promises', 60),
  },
  {
    id: 'X04',
    bug: 'a checkpoint holds what is not durable in the log',
    origin: 'ZOOKEEPER-4837',
    expects: ['D2', 'Z17'],
    edits: [
      {
        file: `${zab}/checkpoints.ts`,
        from: 'if (!state.applyOnlyDurable || state.machine.end.last > state.history.durable.last) return',
        to: 'if (!state.applyOnlyDurable) return',
      },
    ],
    found: swarm(30),
  },
  {
    id: 'X05',
    bug: 'two logs that part within an epoch are taken for one',
    origin: 'Z13',
    expects: ['Z13', 'Z5', 'V1'],
    edits: [
      {
        file: `${zab}/sync-plan.ts`,
        from: 'return common.last === learnerEnd.last\n    ? {',
        to: 'return common.last <= learnerEnd.last\n    ? {',
      },
    ],
    found: swarm(60),
  },
  {
    id: 'X06',
    bug: 'an expiry that waited for a page ignores a proof of life that came meanwhile',
    origin: 'S4',
    expects: ['S4', 'S8'],
    edits: [
      {
        file: `${server}/leadership.ts`,
        from: 'if (session?.isClosing !== false || !this.#expiry.isOver(work.session)) return null',
        to: 'if (session?.isClosing !== false) return null',
      },
    ],
    found: scenario('returning-sessions', 40, 40),
  },
  {
    id: 'X07',
    bug: 'an expiry that does not fit its page is proposed with the next one',
    origin: 'S4',
    expects: ['S4', 'S8'],
    edits: [
      {
        file: `${server}/paginate.ts`,
        from: '&& txns.length > 0 && !isExpiry(txn)) {',
        to: '&& txns.length > 0) {',
      },
    ],
    found: scenario('returning-sessions', 40, 40),
  },
  {
    id: 'X08',
    bug: 'proofs of life are acknowledged without a quorum round',
    origin: 'S8',
    expects: ['S8'],
    edits: [
      {
        file: `${server}/session-expiry.ts`,
        from: 'return this.#byPeer.get(peer)?.acknowledged ?? 0',
        to: 'return this.#byPeer.get(peer)?.lastNumber ?? 0',
      },
    ],
    found: failing(
      'packages/core/test/server/session-expiry.test.ts',
      'S8: a list is acknowledged',
    ),
  },
  {
    id: 'X09',
    bug: 'a late acknowledgement revives a session whose end may be on its way',
    origin: 'S8',
    expects: ['S8'],
    edits: [
      {
        file: `${server}/local-deadlines.ts`,
        from: 'resumption.upTo > applied) continue',
        to: 'false) continue',
      },
    ],
    found: failing(
      'packages/core/test/server/local-deadlines.test.ts',
      'S8: it stays suspended while',
    ),
  },
  {
    id: 'X10',
    bug: 'a host trusts the whole timeout, clocks that differ or not',
    origin: 'S8',
    expects: ['S8'],
    edits: [
      {
        file: `${server}/local-deadlines.ts`,
        from: 'const trustedPart = 0.9',
        to: 'const trustedPart = 1',
      },
    ],
    found: scenario('returning-sessions', 40, 20, 40),
  },
  {
    id: 'X11',
    bug: 'a request that is sent again is judged again',
    origin: 'R2',
    expects: ['R2'],
    edits: [
      {
        file: `${server}/leadership.ts`,
        from: 'if (forwarded.requestId < next) continue\n      if (forwarded.requestId > next) {',
        to: 'if (forwarded.requestId > next) {',
      },
    ],
    found: failing(
      'packages/core/test/server/leadership.test.ts',
      'R2: an id that was received before',
    ),
  },
  {
    id: 'X12',
    bug: 'a gap between the requests of a session is accepted, and one is left out of what is sent again',
    origin: 'R2',
    expects: ['R2'],
    mask: 'the leader refuses a gap',
    edits: [
      {
        file: `${server}/leadership.ts`,
        from: 'if (forwarded.requestId > next) {',
        to: 'if (false) {',
      },
      {
        file: `${server}/leadership.ts`,
        from: 'session.lastReceived = next\n',
        to: 'session.lastReceived = forwarded.requestId\n',
      },
      {
        file: `${server}/hosted-sessions.ts`,
        from: 'if (forwarded !== null) requests.push(forwarded)',
        to: 'if (forwarded !== session.forwarded.first?.forwarded || session.forwarded.size < 2) requests.push(forwarded)',
      },
    ],
    found: swarm(30),
  },
  {
    id: 'X13',
    bug: 'new requests go out before those that are sent again',
    origin: 'R2',
    expects: ['R2', 'C5', 'V3', 'V1'],
    edits: [
      {
        file: `${server}/server.ts`,
        from: '    this.#upstream = { leader, epoch }\n    this.#sendAgain()\n',
        to: '    this.#upstream = { leader, epoch }\n    this.#sendRequests(this.#hosting.sessions.forward())\n    this.#sendAgain()\n',
      },
    ],
    found: failing('packages/core/test/server/resend-model.test.ts', 'R2, R4, C1, C5'),
  },
  {
    id: 'X14',
    bug: 'what was sent to a former leader is not sent again',
    origin: 'R4',
    expects: ['V3', 'R2'],
    edits: [
      {
        file: `${server}/server.ts`,
        from: 'this.#sendRequests(this.#hosting.sessions.unanswered())',
        to: '',
      },
    ],
    found: swarm(30),
  },
  {
    id: 'X15',
    bug: 'a refused transaction leaves its first changes in the outlook',
    origin: 'D4',
    expects: ['D4', 'D5'],
    edits: [
      {
        file: `${server}/prepare.ts`,
        from: 'this.#judging.changes.takeBack()',
        to: 'this.#judging.changes.keep()',
      },
    ],
    found: swarm(20),
  },
  {
    id: 'X16',
    bug: 'answers that a snapshot skipped are told as not applied',
    origin: 'C1',
    expects: ['C1'],
    edits: [
      {
        file: `${server}/hosted-sessions.ts`,
        from: "this.#failFirst(session, 'RESULT_LOST', 'unknown', detail)",
        to: "this.#failFirst(session, 'RESULT_LOST', 'not-applied', detail)",
      },
    ],
    found: swarm(40, 15, 25),
  },
  {
    id: 'X17',
    bug: 'a session asked for again is created again',
    origin: 'R2',
    expects: ['R2', 'C1'],
    edits: [
      {
        file: `${server}/leadership.ts`,
        from: 'if (this.#sessions.isCreated(password)) return null\n',
        to: '',
      },
    ],
    found: failing(
      'packages/core/test/server/server.test.ts',
      'a request repeated on another link',
    ),
  },
  {
    id: 'X18',
    bug: 'a session that a snapshot does not know goes on at its host',
    origin: 'S6',
    expects: ['S6', 'S8', 'V3'],
    edits: [
      {
        file: `${server}/hosting.ts`,
        from: "      this.end(session, 'expired', 'unknown', detail)\n",
        to: '',
      },
    ],
    found: scenario('short-sessions', 5, 20, 85),
  },
  {
    id: 'X19',
    bug: 'a gap that a snapshot makes is not told to watches',
    origin: 'W7',
    expects: ['W7'],
    edits: [
      {
        file: `${server}/hosting.ts`,
        from: "this.outbox.deliver(session.id, { type: 'watch-gap', watch })",
        to: '',
      },
    ],
    found: failing(
      'packages/core/test/server/snapshot-skips.test.ts',
      'W7: a watch is told of the gap',
    ),
  },
  {
    id: 'X20',
    bug: 'a set does not count up when its znode was set in the same page',
    origin: 'D3',
    expects: ['D3'],
    edits: [
      {
        file: `${server}/outstanding-changes.ts`,
        from: '    znode.version = nextVersion(znode.version)\n    return znode.version',
        to: '    return nextVersion(znode.version)',
      },
    ],
    found: swarm(20),
  },
  {
    id: 'X21',
    bug: 'the leader judges by what is applied, not by what is outstanding',
    origin: 'ZooKeeper: outstandingChanges',
    expects: ['D5', 'D3', 'Q1'],
    edits: [
      {
        file: `${server}/outstanding-changes.ts`,
        from: 'if (known !== undefined) return known.exists ? known : undefined',
        to: 'if (known !== undefined && this.#before !== null) return known.exists ? known : undefined',
      },
    ],
    found: swarm(20),
  },
  {
    id: 'X22',
    bug: 'a leader reads the end of what is applied for the end of what is committed',
    origin: 'C7',
    expects: ['C7', 'C8'],
    edits: [
      {
        file: `${server}/server.ts`,
        from: 'const upTo = this.#options.agreement.lastCommitted',
        to: 'const upTo = this.#replica.end.last',
      },
    ],
    found: failing(
      'packages/core/test/server/quorum-reads.test.ts',
      'C7: a leader names what is committed',
    ),
  },
  {
    id: 'X23',
    bug: 'a leader whose disk hangs goes on',
    origin: 'V7',
    expects: ['V7', 'V1'],
    edits: [
      {
        file: `${zab}/leading.ts`,
        from: 'if (diskWaitMs > options.timing.diskStallMs) {',
        to: 'if (false) {',
      },
    ],
    found: failing('packages/core/test/zab/heartbeat.test.ts', 'steps down when its disk has not'),
  },
  {
    id: 'X24',
    bug: 'requests of a host that has the session no more are judged',
    origin: 'S7',
    expects: ['S7'],
    edits: [
      {
        file: `${server}/leadership.ts`,
        from: 'if (session.host !== from || session.hostedSince !== forwarded.hostedSince) continue',
        to: '',
      },
    ],
    found: failing('packages/core/test/server/leadership.test.ts', 'S7: what a peer sends'),
  },
]

/** Planted where sessions move from peer to peer, or their clients come back for them. */
import { failing, scenario, type Mutant } from '../mutant.ts'

const server = 'packages/core/src/server'
const endpoint = 'packages/zookeeper/src/endpoint/endpoint.ts'
const moves = 'packages/core/test/server/session-moves.test.ts'
const port = 'packages/conclave/test/zookeeper-port.test.ts'

/** Rows of the table. */
export const returnMutants: readonly Mutant[] = [
  {
    id: 'M31',
    bug: 'reconnecting to an expired session silently makes a new one',
    origin: 'ZooKeeper: SessionExpired',
    expects: ['S4', 'S6', 'test'],
    edits: [
      {
        file: endpoint,
        from: 'if (isAhead) connection.destroy()\n      else this.#refuse(connection, request.readOnly)',
        to: 'if (isAhead) connection.destroy()\n      else this.#begin(connection, request)',
      },
    ],
    found: failing(port, 'that is over, or never was, is told so by zeros'),
  },
  {
    id: 'M32',
    bug: 'the zxid that a client has seen is not checked when it reconnects',
    origin: 'ZooKeeper: lastZxidSeen',
    expects: ['C4', 'test'],
    edits: [{ file: endpoint, from: 'request.lastZxidSeen > replica.lastApplied', to: 'false' }],
    found: failing(port, 'of somebody who has seen more than the peer'),
  },
]

export const moveMutants: readonly Mutant[] = [
  {
    id: 'X110',
    bug: 'a session moves whoever has it by then',
    origin: 'S7',
    expects: ['S7'],
    edits: [
      {
        file: `${server}/leadership.ts`,
        from: 'if (session?.isClosing !== false || session.hostedSince !== replaces) return null',
        to: 'if (session?.isClosing !== false || replaces < 0) return null',
      },
    ],
    found: scenario('moving-sessions', 10, 12),
  },
  {
    id: 'X111',
    bug: 'requests of the former host that wait are judged behind the move',
    origin: 'S7',
    expects: ['S7', 'R2', 'C1', 'D5'],
    edits: [
      {
        file: `${server}/leadership.ts`,
        from: 'if (session.isClosing || session.hostedSince !== forwarded.hostedSince) return null',
        to: 'if (session.isClosing) return null',
      },
    ],
    found: scenario('moving-sessions', 10, 12),
  },
  {
    id: 'X112',
    bug: 'the leader learns of a move only when it applies it',
    origin: 'S7',
    expects: ['S7', 'R2', 'C1', 'D5'],
    edits: [
      {
        file: `${server}/leadership.ts`,
        from: "        case 'close-session':\n          this.#sessions.onClosed(txn.closed)",
        to: "        case 'move-session':\n          this.#sessions.get(txn.moved)?.move(txn.host, advanceZxid(page.first, index))\n          break\n        case 'close-session':\n          this.#sessions.onClosed(txn.closed)",
      },
      { file: `${server}/leadership.ts`, from: '    session.move(host, zxid)\n', to: '' },
    ],
    found: scenario('moving-sessions', 10, 12),
  },
  {
    id: 'X113',
    bug: 'the numbers of requests that a move makes void stay taken',
    origin: 'R2',
    expects: ['R2', 'S7'],
    edits: [
      {
        file: `${server}/session-outlooks.ts`,
        from: '    this.hostedSince = since\n    this.lastReceived = this.lastJudged\n',
        to: '    this.hostedSince = since\n',
      },
    ],
    found: failing(moves, 'S7, R2: what waits behind it is void'),
  },
  {
    id: 'X114',
    bug: 'a new host numbers the requests of a session from 1 again',
    origin: 'R2',
    expects: ['S7', 'R2', 'C1', 'D5'],
    edits: [
      {
        file: `${server}/arriving-sessions.ts`,
        from: 'this.#sessions.open(id, timeoutMs, hostedSince, lastRequestId)',
        to: 'this.#sessions.open(id, timeoutMs, hostedSince)\n    void lastRequestId',
      },
    ],
    found: failing(moves, 'S7: back and forth'),
  },
  {
    id: 'X115',
    bug: 'a host goes on with a session that has moved away',
    origin: 'S6',
    expects: ['S6', 'S7', 'S1'],
    edits: [
      {
        file: `${server}/apply.ts`,
        from: "this.#end(txn.moved, 'moved', 'the session moved before this was judged')",
        to: '',
      },
    ],
    found: scenario('moving-sessions', 10, 12),
  },
  {
    id: 'X116',
    bug: 'what a session had asked for where it was before is told as if nobody knew',
    origin: 'C1',
    expects: ['S7'],
    edits: [
      {
        file: `${server}/apply.ts`,
        from: "this.#hosting.end(session, reason, 'not-applied', detail)",
        to: "this.#hosting.end(session, reason, 'unknown', detail)",
      },
    ],
    found: failing(moves, 'S7: to who asked for it'),
  },
  {
    id: 'X117',
    bug: 'a peer takes what it asked for in another life for what it asks for now',
    origin: 'S7',
    expects: ['S7', 'C5'],
    edits: [
      {
        file: `${server}/arriving-sessions.ts`,
        from: 'if (host !== this.#id || requested.sentMs === null) {',
        to: 'if (host !== this.#id) {',
      },
    ],
    found: failing(moves, 'S7: what a peer asked for before it was started anew'),
  },
  {
    id: 'X118',
    bug: 'a move is not sent again to another leader',
    origin: 'R2',
    expects: ['R2'],
    edits: [
      {
        file: `${server}/server.ts`,
        from: '    this.#sendSessionMoves(this.#hosting.arriving.moved.sent())\n',
        to: '',
      },
    ],
    found: failing(moves, 'R2: asked again of another leader'),
  },
  {
    id: 'X119',
    bug: 'a move proves nothing to the leader',
    origin: 'S4',
    expects: ['S4'],
    edits: [{ file: `${server}/leadership.ts`, from: '    this.#expiry.onMoved(moved)\n', to: '' }],
    found: failing(moves, 'S4: a move counts from when it has a txn'),
  },
  {
    id: 'X120',
    bug: 'a new host takes a session to be alive before a proof of its own is acknowledged',
    origin: 'S8',
    expects: ['S8'],
    edits: [
      {
        file: `${server}/arriving-sessions.ts`,
        from: 'this.#deadlines.open(id, timeoutMs, -Infinity)',
        to: 'this.#deadlines.open(id, timeoutMs, this.#deadlines.nowMs)',
      },
    ],
    found: failing(moves, 'S8: its new host takes it to be alive only once'),
  },
  {
    id: 'X121',
    bug: 'a snapshot that shows a session elsewhere does not answer who wants it here',
    origin: 'S7',
    expects: ['S7'],
    edits: [
      {
        file: `${server}/arriving-sessions.ts`,
        from: 'else if (record.hostedSince !== request.replaces) this.onMoved(record)',
        to: '',
      },
    ],
    found: failing(
      'packages/core/test/server/snapshot-skips.test.ts',
      'S7: a session that moved while it was asked for',
    ),
  },
  {
    id: 'X122',
    bug: 'the session of a client that is gone before it is there lives for ever',
    origin: 'S5',
    expects: ['S5'],
    edits: [{ file: endpoint, from: '    session.heard()\n', to: '' }],
    found: failing('packages/conclave/test/zookeeper-moves.test.ts', 'S5: a client that is gone'),
  },
]

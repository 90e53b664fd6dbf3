/** Rules of Conclave's own, of what sessions are told: answers and results. */
import { swarm, type Mutant } from '../mutant.ts'

const server = 'packages/core/src/server'

export const toldMutants: readonly Mutant[] = [
  {
    id: 'X25',
    bug: 'a refusal is told with another reason than its txn has',
    origin: 'C1',
    expects: ['C1'],
    edits: [
      {
        file: `${server}/hosted-sessions.ts`,
        from: 'const refusal = { code, path, operation, limit }',
        to: "const refusal = { code: code === 'NODE_EXISTS' ? 'NO_NODE' : code, path, operation, limit } as const",
      },
    ],
    found: swarm(5),
  },
  {
    id: 'X26',
    bug: 'a transaction is told the stats of before its creates',
    origin: 'D3',
    expects: ['D3'],
    edits: [
      {
        file: `${server}/replica.ts`,
        from: 'if (wanted) results.push(resultOf(step, znode))',
        to: "if (wanted) results.push(step.type === 'create' ? { type: 'create', path: znode.path, stat: { ...statOf(znode), pzxid: 0 as never } } : resultOf(step, znode))",
      },
    ],
    found: swarm(10),
  },
  {
    id: 'X101',
    bug: 'a peer that took a snapshot remembers what it applied before as if nothing lay between',
    origin: 'W6',
    expects: ['W6'],
    edits: [
      {
        file: `${server}/server.ts`,
        from: '    this.recent.forgetAll(replica.end.last)\n',
        to: '',
      },
    ],
    found: swarm(40),
  },
  {
    id: 'X102',
    bug: 'what is remembered loses the second change of a txn when it is asked for behind a zxid',
    origin: 'W6',
    expects: ['W6'],
    edits: [
      {
        file: 'packages/core/src/session/recent-changes.ts',
        from: 'if (bytes > this.#maxBytes) {',
        to: 'if (this.#count > 0 && this.#number((this.#first + this.#count - 1) % this.#capacity, fields.zxid) === zxid) return\n    if (bytes > this.#maxBytes) {',
      },
    ],
    found: swarm(10),
  },
  {
    id: 'X103',
    bug: 'a sequential create is answered with the path that was asked for',
    origin: 'R4',
    expects: ['D3'],
    edits: [
      {
        file: `${server}/replica.ts`,
        from: "return { type: 'create', path: znode.path, stat: statOf(znode) }",
        to: "return { type: 'create', path: znode.path.replace(/\\d{10}$/, ''), stat: statOf(znode) }",
      },
    ],
    found: swarm(5),
  },
]

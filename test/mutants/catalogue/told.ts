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
]

/** How large the tree may be, and a part of it: bounds and quotas. */
import { failing, scenario, type Mutant } from '../mutant.ts'

const server = 'packages/core/src/server'
const tree = 'packages/core/src/tree'
const limitTests = 'packages/core/test/server/prepare-limits.test.ts'
const quotaTests = 'packages/core/test/server/prepare-quotas.test.ts'

export const roomMutants: readonly Mutant[] = [
  {
    id: 'X71',
    bug: 'what a refused transaction would have added to the tree stays counted',
    origin: 'D4',
    expects: ['D4'],
    edits: [
      {
        file: `${server}/outstanding-changes.ts`,
        from: '    if (znode.exists) this.#weigh(znode, -1)\n    if (znode.exists &&',
        to: '    if (znode.exists &&',
      },
    ],
    found: failing(limitTests, 'D4: there are never more znodes than maxZnodes'),
  },
  {
    id: 'X72',
    bug: 'with parents, what does not fit is refused and what does stays in the outlook',
    origin: 'D4',
    expects: ['D4'],
    edits: [
      {
        file: `${server}/prepare-create.ts`,
        from: 'changes.takeBack()',
        to: 'changes.keep()',
      },
    ],
    found: failing(quotaTests, 'D4: parents count too, and are not made'),
  },
  {
    id: 'X73',
    bug: 'creates that are on their way do not count for a quota',
    origin: 'ZooKeeper judges by what is applied',
    expects: ['D5'],
    edits: [
      {
        file: `${server}/outstanding-changes.ts`,
        from: 'this.quotas.onCreated(path, data)',
        to: '',
      },
    ],
    found: scenario('narrow-quotas', 10, 15),
  },
  {
    id: 'X74',
    bug: 'what a refused transaction would have used of a quota stays used',
    origin: 'D4',
    expects: ['D4'],
    edits: [
      {
        file: `${server}/outstanding-changes.ts`,
        from: 'this.quotas.takeBack()',
        to: 'this.quotas.keep()',
      },
    ],
    found: failing(quotaTests, 'D4: what a refused transaction would have used is free again'),
  },
  {
    id: 'X75',
    bug: 'after a restart nobody knows the quotas',
    origin: 'D2',
    expects: ['D1', 'D2', 'D5'],
    edits: [
      {
        file: `${tree}/tree.ts`,
        from: 'this.quotas.load(path, record.data)',
        to: '',
      },
    ],
    found: scenario('narrow-quotas', 10, 15),
  },
  {
    id: 'X76',
    bug: 'stats are written past the digest and the checkpoint',
    origin: 'ZooKeeper leaves them out of both',
    expects: ['D1'],
    edits: [
      {
        file: `${tree}/tree.ts`,
        from: "that counts has its stats znode')\n    this.#replaceData(znode, data)",
        to: "that counts has its stats znode')\n    znode.data = data",
      },
    ],
    found: failing(
      'packages/core/test/tree/quotas.test.ts',
      'D1, D2: what stats say is in the digest at once',
    ),
  },
  {
    id: 'X77',
    bug: 'a quota of /a counts /ab',
    origin: 'a prefix is no ancestor',
    expects: ['D5'],
    edits: [
      {
        file: `${tree}/quotas.ts`,
        from: '    for (let at = path; at.length > 1; at = parentOf(at)) {\n      const usage',
        to: '    for (let at = path; at.length > 1; at = at.slice(0, -1)) {\n      const usage',
      },
    ],
    found: failing(
      'packages/core/test/tree/quotas.test.ts',
      'count the root of the quota, everything below it, and nothing beside it',
    ),
  },
]

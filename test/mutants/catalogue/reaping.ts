/** What goes by itself, and must not go too soon, too late, or with children. */
import { failing, swarm, type Mutant } from '../mutant.ts'

const server = 'packages/core/src/server'
const tree = 'packages/core/src/tree'

export const reapingMutants: readonly Mutant[] = [
  {
    id: 'X60',
    bug: 'the reaper looks at what is applied, not at what is outstanding',
    origin: 'D6',
    expects: ['D6', 'D5'],
    edits: [
      {
        file: `${server}/outstanding-changes.ts`,
        from: 'known.changedAt > this.#appliedUpTo\n      ? undefined',
        to: 'known.changedAt < 0\n      ? undefined',
      },
    ],
    found: failing(
      'packages/core/test/server/reaper.test.ts',
      'D6: what a request changes before the reaper is heard',
    ),
  },
  {
    id: 'X61',
    bug: 'a set does not renew a TTL',
    origin: 'D6',
    expects: ['D6'],
    edits: [
      {
        file: `${tree}/reapables.ts`,
        from: 'return znode.mtime + znode.reap',
        to: 'return znode.ctime + znode.reap',
      },
    ],
    found: swarm(10, 15, 58),
  },
  {
    id: 'X62',
    bug: 'a container is not looked at again when its last child has gone',
    origin: 'D6',
    expects: ['D6'],
    edits: [
      {
        file: `${tree}/tree.ts`,
        from: 'if (parent.reap !== neverReaped) this.reapables.note(parent)',
        to: '',
      },
    ],
    found: swarm(40),
  },
  {
    id: 'X63',
    bug: 'after a restart nobody knows what goes by itself',
    origin: 'D6',
    expects: ['D6'],
    edits: [
      {
        file: `${tree}/tree.ts`,
        from: 'if (znode.reap !== neverReaped) this.reapables.note(znode)\n    hashPath',
        to: 'hashPath',
      },
    ],
    found: failing(
      'packages/core/test/tree/reapables.test.ts',
      'D6: the index says what a look at every znode would',
    ),
  },
  {
    id: 'X70',
    bug: 'the reaper takes all containers that are due before any znode with a TTL',
    origin: 'a review',
    expects: ['D6'],
    edits: [
      {
        file: `${tree}/reapables.ts`,
        from: 'const kind = next % kinds.length',
        to: 'const kind = 0 * next',
      },
    ],
    found: failing(
      'packages/core/test/server/reaper.test.ts',
      'D6: one kind never waits for the other',
    ),
  },
]

/** Planted in the checkers themselves: histories made up to be wrong must find them. */
import { failing, type Mutant } from '../mutant.ts'

const sim = 'packages/sim'

export const checkerMutants: readonly Mutant[] = [
  {
    id: 'CM1',
    bug: 'C2 is not looked at',
    origin: '',
    expects: ['C2'],
    edits: [
      {
        file: `${sim}/src/invariants/c2-linearizable-writes.ts`,
        from: 'answer.zxid > floor,',
        to: 'true,',
      },
    ],
    found: failing(
      `${sim}/test/invariants/client.test.ts`,
      'a write goes before what was committed',
    ),
  },
  {
    id: 'CM1b',
    bug: 'the same, where a history is replayed',
    origin: '',
    expects: ['C2'],
    edits: [
      {
        file: `${sim}/src/histories/placed-writes.ts`,
        from: 'return [...checkRealTime(places), ...checkSessions(places)]',
        to: 'return checkSessions(places)',
      },
    ],
    found: failing(`${sim}/test/histories/replay.test.ts`, 'C2: a write that was answered before'),
  },
  {
    id: 'CM2',
    bug: 'a call that was never answered is taken for one without effect',
    origin: '',
    expects: ['C11'],
    edits: [
      {
        file: `${sim}/src/histories/black-box-operations.ts`,
        from: "if (outcome === 'not-applied') return isRead",
        to: "if (outcome !== 'ok') return isRead",
      },
    ],
    found: failing(
      `${sim}/test/histories/black-box.test.ts`,
      'may have had its effect: here it must',
    ),
  },
  {
    id: 'CM3',
    bug: 'the znodes of one transaction are judged apart',
    origin: '',
    expects: ['C11'],
    edits: [
      {
        file: `${sim}/src/histories/path-groups.ts`,
        from: '    for (const call of calls) this.#unite(this.of(call))\n',
        to: '',
      },
    ],
    found: failing(`${sim}/test/histories/black-box.test.ts`, 'of which one reader saw one half'),
  },
  {
    id: 'CM4',
    bug: 'an event may come right behind what it should precede',
    origin: '',
    expects: ['W4'],
    edits: [
      {
        file: `${sim}/src/invariants/w4-event-before-data.ts`,
        from: 'item.event.zxid > seen,',
        to: 'item.event.zxid >= seen,',
      },
    ],
    found: failing(`${sim}/test/invariants/watch.test.ts`, 'an event comes behind an answer'),
  },
  {
    id: 'CM4b',
    bug: 'the same, where a history is replayed',
    origin: '',
    expects: ['W4'],
    edits: [
      {
        file: `${sim}/src/histories/placed-events.ts`,
        from: '!(zxid > seen)',
        to: '!(zxid >= seen)',
      },
    ],
    found: failing(
      `${sim}/test/histories/replay.test.ts`,
      'a change behind the answer that has it',
    ),
  },
  {
    id: 'CM5',
    bug: 'the model of the tree is made of the core’s own',
    origin: '',
    expects: ['D5'],
    // The test reads the sources as text: the plant is in what it reads.
    edits: [
      {
        file: 'test/source-files.ts',
        from: "return readFileSync(join(root, path), 'utf8')\n}\n\n/** A package.json",
        to: "return readFileSync(join(root, path), 'utf8').replace(/import type \\{ [^}]*TreeTxn[^}]* \\} from/, 'import { Tree, type TreeTxn } from')\n}\n\n/** A package.json",
      },
    ],
    found: failing(
      'test/tidy.test.ts',
      'the models of the simulator and of the differential share no code',
    ),
  },
  {
    id: 'CM6',
    bug: 'a search that was given up counts as a pass',
    origin: '',
    expects: ['C11'],
    edits: [
      {
        file: `${sim}/src/histories/black-box.ts`,
        from: "return isUndecided ? 'unknown' : 'ok'",
        to: "return 'ok'",
      },
    ],
    found: failing(
      `${sim}/test/histories/black-box.test.ts`,
      'a search that was given up is no pass',
    ),
  },
]

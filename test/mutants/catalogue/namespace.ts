/** What a ZooKeeper tree promises in detail: stats, names, access, watches. The differential finds it. */
import { failing, type Mutant } from '../mutant.ts'

const core = 'packages/core/src'
const differential = failing(
  'test/differential/differential.test.ts',
  'random programs come to the same in the core and in the model',
)

export const namespaceMutants: readonly Mutant[] = [
  {
    id: 'X80',
    bug: 'the delete of a child leaves its parent’s pzxid',
    origin: 'ClickHouse #115457',
    expects: ['D3'],
    edits: [
      {
        file: `${core}/tree/tree.ts`,
        from: 'parent.pzxid = zxid\n    if (znode.reap',
        to: 'if (znode.reap',
      },
    ],
    found: differential,
  },
  {
    id: 'X81',
    bug: 'a version goes on from -2 to -1, which stands for any',
    origin: 'ZooKeeper before 3.10',
    expects: ['D3'],
    edits: [{ file: `${core}/tree/znode.ts`, from: 'next === -1 ? 0 : next', to: 'next' }],
    found: differential,
  },
  {
    id: 'X82',
    bug: 'a sequential name is padded without regard to its sign',
    origin: 'ZOOKEEPER-4706',
    expects: ['Q1'],
    edits: [
      {
        file: `${core}/tree/path.ts`,
        from: "`${path}-${String(-createCount).padStart(9, '0')}`",
        to: "path + String(createCount).padStart(10, '0')",
      },
    ],
    found: differential,
  },
  {
    id: 'X83',
    bug: 'a delete is refused for its children before its version is looked at',
    origin: 'zookeeper.md, "Validation order"',
    expects: ['D5'],
    edits: [
      {
        file: `${core}/server/prepare.ts`,
        from: 'return version === anyVersion || version === znode.version\n      ? znode',
        to: 'return version === anyVersion || version === znode.version || znode.childCount > 0\n      ? znode',
      },
    ],
    found: differential,
  },
  {
    id: 'X84',
    bug: 'to delete a subtree it is enough that its root may be deleted',
    origin: 'D5',
    expects: ['D5'],
    edits: [
      {
        file: `${core}/server/prepare.ts`,
        from: "if (!paths.every((path) => this.#judging.may(this.#judging.parentOf(path), 'delete')))",
        to: "if (!this.#judging.may(this.#judging.parentOf(path), 'delete'))",
      },
    ],
    found: differential,
  },
  {
    id: 'X85',
    bug: '`auth` stands for the address that a session comes from, too',
    origin: 'zookeeper.md, "ACLs"',
    expects: ['D5'],
    edits: [
      {
        file: `${core}/access/acl.ts`,
        from: "return scheme !== 'ip' && scheme !== 'super'",
        to: "return scheme !== 'super'",
      },
    ],
    found: differential,
  },
  {
    id: 'X86',
    bug: 'who may read a list sees the hashes of passwords in it',
    origin: 'ZOOKEEPER-1392',
    expects: ['C3'],
    edits: [
      { file: `${core}/server/read.ts`, from: 'maskAcl(acl), stat:', to: 'acl ?? openAcl, stat:' },
    ],
    found: differential,
  },
  {
    id: 'X87',
    bug: 'a watch tells a session what it may not read',
    origin: 'CVE-2024-23944',
    expects: ['W1'],
    edits: [
      {
        file: `${core}/server/apply.ts`,
        from: 'if (!this.#mayTell(session, znode)) continue',
        to: 'if (!this.#mayTell(session, znode) && this.#hosting.watches.size === 0) continue',
      },
    ],
    found: differential,
  },
  {
    id: 'X88',
    bug: 'a request is judged by what its session proves to be when its txn is made',
    origin: 'C5',
    expects: ['D5'],
    edits: [
      {
        file: `${core}/server/hosted-sessions.ts`,
        from: 'identities: write.identities,',
        to: 'get identities() { return session.identities },',
      },
    ],
    found: differential,
  },
  {
    id: 'X89',
    bug: 'who watches a znode and its children hears of its deletion twice',
    origin: 'zookeeper.md, "Watches"',
    expects: ['W7'],
    edits: [
      {
        file: `${core}/session/wire-watches.ts`,
        from: '.filter(({ session }) => !has.has(session))',
        to: '.filter(({ session }) => has.size === 0 || session !== 0)',
      },
    ],
    found: differential,
  },
  {
    id: 'X90',
    bug: 'who is back hears of new children by when the znode was set',
    origin: 'ZooKeeper: setWatches',
    expects: ['W7'],
    edits: [
      {
        file: `${core}/session/wire-watches.ts`,
        from: 'znode.pzxid > restoration.after',
        to: 'znode.mzxid > restoration.after',
      },
    ],
    found: differential,
  },
  {
    id: 'X91',
    bug: 'a znode that a delete of its session’s takes still counts among its ephemerals',
    origin: 'ZOOKEEPER-4306',
    expects: ['S3'],
    edits: [
      {
        file: `${core}/server/outstanding-changes.ts`,
        from: 'if (znode.ephemeralOwner !== noSession) {\n      this.#sessions.get(znode.ephemeralOwner)?.removeEphemeral(znode.path)\n    }\n    this.#change(parent, zxid)',
        to: 'this.#change(parent, zxid)',
      },
    ],
    found: differential,
  },
]

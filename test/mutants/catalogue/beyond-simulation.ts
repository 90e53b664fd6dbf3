/** Planted in the stores, in the driver, and where the simulator has no eyes: tests find them. */
import { failing, type Edit, type Mutant } from '../mutant.ts'

const storage = 'packages/storage'
const zab = 'packages/core/src/zab'
const wireWatches = 'packages/core/src/session/wire-watches.ts'
const differential = failing(
  'test/differential/differential.test.ts',
  'random programs come to the same in the core and in the model',
)

const bodyCrcIgnored: Edit = {
  file: `${storage}/src/wal/recovery.ts`,
  from: 'return crc === envelope.bodyCrc ? envelope : null',
  to: 'return crc >= 0 ? envelope : null',
}
const pageCrcIgnored: Edit = {
  file: `${storage}/src/page-codec.ts`,
  from: 'if (crc !== crc32(bytes.subarray(0, length - trailerBytes))) {',
  to: 'if (false) {',
}

export const mutantsBeyondSimulation: readonly Mutant[] = [
  {
    id: 'M04a',
    bug: 'a write that failed is told as durable',
    origin: 'Simple Testing; ATC’20',
    expects: ['Z12'],
    edits: [
      {
        file: `${storage}/src/wal/write-ahead-log.ts`,
        from: 'const places = await this.#writer.write(appends)',
        to: 'const places = await this.#writer.write(appends).catch(() => [])',
      },
    ],
    found: failing(`${storage}/test/wal/write-ahead-log.test.ts`, 'is final, and told once'),
  },
  {
    id: 'M04b',
    bug: 'that the log failed is not told to the peer',
    origin: 'Simple Testing; ATC’20',
    expects: ['Z12'],
    edits: [
      {
        file: 'packages/conclave/src/driver.ts',
        from: "onFailed: (error) => this.fail(storageError('the log', error)),",
        to: 'onFailed: () => undefined,',
      },
    ],
    found: failing('packages/conclave/test/driver.test.ts', 'a failed append stops the peer'),
  },
  {
    id: 'M05a',
    bug: 'the log goes on writing after ENOSPC',
    origin: 'LevelDB, as measured',
    expects: ['Z10'],
    edits: [
      {
        file: `${storage}/src/wal/write-ahead-log.ts`,
        from: '    this.#failed = true\n',
        to: '',
      },
    ],
    found: failing(`${storage}/test/wal/write-ahead-log.test.ts`, 'is final, and told once'),
  },
  {
    id: 'M05b',
    bug: 'the snapshot goes on writing after a write that was rejected',
    origin: 'LevelDB, as measured',
    expects: ['Z10'],
    edits: [
      {
        file: `${storage}/src/level-snapshot.ts`,
        from: '      this.#failure = error\n',
        to: '',
      },
    ],
    found: failing(
      `${storage}/test/level-snapshot.test.ts`,
      'the first write that is rejected is the last',
    ),
  },
  {
    id: 'M19',
    bug: 'an ack counts although the link that it came on has broken',
    origin: 'like raft #1802',
    expects: ['Z9'],
    edits: [{ file: `${zab}/leading.ts`, from: '    this.#broadcast.forget(peer)\n', to: '' }],
    found: failing('packages/core/test/zab/broadcast.test.ts', 'M19: an ack counts only while'),
  },
  {
    id: 'M20',
    bug: 'a peer takes the messages of any leader, not only of the one it follows',
    origin: '',
    expects: ['Z2', 'Z14'],
    edits: [
      {
        file: `${zab}/zab.ts`,
        from: 'else if (this.#phase instanceof Following && this.#phase.leader === from) {',
        to: 'else if (this.#phase instanceof Following) {',
      },
    ],
    found: failing('packages/core/test/zab/broadcast.test.ts', 'M20: does not listen'),
  },
  {
    id: 'M21',
    bug: 'a snapshot that has not come whole is taken for one',
    origin: 'ZOOKEEPER-2872, 3642',
    expects: ['D2', 'Z3'],
    edits: [
      {
        file: `${storage}/src/level-installer.ts`,
        from: "if (!this.#unpacker.isComplete) throw new TransferError('the last chunk has not come')",
        to: '',
      },
      {
        file: `${storage}/src/level-loading.ts`,
        from: 'if (summary !== null) return orDamage(database, () => sink.finish(summary))',
        to: 'if (summary !== null) try { return sink.finish(summary) } catch { return {} as T }',
      },
    ],
    mask: 'counts and digest of a snapshot are compared with its summary',
    found: failing(
      `${storage}/test/level-snapshot.test.ts`,
      'is refused when a chunk is damaged, missing, or not the end',
    ),
  },
  {
    id: 'M22a',
    bug: 'a snapshot that is missing is made anew, and empty',
    origin: 'ZOOKEEPER-2325, 3644',
    expects: ['Z19'],
    edits: [
      {
        file: `${storage}/src/level-snapshot.ts`,
        from: 'Database.open(join(options.directory, options.name), false)',
        to: 'Database.open(join(options.directory, options.name), true)',
      },
      {
        file: `${storage}/src/level-loading.ts`,
        from: "if (format === null) throw damageIn(database, 'it says nowhere that it is a snapshot')",
        to: '',
      },
    ],
    mask: 'an empty database does not say that it is a snapshot',
    found: failing(`${storage}/test/store.test.ts`, 'ZOOKEEPER-2325'),
  },
  {
    id: 'M22b',
    bug: 'a log that is missing is a new one',
    origin: 'ZOOKEEPER-2325, 3644',
    expects: ['Z19'],
    edits: [
      {
        file: `${storage}/src/store.ts`,
        from: 'mustExist: damaged === undefined && directory.identity.ensembleId !== 0,',
        to: '',
      },
    ],
    found: failing(`${storage}/test/store.test.ts`, 'a log that is missing is not a new one'),
  },
  {
    id: 'M45',
    bug: 'what was meant for a link goes out on the one after it',
    origin: '',
    expects: ['Z14', 'S7'],
    edits: [
      {
        file: 'packages/net/src/tcp-transport.ts',
        from: 'if (link?.announced === true) link.send(messages)',
        to: 'if (link === null) this.late = [to, messages]\n    else link?.send(this.late?.[0] === to ? [...this.late[1], ...messages] : messages)',
      },
    ],
    found: failing(
      'packages/net/test/tcp-transport.test.ts',
      'messages sent before the listener heard of the new link do not go out on it',
    ),
  },
  {
    id: 'M46a',
    bug: 'the CRC of a record in the log is not checked, nor that of a page',
    origin: 'LevelDB, as measured',
    expects: ['D1', 'Z5'],
    edits: [bodyCrcIgnored, pageCrcIgnored],
    mask: 'a page carries a CRC of its own',
    found: failing(
      `${storage}/test/wal/recovery.test.ts`,
      'a flipped byte in an earlier segment is damage',
    ),
  },
  {
    id: 'M46b',
    bug: 'the chain between the records of the log is not checked',
    origin: 'LevelDB, as measured',
    expects: ['Z5'],
    edits: [
      {
        file: `${storage}/src/wal/recovery.ts`,
        from: ': !envelope.chain.equals(chain)',
        to: ': false',
      },
    ],
    found: failing(`${storage}/test/wal/forged-log.test.ts`, 'a record of another log'),
  },
  {
    id: 'M46c',
    bug: 'the CRC of a record in the snapshot is not checked',
    origin: 'LevelDB, as measured',
    expects: ['D1', 'D2'],
    edits: [
      {
        file: `${storage}/src/keyspace.ts`,
        from: 'if (readUint32(value, end) !== crcOf(key, value)) {',
        to: 'if (false) {',
      },
    ],
    found: failing(`${storage}/test/keyspace.test.ts`, 'a flipped bit in key or value is noticed'),
  },
  {
    id: 'M49a',
    bug: 'a link queues without a bound for a peer that does not read',
    origin: '',
    expects: ['V5', 'V7'],
    edits: [
      {
        file: 'packages/net/src/link.ts',
        from: 'if (connection.queuedBytes + bytes > maxQueueBytes) {',
        to: 'if (false) {',
      },
    ],
    found: failing(
      'packages/net/test/tcp-transport.test.ts',
      'a peer that does not read breaks the link at the bound',
    ),
  },
  {
    id: 'M49b',
    bug: 'the log is kept without a bound for a learner that is too slow',
    origin: '',
    expects: ['V5', 'V7'],
    edits: [
      {
        file: `${zab}/learner.ts`,
        from: 'history.bytesBehind(pin) > options.limits.maxPinnedBytes',
        to: 'false',
      },
    ],
    found: failing(
      'packages/core/test/zab/learner-sync.test.ts',
      'V7: a learner for which the log',
    ),
  },
  {
    id: 'M33b',
    bug: 'a read does not wait for the earlier writes of its session',
    origin: 'ZOOKEEPER-1863',
    expects: ['C6'],
    edits: [
      {
        file: 'packages/conclave/src/session-reads.ts',
        from: 'waiting = this.#calls.afterWrites(run)',
        to: 'run()',
      },
    ],
    found: failing('packages/conclave/test/session-reads.test.ts', 'C6: waits for the session'),
  },
  {
    id: 'M38a',
    bug: 'setWatches ignores up to where the client has seen',
    origin: 'ZooKeeper: relativeZxid',
    expects: ['W7'],
    edits: [{ file: wireWatches, from: 'znode.mzxid > restoration.after', to: 'znode.mzxid > 0' }],
    found: differential,
  },
  {
    id: 'M38b',
    bug: 'setWatches forgets the recursive watches',
    origin: 'ZooKeeper: setWatches2',
    expects: ['W7'],
    edits: [
      {
        file: wireWatches,
        from: "for (const path of restoration.recursive) this.add(session, path, 'recursive')",
        to: '',
      },
    ],
    found: differential,
  },
]

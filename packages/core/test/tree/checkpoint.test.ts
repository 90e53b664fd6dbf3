import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  makeZxid,
  noSession,
  Replica,
  ReplicaBuilder,
  sessionIdAt,
  type Checkpoint,
  type SessionId,
  type SessionRecord,
  type SnapshotRecord,
  type SnapshotSummary,
  type Txn,
  type ZnodeRecord,
} from '../../src/internal.ts'
import { Author, chosenPage, pageOf, type WrittenPage } from '../server/random-history.ts'

const silent = { wantsResult: () => false, onChanged: () => {}, onApplied: () => {} }
const unasked = { timeMs: 1_790_000_000_000, session: noSession, requestId: 0 }

/** What a store makes of checkpoints: the records as of the last one that was written. */
class Store {
  readonly #znodes = new Map<string, ZnodeRecord>()
  readonly #sessions = new Map<SessionId, SessionRecord>()
  #summary: SnapshotSummary | null = null

  write(records: readonly SnapshotRecord[], summary: SnapshotSummary): void {
    for (const record of records) {
      if (record.type === 'znode') this.#znodes.set(record.znode.path, record.znode)
      if (record.type === 'znode-gone') this.#znodes.delete(record.path)
      if (record.type === 'session') this.#sessions.set(record.session.id, record.session)
      if (record.type === 'session-gone') this.#sessions.delete(record.id)
    }
    this.#summary = summary
  }

  load(): Replica {
    if (this.#summary === null) return Replica.empty()
    const builder = new ReplicaBuilder()
    builder.add([...this.#znodes.values()].map((znode) => ({ type: 'znode', znode })))
    builder.add([...this.#sessions.values()].map((session) => ({ type: 'session', session })))
    return builder.finish(this.#summary)
  }
}

function apply(replica: Replica, ...txns: Txn[]): void {
  replica.apply(pageOf(replica.end, txns), txns, silent)
}

function create(path: string, parentCreateCount: number): Txn {
  const fields = {
    data: new Uint8Array([1]),
    ephemeralOwner: noSession,
    reap: 0,
    parentCreateCount,
    acl: null,
  }
  return { ...unasked, type: 'create', path, ...fields }
}

function set(path: string, version: number): Txn {
  return { ...unasked, type: 'set', path, data: new Uint8Array([version, 9]), version }
}

function remove(path: string): Txn {
  return { ...unasked, type: 'delete', path }
}

/** The records by path, as `path version` or `path gone`. */
function taken(checkpoint: Checkpoint, max = 1_000): string[] {
  return checkpoint.take(max).map((record) => {
    if (record.type === 'znode') return `${record.znode.path} ${record.znode.version}`
    return record.type === 'znode-gone' ? `${record.path} gone` : record.type
  })
}

/** What the first checkpoint holds of every tree, beside the root. */
const system = ['/zookeeper 0', '/zookeeper/config -1', '/zookeeper/quota 0']

describe('checkpoint', () => {
  test('D2: snapshot and replay come to the live state, wherever freezes and takes fall', () => {
    const turn = fc.oneof(
      { weight: 3, arbitrary: chosenPage },
      { weight: 4, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 5 }) }) },
      { weight: 1, arbitrary: fc.constant('freeze' as const) },
    )
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 40 }), (turns) => {
        const author = new Author()
        const replica = Replica.empty()
        const store = new Store()
        const log: WrittenPage[] = []
        let checkpoint: Checkpoint | null = null
        let batch: SnapshotRecord[] = []

        for (const one of turns) {
          if (one === 'freeze') {
            if (checkpoint !== null) continue
            checkpoint = replica.freeze()
            batch = []
          } else if ('take' in one) {
            if (checkpoint === null) continue
            const records = checkpoint.take(one.take)
            expect(records.length).toBeLessThanOrEqual(one.take)
            batch.push(...records)
            if (records.length > 0) continue
            store.write(batch, checkpoint.summary)
            checkpoint = null
          } else {
            const written = author.write(one)
            log.push(written)
            replica.apply(written.page, written.txns, silent)
          }
        }

        const restarted = store.load()
        for (const { page, txns } of log) {
          if (page.last > restarted.lastApplied) restarted.apply(page, txns, silent)
        }
        expect(restarted.end).toEqual(replica.end)
        expect(restarted.digest).toBe(replica.digest)
        expect(restarted.tree.size).toBe(replica.tree.size)
        expect(restarted.sessions.size).toBe(replica.sessions.size)
      }),
      { numRuns: 300 },
    )
  })

  test('D2: a znode that changes after the freeze is handed over as it was', () => {
    const replica = Replica.empty()
    apply(replica, create('/a', 1), create('/b', 2), create('/c', 3))
    const checkpoint = replica.freeze()

    apply(replica, set('/a', 1), set('/a', 2), remove('/b'), create('/d', 4))

    expect(taken(checkpoint).sort()).toEqual(['/ 0', '/a 0', '/b 0', '/c 0', ...system])
    expect(taken(checkpoint)).toEqual([])
    expect(taken(replica.freeze()).sort()).toEqual(['/ 0', '/a 2', '/b gone', '/d 0'])
  })

  test('D2: a path that was gone at the freeze stays gone, though a znode is there again', () => {
    const replica = Replica.empty()
    apply(replica, create('/a', 1))
    taken(replica.freeze())
    apply(replica, remove('/a'))
    const checkpoint = replica.freeze()

    apply(replica, create('/a', 2), set('/a', 1))
    apply(replica, remove('/a'), create('/a', 3))

    expect(taken(checkpoint).sort()).toEqual(['/ 0', '/a gone'])
    expect(taken(replica.freeze()).sort()).toEqual(['/ 0', '/a 0'])
  })

  test('D2: a znode deleted and created again after the freeze is handed over as it was before', () => {
    const replica = Replica.empty()
    apply(replica, create('/a', 1), set('/a', 1))
    const checkpoint = replica.freeze()

    apply(replica, remove('/a'), create('/a', 2))

    expect(taken(checkpoint).sort()).toEqual(['/ 0', '/a 1', ...system])
  })

  test('a record that was taken already is left to the next checkpoint', () => {
    const replica = Replica.empty()
    apply(replica, create('/a', 1), create('/b', 2))
    const checkpoint = replica.freeze()

    expect(taken(checkpoint, 5).sort()).toEqual(['/ 0', '/a 0', ...system])
    apply(replica, set('/a', 1), set('/b', 1))

    expect(taken(checkpoint)).toEqual(['/b 0'])
    expect(taken(replica.freeze())).toEqual(['/a 1', '/b 1'])
  })

  test('what did not change is in no later checkpoint', () => {
    const replica = Replica.empty()
    apply(replica, create('/a', 1), create('/b', 2))
    expect(replica.dirtyCount).toBe(6)
    taken(replica.freeze())
    expect(replica.dirtyCount).toBe(0)

    apply(replica, set('/b', 1))

    expect(replica.dirtyCount).toBe(1)
    expect(taken(replica.freeze())).toEqual(['/b 1'])
  })

  test('sessions are part of it: changed, gone, and as they were at the freeze', () => {
    const replica = Replica.empty()
    const open = (n: number): Txn => {
      const password = new Uint8Array(16).fill(n)
      return { ...unasked, type: 'create-session', timeoutMs: 1_000, password, host: 1 }
    }
    apply(replica, open(1), open(2))
    const [first, second] = [sessionIdAt(makeZxid(1, 1)), sessionIdAt(makeZxid(1, 2))]
    const checkpoint = replica.freeze()

    apply(
      replica,
      { ...unasked, type: 'move-session', moved: first, host: 2 },
      { ...unasked, type: 'close-session', closed: second, reason: 'expired', paths: [] },
    )

    const sessions = checkpoint.take(100).filter((record) => record.type === 'session')
    expect(sessions).toMatchObject([
      { session: { id: first, host: 1 } },
      { session: { id: second, host: 1 } },
    ])
    expect(replica.freeze().take(100)).toMatchObject([
      { type: 'session', session: { id: first, host: 2, hostedSince: makeZxid(1, 3) } },
      { type: 'session-gone', id: second },
    ])
  })

  test('the summary is of the frozen moment', () => {
    const replica = Replica.empty()
    apply(replica, create('/a', 1))
    const { end, digest } = replica
    const checkpoint = replica.freeze()

    apply(replica, create('/b', 2))

    expect(checkpoint.summary).toEqual({
      ...{ end, digest, znodeCount: 5, sessionCount: 0, configuration: null },
    })
  })

  test('there are never two at once', () => {
    const replica = Replica.empty()
    apply(replica, create('/a', 1))
    const checkpoint = replica.freeze()
    taken(checkpoint, 4)

    expect(() => replica.freeze()).toThrow(/never two/)
    taken(checkpoint, 1)
    expect(() => replica.freeze()).not.toThrow()
  })
})

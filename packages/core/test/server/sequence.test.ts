import { describe, expect, test } from 'vitest'
import {
  digestOf,
  recordOf,
  ReplicaBuilder,
  statOf,
  type Replica,
  type SessionId,
  type SnapshotRecord,
  type Znode,
} from '../../src/internal.ts'
import { LoneLeader, wordOf } from './lone-leader.ts'
import { bytes, check, create, remove, set, transaction } from './requests.ts'

const next = create('/q/n-', { sequential: true })

/** A leader with the znode /q. */
function withQueue(): { leader: LoneLeader; session: SessionId } {
  const leader = new LoneLeader()
  const session = leader.session()
  leader.write(session, create('/q'))
  return { leader, session }
}

/** The same replica as a restart finds it in the snapshot, with some fields of /q changed. */
function restarted({ tree, sessions, end }: Replica, fields: Partial<Znode> = {}): Replica {
  const znodes = [...tree.znodes()].map((znode) => {
    const record = recordOf(znode)
    return znode.path === '/q' ? { ...record, ...fields } : record
  })
  const builder = new ReplicaBuilder()
  builder.add(znodes.map((znode): SnapshotRecord => ({ type: 'znode', znode })))
  const all = [...sessions.sessions()]
  builder.add(all.map((session): SnapshotRecord => ({ type: 'session', session })))
  const counts = { znodeCount: znodes.length, sessionCount: all.length }
  return builder.finish({ end, digest: digestOf(znodes, all), ...counts, configuration: null })
}

/** A session of a leader that is not the first: passwords are told apart. */
function sessionOf(leader: LoneLeader, reign: number): SessionId {
  for (let before = 1; before < reign; before += 1) leader.session()
  return leader.session()
}

function namesOf(leader: LoneLeader, session: SessionId, count: number): string[] {
  const requests = Array.from({ length: count }, () => next)
  return leader.write(session, ...requests).map(wordOf)
}

describe('the sequence counter', () => {
  test('Q1: counts every create below the parent: plain, ephemeral, container, TTL', () => {
    const { leader, session } = withQueue()
    leader.write(
      session,
      create('/q/plain'),
      create('/q/e', { mode: 'ephemeral' }),
      create('/q/c', { mode: 'container' }),
      create('/q/t', { mode: { ttlMs: 5 } }),
      create('/q/c/grandchild'),
      create('/q/plain'),
      set('/q'),
    )
    expect(namesOf(leader, session, 1)).toEqual(['create /q/n-0000000004'])
  })

  test.each([['persistent'], ['ephemeral'], ['container'], [{ ttlMs: 5 }]] as const)(
    'Q1: names a znode of any mode: %j',
    (mode) => {
      const { leader, session } = withQueue()
      expect(leader.write(session, { ...next, mode }).map(wordOf)).toEqual([
        'create /q/n-0000000000',
      ])
    },
  )

  test('Q1: advances within a transaction, and not by one that is refused', () => {
    const { leader, session } = withQueue()
    expect(
      leader.judge(session, transaction(next, next, check('/none')), transaction(next, next), next),
    ).toEqual([
      'NO_NODE /none at 2',
      'transaction [create /q/n-0000000000, create /q/n-0000000001]',
      'create /q/n-0000000002',
    ])
  })

  test('Q1: survives the delete of all children, a restart and a change of leader', () => {
    const { leader, session } = withQueue()
    namesOf(leader, session, 3)
    leader.write(session, ...[0, 1, 2].map((one) => remove(`/q/n-000000000${String(one)}`)))
    expect(leader.replica.tree.get('/q')?.numChildren).toBe(0)

    const second = new LoneLeader({}, restarted(leader.replica), 2)
    expect(namesOf(second, sessionOf(second, 2), 1)).toEqual(['create /q/n-0000000003'])
    const third = new LoneLeader({}, second.replica, 3)
    expect(namesOf(third, sessionOf(third, 3), 1)).toEqual(['create /q/n-0000000004'])
  })

  test('Q1: begins anew with a znode that was made anew', () => {
    const { leader, session } = withQueue()
    leader.write(session, next, remove('/q', { recursive: true }), create('/q'))
    expect(namesOf(leader, session, 1)).toEqual(['create /q/n-0000000000'])
  })

  test('Q1: is an int32: behind 2147483647 comes -2147483648, of 11 characters, then it rises', () => {
    const { leader } = withQueue()
    const second = new LoneLeader({}, restarted(leader.replica, { createCount: 2_147_483_646 }), 2)
    const session = sessionOf(second, 2)

    expect(namesOf(second, session, 4)).toEqual([
      'create /q/n-2147483646',
      'create /q/n-2147483647',
      'create /q/n--2147483648',
      'create /q/n--2147483647',
    ])
    // Twice the count of creates less the children, in 32 bits: as ZooKeeper shows it.
    const stat = statOf(second.replica.tree.get('/q')!)
    expect(stat).toMatchObject({ numChildren: 4, cversion: (2 * -2_147_483_646 - 4) | 0 })
    expect(second.replica.digest).toBe(restarted(second.replica).digest)
  })
})

describe('versions', () => {
  test('D3: a version is an int32 that leaves out -1, which stands for any', () => {
    const { leader } = withQueue()
    const wrapping = new LoneLeader({}, restarted(leader.replica, { version: 2_147_483_647 }), 2)
    const session = sessionOf(wrapping, 2)
    expect(
      wrapping.write(session, set('/q', 2_147_483_647), set('/q', -2_147_483_648)),
    ).toMatchObject([{ version: -2_147_483_648 }, { version: -2_147_483_647 }])

    const skipping = new LoneLeader({}, restarted(leader.replica, { version: -2 }), 2)
    expect(skipping.write(sessionOf(skipping, 2), set('/q', -2))).toMatchObject([{ version: 0 }])
  })

  test('D3: a set of the same bytes counts like any other', () => {
    const { leader, session } = withQueue()
    leader.write(session, set('/q', -1, bytes('x')), set('/q', -1, bytes('x')))
    expect(statOf(leader.replica.tree.get('/q')!)).toMatchObject({ version: 2, dataLength: 1 })
  })
})

describe('absent data', () => {
  test('is not the same as no bytes, and has length 0 as they have', () => {
    const { leader, session } = withQueue()
    const dataOf = (path: string) => leader.replica.tree.get(path)?.data
    leader.write(session, create('/empty', { data: new Uint8Array() }))
    expect([dataOf('/q'), dataOf('/empty')]).toEqual([null, new Uint8Array()])

    leader.write(session, { ...set('/empty'), data: null }, set('/q', -1, new Uint8Array()))
    expect([dataOf('/q'), dataOf('/empty')]).toEqual([new Uint8Array(), null])
    for (const path of ['/q', '/empty']) {
      expect(statOf(leader.replica.tree.get(path)!)).toMatchObject({ version: 1, dataLength: 0 })
    }
    const loaded = restarted(leader.replica)
    expect(['/q', '/empty'].map((path) => loaded.tree.get(path)?.data)).toEqual([
      new Uint8Array(),
      null,
    ])
  })
})

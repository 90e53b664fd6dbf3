/** How an ensemble comes to be: every listed voter is here, and none holds a page. */
import { describe, expect, test } from 'vitest'
import { makeZxid, zeroZxid } from '../../src/zxid.ts'
import { LonePeer, votes } from './lone-peer.ts'
import { TestEnsemble } from './test-ensemble.ts'

const empty = { votes: false, empty: true }

function idsOf(ensemble: TestEnsemble): Set<number | undefined> {
  const ids = [...ensemble.peers.values()].map(({ disk }) => disk.configuration?.ensembleId)
  return new Set(ids)
}

describe('a founding election', () => {
  test('needs the vote of every listed voter', () => {
    const peer = new LonePeer(3)
    peer
      .link(1, 2)
      .receive(1, votes(3, 0, zeroZxid, empty))
      .wait(500)
    expect(peer.peer.standing.role).toBe('looking')

    peer.receive(2, votes(3, 0, zeroZxid, empty))

    expect(peer.peer.standing.role).toBe('leader')
  })

  test('is none when somebody holds a page: whoever is empty has lost something', () => {
    const peer = new LonePeer(3)
    peer.link(1, 2).receive(1, votes(2, 1, makeZxid(1, 1)))

    peer.receive(2, votes(2, 1, makeZxid(1, 1), { votes: true, empty: false })).wait(1_000)

    expect(peer.peer.standing.role).toBe('looking')
  })

  test('does not need observers, who join what is founded', () => {
    const ensemble = new TestEnsemble(4, { observers: [4] })

    ensemble.start(1, 2, 3).ready().start(4).ready()

    expect(idsOf(ensemble).size).toBe(1)
    expect(ensemble.peer(4).standing.role).toBe('observer')
  })

  test('says which voters are missing', () => {
    const ensemble = new TestEnsemble(3).start(2).run(500)

    expect(ensemble.peer(2).standing).toMatchObject({
      missingVoters: [1, 3],
      reason: 'founding: voters 1, 3 do not answer yet (starts)',
    })
  })

  test('ends with a first page that says who belongs here: from then on nobody is empty', () => {
    const ensemble = new TestEnsemble(3, { machine: { foundingPage: true } }).start().ready()

    ensemble.settle()

    expect([...ensemble.peers.values()].map(({ disk }) => disk.end.last)).toEqual(
      Array.from({ length: 3 }, () => makeZxid(1, 1)),
    )
  })
})

describe('a founding that was broken off', () => {
  test.each([1, 2, 3])('by a crash of all after %i appends, leads to one ensemble', (appends) => {
    const ensemble = new TestEnsemble(3).start()
    let done = 0
    ensemble.settle(() => {
      done = ensemble.trace.filter((line) => line.includes('appends')).length
      return done >= appends
    })

    ensemble.crash(1, 2, 3).start().ready().propose('a')

    expect(idsOf(ensemble).size).toBe(1)
    for (const { machine } of ensemble.peers.values()) expect(machine.applied).toEqual(['a'])
  })

  test('keeps the id that a voter holds, even if that voter is the last to introduce itself', () => {
    // 3 founded, 2 noted the id, and 3 lost its disk before anything was written. Once 3 made its
    // epoch, and a new id, from 1 alone: 2 then failed for good, of another ensemble than its own.
    const ensemble = new TestEnsemble(3).start()
    ensemble.settle(() => ensemble.peer(2).disk.configuration !== null)
    const id = ensemble.peer(2).disk.configuration?.ensembleId
    ensemble.crash(1, 2, 3)
    ensemble.peer(3).disk.wipe()
    ensemble.network.holdLane(2, 3, 'data')

    ensemble.start().run(300)
    expect(ensemble.peer(3).standing.reason).toContain('waits for a quorum')
    ensemble.network.release(2, 3)
    ensemble.ready()

    expect([...idsOf(ensemble)]).toEqual([id])
    for (const { failures } of ensemble.peers.values()) expect(failures).toEqual([])
  })

  test('promises of any epoch do not count: a voter that was wiped may found with the others', () => {
    const ensemble = new TestEnsemble(3).start().ready().crash(1, 2, 3).settle()
    ensemble.peer(1).disk.wipe()

    ensemble.start().ready().propose('a')

    expect(ensemble.leader().standing.epoch).toBe(2)
    expect(idsOf(ensemble).size).toBe(1)
  })
})

describe('a standalone peer', () => {
  test('founds alone, and leads at once after each start', () => {
    const ensemble = new TestEnsemble(1).start().settle().propose('a')

    ensemble.crash(1).start(1).settle()

    expect(ensemble.leader().standing.epoch).toBe(2)
    expect(ensemble.peer(1).machine.applied).toEqual(['a'])
  })

  test('Z19: does not lead with a damaged store: there is no other to heal it', () => {
    const ensemble = new TestEnsemble(1).start().settle().propose('a').crash(1)
    ensemble.peer(1).disk.damage('a flipped bit')

    ensemble.start(1).run(1_000)

    expect(ensemble.peer(1).standing).toMatchObject({ role: 'looking', damaged: 'a flipped bit' })
    expect(ensemble.peer(1).standing.reason).toMatch(/no other peer has its data: put a copy/)
  })
})

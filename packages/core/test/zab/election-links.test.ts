/** Election where links are missing, or only seem to be there: a quorum that could lead must. */
import { describe, expect, test } from 'vitest'
import { makeZxid, zeroZxid } from '../../src/zxid.ts'
import { claims, followerInfo, LonePeer, pagesOf, recordsOf, votes } from './lone-peer.ts'
import { TestEnsemble } from './test-ensemble.ts'

const pages = pagesOf([1, 'a', 'b'])
const last = makeZxid(1, 2)

/** A peer of five, or fewer, whose log ends at 1:2, linked to the others. */
function peerOf(id: number, voterCount: number, ...others: number[]): LonePeer {
  const records = recordsOf(1, 3, pages, voterCount)
  return new LonePeer(id, { voterCount, records }).link(...others)
}

describe('links that are not what they seem', () => {
  test('whoever is silent for a silent-peer deadline is not linked any more', () => {
    const peer = peerOf(3, 5, 1, 2)
    peer.wait(600).receive(1, votes(1, 1, last))
    peer.done()

    peer.wait(600)

    expect(peer.done('notification')).toEqual([
      'breaks with 2: silent for longer than the silent-peer deadline',
    ])
  })

  test('but not for what a pause has kept it from hearing', () => {
    const peer = peerOf(3, 5, 1, 2)
    peer.wait(100).receive(1, votes(1, 1, last))
    peer.done()
    peer.nowMs += 5_000

    peer.peer.step(peer.nowMs)
    peer.step(
      () => peer.peer.zab.onMessage(1, votes(1, 1, last)),
      () => peer.peer.zab.onMessage(2, votes(2, 1, last)),
    )

    expect(peer.done('notification')).toEqual([])
  })

  test('FOLLOWERINFO that came on such a link is forgotten with it', () => {
    // It was kept once: on the next link the same peer was informed before it had asked, and again
    // when it did, and took the second LEADERINFO for a breach of the protocol.
    const peer = peerOf(3, 5, 1, 2)
    peer
      .receive(1, followerInfo())
      .wait(600)
      .receive(2, votes(3, 1, last))
      .wait(600)
    expect(peer.done('notification')).toEqual([
      'breaks with 1: silent for longer than the silent-peer deadline',
    ])

    const again = votes(3, 1, last, { round: 2 })
    peer.link(1).receive(1, again).receive(2, again, followerInfo())
    peer.sync()
    expect(peer.peer.standing.role).toBe('leader')
    expect(peer.done('notification', 'ping')).toEqual([])

    peer.receive(1, followerInfo()).sync()
    expect(peer.done('notification', 'ping')).toEqual([
      'appends promise of 2 to 3',
      'to 2: leader-info epoch 2',
      'to 1: leader-info epoch 2',
    ])
  })

  test('a peer whose disk is slow has no vote, but answers', () => {
    const peer = new LonePeer(2, { records: recordsOf(1, 3, pages) })
    peer.link(3).receive(3, claims('leader', 3, { established: true, leadingEpoch: 2 }))
    peer.receive(3, {
      type: 'leader-info',
      epoch: 2,
      configuration: peer.peer.state.configuration!,
    })
    peer.unlink(3).link(1)
    peer.done()

    peer.receive(1, votes(1, 1, last, { asks: true }))

    expect(peer.done()).toEqual(['to 1: notification looks, without a vote'])
  })

  test('a peer that is linked to no quorum stands with nothing, so that others can win', () => {
    const peer = peerOf(5, 5, 2)
    expect(peer.done()).toEqual(['to 2: notification votes 5 (epoch 0, 0:0) in round 1'])

    peer.link(1)

    expect(peer.done()).toEqual([
      'to 2: notification votes 5 (epoch 1, 1:2) in round 1',
      'to 1: notification votes 5 (epoch 1, 1:2) in round 1',
    ])
  })

  test('and withdraws when it loses the quorum', () => {
    const peer = peerOf(5, 5, 1, 2)
    peer.done()

    peer.unlink(1)

    expect(peer.done()).toEqual(['to 2: notification votes 5 (epoch 0, 0:0) in round 2'])
  })

  test('nor does one that cannot vote make a quorum', () => {
    const peer = peerOf(5, 5, 1, 2)
    peer.done()

    peer.receive(1, votes(1, 0, zeroZxid, { votes: false }))

    expect(peer.done()).toEqual([
      'to 1: notification votes 5 (epoch 0, 0:0) in round 2',
      'to 2: notification votes 5 (epoch 0, 0:0) in round 2',
    ])
  })

  test('a candidate that only others speak of is not voted for', () => {
    const peer = peerOf(1, 5, 2, 3)
    peer.done()

    peer.receive(2, votes(5, 1, makeZxid(1, 9)))
    expect(peer.done()).toEqual([])

    peer.receive(3, votes(4, 1, makeZxid(1, 9), { round: 2 }))
    expect(peer.done('to 2')).toEqual(['to 3: notification votes 1 (epoch 1, 1:2) in round 2'])
  })

  test('V4: one that is gone is not voted for on hearsay', () => {
    // 1, which 5 does not reach, heard of it from 2. Then 5 went, and those who would have seen it go
    // were restarted. Each had it from another that 5 was best, and nobody was ever told otherwise:
    // they would have voted for it for ever.
    const ensemble = new TestEnsemble(5).start().ready().propose('a').crash(1, 2, 3, 4, 5)
    for (const id of [2, 5]) ensemble.network.holdLane(3, id, 'liveness')
    ensemble.silence(1, 5).start(2, 3, 5).run(100).start(1).run(100)
    expect(ensemble.sent('notification')).toContain(
      '2->1 notification votes 5 (epoch 1, 1:1) in round 1',
    )

    ensemble.crash(2, 3, 5).heal().start(2, 3).run(300)

    expect(ensemble.leader().id).toBe(3)
  })

  test('V4: a peer that only one of a quorum reaches does not keep it from electing', () => {
    // 3 has the longest history, and reaches nobody but 2; 5 is down. While the others went on voting
    // for 3, each attempt cost 2 a silent-peer deadline, for as long as the network stayed that way.
    const ensemble = new TestEnsemble(5).start().ready().propose('a')
    const { leader } = ensemble.leader().standing
    for (const id of [1, 2, 4]) ensemble.peer(id).slowDisk = true
    ensemble.step(ensemble.peer(leader), () => ensemble.peer(leader).machine.propose('b'))
    ensemble.settle().crash(...ensemble.ids)
    for (const id of [1, 2, 4]) ensemble.peer(id).slowDisk = false
    for (const id of [1, 4, 5]) ensemble.silence(3, id)

    ensemble.start(2, 3).run(300).start(1, 4).run(300)

    expect(ensemble.leader().id).toBe(4)
  })
})

/** Election: whom to follow. A wrong choice costs time, never history; a stuck one costs everything. */
import { describe, expect, test } from 'vitest'
import { makeZxid, zeroZxid } from '../../src/zxid.ts'
import { claims, followerInfo, LonePeer, pagesOf, recordsOf, votes } from './lone-peer.ts'

const pages = pagesOf([1, 'a', 'b'])
const last = makeZxid(1, 2)

/** A peer of three, or more, whose log ends at 1:2, linked to the others. */
function peerOf(id: number, voterCount = 3, ...others: number[]): LonePeer {
  const records = recordsOf(1, 3, pages, voterCount)
  const peer = new LonePeer(id, { voterCount, records })
  peer.link(...others)
  return peer
}

describe('voting', () => {
  test('begins for itself, with its durable history, and asks what the others think', () => {
    const peer = peerOf(2, 3, 1)

    expect(peer.done()).toEqual(['to 1: notification votes 2 (epoch 1, 1:2) in round 1'])
  })

  test('ZOOKEEPER-4882: what the disk has not confirmed is not voted with, nor is there a vote', () => {
    const peer = peerOf(2, 3, 1, 3)
    peer.receive(3, votes(3, 1, last)).receive(1, votes(3, 1, last))
    peer.receive(3, {
      type: 'leader-info',
      epoch: 2,
      configuration: peer.peer.state.configuration!,
    })
    peer.done()

    peer.unlink(3)
    expect(peer.done()).toEqual([])

    peer.sync()
    expect(peer.done()).toEqual(['to 1: notification votes 2 (epoch 1, 1:2) in round 2'])
  })

  test('adopts a better vote, and tells so', () => {
    const peer = peerOf(2, 5, 1, 3)
    peer.done()

    peer.receive(3, votes(3, 1, last))

    expect(peer.done()).toEqual([
      'to 1: notification votes 3 (epoch 1, 1:2) in round 1',
      'to 3: notification votes 3 (epoch 1, 1:2) in round 1',
    ])
  })

  test('keeps its own vote against a worse one, and says nothing', () => {
    const peer = peerOf(2, 5, 1, 3)
    peer.done()

    peer.receive(3, votes(3, 1, makeZxid(1, 1)))

    expect(peer.done()).toEqual([])
  })

  test('a later round wipes the tally; an older one is told of it', () => {
    const peer = peerOf(2, 5, 1, 3, 4)
    peer.receive(1, votes(2, 1, last))
    peer.done()

    peer.receive(3, votes(3, 1, makeZxid(1, 1), { round: 7 })).receive(4, votes(2, 1, last))
    expect(peer.done()).toEqual([
      'to 1: notification votes 2 (epoch 1, 1:2) in round 7',
      'to 3: notification votes 2 (epoch 1, 1:2) in round 7',
      'to 4: notification votes 2 (epoch 1, 1:2) in round 7',
      'to 4: notification votes 2 (epoch 1, 1:2) in round 7',
    ])

    peer.receive(3, votes(2, 1, last, { round: 7 })).wait(200)
    expect(peer.peer.standing.role).toBe('looking')
  })

  test('Z19: the vote of a peer without memory counts for nothing', () => {
    const peer = peerOf(3, 3, 1, 2)

    peer.receive(1, votes(3, 1, last, { votes: false, empty: true }))
    peer.receive(2, votes(3, 1, last, { votes: false })).wait(500)

    expect(peer.peer.standing.role).toBe('looking')
  })

  test('the vote of an observer counts for nothing', () => {
    const peer = new LonePeer(3, { observers: [4], records: recordsOf(1, 3, pages) })
    peer
      .link(1, 4)
      .receive(4, votes(3, 1, last))
      .wait(500)

    expect(peer.peer.standing.role).toBe('looking')
  })
})

describe('the end of a round', () => {
  test('comes at once when every linked voter agrees', () => {
    const peer = peerOf(3, 5, 1, 2)

    peer.receive(1, votes(3, 1, last)).receive(2, votes(3, 1, last))

    expect(peer.peer.standing).toMatchObject({ role: 'leader', phase: 'discovery' })
  })

  test('waits a moment for a linked voter that may still know a better candidate', () => {
    const peer = peerOf(3, 5, 1, 2, 4)
    peer.receive(1, votes(3, 1, last)).receive(2, votes(3, 1, last))
    expect(peer.peer.standing.role).toBe('looking')

    peer.receive(4, votes(4, 1, makeZxid(1, 3))).wait(200)
    expect(peer.peer.standing.role).toBe('looking')

    peer.receive(4, votes(3, 1, last)).wait(25)
    expect(peer.peer.standing.role).toBe('looking')
  })

  test('comes after that moment, if nothing better was heard', () => {
    const peer = peerOf(3, 5, 1, 2, 4)
    peer.receive(1, votes(3, 1, last)).receive(2, votes(3, 1, last))

    peer.wait(50)

    expect(peer.peer.standing.role).toBe('leader')
  })

  test('a vote whose link broke does not count any more', () => {
    const peer = peerOf(3, 5, 1, 2, 4)
    peer.receive(1, votes(3, 1, last)).receive(2, votes(3, 1, last))

    peer.unlink(1).wait(500)

    expect(peer.peer.standing.role).toBe('looking')
  })

  test('a candidate whose link broke is voted for no more: another round begins', () => {
    const peer = peerOf(2, 5, 1, 3, 4)
    peer.receive(3, votes(3, 1, makeZxid(1, 3)))
    peer.done()

    peer.unlink(3)

    expect(peer.done()).toEqual([
      'to 1: notification votes 2 (epoch 1, 1:2) in round 2',
      'to 4: notification votes 2 (epoch 1, 1:2) in round 2',
    ])
  })

  test('one that was faster to follow the candidate still counts for it', () => {
    // The vote of 1, the news that it follows, and only then, from 2, what completes the quorum: to
    // forget the vote of 1 for its haste would cost both a silent-peer deadline.
    const peer = peerOf(3, 5, 1, 2)
    peer.receive(1, votes(3, 1, last)).receive(1, claims('follower', 3))

    peer.receive(2, votes(3, 1, last))

    expect(peer.peer.standing.role).toBe('leader')
  })

  test('one that followed the candidate in another round does not', () => {
    const peer = peerOf(3, 5, 1, 2)
    peer.receive(1, votes(3, 1, last)).receive(1, claims('follower', 3, { round: 4 }))

    peer.receive(2, votes(3, 1, last)).wait(500)

    expect(peer.peer.standing.role).toBe('looking')
  })

  test('FOLLOWERINFO that came before this peer knew that it leads is not lost', () => {
    const peer = peerOf(3, 3, 1, 2)
    peer.receive(1, votes(3, 1, last)).receive(1, followerInfo())
    peer.done()

    peer.receive(2, votes(3, 1, last))

    expect(peer.done()).toContain('appends promise of 2 to 3')
  })

  test('FOLLOWERINFO for a peer that comes to follow another is answered by a broken link', () => {
    const peer = peerOf(2, 3, 1, 3)
    peer.receive(1, followerInfo())
    peer.done()

    peer.receive(3, votes(3, 1, last)).receive(1, votes(3, 1, last))

    expect(peer.done('notification')).toEqual([
      'to 3: follower-info promised 1 to 3',
      'breaks with 1: peer 2 follows 3',
    ])
  })
})

describe('joining those who have chosen', () => {
  const established = { established: true, leadingEpoch: 4 }

  test('an established leader is joined at once', () => {
    const peer = peerOf(1, 5, 2)

    peer.receive(2, claims('leader', 2, established))

    expect(peer.peer.standing).toMatchObject({ role: 'follower', leader: 2 })
  })

  test('of two that say so, the one of the later epoch is', () => {
    const peer = peerOf(1, 5, 2, 3)
    peer.step(
      () => peer.peer.zab.onMessage(2, claims('leader', 2, established)),
      () => undefined,
    )
    expect(peer.peer.standing.leader).toBe(2)

    const other = new LonePeer(1, { voterCount: 5, records: recordsOf(1, 3, pages, 5) })
    other.peer.slowDisk = true
    other.link(2, 3).receive(3, claims('leader', 3, { ...established, leadingEpoch: 5 }))
    expect(other.peer.standing.leader).toBe(3)
  })

  test('a follower that speaks of a leader is not enough', () => {
    const peer = peerOf(1, 5, 2, 3)

    peer.receive(2, claims('follower', 3, established)).wait(500)

    expect(peer.peer.standing.role).toBe('looking')
  })

  test('a leader on its way is joined when that makes a quorum', () => {
    const peer = peerOf(1, 5, 2, 3, 4)
    peer.receive(4, claims('leader', 4))
    expect(peer.peer.standing.role).toBe('looking')

    peer.receive(2, claims('follower', 4))

    expect(peer.peer.standing).toMatchObject({ role: 'follower', leader: 4 })
  })

  test('but not one that does not say so itself', () => {
    const peer = peerOf(1, 5, 2, 3, 4)

    peer.receive(2, claims('follower', 4)).receive(3, claims('follower', 4)).wait(500)

    expect(peer.peer.standing.role).toBe('looking')
  })

  test('a leader on its way is joined by whoever voted for it in its round', () => {
    // 4 was elected by 1 and 2, who hear 4 but not each other: neither sees a quorum. If they waited
    // for an established leader, it would wait for them in vain, and so on for ever.
    const peer = peerOf(1, 5, 4)
    peer.receive(4, votes(4, 1, last))
    expect(peer.peer.standing.role).toBe('looking')

    peer.receive(4, claims('leader', 4))

    expect(peer.peer.standing).toMatchObject({ role: 'follower', leader: 4 })
  })

  test('Z19: a peer without memory joins nobody that is only on its way', () => {
    const peer = new LonePeer(1, { voterCount: 3 })
    peer.link(2, 3).receive(2, claims('follower', 3)).receive(3, claims('leader', 3))
    expect(peer.peer.standing.role).toBe('looking')

    peer.receive(3, claims('leader', 3, established))

    expect(peer.peer.standing.leader).toBe(3)
  })
})

describe('a leader that is not one', () => {
  test('who goes another way is left at once', () => {
    const peer = peerOf(1, 3, 2, 3)
    peer.receive(2, votes(3, 1, last)).receive(3, votes(3, 1, last))
    expect(peer.peer.standing.leader).toBe(3)

    peer.receive(3, votes(2, 1, last))

    expect(peer.peer.standing.role).toBe('looking')
  })

  test('an elected peer that is slower to see it is waited for', () => {
    const peer = peerOf(1, 3, 2, 3)
    peer.receive(2, votes(3, 1, last)).receive(3, votes(3, 1, last))

    peer.receive(3, votes(3, 1, last))

    expect(peer.peer.standing.leader).toBe(3)
  })

  test('what it said before it led may come late, and means nothing', () => {
    // Votes travel on a lane of their own: the epoch, on the other, can overtake them.
    const peer = peerOf(1, 3, 2, 3)
    peer.receive(2, votes(3, 1, last)).receive(3, votes(3, 1, last))
    const { configuration } = peer.peer.state
    peer.receive(3, { type: 'leader-info', epoch: 2, configuration: configuration! })

    peer.receive(3, votes(3, 1, last))
    expect(peer.peer.standing.leader).toBe(3)

    peer.receive(3, votes(3, 1, last, { round: 2 }))
    expect(peer.peer.standing.role).toBe('looking')
  })
})

describe('an observer', () => {
  test('that remembers votes, and follows nobody who stands with nothing, were its vote all it takes', () => {
    // Its log was behind: the one voter that it knew waited for others, whom it only met later.
    const peer = new LonePeer(2, {
      voterCount: 1,
      observers: [2],
      records: recordsOf(1, 1, pages, 1),
    })
    peer.link(1).receive(1, votes(1, 0, zeroZxid))
    expect(peer.done('notification')).toEqual([])

    peer.receive(1, votes(1, 1, last))
    expect(peer.done('notification')).toEqual(['to 1: follower-info promised 1 to 1'])
  })

  test('does not vote, and joins an established leader', () => {
    const peer = new LonePeer(4, { observers: [4] })
    peer.link(1, 3)
    expect(peer.done()).toEqual([
      'to 1: notification looks, without a vote',
      'to 3: notification looks, without a vote',
    ])

    peer.receive(3, claims('leader', 3, { established: true, leadingEpoch: 1 }))

    expect(peer.done()).toEqual(['to 3: follower-info promised nothing, does not count'])
    expect(peer.peer.standing.role).toBe('observer')
  })
})

test('a peer that closes is not voted for, and does not vote', () => {
  // Its disk is slow: until it may go, it must not win the election that follows its hand-over.
  const peer = peerOf(3, 3, 1, 2)
  peer.receive(1, votes(3, 1, last)).receive(2, votes(3, 1, last), followerInfo())
  peer.step(() => peer.peer.zab.close())
  peer.done()

  peer.wait(500)
  expect(peer.done()).toEqual([])

  peer.sync()
  expect(peer.done()).toEqual(['has closed'])
})

/** Discovery: an epoch above every promise, and the certainty that the own history may stand. */
import { describe, expect, test } from 'vitest'
import type { Configuration } from '../../src/ensemble/configuration.ts'
import type { Message } from '../../src/zab/messages.ts'
import { makeZxid, maxEpoch } from '../../src/zxid.ts'
import {
  ackEpoch,
  endOf,
  followerInfo,
  LonePeer,
  membersOf,
  pagesOf,
  recordsOf,
  votes,
} from './lone-peer.ts'

const pages = pagesOf([1, 'a', 'b'])
const last = makeZxid(1, 2)
const configuration: Configuration = { ensembleId: 77, version: 1, members: membersOf(3) }

/** Peer 3, elected by 1 and 2, which have not introduced themselves yet. */
function electedOf(voterCount = 3): LonePeer {
  const elected = new LonePeer(3, { voterCount, records: recordsOf(1, 3, pages, voterCount) })
  const others = voterCount === 3 ? [1, 2] : [1, 2, 4, 5]
  elected.link(...others)
  for (const other of others) elected.receive(other, votes(3, 1, last))
  elected.done()
  return elected
}

/** Peer 1, which follows 3 and has introduced itself. */
function followerOf(acceptedEpoch = 1, acceptedLeader = 3): LonePeer {
  const records = recordsOf(acceptedEpoch, acceptedLeader, pages)
  const follower = new LonePeer(1, { records })
  follower.link(2, 3)
  const last = makeZxid(1, 2)
  for (const other of [2, 3]) follower.receive(other, votes(3, acceptedEpoch, last))
  follower.done()
  return follower
}

function leaderInfo(epoch: number, rest: Partial<Configuration> = {}): Message {
  return { type: 'leader-info', epoch, configuration: { ...configuration, ...rest } }
}

describe('the leader makes an epoch', () => {
  test('only once a quorum has told its promises', () => {
    const elected = electedOf(5)

    elected.receive(1, followerInfo())
    expect(elected.done()).toEqual([])

    elected.receive(2, followerInfo())
    expect(elected.done()).toEqual(['appends promise of 2 to 3'])
  })

  test('Z2: above every promise that it was told of, its own among them', () => {
    const elected = electedOf()

    elected.receive(1, followerInfo({ acceptedEpoch: 6, acceptedLeader: 2 }))

    expect(elected.done()).toEqual(['appends promise of 7 to 3'])
  })

  test('Z2: above the promise of one that does not count, since it too must follow', () => {
    const elected = electedOf()
    elected.receive(2, followerInfo({ acceptedEpoch: 9, acceptedLeader: 1, counts: false }))
    expect(elected.done()).toEqual([])

    elected.receive(1, followerInfo())

    expect(elected.done()).toEqual(['appends promise of 10 to 3'])
  })

  test('Z19: not with a quorum of which one does not count', () => {
    const elected = electedOf()

    elected.receive(1, followerInfo({ counts: false })).sync()

    expect(elected.done()).toEqual([])
  })

  test('ZOOKEEPER-1291: LEADERINFO leaves when its own promise is durable, to late ones too', () => {
    const elected = electedOf()
    elected.receive(1, followerInfo())
    expect(elected.done()).toEqual(['appends promise of 2 to 3'])

    elected.sync()
    expect(elected.done()).toEqual(['to 1: leader-info epoch 2'])

    elected.receive(2, followerInfo())
    expect(elected.done()).toEqual(['to 2: leader-info epoch 2'])
  })

  test('Z16: the last epoch is the last, and the peer says so', () => {
    const elected = electedOf()

    elected.receive(1, followerInfo({ acceptedEpoch: maxEpoch, acceptedLeader: 2 }))

    expect(elected.done('breaks')).toEqual([
      `fails: Z16: epoch ${String(maxEpoch)} was the last of this ensemble`,
    ])
  })
})

describe('the leader and those who cannot follow', () => {
  test('a promise of the same epoch to another ends an epoch that is not established', () => {
    const elected = electedOf(5)
    elected.receive(1, followerInfo()).receive(2, followerInfo()).sync()
    elected.done()

    elected.receive(4, followerInfo({ acceptedEpoch: 2, acceptedLeader: 5 }))

    expect(elected.done('notification')).toEqual([
      'breaks with 4: epoch 2 is promised to peer 5',
      'breaks with 1: peer 4 cannot follow: epoch 2 is promised to peer 5',
      'breaks with 2: peer 4 cannot follow: epoch 2 is promised to peer 5',
    ])
  })

  test('one that has promised the epoch to this leader may come again', () => {
    const elected = electedOf()
    elected.receive(1, followerInfo()).sync()
    elected.unlink(1).link(1)
    elected.done()

    elected.receive(1, followerInfo({ acceptedEpoch: 2, acceptedLeader: 3 }))

    expect(elected.done()).toEqual(['to 1: leader-info epoch 2'])
  })
})

describe('the leader and more recent histories', () => {
  const more = pagesOf([1, 'a', 'b', 'c'])

  function informedOf(): LonePeer {
    const elected = electedOf(5)
    elected.receive(1, followerInfo()).receive(2, followerInfo()).sync()
    elected.done()
    return elected
  }

  test.each([
    ['a longer one', ackEpoch(2, 1, endOf(more))],
    ['one of a later epoch, however short', ackEpoch(2, 2, endOf(pages.slice(0, 1)))],
  ])('Z11: %s ends it', (_, message) => {
    const elected = informedOf()

    elected.receive(1, message)

    expect(elected.peer.standing.role).toBe('looking')
    expect(elected.done('notification')).toEqual([
      'breaks with 1: peer 1 has a more recent history',
      'breaks with 2: peer 1 has a more recent history',
    ])
  })

  test('Z11: the tail of one without memory does not: it is cut', () => {
    const elected = informedOf()
    elected.receive(4, followerInfo({ counts: false }))

    elected.receive(4, ackEpoch(2, 1, endOf(more)))

    expect(elected.peer.standing.role).toBe('leader')
  })

  test('Z11: not only in the quorum, but until the leader is established', () => {
    // The promise of 1 may be all that is left of it: it lost its disk since, and 4 has committed
    // with others what nobody in this quorum knows.
    const elected = informedOf()
    elected.receive(1, ackEpoch(2, 1, endOf(pages))).receive(2, ackEpoch(2, 1, endOf(pages)))
    elected.confirm(2, 1, 2)
    expect(elected.peer.standing.phase).toBe('synchronization')
    elected.sync().receive(4, followerInfo())
    elected.done()

    elected.receive(4, ackEpoch(2, 1, endOf(more)))

    expect(elected.peer.standing.role).toBe('looking')
  })

  test('an equal history and a shorter one are what it expects', () => {
    const elected = informedOf()

    elected.receive(1, ackEpoch(2, 1, endOf(pages.slice(0, 1))))
    elected.receive(2, ackEpoch(2, 1, endOf(pages))).confirm(2, 1, 2)

    expect(elected.done('ping')).toEqual([
      'appends currentEpoch 2',
      'to 1: diff after 1:1',
      'to 1: proposal 1:2 (b) after 1:1',
      'to 1: new-leader 2 ends 1:2',
      'to 2: diff after 1:2',
      'to 2: new-leader 2 ends 1:2',
    ])
  })

  test('ZOOKEEPER-1264: promises are not acks of the epoch: none is counted before ACKEPOCH', () => {
    const elected = informedOf()

    elected.receive(1, ackEpoch(2, 1, endOf(pages))).sync()

    expect(elected.peer.standing.phase).toBe('discovery')
  })

  test('a promise counts only while its link lives', () => {
    const elected = informedOf()
    elected.receive(1, ackEpoch(2, 1, endOf(pages)))

    elected.unlink(1).receive(2, ackEpoch(2, 1, endOf(pages)))

    expect(elected.peer.standing.phase).toBe('discovery')
  })

  test('Z14: ACKEPOCH of another epoch, or a second one, breaks the link', () => {
    const elected = informedOf()

    elected.receive(1, ackEpoch(3, 1, endOf(pages)))
    elected.receive(2, ackEpoch(2, 1, endOf(pages)), ackEpoch(2, 1, endOf(pages)))

    expect(elected.done()).toEqual([
      'breaks with 1: Z14: ACKEPOCH out of place',
      'breaks with 2: Z14: ACKEPOCH out of place',
    ])
  })
})

describe('a follower promises', () => {
  test('Z2, Z12: ACKEPOCH leaves when the promise is durable, with the durable history', () => {
    const follower = followerOf()

    follower.receive(3, leaderInfo(2))
    expect(follower.done()).toEqual(['appends promise of 2 to 3'])

    follower.sync()
    expect(follower.done()).toEqual(['to 3: ack-epoch 2, of epoch 1 up to 1:2'])
  })

  test('Z2: an epoch that is promised to this leader already is acknowledged again', () => {
    const follower = followerOf(4, 3)

    follower.receive(3, leaderInfo(4))

    expect(follower.done()).toEqual(['to 3: ack-epoch 4, of epoch 4 up to 1:2'])
  })

  test.each([
    ['the same epoch from another leader', 4, 2, 'epoch 4 is promised to peer 2'],
    ['an epoch below its promise', 5, 2, 'epoch 5 is promised, 4 comes too late'],
  ])('Z2: %s is refused', (_, acceptedEpoch, acceptedLeader, reason) => {
    const follower = followerOf(acceptedEpoch, acceptedLeader)

    follower.receive(3, leaderInfo(4))

    expect(follower.done('notification')).toEqual([`breaks with 3: ${reason}`])
    expect(follower.peer.state.acceptedEpoch).toBe(acceptedEpoch)
  })

  test('Z14: a second LEADERINFO breaks the link', () => {
    const follower = followerOf()
    follower.receive(3, leaderInfo(2)).sync()
    follower.done()

    follower.receive(3, leaderInfo(3))

    expect(follower.done('notification')).toEqual(['breaks with 3: Z14: LEADERINFO twice'])
  })

  test('other members in the log are a mismatch of configurations, with both lists', () => {
    const follower = followerOf()

    follower.receive(3, leaderInfo(2, { members: membersOf(2, [3]) }))

    expect(follower.done('notification')).toEqual([
      'fails: This peer has the members [1 voter, 2 voter, 3 voter], the ensemble that peer 3 leads ' +
        'has [1 voter, 2 voter, 3 observer]. List the same ids, roles, weights and groups at every peer.',
    ])
  })

  test('another ensemble with the same members is one too, with both ids', () => {
    const follower = followerOf()

    follower.receive(3, leaderInfo(2, { ensembleId: 78 }))

    expect(follower.done('notification')).toEqual([
      'fails: This peer belongs to ensemble 77, peer 3 leads ensemble 78. Start each peer on a ' +
        'directory of the ensemble that it lists.',
    ])
  })
})

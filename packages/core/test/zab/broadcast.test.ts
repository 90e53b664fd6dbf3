/** Broadcast: pages in order, acks that speak for all before them, commits with their quorum. */
import { describe, expect, test } from 'vitest'
import type { Message } from '../../src/zab/messages.ts'
import type { PageEnd } from '../../src/zab/page.ts'
import { makeZxid, type Zxid } from '../../src/zxid.ts'
import { ackEpoch, endOf, followerInfo, LonePeer, pagesOf, recordsOf, votes } from './lone-peer.ts'
import { TestEnsemble, type Witness } from './test-ensemble.ts'

const pages = pagesOf([1, 'a'])
const end: PageEnd = endOf(pages)

/** The highest of so many voters, established in epoch 2 over a history that ends at 1:1. */
function leaderOf(voterCount: number, ...learners: readonly number[]): LonePeer {
  const records = recordsOf(1, voterCount, pages, voterCount)
  const leader = new LonePeer(voterCount, { voterCount, records })
  const others = learners.length > 0 ? learners : [1, 2]
  leader.link(...others)
  for (const other of others) leader.receive(other, votes(voterCount, 1, end.last))
  leader.wait(100)
  for (const other of others) leader.receive(other, followerInfo())
  leader.sync()
  for (const other of others) leader.receive(other, ackEpoch(2, 1, end))
  leader.confirm(2, ...others).sync()
  for (const other of others)
    leader.receive(other, { type: 'ack-new-leader', epoch: 2, upTo: end.last })
  leader.done()
  return leader
}

/** One step, and not the further one that it may ask for. */
function stepOnce(lone: LonePeer, ...acts: readonly (() => void)[]): void {
  lone.peer.step(lone.nowMs, ...acts)
}

function ack(counter: number): Message {
  return { type: 'ack', upTo: makeZxid(2, counter) }
}

function committed({ peer }: LonePeer): Zxid {
  return peer.state.lastCommitted
}

describe('a proposal', () => {
  test('goes to the own log and to every enrolled learner, in one step', () => {
    const leader = leaderOf(3)

    leader.propose('b', 'c')

    expect(leader.done()).toEqual([
      'appends 2:1..2:2 (b c) after 1:1',
      'to 1: proposal 2:1..2:2 (b c) after 1:1',
      'to 2: proposal 2:1..2:2 (b c) after 1:1',
    ])
  })

  test('Z15: goes to a learner from the end of its history on, before its ACK-LD (TLA+ issue 1)', () => {
    const leader = leaderOf(3)
    leader
      .unlink(1)
      .link(1)
      .receive(1, followerInfo({ acceptedEpoch: 2, acceptedLeader: 3 }))
    leader.receive(1, ackEpoch(2, 2, end))
    leader.done()

    leader.propose('b')

    expect(leader.done()).toContain('to 1: proposal 2:1 (b) after 1:1')
  })

  test('waits while so many pages are outstanding, and then takes all that has come meanwhile', () => {
    const leader = leaderOf(3)
    for (const word of ['b', 'c', 'd', 'e', 'f', 'g']) leader.propose(word)
    expect(leader.peer.state.history.end.last).toBe(makeZxid(2, 4))
    leader.sync().done()

    leader.receive(1, ack(1))

    expect(leader.done('to 2')).toEqual([
      'applies 2:1 (b) after 1:1',
      'appends 2:5..2:6 (f g) after 2:4',
      'to 1: commit 2:1',
      'to 1: proposal 2:5..2:6 (f g) after 2:4',
    ])
  })
})

describe('a commit', () => {
  test('rides on the PROPOSAL of the next step, so that a follower is woken once', () => {
    const leader = leaderOf(3)
    leader.propose('b').sync().done()

    stepOnce(leader, () => leader.peer.zab.onMessage(1, ack(1)))
    expect(leader.done()).toEqual(['applies 2:1 (b) after 1:1'])

    stepOnce(leader, () => leader.peer.machine.propose('c'))
    expect(leader.done('to 2')).toEqual([
      'appends 2:2 (c) after 2:1',
      'to 1: commit 2:1',
      'to 1: proposal 2:2 (c) after 2:1',
    ])
  })

  test('goes alone with the next step when nothing is proposed by then, and once', () => {
    const leader = leaderOf(3)
    leader.propose('b').sync().done()

    stepOnce(leader, () => leader.peer.zab.onMessage(1, ack(1)))
    stepOnce(leader)
    expect(leader.done('applies', 'to 2')).toEqual(['to 1: commit 2:1'])

    stepOnce(leader)
    expect(leader.done()).toEqual([])
  })

  test('waits one step, not for as long as there is something to commit', () => {
    const leader = leaderOf(3)
    leader.propose('b').propose('c').sync().done()

    stepOnce(leader, () => leader.peer.zab.onMessage(1, ack(1)))
    stepOnce(leader, () => leader.peer.zab.onMessage(1, ack(2)))

    expect(leader.done('applies', 'to 2')).toEqual(['to 1: commit 2:2'])
  })

  test('Z9: one ack of the last page speaks for every page before it', () => {
    const leader = leaderOf(5, 1, 2, 3)
    leader.propose('b').propose('c').propose('d').sync()

    leader.receive(1, ack(3))
    expect(committed(leader)).toBe(end.last)

    leader.receive(2, ack(3))
    expect(committed(leader)).toBe(makeZxid(2, 3))
  })

  test('Z9: pages are committed in order, each as far as a quorum has come', () => {
    const leader = leaderOf(5, 1, 2, 3)
    leader.propose('b').propose('c').propose('d').sync()

    leader.receive(1, ack(3)).receive(2, ack(1))
    expect(committed(leader)).toBe(makeZxid(2, 1))

    leader.receive(3, ack(2))
    expect(committed(leader)).toBe(makeZxid(2, 2))
  })

  test('M03: the leader counts itself only when its own disk has the page', () => {
    const leader = leaderOf(3)

    leader.propose('b').receive(1, ack(1))
    expect(committed(leader)).toBe(end.last)

    leader.sync()
    expect(committed(leader)).toBe(makeZxid(2, 1))
  })

  test('does without the leader when the followers are a quorum', () => {
    const leader = leaderOf(3)

    leader.propose('b').receive(1, ack(1)).receive(2, ack(1))

    expect(committed(leader)).toBe(makeZxid(2, 1))
  })

  test('M19: an ack counts only while its link lives', () => {
    const leader = leaderOf(5, 1, 2, 3)
    leader.propose('b').sync().receive(1, ack(1))

    leader.unlink(1).receive(2, ack(1))
    expect(committed(leader)).toBe(end.last)

    leader.receive(3, ack(1))
    expect(committed(leader)).toBe(makeZxid(2, 1))
  })

  test('M19: a learner that came back is at no place before its ACK-LD', () => {
    const leader = leaderOf(5, 1, 2, 3)
    leader.propose('b').sync().receive(1, ack(1))
    leader
      .unlink(1)
      .link(1)
      .receive(1, followerInfo({ acceptedEpoch: 2, acceptedLeader: 5 }))
    leader.receive(1, ackEpoch(2, 2, leader.peer.state.history.end))

    leader.receive(2, ack(1))
    expect(committed(leader)).toBe(end.last)

    leader.receive(1, { type: 'ack-new-leader', epoch: 2, upTo: makeZxid(2, 1) })
    expect(committed(leader)).toBe(makeZxid(2, 1))
  })

  test('ZOOKEEPER-4685: an ACK before ACK-LD breaks the link of that learner, and nothing else', () => {
    const leader = leaderOf(3)
    leader
      .unlink(1)
      .link(1)
      .receive(1, followerInfo({ acceptedEpoch: 2, acceptedLeader: 3 }))
    leader.receive(1, ackEpoch(2, 2, end)).propose('b')
    leader.done()

    leader.receive(1, ack(1))

    expect(leader.done()).toEqual(['breaks with 1: Z14: ACK before ACK-LD'])
    expect(leader.peer.standing.ready).toBe(true)
  })

  test('Z9: an ack of what was never proposed breaks the link', () => {
    const leader = leaderOf(3)

    leader.receive(1, ack(1))

    expect(leader.done()).toEqual(['breaks with 1: Z9: an ACK of what was never proposed'])
  })

  test('Z9: an ack in the middle of a page breaks the link', () => {
    const leader = leaderOf(3)
    leader.propose('b', 'c').sync()
    leader.done()

    leader.receive(1, ack(1))

    expect(leader.done()).toEqual(['breaks with 1: Z9: an ACK of what was never proposed'])
  })

  test('an ack that tells nothing new is normal', () => {
    const leader = leaderOf(3)
    leader.propose('b').sync().receive(1, ack(1))
    leader.done()

    leader.receive(1, ack(1))

    expect(leader.done()).toEqual([])
  })

  test('the acks of observers do not count, but they get pages and commits like anybody', () => {
    const ensemble = new TestEnsemble(4, { observers: [4] }).start().ready()
    const leader = ensemble.leader()
    const [one, two] = ensemble.followers() as [typeof leader, typeof leader]
    one.slowDisk = true
    two.slowDisk = true

    ensemble.propose('b')
    expect(ensemble.peer(4).disk.end.last).toBe(leader.disk.end.last)
    expect(leader.machine.applied).toEqual([])

    ensemble.sync(one.id).settle()
    expect(ensemble.peer(4).machine.applied).toEqual(['b'])
  })
})

describe('a follower', () => {
  /** Peer 1 of three, synced with 3 in epoch 2. */
  function followerOf(): LonePeer {
    const follower = new LonePeer(1, { records: recordsOf(1, 3, pages) })
    follower.link(2, 3)
    for (const other of [2, 3]) follower.receive(other, votes(3, 1, end.last))
    const { configuration } = follower.peer.state
    follower.receive(3, { type: 'leader-info', epoch: 2, configuration: configuration! }).sync()
    follower.receive(
      3,
      { type: 'diff', after: end },
      { type: 'new-leader', epoch: 2, end: end.last },
    )
    follower.sync().receive(3, { type: 'up-to-date', committed: end.last })
    follower.done()
    return follower
  }

  const next = pagesOf([1, 'a'], [2, 'b', 'c', 'd']).slice(1)
  const proposals = next.map((page): Message => ({ type: 'proposal', page }))

  test('M02: acks a page when its disk has it, once for all that it has', () => {
    const follower = followerOf()

    follower.receive(3, ...proposals)
    expect(follower.done()).toEqual([
      'appends 2:1 (b) after 1:1, 2:2 (c) after 2:1, 2:3 (d) after 2:2',
    ])

    follower.sync()
    expect(follower.done()).toEqual(['to 3: ack 2:3'])
  })

  test('Z5: refuses a gap', () => {
    const follower = followerOf()

    follower.receive(3, proposals[1]!)

    expect(follower.done('notification')).toEqual([
      'breaks with 3: Z5: page 2:2..2:2 follows 2:1, but this log ends at 1:1',
    ])
  })

  test('Z15: refuses a commit of what it does not have', () => {
    const follower = followerOf()

    follower.receive(3, { type: 'commit', upTo: makeZxid(2, 1), digest: '' })

    expect(follower.done('notification')).toEqual([
      'breaks with 3: Z15: 2:1 is committed, but is no page end of this log',
    ])
  })

  test('Z5: refuses a page of a later epoch than its leader leads', () => {
    const follower = followerOf()
    const [, page] = pagesOf([1, 'a'], [3, 'x'])

    follower.receive(3, { type: 'proposal', page: page! })

    expect(follower.done('notification')).toEqual([
      'breaks with 3: Z5: a page of epoch 3 in epoch 2',
    ])
  })

  test('M20: does not listen to anybody but its leader', () => {
    const follower = followerOf()

    follower.receive(2, ...proposals, { type: 'commit', upTo: makeZxid(2, 3), digest: '' })

    expect(follower.done()).toEqual([])
  })

  test('M45: does not listen to what comes on a link that it has broken', () => {
    const follower = followerOf()
    follower.receive(3, proposals[1]!)
    follower.done()

    follower.receive(3, proposals[0]!)

    expect(follower.done()).toEqual([])
  })

  test('may apply a page before its own disk has it: a quorum has', () => {
    const follower = followerOf()

    follower.receive(3, proposals[0]!, { type: 'commit', upTo: makeZxid(2, 1), digest: '' })

    expect(follower.peer.machine.applied).toEqual(['a', 'b'])
  })

  test('D1: fails when its state is another than its leader’s at the same place', () => {
    const follower = followerOf()

    follower.receive(3, proposals[0]!, { type: 'commit', upTo: makeZxid(2, 1), digest: 'a x' })

    expect(follower.done().at(-1)).toContain('fails: D1: at 2:1 this peer')
  })

  test('D1: one whose state has parted fails within a heartbeat, if there are commits', () => {
    const digests: string[] = []
    const onSend: Witness['onSend'] = (_from, to, message) => {
      if (message.type === 'commit' && to === 1) digests.push(message.digest)
    }
    const ensemble = new TestEnsemble(3, { witness: { onSend } }).start().ready()
    const parted = ensemble.followers()[0]!
    ensemble.propose('a').run(200)
    digests.length = 0

    for (const word of ['b', 'c', 'd', 'e', 'f', 'g']) ensemble.run(25).propose(word)
    expect(digests).toEqual(['a b', '', '', '', 'a b c d e f', ''])

    parted.machine.replica.words[0] = 'z'
    for (const word of ['h', 'i', 'j', 'k']) ensemble.run(25).propose(word)
    expect(ensemble.trace.filter((line) => line.includes('fails: D1'))).toHaveLength(1)
    expect(parted.up).toBe(false)
  })

  test('V7: one whose disk owes too many bytes leaves, and comes back when it has caught up', () => {
    // A leader goes on without a slow follower, and sends it every page. Nothing bounded what it held.
    const ensemble = new TestEnsemble(3, { limits: { maxUnsyncedBytes: 60 } }).start().ready()
    const slow = ensemble.followers()[0]!
    slow.slowDisk = true

    for (const word of ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']) ensemble.propose(word)
    expect(slow.standing.role).toBe('looking')
    expect(slow.disk.pending.length).toBeLessThan(5)

    slow.slowDisk = false
    ensemble.ready()
    expect(slow.machine.applied).toEqual(['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'])
  })
})

/** The leader's side, from a quorum of promises to being established. */
import { describe, expect, test } from 'vitest'
import type { Message } from '../../src/zab/messages.ts'
import { ackEpoch, endOf, followerInfo, LonePeer, pagesOf, recordsOf, votes } from './lone-peer.ts'
import { TestEnsemble } from './test-ensemble.ts'

const pages = pagesOf([1, 'a'])
const end = endOf(pages)
const ackNewLeader: Message = { type: 'ack-new-leader', epoch: 2, upTo: end.last }

/** Peer 3 of three, to which 1 has promised epoch 2. */
function promisedOf(): LonePeer {
  const leader = new LonePeer(3, { records: recordsOf(1, 3, pages) })
  leader.link(1, 2)
  for (const other of [1, 2]) leader.receive(other, votes(3, 1, end.last))
  leader.receive(1, followerInfo()).sync()
  leader.done()
  return leader.receive(1, ackEpoch(2, 1, end)).confirm(2, 1)
}

describe('a leader is established', () => {
  test('when a quorum holds its history and its epoch, and then tells each of them', () => {
    const leader = promisedOf().sync()
    leader.done()

    leader.receive(1, ackNewLeader)

    expect(leader.done()).toEqual([
      'applies 1:1 (a) after 0:0',
      'leads epoch 2',
      'to 1: up-to-date 1:1',
    ])
  })

  test('ZOOKEEPER-1282: not before its own currentEpoch is durable, whoever has acked', () => {
    const leader = promisedOf().receive(1, ackNewLeader)
    expect(leader.done()).not.toContain('leads epoch 2')

    leader.sync()

    expect(leader.done()).toContain('leads epoch 2')
  })

  test('ZOOKEEPER-1282: nor when it is alone', () => {
    const alone = new LonePeer(1, { voterCount: 1, records: recordsOf(1, 1, pages, 1) })
    expect(alone.done()).toEqual(['appends promise of 2 to 1'])

    alone.syncOne()
    expect(alone.done()).toEqual(['appends currentEpoch 2'])

    alone.syncOne()
    expect(alone.done()).toEqual(['applies 1:1 (a) after 0:0', 'leads epoch 2'])
  })

  test('and hears what came while it was paused before it judges who was silent', () => {
    const leader = promisedOf().sync().receive(1, ackNewLeader)
    leader.done()
    leader.nowMs += 5_000

    leader.confirm(2, 1)

    expect(leader.peer.standing).toMatchObject({ role: 'leader', ready: true })
    expect(leader.done('ping')).toEqual([])
  })

  test('nor judges it in the first step after a pause, in which nothing may be heard yet', () => {
    const leader = promisedOf().sync().receive(1, ackNewLeader)
    leader.done()
    leader.nowMs += 5_000

    leader.peer.step(leader.nowMs)
    leader.confirm(2, 1)

    expect(leader.peer.standing).toMatchObject({ role: 'leader', ready: true })
    expect(leader.done('ping')).toEqual([])
  })

  test('but is put off by no second pause', () => {
    const leader = promisedOf().sync().receive(1, ackNewLeader)

    leader.peer.step(leader.nowMs + 5_000)
    leader.peer.step(leader.nowMs + 10_000)

    expect(leader.peer.standing.role).toBe('looking')
  })

  test('once it has applied its history, a bounded part in each step', () => {
    const long = pagesOf([1, 'a', 'b', 'c'])
    const limits = { maxAppliedBytes: 1 }
    const leader = new LonePeer(3, { limits, records: recordsOf(1, 3, long) }).link(1, 2)
    for (const other of [1, 2]) leader.receive(other, votes(3, 1, endOf(long).last))
    leader.receive(1, followerInfo()).sync()
    leader.receive(1, ackEpoch(2, 1, endOf(long))).sync()
    leader.done()

    const ack: Message = { type: 'ack-new-leader', epoch: 2, upTo: endOf(long).last }
    leader.peer.step(leader.nowMs, () => leader.peer.zab.onMessage(1, ack))
    expect(leader.done()).toEqual(['applies 1:1 (a) after 0:0'])
    expect(leader.peer.standing).toMatchObject({ phase: 'synchronization', ready: false })

    leader.peer.stepAgain(leader.nowMs)
    expect(leader.done()).toEqual([
      'applies 1:2 (b) after 1:1',
      'applies 1:3 (c) after 1:2',
      'leads epoch 2',
      'to 1: up-to-date 1:3',
    ])
  })

  test('with a quorum that does not need the late ones, who come later', () => {
    const leader = promisedOf().sync().receive(1, ackNewLeader)
    leader.done()

    leader
      .receive(2, followerInfo())
      .receive(2, ackEpoch(2, 1, end))
      .receive(2, ackNewLeader)

    expect(leader.done()).toEqual([
      'to 2: leader-info epoch 2',
      'to 2: diff after 1:1',
      'to 2: new-leader 2 ends 1:1',
      'to 2: up-to-date 1:1',
    ])
  })
})

describe('ACK-LD', () => {
  test.each<[string, Message]>([
    ['of another epoch', { type: 'ack-new-leader', epoch: 1, upTo: end.last }],
    ['a second time', ackNewLeader],
  ])('Z14: %s breaks the link', (_, message) => {
    const leader = promisedOf().sync()
    if (message === ackNewLeader) leader.receive(1, ackNewLeader)
    leader.done()

    leader.receive(1, message)

    expect(leader.done()).toEqual(['breaks with 1: Z14: ACK-LD out of place'])
  })

  test('Z13: of a place that the history does not have breaks the link', () => {
    const leader = promisedOf().sync()
    leader.done()

    const [, other] = pagesOf([1, 'a', 'b'])
    leader.receive(1, { ...ackNewLeader, upTo: other!.last })

    expect(leader.done('notification')).toEqual(['breaks with 1: Z13: ACK-LD of another history'])
  })

  test('ZOOKEEPER-1192: from one that was not sent NEWLEADER breaks the link', () => {
    const leader = promisedOf()
    leader.receive(2, followerInfo()).sync()
    leader.done()

    leader.receive(2, ackNewLeader)

    expect(leader.done()).toEqual(['breaks with 2: Z14: ACK-LD out of place'])
  })
})

describe('a learner', () => {
  test('Z14: asks for nothing before UPTODATE', () => {
    const leader = promisedOf().sync()
    leader.done()

    leader.receive(1, { type: 'requests', requests: [] })

    expect(leader.done('notification')).toEqual(['breaks with 1: Z14: requests before UPTODATE'])
  })

  test('Z14: never sends what leaders send', () => {
    const leader = promisedOf().sync()
    leader.done()

    leader.receive(1, { type: 'goodbye' })

    expect(leader.done('notification')).toEqual([
      'breaks with 1: Z14: a learner never sends goodbye',
    ])
  })

  test('that nobody has met is not listened to', () => {
    const leader = promisedOf().sync()
    leader.done()

    leader.receive(2, ackNewLeader, ackEpoch(2, 1, end))

    expect(leader.done()).toEqual([])
  })
})

describe('sync', () => {
  test('C7: is asked of the leader of this epoch, and answered by it', () => {
    const ensemble = new TestEnsemble(3).start().ready()
    const leader = ensemble.leader()
    const other = ensemble.followers()[0]!
    const from = (epoch: number): void => {
      ensemble.step(leader, () =>
        leader.zab.onMessage(other.id, { type: 'sync-request', epoch, sync: 1 }),
      )
    }

    from(0)
    expect(leader.machine.told).not.toContain('sync-request')
    from(1)
    expect(leader.machine.told).toContain('sync-request')
  })

  test('C8: an answer of another epoch is none', () => {
    const ensemble = new TestEnsemble(3).start().ready()
    const leader = ensemble.leader()
    const other = ensemble.followers()[0]!
    const answer = (epoch: number): void => {
      ensemble.step(other, () =>
        other.zab.onMessage(leader.id, { type: 'sync-reply', epoch, sync: 1, upTo: end.last }),
      )
    }

    answer(0)
    expect(other.machine.told).not.toContain('sync-reply')
    answer(1)
    expect(other.machine.told).toContain('sync-reply')
  })

  test('C7: a round that somebody waits for begins in the same step', () => {
    const ensemble = new TestEnsemble(3).start().ready()
    const leader = ensemble.leader()
    ensemble.trace.length = 0

    const asked: number[] = []
    ensemble.step(leader, () => asked.push(leader.zab.requestRound()))
    ensemble.settle()

    expect(ensemble.sent('ping')).toHaveLength(2)
    expect(leader.machine.confirmed.at(-1)).toBe(asked[0])
  })
})

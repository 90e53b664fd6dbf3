/** How an epoch ends in order: everything is committed everywhere, and then there is a goodbye. */
import { describe, expect, test } from 'vitest'
import { counterOf, epochOf } from '../../src/zxid.ts'
import { TestEnsemble } from './test-ensemble.ts'

function founded(size = 3): TestEnsemble {
  return new TestEnsemble(size).start().ready().propose('a')
}

describe('a leader that closes', () => {
  test('commits on every synced follower, says goodbye behind the last COMMIT, and is done', () => {
    const ensemble = founded()
    const leader = ensemble.leader()
    ensemble.step(leader, () => leader.machine.propose('b'))
    ensemble.trace.length = 0

    ensemble.close(leader.id).settle()

    expect(ensemble.sent('commit', 'goodbye').filter((line) => line.startsWith('3->1'))).toEqual([
      '3->1 commit 1:2',
      '3->1 goodbye',
    ])
    expect(leader.closed).toBe(true)
  })

  test('the others elect without a moment’s delay, and not the one that goes', () => {
    const ensemble = founded()
    const leader = ensemble.leader()
    const before = ensemble.nowMs

    ensemble.close(leader.id).settle()

    expect(ensemble.nowMs).toBe(before)
    expect(ensemble.leader().id).not.toBe(leader.id)
  })

  test('waits for a slow follower, but no longer than a silent-peer deadline', () => {
    const ensemble = founded()
    const leader = ensemble.leader()
    const slow = ensemble.followers()[0]!
    slow.slowDisk = true
    ensemble.propose('b').close(leader.id).run(900)
    expect(leader.closed).toBe(false)

    ensemble.run(200)

    expect(leader.closed).toBe(true)
    expect(ensemble.sent('goodbye')).toHaveLength(2)
  })

  test('does not wait for a learner that is not synced yet', () => {
    const ensemble = founded()
    const leader = ensemble.leader()
    const late = ensemble.followers()[0]!
    ensemble.crash(late.id).settle()
    late.slowDisk = true
    ensemble.start(late.id).settle()

    ensemble.close(leader.id).settle()

    expect(leader.closed).toBe(true)
    expect(ensemble.sent('goodbye')).toHaveLength(1)
  })

  test('takes nothing new while it drains', () => {
    const ensemble = founded()
    const leader = ensemble.leader()
    const slow = ensemble.followers()[0]!
    slow.slowDisk = true
    ensemble.propose('b').close(leader.id).settle()

    ensemble.step(leader, () => leader.machine.propose('c'))
    slow.slowDisk = false
    ensemble.settle()

    expect(slow.machine.applied).toEqual(['a', 'b'])
  })

  test('with outstanding pages and no quorum: goes all the same, and what it had is history', () => {
    const ensemble = founded()
    const leader = ensemble.leader()
    for (const peer of ensemble.followers()) peer.slowDisk = true
    ensemble.propose('b').close(leader.id).run(1_100)
    expect(leader.closed).toBe(true)

    for (const peer of ensemble.peers.values()) peer.slowDisk = false
    ensemble.ready()

    expect(ensemble.leader().machine.applied).toEqual(['a', 'b'])
  })

  test('before it was established, just goes', () => {
    const ensemble = new TestEnsemble(3).start().ready().crash(1, 2, 3)
    for (const id of [1, 2]) ensemble.network.holdLane(id, 3, 'data')
    ensemble.start().run(200)
    expect(ensemble.peer(3).standing.phase).toBe('discovery')

    ensemble.close(3).settle()

    expect(ensemble.peer(3).closed).toBe(true)
    expect(ensemble.sent('goodbye')).toEqual([])
  })

  test('alone, is done at once', () => {
    const ensemble = new TestEnsemble(1).start().settle().propose('a')

    ensemble.close(1).settle()

    expect(ensemble.peer(1).closed).toBe(true)
  })

  test('with a slow disk of its own is not elected while it waits for that', () => {
    const ensemble = founded()
    const leader = ensemble.leader()
    leader.slowDisk = true
    ensemble.propose('b').close(leader.id).run(1_500)
    expect(leader.closed).toBe(false)
    expect(ensemble.leader().id).not.toBe(leader.id)
    ensemble.trace.length = 0

    ensemble.sync(leader.id).settle()

    expect(leader.closed).toBe(true)
    expect(ensemble.sent('notification').filter((line) => line.startsWith('3->'))).toEqual([])
  })
})

describe('a follower that closes', () => {
  test('leaves, and is done when its disk is', () => {
    const ensemble = founded()
    const follower = ensemble.followers()[0]!
    follower.slowDisk = true
    ensemble.propose('b').close(follower.id).settle()
    expect(follower.closed).toBe(false)
    expect(follower.standing.role).toBe('looking')

    ensemble.sync(follower.id).settle()

    expect(follower.closed).toBe(true)
    expect(ensemble.leader().standing.ready).toBe(true)
  })
})

describe('an epoch whose counter has come to its end', () => {
  test('Z16, ZOOKEEPER-1277: ends in order, and the next one begins at 1', () => {
    const ensemble = new TestEnsemble(3, { machine: { maxCounter: 3, pageWords: 2 } })
    ensemble.start().ready()

    ensemble.propose('a', 'b', 'c', 'd')
    expect(ensemble.trace.filter((line) => line.includes('handed over at 1:3'))).toHaveLength(0)
    ensemble.ready().propose('e')

    const { disk, machine } = ensemble.leader()
    expect(disk.pages.every(({ last }) => counterOf(last) <= 3)).toBe(true)
    expect(epochOf(disk.end.last)).toBe(2)
    expect(counterOf(disk.end.last)).toBe(1)
    expect(machine.applied).toEqual(['a', 'b', 'c', 'e'])
    expect(ensemble.sent('goodbye')).toHaveLength(2)
  })

  test('Z16: of a standalone peer too', () => {
    const ensemble = new TestEnsemble(1, { machine: { maxCounter: 2 } }).start().settle()

    ensemble.propose('a', 'b').run(25).propose('c')

    expect(ensemble.peer(1).machine.applied).toEqual(['a', 'b', 'c'])
    expect(ensemble.leader().standing.epoch).toBe(2)
  })
})

describe('a leader that is asked to hand over', () => {
  const askToHandOver = (ensemble: TestEnsemble): void => {
    const leader = ensemble.leader()
    ensemble.step(leader, () => leader.zab.handOver())
  }

  test('commits what was begun, and follows whoever is elected without delay', () => {
    const ensemble = founded()
    const leader = ensemble.leader()
    const before = ensemble.nowMs
    ensemble.step(leader, () => leader.machine.propose('b'))

    askToHandOver(ensemble)
    ensemble.settle()

    expect(ensemble.nowMs).toBe(before)
    expect(ensemble.leader()).not.toBe(leader)
    ensemble.run(300)
    expect(leader.standing).toMatchObject({ role: 'follower', ready: true, epoch: 2 })
    expect(leader.machine.applied).toEqual(['a', 'b'])
  })

  test('votes for the other one where its vote is needed', () => {
    const ensemble = new TestEnsemble(2).start().ready()
    const leader = ensemble.leader()
    askToHandOver(ensemble)
    ensemble.settle().run(300)

    expect(ensemble.leader().id).toBe(3 - leader.id)
  })

  test('leads again after a deadline if nobody else can', () => {
    const ensemble = founded()
    const leader = ensemble.leader()
    const [one, other] = ensemble.followers()
    // The others see it and not each other.
    ensemble.cut(one!.id, other!.id)
    askToHandOver(ensemble)
    ensemble.crash(one!.id).settle()
    ensemble.cut(leader.id, other!.id).run(100)
    ensemble.heal().run(3_000)

    expect([leader, other]).toContain(ensemble.leader())
    expect(ensemble.leader().standing.epoch).toBeGreaterThan(1)
  })

  test('goes on where there is no other voter', () => {
    const ensemble = new TestEnsemble(2, { observers: [2] }).start().ready()
    askToHandOver(ensemble)
    ensemble.settle()

    expect(ensemble.leader().standing.epoch).toBe(1)
  })
})

describe('a peer that only a later epoch brings back', () => {
  test('has the established leader hand over, and comes with the next epoch', () => {
    const ensemble = founded()
    const leader = ensemble.leader()
    const stray = ensemble.followers()[0]!
    ensemble.crash(stray.id).settle()
    // It promised an epoch to one that never came to lead it.
    stray.disk.append({ seq: 0, records: [{ type: 'accepted-epoch', epoch: 5, leader: stray.id }] })
    stray.disk.syncOne()

    ensemble.start(stray.id).ready().propose('b')

    expect(ensemble.leader().standing.epoch).toBe(6)
    expect(ensemble.sent('goodbye').length).toBeGreaterThan(0)
    expect(stray.machine.applied).toEqual(['a', 'b'])
    expect(leader.standing.ready).toBe(true)
  })

  test('is told by a broken link, not by silence', () => {
    // It was left to wait for an answer that could not come, for a whole silent-peer deadline.
    const ensemble = founded()
    const stray = ensemble.followers()[0]!
    ensemble.crash(stray.id).settle()
    stray.disk.append({ seq: 0, records: [{ type: 'accepted-epoch', epoch: 5, leader: 2 }] })
    stray.disk.syncOne()
    const before = ensemble.nowMs

    ensemble.start(stray.id).ready()

    expect(ensemble.nowMs - before).toBeLessThan(500)
  })
})

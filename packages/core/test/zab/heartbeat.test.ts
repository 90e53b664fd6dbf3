/** The leader's pulse: how long a leader may lead, and how long its learners believe in it. */
import { describe, expect, test } from 'vitest'
import { TestEnsemble } from './test-ensemble.ts'
import type { TestPeer } from './test-peer.ts'

function founded(size = 3): TestEnsemble {
  return new TestEnsemble(size).start().ready().propose('a')
}

function follower(ensemble: TestEnsemble): TestPeer {
  return ensemble.followers()[0]!
}

describe('an established leader', () => {
  test('leads on with a bare quorum', () => {
    const ensemble = founded()
    const leader = ensemble.leader()

    ensemble.crash(follower(ensemble).id).run(5_000)

    expect(leader.standing.ready).toBe(true)
    expect(leader.standing.epoch).toBe(1)
  })

  test('steps down when it has not heard a synced quorum for a silent-peer deadline', () => {
    const ensemble = founded()
    const leader = ensemble.leader()

    for (const { id } of ensemble.followers()) ensemble.silence(leader.id, id)
    ensemble.run(1_000)
    expect(leader.standing.ready).toBe(true)
    ensemble.run(1_200)

    expect(leader.standing.role).toBe('looking')
  })

  test('does not take a learner that is only being synchronized for a quorum', () => {
    const ensemble = founded()
    const leader = ensemble.leader()
    const [one, other] = ensemble.followers() as [TestPeer, TestPeer]
    ensemble.crash(one.id).settle()
    one.slowDisk = true
    ensemble.start(one.id).settle()

    ensemble.crash(other.id).run(1_500)

    expect(leader.standing.role).toBe('looking')
  })

  test('drops a learner that is silent, and serves the others', () => {
    const ensemble = founded()
    const leader = ensemble.leader()
    const silent = follower(ensemble).id
    ensemble.silence(leader.id, silent)

    ensemble.run(1_100).propose('b')

    expect(ensemble.trace).toContain(
      `${String(leader.id)} breaks with ${String(silent)}: silent for longer than the silent-peer deadline`,
    )
    expect(leader.machine.applied).toEqual(['a', 'b'])
  })

  test('steps down when its disk has not answered for the disk-stall bound', () => {
    const ensemble = founded()
    const leader = ensemble.leader()
    leader.slowDisk = true
    ensemble.propose('b').run(1_900)
    expect(leader.standing.ready).toBe(true)

    ensemble.run(200)

    expect(leader.standing.role).toBe('looking')
    expect(ensemble.leader().id).not.toBe(leader.id)
    expect(ensemble.leader().machine.applied).toEqual(['a', 'b'])
  })

  test('a follower whose disk stalls goes on following, and is not dropped for it', () => {
    const ensemble = founded()
    const slow = follower(ensemble)
    slow.slowDisk = true

    ensemble.propose('b').run(10_000)

    expect(slow.standing.ready).toBe(true)
    expect(ensemble.leader().machine.applied).toEqual(['a', 'b'])
  })
})

describe('a follower', () => {
  test('leaves a leader that fell silent, within the deadline', () => {
    const ensemble = founded()
    const leader = ensemble.leader()
    for (const { id } of ensemble.followers()) ensemble.network.hold(leader.id, id)

    ensemble.run(1_200)

    expect(ensemble.leader().id).not.toBe(leader.id)
  })

  test('a page from a leader without a pulse is no pulse', () => {
    const ensemble = founded()
    const leader = ensemble.leader()
    const one = follower(ensemble)
    ensemble.network.holdLane(leader.id, one.id, 'liveness')

    for (let ms = 0; ms < 1_100; ms += 100) ensemble.run(100).propose('b')

    expect(one.standing.role).toBe('looking')
  })
})

describe('before the leader is established', () => {
  test('a leader that nobody comes to gives up after a silent-peer deadline', () => {
    const ensemble = new TestEnsemble(3).start().ready().crash(1, 2, 3)
    for (const id of [1, 2]) ensemble.network.holdLane(id, 3, 'data')
    ensemble.start().run(900)
    expect(ensemble.peer(3).standing.phase).toBe('discovery')

    ensemble.run(300)

    expect(ensemble.trace).toContain(
      '1 breaks with 3: the leader made no progress towards a quorum',
    )
  })

  test('it may take longer than the deadline, as long as a quorum gets on', () => {
    const ensemble = new TestEnsemble(3, { limits: { maxLogReadBytes: 1, maxWindowBytes: 1 } })
    ensemble.start().ready()
    ensemble.crash(1).settle()
    for (const word of ['a', 'b', 'c', 'd', 'e', 'f']) ensemble.propose(word)
    ensemble.checkpointAndPurge(2).crash(2, 3).settle()
    const slow = ensemble.peer(1)
    slow.slowDisk = true
    const before = ensemble.nowMs

    ensemble.start(1, 3)
    while (!slow.standing.ready && ensemble.nowMs < before + 20_000) {
      ensemble.run(700)
      if (slow.nextSync() !== undefined) ensemble.sync(1)
    }

    expect(slow.standing.ready).toBe(true)
    expect(ensemble.nowMs - before).toBeGreaterThan(3_000)
    expect(ensemble.leader().standing.epoch).toBe(2)
  })
})

describe('a learner of an established leader', () => {
  test('joins however slow its disk is', () => {
    // The pulse of an established leader once told of no progress. A peer that needed longer than
    // the deadline for one append left each time, and could never come back.
    const ensemble = founded()
    const slow = follower(ensemble)
    ensemble.crash(slow.id).settle().propose('b')
    slow.slowDisk = true

    ensemble.start(slow.id)
    for (let appends = 0; appends < 4 && !slow.standing.ready; appends += 1) {
      ensemble.run(1_700)
      if (slow.nextSync() !== undefined) ensemble.sync(slow.id).settle()
    }

    expect(slow.standing.ready).toBe(true)
    expect(slow.machine.applied).toEqual(['a', 'b'])
  })
})

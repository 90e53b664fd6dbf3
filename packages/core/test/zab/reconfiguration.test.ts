import { describe, expect, test } from 'vitest'
import type { PeerId } from '../../src/ids.ts'
import { TestEnsemble } from './test-ensemble.ts'

/** Three founders that lead and follow, and as many peers that have joined and are no members. */
function founded(size: number, options: ConstructorParameters<typeof TestEnsemble>[1] = {}) {
  return new TestEnsemble(size, { founders: 3, ...options }).start().ready()
}

function membersAt(ensemble: TestEnsemble, id: PeerId): readonly PeerId[] {
  return ensemble.peer(id).state.members.map((member) => member.id)
}

describe('a peer that is no member', () => {
  test('learns, applies, and counts nowhere', () => {
    const ensemble = founded(5).propose('a')
    const joiner = ensemble.peer(4)

    expect(joiner.standing).toMatchObject({ role: 'observer', membership: 'none', ready: true })
    expect(joiner.machine.applied).toEqual(['a'])
    expect(joiner.state.damaged).toBeNull()

    ensemble.crash(1, 2).run(5_000)
    expect(ensemble.peer(3).standing.ready, 'one voter of three, and two that do not vote').toBe(
      false,
    )
  })

  test('waits for a leader, and founds nothing, when it is alone', () => {
    const ensemble = new TestEnsemble(4, { founders: 3 }).start(4).run(5_000)

    expect(ensemble.peer(4).standing).toMatchObject({ role: 'looking', epoch: 0 })
  })
})

describe('a configuration', () => {
  test('Z18: is in force from when it is in the log, and then both decide', () => {
    const ensemble = founded(5)
    for (const id of [4, 5]) ensemble.peer(id).slowDisk = true
    const leader = ensemble.configure([3, 4, 5])
    ensemble.settle()
    const { end } = leader.state.history

    expect(membersAt(ensemble, leader.id)).toEqual([3, 4, 5])
    expect(membersAt(ensemble, 1)).toEqual([3, 4, 5])
    expect([...leader.state.quorum.voters]).toEqual([1, 2, 3, 4, 5])
    expect(
      leader.state.lastCommitted,
      'all of the old one and one of the new have it',
    ).toBeLessThan(end.last)

    ensemble.sync(4).settle()
    expect(leader.state.lastCommitted).toBe(end.last)
    expect([...leader.state.quorum.voters]).toEqual([3, 4, 5])
  })

  test('Z18: needs the quorum before it as well', () => {
    const ensemble = founded(5)
    for (const id of [1, 2]) ensemble.peer(id).slowDisk = true
    const leader = ensemble.configure([3, 4, 5])
    ensemble.settle()
    const { end } = leader.state.history

    expect(leader.id).toBe(3)
    expect(leader.state.lastCommitted, 'all of the new one and one of the old').toBeLessThan(
      end.last,
    )
    ensemble.sync(2).settle()
    expect(leader.state.lastCommitted).toBe(end.last)
  })

  test('Z18: a truncate takes it back, and the quorum with it', () => {
    const ensemble = founded(5)
    const leader = ensemble.leader()
    for (const { id } of ensemble.followers()) ensemble.silence(leader.id, id)
    ensemble.configure([leader.id])
    ensemble.settle()
    expect([...leader.state.quorum.voters]).toEqual([1, 2, 3])
    expect(leader.state.members).toHaveLength(1)

    // The others go on without it; it comes back to a history that does not hold its change.
    ensemble.run(3_000)
    ensemble.propose('b')
    ensemble.heal().ready()

    expect(ensemble.leader()).not.toBe(leader)
    expect(membersAt(ensemble, leader.id)).toEqual([1, 2, 3])
    expect(leader.machine.applied).toEqual(['b'])
  })

  test('Z18: is found again by a restart, and both decide as long as nobody knows more', () => {
    const ensemble = founded(5)
    for (const id of [1, 2, 4, 5]) ensemble.peer(id).slowDisk = true
    const leader = ensemble.configure([3, 4, 5])
    ensemble.settle()
    ensemble.crash(1, 2, 3, 4, 5)
    for (const id of [1, 2, 4, 5]) ensemble.peer(id).slowDisk = false
    ensemble.start(leader.id, 4, 5).run(5_000)

    expect(leader.state.configuration?.version).toBe(2)
    expect(leader.standing.ready, 'the quorum before it is away').toBe(false)

    ensemble.start(1).ready()
    expect(ensemble.leader()).toBe(leader)
    expect([...leader.state.quorum.voters]).toEqual([3, 4, 5])
  })

  test('Z18: once it is committed, a restart needs nobody who was removed', () => {
    const ensemble = founded(6)
    ensemble.configure([4, 5, 6])
    ensemble.settle().run(3_000).ready()
    ensemble.propose('a')

    ensemble.crash(1, 2, 3, 4, 5, 6).start(4, 5, 6).ready()
    expect(ensemble.leader().machine.applied).toContain('a')
    ensemble.propose('b')
    expect(ensemble.peer(4).machine.applied).toContain('b')
  })

  test('Z18: that it is committed is learned from whoever was removed, knows it, and has more', () => {
    const ensemble = founded(3)
    const leader = ensemble.leader()
    expect(leader.id).toBe(3)
    for (const id of [1, 2]) ensemble.peer(id).slowDisk = true
    ensemble.configure([1, 2])
    ensemble.settle()
    for (const id of [1, 2]) ensemble.network.hold(3, id)
    ensemble.propose('x')
    ensemble.sync(1).sync(2).settle()
    expect(leader.state.configurations.before, 'the leader knows').toBeNull()
    expect(ensemble.peer(1).state.configurations.before, 'they do not').not.toBeNull()
    expect(leader.state.history.end.last).toBeGreaterThan(ensemble.peer(1).state.history.end.last)

    ensemble.crash(1, 2, 3)
    for (const id of [1, 2]) ensemble.peer(id).slowDisk = false
    ensemble.heal().start().ready()

    expect([1, 2]).toContain(ensemble.leader().id)
    expect(ensemble.leader().state.voters).toEqual([1, 2])
    expect(leader.machine.applied).not.toContain('x')
  })

  test('one whom it adds counts at once, as it is synced', () => {
    const ensemble = founded(5)
    ensemble.configure([1, 2, 3, 4, 5])
    ensemble.settle()
    const leader = ensemble.leader()
    const others = [1, 2].filter((id) => id !== leader.id)
    ensemble.crash(...others)
    ensemble.propose('a').run(2_000)

    expect(ensemble.leader(), 'with 3, 4 and 5 of 5').toBe(leader)
    expect(ensemble.peer(5).machine.applied).toContain('a')
    expect(ensemble.peer(5).standing).toMatchObject({ role: 'follower', membership: 'voter' })
  })

  test('one whom it removes goes on to learn, and does not vote', () => {
    const ensemble = founded(4)
    ensemble.configure([2, 3])
    ensemble.settle().run(300)
    expect(ensemble.peer(1).standing).toMatchObject({ role: 'observer', membership: 'none' })

    ensemble.propose('a')
    expect(ensemble.peer(1).machine.applied).toContain('a')
    ensemble.crash(3).run(5_000)
    expect(ensemble.peer(2).standing.ready, 'one of two, and one that was removed').toBe(false)
  })

  test('a voter that becomes an observer goes on to learn; an observer that becomes a voter counts', () => {
    const ensemble = new TestEnsemble(4, { observers: [4] }).start().ready()
    ensemble.configure([2, 3, 4], [1])
    ensemble.settle().run(300)

    expect(ensemble.peer(1).standing).toMatchObject({ role: 'observer', membership: 'observer' })
    expect(ensemble.peer(4).standing.membership).toBe('voter')
    ensemble.crash(1, 2).run(3_000)
    expect(ensemble.leader().state.quorum.includes([3, 4])).toBe(true)
    ensemble.propose('a')
    expect(ensemble.peer(4).machine.applied).toContain('a')
  })

  test('a leader whom it removes commits it by those who stay, and hands over', () => {
    const ensemble = founded(5)
    const leader = ensemble.leader()
    expect(leader.id).toBe(3)
    ensemble.configure([1, 2, 4])
    ensemble.settle().ready()

    expect(ensemble.sent('goodbye').length).toBeGreaterThan(0)
    expect(ensemble.leader()).not.toBe(leader)
    expect([1, 2, 4]).toContain(ensemble.leader().id)
    expect(leader.standing).toMatchObject({ role: 'observer', membership: 'none', ready: true })
    ensemble.propose('a')
    expect(leader.machine.applied).toContain('a')
  })

  test('a peer that was away while everybody else was replaced learns of it from them', () => {
    const ensemble = founded(6)
    ensemble.crash(1)
    ensemble.configure([3, 4, 5, 6])
    ensemble.settle().run(1_000)
    ensemble.configure([4, 5, 6])
    ensemble.settle().run(1_000)
    ensemble.crash(2, 3).start(1).ready()

    expect(ensemble.peer(1).standing).toMatchObject({ membership: 'none', configurationVersion: 3 })
    expect(membersAt(ensemble, 1)).toEqual([4, 5, 6])
  })
})

/**
 * The claims of the paper, one test each: Junqueira, Reed, Serafini, "Zab: High-performance broadcast
 * for primary-backup systems" (DSN 2011). Properties are those of its problem statement; steps bear the
 * names of its algorithm (l for the leader's, f for a follower's, then the phase).
 *
 * Where we depart from a step, the test says so. What cannot be seen in a few runs, that a property
 * holds in all of them, is what `random.test.ts` looks for.
 */
import { describe, expect, test } from 'vitest'
import { epochOf, formatZxid } from '../../src/zxid.ts'
import { TestEnsemble } from './test-ensemble.ts'
import type { TestPeer } from './test-peer.ts'
import { ZabWitness } from './zab-witness.ts'

/** An ensemble that a witness of all properties looks at. */
function founded(size = 3): TestEnsemble {
  const witness: ZabWitness = new ZabWitness(() => ensemble.peers.values())
  const ensemble = new TestEnsemble(size, { witness }).start().ready()
  ensemble.trace.length = 0
  return ensemble
}

/** What each peer has delivered. */
function delivered(ensemble: TestEnsemble): (readonly string[])[] {
  return [...ensemble.peers.values()].map(({ machine }) => machine.applied)
}

function everyoneHas(ensemble: TestEnsemble, ...words: string[]): void {
  expect(delivered(ensemble)).toEqual(ensemble.ids.map(() => words))
}

/** The first line of the trace that says so. */
function place(ensemble: TestEnsemble, line: RegExp): number {
  return ensemble.trace.findIndex((told) => line.test(told))
}

describe('the problem: broadcast that survives crashes', () => {
  test('Integrity: if some process delivers a transaction, some process has broadcast it', () => {
    const ensemble = founded()

    ensemble.propose('a').propose('b')

    const sent = new Set(ensemble.sent('proposal').map((line) => line.replace(/^.*proposal/, '')))
    const applied = ensemble.trace.filter((line) => line.includes(' applies '))
    expect(applied.filter((line) => !sent.has(line.replace(/^.*applies/, '')))).toEqual([])
    expect(applied).toHaveLength(6)
  })

  test('Total order: one that delivers a before b is followed by all who deliver b', () => {
    const ensemble = founded(5)
    const [late] = ensemble.followers() as [TestPeer]
    late.slowDisk = true

    ensemble.propose('a').propose('b').crash(late.id).settle().propose('c')
    late.slowDisk = false
    ensemble.start(late.id).ready()

    everyoneHas(ensemble, 'a', 'b', 'c')
  })

  test('Agreement: what one delivers and what another delivers are prefixes of one another', () => {
    const ensemble = founded()
    const [slow] = ensemble.followers() as [TestPeer]
    ensemble.network.holdLane(ensemble.leader().id, slow.id, 'data')

    ensemble.propose('a').propose('b')
    expect(slow.machine.applied).toEqual([])

    ensemble.crash(ensemble.leader().id).ready()
    expect(slow.machine.applied).toEqual(['a', 'b'])
  })

  test('Local primary order: what one primary broadcasts in order is delivered in that order', () => {
    const ensemble = founded()
    const leader = ensemble.leader()

    ensemble.step(leader, () => leader.machine.propose('a'))
    ensemble.step(leader, () => leader.machine.propose('b'))
    ensemble.step(leader, () => leader.machine.propose('c'))
    ensemble.settle()

    everyoneHas(ensemble, 'a', 'b', 'c')
  })

  test('Global primary order: what an earlier primary broadcast is delivered before the later’s', () => {
    const ensemble = founded()
    ensemble.propose('of the first'.replaceAll(' ', '-'))
    ensemble.crash(ensemble.leader().id).run(1_000)

    ensemble.propose('of-the-second').start(3).ready()

    everyoneHas(ensemble, 'of-the-first', 'of-the-second')
    const epochs = ensemble.leader().disk.pages.map(({ last }) => epochOf(last))
    expect(epochs).toEqual([1, 2])
  })

  test('Primary integrity: a primary has delivered all of the earlier ones before it broadcasts', () => {
    const ensemble = founded()
    ensemble.network.holdLane(3, 1, 'data')
    ensemble.propose('a').crash(3).settle()

    const applied = place(ensemble, /^2 applies 1:1/)
    ensemble.propose('b')

    expect(ensemble.leader().id).toBe(2)
    expect(applied).toBeGreaterThan(0)
    expect(applied).toBeLessThan(place(ensemble, /proposal 2:1/))
    expect(ensemble.peer(1).machine.applied).toEqual(['a', 'b'])
  })

  test('of 2f + 1 processes, f may crash', () => {
    const ensemble = founded(5)
    ensemble.propose('a').crash(5).run(1_000).propose('b').crash(4).run(1_000).propose('c')

    expect(ensemble.leader().machine.applied).toEqual(['a', 'b', 'c'])
    ensemble.crash(3).run(3_000)
    expect([1, 2].map((id) => ensemble.peer(id).standing.ready)).toEqual([false, false])
  })
})

describe('phase 1, discovery', () => {
  test('f.1.1, l.1.1: a follower tells its last promise; the new epoch is above all of a quorum', () => {
    const ensemble = founded(5).crash(1, 2, 3, 4, 5)
    const stray = ensemble.peer(1).disk
    stray.append({ seq: 0, records: [{ type: 'accepted-epoch', epoch: 7, leader: 2 }] })
    stray.syncOne()

    ensemble.start(1, 2, 3).ready()

    expect(ensemble.sent('follower-info')).toContain('1->3 follower-info promised 7 to 2')
    expect(ensemble.leader().standing.epoch).toBe(8)
  })

  test('f.1.2: a follower that has promised a later epoch refuses the one that is offered', () => {
    const ensemble = founded()
    const follower = ensemble.followers()[0]!
    ensemble.crash(1, 2, 3)
    ensemble.network.holdLane(3, follower.id, 'data')
    ensemble.start()
    ensemble.settle(() => ensemble.peer(3).disk.acceptedEpoch === 2)
    ensemble.step(follower, () =>
      follower.state.append({ type: 'accepted-epoch', epoch: 9, leader: 2 }),
    )

    ensemble.network.release(3, follower.id)
    ensemble.settle()

    expect(ensemble.trace).toContain(
      `${String(follower.id)} breaks with 3: epoch 9 is promised, 2 comes too late`,
    )
  })

  test('f.1.2: ACK-E tells the epoch that was last joined and the history', () => {
    const ensemble = founded().propose('a').crash(1, 2, 3)

    ensemble.start().ready()

    expect(ensemble.sent('ack-epoch')[0]).toMatch(/ack-epoch 2, of epoch 1 up to 1:1$/)
  })

  test('l.1.2: the history is the most recent one of a quorum: ours, or the election was wrong', () => {
    // Deviation, the one of ZooKeeper: no history is sent to a leader. It was elected for having the
    // most recent one, and gives up when it turns out that it has not.
    const ensemble = founded().propose('a')
    ensemble.peer(2).slowDisk = true
    ensemble.peer(3).slowDisk = true
    ensemble.step(ensemble.peer(3), () => ensemble.peer(3).machine.propose('b'))
    ensemble.settle().crash(1, 2, 3)
    ensemble.peer(2).slowDisk = false
    ensemble.peer(3).slowDisk = false
    ensemble.start(2, 3).settle(() => ensemble.peer(3).standing.role === 'leader')
    ensemble.network.holdLane(2, 3, 'data')

    ensemble.start(1).ready()

    expect(ensemble.trace).toContain('3 breaks with 1: peer 1 has a more recent history')
    expect(ensemble.leader().id).toBe(1)
    everyoneHas(ensemble, 'a', 'b')
  })
})

describe('phase 2, synchronization', () => {
  test('l.2.1, f.2.1: a follower joins the epoch and accepts its history as one', () => {
    const ensemble = founded().propose('a')
    ensemble.crash(1).settle().propose('b')

    ensemble.start(1).ready()

    const accepted = place(ensemble, /^1 appends 1:2/)
    const joined = place(ensemble, /^1 appends currentEpoch/)
    expect(accepted).toBeGreaterThan(0)
    expect(accepted).toBeLessThan(joined)
    expect(joined).toBeLessThan(place(ensemble, /^1->3 ack-new-leader 1:2/))
  })

  test('f.2.1: not a follower that has promised another epoch', () => {
    const ensemble = new TestEnsemble(3).start().ready()
    const [one] = ensemble.followers() as [TestPeer]
    ensemble.crash(one.id).settle().start(one.id)
    ensemble.settle(() => one.standing.phase === 'synchronization')

    const end = one.state.history.end.last
    ensemble.step(one, () => one.zab.onMessage(3, { type: 'new-leader', epoch: 4, end }))

    expect(ensemble.trace).toContain('1 breaks with 3: Z14: NEWLEADER out of place')
  })

  test('l.2.2: the leader commits its history only when a quorum has accepted it', () => {
    const ensemble = founded().propose('a').crash(1, 2, 3)
    for (const id of [1, 2]) ensemble.peer(id).slowDisk = true

    ensemble.start().settle()
    for (const id of [1, 2]) ensemble.sync(id)
    ensemble.settle()
    expect(ensemble.sent('new-leader')).toHaveLength(2)
    expect(delivered(ensemble)).toEqual([[], [], []])

    ensemble.sync(1).settle()
    expect(ensemble.peer(3).machine.applied).toEqual(['a'])
  })

  test('f.2.2: and then each delivers all of it, in order', () => {
    const ensemble = founded().propose('a').propose('b').crash(1, 2, 3)

    ensemble.start().ready()

    for (const id of ensemble.ids) {
      const applied = ensemble.trace.filter((line) => line.startsWith(`${String(id)} applies`))
      expect(applied.slice(-2)).toEqual([
        `${String(id)} applies 1:1 (a) after 0:0`,
        `${String(id)} applies 1:2 (b) after 1:1`,
      ])
    }
  })
})

describe('phase 3, broadcast', () => {
  test('f.3.1: the primary is told that it may broadcast when its history is delivered', () => {
    const ensemble = founded().propose('a').crash(1, 2, 3)

    ensemble.start().ready()

    const { machine } = ensemble.leader()
    expect(machine.told).toContain('lead 2')
    expect(place(ensemble, /^3 leads epoch 2/)).toBeGreaterThan(place(ensemble, /^3 applies 1:1/))
  })

  test('l.3.1: proposals leave in the order of their zxids, and many may be outstanding', () => {
    const ensemble = founded()
    for (const { id } of ensemble.followers()) ensemble.peer(id).slowDisk = true

    ensemble.propose('a').propose('b').propose('c')

    expect(ensemble.sent('proposal').filter((line) => line.startsWith('3->1'))).toEqual([
      '3->1 proposal 1:1 (a) after 0:0',
      '3->1 proposal 1:2 (b) after 1:1',
      '3->1 proposal 1:3 (c) after 1:2',
    ])
    expect(ensemble.sent('commit')).toEqual([])
  })

  test('f.3.2: a follower acknowledges when the proposal is in stable storage', () => {
    const ensemble = founded()
    ensemble.peer(1).slowDisk = true
    ensemble.propose('a')
    expect(ensemble.sent('ack').filter((line) => line.startsWith('1->'))).toEqual([])

    ensemble.sync(1)

    expect(ensemble.sent('ack').at(-1)).toBe('1->3 ack 1:1')
  })

  test('l.3.2: COMMIT follows the acks of a quorum', () => {
    const ensemble = founded(5)
    for (const id of [1, 2, 3, 4]) ensemble.peer(id).slowDisk = true
    ensemble.propose('a').sync(1).settle()
    expect(ensemble.sent('commit')).toEqual([])

    ensemble.sync(2).settle()

    expect(ensemble.sent('commit')).toHaveLength(4)
  })

  test('f.3.3: a follower delivers a transaction only behind all before it', () => {
    const ensemble = founded()
    const [one] = ensemble.followers() as [TestPeer]
    ensemble.propose('a').propose('b').propose('c')

    const places = ['a', 'b', 'c'].map((word) =>
      place(ensemble, new RegExp(`^${String(one.id)} applies .*\\(${word}\\)`)),
    )

    expect(places).toEqual(places.toSorted((x, y) => x - y))
    expect(places[0]).toBeGreaterThan(0)
  })

  test('l.3.3, l.3.4: a follower that comes late is given the epoch, the history, and the commit', () => {
    const ensemble = founded()
    ensemble.crash(1).settle().propose('a')
    ensemble.trace.length = 0

    ensemble.start(1).ready()

    const steps = [/3->1 leader-info/, /3->1 new-leader/, /1->3 ack-new-leader/, /3->1 up-to-date/]
    const places = steps.map((step) => place(ensemble, step))
    expect(places).toEqual(places.toSorted((x, y) => x - y))
    expect(places[0]).toBeGreaterThan(-1)
    everyoneHas(ensemble, 'a')
  })
})

describe('the invariants of its proof', () => {
  test('1: a follower accepts a proposal of an epoch only when it has joined that epoch', () => {
    const ensemble = founded()
    ensemble.crash(ensemble.leader().id).ready().propose('a')

    for (const id of [1, 2]) {
      const joined = place(ensemble, new RegExp(`^${String(id)} appends currentEpoch 2`))
      const accepted = place(ensemble, new RegExp(`^${String(id)} appends 2:1`))
      expect(joined).toBeGreaterThan(-1)
      expect(joined).toBeLessThan(accepted)
    }
  })

  test('2: within an epoch, proposals are accepted and delivered in zxid order', () => {
    const ensemble = founded()

    for (const word of ['a', 'b', 'c', 'd', 'e', 'f']) ensemble.propose(word)

    const logged = ensemble.peer(1).disk.pages.map(({ last }) => formatZxid(last))
    expect(logged).toEqual(['1:1', '1:2', '1:3', '1:4', '1:5', '1:6'])
  })

  test('3: who has promised a later epoch accepts no proposal of an earlier one', () => {
    const ensemble = founded()
    for (const id of [1, 2]) ensemble.network.hold(3, id)
    ensemble.step(ensemble.peer(3), () => ensemble.peer(3).machine.propose('late'))
    ensemble.run(1_200)
    expect(ensemble.peer(1).state.acceptedEpoch).toBe(2)

    ensemble.heal().ready()

    const accepted = ensemble.trace.filter((line) => / appends 1:1 /.test(line))
    expect(accepted).toEqual(['3 appends 1:1 (late) after 0:0'])
    everyoneHas(ensemble)
  })

  test('4: to join an epoch reorders nothing and loses nothing that was committed', () => {
    const ensemble = founded().propose('a').propose('b')
    for (let epoch = 2; epoch <= 6; epoch += 1) {
      ensemble.crash(ensemble.leader().id).run(1_000)
      ensemble.start(...ensemble.ids.filter((id) => !ensemble.peer(id).up)).ready()
      ensemble.propose(`of-${String(ensemble.leader().standing.epoch)}`)
    }

    everyoneHas(ensemble, 'a', 'b', 'of-2', 'of-3', 'of-4', 'of-5', 'of-6')
  })

  test('5: two established leaders have two epochs', () => {
    const ensemble = founded()
    const old = ensemble.leader()
    for (const { id } of ensemble.followers()) ensemble.cut(old.id, id)
    ensemble.run(500)

    const leading = [...ensemble.peers.values()].filter(({ zab }) => zab.role === 'leader')

    expect(leading.map(({ standing }) => standing.epoch).toSorted()).toEqual([1, 2])
    ensemble.step(old, () => old.machine.propose('never'))
    ensemble.settle()
    expect(old.machine.applied).toEqual([])
  })
})

describe('what it asks for besides', () => {
  test('efficient recovery: the one with the highest zxid leads, and sends only what others lack', () => {
    const ensemble = founded().propose('a')
    ensemble.crash(1).settle().propose('b').crash(2, 3).settle()
    ensemble.trace.length = 0

    ensemble.start(1, 2).ready()

    expect(ensemble.leader().id).toBe(2)
    expect(ensemble.sent('proposal')).toEqual(['2->1 proposal 1:2 (b) after 1:1'])
  })

  test('what only a crashed primary had is dropped when it comes back: no later one knew of it', () => {
    const ensemble = founded().propose('a')
    const first = ensemble.leader()
    for (const { id } of ensemble.followers()) ensemble.network.holdLane(first.id, id, 'data')
    ensemble.propose('lost').crash(first.id).run(1_000)
    ensemble.propose('b')

    ensemble.network.releaseAll()
    ensemble.start(first.id).ready()

    everyoneHas(ensemble, 'a', 'b')
    expect(ensemble.sent('trunc')).toHaveLength(1)
  })
})

/** Agreement as a whole: what several peers come to, whatever happens to some of them. */
import { describe, expect, test } from 'vitest'
import { TestEnsemble } from './test-ensemble.ts'

/** Three peers, founded, with the words given in the log of each. */
function founded(...words: string[]): TestEnsemble {
  const ensemble = new TestEnsemble(3).start().ready()
  if (words.length > 0) ensemble.propose(...words)
  return ensemble
}

const everyone = [1, 2, 3]
const appliedBy = (ensemble: TestEnsemble, ids = everyone): (readonly string[])[] =>
  ids.map((id) => ensemble.peer(id).machine.applied)

describe('founding', () => {
  test('a standalone peer leads by itself', () => {
    const ensemble = new TestEnsemble(1).start().ready()
    ensemble.propose('a', 'b')
    expect(ensemble.peer(1).machine.applied).toEqual(['a', 'b'])
  })

  test('three empty peers found an ensemble under one id, in epoch 1', () => {
    const ensemble = founded('a')
    const configurations = everyone.map((id) => ensemble.peer(id).state.configuration)
    expect(new Set(configurations.map((each) => each?.ensembleId)).size).toBe(1)
    expect(everyone.map((id) => ensemble.peer(id).state.currentEpoch)).toEqual([1, 1, 1])
    expect(appliedBy(ensemble)).toEqual([['a'], ['a'], ['a']])
  })

  test('two of three empty peers do not found one: the third may hold a history', () => {
    const ensemble = new TestEnsemble(3).start(1, 2).run(5_000)
    expect(ensemble.peer(1).zab.role).toBe('looking')
    expect(ensemble.peer(1).zab.standing.missingVoters).toEqual([3])
  })

  test('a crash of all right after founding leaves an ensemble that elects again', () => {
    const ensemble = founded().crash(1, 2, 3).settle().start().ready()
    ensemble.propose('a')
    expect(appliedBy(ensemble)).toEqual([['a'], ['a'], ['a']])
  })
})

describe('election', () => {
  test('the survivors of a crashed leader elect another, and it keeps what was committed', () => {
    const ensemble = founded('a', 'b')
    const first = ensemble.leader().id
    ensemble.crash(first).run(1_000)
    const second = ensemble.leader()
    expect(second.id).not.toBe(first)
    expect(second.state.currentEpoch).toBe(2)
    ensemble.propose('c').start(first).ready()
    expect(appliedBy(ensemble)).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
    ])
  })

  test('no time passes in an election among peers that are all heard', () => {
    const ensemble = founded('a')
    const before = ensemble.nowMs
    ensemble.crash(ensemble.leader().id).settle()
    expect(ensemble.leader().state.currentEpoch).toBe(2)
    expect(ensemble.nowMs).toBe(before)
  })

  test('a leader without a quorum steps down within the silent-peer deadline', () => {
    const ensemble = founded('a')
    const leader = ensemble.leader()
    ensemble.crash(...everyone.filter((id) => id !== leader.id)).run(1_500)
    expect(leader.zab.role).toBe('looking')
  })

  test('Z8: the peer with the longest durable history wins', () => {
    const ensemble = founded('a')
    const leader = ensemble.leader()
    const [ahead, behind] = everyone.filter((id) => id !== leader.id) as [number, number]
    ensemble.peer(behind).slowDisk = true
    ensemble.propose('b')
    ensemble.crash(1, 2, 3).settle()
    ensemble.peer(behind).slowDisk = false
    ensemble.start(ahead, behind).ready()
    expect(ensemble.leader().id).toBe(ahead)
    expect(appliedBy(ensemble, [ahead, behind])).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ])
  })
})

describe('synchronization', () => {
  test('Z13: what only a deposed leader logged is cut', () => {
    const ensemble = founded('a')
    const old = ensemble.leader()
    const others = everyone.filter((id) => id !== old.id)
    for (const id of others) ensemble.cut(old.id, id)
    ensemble.settle()
    ensemble.step(old, () => {
      old.machine.propose('lost')
    })
    ensemble.settle().run(200)
    ensemble.propose('b')
    ensemble.run(2_000).heal().ready()
    expect(ensemble.trace.some((line) => line.includes('trunc to 1:1'))).toBe(true)
    expect(appliedBy(ensemble)).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ])
  })

  test('a learner that lags behind what is in memory gets the rest from the log', () => {
    const ensemble = founded('a')
    const leader = ensemble.leader()
    const late = everyone.find((id) => id !== leader.id) ?? 0
    ensemble.crash(late).settle()
    for (const word of ['b', 'c', 'd', 'e', 'f', 'g']) ensemble.propose(word)
    leader.state.history.trimWindow(leader.machine.end.last, 0)
    ensemble.start(late).ready()
    expect(ensemble.peer(late).machine.applied).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g'])
  })

  test('a learner that the log does not reach back to gets a snapshot, then the pages behind it', () => {
    const ensemble = founded('a')
    const leader = ensemble.leader()
    const late = everyone.find((id) => id !== leader.id) ?? 0
    ensemble.crash(late).settle()
    ensemble.propose('b').propose('c')
    ensemble.checkpointAndPurge(leader.id)
    ensemble.propose('d').start(late).ready()
    expect(ensemble.trace).toContain(`${String(leader.id)}->${String(late)} snap at 1:3`)
    expect(ensemble.peer(late).machine.applied).toEqual(['a', 'b', 'c', 'd'])
  })

  test('Z19: a peer that lost its disk joins as a learner and counts only when it is up to date', () => {
    const ensemble = founded('a', 'b')
    const leader = ensemble.leader()
    const wiped = everyone.find((id) => id !== leader.id) ?? 0
    ensemble.crash(wiped).settle()
    ensemble.peer(wiped).disk.wipe()
    ensemble.start(wiped).ready()
    expect(ensemble.peer(wiped).machine.applied).toEqual(['a', 'b'])
    expect(ensemble.peer(wiped).state.remembers).toBe(true)
  })

  test('Z19: two of three that lost their disks elect nobody', () => {
    const ensemble = founded('a').crash(1, 2, 3).settle()
    ensemble.peer(1).disk.wipe()
    ensemble.peer(2).disk.wipe()
    ensemble.start().run(10_000)
    expect(everyone.map((id) => ensemble.peer(id).zab.role)).toEqual([
      'looking',
      'looking',
      'looking',
    ])
  })
})

describe('hand-over', () => {
  test('a closing leader commits everywhere, says goodbye, and the others elect at once', () => {
    const ensemble = founded('a')
    const leader = ensemble.leader()
    const before = ensemble.nowMs
    ensemble.step(leader, () => {
      leader.machine.propose('b')
      leader.zab.close()
    })
    ensemble.settle()
    expect(leader.closed).toBe(true)
    expect(ensemble.nowMs).toBe(before)
    const next = ensemble.leader()
    expect(next.id).not.toBe(leader.id)
    expect(next.machine.applied).toEqual(['a', 'b'])
  })
})

/**
 * Z19: a peer that lost its memory, and cannot know what it promised and acked, counts for nothing
 * until an established leader has brought it up to date.
 */
import { describe, expect, test } from 'vitest'
import { TestEnsemble } from './test-ensemble.ts'
import type { TestPeer } from './test-peer.ts'

function founded(size = 3, ...words: string[]): TestEnsemble {
  const ensemble = new TestEnsemble(size).start().ready()
  return words.length === 0 ? ensemble : ensemble.propose(...words)
}

/** The follower with the least id, down, with an empty store. */
function wiped(ensemble: TestEnsemble): TestPeer {
  const peer = ensemble.followers()[0]!
  ensemble.crash(peer.id).settle()
  peer.disk.wipe()
  ensemble.trace.length = 0
  return peer
}

describe('an empty store', () => {
  test('M47: is noted before anything else is written, so that a crash in between changes nothing', () => {
    const ensemble = founded(3, 'a', 'b')
    const peer = wiped(ensemble)

    ensemble.start(peer.id).ready()

    expect(peer.disk.records.map(({ type }) => type)).toEqual([
      'damage-found',
      'configuration',
      'accepted-epoch',
      'page',
      'current-epoch',
      'damage-healed',
    ])
  })

  test.each(['configuration', 'page', 'current-epoch'])(
    'ZOOKEEPER-261: a crash right after its first %s leaves a peer without memory all the same',
    (type) => {
      // Once it only had to hold a page, or an epoch, to pass for one that remembers: with another
      // that lags it then outvoted what was committed on it and lost.
      const ensemble = founded(3, 'a', 'b')
      const peer = wiped(ensemble)
      const leader = ensemble.leader().id
      const lagging = ensemble.followers().find(({ id }) => id !== peer.id)!
      peer.slowDisk = true
      ensemble.start(peer.id).settle()
      while (!peer.disk.records.some((record) => record.type === type))
        ensemble.sync(peer.id).settle()

      ensemble.crash(peer.id, leader).settle()
      peer.slowDisk = false
      ensemble.start(peer.id).run(3_000)

      expect(peer.standing.role).toBe('looking')
      expect(lagging.standing.role).toBe('looking')
      ensemble.start(leader).ready()
      expect(peer.standing.damaged).toBeNull()
    },
  )

  test('what is committed survives the loss of one disk and a crash while it is refilled', () => {
    const ensemble = founded(3, 'a')
    const leader = ensemble.leader()
    const [peer, lagging] = ensemble.followers() as [TestPeer, TestPeer]
    lagging.slowDisk = true
    ensemble.propose('b')
    ensemble.crash(peer.id, lagging.id).settle()
    peer.disk.wipe()
    lagging.slowDisk = false
    ensemble.start(peer.id, lagging.id)
    ensemble
      .settle(() => peer.disk.pages.length > 0)
      .crash(1, 2, 3)
      .settle()

    ensemble.start(peer.id, lagging.id).run(3_000)
    ensemble.start(leader.id).ready()

    for (const { machine } of ensemble.peers.values()) expect(machine.applied).toEqual(['a', 'b'])
  })

  test('two of three lost leave nobody to elect, rather than an ensemble that forgot', () => {
    const ensemble = founded(3, 'a').crash(1, 2, 3).settle()
    ensemble.peer(1).disk.wipe()
    ensemble.peer(2).disk.damage('a flipped bit')

    ensemble.start().run(10_000)

    for (const { standing } of ensemble.peers.values()) expect(standing.role).toBe('looking')
    for (const id of [2, 3]) {
      expect(ensemble.peer(id).standing.reason).toMatch(
        /voters 1, 2 are damaged or empty, and no quorum is left that has the data: put copies/,
      )
    }
  })
})

describe('a damaged store', () => {
  test('says so until it is healed', () => {
    const ensemble = founded(3, 'a')
    const peer = wiped(ensemble)
    peer.disk.damage('a flipped bit')

    ensemble.start(peer.id)
    expect(peer.standing.damaged).toBe('a flipped bit')
    ensemble.ready()

    expect(peer.standing.damaged).toBeNull()
    expect(peer.disk.damaged).toBeNull()
  })

  test('is healed by no ensemble but its own', () => {
    const ensemble = founded(3, 'a')
    const peer = wiped(ensemble)
    peer.disk.ensembleId = 4711
    peer.disk.damage('a flipped bit')

    ensemble.start(peer.id).run(3_000)

    expect(peer.failures).toEqual(['CONFIG_MISMATCH'])
    expect(peer.disk.damaged).toBe('a flipped bit')
  })
})

describe('before UPTODATE', () => {
  test('its acks do not count, and then they do', () => {
    const ensemble = founded(3, 'a')
    const peer = wiped(ensemble)
    const leader = ensemble.leader()
    const other = ensemble.followers().find(({ id }) => id !== peer.id)!
    // Without the pings of the other no round is confirmed, so that UPTODATE has to wait.
    ensemble.network.holdLane(leader.id, other.id, 'liveness')
    ensemble.start(peer.id).run(100)
    other.slowDisk = true

    ensemble.propose('b').run(100)
    expect(peer.disk.end.last).toBe(leader.disk.end.last)
    expect(leader.machine.applied).toEqual(['a'])

    ensemble.network.release(leader.id, other.id)
    ensemble.run(200)
    expect(leader.machine.applied).toEqual(['a', 'b'])
  })

  test('C7: it confirms no round', () => {
    const ensemble = founded(3, 'a')
    const peer = wiped(ensemble)
    const leader = ensemble.leader()
    const other = ensemble.followers().find(({ id }) => id !== peer.id)!
    ensemble.network.holdLane(leader.id, other.id, 'liveness')
    const confirmed = leader.machine.confirmed.length

    ensemble.start(peer.id).run(500)

    expect(leader.machine.confirmed).toHaveLength(confirmed)
    expect(peer.standing.phase).toBe('synchronization')
  })

  test('it is no part of the quorum that keeps its leader in office', () => {
    const ensemble = founded(3, 'a')
    const peer = wiped(ensemble)
    const leader = ensemble.leader()
    const other = ensemble.followers().find(({ id }) => id !== peer.id)!
    ensemble.network.holdLane(leader.id, other.id, 'liveness')
    ensemble.start(peer.id).settle().crash(other.id)

    ensemble.run(1_500)

    expect(leader.standing.role).toBe('looking')
  })

  test('UPTODATE waits for a quorum that has promised no later epoch since', () => {
    // Five voters. 5 leads epoch 1; 1 and 2 have promised epoch 2 to 4, which 3 had promised too, and
    // acked, before it lost its disk. 3 comes to 5, whose links to 1 and 2 do not know yet that they
    // are dead. To serve now would make a quorum of 5 and 3 and one more, beside that of 4.
    const ensemble = founded(5, 'a')
    const leader = ensemble.leader()
    const [one, two, three] = ensemble.followers() as [TestPeer, TestPeer, TestPeer]
    ensemble.crash(three.id).settle()
    three.disk.wipe()
    for (const { id } of [one, two]) ensemble.silence(leader.id, id)
    const four = ensemble.followers()[3]!
    ensemble.silence(leader.id, four.id)

    ensemble.start(three.id).run(900)

    expect(leader.standing.ready).toBe(true)
    expect(three.standing.phase).toBe('synchronization')
    expect(ensemble.trace).toContain(`${String(three.id)}->${String(leader.id)} ack-new-leader 1:1`)
  })

  test('the round must begin after it came: an earlier answer proves nothing', () => {
    const ensemble = founded(3, 'a')
    const peer = wiped(ensemble)
    const leader = ensemble.leader()
    const other = ensemble.followers().find(({ id }) => id !== peer.id)!
    // A round has begun, and its answer is on its way, when the peer comes.
    ensemble.network.holdLane(other.id, leader.id, 'liveness')
    ensemble.run(100)
    ensemble.network.holdLane(leader.id, other.id, 'liveness')
    ensemble.start(peer.id).settle()
    const confirmed = leader.machine.confirmed.at(-1) ?? 0

    ensemble.network.release(other.id, leader.id)
    ensemble.settle()
    expect(leader.machine.confirmed.at(-1)).toBeGreaterThan(confirmed)
    expect(peer.standing.phase).toBe('synchronization')

    ensemble.network.release(leader.id, other.id)
    ensemble.run(200)
    expect(peer.standing.phase).toBe('broadcast')
  })
})

describe('after UPTODATE', () => {
  test('it votes, and counts, also after a restart', () => {
    const ensemble = founded(3, 'a')
    const peer = wiped(ensemble)
    ensemble.start(peer.id).ready()
    const leader = ensemble.leader().id

    ensemble.crash(leader, peer.id).settle().start(peer.id).ready()

    expect(peer.machine.applied).toEqual(['a'])
    expect(ensemble.leader().standing.epoch).toBe(2)
  })
})

/** How a leader brings a learner's history to its own: by pages, by the log, by a snapshot. */
import { describe, expect, test } from 'vitest'
import type { Limits } from '../../src/limits.ts'
import { TestEnsemble } from './test-ensemble.ts'
import type { TestPeer } from './test-peer.ts'

interface Late {
  readonly ensemble: TestEnsemble
  readonly leader: TestPeer
  /** A follower that is down, and has what its leader had when it went. */
  readonly late: TestPeer
}

/** An ensemble with one follower down, and words that it has not got. */
function lateBy(words: readonly string[], limits: Partial<Limits> = {}): Late {
  const ensemble = new TestEnsemble(3, { limits }).start().ready().propose('a')
  const leader = ensemble.leader()
  const late = ensemble.followers()[0]!
  ensemble.crash(late.id).settle()
  for (const word of words) ensemble.propose(word)
  ensemble.trace.length = 0
  return { ensemble, leader, late }
}

/** The conversation of the late one with the leader, without votes and pings. */
function conversation({ ensemble, leader, late }: Late): string[] {
  const between = [
    `${String(leader.id)}->${String(late.id)} `,
    `${String(late.id)}->${String(leader.id)} `,
  ]
  return ensemble.trace
    .filter((line) => between.some((way) => line.startsWith(way)))
    .filter((line) => !/ (ping|pong|notification)/.test(line))
    .map((line) => line.slice(line.startsWith(String(leader.id)) ? between[0]!.length : 0))
    .map((line) => line.replace(between[1]!, '<- '))
}

describe('from memory', () => {
  test('the pages behind the common end, then NEWLEADER', () => {
    const late = lateBy(['b', 'c'])

    late.ensemble.start(late.late.id).ready()

    expect(conversation(late).slice(2)).toEqual([
      '<- ack-epoch 1, of epoch 1 up to 1:1',
      'diff after 1:1',
      'proposal 1:2 (b) after 1:1',
      'proposal 1:3 (c) after 1:2',
      'commit 1:3',
      'new-leader 1 ends 1:3',
      '<- diff-ack 1:2',
      '<- diff-ack 1:3',
      '<- ack-new-leader 1:3',
      'up-to-date 1:3',
    ])
  })

  test('ZOOKEEPER-3104: nothing that NEWLEADER speaks for comes after it', () => {
    const late = lateBy(['b', 'c'])

    late.ensemble.start(late.late.id).ready()

    const lines = conversation(late)
    const announced = lines.indexOf('new-leader 1 ends 1:3')
    expect(lines.findLastIndex((line) => line.startsWith('proposal'))).toBeLessThan(announced)
  })

  test('Z15: what is proposed while it is being synchronized comes once, behind its history', () => {
    const late = lateBy(['b'])
    late.late.slowDisk = true
    late.ensemble.start(late.late.id).settle().sync(late.late.id).settle()

    late.ensemble.propose('c')
    late.late.slowDisk = false
    late.ensemble.ready()

    const lines = conversation(late)
    expect(lines.filter((line) => line.startsWith('proposal'))).toEqual([
      'proposal 1:2 (b) after 1:1',
      'proposal 1:3 (c) after 1:2',
    ])
    expect(late.late.machine.applied).toEqual(['a', 'b', 'c'])
  })

  test('Z15: UPTODATE carries the latest commit, not the one that was acknowledged (TLA+ issue 3)', () => {
    const late = lateBy(['b'])
    const slow = late.late
    slow.slowDisk = true
    late.ensemble.start(slow.id).settle()
    while (!late.ensemble.trace.some((line) => line.includes('new-leader'))) {
      late.ensemble.sync(slow.id).settle()
    }

    late.ensemble.propose('c')
    while (slow.nextSync() !== undefined) late.ensemble.sync(slow.id).settle()

    expect(conversation(late)).toContain('<- ack-new-leader 1:2')
    expect(conversation(late)).toContain('up-to-date 1:3')
    expect(slow.machine.applied).toEqual(['a', 'b', 'c'])
  })
})

describe('from the log', () => {
  const limits = { maxWindowBytes: 1, maxLogReadBytes: 1 }

  test('a bounded piece at a time, each behind the ack of the one before', () => {
    const late = lateBy(['b', 'c', 'd'], limits)

    late.ensemble.start(late.late.id).ready()

    expect(conversation(late).slice(3)).toEqual([
      'diff after 1:1',
      'proposal 1:2 (b) after 1:1',
      'commit 1:2',
      '<- diff-ack 1:2',
      'proposal 1:3 (c) after 1:2',
      'commit 1:3',
      '<- diff-ack 1:3',
      'proposal 1:4 (d) after 1:3',
      'commit 1:4',
      '<- diff-ack 1:4',
      'new-leader 1 ends 1:4',
      '<- ack-new-leader 1:4',
      'up-to-date 1:4',
    ])
  })

  test('what others write meanwhile is sent at the end, and nothing twice', () => {
    const late = lateBy(['b', 'c', 'd'], limits)
    late.late.slowDisk = true
    late.ensemble.start(late.late.id).settle()

    for (const word of ['e', 'f', 'g']) {
      late.ensemble.propose(word)
      if (late.late.nextSync() !== undefined) late.ensemble.sync(late.late.id).settle()
    }
    late.late.slowDisk = false
    late.ensemble.ready()

    expect(late.late.machine.applied).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g'])
  })

  test('what is in memory alone is not looked for in the log', () => {
    // The leader's disk lags behind a quorum of faster ones: it has applied what it cannot read back.
    // Such pages were let go of, and a learner that needed them was dropped until the disk had them.
    const ensemble = new TestEnsemble(5, { limits }).start().ready().propose('a')
    const leader = ensemble.leader()
    const late = ensemble.followers()[0]!
    ensemble.crash(late.id).settle()
    leader.slowDisk = true
    ensemble.propose('b').propose('c')
    expect(leader.machine.applied).toEqual(['a', 'b', 'c'])
    ensemble.trace.length = 0

    ensemble.start(late.id).run(300)

    expect(ensemble.trace.filter((line) => line.includes('breaks with'))).toEqual([])
    expect(late.machine.applied).toEqual(['a', 'b', 'c'])
  })

  test('V7: a learner for which the log cannot be kept any longer is dropped', () => {
    const late = lateBy(['b', 'c', 'd'], { ...limits, maxPinnedBytes: 120 })
    late.late.slowDisk = true
    late.ensemble.start(late.late.id).settle()
    while (late.ensemble.sent('proposal').length < 2) late.ensemble.sync(late.late.id).settle()

    for (const word of ['e', 'f', 'g', 'h', 'i']) late.ensemble.propose(word)
    late.ensemble.run(100)

    expect(late.ensemble.trace).toContain(
      `${String(late.leader.id)} breaks with ${String(late.late.id)}: too slow: the log cannot be ` +
        'kept for it any longer',
    )
  })

  test('a log that does not reach back after all ends the attempt, not the leader', () => {
    const late = lateBy(['b', 'c', 'd'], limits)
    late.leader.slowStore = true
    late.ensemble.start(late.late.id).settle()
    // The store lost what it should have kept: the answer to the read is empty.
    late.leader.disk.writeCheckpoint(late.leader.machine.replica.freeze().snapshot)
    late.leader.disk.purge(late.leader.machine.end.last)

    late.leader.slowStore = false
    late.ensemble.settle()

    expect(late.ensemble.trace).toContain(
      `${String(late.leader.id)} breaks with ${String(late.late.id)}: the log no longer reaches back to 1:1`,
    )
    expect(late.leader.standing.ready).toBe(true)
  })

  test('a log that cannot be read at the moment costs the learner its link, and it comes back', () => {
    const late = lateBy(['b', 'c', 'd'], limits)
    late.leader.disk.readFailure = 'EMFILE'
    late.ensemble.start(late.late.id).settle()
    expect(late.ensemble.trace).toContain(
      `${String(late.leader.id)} breaks with ${String(late.late.id)}: the log could not be read: EMFILE`,
    )

    late.leader.disk.readFailure = null
    late.ensemble.ready()

    expect(late.late.machine.applied).toEqual(late.leader.machine.applied)
    expect(late.leader.standing.epoch).toBe(1)
  })
})

describe('by a snapshot', () => {
  const limits = { maxSnapshotChunks: 2 }

  function purged(): Late {
    const late = lateBy(
      ['b', 'c', 'd', 'a-long-word-that-fills-a-chunk', 'and-another-one'],
      limits,
    )
    late.ensemble.checkpointAndPurge(late.leader.id)
    return late
  }

  test('in chunks, no more on their way than the window takes, then the pages behind it', () => {
    const late = purged()
    late.ensemble.propose('behind')

    late.ensemble.start(late.late.id).ready()

    expect(conversation(late).slice(3)).toEqual([
      'snap at 1:6',
      'snap-chunk 0',
      'snap-chunk 1',
      '<- snap-ack 0',
      '<- snap-ack 1',
      'snap-chunk 2',
      'snap-chunk 3, the last',
      '<- snap-ack 2',
      '<- diff-ack 1:6',
      'proposal 1:7 (behind) after 1:6',
      'commit 1:7',
      'new-leader 1 ends 1:7',
      '<- diff-ack 1:7',
      '<- ack-new-leader 1:7',
      'up-to-date 1:7',
    ])
    expect(late.late.machine.applied).toEqual(late.leader.machine.applied)
  })

  test('what both ends hold of it is freed once it is installed', () => {
    const late = purged()

    late.ensemble.start(late.late.id).ready()

    expect(late.leader.closedTransfers).toHaveLength(1)
    expect(late.late.closedTransfers).toHaveLength(1)
  })

  test('M49: a learner that writes slowly gets no more than the window', () => {
    const late = purged()
    late.late.slowStore = true

    late.ensemble.start(late.late.id).run(500)

    expect(late.ensemble.sent('snap-chunk')).toHaveLength(2)
  })

  test('what is read for a learner that has gone is let go of', () => {
    const late = purged()
    late.late.slowStore = true
    late.ensemble.start(late.late.id).settle()
    expect(late.leader.outgoing.size).toBe(1)

    late.ensemble.crash(late.late.id).settle()

    expect(late.leader.outgoing.size).toBe(0)
  })

  test('a leader without a snapshot drops the learner, and stays', () => {
    const late = purged()
    late.leader.disk.snapshot = null

    late.ensemble.start(late.late.id).settle()

    expect(late.ensemble.trace).toContain(
      `${String(late.leader.id)} breaks with ${String(late.late.id)}: no snapshot to send: there is none yet`,
    )
    expect(late.leader.standing.ready).toBe(true)
  })

  test('checkpoints go on while a snapshot is read: the log behind it is kept', () => {
    const late = lateBy(['b', 'c', 'd'], {
      maxSnapshotChunks: 1,
      checkpointZnodes: 1,
      maxRetainedBytes: 0,
      maxWindowBytes: 1,
    })
    late.late.slowStore = true
    late.ensemble.start(late.late.id).settle()

    for (const word of ['e', 'f', 'g']) late.ensemble.propose(word)
    late.late.slowStore = false
    late.ensemble.ready()

    expect(late.ensemble.sent('snap')).toHaveLength(1)
    expect(late.late.machine.applied).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g'])
  })
})

describe('an aborted synchronization', () => {
  test.each([1, 2, 3, 4])(
    'ZOOKEEPER-4785: after %i of its appends leaves nothing to undo',
    (count) => {
      const late = lateBy(['b', 'c', 'd'], { maxWindowBytes: 1, maxLogReadBytes: 1 })
      const { id } = late.late
      late.late.slowDisk = true
      late.ensemble.start(id).settle()
      for (let done = 0; done < count; done += 1) late.ensemble.sync(id).settle()

      late.ensemble.breakLink(id, late.leader.id).settle()
      late.late.slowDisk = false
      late.ensemble.ready().propose('e')

      expect(late.late.machine.applied).toEqual(['a', 'b', 'c', 'd', 'e'])
      expect(late.late.disk.end.last).toBe(late.leader.disk.end.last)
    },
  )

  test('a leader that is left in the middle of its own is only one that was tried', () => {
    const late = lateBy(['b', 'c', 'd'], { maxWindowBytes: 1, maxLogReadBytes: 1 })
    late.late.slowDisk = true
    late.ensemble.start(late.late.id).settle().sync(late.late.id).settle()

    late.ensemble.crash(late.leader.id)
    late.late.slowDisk = false
    late.ensemble.ready()

    expect(late.ensemble.leader().id).not.toBe(late.leader.id)
    expect(late.late.machine.applied).toEqual(['a', 'b', 'c', 'd'])
  })
})

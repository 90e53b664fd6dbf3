/** When the snapshot is brought forward, and what may leave the log behind it. */
import { describe, expect, test } from 'vitest'
import { makeZxid } from '../../src/zxid.ts'
import { TestEnsemble } from './test-ensemble.ts'
import type { TestPeer } from './test-peer.ts'

/** A checkpoint at every page. */
const often = { checkpointZnodes: 1, maxRetainedBytes: 0 }

function founded(limits: ConstructorParameters<typeof TestEnsemble>[1] = {}): TestEnsemble {
  return new TestEnsemble(3, limits).start().ready()
}

describe('a checkpoint', () => {
  test('begins at so many dirty records', () => {
    const ensemble = founded({ limits: { checkpointZnodes: 3 } })
    const { disk } = ensemble.leader()

    ensemble.propose('a').propose('b')
    expect(disk.snapshot).toBeNull()

    ensemble.propose('c')
    expect(disk.snapshot?.words).toEqual(['a', 'b', 'c'])
  })

  test('begins at so many bytes of log', () => {
    const ensemble = founded({ limits: { checkpointLogBytes: 20 } })

    ensemble.propose('a')
    expect(ensemble.leader().disk.snapshot).toBeNull()

    ensemble.propose('b')
    expect(ensemble.leader().disk.snapshot?.words).toEqual(['a'])
  })

  test('begins after so long, if anything changed', () => {
    const ensemble = founded({ limits: { checkpointMs: 1_000 } })
    ensemble.run(3_000)
    expect(ensemble.leader().disk.snapshot).toBeNull()

    ensemble.propose('a')

    expect(ensemble.leader().disk.snapshot?.words).toEqual(['a'])
  })

  test('ZOOKEEPER-4837: holds nothing that is not durable in the own log', () => {
    const ensemble = founded({ limits: often })
    const slow = ensemble.followers()[0]!
    slow.slowDisk = true

    ensemble.propose('a').propose('b')
    expect(ensemble.leader().machine.applied).toEqual(['a', 'b'])
    expect(slow.disk.snapshot).toBeNull()

    ensemble.sync(slow.id).settle()
    expect(slow.disk.snapshot?.words).toEqual(['a'])
  })

  test('never two at once: the next one takes all that has changed meanwhile', () => {
    const ensemble = founded({ limits: often })
    const { id, disk } = ensemble.leader()
    ensemble.peer(id).slowStore = true
    ensemble.propose('a').propose('b').propose('c')
    expect(disk.snapshot).toBeNull()

    ensemble.peer(id).slowStore = false
    ensemble.settle(() => disk.snapshot !== null)
    expect(disk.snapshot?.words).toEqual(['a'])

    ensemble.settle()
    expect(disk.snapshot?.words).toEqual(['a', 'b', 'c'])
  })

  test('what was held back for it is applied when the disk has it, not at the next commit', () => {
    // Committed pages wait while a checkpoint waits for the disk. It begins at the first durable
    // end; the pages behind that end were then forgotten until somebody wrote again, and with them
    // the answers that their writers waited for.
    const ensemble = founded({ limits: { checkpointZnodes: 1 } })
    const slow = ensemble.followers()[0]!
    slow.slowDisk = true
    ensemble.propose('a').propose('b').propose('c')
    const waiting = slow.machine.applied.length

    ensemble.sync(slow.id, 3).settle()

    expect(waiting).toBeLessThan(3)
    expect(slow.machine.applied).toEqual(['a', 'b', 'c'])
  })

  test('a crash in the middle of one leaves the one before', () => {
    const ensemble = founded({ limits: often })
    ensemble.propose('a')
    const peer = ensemble.leader()
    peer.slowStore = true
    ensemble.propose('b').crash(1, 2, 3).settle()
    peer.slowStore = false

    ensemble.start().ready()

    expect(peer.machine.applied).toEqual(['a', 'b'])
  })
})

describe('the log behind it', () => {
  test('goes, but for a stretch that learners may still ask for', () => {
    const ensemble = founded({ limits: { checkpointZnodes: 1, maxRetainedBytes: 80 } })
    const { disk } = ensemble.leader()

    for (const word of ['a', 'b', 'c', 'd', 'e', 'f']) ensemble.propose(word)

    expect(disk.snapshot?.end.last).toBe(makeZxid(1, 6))
    expect(disk.pages.length).toBeGreaterThan(1)
    expect(disk.pages.length).toBeLessThan(5)
  })

  test('stays as long as a learner that is being synchronized needs it', () => {
    const ensemble = founded({
      limits: { checkpointZnodes: 1, maxRetainedBytes: 0, maxWindowBytes: 1, maxLogReadBytes: 1 },
    })
    const late = ensemble.followers()[0] as TestPeer
    const leader = ensemble.leader()
    ensemble.propose('a').crash(late.id).settle()
    leader.slowStore = true
    ensemble.propose('b').propose('c').propose('d')
    late.slowDisk = true
    ensemble.start(late.id).settle()
    leader.slowStore = false

    ensemble.propose('e')
    while (late.nextSync() !== undefined) ensemble.sync(late.id).settle()

    expect(ensemble.sent('snap')).toEqual([])
    expect(late.machine.applied).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('is not kept for one whose word is still to come: an ack of what has gone is no offence', () => {
    // A follower that lagged behind the end of the leader's log was taken for one that acks what was
    // never proposed, and dropped each time it came back: with a log kept short, for ever.
    const ensemble = founded({ limits: often })
    const slow = ensemble.followers()[0]!
    slow.slowDisk = true
    for (const word of ['a', 'b', 'c']) ensemble.propose(word)
    expect(ensemble.leader().disk.pages).toEqual([])
    ensemble.trace.length = 0

    ensemble.sync(slow.id, 2).settle().run(300)

    expect(ensemble.sent('ack')).toEqual([
      `${String(slow.id)}->${String(ensemble.leader().id)} ack 1:1`,
      `${String(slow.id)}->${String(ensemble.leader().id)} ack 1:2`,
    ])
    expect(slow.standing.ready).toBe(true)
  })

  test('the same holds for ACK-LD', () => {
    const ensemble = founded({ limits: often })
    const late = ensemble.followers()[0]!
    ensemble.propose('a').crash(late.id).settle()
    late.slowDisk = true
    ensemble.start(late.id).settle()
    for (const word of ['b', 'c', 'd']) ensemble.propose(word)
    expect(ensemble.leader().disk.pages).toEqual([])

    while (late.nextSync() !== undefined) ensemble.sync(late.id).settle()

    expect(ensemble.trace.filter((line) => line.includes('breaks with'))).toEqual([])
    expect(late.machine.applied).toEqual(['a', 'b', 'c', 'd'])
  })
})

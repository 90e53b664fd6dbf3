/** How a learner's history becomes the leader's, as the learner sees it. */
import { describe, expect, test } from 'vitest'
import type { Limits } from '../../src/limits.ts'
import type { Message } from '../../src/zab/messages.ts'
import type { Page } from '../../src/zab/page.ts'
import { makeZxid } from '../../src/zxid.ts'
import { endOf, LonePeer, pagesOf, recordsOf, votes } from './lone-peer.ts'
import { TestEnsemble } from './test-ensemble.ts'
import type { Move } from './test-network.ts'

const pages = pagesOf([1, 'a', 'b', 'c'])

/** Peer 1, whose log holds these pages, has promised epoch 2 to 3 and told its history. */
function learnerOf(
  held: readonly Page[] = pages,
  applied = 0,
  limits: Partial<Limits> = {},
): LonePeer {
  const learner = new LonePeer(1, { limits, records: recordsOf(1, 3, held) })
  learner.link(2, 3)
  for (const other of [2, 3]) learner.receive(other, votes(3, 1, endOf(held).last))
  const { configuration } = learner.peer.state
  learner.receive(3, { type: 'leader-info', epoch: 2, configuration: configuration! }).sync()
  if (applied > 0) {
    // What it knew to be committed before it came to this leader.
    learner.step(() => learner.peer.state.commit(makeZxid(1, applied), ''))
  }
  learner.done()
  return learner
}

function diff(after: readonly Page[]): Message {
  return { type: 'diff', after: endOf(after) }
}

function trunc(to: readonly Page[]): Message {
  return { type: 'trunc', to: endOf(to) }
}

function newLeader(end: readonly Page[]): Message {
  return { type: 'new-leader', epoch: 2, end: endOf(end).last }
}

function proposals(of: readonly Page[]): Message[] {
  return of.map((page) => ({ type: 'proposal', page }))
}

describe('DIFF', () => {
  test('ZOOKEEPER-3911, 4646: history and epoch are durable before ACK-LD, which acks the history', () => {
    const learner = learnerOf(pages.slice(0, 1))

    learner.receive(3, diff(pages.slice(0, 1)), ...proposals(pages.slice(1)), newLeader(pages))
    expect(learner.done()).toEqual(['appends 1:2 (b) after 1:1, 1:3 (c) after 1:2, currentEpoch 2'])

    learner.sync()
    expect(learner.done()).toEqual(['to 3: ack-new-leader 1:3'])
  })

  test('is applied up to UPTODATE before the peer is synced, a bounded part in each step', () => {
    const learner = learnerOf(pages, 0, { maxAppliedBytes: 1 })
    learner.receive(3, diff(pages), newLeader(pages)).sync()
    learner.done()

    const upToDate: Message = { type: 'up-to-date', committed: endOf(pages).last }
    learner.peer.step(learner.nowMs, () => learner.peer.zab.onMessage(3, upToDate))
    expect(learner.done()).toEqual(['applies 1:1 (a) after 0:0'])
    expect(learner.peer.standing.ready).toBe(false)

    learner.peer.stepAgain(learner.nowMs)
    expect(learner.done()).toEqual(['applies 1:2 (b) after 1:1', 'applies 1:3 (c) after 1:2'])
    expect(learner.peer.standing.ready).toBe(true)
  })

  test('ZOOKEEPER-4643: currentEpoch stands behind the history in the log, never before', () => {
    const learner = learnerOf([])
    learner.receive(3, diff([]), ...proposals(pages), newLeader(pages)).sync()

    const types = learner.peer.disk.records.map(({ type }) => type)

    expect(types.slice(-4)).toEqual(['page', 'page', 'page', 'current-epoch'])
  })

  test('ZOOKEEPER-4394: pages and commits may come between NEWLEADER and its ack', () => {
    const learner = learnerOf()
    const more = pagesOf([1, 'a', 'b', 'c'], [2, 'd'])
    learner.receive(3, diff(pages), newLeader(pages))
    learner.receive(3, ...proposals(more.slice(3)))
    learner.done()

    learner.syncOne().sync()

    expect(learner.done()).toEqual(['to 3: ack-new-leader 1:3', 'to 3: ack 2:1'])
    learner.receive(3, { type: 'up-to-date', committed: endOf(more).last })
    expect(learner.peer.machine.applied).toEqual(['a', 'b', 'c', 'd'])
  })

  test('Z13: a DIFF that would leave a tail behind is refused', () => {
    const learner = learnerOf()

    learner.receive(3, diff(pages.slice(0, 2)))

    expect(learner.done('notification')).toEqual(['breaks with 3: Z13: DIFF leaves a tail behind'])
  })

  test('Z13: a NEWLEADER that ends elsewhere is refused', () => {
    const learner = learnerOf()

    learner.receive(3, diff(pages), newLeader(pages.slice(0, 2)))

    expect(learner.done('notification')).toEqual([
      'breaks with 3: Z13: NEWLEADER ends at 1:2, this log does not',
    ])
  })

  test('a long history is applied as the leader says, before UPTODATE', () => {
    const learner = learnerOf([])

    learner.receive(3, diff([]), ...proposals(pages), {
      type: 'commit',
      upTo: makeZxid(1, 2),
      digest: '',
    })

    expect(learner.peer.machine.applied).toEqual(['a', 'b'])
  })

  test('what a leader on its way sent is history, not state', () => {
    const learner = learnerOf([])

    learner.receive(3, diff([]), ...proposals(pages), newLeader(pages)).sync()

    expect(learner.peer.machine.applied).toEqual([])
  })
})

describe('TRUNC', () => {
  test('ZOOKEEPER-3701: is an append like any other, before everything that follows', () => {
    const learner = learnerOf()
    const other = pagesOf([1, 'a'], [2, 'x'])

    learner.receive(3, trunc(pages.slice(0, 1)), ...proposals(other.slice(1)), newLeader(other))
    expect(learner.done()).toEqual(['appends truncate to 1:1, 2:1 (x) after 1:1, currentEpoch 2'])

    learner.sync()
    expect(learner.peer.disk.pages.map(({ last }) => last)).toEqual([
      makeZxid(1, 1),
      makeZxid(2, 1),
    ])
  })

  test('ZOOKEEPER-5094: one that was broken off leaves what the log holds, nothing else', () => {
    const learner = learnerOf()
    learner
      .receive(3, trunc(pages.slice(0, 1)))
      .unlink(3)
      .sync()

    expect(learner.peer.state.history.end.last).toBe(makeZxid(1, 1))
    expect(learner.done().at(-1)).toBe('to 2: notification votes 1 (epoch 1, 1:1) in round 2')
  })

  test('Z10: below what is applied it stops the peer', () => {
    const learner = learnerOf(pages, 2)

    learner.receive(3, trunc(pages.slice(0, 1)))

    expect(learner.done('notification')).toEqual([
      'fails: D1: the leader cuts the history at 1:1, but it is committed here up to 1:2. Two peers ' +
        'hold different committed histories: keep both directories for analysis, and start this ' +
        'peer on an empty one.',
    ])
  })

  test('up to what is applied it is done', () => {
    const learner = learnerOf(pages, 2)

    learner.receive(3, trunc(pages.slice(0, 2)))

    expect(learner.done()).toEqual(['appends truncate to 1:2'])
  })
})

describe('a place that is not what it seems', () => {
  test('D1: the same zxid with another CRC stops the peer', () => {
    const learner = learnerOf()
    const fork = pagesOf([1, 'a', 'other', 'c'])

    learner.receive(3, diff(fork))

    expect(learner.done('notification')[0]).toContain(
      "fails: D1: the page that ends at 1:3 differs from the leader's",
    )
  })

  test('one that this log does not know, behind what is committed here, stops the peer too', () => {
    // Its log begins behind that place: it was told to cut below its own snapshot, and came back to
    // be told so again, for ever.
    const ensemble = new TestEnsemble(3).start().ready()
    for (const word of ['a', 'b', 'c']) ensemble.propose(word)
    const learner = ensemble.followers()[0]!
    ensemble.checkpointAndPurge(learner.id)

    ensemble.crash(learner.id).settle()
    ensemble.start(learner.id)
    ensemble.settle(() => learner.standing.phase === 'synchronization')
    ensemble.step(learner, () =>
      learner.zab.onMessage(ensemble.leader().id, {
        type: 'trunc',
        to: { last: makeZxid(1, 2), crc: 7 },
      }),
    )

    expect(learner.failures).toEqual(['DIVERGED'])
  })

  test('one beyond what is committed here only ends the conversation', () => {
    const learner = learnerOf()

    learner.receive(3, { type: 'trunc', to: { last: makeZxid(1, 9), crc: 7 } })

    expect(learner.done('notification')).toEqual([
      'breaks with 3: Z13: the histories part at 1:9, which is no page end of this log',
    ])
  })
})

describe('SNAP', () => {
  const at = { last: makeZxid(4, 7), crc: 99 }
  const bytes = Uint8Array.from(`${String(at.last)} ${String(at.crc)} x y z`, (letter) =>
    letter.codePointAt(0)!,
  )

  function chunk(number: number, last: boolean): Message {
    const half = Math.ceil(bytes.length / 2)
    const part = bytes.slice(number * half, (number + 1) * half)
    return { type: 'snap-chunk', number, bytes: part, last }
  }

  test('is written beside the one in use, and switched to by one record', () => {
    const learner = learnerOf(pages, 2)

    learner.receive(3, { type: 'snap', at }, chunk(0, false), chunk(1, true))
    expect(learner.done()).toEqual([])

    learner.answer().answer()
    expect(learner.done()).toEqual(['to 3: snap-ack 0', 'appends snapshot installed at 4:7'])
    expect(learner.peer.machine.applied).toEqual(['a', 'b'])

    learner.sync()
    expect(learner.done()).toEqual(['to 3: diff-ack 4:7'])
    expect(learner.peer.machine.applied).toEqual(['x', 'y', 'z'])
  })

  test('M21, ZOOKEEPER-3642: half of one leaves no trace', () => {
    const learner = learnerOf(pages, 2)
    learner.receive(3, { type: 'snap', at }, chunk(0, false)).sync()
    expect(learner.peer.incoming.size).toBe(1)

    learner.unlink(3).sync()

    expect(learner.peer.incoming.size).toBe(0)
    expect(learner.peer.disk.records.some(({ type }) => type === 'snapshot-installed')).toBe(false)
    expect(learner.peer.state.history.end.last).toBe(makeZxid(1, 3))
    expect(learner.peer.machine.applied).toEqual(['a', 'b'])
  })

  test('a switch that was handed to the log goes on, whatever becomes of the conversation', () => {
    const learner = learnerOf(pages, 2)
    learner.receive(3, { type: 'snap', at }, chunk(0, false), chunk(1, true)).answer().answer()

    learner.unlink(3)
    expect(learner.peer.machine.applied).toEqual(['a', 'b'])
    learner.sync()

    expect(learner.peer.machine.applied).toEqual(['x', 'y', 'z'])
    expect(learner.done('breaks').at(-1)).toBe(
      'to 2: notification votes 1 (epoch 1, 4:7) in round 2',
    )
  })

  test('what was still to be applied when the switch was handed to the log comes with it', () => {
    const learner = learnerOf(pages, 0, { maxAppliedBytes: 1 })
    learner.receive(3, { type: 'snap', at }, chunk(0, false), chunk(1, true)).answer()
    const moves: Move[] = []
    learner.peer.addMoves(moves)

    const commit = (): void => void learner.peer.state.commit(endOf(pages).last, '')
    learner.peer.step(learner.nowMs, commit, moves[0]!.act)
    learner.peer.stepAgain(learner.nowMs)
    expect(learner.peer.machine.applied).toEqual(['a'])
    learner.sync()

    expect(learner.peer.machine.applied).toEqual(['x', 'y', 'z'])
  })

  test('one that stands elsewhere than SNAP said is not switched to', () => {
    const learner = learnerOf()

    learner.receive(3, { type: 'snap', at: { ...at, crc: 98 } }, chunk(0, false), chunk(1, true))
    learner.sync()

    expect(learner.done('notification', 'snap-ack')).toEqual([
      'breaks with 3: the snapshot stands at 4:7, not where SNAP said',
    ])
  })

  test('one that stands behind what is committed here stops the peer', () => {
    const learner = learnerOf(pages, 2)

    learner.receive(3, { type: 'snap', at: { last: makeZxid(1, 1), crc: 1 } })

    expect(learner.done('notification')[0]).toContain(
      "fails: D1: the leader's snapshot stands at 1:1, but it is committed here up to 1:2",
    )
  })

  test('Z14: a chunk out of place breaks the link', () => {
    const learner = learnerOf()

    learner.receive(3, { type: 'snap', at }, chunk(1, true))

    expect(learner.done('notification')).toEqual([
      'breaks with 3: Z14: a snapshot chunk out of place',
    ])
  })

  test('a store that cannot write it ends the conversation, not the peer', () => {
    const learner = learnerOf()
    learner.receive(3, { type: 'snap', at })
    const transfer = 1

    learner.step(() => learner.peer.zab.onSnapshotFailed(transfer, 'the disk is full'))

    expect(learner.done('notification')).toEqual([
      'breaks with 3: the snapshot could not be received: the disk is full',
    ])
  })
})

describe('out of place', () => {
  test.each<[string, Message, string]>([
    ['a page', proposals(pages)[0]!, 'Z14: a page before DIFF, TRUNC or the end of SNAP'],
    ['NEWLEADER', newLeader(pages), 'Z14: NEWLEADER out of place'],
    ['UPTODATE', { type: 'up-to-date', committed: makeZxid(1, 3) }, 'Z14: UPTODATE before ACK-LD'],
    [
      'COMMIT',
      { type: 'commit', upTo: makeZxid(1, 3), digest: '' },
      'Z14: COMMIT before DIFF, TRUNC or the end of SNAP',
    ],
    [
      'what only learners say',
      { type: 'ack', upTo: makeZxid(1, 3) },
      'Z14: a leader never sends ack',
    ],
  ])('Z14: %s before a plan breaks the link', (_, message, reason) => {
    const learner = learnerOf()

    learner.receive(3, message)

    expect(learner.done('notification')).toEqual([`breaks with 3: ${reason}`])
  })

  test('Z14: a second plan breaks the link', () => {
    const learner = learnerOf()

    learner.receive(3, diff(pages), diff(pages))

    expect(learner.done('notification')).toEqual(['breaks with 3: Z14: diff a second time'])
  })
})

import { describe, expect, test } from 'vitest'
import { noPage, type Message, type Page, type PeerId } from '@conclave/core/internal'
import { Amnesia } from '../../src/invariants/z19-amnesia.ts'
import { AckIsDurable } from '../../src/invariants/z12-ack-is-durable.ts'
import { CommitMatch } from '../../src/invariants/z15-commit-match.ts'
import { CommitOnQuorum } from '../../src/invariants/z9-commit-on-quorum.ts'
import { CommittedSurvives } from '../../src/invariants/z10-committed-survives.ts'
import { EpochsNeverDecrease } from '../../src/invariants/z2-epochs-never-decrease.ts'
import { EpochUniqueness } from '../../src/invariants/z1-epoch-uniqueness.ts'
import { GlobalPrimaryOrder } from '../../src/invariants/z7-global-primary-order.ts'
import { Integrity } from '../../src/invariants/z4-integrity.ts'
import { LeaderCompleteness } from '../../src/invariants/z11-leader-completeness.ts'
import { PrefixConsistency } from '../../src/invariants/z3-prefix-consistency.ts'
import { StateOrdering } from '../../src/invariants/z17-state-ordering.ts'
import { SyncTarget } from '../../src/invariants/z13-sync-target.ts'
import { ZxidRollover } from '../../src/invariants/z16-zxid-rollover.ts'
import { LogImage } from '../../src/log-image.ts'
import { chain, idleTxn, pageAt, zxid } from '../pages.ts'
import { asRecords, leading, logOf, peer, step, SyntheticRun, view } from './observed.ts'

const pages = chain('1:1', '1:2', '1:3')
const [first, second, third] = pages as [Page, Page, Page]
/** Ends where `second` does, and is another page. */
const fork = pageAt('1:2', pages[0], [idleTxn(99)])

function looking(from: PeerId, fields: object): Message {
  const claims = { round: 1, established: false, leadingEpoch: 0, empty: false, votes: true }
  const vote = { leader: from, epoch: 1, last: zxid('1:2') }
  return {
    type: 'notification',
    role: 'looking',
    asks: false,
    configuration: null,
    vote,
    ...claims,
    ...fields,
  }
}

describe('Z1', () => {
  test('the same leader may be seen again, another of its epoch may not', () => {
    const invariant = new EpochUniqueness()
    invariant.onStep(step(peer(1), view(), leading(3)))
    invariant.onStep(step(peer(1), view(), leading(3)))
    invariant.onStep(step(peer(2), view(), leading(4)))

    expect(() => invariant.onStep(step(peer(2), view(), leading(3)))).toThrow(/^Z1:/)
  })

  test('the same peer, started again, is another leader', () => {
    const invariant = new EpochUniqueness()
    invariant.onStep(step(peer(1), view(), leading(3)))

    const again = step(peer(1, { incarnation: 2 }), view(), leading(3))
    expect(() => invariant.onStep(again)).toThrow(/^Z1:/)
  })
})

describe('Z2', () => {
  function promised(accepted: number, current: number): LogImage {
    const image = new LogImage()
    image.apply({ type: 'accepted-epoch', epoch: accepted, leader: 1 })
    image.apply({ type: 'current-epoch', epoch: current })
    return image
  }
  const ackEpoch: Message = {
    type: 'ack-epoch',
    epoch: 5,
    currentEpoch: 4,
    end: noPage,
    epochEnds: [],
  }

  test.each([
    ['acceptedEpoch falls', promised(4, 4)],
    ['currentEpoch falls', promised(5, 3)],
    ['currentEpoch passes acceptedEpoch', promised(5, 6)],
  ])('%s', (_name, durable) => {
    const invariant = new EpochsNeverDecrease()
    invariant.onDurable(peer(1, { durable: promised(5, 4) }))

    expect(() => invariant.onDurable(peer(1, { durable }))).toThrow(/^Z2:/)
  })

  test('a peer that lost its store begins anew', () => {
    const invariant = new EpochsNeverDecrease()
    invariant.onDurable(peer(1, { durable: promised(5, 4) }))
    invariant.onStop(peer(1), true)

    expect(() => invariant.onDurable(peer(1, { durable: promised(2, 2) }))).not.toThrow()
  })

  test('an epoch is promised to one leader', () => {
    const invariant = new EpochsNeverDecrease()
    const from = peer(1, { durable: promised(5, 4) })
    invariant.onSend(from, 2, ackEpoch)

    expect(() => invariant.onSend(from, 3, ackEpoch)).toThrow(/^Z2:/)
  })

  test('a promise that is not durable', () => {
    const from = peer(1, { durable: promised(4, 4) })

    expect(() => new EpochsNeverDecrease().onSend(from, 2, ackEpoch)).toThrow(/^Z2:/)
  })
})

describe('Z3', () => {
  test('a peer commits another page than the committed one', () => {
    const invariant = new PrefixConsistency(new SyntheticRun().commit(first, second))
    const other = peer(2, { appended: logOf(first, fork) })
    const after = view({ lastCommitted: zxid('1:2') })

    expect(() => invariant.onStep(step(other, view(), after))).toThrow(/^Z3:/)
  })

  test('a peer commits where no page ends', () => {
    const invariant = new PrefixConsistency(new SyntheticRun().commit(first))
    const after = view({ lastCommitted: zxid('1:2') })

    expect(() => invariant.onStep(step(peer(2), view(), after))).toThrow(/^Z3:/)
  })

  test('a page is committed that does not follow the committed log', () => {
    const invariant = new PrefixConsistency(new SyntheticRun().commit(first))

    expect(() => invariant.onCommitted(peer(1), second)).not.toThrow()
    expect(() => invariant.onCommitted(peer(1), third)).toThrow(/^Z3:/)
  })
})

describe('Z4', () => {
  test('two pages of different content end at one zxid', () => {
    const invariant = new Integrity()
    invariant.onAppend(peer(1), asRecords(first, second))
    invariant.onAppend(peer(2), asRecords(first, second))

    expect(() => invariant.onAppend(peer(2), asRecords(fork))).toThrow(/^Z4:/)
  })

  test('a page that the leader of its epoch did not make', () => {
    const invariant = new Integrity()
    invariant.onAppend(peer(1), asRecords(first))

    expect(() => invariant.onAppend(peer(2), asRecords(second))).toThrow(/^Z4:/)
  })
})

describe('Z7', () => {
  test('an epoch that is over commits a page', () => {
    const invariant = new GlobalPrimaryOrder()
    invariant.onCommitted(peer(1), pageAt('2:1'))

    expect(() => invariant.onCommitted(peer(1), pageAt('1:1'))).toThrow(/^Z7:/)
  })
})

describe('Z9', () => {
  const holding = (id: PeerId): ReturnType<typeof peer> =>
    peer(id, { durable: logOf(first, second) })

  test('one durable log of three is no quorum, two are', () => {
    const two = new SyntheticRun().add(holding(1), holding(2), peer(3))
    const one = new SyntheticRun().add(holding(1), peer(2), peer(3))

    expect(() => new CommitOnQuorum(two).onCommitted(peer(1), second)).not.toThrow()
    expect(() => new CommitOnQuorum(one).onCommitted(peer(1), second)).toThrow(/^Z9:/)
  })

  test('an observer does not count', () => {
    const run = new SyntheticRun().add(holding(1), peer(2), holding(4))

    expect(() => new CommitOnQuorum(run).onCommitted(peer(1), second)).toThrow(/^Z9:/)
  })

  test('a peer that lost its store counts with what it had', () => {
    const amnesiac = { ...peer(2), isAmnesiac: true, lost: [logOf(first), logOf()] }
    const run = new SyntheticRun().add(holding(1), amnesiac, peer(3))

    expect(() => new CommitOnQuorum(run).onCommitted(peer(1), first)).not.toThrow()
    expect(() => new CommitOnQuorum(run).onCommitted(peer(1), second)).toThrow(/^Z9:/)
  })

  test('a peer that lost its store counts with what it has again', () => {
    const amnesiac = { ...holding(2), isAmnesiac: true, lost: [logOf(first)] }
    const run = new SyntheticRun().add(holding(1), amnesiac, peer(3))

    expect(() => new CommitOnQuorum(run).onCommitted(peer(1), second)).not.toThrow()
  })
})

describe('Z10', () => {
  test('a committed page is cut', () => {
    const invariant = new CommittedSurvives(new SyntheticRun().commit(first, second))
    const from = peer(1, { appended: logOf(first, second, third) })

    expect(() => invariant.onAppend(from, [{ type: 'truncate', to: second }])).not.toThrow()
    expect(() => invariant.onAppend(from, [{ type: 'truncate', to: first }])).toThrow(/^Z10:/)
  })

  test('a snapshot is installed that stands before a committed page', () => {
    const invariant = new CommittedSurvives(new SyntheticRun().commit(first, second))
    const from = peer(1, { appended: logOf(first, second) })
    const installed = { type: 'snapshot-installed', at: first } as const

    expect(() => invariant.onAppend(from, [installed])).toThrow(/^Z10:/)
  })

  test('a peer has not applied everything in the end', () => {
    const invariant = new CommittedSurvives(new SyntheticRun().add(peer(1)).commit(first, second))
    invariant.onStep(step(peer(1), view(), view({ lastApplied: zxid('1:1') })))

    expect(() => invariant.atEnd()).toThrow(/^Z10:/)
  })
})

describe('Z11', () => {
  test('a leader is established without what was committed before', () => {
    const invariant = new LeaderCompleteness(new SyntheticRun().commit(first, second))
    const whole = peer(1, { durable: logOf(first, second) })
    const behind = peer(2, { durable: logOf(first) })

    expect(() => invariant.onStep(step(whole, view(), leading(2)))).not.toThrow()
    expect(() => invariant.onStep(step(behind, view(), leading(3)))).toThrow(/^Z11:/)
  })
})

describe('Z12', () => {
  const from = peer(1, { durable: logOf(first), appended: logOf(first, second) })
  const upTo = zxid('1:2')

  test.each<[string, Message]>([
    ['ACK', { type: 'ack', upTo }],
    ['ACK-LD', { type: 'ack-new-leader', epoch: 0, upTo }],
    ['ACK-LD, of an epoch', { type: 'ack-new-leader', epoch: 1, upTo: zxid('1:1') }],
    ['ACK-E', { type: 'ack-epoch', epoch: 0, currentEpoch: 0, end: second, epochEnds: [] }],
    ['LEADERINFO', { type: 'leader-info', epoch: 4, configuration: null as never }],
    ['a vote', looking(1, {})],
  ])('%s speaks for what is not durable', (_name, message) => {
    expect(() => new AckIsDurable().onSend(from, 2, message)).toThrow(/^Z12:/)
  })

  test('what is durable may be said', () => {
    const invariant = new AckIsDurable()

    expect(() => invariant.onSend(from, 2, { type: 'ack', upTo: zxid('1:1') })).not.toThrow()
  })
})

describe('Z13', () => {
  test('ZOOKEEPER-3701: a learner joins with a page that its leader does not have', () => {
    const leader = peer(1, { appended: logOf(first, second) })
    leader.appended.apply({ type: 'accepted-epoch', epoch: 2, leader: 1 })
    leader.appended.apply({ type: 'current-epoch', epoch: 2 })
    const invariant = new SyncTarget(new SyntheticRun().add(leader))
    const ack: Message = { type: 'ack-new-leader', epoch: 2, upTo: zxid('1:2') }

    const equal = peer(2, { durable: logOf(first, second) })
    expect(() => invariant.onSend(equal, 1, ack)).not.toThrow()
    const forked = peer(2, { durable: logOf(first, fork) })
    expect(() => invariant.onSend(forked, 1, ack)).toThrow(/^Z13:/)
  })
})

describe('Z15', () => {
  const sent = (...messages: readonly Message[]): CommitMatch => {
    const invariant = new CommitMatch()
    for (const message of messages) invariant.onSend(peer(1), 2, message)
    return invariant
  }
  const opening: Message[] = [
    { type: 'diff', after: noPage },
    { type: 'proposal', page: first },
  ]

  test('a COMMIT of what its receiver was not sent', () => {
    const commit = { type: 'commit', upTo: zxid('1:2'), digest: '' } as const

    expect(() => sent(...opening, commit)).toThrow(/^Z15:/)
    expect(() => sent(...opening, { type: 'proposal', page: second }, commit)).not.toThrow()
  })

  test.each<[string, (invariant: CommitMatch) => void]>([
    [
      'link',
      (invariant) =>
        invariant.onStep(
          step(peer(1), view(), view(), [{ type: 'link-down', peer: 2, reason: '' }]),
        ),
    ],
    ['start of the sender', (invariant) => invariant.onStart(peer(1))],
  ])('a COMMIT of what was sent before the last %s', (_name, end) => {
    const invariant = sent(...opening)
    const commit = { type: 'commit', upTo: zxid('1:1'), digest: '' } as const
    expect(() => invariant.onSend(peer(1), 2, commit)).not.toThrow()

    end(invariant)
    expect(() => invariant.onSend(peer(1), 2, commit)).toThrow(/^Z15:/)
  })

  test('a NEWLEADER that does not end what was sent', () => {
    expect(() => sent(...opening, { type: 'new-leader', epoch: 1, end: zxid('1:2') })).toThrow(
      /^Z15:/,
    )
  })

  test('an UPTODATE that carries an older commit than its leader has', () => {
    const invariant = sent(...opening)
    const committed = view({ lastCommitted: zxid('1:2') })
    invariant.onStep(step(peer(1), committed, committed))
    const upToDate: Message = { type: 'up-to-date', committed: zxid('1:1') }

    expect(() => invariant.onSend(peer(1), 2, upToDate)).toThrow(/^Z15:/)
  })
})

describe('Z16', () => {
  test('ZOOKEEPER-1277: a counter passes its limit', () => {
    const invariant = new ZxidRollover(2)

    expect(() => invariant.onAppend(peer(1), asRecords(first, second))).not.toThrow()
    expect(() => invariant.onAppend(peer(1), asRecords(third))).toThrow(/^Z16:/)
  })
})

describe('Z17', () => {
  const at = (text: string): { readonly last: ReturnType<typeof zxid>; readonly crc: number } => ({
    last: zxid(text),
    crc: 0,
  })
  const [one, two] = [zxid('1:1'), zxid('1:2')]

  test.each([
    [
      'applied passes committed',
      peer(1),
      view({ lastApplied: two, lastCommitted: one, lastLogged: two }),
    ],
    ['committed passes logged', peer(1), view({ lastCommitted: two, lastLogged: one })],
    [
      'the snapshot passes applied',
      peer(1, { snapshotEnd: at('1:2') }),
      view({ lastApplied: one, lastCommitted: two, lastLogged: two }),
    ],
    [
      'the core takes for durable what is not',
      peer(1, { durable: logOf(first) }),
      view({ lastDurable: two, lastLogged: two }),
    ],
  ])('%s', (_name, from, after) => {
    expect(() => new StateOrdering().onStep(step(from, view(), after))).toThrow(/^Z17:/)
  })

  test.each([{ lastApplied: two }, { lastCommitted: two }])('%j goes back', (fields) => {
    const all = { lastApplied: one, lastCommitted: one, lastLogged: two }
    const back = step(peer(1), view({ ...all, lastCommitted: two, ...fields }), view(all))

    expect(() => new StateOrdering().onStep(back)).toThrow(/^Z17:.* goes back/)
  })
})

describe('Z19', () => {
  const amnesiac = peer(2, { isAmnesiac: true })

  test.each<[string, Message]>([
    ['votes', looking(2, {})],
    ['counts', { type: 'follower-info', acceptedEpoch: 0, counts: true } as Message],
    ['makes an epoch', { type: 'leader-info', epoch: 4, configuration: null as never }],
  ])('a peer that lost its store %s', (_name, message) => {
    const invariant = new Amnesia(new SyntheticRun().commit(first))

    expect(() => invariant.onSend(amnesiac, 1, message)).toThrow(/^Z19:/)
    expect(() => invariant.onSend(peer(2), 1, message)).not.toThrow()
  })

  test('before there is anything to lose, an empty peer may found', () => {
    const invariant = new Amnesia(new SyntheticRun())

    expect(() => invariant.onSend(amnesiac, 1, looking(2, {}))).not.toThrow()
  })
})

/** What must not pass when the members of an ensemble change. */
import { describe, expect, test } from 'vitest'
import { noPage, type Page, type PeerId, type Txn } from '@conclave/core/internal'
import { CommitOnQuorum } from '../../src/invariants/z9-commit-on-quorum.ts'
import { Membership } from '../../src/invariants/z18-membership.ts'
import { idleTxn, pageAt, zxid } from '../pages.ts'
import { tinyCodec } from '../tiny-codec.ts'
import { asRecords, logOf, peer, step, SyntheticRun, view } from './observed.ts'

describe('a change of the members', () => {
  const changing = (version: number, at: string, previous: Page | undefined, voters: number[]) => {
    const members = voters.map((id) => ({ id, role: 'voter' as const }))
    const configuration = { ensembleId: 1, version, members }
    const txn: Txn = { ...idleTxn(), type: 'configure', configuration }
    return {
      ...{ txn, configuration },
      page: tinyCodec.encode({
        first: zxid(at),
        previous: previous ?? noPage,
        reconfigures: true,
        txns: [txn],
      }),
    }
  }
  const founding = changing(1, '1:1', undefined, [1, 2, 3])
  const next = changing(2, '1:2', founding.page, [3, 4, 5])
  const later = changing(3, '1:3', next.page, [5])
  const holding = (id: PeerId, ...held: Page[]) => peer(id, { durable: logOf(...held) })

  /** The founding page is committed, and these hold the change behind it. */
  function heldBy(...ids: PeerId[]): SyntheticRun {
    const run = new SyntheticRun().commit(founding.page)
    run.apply(zxid('1:1'), founding.txn)
    return run.add(...ids.map((id) => holding(id, founding.page, next.page)))
  }

  test.each([
    ['all of the old and one of the new', [1, 2, 3]],
    ['all of the new and one of the old', [3, 4, 5]],
  ])('Z9: %s are no quorum of both', (_, ids) => {
    const invariant = new CommitOnQuorum(heldBy(...ids))

    expect(() => invariant.onCommitted(peer(3), next.page)).toThrow(/^Z9:/)
  })

  test('Z9: a quorum of each is one, and the new one counts from then on', () => {
    const run = heldBy(2, 3, 4)
    const invariant = new CommitOnQuorum(run)
    expect(() => invariant.onCommitted(peer(3), next.page)).not.toThrow()

    run.apply(zxid('1:2'), next.txn)
    const behind = pageAt('1:3', next.page)
    const held = [founding.page, next.page, behind]
    run.add(holding(1, ...held), holding(2, ...held), holding(3, ...held))
    expect(() => invariant.onCommitted(peer(3), behind)).toThrow(/^Z9:/)
  })

  test('Z9: weights and groups count, in the old and in the new', () => {
    const { configuration, txn } = founding
    const heavy = configuration.members.map((one) => (one.id === 1 ? { ...one, weight: 3 } : one))
    const run = heldBy(2, 3, 4, 5)
    run.model.apply(
      { ...txn, configuration: { ...configuration, version: 2, members: heavy } },
      zxid('1:2'),
    )
    const invariant = new CommitOnQuorum(run)

    expect(() => invariant.onCommitted(peer(3), next.page)).toThrow(
      /^Z9:.* 2,3,4,5 of the members 1 voter of weight 3, 2 voter, 3 voter$/,
    )
    run.add(holding(1, founding.page, next.page))
    expect(() => invariant.onCommitted(peer(3), next.page)).not.toThrow()
  })

  test('Z18: what is in force is what the log ends with', () => {
    const invariant = new Membership(heldBy())
    const learner = peer(1, { appended: logOf(founding.page, next.page) })
    const having = ({ configuration }: typeof next) =>
      step(learner, view(), view({ configuration }))

    expect(() => invariant.onStep(having(next))).not.toThrow()
    expect(() => invariant.onStep(having(founding))).toThrow(/^Z18:/)
  })

  test('Z18: nothing is proposed behind a change that is not committed', () => {
    const run = heldBy()
    const leader = peer(3, { appended: logOf(founding.page, next.page) })

    expect(() => new Membership(run).onAppend(leader, asRecords(later.page))).toThrow(/^Z18:/)
    run.commit(next.page)
    expect(() => new Membership(run).onAppend(leader, asRecords(later.page))).not.toThrow()
  })

  test('Z18: the versions of what is committed rise by one', () => {
    const invariant = new Membership(heldBy())

    expect(() => invariant.onCommitted(peer(3), next.page)).not.toThrow()
    expect(() => invariant.onCommitted(peer(3), later.page)).toThrow(/^Z18:/)
  })
})

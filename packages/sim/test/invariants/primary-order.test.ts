import { describe, expect, test } from 'vitest'
import type { CoreView, Effect, Page } from '@conclave/core/internal'
import { IllegalMessage } from '../../src/invariants/z14-illegal-message.ts'
import { LocalPrimaryOrder } from '../../src/invariants/z6-local-primary-order.ts'
import { PrimaryIntegrity } from '../../src/invariants/z8-primary-integrity.ts'
import type { Step } from '../../src/observation.ts'
import { chain, idleTxn, pageAt, zxid } from '../pages.ts'
import { asRecords, leading, logOf, peer, step, SyntheticRun, view } from './observed.ts'

const [first, second, third] = chain('1:1', '1:2', '1:3') as [Page, Page, Page]

describe('Z6', () => {
  test('a page is delivered without the one that its leader broadcast before it', () => {
    const invariant = new LocalPrimaryOrder()
    invariant.onAppend(peer(1), asRecords(first, second, third))
    const whole = peer(2, { appended: logOf(first, second, third) })
    const applied = view({ lastApplied: zxid('1:3') })
    expect(() => invariant.onStep(step(whole, view(), applied))).not.toThrow()

    const holed = peer(3)
    holed.appended.between = () => [first, third]
    expect(() => invariant.onStep(step(holed, view(), applied))).toThrow(/^Z6:/)
  })
})

describe('Z8', () => {
  test('a leader broadcasts before it has applied what was committed before its epoch', () => {
    const append = (page: Page): Effect => ({
      type: 'append-log',
      seq: 1,
      records: asRecords(page),
    })
    const next = pageAt('2:1', second, [idleTxn(4)])
    const invariant = new PrimaryIntegrity(new SyntheticRun().commit(first, second))
    const [whole, behind] = ['1:2', '1:1'].map((lastApplied) =>
      leading(2, { lastApplied: zxid(lastApplied) }),
    ) as [CoreView, CoreView]

    expect(() => invariant.onStep(step(peer(1), behind, behind, [], [append(next)]))).toThrow(
      /^Z8:/,
    )
    const sound = new PrimaryIntegrity(new SyntheticRun().commit(first, second))
    expect(() => sound.onStep(step(peer(1), whole, whole, [], [append(next)]))).not.toThrow()
  })
})

describe('Z14', () => {
  test('a link is broken since a message was out of place', () => {
    const hangUp = (reason: string): Step =>
      step(peer(1), view(), view(), [], [{ type: 'disconnect', peer: 2, reason }])

    expect(() => new IllegalMessage().onStep(hangUp('Z14: LEADERINFO twice'))).toThrow(/^Z14:/)
    expect(() => new IllegalMessage().onStep(hangUp('silent for too long'))).not.toThrow()
  })
})

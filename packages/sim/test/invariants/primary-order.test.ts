import { describe, expect, test } from 'vitest'
import {
  noPage,
  type CoreView,
  type Effect,
  type Event,
  type Message,
  type Page,
} from '@conclave/core/internal'
import { IllegalMessage } from '../../src/invariants/z14-illegal-message.ts'
import { LocalPrimaryOrder } from '../../src/invariants/z6-local-primary-order.ts'
import { PrimaryIntegrity } from '../../src/invariants/z8-primary-integrity.ts'
import { TotalOrder } from '../../src/invariants/z5-total-order.ts'
import type { Step } from '../../src/observation.ts'
import { chain, idleTxn, pageAt, zxid } from '../pages.ts'
import { asRecords, leading, logOf, peer, step, SyntheticRun, view } from './observed.ts'

const pages = chain('1:1', '1:2', '1:3')
const [first, second, third] = pages as [Page, Page, Page]

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

describe('Z5', () => {
  test.each([
    ['a counter is left out', pageAt('1:4', pages[1])],
    ['an epoch does not begin with 1', pageAt('2:2', pages[1])],
    ['a zxid falls', pageAt('1:1', pages[1])],
  ])('%s', (_name, page) => {
    expect(() => new TotalOrder().onAppend(peer(1), asRecords(page))).toThrow(/^Z5:/)
  })

  test('ZOOKEEPER-4925: a hole in what a learner is sent', () => {
    const invariant = new TotalOrder()
    const proposal = (page: Page): Message => ({ type: 'proposal', page })
    invariant.onSend(peer(1), 2, { type: 'diff', after: noPage })
    invariant.onSend(peer(1), 2, proposal(first))

    expect(() => invariant.onSend(peer(1), 2, proposal(third))).toThrow(/^Z5:/)
  })

  test('what was sent on a link that is gone counts for nothing on the next', () => {
    const invariant = new TotalOrder()
    const linkDown: Event = { type: 'link-down', peer: 2, reason: '' }
    invariant.onSend(peer(1), 2, { type: 'diff', after: noPage })
    invariant.onStep(step(peer(1), view(), view(), [linkDown]))

    const proposal = { type: 'proposal', page: first } as const
    expect(() => invariant.onSend(peer(1), 2, proposal)).toThrow(/^Z5:/)
  })
})

describe('Z14', () => {
  test('a link is broken since a message was out of place', () => {
    const hangUp = (reason: string): Step =>
      step(peer(1), view(), view(), [], [{ type: 'disconnect', peer: 2, reason }])

    expect(() => new IllegalMessage().onStep(hangUp('Z14: LEADERINFO twice'))).toThrow(/^Z14:/)
    expect(() => new IllegalMessage().onStep(hangUp('Z5: page 1:2 follows 1:0'))).toThrow(/^Z5:/)
    expect(() => new IllegalMessage().onStep(hangUp('silent for too long'))).not.toThrow()
  })
})

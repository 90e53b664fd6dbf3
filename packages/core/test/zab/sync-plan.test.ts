/** How a learner's history becomes the leader's, decided from page ends alone. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { History } from '../../src/zab/history.ts'
import { noPage, type Page } from '../../src/zab/page.ts'
import { planSync, type SyncPlan } from '../../src/zab/sync-plan.ts'
import { formatZxid } from '../../src/zxid.ts'
import { endOf, pagesOf } from './lone-peer.ts'

function historyOf(pages: readonly Page[], purgedCount = 0): History {
  const history = new History(noPage, [], [], 0)
  pages.forEach((page, at) => history.append(page, at + 1))
  if (purgedCount > 0) history.purge(endOf(pages.slice(0, purgedCount)).last)
  return history
}

function plan(leader: History, learner: History): string {
  const decided = planSync(leader, learner.end, learner.epochEnds())
  switch (decided.type) {
    case 'diff':
      return `diff after ${formatZxid(decided.after.last)}`
    case 'trunc':
      return `trunc to ${formatZxid(decided.to.last)}`
    case 'snap':
      return 'snap'
  }
}

const leader = pagesOf([1, 'a', 'b', 'c'], [2, 'd'], [4, 'e', 'f'])

describe('a leader whose log is whole', () => {
  test.each([
    ['the same history', leader, 'diff after 4:2'],
    ['an empty one', [], 'diff after 0:0'],
    ['a prefix', leader.slice(0, 2), 'diff after 1:2'],
    ['a prefix up to the end of an epoch', leader.slice(0, 4), 'diff after 2:1'],
    ['a tail of the same epoch', pagesOf([1, 'a', 'b', 'c'], [2, 'd', 'x']), 'trunc to 2:1'],
    ['a tail of an epoch of its own', pagesOf([1, 'a', 'b', 'c'], [3, 'x', 'y']), 'trunc to 1:3'],
    ['a tail behind a shorter epoch', pagesOf([1, 'a', 'b'], [3, 'x']), 'trunc to 1:2'],
    ['nothing in common', pagesOf([3, 'x', 'y']), 'trunc to 0:0'],
    ['a greater zxid than any here', pagesOf([1, 'a'], [5, 'x']), 'trunc to 1:1'],
  ])('ZOOKEEPER-1154: %s', (_, learner, expected) => {
    expect(plan(historyOf(leader), historyOf(learner))).toBe(expected)
  })
})

describe('a leader whose log has let go of its beginning', () => {
  test.each([
    ['what lies within the log', leader.slice(0, 4), 3, 'diff after 2:1'],
    ['where the log begins', leader.slice(0, 3), 3, 'diff after 1:3'],
    ['what lies before', leader.slice(0, 2), 3, 'snap'],
    ['an empty history', [], 1, 'snap'],
    [
      'a tail that parts where the log begins',
      pagesOf([1, 'a', 'b', 'c'], [3, 'x']),
      3,
      'trunc to 1:3',
    ],
    ['a tail that parts before', pagesOf([1, 'a', 'b'], [3, 'x']), 3, 'snap'],
  ])('ZOOKEEPER-1156: %s', (_, learner, purgedCount, expected) => {
    expect(plan(historyOf(leader, purgedCount), historyOf(learner))).toBe(expected)
  })

  test('a learner whose own log begins later than the common end is cut, not sent a snapshot', () => {
    const learner = historyOf(pagesOf([1, 'a', 'b', 'c'], [2, 'd', 'x']), 4)

    expect(plan(historyOf(leader, 2), learner)).toBe('trunc to 2:1')
  })
})

test('ZOOKEEPER-2832: the same zxid with another CRC is named, for the learner to find out', () => {
  const fork = pagesOf([1, 'a', 'other', 'c'])
  const { type, after } = planSync(
    historyOf(leader),
    endOf(fork),
    historyOf(fork).epochEnds(),
  ) as Extract<SyncPlan, { type: 'diff' }>

  expect(type).toBe('diff')
  expect(after.last).toBe(endOf(fork).last)
  expect(after.crc).not.toBe(endOf(fork).crc)
})

/** Histories that a run can lead to: each epoch begins behind some prefix of one before it. */
const forest = fc
  .array(
    fc.record({ parent: fc.nat(20), keep: fc.nat(12), words: fc.integer({ min: 1, max: 4 }) }),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  .map((epochs) => {
    const histories: Page[][] = [[]]
    epochs.forEach(({ parent, keep, words }, at) => {
      const base = histories[parent % histories.length]?.slice(0, keep) ?? []
      const names = Array.from({ length: words }, (_, word) => `e${String(at)}w${String(word)}`)
      const own = pagesOf([at + 1, ...names])
      histories.push([...base, ...rechain(base, own)])
    })
    return histories
  })

/** The same words, behind another page. */
function rechain(base: readonly Page[], own: readonly Page[]): Page[] {
  const chained: Page[] = []
  for (const page of own) {
    const previous = chained.at(-1) ?? base.at(-1) ?? noPage
    const { last: previousLast, crc: previousCrc } = previous
    chained.push({ ...page, previousLast, previousCrc, crc: page.crc ^ previousCrc })
  }
  return chained
}

test('Z13: whatever the two histories, the plan leads from one to the other', () => {
  fc.assert(
    fc.property(forest, fc.nat(), fc.nat(), fc.nat(20), fc.nat(20), (all, i, j, from, upTo) => {
      const leaderPages = all[i % all.length] ?? []
      // A learner can stop anywhere in a history.
      const learnerPages = (all[j % all.length] ?? []).slice(0, upTo)
      const ours = historyOf(leaderPages, Math.min(from, leaderPages.length))
      const theirs = historyOf(learnerPages)

      const decided = planSync(ours, theirs.end, theirs.epochEnds())

      if (decided.type === 'snap') {
        // Only when no place that both have lies in the leader's log.
        const common = learnerPages.filter((page) => ours.find(page.last)?.crc === page.crc)
        expect([...common, ...(ours.start.last === 0 ? [noPage] : [])]).toEqual([])
        return
      }
      const at = decided.type === 'diff' ? decided.after : decided.to
      const kept = learnerPages.filter(({ last }) => last <= at.last)
      const sent = leaderPages.filter(({ last }) => last > at.last)
      expect([...kept, ...sent].map(({ crc }) => crc)).toEqual(leaderPages.map(({ crc }) => crc))
      expect(decided.type).toBe(kept.length === learnerPages.length ? 'diff' : 'trunc')
    }),
  )
})

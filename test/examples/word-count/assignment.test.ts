import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  planAssignment,
  queuesAreEqual,
  splitIntoRanges,
  type Assignment,
} from '../../../examples/word-count/assignment.ts'

function assignmentOf(queues: Readonly<Record<string, readonly number[]>>): Assignment {
  return new Map(Object.entries(queues))
}

function upTo(end: number): number[] {
  return Array.from({ length: end }, (_, range) => range)
}

describe('ranges', () => {
  test('every file is in exactly one range, in the order of the list', () => {
    fc.assert(
      fc.property(fc.nat(200_000), (fileCount) => {
        const ranges = splitIntoRanges(fileCount)
        const joins = ranges.map(({ first }, place) => first === (ranges[place - 1]?.end ?? 0))

        expect(joins).not.toContain(false)
        expect(ranges.every(({ first, end }) => end > first)).toBe(true)
        expect(ranges.at(-1)?.end ?? 0).toBe(fileCount)
        expect(ranges.length).toBeLessThanOrEqual(400)
      }),
    )
  })

  test('a range has fifty files, unless there would be too many ranges', () => {
    expect(splitIntoRanges(120)).toEqual([
      { first: 0, end: 50 },
      { first: 50, end: 100 },
      { first: 100, end: 120 },
    ])
    expect(splitIntoRanges(50_000)[0]).toEqual({ first: 0, end: 125 })
  })
})

const names = ['worker-1', 'worker-2', 'worker-3', 'worker-4']
/** Any state that a coordinator can find: members come and gone, ranges finished since. */
const situations = fc
  .record({
    rangeCount: fc.integer({ min: 1, max: 60 }),
    holders: fc.array(fc.nat(names.length), { minLength: 60, maxLength: 60 }),
    members: fc.subarray(names, { minLength: 1 }),
    finished: fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
  })
  .map(({ rangeCount, holders, members, finished }) => {
    const queues = new Map(names.map((name): [string, number[]] => [name, []]))
    for (const range of upTo(rangeCount)) queues.get(names[holders[range] ?? 0] ?? '')?.push(range)
    const unfinished = upTo(rangeCount).filter((range) => finished[range] !== true)
    return { current: queues, members, unfinished }
  })

describe('assignment', () => {
  test('every unfinished range has exactly one member, and only members have ranges', () => {
    fc.assert(
      fc.property(situations, ({ current, members, unfinished }) => {
        const plan = planAssignment(current, members, unfinished)

        expect([...plan.keys()].sort()).toEqual([...members].sort())
        expect([...plan.values()].flat().sort((a, b) => a - b)).toEqual(unfinished)
      }),
    )
  })

  test('nobody runs dry while somebody else has ranges waiting', () => {
    fc.assert(
      fc.property(situations, ({ current, members, unfinished }) => {
        const lengths = [...planAssignment(current, members, unfinished).values()].map(
          (queue) => queue.length,
        )

        const isEven = Math.max(...lengths) - Math.min(...lengths) < 2
        expect(isEven || Math.min(...lengths) >= 2).toBe(true)
      }),
    )
  })

  test('what a member is counting now stays its own', () => {
    fc.assert(
      fc.property(situations, ({ current, members, unfinished }) => {
        const plan = planAssignment(current, members, unfinished)

        for (const member of members) {
          const [head] = (current.get(member) ?? []).filter((range) => unfinished.includes(range))
          if (head !== undefined) expect(plan.get(member)?.[0]).toBe(head)
        }
      }),
    )
  })

  test('a plan that is carried out needs no other', () => {
    fc.assert(
      fc.property(situations, ({ current, members, unfinished }) => {
        const plan = planAssignment(current, members, unfinished)

        expect(planAssignment(plan, members, unfinished)).toEqual(plan)
      }),
    )
  })

  test('at the beginning the ranges are dealt out in turn', () => {
    expect(planAssignment(new Map(), ['a', 'b', 'c'], upTo(7))).toEqual(
      assignmentOf({ a: [0, 3, 6], b: [1, 4], c: [2, 5] }),
    )
  })

  test('the ranges of a member that is gone go to the others, behind their own', () => {
    const current = assignmentOf({ a: [0, 3], b: [1, 4], c: [2, 5] })

    expect(planAssignment(current, ['a', 'c'], upTo(6))).toEqual(
      assignmentOf({ a: [0, 3, 1], c: [2, 5, 4] }),
    )
  })

  test('a member that has come gets its share from the ends of the longest queues', () => {
    const current = assignmentOf({ a: [0, 2, 4], b: [1, 3, 5] })

    expect(planAssignment(current, ['a', 'b', 'c'], upTo(6))).toEqual(
      assignmentOf({ a: [0, 2], b: [1, 3], c: [4, 5] }),
    )
  })

  test('as long as nobody runs dry, uneven queues are left alone', () => {
    const current = assignmentOf({ a: [0, 2, 4, 5, 6, 7], b: [1, 3] })

    expect(planAssignment(current, ['a', 'b'], upTo(8))).toEqual(current)
  })

  test('without members nothing is assigned', () => {
    expect(planAssignment(assignmentOf({ a: [0] }), [], [0])).toEqual(new Map())
  })

  test('queues are equal when they hold the same ranges in the same order', () => {
    expect(queuesAreEqual([1, 2], [1, 2])).toBe(true)
    expect(queuesAreEqual([1, 2], [2, 1])).toBe(false)
    expect(queuesAreEqual([1, 2], [1])).toBe(false)
    expect(queuesAreEqual([1, 12], [11, 2])).toBe(false)
  })
})

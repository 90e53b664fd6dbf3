import { describe, expect, test } from 'vitest'
import { JointQuorum, MajorityQuorum } from '../../src/ensemble/quorum.ts'

describe('a quorum of two configurations', () => {
  const joint = new JointQuorum(new MajorityQuorum([1, 2, 3]), new MajorityQuorum([3, 4, 5]))

  test('Z18: is one of each', () => {
    expect(joint.includes([1, 2, 3])).toBe(false)
    expect(joint.includes([3, 4, 5])).toBe(false)
    expect(joint.includes([1, 2, 4, 5])).toBe(true)
    expect(joint.includes([2, 3, 4])).toBe(true)
    expect(joint.includes([1, 4, 6, 7, 8])).toBe(false)
  })

  test('Z18: has reached what both have', () => {
    const positions = new Map([
      [1, 9],
      [2, 8],
      [3, 2],
      [4, 5],
      [5, 1],
    ])
    expect(joint.reachedBy(positions)).toBe(2)
    expect(joint.reachedBy(new Map([...positions, [5, 7]]))).toBe(5)
  })

  test('counts whoever votes in either', () => {
    expect([...joint.voters]).toEqual([1, 2, 3, 4, 5])
  })
})

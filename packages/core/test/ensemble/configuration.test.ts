import { describe, expect, test } from 'vitest'
import {
  flawOf,
  formatMembers,
  sameMembers,
  type Member,
} from '../../src/ensemble/configuration.ts'

const voter = (id: number, more: Partial<Member> = {}): Member => ({ id, role: 'voter', ...more })
const observer = (id: number, more: Partial<Member> = {}): Member => ({
  id,
  role: 'observer',
  ...more,
})

describe('two lists of members', () => {
  test('are the same when everybody counts in the same way, wherever it is reached', () => {
    const address = { host: 'db1', port: 7_001 }
    expect(
      sameMembers([voter(1), voter(2)], [voter(2, { weight: 1 }), voter(1, { address })]),
    ).toBe(true)
    expect(sameMembers([voter(1)], [observer(1)])).toBe(false)
    expect(sameMembers([voter(1)], [voter(1), voter(2)])).toBe(false)
    expect(sameMembers([voter(1)], [voter(1, { weight: 2 })])).toBe(false)
    expect(sameMembers([voter(1, { group: 1 })], [voter(1, { group: 2 })])).toBe(false)
  })

  test('say what is not usual', () => {
    const members = [voter(1, { weight: 2, group: 3 }), voter(2, { weight: 1 }), observer(4)]
    expect(formatMembers(members)).toBe('1 voter of weight 2 in group 3, 2 voter, 4 observer')
  })
})

describe('members that cannot be', () => {
  test.each<[string, readonly Member[]]>([
    ['no voter would be left: keep one', [observer(1)]],
    ['peer 1 is named twice: name each once', [voter(1), voter(1)]],
    ['peer 256 cannot be: the number of a peer is from 1 to 255', [voter(256)]],
    [
      'peer 2 has the weight 0: give it one from 1 to 65535, or make it an observer',
      [voter(1), voter(2, { weight: 0 })],
    ],
    [
      'peer 1 has a host of 256 letters',
      [voter(1, { address: { host: 'a'.repeat(256), port: 1 } })],
    ],
    ['peer 1 has the weight 1.5', [voter(1, { weight: 1.5 })]],
    ['peer 1 is in group 0: number groups from 1 to 255', [voter(1, { group: 0 })]],
    [
      'peer 2 is an observer, which counts in no quorum: leave out its weight and group',
      [voter(1), observer(2, { weight: 2 })],
    ],
    [
      'voters 2, 3 are in no group, others are: give every voter one, or none',
      [voter(1, { group: 1 }), voter(2), voter(3)],
    ],
  ])('%s', (flaw, members) => {
    expect(flawOf(members)).toContain(flaw)
  })

  test('are none of these: an even weight, one that decides alone, a group of one', () => {
    expect(flawOf([voter(1, { weight: 2 }), voter(2, { weight: 2 })])).toBeNull()
    expect(flawOf([voter(1, { weight: 9 }), voter(2), voter(3)])).toBeNull()
    expect(flawOf([voter(1, { group: 1 }), voter(2, { group: 2 }), observer(3)])).toBeNull()
  })
})

/** How members lie on disk: fields are only ever added behind the others. */
import type { Configuration, Member } from '@conclave/core/internal'
import { describe, expect, test } from 'vitest'
import {
  configurationTuple,
  packTuple,
  readConfiguration,
  TupleError,
  unpackTuple,
} from '../src/tuple.ts'

const address = { host: 'db1', port: 7_001 }
const forms: readonly (readonly [what: string, member: Member, tuple: readonly unknown[]])[] = [
  ['a voter', { id: 1, role: 'voter' }, [1, 1]],
  ['an observer with an address', { id: 2, role: 'observer', address }, [2, 0, 'db1', 7_001]],
  ['a weight', { id: 3, role: 'voter', address, weight: 2 }, [3, 1, 'db1', 7_001, 2, 0]],
  ['a group', { id: 4, role: 'voter', group: 255 }, [4, 1, null, 0, 0, 255]],
]

const configurationOf = (...members: Member[]): Configuration => {
  return { ensembleId: 7, version: 2, members }
}

describe('a member on disk', () => {
  test.each(forms)('%s has a form of its own', (_, member, tuple) => {
    const written = configurationTuple(configurationOf(member))

    expect(written).toEqual([7, 2, [tuple]])
    expect(readConfiguration(unpackTuple(packTuple(written)))).toStrictEqual(
      configurationOf(member),
    )
  })

  test.each<[what: string, tuple: readonly unknown[]]>([
    ['half an address', [1, 1, 'db1']],
    ['a weight without a group', [1, 1, 'db1', 7_001, 2]],
    ['a field too many', [1, 1, 'db1', 7_001, 2, 1, 1]],
    ['no host where there is no weight', [1, 1, null, 0]],
    ['a port without a host', [1, 1, null, 7_001, 2, 0]],
    ['a weight beyond the largest', [1, 1, null, 0, 65_536, 0]],
    ['a group beyond the largest', [1, 1, null, 0, 1, 256]],
  ])('%s is refused', (_, tuple) => {
    expect(() => readConfiguration([7, 2, [tuple]])).toThrow(TupleError)
  })
})

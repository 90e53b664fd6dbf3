/** The catalogue of mutants holds together, and fits the sources as they are: without running any. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { allMutants } from './all-mutants.ts'
import { plant, root } from './plant.ts'

const protocol = readFileSync(`${root}docs/PROTOCOL.md`, 'utf8')

describe('the catalogue of mutants', () => {
  test('every edit fits its file, once', () => {
    const rotten: string[] = []
    for (const { id, edits } of allMutants) {
      try {
        plant(edits)
      } catch (error) {
        rotten.push(`${id}: ${String(error)}`)
      }
    }

    expect(rotten).toEqual([])
  })

  test('every row of the table is planted, or says why it is not', () => {
    const ids = allMutants.flatMap(({ id }) => id.match(/\b(M\d\d|CM\d)/g) ?? [])
    const rows = Array.from({ length: 50 }, (_, index) => `M${String(index + 1).padStart(2, '0')}`)
    const ofCheckers = ['CM1', 'CM2', 'CM3', 'CM4', 'CM5', 'CM6']

    expect([...new Set(ids)].sort()).toEqual([...ofCheckers, ...rows])
  })

  test('ids are given once', () => {
    const ids = allMutants.map(({ id }) => id)

    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
  })

  test('what is expected to break is an invariant of the protocol, or progress', () => {
    const isKnown = (name: string): boolean =>
      protocol.includes(`| ${name} |`) || /^V[1-7]$/.test(name)
    const unknown = allMutants.flatMap(({ id, expects }) =>
      expects.filter((name) => !isKnown(name)).map((name) => `${id}: ${name}`),
    )

    expect(unknown).toEqual([])
  })

  test('the tests that find mutants are there', () => {
    const lost = allMutants.filter(({ found }) => {
      if (found.type !== 'tests') return false
      return !readFileSync(root + found.file, 'utf8').includes(found.test)
    })

    expect(lost.map(({ id }) => id)).toEqual([])
  })
})

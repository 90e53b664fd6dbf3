import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digestOf, Replica, statOf } from '../../src/internal.ts'
import type { NaiveState } from './naive-state.ts'
import { Author, chosenPage } from './random-history.ts'
import { Recorder, recordsOf } from './replica-witness.ts'

function expectSame(replica: Replica, state: NaiveState): void {
  expect(recordsOf(replica)).toEqual({
    znodes: state.records(),
    sessions: [...state.sessions.values()],
  })
  for (const path of state.znodes.keys()) {
    expect(statOf(replica.tree.get(path)!)).toEqual(state.statOf(path))
    expect(replica.tree.childrenOf(path)).toEqual(state.childrenOf(path))
  }
  for (const id of state.sessions.keys()) {
    expect([...replica.sessions.ephemeralsOf(id)].sort()).toEqual(state.ephemeralsOf(id).sort())
  }
}

describe('replica against the naive model', () => {
  test('D1, D3, D4, S2, Q1: any history leads to the state, digest, results and events of the model', () => {
    fc.assert(
      fc.property(fc.array(chosenPage, { maxLength: 12 }), (history) => {
        const author = new Author()
        const replica = Replica.empty()
        const recorder = new Recorder()

        for (const chosen of history) {
          const { page, txns } = author.write(chosen)
          replica.apply(page, txns, recorder)

          expect(replica.end).toEqual({ last: page.last, crc: page.crc })
          const { state } = author
          expect(replica.digest).toBe(digestOf(state.records(), state.sessions.values()))
        }

        expectSame(replica, author.state)
        expect(recorder.events).toEqual(author.state.events)
        expect(recorder.results).toEqual(author.state.results)
      }),
      { numRuns: 200 },
    )
  }, 20_000)
})

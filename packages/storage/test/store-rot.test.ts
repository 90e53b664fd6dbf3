/**
 * A byte that changes anywhere in a closed store, a few of them; `npm run crash-states` takes every
 * one. The store holds exactly what it held, or says that it is damaged.
 */
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CoordinationError } from '@conclave/core/internal'
import { expect, test } from 'vitest'
import type { RecoveredStore } from '../src/recovered-store.ts'
import type { MapReplica } from '../src/suite-replica.ts'
import { liveABit, openTestStore } from './open-store.ts'
import { temporaryDirectory } from './temporary-directory.ts'

/** What a store comes to for its peer: where its state stands, and what is behind it. */
function sumOf({ replica, history, pageEnds, ...rest }: RecoveredStore<MapReplica>) {
  const { acceptedEpoch, currentEpoch, configuration, logStart, damaged } = rest
  const last = history.at(-1)?.last ?? replica.end.last
  return { acceptedEpoch, currentEpoch, configuration, logStart, damaged, pageEnds, last }
}

test('a byte that changes in any file of a store never makes it another one', async () => {
  const dir = temporaryDirectory()
  const limits = { segmentBytes: 500 }
  const { replica } = await liveABit(dir, { limits })
  const good = await openTestStore(dir, { limits })
  const expected = sumOf(good.store.recovered)
  await good.store.close()
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' })
  const files = names.filter((name) => statSync(join(dir, name)).isFile())
  const outcomes = { right: 0, damaged: 0, refused: 0 }

  for (const [index, name] of files.entries()) {
    const bytes = readFileSync(join(dir, name))
    for (let at = index % 5; at < bytes.length; at += 307) {
      const copy = join(temporaryDirectory(), 'copy')
      cpSync(dir, copy, { recursive: true })
      bytes[at] = (bytes[at] as number) ^ (1 << (at % 8))
      writeFileSync(join(copy, name), bytes)
      bytes[at] = (bytes[at] as number) ^ (1 << (at % 8))
      const opened = await openTestStore(copy, { limits }).catch((error: unknown) => error)
      if (opened instanceof CoordinationError) {
        expect(name, opened.message).toBe('conclave.json')
        outcomes.refused += 1
        continue
      }
      const { store } = opened as Awaited<ReturnType<typeof openTestStore>>
      if (store.recovered.damaged !== null) outcomes.damaged += 1
      else {
        expect(sumOf(store.recovered), `${name}, byte ${at}`).toStrictEqual(expected)
        const { end, summary } = store.recovered.replica
        if (end.last === replica.end.last) expect(summary).toStrictEqual(replica.summary)
        outcomes.right += 1
      }
      await store.close()
    }
  }

  expect(outcomes.right).toBeGreaterThan(0)
  expect(outcomes.damaged).toBeGreaterThan(0)
}, 40_000)

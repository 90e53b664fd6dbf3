/** What a peer takes away from its log is kept as it was then; what is still there is not. */
import { appendFile, mkdtemp, rm, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../processes/waiting.ts'
import { LogKeeper } from './log-keeper.ts'

test('a segment that is removed is kept with all that was written to it', async () => {
  const log = await mkdtemp(join(tmpdir(), 'conclave-log-keeper-'))
  const kept: string[] = []
  const keeper = new LogKeeper(log, (name, bytes) => kept.push(`${name}: ${bytes.toString()}`))
  const segment = join(log, '1.log')
  await writeFile(segment, 'one')
  await writeFile(join(log, '2.log'), 'stays')
  keeper.start()
  try {
    await until('both segments are held', () => keeper.held === 2)
    await appendFile(segment, ', two')
    await unlink(segment)
    // Begun anew, under the same name.
    await writeFile(segment, 'three')
    await until(
      'the removed one is kept, the new one held',
      () => keeper.held === 2 && kept.length > 0,
    )
  } finally {
    keeper.stop()
    await rm(log, { recursive: true })
  }
  expect(kept).toEqual(['1.log: one, two'])
})

test('a log that is not there yet, or not any more, is no error', () => {
  const keeper = new LogKeeper(join(tmpdir(), 'conclave-no-log'), () => undefined)
  keeper.start()
  keeper.stop()
  expect(keeper.held).toBe(0)
})

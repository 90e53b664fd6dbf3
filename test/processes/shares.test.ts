/** Processes that share a command's work: they tell all of it, and none outlives the command. */
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { startShares } from './shares.ts'
import { until } from './waiting.ts'

/** Each starts processes that compile their sources. */
const patience = { timeout: 30_000 }
const directory = mkdtempSync(join(tmpdir(), 'conclave-shares-'))
// Programs are sources here.
process.execArgv.push('--import', import.meta.resolve('tsx'))
afterAll(() => rmSync(directory, { recursive: true }))

/** A program that works as a share, on what this expression gives. */
function programOf(name: string, work: string): string {
  const path = join(directory, `${name}.mts`)
  const shares = JSON.stringify(new URL('shares.ts', import.meta.url).href)
  writeFileSync(path, `import { workAsShare } from ${shares}\nawait workAsShare(${work})\n`)
  return path
}

test('all that they tell is heard, and then they end', patience, async () => {
  const program = programOf('numbers', '[1, 2, Number(process.argv[2])]')
  const told: unknown[] = []
  const { ended } = startShares(`file://${program}`, [['3'], ['4']], (one) => told.push(one))

  expect(await ended).toBe(0)
  expect(told.sort()).toEqual([1, 1, 2, 2, 3, 4])
})

test(
  'one that breaks off is no success, one that was stopped none of its own',
  patience,
  async () => {
    const breaks = programOf('breaks', '(function* () { yield 1; process.kill(process.pid, 9) })()')
    expect(await startShares(`file://${breaks}`, [[]], () => undefined).ended).toBe(1)

    const endless = programOf('endless', '(function* () { for (;;) yield 1 })()')
    const shares = startShares(`file://${endless}`, [[], []], () => shares.stop())
    expect(await shares.ended).toBe(0)
  },
)

test('they end with whoever started them, even when it is killed', patience, async () => {
  const work = '(function* () { for (;;) yield process.pid })()'
  const endless = programOf('orphan', work)
  const shares = JSON.stringify(new URL('shares.ts', import.meta.url).href)
  const command = join(directory, 'command.mts')
  const url = JSON.stringify(`file://${endless}`)
  const start = `startShares(${url}, [[]], (pid) => process.send(pid))`
  writeFileSync(command, `import { startShares } from ${shares}\n${start}\n`)
  const parent = fork(command)
  const pid = await new Promise<number>((resolve) => parent.once('message', resolve as never))
  parent.kill('SIGKILL')

  await until('the share has ended', () => !isThere(pid), 10_000)
})

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

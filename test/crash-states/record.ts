/** Records a life: runs its processes one after the other under strace, and reads the reports. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lives } from './lives.ts'
import type { Recording } from './operations.ts'
import { Recorder } from './recorder.ts'
import { parseReport, tracedCalls } from './strace.ts'

const program = fileURLToPath(new URL('lived.ts', import.meta.url))

/** The peer's directory within the recorded one: with a parent that has to be made too. */
export const peerPath = 'peer/data'

/** How a process of a life is started: one thread, so that its calls have one order, and no way around them. */
export function lived(
  life: string,
  number: number,
  dir: string,
  facts: string,
): { readonly args: readonly string[]; readonly env: NodeJS.ProcessEnv } {
  return {
    args: [process.execPath, ...process.execArgv, program, life, String(number), dir, facts],
    env: { ...process.env, UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' },
  }
}

/** Runs the life below `scratch`, and gives all that it did. */
export function record(name: string, scratch: string): Recording {
  const directory = join(scratch, `${name}-disk`)
  const facts = join(scratch, `${name}-facts`)
  const report = join(scratch, `${name}-report`)
  mkdirSync(directory)
  const recorder = new Recorder(directory, facts)
  for (const number of (lives[name] ?? []).keys()) {
    const traced = ['-f', '-xx', '-s', '200000000', '--seccomp-bpf', '-o', report]
    const { args, env } = lived(name, number, join(directory, peerPath), facts)
    const { status, signal, stderr, error } = spawnSync(
      'strace',
      [...traced, '-e', `trace=${tracedCalls}`, ...args],
      { env, encoding: 'utf8' },
    )
    if (error !== undefined) throw new Error('strace is needed', { cause: error })
    if (status !== 0 && signal !== 'SIGKILL' && status !== 137) {
      throw new Error(`process ${number} of the life ${name} failed: ${stderr}`)
    }
    recorder.take(parseReport(readFileSync(report, 'latin1')))
  }
  rmSync(directory, { recursive: true })
  return recorder.recording(name)
}

/**
 * Calls that fail. Each call of the log to its files in turn, in each way (failing-files.ts); and of
 * the system calls of a whole process, LevelDB's among them, as many as there is time for, by strace.
 * Demanded: the first failure is the last thing the store does; nothing is acknowledged behind it; a
 * restart on a sound disk finds all that was.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CoordinationError } from '@conclave/core/internal'
import type { Store } from '@conclave/storage'
import type { MapReplica } from '@conclave/storage/suite'
import type { Fact } from './facts.ts'
import { failingFiles, failures, type Failure } from './failing-files.ts'
import { behind, judge, nothingTold } from './judge.ts'
import { lives } from './lives.ts'
import type { Content, Image } from './operations.ts'
import { lived, peerPath } from './record.ts'
import type { Readers } from './readers.ts'

export interface ErrorReport {
  readonly name: string
  /** How many calls failed, by their names. */
  readonly injected: ReadonlyMap<string, number>
  readonly wrong: readonly string[]
}

/** What is wrong with what was told and with what a restart finds, or `null`. */
async function judgeRest(
  facts: readonly Fact[],
  directory: string,
  readers: Readers,
): Promise<string | null> {
  let hasFailed = false
  for (const { type } of facts) {
    if (type === 'opened') hasFailed = false
    if (hasFailed && type === 'synced') return 'acknowledges behind a failure'
    if (hasFailed && type === 'failed') return 'fails twice'
    if (type === 'failed') hasFailed = true
  }
  const expected = facts.reduce(behind, nothingTold)
  return judge(expected, await readers.read(imageOf(directory), peerPath))
}

/** What is on the disk, as it is. */
function imageOf(directory: string): Image {
  const image = new Map<string, Content | null>()
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(directory, name)
    const isDirectory = statSync(path).isDirectory()
    const changes = isDirectory ? [] : [{ index: 0, bytes: readFileSync(path), position: 0 }]
    image.set(`/${name}`, isDirectory ? null : { id: '', changes })
  }
  return image
}

/** True of what an application is told when its store does not open. */
function isClear(error: unknown): boolean {
  const isOurs = error instanceof CoordinationError && error.code === 'STORAGE_FAILED'
  return isOurs && /EIO|ENOSPC|EMFILE/.test(error.message)
}

/** Lives the small life with one call failing; says what is wrong, or `null`. */
async function liveWith(
  nth: number,
  failure: Failure,
  scratch: string,
  readers: Readers,
): Promise<{
  readonly call: string | null
  readonly count: number
  readonly wrong: string | null
}> {
  const directory = join(scratch, `failing-${String(nth)}-${failure.replaceAll(' ', '-')}`)
  mkdirSync(directory)
  const facts: Fact[] = []
  const failing = failingFiles(nth, failure)
  const opened: Store<MapReplica>[] = []
  const tell = (fact: Fact): void => void facts.push(fact)
  const dir = join(directory, peerPath)
  let wrong: string | null = null
  try {
    for (const live of lives['small'] ?? []) {
      await live({ dir, tell, files: failing.files, onOpen: (store) => opened.push(store) })
    }
  } catch (error) {
    const isOpening = facts.at(-1)?.type === 'chapter' && opened.at(-1) === undefined
    if (failing.failed() === null || failure === 'short') wrong = `for no reason: ${String(error)}`
    else if (isOpening && !isClear(error)) wrong = `says nothing clear: ${String(error)}`
  }
  for (const store of opened) await store.close().catch(() => undefined)
  wrong ??= await judgeRest(facts, directory, readers)
  rmSync(directory, { recursive: true })
  return { call: failing.failed(), count: failing.count(), wrong }
}

/** Every call of the log to its files fails in turn, in every way. With `every`, one of so many. */
export async function failEachCall(
  scratch: string,
  readers: Readers,
  every: number,
): Promise<ErrorReport> {
  const injected = new Map<string, number>()
  const wrong: string[] = []
  const inEachWay = async (failure: Failure): Promise<void> => {
    for (let nth = 1; nth < 10_000; nth += every) {
      const lived = await liveWith(nth, failure, scratch, readers)
      if (lived.call !== null) add(injected, lived.call)
      if (lived.wrong !== null) {
        wrong.push(`call ${String(nth)}, ${String(lived.call)}, ${failure}: ${lived.wrong}`)
      }
      if (nth > lived.count) return
    }
  }
  await Promise.all(failures.map(inEachWay))
  return { name: 'calls to the files of the log that fail', injected, wrong }
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

/** System calls of a process, and how they fail. All are made in libuv's pool, which has one thread. */
const injections = [
  ['fdatasync', 'EIO'],
  ['fsync', 'EIO'],
  ['pwrite64', 'EIO'],
  ['pwrite64', 'ENOSPC'],
  ['rename', 'EIO'],
  ['unlink', 'EIO'],
  ['mkdir', 'ENOSPC'],
  ['ftruncate', 'EIO'],
] as const

/** System calls of real processes fail in turn, one of `every`. */
export async function failSystemCalls(
  scratch: string,
  readers: Readers,
  every: number,
): Promise<ErrorReport> {
  const injected = new Map<string, number>()
  const wrong: string[] = []
  const inject = async ([call, code]: (typeof injections)[number]): Promise<void> => {
    for (let nth = 1; nth < 1_000; nth += every) {
      const { isReached, reason } = await processWith(call, code, nth, scratch, readers)
      if (!isReached) return
      add(injected, `${call} ${code}`)
      if (reason !== null) wrong.push(`${call} ${String(nth)}, ${code}: ${reason}`)
    }
  }
  const waiting = [...injections]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await inject(next)
  }
  await Promise.all([work(), work()])
  return { name: 'system calls that fail', injected, wrong }
}

async function processWith(
  call: string,
  code: string,
  nth: number,
  scratch: string,
  readers: Readers,
): Promise<{ readonly isReached: boolean; readonly reason: string | null }> {
  const directory = join(scratch, `${call}-${code}-${String(nth)}`)
  const factsPath = `${directory}-facts`
  const report = `${directory}-report`
  mkdirSync(directory)
  writeFileSync(factsPath, '')
  const inject = `inject=${call}:error=${code}:when=${String(nth)}`
  const options = ['-f', '--seccomp-bpf', '-o', report, '-e', `trace=${call}`, '-e', inject]
  const { args, env } = lived('small', 0, join(directory, peerPath), factsPath)
  await new Promise<void>((resolve, reject) => {
    const child = spawn('strace', [...options, ...args], { env, stdio: 'ignore', timeout: 60_000 })
    child.on('error', reject)
    child.on('exit', () => resolve())
  })
  const lines = readFileSync(factsPath, 'utf8').trimEnd().split('\n').filter(Boolean)
  const facts = lines.map((line) => JSON.parse(line) as Fact)
  const isReached = readFileSync(report, 'latin1').includes('(INJECTED)')
  const reason = isReached ? await judgeRest(facts, directory, readers) : null
  for (const path of [directory, factsPath, report]) rmSync(path, { recursive: true })
  return { isReached, reason }
}

/**
 * `npm run test:zookeeper-diff`: a peer and a server of Apache ZooKeeper are asked the same, and must
 * answer the same.
 *
 *   npm run test:zookeeper-diff -- --requests 100000       so many requests
 *   npm run test:zookeeper-diff -- --server 3.8.0          another version
 *   npm run test:zookeeper-diff -- --seed 42               other programs
 *   npm run test:zookeeper-diff -- --program FILE          one that differed, made small
 *   npm run test:zookeeper-diff -- --not-asked             what is left out
 *
 * Exits with 1 when they differ. See docs/testing.md.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Random } from '../faults/random.ts'
import { Comparison, type Difference } from './compare.ts'
import { askable, hasEventZxids } from './older-servers.ts'
import { movedTo, type Program } from './program.ts'
import { notAsked } from './not-asked.ts'
import { randomProgram } from './random-programs.ts'
import { runProgram } from './run-program.ts'
import {
  serverVersions,
  startConclave,
  startZooKeeper,
  type Server,
  type ServerVersion,
} from './servers.ts'
import { shrink } from './shrink.ts'

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    server: { type: 'string', default: '3.9.5' },
    program: { type: 'string' },
    'not-asked': { type: 'boolean', default: false },
  },
})

const seed = Number(values.seed)
const wanted = Number(values.requests)
const version = values.server as ServerVersion
if (!serverVersions.includes(version)) {
  throw new Error(`--server is one of ${serverVersions.join(', ')}, and was "${values.server}"`)
}
// The server ends with this process, however it ends.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
const failures = 'zookeeper-diff-failures'
/** A run that has found so many kinds of differences has found enough. */
const mostKinds = 10
const mostShrinkingMs = 60_000
const wordEvery = 10_000

interface Outcome {
  /** How many requests there were. */
  readonly asked: number
  readonly difference: Difference | null
}

/** Two servers that have been told the same from their beginning. */
class Pair {
  #comparison = new Comparison()
  readonly #ours: Server
  readonly #theirs: Server

  constructor(ours: Server, theirs: Server) {
    this.#ours = ours
    this.#theirs = theirs
  }

  static async start(): Promise<Pair> {
    const [ours, theirs] = await Promise.all([startConclave(), startZooKeeper(version)])
    return new Pair(ours, theirs)
  }

  async run(program: Program): Promise<Outcome> {
    const knows = hasEventZxids(version)
    const [ours, theirs] = await Promise.all([
      runProgram(program, this.#ours.port, knows),
      runProgram(program, this.#theirs.port, knows),
    ])
    return { asked: ours.requests, difference: this.#comparison.compare(ours, theirs) }
  }

  /** Zxids no longer need to correspond to those before. */
  forget(): void {
    this.#comparison = new Comparison()
  }

  async close(): Promise<void> {
    await Promise.all([this.#ours.close(), this.#theirs.close()])
  }
}

function rootOf(number: number): string {
  return `/p${String(number).padStart(7, '0')}`
}

/** Makes it small, and says how to see it again. */
async function explain(pair: Pair, program: Program, difference: Difference): Promise<void> {
  let tries = 5_000_000
  let last = difference
  const end = Date.now() + mostShrinkingMs
  const small = await shrink(program, async (part) => {
    if (Date.now() > end) return false
    tries += 1
    pair.forget()
    const { difference: found } = await pair.run(movedTo(part, rootOf(tries)))
    const isSame = found?.about === difference.about && found.field === difference.field
    if (isSame) last = found
    return isSame
  })
  await mkdir(failures, { recursive: true })
  const file = join(failures, `${seed}-${program.root.slice(1)}.json`)
  await writeFile(file, `${JSON.stringify(small, null, 1)}\n`)
  console.log(`\nThey differ in ${last.field} of ${last.about}, ${last.stream}:`)
  console.log(`  here       ${last.ours}`)
  console.log(`  ZooKeeper  ${last.theirs}`)
  for (const [index, action] of small.actions.entries()) {
    console.log(`  ${index === last.action ? '>' : ' '} ${JSON.stringify(action)}`)
  }
  console.log(`npm run test:zookeeper-diff -- --server ${version} --program ${file}\n`)
}

async function replay(file: string): Promise<number> {
  const program = JSON.parse(await readFile(file, 'utf8')) as Program
  const pair = await Pair.start()
  const { difference } = await pair.run(program)
  if (difference === null) console.log('it does not differ')
  else await explain(pair, program, difference)
  await pair.close()
  return difference === null ? 0 : 1
}

async function runAll(): Promise<number> {
  const begun = Date.now()
  let pair = await Pair.start()
  let requests = 0
  const kinds = new Set<string>()
  let programs = 0
  while (requests < wanted && kinds.size < mostKinds) {
    const random = new Random(seed * 1_000_003 + programs)
    const program = askable(randomProgram(random, rootOf(programs)), version, random)
    programs += 1
    const before = requests
    const { asked, difference } = await pair.run(program)
    requests += asked
    if (difference !== null) {
      const kind = `${difference.about} ${difference.field}`
      if (!kinds.has(kind)) await explain(pair, program, difference)
      kinds.add(kind)
      // What they hold may differ from now on.
      await pair.close()
      pair = await Pair.start()
    }
    if (Math.floor(before / wordEvery) < Math.floor(requests / wordEvery)) {
      console.log(`${requests} requests, ${((Date.now() - begun) / 1_000).toFixed(0)} s`)
    }
  }
  const seconds = (Date.now() - begun) / 1_000
  await pair.close()
  console.log(
    `zookeeper-diff: ${requests} requests of ${programs} programs from seed ${seed} ` +
      `against ${version} in ${seconds.toFixed(1)} s, ${Math.round(requests / seconds)}/s: ` +
      (kinds.size === 0 ? 'passed' : 'FAILED'),
  )
  return kinds.size === 0 ? 0 : 1
}

if (values['not-asked']) console.log(notAsked.join('\n'))
else process.exitCode = await (values.program === undefined ? runAll() : replay(values.program))

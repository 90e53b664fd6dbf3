/**
 * `npm run differential`: random programs against the core and against a model of it.
 *
 *   npm run differential -- --programs 100000 --jobs 2   so many, in two processes
 *   npm run differential -- --seed 42                    other ones
 *   npm run differential -- --seed 42 --replay 17:3:0    the one that failed, made small
 *
 * Exits with 1 when core and model differ, or when so many programs never meet something that they
 * should (reached.ts). See docs/testing.md.
 */
import { parseArgs } from 'node:util'
import { startShares, workAsShare } from '../processes/shares.ts'
import { checkPrograms, describeFailure, type Failure } from './check-programs.ts'
import { expected, Reached } from './reached.ts'

const { values } = parseArgs({
  options: {
    programs: { type: 'string', default: '4000' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '1' },
    replay: { type: 'string' },
    /** Set for the processes that this one starts: which of the portions are theirs. */
    share: { type: 'string' },
  },
})

function numberOf(name: 'programs' | 'seed' | 'jobs'): number {
  const number = Number(values[name])
  if (Number.isSafeInteger(number) && number >= 1) return number
  throw new Error(`--${name} wants a whole number from 1 on, and was given "${values[name]}"`)
}

/** Programs of one seed: the next portion has the seed after it. */
const portion = 500
/** From so many on, everything that is expected must be met. */
const enough = 4_000

/** Between two words on how far it has come, in programs. */
const wordEvery = 10_000

/** What a process tells of a portion. */
interface Portion {
  readonly programs: number
  readonly reached: readonly (readonly [string, number])[]
  readonly failure: Failure | null
}

const programs = numberOf('programs')
const seed = numberOf('seed')
const jobs = numberOf('jobs')

/** Every so many portions, one is this process's. */
function* runShare(share: number): Generator<Portion> {
  for (let index = share; index * portion < programs; index += jobs) {
    const count = Math.min(portion, programs - index * portion)
    const reached = new Reached()
    const failure = checkPrograms(seed + index, count, reached)
    yield { programs: count, reached: [...reached.counts], failure }
    if (failure !== null) return
  }
}

class Report {
  readonly reached = new Reached()
  readonly failures: Failure[] = []
  readonly #begun = Date.now()
  #programs = 0

  add({ programs: count, reached, failure }: Portion): void {
    const before = this.#programs
    this.#programs += count
    if (Math.floor(before / wordEvery) < Math.floor(this.#programs / wordEvery)) {
      console.log(`${this.#programs} programs, ${this.#seconds.toFixed(0)} s`)
    }
    this.reached.merge(reached)
    if (failure !== null) this.failures.push(failure)
  }

  get #seconds(): number {
    return (Date.now() - this.#begun) / 1_000
  }

  /** Prints what came of it; the exit code. */
  finish(): number {
    const seconds = this.#seconds
    console.log(this.reached.lines.join('\n'))
    for (const failure of this.failures) console.log(`\n${describeFailure(failure)}\n`)
    const missing = this.#programs < enough ? [] : this.reached.missing
    for (const name of missing) console.log(`never met: ${name}`)
    const rate = Math.round(this.#programs / seconds)
    const failed = this.failures.length > 0 || missing.length > 0
    console.log(
      `differential: ${this.#programs} programs from seed ${seed} in ${seconds.toFixed(1)} s, ` +
        `${rate}/s; ${this.failures.length} differ; ` +
        `${expected.length - this.reached.missing.length} of ${expected.length} met: ` +
        (failed ? 'FAILED' : 'passed'),
    )
    return failed ? 1 : 0
  }
}

/** All of it, in processes of their own; the first difference ends it. */
async function runAll(): Promise<number> {
  const report = new Report()
  const own = process.argv.slice(2)
  const shares = Array.from({ length: jobs }, (_, share) => [...own, '--share', String(share)])
  const { ended, stop } = startShares(import.meta.url, shares, (told) => {
    report.add(told as Portion)
    if (report.failures.length > 0) stop()
  })
  const code = await ended
  return Math.max(report.finish(), code)
}

function replay(path: string): number {
  const failure = checkPrograms(seed, 1, new Reached(), path)
  console.log(failure === null ? 'it does not differ any more' : describeFailure(failure))
  return failure === null ? 0 : 1
}

if (values.replay !== undefined) process.exitCode = replay(values.replay)
else if (values.share !== undefined) {
  await workAsShare(runShare(Number(values.share)))
} else if (jobs > 1) {
  process.exitCode = await runAll()
} else {
  const report = new Report()
  for (const told of runShare(0)) report.add(told)
  process.exitCode = report.finish()
}

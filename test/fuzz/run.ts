/**
 * `npm run fuzz`: whatever reaches the ports of an ensemble, it goes on, and serves a good client.
 *
 *   npm run fuzz -- --frames 1000000        so many frames
 *   npm run fuzz -- --seconds 60            at most for so long
 *   npm run fuzz -- --seed 42               other ones
 *   npm run fuzz -- --attack 4711           one connection alone, that was found at fault
 *   npm run fuzz -- --scenarios             slow readers, idle ones, floods: scenarios.ts
 *
 * Exits with 1 when a peer fails, a client is neither answered nor let go, the good client waits, or
 * memory grows. See docs/testing.md.
 */
import { parseArgs } from 'node:util'
import { sleep } from '../processes/waiting.ts'
import { attack, type Corpus, type Outcome } from './attacks.ts'
import { clientCorpus } from './client-frames.ts'
import { FuzzedEnsemble, usedMiB } from './ensemble.ts'
import { peerCorpus } from './peer-frames.ts'
import { runScenarios } from './scenarios.ts'
import { Witness } from './witness.ts'

const { values } = parseArgs({
  options: {
    frames: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '3600' },
    seed: { type: 'string', default: '1' },
    attack: { type: 'string' },
    scenarios: { type: 'boolean', default: false },
  },
})

const frames = Number(values.frames)
const seed = Number(values.seed)
const endMs = performance.now() + Number(values.seconds) * 1_000
/** Connections at once. */
const jobs = 16
/** From this part of the frames on, nothing that is kept may grow. */
const warm = 0.4
/** What noise may be taken for growth, in MiB. */
const mostGrowthMiB = 24
/** Attacks between two cleanings. */
const cleanEvery = 500
/** Sessions of those who have gone are over behind this. */
const settleMs = 12_000
const wordEvery = 100_000

class Report {
  frames = 0
  answers = 0
  readonly failures: string[] = []
  readonly #ends = new Map<string, number>()

  add(number: number, { frames: count, answers, end, failure }: Outcome) {
    const before = this.frames
    this.frames += count
    this.answers += answers
    this.#ends.set(end, (this.#ends.get(end) ?? 0) + 1)
    if (failure !== null) {
      this.failures.push(`${failure}: npm run fuzz -- --seed ${seed} --attack ${number}`)
    }
    if (Math.floor(before / wordEvery) < Math.floor(this.frames / wordEvery)) {
      console.log(`${this.frames} frames, ${this.ends}`)
    }
  }

  get ends(): string {
    return [...this.#ends].map(([end, count]) => `${count} ${end}`).join(', ')
  }
}

const corpus: Corpus = { client: clientCorpus(seed), peer: peerCorpus(seed) }
const ensemble = await FuzzedEnsemble.start()
const witness = await Witness.start(ensemble.clientPorts[1] ?? 0)
const report = new Report()
process.on('uncaughtException', (error) => {
  // Whatever a peer throws into its host process is a fault; what this program throws as well.
  console.log(error)
  report.failures.push(`uncaught: ${error.message}`)
})

function failures(): readonly string[] {
  return [...report.failures, ...ensemble.failures, ...witness.failures]
}

/** One connection; that it cannot be made is a fault as well. */
function attackBy(number: number): Promise<Outcome> {
  return attack(seed * 2 ** 24 + number, ensemble, corpus).catch((error: unknown) => {
    return { frames: 0, answers: 0, end: 'failed', failure: String(error) }
  })
}

/** Attacks until there were so many frames. */
async function attackUpTo(count: number, next: { number: number }): Promise<void> {
  const work = async (): Promise<void> => {
    while (report.frames < count && performance.now() < endMs && failures().length === 0) {
      const number = next.number
      next.number += 1
      if (number % cleanEvery === 0) await ensemble.clean()
      report.add(number, await attackBy(number))
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  await ensemble.clean()
  await sleep(settleMs)
}

async function fuzz(): Promise<void> {
  const begun = performance.now()
  const next = { number: 0 }
  await attackUpTo(frames * warm, next)
  const before = usedMiB()
  await attackUpTo(frames, next)
  const after = usedMiB()
  const seconds = (performance.now() - begun) / 1_000
  if (after > before + mostGrowthMiB) report.failures.push('memory grows')
  console.log(
    `fuzz: ${report.frames} frames on ${next.number} connections from seed ${seed} in ` +
      `${seconds.toFixed(1)} s: ${report.ends}; ${report.answers} answers; memory ` +
      `${before.toFixed(1)} MiB, then ${after.toFixed(1)} MiB; the good client was answered ` +
      `${witness.answered} times; roles changed ${ensemble.roles.length} times; it waited at most ${witness.longestMs.toFixed(0)} ms`,
  )
  for (const role of ensemble.roles) console.log(role)
}

if (values.attack !== undefined) {
  const number = Number(values.attack)
  report.add(number, await attackBy(number))
  console.log(report.ends)
} else if (values.scenarios) {
  report.failures.push(...(await runScenarios(ensemble, witness)))
} else await fuzz()

const found = failures()
for (const failure of found) console.log(`\n${failure}`)
await witness.stop()
await ensemble.close()
console.log(found.length === 0 ? 'fuzz: passed' : 'fuzz: FAILED')
process.exit(found.length === 0 ? 0 : 1)

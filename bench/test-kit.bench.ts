/** What a test pays for `conclave/testing`: to start an ensemble, and to let time pass. CPU, no disk. */
import { ensemble } from 'conclave/testing'
import { median, medianRun, type Bench, type Figures } from './harness.ts'

/** The wall time and the CPU time of something, in ms. */
async function cost(act: () => Promise<unknown>): Promise<Record<'ms' | 'CPU ms', number>> {
  const begun = performance.now()
  const used = process.cpuUsage()
  await act()
  const { user, system } = process.cpuUsage(used)
  return { ms: performance.now() - begun, 'CPU ms': (user + system) / 1_000 }
}

/** The first start of this process, before anything was compiled by use. */
let first: Promise<Record<string, number>> | undefined

async function measure(seconds: number): Promise<readonly Figures[]> {
  first ??= cost(async () => (await ensemble()).close())
  const conditions = '3 peers, ready'
  const results: Figures[] = [{ name: 'start, the first', conditions, figures: await first }]
  const starts: { readonly ms: number; readonly 'CPU ms': number }[] = []
  const end = performance.now() + seconds * 1_000
  while (performance.now() < end) starts.push(await cost(async () => (await ensemble()).close()))
  const figures = {
    ms: median(starts.map((one) => one.ms)),
    'CPU ms': median(starts.map((one) => one['CPU ms'])),
  }
  results.push({ name: 'start', conditions, figures })
  const group = await ensemble()
  results.push({
    name: 'a minute of virtual time',
    conditions: '3 peers, idle',
    figures: await cost(() => group.advance(60_000)),
  })
  await group.close()
  return results
}

export const testKitBench: Bench = {
  name: 'test-kit',
  about: 'conclave/testing: what a test pays for an ensemble',
  async run({ seconds, runs }) {
    const results: (readonly Figures[])[] = []
    for (let index = 0; index < runs; index += 1) results.push(await measure(seconds))
    return medianRun(results)
  },
}

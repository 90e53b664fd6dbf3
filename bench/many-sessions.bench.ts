/**
 * Ten thousand sessions and ten thousand watches on one peer, while five thousand sessions of another
 * peer, which is killed, expire at once: what becomes of the healthy ones, and of writes.
 */
import { join } from 'node:path'
import { mkdtempSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { benchDirectory, medianRun, type Bench, type Figures } from './harness.ts'
import { BenchProcess, freePorts } from './processes.ts'
import type { ExpiryFigures, SessionsQuestion } from './sessions-peer.ts'

const healthy = 10_000
const watches = 10_000
const doomed = 5_000
const sessionTimeoutMs = 10_000

async function measure(): Promise<readonly Figures[]> {
  const directory = mkdtempSync(join(benchDirectory(), 'many-sessions-'))
  const ports = await freePorts(3)
  const ensemble = ports.map((port, index) => ({ id: index + 1, host: '127.0.0.1', port }))
  const peers = ensemble.map(() => new BenchProcess('./sessions-peer.ts', []))
  const ask = <Answer>(peer: BenchProcess, question: SessionsQuestion): Promise<Answer> =>
    peer.ask<Answer>(question)
  try {
    await Promise.all(
      peers.map((peer, index) => {
        const id = index + 1
        const dir = join(directory, String(id))
        return ask(peer, { type: 'open', options: { id, dir, ensemble, thread: 'inline' } })
      }),
    )
    const roles = await Promise.all(peers.map((peer) => ask<string>(peer, { type: 'role' })))
    const [host, other] = peers.filter((_, index) => roles[index] !== 'leader')
    if (host === undefined || other === undefined) throw new Error(`roles: ${roles.join(', ')}`)
    const begun = performance.now()
    const opening = { type: 'sessions', sessionTimeoutMs } as const
    await ask(host, { ...opening, count: healthy, under: '/healthy' })
    const openedMs = performance.now() - begun
    await ask(other, { ...opening, count: doomed, under: '/doomed' })
    await ask(host, { type: 'watches', count: watches, under: '/doomed' })
    await ask(host, { type: 'load' })
    await sleep(2_000)
    await other.end()
    await sleep(sessionTimeoutMs + 5_000)
    const { lost, suspended, told, toldWithinMs, writes, worstMs } = await ask<ExpiryFigures>(
      host,
      { type: 'stop' },
    )
    return [
      {
        name: 'sessions opened, with an ephemeral',
        conditions: `${healthy.toLocaleString('en')} on one peer, 256 at a time`,
        figures: { 'session/s': healthy / (openedMs / 1_000) },
      },
      {
        name: `${doomed.toLocaleString('en')} sessions expire at once`,
        conditions: `${healthy.toLocaleString('en')} others, ${watches.toLocaleString('en')} watches, 1 writer`,
        figures: {
          'healthy sessions lost': lost,
          'ever suspended': suspended,
          'deletions told': told,
          'ms from first to last': toldWithinMs,
          writes,
          'ms worst write': worstMs,
        },
      },
    ]
  } finally {
    await Promise.all(peers.map((peer) => peer.end()))
    rmSync(directory, { recursive: true, force: true })
  }
}

export const manySessionsBench: Bench = {
  name: 'many-sessions',
  about: 'thousands of sessions and watches on one peer, and thousands that expire at once',
  async run({ runs }) {
    const results: (readonly Figures[])[] = []
    for (let index = 0; index < runs; index += 1) results.push(await measure())
    return medianRun(results)
  },
}

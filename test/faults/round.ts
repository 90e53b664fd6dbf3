/**
 * One round: an ensemble is founded, its clients work, something is done to it, everything is mended;
 * then it has to be as if nothing had happened, and what the clients saw is judged.
 */
import { until } from '../processes/waiting.ts'
import { Ensemble, type EnsembleOptions } from './ensemble.ts'
import { judge } from './judge.ts'
import { committedLog } from './peer-logs.ts'
import type { PeerProcess } from './peer-process.ts'
import { nowUs, readRecordings, type Recorded } from './recorder.ts'
import type { ZnodeRead } from './service.ts'

export interface Round extends EnsembleOptions {
  /** Does what the round is about, and mends it. Says whom it has spared, who must have gone on. */
  readonly disturb: (ensemble: Ensemble) => Promise<readonly PeerProcess[]>
  /** No spared peer's clients wait longer than this for their next acknowledged write. */
  readonly maxGapMs: number
}

const mendedMs = 40_000
const progressMs = 20_000
const maxGrowthBytes = 256 * 2 ** 20

/** Runs the round and says what it came to. Throws what was wrong. */
export async function runRound(round: Round): Promise<void> {
  const { say } = round
  const ensemble = await Ensemble.found(round)
  let isSound = false
  try {
    await Promise.all(ensemble.peers.map((peer) => peer.begin()))
    await progress(ensemble)
    const memory = await Promise.all(ensemble.peers.map((peer) => peer.memory()))
    const fromUs = nowUs()
    const spared = await round.disturb(ensemble)
    await ensemble.ready(mendedMs)
    await progress(ensemble)
    const upToUs = nowUs()
    const grown = await Promise.all(ensemble.peers.map((peer) => peer.memory()))
    await Promise.all(ensemble.peers.map((peer) => peer.end()))
    const { contents, lastApplied } = await atRest(ensemble)
    for (const peer of ensemble.peers) await peer.close()
    const recorded = readRecordings(ensemble.recordings)
    const log = await committedLog(
      ensemble.peers.flatMap((peer) => peer.keptLogs),
      lastApplied,
    )
    const wrong = [...ensemble.violations, ...judge({ ...recorded, contents, log }, say)]
    const gapMs = Math.max(0, ...spared.map((peer) => longestGapMs(peer, fromUs, upToUs)))
    const growth = Math.max(...grown.map((bytes, index) => bytes - (memory[index] ?? bytes)))
    say(`${tell(recorded)}; spared waited ${gapMs.toFixed(0)} ms at most; ${mib(growth)} grown`)
    if (gapMs > round.maxGapMs) wrong.push(`a spared peer waited longer than ${round.maxGapMs} ms`)
    if (growth > maxGrowthBytes) wrong.push(`memory grew by ${mib(growth)}`)
    if (wrong.length > 0) throw new Error(wrong.slice(0, 20).join('\n'))
    isSound = true
  } finally {
    const kept = await ensemble.end(!isSound)
    if (kept !== undefined) say(`its files are in ${kept}`)
  }
}

/** V3: the clients of every peer have writes acknowledged. */
async function progress(ensemble: Ensemble): Promise<void> {
  const before = await Promise.all(ensemble.peers.map((peer) => peer.count()))
  await until(
    'the clients of every peer get on',
    async () => {
      const counts = await Promise.all(ensemble.peers.map((peer) => peer.count()))
      return counts.every((count, index) => count >= (before[index] ?? 0) + 20)
    },
    progressMs,
  )
}

/** V2, S5: all sessions are over, their ephemerals gone, and every peer has the same. */
async function atRest(ensemble: Ensemble): Promise<{
  readonly contents: ReadonlyMap<number, readonly ZnodeRead[]>
  readonly lastApplied: number
}> {
  const [first] = ensemble.peers
  await until(
    'the ephemerals of sessions that are over are gone',
    async () => {
      const znodes = await first?.readAll()
      return znodes?.every(({ owner }) => owner === null) ?? false
    },
    20_000,
  )
  await ensemble.converged()
  const contents = new Map<number, readonly ZnodeRead[]>()
  for (const peer of ensemble.peers) contents.set(peer.id, await peer.readAll())
  return { contents, lastApplied: await ensemble.converged() }
}

/** The longest time without a write that was acknowledged to a client of this peer. */
function longestGapMs(peer: PeerProcess, fromUs: number, upToUs: number): number {
  const times = readRecordings(peer.recordings)
    .entries.flatMap((entry) => {
      if (entry.type !== 'call' || entry.outcome !== 'ok' || entry.returnedAt === null) return []
      const { type } = entry.operation
      return type === 'set' || type === 'create' ? [entry.returnedAt] : []
    })
    .filter((at) => at > fromUs && at < upToUs)
    .sort((a, b) => a - b)
  let [longest, last] = [0, fromUs]
  for (const at of [...times, upToUs]) {
    longest = Math.max(longest, at - last)
    last = at
  }
  return longest / 1_000
}

function tell({ entries, sessions }: Recorded): string {
  const count = (outcome: string): number =>
    entries.filter((entry) => entry.type === 'call' && entry.outcome === outcome).length
  const expired = sessions.filter(({ state }) => state === 'expired').length
  const events = entries.filter(({ type }) => type === 'event').length
  return (
    `${count('ok')} calls ok, ${count('not-applied')} not applied, ${count('unknown')} unknown, ` +
    `${events} events, ${expired} sessions expired`
  )
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`
}

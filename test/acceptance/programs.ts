/** What an ensemble of three services must survive, each as a program that ends or throws. */
import {
  cpSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
  closeSync,
} from 'node:fs'
import { join } from 'node:path'
import { nowMs, sleep, until } from '../processes/waiting.ts'
import { EnsembleOfServices, type Service } from './ensemble-of-services.ts'

export interface Extent {
  readonly leaderKills: number
  readonly ensembleKills: number
  readonly stoppedMs: number
  /** How long they write between two changes of the members. */
  readonly steadyMs: number
  /** False of the short form, which runs beside other things: it tells times and judges none. */
  readonly judgesTime: boolean
}

export const fullExtent: Extent = {
  leaderKills: 30,
  ensembleKills: 10,
  stoppedMs: 30_000,
  steadyMs: 2_000,
  judgesTime: true,
}
export const shortExtent: Extent = {
  leaderKills: 3,
  ensembleKills: 2,
  stoppedMs: 6_000,
  steadyMs: 200,
  judgesTime: false,
}

export type Program = (extent: Extent, say: (line: string) => void) => Promise<void>

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** The parent of everything that is written. */
async function founded(options = {}): Promise<EnsembleOfServices> {
  return EnsembleOfServices.found(options)
}

/** The leader is killed again and again while all write; what was acknowledged stays, once. */
export const leaderKills: Program = async ({ leaderKills: kills, judgesTime }, say) => {
  const ensemble = await founded()
  try {
    await ensemble.write(ensemble.up, 8)
    const failovers: number[] = []
    for (let count = 0; count < kills; count += 1) {
      await sleep(300)
      const leader = await ensemble.leader()
      const { epoch } = await leader.status()
      const from = ensemble.acknowledged.length
      const killedMs = nowMs()
      await leader.kill()
      // Only a write of a later epoch proves that somebody else leads.
      const next = (): number | undefined =>
        ensemble.acknowledged
          .slice(from)
          .find((each) => each.epoch > epoch && each.by !== leader.id)?.atMs
      await until('a survivor has a write acknowledged', () => next() !== undefined)
      failovers.push((next() ?? Number.NaN) - killedMs)
      await leader.start()
      await ensemble.ready()
      await ensemble.write([leader], 8)
    }
    await ensemble.stopWriting()
    const digest = await ensemble.converged()
    say(await ensemble.checkWritten())
    const [median, worst] = [percentile(failovers, 0.5), Math.max(...failovers)]
    say(
      `${kills} leaders killed; failover median ${median.toFixed(0)} ms, worst ${worst.toFixed(0)} ms`,
    )
    say(`equal digests: ${digest}`)
    if (judgesTime && median >= 150) throw new Error('the median failover takes 150 ms or longer')
    if (judgesTime && worst >= 1_000) throw new Error('the worst failover takes 1 s or longer')
  } finally {
    await ensemble.end()
  }
}

/** All three are killed at once under load; what was acknowledged is there after the restart. */
export const ensembleKills: Program = async ({ ensembleKills: kills }, say) => {
  const ensemble = await founded()
  try {
    for (let count = 0; count < kills; count += 1) {
      await ensemble.write(ensemble.up, 16)
      await sleep(500)
      await Promise.all(ensemble.services.map((service) => service.kill()))
      await Promise.all(ensemble.services.map((service) => service.start()))
      await ensemble.ready()
    }
    const digest = await ensemble.converged()
    say(`all three killed ${kills} times; ${await ensemble.checkWritten()}`)
    say(`equal digests: ${digest}`)
  } finally {
    await ensemble.end()
  }
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

function overwrite(file: string, position: number): void {
  const descriptor = openSync(file, 'r+')
  writeSync(descriptor, Buffer.alloc(64, 0xa5), 0, 64, position)
  closeSync(descriptor)
}

function newestSegment(service: Service): string {
  const newest = filesBelow(join(service.dir, 'log')).sort().at(-1)
  if (newest === undefined) throw new Error(`no log in ${service.dir}`)
  return newest
}

/** Writes until there is a snapshot and a log behind it, then stops one follower under load. */
async function withStoppedFollower(): Promise<[EnsembleOfServices, Service]> {
  const ensemble = await founded({ limits: { checkpointZnodes: 500 } })
  await ensemble.write(ensemble.up, 16)
  await until('there is a snapshot', () => ensemble.acknowledged.length > 3_000)
  const leader = await ensemble.leader()
  const follower = ensemble.up.find((service) => service !== leader)
  if (follower === undefined) throw new Error('there is no follower')
  await follower.kill()
  return [ensemble, follower]
}

/** The peer is started on what is left of its directory, and must end like the others. */
async function recovers(
  ensemble: EnsembleOfServices,
  follower: Service,
  say: (line: string) => void,
  what: string,
): Promise<void> {
  if (!follower.isUp) await follower.start()
  await ensemble.ready()
  await ensemble.stopWriting()
  const digest = await ensemble.converged()
  const { damaged } = await follower.status()
  if (damaged !== undefined) throw new Error(`still damaged: ${damaged}`)
  const opened =
    follower.damaged === undefined ? 'opened without damage' : `damaged: ${follower.damaged}`
  say(`${what}: ${opened}; ${await ensemble.checkWritten()}; digest ${digest}`)
}

/** (a) A page above the snapshot is overwritten: the peer says so, and does not vote until mended. */
export const damagedLog: Program = async (_, say) => {
  const [ensemble, follower] = await withStoppedFollower()
  try {
    const others = ensemble.up
    await ensemble.stopWriting()
    const segment = newestSegment(follower)
    overwrite(segment, Math.floor(statSync(segment).size * 0.9))
    const [kept, stopped] = others as [Service, Service]
    await stopped.kill()
    await follower.start()
    if (follower.damaged === undefined) throw new Error('status().damaged does not say so')
    // With its vote there would be a quorum of two.
    await sleep(3_000)
    const roles = await Promise.all([kept, follower].map((service) => service.status()))
    if (roles.some(({ role }) => role !== 'looking')) throw new Error('a damaged peer voted')
    await stopped.start()
    await recovers(ensemble, follower, say, '64 bytes of a page overwritten')
  } finally {
    await ensemble.end()
  }
}

/** (b) The largest file of the snapshot's database is overwritten. */
export const damagedSnapshot: Program = async (_, say) => {
  const [ensemble, follower] = await withStoppedFollower()
  try {
    const files = filesBelow(join(follower.dir, 'snapshot'))
    const largest = files.sort((a, b) => statSync(a).size - statSync(b).size).at(-1)
    if (largest === undefined) throw new Error('there is no snapshot')
    overwrite(largest, Math.floor(statSync(largest).size / 2))
    await recovers(ensemble, follower, say, '64 bytes of the snapshot overwritten')
  } finally {
    await ensemble.end()
  }
}

/** (c) The last page is cut short, as by a crash in the middle of a write. */
export const tornLog: Program = async (_, say) => {
  const [ensemble, follower] = await withStoppedFollower()
  try {
    const segment = newestSegment(follower)
    truncateSync(segment, statSync(segment).size - 10)
    await recovers(ensemble, follower, say, 'the last page cut short')
    if (follower.damaged !== undefined) throw new Error('a torn tail is no damage')
  } finally {
    await ensemble.end()
  }
}

/** (d) The directory is empty: the peer joins as a learner. */
export const emptiedDirectory: Program = async (_, say) => {
  const [ensemble, follower] = await withStoppedFollower()
  try {
    cpSync(follower.dir, `${follower.dir}-aside`, { recursive: true })
    rmSync(follower.dir, { recursive: true })
    await recovers(ensemble, follower, say, 'the directory emptied')
  } finally {
    await ensemble.end()
  }
}

/** The silent-peer deadline of a peer on its application's loop is 3 s; then it is dropped. */
const noticedAfterMs = 4_000

/** A follower stands still under load: the others go on, and do not grow. */
export const stoppedFollower: Program = async ({ stoppedMs, judgesTime }, say) => {
  const ensemble = await founded()
  try {
    const leader = await ensemble.leader()
    const follower = ensemble.up.find((service) => service !== leader)
    if (follower === undefined) throw new Error('there is no follower')
    const others = ensemble.up.filter((service) => service !== follower)
    await ensemble.write(others, 32, 1_000)
    await sleep(2_000)
    const memory = (): Promise<number[]> =>
      Promise.all(others.map((service) => service.ask<number>({ type: 'memory' })))
    const before = await memory()
    const from = ensemble.acknowledged.length
    const stoppedAtMs = nowMs()
    follower.signal('SIGSTOP')
    let most = before.map(() => 0)
    while (nowMs() - stoppedAtMs < stoppedMs) {
      await sleep(500)
      const now = await memory()
      most = most.map((value, index) => Math.max(value, (now[index] ?? 0) - (before[index] ?? 0)))
    }
    const continuedAtMs = nowMs()
    follower.signal('SIGCONT')
    const noticedMs = stoppedAtMs + noticedAfterMs
    const during = ensemble.acknowledged
      .slice(from)
      .map(({ atMs }) => atMs)
      .filter((time) => time < continuedAtMs)
      .sort((a, b) => a - b)
    let [worst, later, last] = [0, 0, stoppedAtMs]
    for (const time of [...during, continuedAtMs]) {
      worst = Math.max(worst, time - last)
      if (time > noticedMs) later = Math.max(later, time - last)
      last = time
    }
    const grown = Math.max(...most) / 2 ** 20
    await sleep(1_000)
    await ensemble.stopWriting()
    const digest = await ensemble.converged()
    say(
      `follower stopped for ${stoppedMs / 1_000} s, ${during.length} writes meanwhile: longest gap ` +
        `${worst.toFixed(0)} ms, once noticed ${later.toFixed(0)} ms; memory grew by at most ` +
        `${grown.toFixed(0)} MiB; caught up, digest ${digest}`,
    )
    if (judgesTime && worst > 500) throw new Error('a gap of more than 500 ms')
    if (judgesTime && later > 200) throw new Error('a gap of more than 200 ms after it was noticed')
    if (grown >= 128) throw new Error('memory grew by 128 MiB or more')
  } finally {
    await ensemble.end()
  }
}

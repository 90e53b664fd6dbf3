/** The scenarios: each fault on a leader or on a follower, and what needs more than one step. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { sleep } from '../processes/waiting.ts'
import type { Ensemble, EnsembleShape } from './ensemble.ts'
import { faults, type Fault, type FaultName } from './faults.ts'
import type { PeerProcess } from './peer-process.ts'
import type { Random } from './random.ts'

/** What is done to an ensemble; resolves with whom it has spared, who must have gone on. */
export type Disturb = (ensemble: Ensemble, random: Random) => Promise<readonly PeerProcess[]>

export interface Scenario extends EnsembleShape {
  readonly name: string
  readonly disturb: Disturb
}

/** What an ensemble must be like for this fault. */
export function needsOf(fault: Fault): EnsembleShape {
  return {
    network: fault.network ?? 'loopback',
    shim: fault.needsShim === true,
    ...(fault.needsDisk === true ? { diskMib: 48 } : {}),
  }
}

const lastsMs = 3_000

/** A fault that lasts for a while, then is mended. */
function single(
  name: FaultName,
  role: 'leader' | 'follower',
  ms = lastsMs,
  more: Partial<Scenario> = {},
): Scenario {
  const fault: Fault = faults[name]
  return {
    name: `${name} ${role}`,
    ...needsOf(fault),
    ...more,
    async disturb(ensemble, random) {
      const target = await ensemble[role]()
      const hit = (await fault.hit?.(ensemble, target)) ?? [target]
      const mend = await fault.inflict(ensemble, target, random)
      await sleep(ms)
      await mend()
      return ensemble.peers.filter((peer) => !hit.includes(peer))
    },
  }
}

/** One after the other, the leader last; each is back before the next one goes. */
const rolling: Disturb = async (ensemble, random) => {
  const leader = await ensemble.leader()
  for (const peer of [...ensemble.others(leader), leader]) {
    const mend = await faults.closed.inflict(ensemble, peer, random)
    await mend()
    await ensemble.ready()
  }
  return []
}

/** All at once; nobody is left to remember but the disks. */
const allAtOnce: Disturb = async (ensemble, random) => {
  const mends = await Promise.all(
    ensemble.peers.map((peer) => faults.killed.inflict(ensemble, peer, random)),
  )
  await Promise.all(mends.map((mend) => mend()))
  return []
}

const allStopped: Disturb = async (ensemble, random) => {
  const mends = await Promise.all(
    ensemble.peers.map((peer) => faults.stopped.inflict(ensemble, peer, random)),
  )
  await sleep(6_000)
  await Promise.all(mends.map((mend) => mend()))
  return []
}

/** A follower comes back so late that only a snapshot helps, and writes go on; then once more. */
const snapshots: Disturb = async (ensemble, random) => {
  const target = await ensemble.follower()
  await sleep(2_000)
  for (let count = 0; count < 2; count += 1) {
    const mend = await faults.killed.inflict(ensemble, target, random)
    await sleep(4_000)
    await mend()
    // Again, and in the midst of it as likely as not.
    await sleep(random.integer(0, 1_000))
  }
  await ensemble.ready()
  const databases = readdirSync(join(target.dir, 'snapshot'))
  if (databases.every((name) => name === '1')) throw new Error('there was no SNAP')
  return ensemble.others(target)
}

/** The leader is killed before the one that follows it has settled, again and again. */
const leaderAfterLeader: Disturb = async (ensemble, random) => {
  for (let count = 0; count < 4; count += 1) {
    const leader = await ensemble.leader()
    const mend = await faults.killed.inflict(ensemble, leader, random)
    await mend()
  }
  return []
}

/** The leader is killed, and those who are left do not hear each other: only through it is there a quorum. */
const bridgeElects: Disturb = async (ensemble, random) => {
  const leader = await ensemble.leader()
  const mend = await faults.bridge.inflict(ensemble, leader, random)
  const restart = await faults.killed.inflict(ensemble, leader, random)
  await sleep(2_000)
  await restart()
  await ensemble.leader()
  await sleep(lastsMs)
  await mend()
  return []
}

/** The leader's disk refuses while a follower is down: with it, the majority is gone for a while. */
const diskOfTwo: Disturb = async (ensemble, random) => {
  const leader = await ensemble.leader()
  const [follower, other] = ensemble.others(leader)
  if (follower === undefined || other === undefined) throw new Error('there are no followers')
  const restart = await faults.killed.inflict(ensemble, follower, random)
  const mend = await faults['sync-refused'].inflict(ensemble, leader, random)
  await sleep(1_000)
  await restart()
  await mend()
  return []
}

export const scenarios: readonly Scenario[] = [
  single('killed', 'leader'),
  single('killed', 'follower'),
  { name: 'killed all', network: 'loopback', disturb: allAtOnce },
  { name: 'killed leader after leader', network: 'loopback', disturb: leaderAfterLeader },
  { name: 'rolling restart', network: 'loopback', disturb: rolling },
  // Longer than the timeout of the sessions that the process hosts: they are gone when it is back.
  single('stopped', 'leader', 7_000),
  single('stopped', 'follower', 7_000),
  { ...single('stopped', 'leader', 600), name: 'stopped briefly leader' },
  { name: 'stopped all', network: 'loopback', disturb: allStopped },
  single('loop-stalled-2s', 'leader'),
  single('loop-stalled-2s', 'follower'),
  single('loop-stalled-5s', 'leader', 5_000),
  single('loop-stalled-12s', 'leader', 12_000),
  single('loop-stalled-12s', 'follower', 12_000),
  single('mute', 'leader', 5_000),
  single('deaf', 'leader', 5_000),
  single('mute-to-one', 'leader', 5_000),
  single('deaf-to-one', 'leader', 5_000),
  single('isolated', 'leader', 7_000),
  single('isolated', 'follower', 7_000),
  { ...single('bridge', 'leader'), disturb: bridgeElects },
  single('bridge', 'follower', 5_000),
  single('unplugged', 'leader', 5_000),
  single('flapping', 'leader', 5_000),
  single('flapping', 'follower', 5_000),
  single('reset', 'leader'),
  single('narrowed', 'follower', 5_000, { valueBytes: 16_384 }),
  single('narrowed', 'leader', 5_000, { valueBytes: 16_384 }),
  single('delayed', 'leader', 5_000),
  single('slow', 'follower', 5_000, { valueBytes: 4_096 }),
  single('cut', 'leader', 5_000),
  single('corrupted', 'leader', 5_000),
  single('corrupted', 'follower', 5_000),
  single('write-refused', 'leader'),
  single('write-refused', 'follower'),
  single('sync-refused', 'leader'),
  single('sync-refused', 'follower'),
  { ...single('sync-refused', 'leader'), name: 'disk of two', disturb: diskOfTwo },
  single('sync-stalled', 'leader', 4_000),
  single('sync-stalled', 'follower', 4_000),
  single('disk-full', 'leader'),
  single('disk-full', 'follower'),
  single('out-of-files', 'leader'),
  single('out-of-files', 'follower'),
  single('clock-ahead', 'leader'),
  single('clock-behind', 'leader'),
  single('clock-ahead', 'follower'),
  single('rotten-segment', 'follower'),
  single('rotten-segment', 'leader'),
  single('rotten-table', 'follower'),
  single('rotten-journal', 'follower'),
  single('rotten-manifest', 'follower'),
  single('rotten-current', 'follower'),
  single('rotten-identity', 'follower'),
  single('emptied', 'follower'),
  single('emptied', 'leader'),
  {
    name: 'snapshots while writes go on',
    network: 'loopback',
    limits: { maxRetainedBytes: 64 * 1024, maxWindowBytes: 32 * 1024, checkpointMs: 500 },
    disturb: snapshots,
  },
]

/** What CI has time for: each layer once. Leaders are killed by the acceptance programs too. */
const smoke = [
  'killed all',
  'stopped leader',
  'isolated leader',
  'corrupted leader',
  'sync-refused leader',
  'disk-full follower',
  'rotten-segment follower',
  'snapshots while writes go on',
]

export function isSmoke({ name }: Scenario): boolean {
  return smoke.includes(name)
}

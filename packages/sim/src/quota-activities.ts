/** What makes quotas in a run, changes them and takes them away, as some of its clients do. */
import type { Activity, PlannedWrite } from './activities.ts'
import { Random } from './prng.ts'
import type { Scenario } from './scenario.ts'
import { millisecondUs } from './scheduler.ts'

/** The mean time between two of them. */
const meanUs = 400 * millisecondUs

/** Quotas of what the clients write to, so narrow that they are reached. */
export function drawQuotaActivities({ seed, workload, faultyUs }: Scenario): readonly Activity[] {
  const random = new Random(seed, 'quotas')
  const activities: Activity[] = []
  let at = 0
  for (let written = 1; ; written += 1) {
    at += random.exponential(meanUs)
    if (at >= faultyUs) return activities
    const client = random.integer(0, workload.clientCount - 1)
    const write = drawWrite(random, workload.names, written)
    activities.push({ at, client, choice: random.integer(0, 255), ...write })
  }
}

function drawWrite(random: Random, names: number, written: number): PlannedWrite {
  const of = `/n${random.integer(1, names)}${random.chance(0.2) ? `/n${random.integer(1, names)}` : ''}`
  const isLimits = random.chance(0.5)
  const path = `/zookeeper/quota${of}/zookeeper_${isLimits ? 'limits' : 'stats'}`
  // Unique, like all data; what a stats znode is given, a count replaces.
  const data = `${drawLimits(random)};written=${written}`
  const kind = random.integer(0, 9)
  if (kind === 0) return { type: 'delete', path, version: 'any', recursive: false }
  if (kind < 4) return { type: 'set', path, data, version: 'any' }
  return {
    type: 'create',
    path,
    data,
    mode: 'persistent',
    sequential: false,
    list: 'open',
    parents: true,
  }
}

function drawLimits(random: Random): string {
  const soft = `count=${random.integer(-1, 3)},bytes=${random.pick([-1, 20])}`
  const count = random.pick([-1, 1, 3, 6])
  return `${soft}=;byteHardLimit=${random.pick([-1, -1, 30, 200])};countHardLimit=${count}`
}

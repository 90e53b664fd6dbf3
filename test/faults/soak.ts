/**
 * Random faults for as long as one likes: round after round, each with an ensemble of its own, so that
 * what has to be judged at its end stays small. Everything is drawn from the seed; how processes and
 * disks fall in with it is not.
 */
import { nowMs, sleep } from '../processes/waiting.ts'
import type { Ensemble, EnsembleShape } from './ensemble.ts'
import { faults, NotFeltError, type Fault } from './faults.ts'
import type { NetworkType } from './network.ts'
import type { PeerProcess } from './peer-process.ts'
import type { Random } from './random.ts'
import type { Disturb } from './scenarios.ts'

const faultsOfRound = 6
const allFaults: readonly (readonly [string, Fault])[] = Object.entries(faults)

/** An ensemble on which many faults can be inflicted. */
export function drawEnsemble(random: Random, isPrivileged: boolean): EnsembleShape {
  const networks = (['namespaces', 'proxies'] as const).slice(isPrivileged ? 0 : 1)
  return {
    network: random.pick<NetworkType>(networks),
    shim: true,
    ...(isPrivileged ? { diskMib: 160 } : {}),
    valueBytes: random.pick([0, 0, 1_024]),
    limits: {
      checkpointMs: random.pick([500, 2_000]),
      maxRetainedBytes: random.pick([64, 256, 1_024]) * 1_024,
    },
  }
}

/** One random fault after the other. Nobody is spared throughout. */
export function drawFaults(options: EnsembleShape): Disturb {
  const possible = allFaults.filter(([, fault]) => {
    if (fault.needsDisk === true && options.diskMib === undefined) return false
    return fault.network === undefined || fault.network === options.network
  })
  return async (ensemble, random) => {
    for (let count = 0; count < faultsOfRound; count += 1) {
      const [name, fault] = random.pick(possible)
      await inflict(ensemble, random, name, fault)
      await sleep(random.integer(0, 1_500))
    }
    return []
  }
}

async function inflict(
  ensemble: Ensemble,
  random: Random,
  name: string,
  fault: Fault,
): Promise<void> {
  const target: PeerProcess = random.chance(0.5)
    ? await ensemble.leader()
    : random.pick(ensemble.peers)
  const lastsMs = random.integer(200, 6_000)
  const startedMs = nowMs()
  ensemble.say(`${name} on peer ${target.id} for ${lastsMs} ms`)
  const mend = await fault.inflict(ensemble, target, random)
  await sleep(Math.max(0, lastsMs - (nowMs() - startedMs)))
  try {
    await mend()
  } catch (error) {
    // Some of them are over too soon for that.
    if (!(error instanceof NotFeltError)) throw error
    ensemble.say(`  not felt: ${error.message}`)
  }
  // A fault that has to be noticed expects a sound majority.
  await ensemble.ready()
}

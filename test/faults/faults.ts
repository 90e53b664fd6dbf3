/**
 * What can happen to one peer, each with its way back. A fault that the peer must notice waits until
 * it has: the disk that refuses stops the peer, the one that stalls costs a leader its office. And no
 * fault is taken for one that has not been felt: by the kernel's counters, the proxies', the shim's.
 */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sleep, until } from '../processes/waiting.ts'
import type { Ensemble } from './ensemble.ts'
import type { NetworkType } from './network.ts'
import type { PeerProcess } from './peer-process.ts'
import type { Disturbance } from './proxies.ts'
import type { Random } from './random.ts'
import { rot, type FileKind } from './rot.ts'
import { errno, type Orders } from './shim.ts'

/** The fault is taken back, and nobody has felt it: a scenario proves nothing by it. */
export class NotFeltError extends Error {}

/** Takes the fault back, so that the peer can be as before. */
export type Mend = () => Promise<void>

export interface Fault {
  /** Where it can be inflicted; anywhere unless told. */
  readonly network?: NetworkType
  readonly needsShim?: true
  /** The peer's directory must be a file system of its own. */
  readonly needsDisk?: true
  /** Whose clients cannot be expected to get on meanwhile: the target's, unless told. */
  readonly hit?: (ensemble: Ensemble, target: PeerProcess) => Promise<readonly PeerProcess[]>
  /** Does it; resolves, once whoever has to notice has, with the way back. */
  readonly inflict: (ensemble: Ensemble, target: PeerProcess, random: Random) => Promise<Mend>
}

const noticedMs = 15_000

/** The peer has to stop itself, and to say why. */
async function failsItself(target: PeerProcess, inflict: () => void): Promise<void> {
  target.mayFail = true
  inflict()
  await until(
    `peer ${target.id} says that it failed`,
    () => target.failure !== undefined,
    noticedMs,
  )
  if (target.failure?.code !== 'STORAGE_FAILED') {
    throw new Error(`peer ${target.id} failed as ${String(target.failure?.code)}, not for its disk`)
  }
}

async function restart(ensemble: Ensemble, target: PeerProcess): Promise<void> {
  await target.kill()
  await ensemble.start(target)
}

const killed: Fault = {
  async inflict(ensemble, target) {
    await target.kill()
    return () => ensemble.start(target)
  },
}

const closed: Fault = {
  async inflict(ensemble, target) {
    await target.close()
    return () => ensemble.start(target)
  },
}

const stopped: Fault = {
  async inflict(_, target) {
    target.signal('SIGSTOP')
    const answers = await target.status(500).then(
      () => true,
      () => false,
    )
    if (answers) throw new Error(`peer ${target.id} answers, and was stopped`)
    return async () => target.signal('SIGCONT')
  },
}

/** The application keeps the loop busy for as long as a session lives. */
function loopStalled(ms: number): Fault {
  return {
    async inflict(_, target) {
      const over = target.stall(ms)
      return () => over
    },
  }
}

function cutOff(cut: (ensemble: Ensemble, target: PeerProcess) => void): Fault {
  return {
    network: 'namespaces',
    async inflict(ensemble, target) {
      cut(ensemble, target)
      return async () => {
        const felt = ensemble.namespaces.feltCount
        ensemble.network.heal()
        if (felt === 0) throw new NotFeltError('nothing was lost on the network')
      }
    },
  }
}

const mute = cutOff((ensemble, target) => {
  for (const { id } of ensemble.others(target)) ensemble.namespaces.blackhole(target.id, id)
})
const deaf = cutOff((ensemble, target) => {
  for (const { id } of ensemble.others(target)) ensemble.namespaces.blackhole(id, target.id)
})
/** One other loses the leader, or is lost to it; a quorum is left. */
async function oneOther(ensemble: Ensemble, target: PeerProcess): Promise<readonly PeerProcess[]> {
  return ensemble.others(target).slice(0, 1)
}
const muteToOne: Fault = {
  ...cutOff((ensemble, target) => {
    const [other] = ensemble.others(target)
    if (other !== undefined) ensemble.namespaces.blackhole(target.id, other.id)
  }),
  hit: oneOther,
}
const deafToOne: Fault = {
  ...cutOff((ensemble, target) => {
    const [other] = ensemble.others(target)
    if (other !== undefined) ensemble.namespaces.blackhole(other.id, target.id)
  }),
  hit: oneOther,
}
const isolated = cutOff((ensemble, target) => {
  for (const { id } of ensemble.others(target)) ensemble.namespaces.cut(target.id, id)
})
/** The others hear the target, and not each other: if one of them leads, the third is cut off. */
const bridge: Fault = {
  ...cutOff((ensemble, target) => {
    const [one, other] = ensemble.others(target)
    if (one !== undefined && other !== undefined) ensemble.namespaces.cut(one.id, other.id)
  }),
  async hit(ensemble, target) {
    const leader = await ensemble.leader()
    return leader === target ? [] : ensemble.others(target).filter((peer) => peer !== leader)
  },
}
const unplugged = cutOff((ensemble, target) => ensemble.namespaces.unplug(target.id))
const reset = cutOff((ensemble, target) => ensemble.namespaces.reset(target.id))
const narrowed = cutOff((ensemble, target) => ensemble.namespaces.narrow(target.id, 1_000))

const flapping: Fault = {
  network: 'namespaces',
  async inflict(ensemble, target, random) {
    let isOver = false
    let felt = 0
    const flap = async (): Promise<void> => {
      while (!isOver) {
        ensemble.namespaces.unplug(target.id)
        await sleep(random.integer(50, 500))
        felt += ensemble.namespaces.feltCount
        ensemble.network.heal()
        await sleep(random.integer(50, 500))
      }
    }
    const over = flap()
    return async () => {
      isOver = true
      await over
      if (felt === 0) throw new NotFeltError('nothing was lost on the network')
    }
  },
}

/** Bytes come late, in drops, changed or cut off: to some it must have happened. */
function proxied(disturbance: Disturbance): Fault {
  return {
    network: 'proxies',
    async inflict(ensemble, target) {
      const before = ensemble.proxies.disturbedCount
      ensemble.proxies.disturb(target.id, disturbance)
      return async () => {
        ensemble.network.heal()
        if (ensemble.proxies.disturbedCount === before) {
          throw new NotFeltError('no byte was disturbed')
        }
      }
    },
  }
}

function diskRefuses(orders: Orders): Fault {
  return {
    needsShim: true,
    async inflict(ensemble, target) {
      await failsItself(target, () => target.shim?.order(orders))
      return () => {
        target.shim?.clear()
        return restart(ensemble, target)
      }
    },
  }
}

/** Nothing is refused, and nothing becomes durable for so long. A leader must give way. */
function diskStalled(ms: number): Fault {
  return {
    needsShim: true,
    async inflict(ensemble, target) {
      const wasLeader = (await target.status()).role === 'leader'
      const before = target.shim?.refusedCount
      target.shim?.order({ syncStallMs: ms })
      if (wasLeader) await ensemble.leader(ensemble.others(target), noticedMs)
      return async () => {
        target.shim?.clear()
        if (target.shim?.refusedCount === before) throw new Error('nothing was held up')
        await sleep(ms)
      }
    },
  }
}

/** The file system is full; then there is space again, and the peer is started anew. */
const diskFull: Fault = {
  needsDisk: true,
  async inflict(ensemble, target) {
    const ballast = join(dirname(target.dir), 'ballast')
    await failsItself(target, () => fill(ballast))
    return () => {
      rmSync(ballast)
      return restart(ensemble, target)
    }
  },
}

function fill(ballast: string): void {
  const file = openSync(ballast, 'w')
  const bytes = Buffer.alloc(64 * 1024)
  try {
    for (;;) writeSync(file, bytes)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  } finally {
    closeSync(file)
  }
}

/** No file and no socket can be opened. The peer lives on, or stops and says so. */
const outOfFiles: Fault = {
  async inflict(ensemble, target) {
    target.mayFail = true
    target.limitFiles(8)
    if (target.openFileCount <= 8) throw new Error(`peer ${target.id} may open more files`)
    return async () => {
      target.limitFiles(1_024)
      if (target.failure !== undefined) await restart(ensemble, target)
      target.mayFail = false
    }
  },
}

function wallClock(offsetS: number): Fault {
  return {
    needsShim: true,
    async inflict(_, target) {
      target.shim?.order({ wallOffsetS: offsetS })
      const jumpS = ((await target.wallMs()) - Date.now()) / 1_000
      if (Math.abs(jumpS - offsetS) > 60) throw new Error(`the clock jumped by ${jumpS} s`)
      return async () => target.shim?.order({ wallOffsetS: 0 })
    },
  }
}

/** Bits flip while the peer is down. It starts, says what is damaged, and is made whole again. */
function rotten(kind: FileKind, count: number): Fault {
  return {
    async inflict(ensemble, target, random) {
      await target.kill()
      ensemble.say(`rot in peer ${target.id}: ${rot(target.dir, kind, count, random)}`)
      return () => ensemble.start(target)
    },
  }
}

/** The one file without which nobody knows whose the directory is: it is refused, and given up. */
const rottenIdentity: Fault = {
  async inflict(ensemble, target, random) {
    await target.kill()
    ensemble.say(`rot in peer ${target.id}: ${rot(target.dir, 'identity', 40, random)}`)
    await target.start()
    if (target.refusal?.code !== 'DIR_FORMAT' && target.refusal?.code !== 'DIR_FOREIGN') {
      throw new Error(`peer ${target.id} took a directory that nobody can read`)
    }
    return async () => {
      rmSync(target.dir, { recursive: true })
      await restart(ensemble, target)
    }
  },
}

const emptied: Fault = {
  async inflict(ensemble, target) {
    await target.kill()
    rmSync(target.dir, { recursive: true })
    return () => ensemble.start(target)
  },
}

export const faults = {
  killed,
  closed,
  stopped,
  'loop-stalled-2s': loopStalled(2_000),
  'loop-stalled-5s': loopStalled(5_000),
  'loop-stalled-12s': loopStalled(12_000),
  mute,
  deaf,
  'mute-to-one': muteToOne,
  'deaf-to-one': deafToOne,
  isolated,
  bridge,
  unplugged,
  flapping,
  reset,
  narrowed,
  delayed: proxied({ delayMs: 40, jitterMs: 40 }),
  slow: proxied({ bytesPerSecond: 40_000 }),
  cut: proxied({ cut: 0.01 }),
  corrupted: proxied({ corrupt: 0.01 }),
  'write-refused': diskRefuses({ writeErrno: errno.EIO }),
  'write-no-space': diskRefuses({ writeErrno: errno.ENOSPC }),
  'sync-refused': diskRefuses({ syncErrno: errno.EIO }),
  'sync-stalled': diskStalled(3_500),
  'disk-full': diskFull,
  'out-of-files': outOfFiles,
  'clock-ahead': wallClock(3_600),
  'clock-behind': wallClock(-3_600),
  'rotten-segment': rotten('segment', 8),
  'rotten-table': rotten('table', 8),
  'rotten-journal': rotten('journal', 8),
  'rotten-manifest': rotten('manifest', 4),
  'rotten-current': rotten('current', 2),
  'rotten-identity': rottenIdentity,
  emptied,
} as const satisfies Readonly<Record<string, Fault>>
export type FaultName = keyof typeof faults

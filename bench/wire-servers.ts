/**
 * What the wire bench is run on: three peers of Conclave, or three servers of Apache ZooKeeper, which Maven
 * fetches, each in a process of its own, with fsync on; or the stub.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { BenchProcess, freePorts } from './processes.ts'

export interface WireServers {
  /** Where clients are served, the leader's port first. */
  readonly ports: readonly number[]
  /** The processor time that all of them have had. */
  cpuMicros(): number
  end(): Promise<void>
}

const ids = [1, 2, 3]
const readyWithinMs = 60_000
const here = dirname(fileURLToPath(import.meta.url))

export const zooKeeperVersion = '3.9.5'
const jars = join(here, '../node_modules/.cache/bench', `zookeeper-${zooKeeperVersion}`)

export async function startConclave(directory: string): Promise<WireServers> {
  const [peerPorts, ports] = [await freePorts(ids.length), await freePorts(ids.length)]
  const ensemble = ids.map((id, index) => ({ id, host: '127.0.0.1', port: peerPorts[index] ?? 0 }))
  const processes = ids.map(() => new BenchProcess('./wire-peer.ts', []))
  const roles = await Promise.all(
    processes.map((one, index) => {
      const id = ids[index] ?? 0
      const zookeeper = { port: ports[index] ?? 0, maxClientCnxns: 0 }
      return one.ask<string>({ id, dir: join(directory, String(id)), ensemble, zookeeper })
    }),
  )
  return {
    ports: leaderFirst(ports, roles.indexOf('leader')),
    cpuMicros: () => cpuMicrosOf(processes.map(({ pid }) => pid)),
    async end() {
      await Promise.all(processes.map((one) => one.end()))
    },
  }
}

export async function startZooKeeper(directory: string): Promise<WireServers> {
  await install()
  const ports = await freePorts(ids.length)
  const between = await freePorts(2 * ids.length)
  const members = ids.map(
    (id, index) =>
      `server.${String(id)}=127.0.0.1:${between.slice(2 * index, 2 * index + 2).join(':')}`,
  )
  const children = ids.map((id, index) => {
    const dataDir = join(directory, String(id))
    mkdirSync(dataDir, { recursive: true })
    writeFileSync(join(dataDir, 'myid'), String(id))
    const settings = [
      'tickTime=2000',
      'initLimit=10',
      'syncLimit=5',
      'maxClientCnxns=0',
      'admin.enableServer=false',
      `dataDir=${dataDir}`,
      `clientPort=${String(ports[index] ?? 0)}`,
      ...members,
    ]
    const file = join(dataDir, 'zoo.cfg')
    writeFileSync(file, `${settings.join('\n')}\n`)
    const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain'
    return spawn('java', ['-Xmx1g', '-cp', join(jars, '*'), main, file], { stdio: 'ignore' })
  })
  const end = async (): Promise<void> => {
    await Promise.all(children.map(endProcess))
  }
  try {
    const modes = await Promise.all(ports.map(modeOf))
    return {
      ports: leaderFirst(ports, modes.indexOf('leader')),
      cpuMicros: () => cpuMicrosOf(children.map(({ pid = 0 }) => pid)),
      end,
    }
  } catch (error) {
    await end()
    throw error
  }
}

/** One process in the place of three. */
export async function startStub(): Promise<WireServers> {
  const stub = new BenchProcess('./wire-stub.ts', [])
  return {
    ports: [await stub.ask<number>({})],
    cpuMicros: () => cpuMicrosOf([stub.pid]),
    end: () => stub.end(),
  }
}

async function install(): Promise<void> {
  if (existsSync(join(jars, `zookeeper-${zooKeeperVersion}.jar`))) return
  mkdirSync(jars, { recursive: true })
  const pom = join(here, '../test/zookeeper-diff/pom.xml')
  await promisify(execFile)('mvn', [
    '--quiet',
    '--batch-mode',
    '--file',
    pom,
    `-Dzookeeper.version=${zooKeeperVersion}`,
    `-DoutputDirectory=${jars}`,
    'dependency:copy-dependencies',
  ])
}

/** User and system time of processes, in the clock ticks of `/proc`: 10 ms each. Linux only. */
function cpuMicrosOf(pids: readonly number[]): number {
  if (process.platform !== 'linux') return Number.NaN
  return pids.reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
    // Behind the name, which may have blanks in it, fields 3 and on.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) * 10_000
  }, 0)
}

function leaderFirst(ports: readonly number[], leader: number): readonly number[] {
  if (leader < 0) throw new Error('nobody leads')
  return [...ports.slice(leader), ...ports.slice(0, leader)]
}

/** `leader` or `follower`, once the server is one. */
async function modeOf(port: number): Promise<string> {
  for (const untilMs = performance.now() + readyWithinMs; performance.now() < untilMs;) {
    const told = await askWord(port, 'srvr').catch(() => '')
    const [, mode] = /^Mode: (leader|follower)$/m.exec(told) ?? []
    if (mode !== undefined) return mode
    await wait(100)
  }
  throw new Error(`the server on port ${String(port)} does not serve`)
}

function askWord(port: number, word: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let told = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(word))
    socket.on('data', (bytes) => (told += bytes.toString()))
    socket.once('close', () => resolve(told)).once('error', reject)
  })
}

function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}

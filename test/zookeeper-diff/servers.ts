/**
 * The two servers that are asked the same: one of Apache ZooKeeper, in a process of its own, and a
 * standalone peer, in this one. Both have the same bounds of timeouts, enforce quotas, know TTLs, and
 * let nothing expire while they are compared.
 */
import { spawn, execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { open } from 'conclave'
import { freePorts } from '../processes/free-ports.ts'
import { sleep, until } from '../processes/waiting.ts'
import { WireClient } from './wire-client.ts'

export interface Server {
  readonly port: number
  close(): Promise<void>
}

export const serverVersions = ['3.9.5', '3.8.0'] as const
export type ServerVersion = (typeof serverVersions)[number]

const run = promisify(execFile)
const here = dirname(fileURLToPath(import.meta.url))
const cache = join(here, '../../node_modules/.cache/zookeeper-diff')

/** Least and most that a session may ask for, at both. */
const timeouts = { leastMs: 3_000, mostMs: 60_000 }
/** Longer than any run. */
const neverMs = 86_400_000

/** What is asked here is no question to disks: memory is fast enough, where there is such a folder. */
async function newFolder(name: string): Promise<string> {
  const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  return mkdtemp(join(parent, `zookeeper-diff-${name}-`))
}

async function install(version: ServerVersion): Promise<string> {
  const jars = join(cache, version)
  if (existsSync(join(jars, `zookeeper-${version}.jar`))) return jars
  await mkdir(jars, { recursive: true })
  const options = [`-Dzookeeper.version=${version}`, `-DoutputDirectory=${jars}`]
  const goal = 'dependency:copy-dependencies'
  await run('mvn', ['--quiet', '--batch-mode', '--file', join(here, 'pom.xml'), ...options, goal])
  return jars
}

/** Starts a server of Apache ZooKeeper, which is fetched when it is not there yet. */
export async function startZooKeeper(version: ServerVersion): Promise<Server> {
  const jars = await install(version)
  const folder = await newFolder('apache')
  const [port = 0] = await freePorts(1)
  const settings = {
    tickTime: 1_000,
    dataDir: folder,
    clientPort: port,
    clientPortAddress: '127.0.0.1',
    minSessionTimeout: timeouts.leastMs,
    maxSessionTimeout: timeouts.mostMs,
    maxClientCnxns: 0,
    extendedTypesEnabled: true,
    enforceQuota: true,
    'admin.enableServer': false,
  }
  const file = join(folder, 'zoo.cfg')
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${String(value)}\n`)
  await writeFile(file, lines.join(''))
  const machine = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
  const silence = join(folder, 'logback.xml')
  await writeFile(silence, '<configuration><root level="OFF"/></configuration>')
  const properties = [
    `-Dlogback.configurationFile=${silence}`,
    '-Dzookeeper.forceSync=no',
    `-Dznode.container.checkIntervalMs=${neverMs}`,
  ]
  const main = 'org.apache.zookeeper.server.ZooKeeperServerMain'
  const command = [...machine, ...properties, '-cp', join(jars, '*'), main, file]
  const child = spawn('java', command, { stdio: 'ignore' })
  const ended = once(child, 'exit')
  const end = (): boolean => child.kill('SIGKILL')
  process.once('exit', end)
  let isWanted = true
  child.once('exit', (code, signal) => {
    if (isWanted) throw new Error(`ZooKeeper has ended: ${String(code ?? signal)}`)
  })
  await until('ZooKeeper serves', () => isServing(port))
  return {
    port,
    async close() {
      isWanted = false
      process.off('exit', end)
      end()
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function isServing(port: number): Promise<boolean> {
  const client = await WireClient.reach(port).catch(() => undefined)
  if (client === undefined) return false
  client.send(Buffer.from('srvr'))
  await Promise.race([client.closed, sleep(1_000)])
  client.destroy()
  return client.unframed.includes('Mode: standalone')
}

/** Starts a standalone peer that serves clients of ZooKeeper. */
export async function startConclave(): Promise<Server> {
  const folder = await newFolder('conclave')
  const [port = 0] = await freePorts(1)
  const peer = await open({
    id: 1,
    dir: folder,
    ensemble: 'standalone',
    timing: { silentPeerMs: timeouts.leastMs / 3 },
    limits: { reapMs: neverMs },
    zookeeper: { port, maxClientCnxns: 0 },
  })
  peer.on('failed', (error) => {
    throw error
  })
  await peer.ready({ timeoutMs: 10_000 })
  return {
    port,
    async close() {
      await peer.close({ timeoutMs: 1_000 })
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A server of Apache ZooKeeper, standalone, in a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../processes/free-ports.ts'
import { until } from '../processes/waiting.ts'

export interface ApacheServer {
  /** As clients are told, `host:port,…`: three names of the one server, for programs that go to three. */
  readonly servers: string
  close(): Promise<void>
}

/** Starts it from this class path, with everything allowed that the programs ask for. */
export async function startApacheZooKeeper(classPath: string): Promise<ApacheServer> {
  const folder = await mkdtemp(join(tmpdir(), 'conclave-apache-'))
  const [port = 0] = await freePorts(1)
  const settings = {
    tickTime: 1_000,
    dataDir: folder,
    clientPort: port,
    clientPortAddress: '127.0.0.1',
    maxSessionTimeout: 60_000,
    maxClientCnxns: 0,
    extendedTypesEnabled: true,
    enforceQuota: true,
    'admin.enableServer': false,
  }
  const file = join(folder, 'zoo.cfg')
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${String(value)}\n`)
  await writeFile(file, lines.join(''))
  // For containers that are empty; as it comes, once a minute.
  const looksOften = '-Dznode.container.checkIntervalMs=2000'
  const main = 'org.apache.zookeeper.server.ZooKeeperServerMain'
  const child = spawn('java', ['-Xmx512m', looksOften, '-cp', classPath, main, file], {
    stdio: 'ignore',
  })
  const ended = once(child, 'exit')
  const close = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await until('Apache ZooKeeper serves', () => isServing(port))
  } catch (error) {
    await close()
    throw error
  }
  return {
    servers: Array<string>(3)
      .fill(`127.0.0.1:${String(port)}`)
      .join(','),
    close,
  }
}

/** Whether `srvr` is answered by a server that serves. */
async function isServing(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1', () => socket.write('srvr'))
  // A server that is only just there may keep a connection without a word.
  socket.setTimeout(1_000, () => socket.destroy())
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk.toString()
  })
  // Refused while it is not there yet.
  await once(socket, 'close').catch(() => undefined)
  return answer.includes('Mode: standalone')
}

/** The clients: how each is installed by its language's own tools, and how its program is run. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { playTranscript } from './console.ts'
import { installed } from './installed.ts'

const execute = promisify(execFile)
const here = dirname(fileURLToPath(import.meta.url))

/** Runs a client's program on servers, `host:port,…`; what it printed ends with `done`. */
type Program = (servers: string) => Promise<string>

/** The output of a command. */
async function output(command: string, ...options: string[]): Promise<string> {
  const { stdout } = await execute(command, options, { timeout: 120_000 })
  return stdout
}

/** Python with kazoo. */
async function python(): Promise<string> {
  const requirement = 'kazoo==2.11.0'
  const folder = await installed('python', requirement, async (into) => {
    await execute('python3', ['-m', 'venv', into])
    await execute(join(into, 'bin/python'), ['-m', 'pip', 'install', '--quiet', requirement])
  })
  return join(folder, 'bin/python')
}

/** The class path of the programs in Java. */
async function classPath(): Promise<string> {
  const pom = join(here, 'java/pom.xml')
  const folder = await installed('java', await readFile(pom), (into) => {
    const options = ['--quiet', '--batch-mode', '--file', pom, `-DoutputDirectory=${into}`]
    return execute('mvn', [...options, 'dependency:copy-dependencies'])
  })
  return join(folder, '*')
}

async function java(program: string, servers: string): Promise<string> {
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'
  return output('java', quiet, '-cp', await classPath(), join(here, 'java', program), servers)
}

/** All of them, by name. */
export const programs: Readonly<Record<string, Program>> = {
  async kazoo(servers) {
    return output(await python(), join(here, 'kazoo_client.py'), servers)
  },
  java: (servers) => java('ZooKeeperProgram.java', servers),
  curator: (servers) => java('CuratorProgram.java', servers),
  async zkcli(servers) {
    const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=off'
    const main = [quiet, '-cp', await classPath(), 'org.apache.zookeeper.ZooKeeperMain']
    // Five lines until it is connected and there.
    return playTranscript(
      join(here, 'transcripts/zkcli.txt'),
      5,
      (server) => ['java', ...main, '-waitforconnection', '-server', server],
      servers.split(','),
    )
  },
}

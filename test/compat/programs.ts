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
const examples = join(here, '../../examples/zookeeper-clients')

/**
 * Runs a client's program on servers, `host:port,…`, for so many seconds if it is one that goes on and
 * on; what it printed ends with `done`.
 */
type Program = (servers: string, seconds: string) => Promise<string>

/** The output of a command. */
async function output(command: string, ...options: string[]): Promise<string> {
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }
  const { stdout } = await execute(command, options, { timeout: 180_000, env })
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
export async function classPath(): Promise<string> {
  const pom = join(here, 'java/pom.xml')
  const folder = await installed('java', await readFile(pom), (into) => {
    const options = ['--quiet', '--batch-mode', '--file', pom, `-DoutputDirectory=${into}`]
    return execute('mvn', [...options, 'dependency:copy-dependencies'])
  })
  return join(folder, '*')
}

async function java(program: string, ...options: string[]): Promise<string> {
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'
  return output('java', quiet, '-cp', await classPath(), program, ...options)
}

/** A program in C, compiled with the client that Debian has. */
async function compiledC(source: string): Promise<string> {
  const folder = await installed('c', await readFile(source), (into) => {
    const flags = ['-Wall', '-Wextra', '-Werror', '-DTHREADED', '-o', join(into, 'program')]
    return execute('cc', [...flags, source, '-lzookeeper_mt', '-lpthread'])
  })
  return join(folder, 'program')
}

/** The program in Go, built with the modules that it names. */
async function compiledGo(): Promise<string> {
  const source = join(here, 'go')
  const files = ['main.go', 'go.mod', 'go.sum'].map((name) => readFile(join(source, name)))
  const folder = await installed('go', Buffer.concat(await Promise.all(files)), (into) =>
    execute('go', ['build', '-o', join(into, 'program'), '.'], { cwd: source }),
  )
  return join(folder, 'program')
}

/** The examples, one after the other: what one creates is gone when the next one comes. */
async function runExamples(servers: string): Promise<string> {
  const printed = [
    await output(await python(), join(examples, 'python/data.py'), servers),
    await java(join(examples, 'java/Data.java'), servers),
    await output(await compiledC(join(examples, 'c/data.c')), servers),
  ].join('')
  const wanted = 'hello from Python\nhello from Java\nhello from C\n'
  if (printed !== wanted) throw new Error(`wanted:\n${wanted}told:\n${printed}`)
  return `${printed}done`
}

/** All of them, by name. */
export const programs: Readonly<Record<string, Program>> = {
  async kazoo(servers) {
    return output(await python(), join(here, 'python/kazoo_client.py'), servers)
  },
  async 'kazoo-recipes'(servers) {
    return output(await python(), join(here, 'python/kazoo_recipes.py'), servers)
  },
  /** While the leader is killed again and again. */
  async 'kazoo-survives'(servers, seconds) {
    return output(await python(), join(here, 'python/kazoo_survives.py'), servers, seconds)
  },
  java: (servers) => java(join(here, 'java/ZooKeeperProgram.java'), servers),
  'java-survives': (servers, seconds) =>
    java(join(here, 'java/SurvivingProgram.java'), servers, seconds),
  curator: (servers) => java(join(here, 'java/CuratorProgram.java'), servers),
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
  async c(servers) {
    return output(await compiledC(join(here, 'c/client.c')), servers)
  },
  // Two lines until it is connected.
  cli_mt: (servers) =>
    playTranscript(
      join(here, 'transcripts/cli_mt.txt'),
      2,
      (server) => ['/usr/lib/zookeeper/bin/cli_mt', server],
      servers.split(','),
    ),
  async go(servers) {
    return output(await compiledGo(), servers)
  },
  examples: runExamples,
  /** The suite of sessions, in a run of its own. */
  async session(servers) {
    const vitest = join(here, '../../node_modules/vitest/vitest.mjs')
    const { stdout } = await execute(
      process.execPath,
      [vitest, 'run', '--reporter=dot', '--no-color'],
      {
        cwd: join(here, '../..'),
        env: { ...process.env, CONCLAVE_ZOOKEEPER: `zk://${servers}` },
        timeout: 300_000,
      },
    )
    const [tests = ''] = /Tests +[^\n]*/.exec(stdout) ?? []
    return `${tests}\ndone`
  },
}

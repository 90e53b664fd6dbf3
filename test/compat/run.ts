/**
 * `npm run test:compat -- [names]`: clients of ZooKeeper that nobody here wrote, on three peers. What
 * a client needs is installed beside node_modules by its language's own tools; a missing one fails.
 */
import { execFile } from 'node:child_process'
import { access, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { servingEnsemble } from './ensemble.ts'

const run = promisify(execFile)
const here = dirname(fileURLToPath(import.meta.url))
const cache = join(here, '../../node_modules/.cache/compat')

/** A client: how it is installed, and how its program is run. */
interface Program {
  install(): Promise<void>
  run(servers: string): Promise<string>
}

const kazooVersion = '2.11.0'
const python = join(cache, `kazoo-${kazooVersion}`, 'bin/python')
const jars = join(cache, 'zookeeper-3.9.5')

const programs: Readonly<Record<string, Program>> = {
  kazoo: {
    async install() {
      if (await isThere(python)) return
      const folder = dirname(dirname(python))
      await run('python3', ['-m', 'venv', folder])
      await run(python, ['-m', 'pip', 'install', '--quiet', `kazoo==${kazooVersion}`])
    },
    async run(servers) {
      const { stdout } = await run(python, [join(here, 'kazoo_client.py'), servers], {
        timeout: 120_000,
      })
      return stdout
    },
  },
  java: {
    async install() {
      if (await isThere(jars)) return
      const pom = join(here, 'java/pom.xml')
      const options = ['--quiet', '--batch-mode', '--file', pom, `-DoutputDirectory=${jars}`]
      await run('mvn', [...options, 'dependency:copy-dependencies'])
    },
    async run(servers) {
      const program = join(here, 'java/Program.java')
      const command = ['-cp', join(jars, '*'), program, servers]
      const { stdout } = await run('java', command, { timeout: 120_000 })
      return stdout
    },
  },
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

async function passes(name: string): Promise<boolean> {
  const program = programs[name]
  if (program === undefined) {
    throw new Error(`no client ${name}; there are ${Object.keys(programs).join(', ')}`)
  }
  const begun = Date.now()
  await mkdir(cache, { recursive: true })
  try {
    await program.install()
    const ensemble = await servingEnsemble()
    const told = await program.run(ensemble.servers).finally(() => ensemble.close())
    if (!told.trimEnd().endsWith('done')) throw new Error(`it ended early:\n${told}`)
    const seconds = ((Date.now() - begun) / 1_000).toFixed(1)
    console.log(`${name}: passed in ${seconds} s: ${told.trim().split('\n').join(', ')}`)
    return true
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : ''
    console.log(`${name}: FAILED: ${String(error)}\n${output}`)
    return false
  }
}

const names = process.argv.slice(2)
let failed = 0
for (const name of names.length > 0 ? names : Object.keys(programs)) {
  if (!(await passes(name))) failed += 1
}
process.exitCode = failed === 0 ? 0 : 1

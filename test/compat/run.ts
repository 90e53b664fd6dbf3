/**
 * `npm run test:compat -- [names] [--apache]`: clients of ZooKeeper that nobody here wrote, each on
 * three peers of its own; and `session`, our own sessions, on Apache ZooKeeper. What a client needs is
 * installed; what cannot be fails. With `--apache`, on a server of Apache ZooKeeper, which has no peers
 * to kill: what the programs expect is right if that answers so too. Those that survive a leader that is
 * killed every five seconds go on for 15 s, or as many as `--seconds` says.
 */
import { parseArgs } from 'node:util'
import { startApacheZooKeeper } from './apache-zookeeper.ts'
import { servingEnsemble } from './ensemble.ts'
import { mortalEnsemble } from './mortal-ensemble.ts'
import { classPath, programs } from './programs.ts'

const { values, positionals } = parseArgs({
  options: {
    apache: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '15' },
  },
  allowPositionals: true,
})

/** Runs a program on what it is for, or on Apache ZooKeeper. */
async function told(name: string): Promise<string> {
  const program = programs[name]
  if (program === undefined) {
    throw new Error(`no client ${name}; there are ${Object.keys(programs).join(', ')}`)
  }
  const served = await servedFor(name)
  return program(served.servers, values.seconds).finally(() => served.close())
}

async function servedFor(name: string): Promise<{ servers: string; close(): Promise<void> }> {
  if (values.apache || name === 'session') return startApacheZooKeeper(await classPath())
  return name.endsWith('-survives') ? mortalEnsemble() : servingEnsemble()
}

async function passes(name: string): Promise<boolean> {
  const begun = Date.now()
  try {
    const printed = (await told(name)).trim()
    if (!printed.endsWith('done')) throw new Error(`it ended early:\n${printed}`)
    const seconds = ((Date.now() - begun) / 1_000).toFixed(1)
    console.log(`${name}: passed in ${seconds} s: ${printed.split('\n').join(', ')}`)
    return true
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : ''
    console.log(`${name}: FAILED: ${String(error)}\n${output}`)
    return false
  }
}

let failed = 0
for (const name of positionals.length > 0 ? positionals : Object.keys(programs)) {
  if (!(await passes(name))) failed += 1
}
process.exitCode = failed === 0 ? 0 : 1

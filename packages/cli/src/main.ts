#!/usr/bin/env node
/** The command `conclave`. The only place that ends the process. */
import { serve } from './serve.ts'
import { usage } from './serve-flags.ts'
import { UsageError } from './usage-error.ts'

/** What a shell takes for a mistake of whoever typed it. */
const misused = 2

async function run([command, ...args]: readonly string[]): Promise<number> {
  switch (command) {
    case 'serve':
      return serve(args)
    case undefined:
    case 'help':
    case '--help':
    case '-h':
      process.stdout.write(usage)
      return command === undefined ? misused : 0
    default:
      throw new UsageError(`there is no command ${command}: conclave serve is what there is`)
  }
}

run(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    const isMisuse = error instanceof UsageError
    const text = error instanceof Error ? error.message : String(error)
    process.stderr.write(`conclave: ${text}\n`)
    process.exit(isMisuse ? misused : 1)
  },
)

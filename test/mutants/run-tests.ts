/**
 * Runs one file of tests on sources with a mutant planted, and prints which of them failed. Started by
 * trial.ts with the mutant's id and the file.
 */
import { startVitest } from 'vitest/node'
import { findMutant } from './all-mutants.ts'
import { plant, root } from './plant.ts'

const [, , id = '', file = '', test = ''] = process.argv
const changed = plant(findMutant(id).edits)
const vitest = await startVitest(
  'test',
  [file],
  {
    root,
    watch: false,
    reporters: [{}],
    maxWorkers: 1,
    testTimeout: 20_000,
    testNamePattern: patternOf(test),
  },
  {
    plugins: [
      {
        name: 'planting',
        enforce: 'pre',
        transform: (_code, path) => changed.get(path.split('?')[0] ?? ''),
      },
    ],
  },
)
const modules = vitest.state.getTestModules()
const tests = modules.flatMap((module) => [...module.children.allTests()])
const failed = tests
  .filter((test) => test.result().state === 'failed')
  .map((test) => {
    const [error] = test.result().errors ?? []
    return { name: test.fullName, error: `${error?.name ?? ''}: ${error?.message ?? ''}` }
  })
const passed = tests.filter((test) => test.result().state === 'passed').length
if (failed.length + passed > 0) process.stdout.write(`${JSON.stringify({ failed, passed })}\n`)
process.exitCode = 0
await vitest.close()

/** Exactly this text, anywhere in a name. */
function patternOf(text: string): RegExp {
  return new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
}

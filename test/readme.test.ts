/** The README's examples are programs of this repository, and do what the README says they do. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { readText, root } from './source-files.ts'

const example = 'examples/first-steps.ts'
const testExample = 'examples/failover.test.ts'

/** The fenced blocks of that language. */
function blocksOf(language: string): string[] {
  const fence = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms')
  return [...readText('README.md').matchAll(fence)].map(([, block = '']) => block)
}

/** Runs a file of ours as whoever reads the README does. */
async function run(file: string, cwd: string, options: readonly string[] = []): Promise<string> {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const flags = ['--import', tsx, '--conditions=@conclave/source', ...options]
  const program = [...flags, join(root, file)]
  return (await promisify(execFile)(process.execPath, program, { cwd })).stdout
}

test(`the README's examples are ${example} and ${testExample}`, () => {
  expect(blocksOf('ts')).toEqual([readText(example), readText(testExample)])
})

test("the README's example prints what the README says", { timeout: 30_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'conclave-readme-'))
  try {
    expect([await run(example, folder)]).toEqual(blocksOf('text'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test("the README's test passes under node:test", { timeout: 30_000 }, async () => {
  const told = await run(testExample, root, ['--test', '--test-reporter=tap'])

  expect(told).toMatch(/^# pass 1$/m)
  expect(told).toMatch(/^# fail 0$/m)
})

/** The README's example is a program of this repository, and does what the README says it does. */
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

/** The first fenced block of that language. */
function firstBlock(language: string): string | undefined {
  const fence = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms')
  return fence.exec(readText('README.md'))?.[1]
}

test(`the README's example is ${example}`, () => {
  expect(firstBlock('ts')).toBe(readText(example))
})

test("the README's example prints what the README says", { timeout: 30_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'conclave-readme-'))
  try {
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', tsx, '--conditions=@conclave/source', join(root, example)],
      { cwd: folder },
    )

    expect(stdout).toBe(firstBlock('text'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

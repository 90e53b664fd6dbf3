/**
 * The exact exchange of one scenario a file: what is sent, logged and applied, in order. After a
 * change that is meant, `npx vitest -u` writes them anew: review the difference line by line.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { rerun } from './transcript.ts'

const folder = new URL('.', import.meta.url)
const transcripts = readdirSync(folder).filter((name) => name.endsWith('.txt'))

test.each(transcripts)('%s', async (name) => {
  const path = new URL(name, folder)
  const text = readFileSync(path, 'utf8')

  expect(text.startsWith('# ')).toBe(true)
  await expect(rerun(text)).toMatchFileSnapshot(path.pathname)
})

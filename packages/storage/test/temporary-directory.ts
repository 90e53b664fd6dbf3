/** A directory that is gone when its test is over. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'conclave-storage-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

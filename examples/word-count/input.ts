/**
 * The input: the regular files below a folder, as a list that is made once. Who speaks of "file 17"
 * means the place in this list; a position is how many of its files were read.
 */
import { open, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { addCounts, countFile, FileCounter, noCounts, type Counts } from './counting.ts'

/** Lists the regular files below a folder, in a fixed order. Symbolic links are not followed. */
export async function listFiles(folder: string): Promise<readonly string[]> {
  const found: string[] = []
  const visit = async (path: string): Promise<void> => {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const child = join(path, entry.name)
      if (entry.isDirectory()) await visit(child)
      else if (entry.isFile()) found.push(child)
    }
  }
  await visit(folder)
  return found.sort()
}

/** Writes the list to a file, for the workers. */
export async function saveList(path: string, files: readonly string[]): Promise<void> {
  await writeFile(path, JSON.stringify(files))
}

export async function loadList(path: string): Promise<readonly string[]> {
  return JSON.parse(await readFile(path, 'utf8')) as readonly string[]
}

/**
 * What is read and counted in one piece. The peer runs on the same event loop, and must not wait for
 * the count: every read returns to the loop, so the longest stretch without it is this many bytes, a
 * millisecond at most. Well below the ten that heartbeats and other people's commits can bear.
 */
const chunkBytes = 128 * 1024

/** Counts files in small steps, beside other work of this process. Rejects if one cannot be read. */
export async function countInSteps(files: readonly string[]): Promise<Counts> {
  const buffer = new Uint8Array(chunkBytes)
  let counts = noCounts
  for (const path of files) {
    const file = await open(path)
    try {
      const counter = new FileCounter()
      for (;;) {
        const { bytesRead } = await file.read(buffer)
        if (bytesRead === 0) break
        counter.add(buffer.subarray(0, bytesRead))
      }
      counts = addCounts(counts, counter.finish())
    } finally {
      await file.close()
    }
  }
  return counts
}

/** Counts files the plain way, one after the other, each read whole: what the totals must equal. */
export async function countPlainly(files: readonly string[], stop: AbortSignal): Promise<Counts> {
  let counts = noCounts
  for (const path of files) {
    stop.throwIfAborted()
    counts = addCounts(counts, countFile(await readFile(path)))
  }
  return counts
}

/** The files that were written since; those that are gone by now too. */
export async function findChanged(
  files: readonly string[],
  sinceMs: number,
): Promise<readonly string[]> {
  const changed: string[] = []
  for (const path of files) {
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }))
    if (mtimeMs >= sinceMs) changed.push(path)
  }
  return changed
}

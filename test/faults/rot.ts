/** What rots on a disk that nobody uses: the kinds of files of a peer, and bytes flipped in them. */
import { closeSync, openSync, readdirSync, readSync, statSync, writeSync } from 'node:fs'
import { basename, join, sep } from 'node:path'
import type { Random } from './random.ts'

/** Each kind of file, by its path below the peer's directory. */
export const fileKinds = {
  segment: (path: string) => path.startsWith(`log${sep}`),
  table: (path: string) => isSnapshot(path) && path.endsWith('.ldb'),
  journal: (path: string) => isSnapshot(path) && path.endsWith('.log'),
  manifest: (path: string) => isSnapshot(path) && basename(path).startsWith('MANIFEST'),
  current: (path: string) => isSnapshot(path) && basename(path) === 'CURRENT',
  identity: (path: string) => path === 'conclave.json',
} as const
export type FileKind = keyof typeof fileKinds

function isSnapshot(path: string): boolean {
  return path.startsWith(`snapshot${sep}`)
}

/** The files of this kind that hold anything, the largest last. */
export function filesOfKind(directory: string, kind: FileKind): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => fileKinds[kind](path.slice(directory.length + 1)))
    .filter((path) => statSync(path).size > 0)
    .sort((a, b) => statSync(a).size - statSync(b).size)
}

/** Flips one bit in each of so many bytes of the largest file of this kind. Says where. */
export function rot(directory: string, kind: FileKind, count: number, random: Random): string {
  const file = filesOfKind(directory, kind).at(-1)
  if (file === undefined) throw new Error(`${directory} has no ${kind}`)
  const { size } = statSync(file)
  const descriptor = openSync(file, 'r+')
  const places: number[] = []
  try {
    for (let flipped = 0; flipped < Math.min(count, size); flipped += 1) {
      const at = random.integer(0, size - 1)
      const byte = Buffer.alloc(1)
      readSync(descriptor, byte, 0, 1, at)
      byte[0] = (byte[0] ?? 0) ^ (1 << random.integer(0, 7))
      writeSync(descriptor, byte, 0, 1, at)
      places.push(at)
    }
  } finally {
    closeSync(descriptor)
  }
  return `${file.slice(directory.length + 1)} of ${size} bytes at ${places.join(', ')}`
}

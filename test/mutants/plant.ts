/**
 * Plants a mutant into a copy of the sources, as they are read: by esbuild for a simulation, by vite
 * for tests. An edit that no longer fits is an error: the mutant has rotted.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build as bundle, type Plugin } from 'esbuild'
import type { Edit } from './mutant.ts'

export const root = fileURLToPath(new URL('../../', import.meta.url))

/** The files that edits change, by absolute path, with their changed text. */
export function plant(edits: readonly Edit[]): ReadonlyMap<string, string> {
  const changed = new Map<string, string>()
  for (const { file, from, to } of edits) {
    const path = root + file
    const text = changed.get(path) ?? readFileSync(path, 'utf8')
    const pieces = text.split(from)
    if (pieces.length !== 2) {
      const count = String(pieces.length - 1)
      throw new Error(`the mutant has rotted: ${file} holds ${count} times\n${from}`)
    }
    changed.set(path, pieces.join(to))
  }
  return changed
}

/** One file of `entry` on the sources with these edits; it imports only what is installed. */
export async function buildSimulation(
  edits: readonly Edit[],
  outfile: string,
  entry = 'test/mutants/simulate.ts',
): Promise<void> {
  const changed = plant(edits)
  const planting: Plugin = {
    name: 'planting',
    setup: (build) => {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const contents = changed.get(path)
        return contents === undefined ? undefined : { contents, loader: 'ts' }
      })
    },
  }
  await bundle({
    entryPoints: [root + entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@conclave/source'],
    external: ['level', 'msgpackr'],
    plugins: [planting],
    logLevel: 'silent',
  })
}

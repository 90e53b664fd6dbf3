/** What a peer is opened with, as its files and flags say it. */
import { dirname, resolve } from 'node:path'
import type { OpenOptions, Peer } from 'conclave'
import { readJsonFile } from './json-file.ts'
import type { ServeFlags } from './serve-flags.ts'
import { UsageError } from './usage-error.ts'
import { readZooCfg } from './zoo-cfg.ts'

type Credentials = NonNullable<Parameters<Peer['renewCertificates']>[0]['zookeeper']>

export interface Configuration {
  readonly options: OpenOptions
  /** What was left out of it, and why: a line each. */
  readonly notes: readonly string[]
  /** Where it is from. */
  readonly source: string
  /** Reads the files with certificates again; `undefined` where there are none. */
  readonly renewal: (() => Promise<Credentials>) | undefined
}

/** What there is when nothing is said. */
const alone: Configuration = {
  options: { id: 1, dir: 'conclave-data', ensemble: 'standalone', zookeeper: { port: 2181 } },
  notes: [],
  source: 'no configuration',
  renewal: undefined,
}

/** Reads the file that the flags name, if they do; what they say themselves comes before that. */
export async function configurationOf(flags: ServeFlags): Promise<Configuration> {
  const { config } = flags
  const read = config === undefined ? alone : await readFileOf(config)
  const { options } = read
  if (flags.options.ensemble !== undefined && config !== undefined) {
    throw new UsageError(`--ensemble is given, and ${config} has one too: say it in one place`)
  }
  const dir = flags.options.dir ?? options.dir
  return {
    ...read,
    options: {
      ...options,
      ...flags.options,
      dir: resolve(
        flags.options.dir === undefined && config !== undefined ? dirname(config) : '.',
        dir,
      ),
      zookeeper: { port: 2181, ...options.zookeeper, ...flags.zookeeper },
    },
  }
}

function readFileOf(file: string): Promise<Configuration> {
  return file.endsWith('.json') ? readJsonFile(file) : readZooCfg(file)
}

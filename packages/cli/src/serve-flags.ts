/** The flags of `conclave serve`, which have the last word over any file. */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { OpenOptions } from 'conclave'
import { parseServer } from 'conclave/zookeeper'
import { reasonOf, UsageError } from './usage-error.ts'

export const usage = `conclave serve [flags]

One peer with its port for ZooKeeper's clients, as a process. With no flags: alone, clients at
127.0.0.1:2181, data in ./conclave-data.

  --config FILE       a zoo.cfg, with myid in its dataDir; or, named *.json, the options of open()
  --dir DIRECTORY     the peer's data
  --port NUMBER       for clients; 0 takes a free one
  --host ADDRESS      where clients are served; 0.0.0.0 is every address of this machine
  --id NUMBER         which of the ensemble this peer is
  --ensemble LIST     every peer, as 1=host:port,2=host:port,3=host:port:observer
  --secret-file FILE  what the peers have in common, and nobody else; needed beyond loopback
  --insecure          there is none, and nobody else can reach the peers
  --words LIST        the four-letter words that are answered, as ruok,srvr; * for all
  --help

SIGTERM and SIGINT have another peer lead, and end the process; a second one ends it at once.
SIGHUP reads certificates again.
`

/** What the flags say, with nothing for what they leave open. */
export interface ServeFlags {
  readonly config: string | undefined
  readonly isHelpWanted: boolean
  readonly options: Partial<OpenOptions>
  readonly zookeeper: NonNullable<OpenOptions['zookeeper']>
}

/** Reads them. Throws `UsageError`. */
export async function readFlags(args: readonly string[]): Promise<ServeFlags> {
  const values = parsed(args)
  const secretFile = values['secret-file']
  return {
    config: values.config,
    isHelpWanted: values.help === true,
    options: without({
      id: numberFlag(values.id, '--id'),
      dir: values.dir,
      ensemble: values.ensemble === undefined ? undefined : ensembleFlag(values.ensemble),
      secret: secretFile === undefined ? undefined : await secretIn(secretFile, '--secret-file'),
      insecure: values.insecure,
    }),
    zookeeper: without({
      port: numberFlag(values.port, '--port'),
      host: values.host,
      fourLetterWords: values.words?.split(',').map((word) => word.trim()),
    }),
  }
}

/** What a file holds that nobody else knows, without the end of its last line. */
export async function secretIn(file: string, key: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`${key}: ${reasonOf(error)}; name a file that can be read`)
  })
  const secret = text.replace(/\r?\n$/, '')
  if (secret.length >= 16) return secret
  throw new UsageError(`${key}: ${file} holds too little; write 32 random bytes into it, as text`)
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        config: text,
        dir: text,
        port: text,
        host: text,
        id: text,
        ensemble: text,
        'secret-file': text,
        insecure: flag,
        words: text,
        help: flag,
      },
    })
    return values
  } catch (error) {
    throw new UsageError(`${reasonOf(error)}\n\n${usage}`)
  }
}

function numberFlag(value: string | undefined, flag: string): number | undefined {
  if (value === undefined) return undefined
  if (/^\d+$/.test(value)) return Number(value)
  throw new UsageError(`${flag} is ${value}: give a number`)
}

function ensembleFlag(list: string): Exclude<OpenOptions['ensemble'], 'standalone'> {
  return list.split(',').map((part) => {
    const [, id, host, port, role] = /^(\d+)=(.+?):(\d+)(?::(\w+))?$/.exec(part.trim()) ?? []
    // The same port twice: what ZooKeeper has two of.
    const places = `${host ?? ''}:${port ?? ''}:${port ?? ''}`
    const line = parseServer(Number(id), role === undefined ? places : `${places}:${role}`)
    if (typeof line !== 'string')
      return { id: line.id, host: line.host, port: line.port, role: line.role }
    throw new UsageError(
      `--ensemble: ${part.trim()} is no member: write it as 1=host:port, with :observer behind it for one that does not vote`,
    )
  })
}

/** Without what is undefined: so that it leaves open what a file says. */
function without<T extends object>(bag: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const given = Object.entries(bag).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as { [K in keyof T]?: Exclude<T[K], undefined> }
}

/**
 * What operators and their tools ask in four letters, on the same port: text, and the end of the
 * connection. Which are answered is a list; ZooKeeper's own answers `srvr` alone.
 */
import { formatSessionId } from '@conclave/core/internal'
import { hostname, release, totalmem } from 'node:os'

/** The words that there are. */
export const fourLetterWords = [
  'ruok',
  'srvr',
  'stat',
  'mntr',
  'conf',
  'envi',
  'isro',
  'cons',
] as const
export type FourLetterWord = (typeof fourLetterWords)[number]

/** What the peer is, and what its endpoint has done. */
export interface EndpointFigures {
  readonly id: number
  readonly isServing: boolean
  readonly mode: 'leader' | 'follower' | 'observer' | 'standalone'
  readonly zxid: number
  readonly znodeCount: number
  readonly sessionCount: number
  readonly receivedCount: number
  readonly sentCount: number
  readonly outstandingCount: number
  readonly latency: { readonly minMs: number; readonly averageMs: number; readonly maxMs: number }
  readonly connections: readonly {
    readonly address: string
    readonly port: number
    readonly session: number
    readonly queuedCount: number
    readonly receivedCount: number
    readonly sentCount: number
  }[]
  readonly settings: Readonly<Record<string, string | number>>
}

/** The version of ZooKeeper whose protocol this is, for tools that ask for one. */
const version = '3.9.5-conclave'

const notServing = 'This ZooKeeper instance is not currently serving requests\n'

/** The word that four bytes are, read as an int; `undefined` of any other. */
export function fourLetterWordOf(prefix: number): string | undefined {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(prefix)
  const word = bytes.toString('latin1')
  return /^[a-z]{4}$/.test(word) ? word : undefined
}

/** The answer to a word. */
export function answerWord(
  word: string,
  allowed: readonly string[],
  figures: () => EndpointFigures,
): string {
  const known = fourLetterWords.find((one) => one === word)
  if (known === undefined || !allowed.includes(known)) {
    return `${word} is not executed because it is not in the whitelist.\n`
  }
  return textOf(known, figures())
}

function textOf(word: FourLetterWord, figures: EndpointFigures): string {
  switch (word) {
    case 'ruok':
      return 'imok'
    case 'isro':
      return figures.isServing ? 'rw' : 'null'
    case 'envi':
      return environment()
    case 'conf':
      return linesOf(
        Object.entries(figures.settings).map(([key, value]) => `${key}=${String(value)}`),
      )
    default:
  }
  if (!figures.isServing) return notServing
  switch (word) {
    case 'srvr':
      return serverText(figures, [])
    case 'stat':
      return serverText(figures, ['Clients:', ...clientsOf(figures), ''])
    case 'cons':
      return linesOf([...clientsOf(figures), ''])
    case 'mntr':
      return monitorText(figures)
  }
}

function clientsOf({ connections }: EndpointFigures): string[] {
  return connections.map((one) => {
    const counts = `queued=${String(one.queuedCount)},recved=${String(one.receivedCount)},sent=${String(one.sentCount)}`
    const sid = one.session === 0 ? '' : `,sid=0x${formatSessionId(one.session as never)}`
    return ` /${one.address}:${String(one.port)}[1](${counts}${sid})`
  })
}

function serverText(figures: EndpointFigures, clients: readonly string[]): string {
  const { minMs, averageMs, maxMs } = figures.latency
  return linesOf([
    `Zookeeper version: ${version}, built on Node.js ${process.version}`,
    ...clients,
    `Latency min/avg/max: ${String(Math.round(minMs))}/${averageMs.toFixed(4)}/${String(Math.round(maxMs))}`,
    `Received: ${String(figures.receivedCount)}`,
    `Sent: ${String(figures.sentCount)}`,
    `Connections: ${String(figures.connections.length)}`,
    `Outstanding: ${String(figures.outstandingCount)}`,
    `Zxid: 0x${figures.zxid.toString(16)}`,
    `Mode: ${figures.mode}`,
    `Node count: ${String(figures.znodeCount)}`,
  ])
}

function monitorText(figures: EndpointFigures): string {
  const { minMs, averageMs, maxMs } = figures.latency
  const values: readonly (readonly [string, string | number])[] = [
    ['version', version],
    ['server_state', figures.mode],
    ['avg_latency', averageMs.toFixed(4)],
    ['max_latency', Math.round(maxMs)],
    ['min_latency', Math.round(minMs)],
    ['packets_received', figures.receivedCount],
    ['packets_sent', figures.sentCount],
    ['num_alive_connections', figures.connections.length],
    ['outstanding_requests', figures.outstandingCount],
    ['znode_count', figures.znodeCount],
    ['global_sessions', figures.sessionCount],
  ]
  return linesOf(values.map(([key, value]) => `zk_${key}\t${String(value)}`))
}

function environment(): string {
  return linesOf([
    'Environment:',
    `zookeeper.version=${version}, built on Node.js ${process.version}`,
    `host.name=${hostname()}`,
    `node.version=${process.version}`,
    `os.name=${process.platform}`,
    `os.arch=${process.arch}`,
    `os.version=${release()}`,
    `os.memory.max=${String(totalmem())}`,
    `user.dir=${process.cwd()}`,
  ])
}

function linesOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}

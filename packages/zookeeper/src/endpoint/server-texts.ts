/** What four-letter words tell of the peer itself: `srvr`, `stat`, `conf`, `envi`, `dirs`. */
import { arch, freemem, homedir, hostname, platform, release, totalmem, userInfo } from 'node:os'
import { linesOf, meanText, type EndpointView } from './endpoint-view.ts'

/** The version of ZooKeeper whose protocol this is, for tools that ask for one. */
export const versionText = `3.9.5-conclave, built on Node.js ${process.version}`

/** Where ZooKeeper keeps what there is to read. */
export const configPath = '/zookeeper/config'

/** `srvr`; with clients, `stat`. */
export function serverText(view: EndpointView, clients: string): string {
  const { mode, statistics, connections, host } = view
  const { minMs, averageMs, maxMs } = statistics.latency.figures()
  const readOnly = mode === 'read-only' ? 'READ-ONLY mode; serving only read-only clients\n' : ''
  const outstanding = connections.reduce(
    (sum, one) => sum + (one.session?.outstandingCount ?? 0),
    0,
  )
  const lines = linesOf([
    `Latency min/avg/max: ${wholeMs(minMs)}/${meanText(averageMs)}/${wholeMs(maxMs)}`,
    `Received: ${String(statistics.receivedCount)}`,
    `Sent: ${String(statistics.sentCount)}`,
    `Connections: ${String(connections.length)}`,
    `Outstanding: ${String(outstanding)}`,
    `Zxid: 0x${host.replica.lastApplied.toString(16)}`,
    `Mode: ${mode}`,
    `Node count: ${String(host.replica.tree.size)}`,
  ])
  return `Zookeeper version: ${versionText}\n${readOnly}${clients}${lines}`
}

/** `conf`: keys and their order are ZooKeeper's. */
export async function configurationText(view: EndpointView): Promise<string> {
  const { settings, host, mode } = view
  const { snapshotBytes, logBytes } = await host.diskUse()
  const values: readonly (readonly [string, string | number])[] = [
    ['clientPort', view.port ?? -1],
    ['secureClientPort', view.securePort ?? -1],
    ['dataDir', settings.snapshotFolder],
    ['dataDirSize', snapshotBytes],
    ['dataLogDir', settings.logFolder],
    ['dataLogSize', logBytes],
    ['tickTime', settings.tickTimeMs],
    ['maxClientCnxns', settings.maxClientCnxns],
    ['minSessionTimeout', view.minSessionTimeoutMs],
    ['maxSessionTimeout', view.maxSessionTimeoutMs],
    ['clientPortListenBacklog', -1],
    ['serverId', host.standing.id],
    ...Object.entries(settings.member ?? {}),
  ]
  const lines = linesOf(values.map(([key, value]) => `${key}=${String(value)}`))
  if (settings.member === null || mode === 'read-only') return lines
  const members = host.replica.tree.get(configPath)?.data ?? new Uint8Array()
  return `${lines}membership: \n${Buffer.from(members).toString()}`
}

/** `envi`: what ZooKeeper says of Java's machine is said of Node.js. */
export function environmentText(): string {
  const { username } = userInfo()
  const { heapUsed, heapTotal } = process.memoryUsage()
  return linesOf([
    'Environment:',
    `zookeeper.version=${versionText}`,
    `host.name=${hostname()}`,
    `node.version=${process.version}`,
    `node.home=${process.execPath}`,
    `os.name=${platform()}`,
    `os.arch=${arch()}`,
    `os.version=${release()}`,
    `user.name=${username}`,
    `user.home=${homedir()}`,
    `user.dir=${process.cwd()}`,
    `os.memory.free=${megabytes(freemem())}`,
    `os.memory.max=${megabytes(totalmem())}`,
    `os.memory.total=${megabytes(totalmem())}`,
    `heap.memory.used=${megabytes(heapUsed)}`,
    `heap.memory.total=${megabytes(heapTotal)}`,
  ])
}

/** `dirs`. */
export async function directoriesText({ host }: EndpointView): Promise<string> {
  const { snapshotBytes, logBytes } = await host.diskUse()
  return linesOf([`datadir_size: ${String(snapshotBytes)}`, `logdir_size: ${String(logBytes)}`])
}

export function wholeMs(ms: number): string {
  return String(Math.round(ms))
}

function megabytes(bytes: number): string {
  return `${String(Math.floor(bytes / 2 ** 20))}MB`
}

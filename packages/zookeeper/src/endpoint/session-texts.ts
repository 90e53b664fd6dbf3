/** What four-letter words tell of clients: `cons`, `stat`'s list, `wchs`, `wchc`, `wchp`, `dump`. */
import type { SessionId } from '@conclave/core/internal'
import { opcodes } from '../messages/opcodes.ts'
import { linesOf, sessionText, type ConnectionView, type EndpointView } from './endpoint-view.ts'
import { wholeMs } from './server-texts.ts'

/** As ZooKeeper abbreviates what was asked last. */
const operationTexts: ReadonlyMap<number, string> = new Map([
  [opcodes.ping, 'PING'],
  [opcodes.createSession, 'SESS'],
  [opcodes.multi, 'MULT'],
  [opcodes.multiRead, 'MLTR'],
  [opcodes.create, 'CREA'],
  [opcodes.create2, 'CREA'],
  [opcodes.createContainer, 'CREA'],
  [opcodes.createTtl, 'CREA'],
  [opcodes.delete, 'DELE'],
  [opcodes.setData, 'SETD'],
  [opcodes.reconfig, 'RECO'],
  [opcodes.setAcl, 'SETA'],
  [opcodes.closeSession, 'CLOS'],
  [opcodes.sync, 'SYNC'],
  [opcodes.exists, 'EXIS'],
  [opcodes.getData, 'GETD'],
  [opcodes.setWatches, 'SETW'],
  [opcodes.setWatches2, 'STW2'],
  [opcodes.addWatch, 'ADDW'],
  [opcodes.getAcl, 'GETA'],
  [opcodes.getChildren, 'GETC'],
  [opcodes.getChildren2, 'GETC'],
  [opcodes.getAllChildrenNumber, 'GETACN'],
  [opcodes.checkWatches, 'CHKW'],
  [opcodes.removeWatches, 'REMW'],
  [opcodes.whoAmI, 'HOMI'],
  [opcodes.getEphemerals, 'GETE'],
])

/** A line for each connection. */
export function connectionText(
  connections: readonly ConnectionView[],
  form: 'brief' | 'whole',
): string {
  return linesOf(
    connections.map((one) => {
      const { session, statistics } = one
      const counts = [
        `queued=${String(session?.outstandingCount ?? 0)}`,
        `recved=${String(statistics.receivedCount)}`,
        `sent=${String(statistics.sentCount)}`,
        ...(form === 'whole' ? sessionFigures(one) : []),
      ]
      return ` /${one.address}:${String(one.port)}[${interestOf(one)}](${counts.join(',')})`
    }),
  )
}

/** What is waited for, as Java's selector has it: 1 to read, 4 to write. */
function interestOf({ isReading, unwrittenBytes }: ConnectionView): string {
  return String((isReading ? 1 : 0) + (unwrittenBytes > 0 ? 4 : 0))
}

function sessionFigures({
  session,
  statistics,
  openedWallMs,
  lastZxid,
}: ConnectionView): readonly string[] {
  if (session === null) return []
  const { lastOpcode, lastXid, lastAnsweredMs, lastLatencyMs, latency } = statistics
  const { minMs, averageMs, maxMs } = latency.figures()
  return [
    `sid=${sessionText(session.wireId)}`,
    `lop=${operationTexts.get(lastOpcode ?? opcodes.createSession) ?? 'NA'}`,
    `est=${wholeMs(openedWallMs)}`,
    `to=${String(session.timeoutMs)}`,
    ...(lastXid < 0 ? [] : [`lcxid=0x${lastXid.toString(16)}`]),
    `lzxid=0x${lastZxid.toString(16)}`,
    `lresp=${wholeMs(lastAnsweredMs)}`,
    `llat=${wholeMs(lastLatencyMs)}`,
    `minlat=${wholeMs(minMs)}`,
    `avglat=${wholeMs(averageMs)}`,
    `maxlat=${wholeMs(maxMs)}`,
  ]
}

/** `wchs`: of watches on data, as ZooKeeper's; so are the next two. */
export function watchSummary(view: EndpointView): string {
  const sessions = new Set<SessionId>()
  let [paths, total] = [0, 0]
  for (const [, watchers] of view.host.watches.watchers()) {
    paths += 1
    for (const session of watchers) {
      total += 1
      sessions.add(session)
    }
  }
  return linesOf([
    `${String(sessions.size)} connections watching ${String(paths)} paths`,
    `Total watches:${String(total)}`,
  ])
}

/** `wchp`. */
export function watchesByPath({ host }: EndpointView): string {
  const lines: string[] = []
  for (const [path, watchers] of host.watches.watchers()) {
    lines.push(path, ...Array.from(watchers, (session) => `\t${sessionText(session)}`))
  }
  return linesOf([...lines, ''])
}

/** `wchc`. */
export function watchesBySession({ host }: EndpointView): string {
  const paths = new Map<SessionId, string[]>()
  for (const [path, watchers] of host.watches.watchers()) {
    for (const session of watchers) {
      const known = paths.get(session)
      if (known === undefined) paths.set(session, [path])
      else known.push(path)
    }
  }
  const lines = [...paths].flatMap(([session, watched]) => [
    sessionText(session),
    ...watched.map((path) => `\t${path}`),
  ])
  return linesOf([...lines, ''])
}

/**
 * `dump`: every session of the ensemble with its timeout, those that have ephemerals, and when each
 * connection here is given up.
 *
 * Deviation: ZooKeeper's leader lists sessions by when they expire, its followers as here.
 */
export function dumpText({ host, connections, settings, handshakeMs }: EndpointView): string {
  const { sessions } = host.replica
  const all = [...sessions.sessions()]
  const owners = all.filter(({ id }) => sessions.ephemeralsOf(id).size > 0)
  const nowMs = host.clock.wallMs()
  const sets = new Map<number, string[]>()
  for (const { address, port, session } of connections) {
    const patienceMs = session?.timeoutMs ?? handshakeMs
    const atMs = Math.ceil((nowMs + patienceMs) / settings.tickTimeMs) * settings.tickTimeMs
    const line = `\tip: /${address}:${String(port)} sessionId: ${sessionText(session?.wireId ?? 0)}`
    sets.set(atMs, [...(sets.get(atMs) ?? []), line])
  }
  return linesOf([
    'SessionTracker dump:',
    `Global Sessions(${String(all.length)}):`,
    ...all.map(({ id, timeoutMs }) => `${sessionText(id)}\t${String(timeoutMs)}ms`),
    'ephemeral nodes dump:',
    `Sessions with Ephemerals (${String(owners.length)}):`,
    ...owners.flatMap(({ id }) => [
      `${sessionText(id)}:`,
      ...Array.from(sessions.ephemeralsOf(id), (path) => `\t${path}`),
    ]),
    'Connections dump:',
    `Connections Sets (${String(sets.size)})/(${String(connections.length)}):`,
    ...[...sets]
      .sort(([a], [b]) => a - b)
      .flatMap(([atMs, lines]) => [
        `${String(lines.length)} expire at ${dateText(atMs)}:`,
        ...lines,
      ]),
  ])
}

/** As Java prints a date, in UTC. */
function dateText(wallMs: number): string {
  const [day = '', date = '', month = '', year = '', time = ''] = new Date(wallMs)
    .toUTCString()
    .replace(',', '')
    .split(' ')
  return `${day} ${month} ${date} ${time} UTC ${year}`
}

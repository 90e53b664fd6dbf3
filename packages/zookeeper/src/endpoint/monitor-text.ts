/**
 * `mntr`: a line for each figure, `zk_key`, a tab, the value. The keys are ZooKeeper's, for the tools
 * that know them; those that measure stages of ZooKeeper's own pipeline, which is not here, are left
 * out.
 */
import { readdir, readFile } from 'node:fs/promises'
import { linesOf, meanText, type EndpointView } from './endpoint-view.ts'
import { versionText, wholeMs } from './server-texts.ts'

type Figure = readonly [key: string, value: string | number]

export async function monitorText(view: EndpointView): Promise<string> {
  const { host, statistics, connections } = view
  const { tree, sessions } = host.replica
  const { minMs, averageMs, maxMs } = statistics.latency.figures()
  const outstanding = connections.reduce(
    (sum, one) => sum + (one.session?.outstandingCount ?? 0),
    0,
  )
  const figures: readonly Figure[] = [
    ['version', versionText],
    ['server_state', view.mode],
    ...peerState(view),
    ['ephemerals_count', ephemeralCount(view)],
    ['num_alive_connections', connections.length],
    ['avg_latency', meanText(averageMs)],
    ['outstanding_requests', outstanding],
    ['znode_count', tree.size],
    ['global_sessions', sessions.size],
    [
      'local_sessions',
      connections.filter(({ session }) => session !== null && session.isReadOnly).length,
    ],
    ['last_client_response_size', statistics.lastReplyBytes],
    ['min_client_response_size', statistics.minReplyBytes],
    ['max_client_response_size', statistics.maxReplyBytes],
    ['packets_sent', statistics.sentCount],
    ['packets_received', statistics.receivedCount],
    ['bytes_received_count', statistics.receivedBytes],
    ['watch_count', host.watches.size],
    ['auth_failed_count', statistics.failedProofCount],
    ['connection_rejected', statistics.rejectedCount],
    ['min_latency', wholeMs(minMs)],
    ['max_latency', wholeMs(maxMs)],
    ['approximate_data_size', tree.bytes],
    ['uptime', wholeMs(host.clock.nowMs() - view.startedMs)],
    ...leaderFigures(view),
    ...(await fileFigures()),
  ]
  return linesOf(figures.map(([key, value]) => `zk_${key}\t${String(value)}`))
}

function peerState({ host, settings }: EndpointView): readonly Figure[] {
  const { mode, phase } = host.standing
  if (settings.member === null) return []
  const verb = { leader: 'leading', follower: 'following', observer: 'observing' }
  return mode === 'standalone' ? [] : [['peer_state', `${verb[mode]} - ${phase}`]]
}

function ephemeralCount({ host }: EndpointView): number {
  const { sessions } = host.replica
  let count = 0
  for (const { id } of sessions.sessions()) count += sessions.ephemeralsOf(id).size
  return count
}

function leaderFigures({ host }: EndpointView): readonly Figure[] {
  const led = host.leaderFigures()
  if (led === null) return []
  return [
    ['learners', led.followerCount + led.observerCount],
    ['synced_followers', led.followerCount],
    ['synced_observers', led.observerCount],
    ['quorum_size', led.voterCount],
  ]
}

/** Of the whole process, where Linux tells them. */
async function fileFigures(): Promise<readonly Figure[]> {
  try {
    const [open, limits] = await Promise.all([
      readdir('/proc/self/fd'),
      readFile('/proc/self/limits', 'utf8'),
    ])
    const most = /^Max open files\s+(\d+)/m.exec(limits)?.[1]
    return [
      ['open_file_descriptor_count', open.length],
      ...(most === undefined ? [] : [['max_file_descriptor_count', Number(most)] as const]),
    ]
  } catch {
    // Elsewhere ZooKeeper does not tell them either.
    return []
  }
}

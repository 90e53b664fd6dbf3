/**
 * `conclave serve`: opens a peer, tells on stderr what becomes of it, a line an event, and closes it
 * when it is told to. A service manager starts it and ends it like any other server.
 */
import { subscribe } from 'node:diagnostics_channel'
import { CoordinationError, open, type Peer } from 'conclave'
import { configurationOf, type Configuration } from './configuration.ts'
import { log } from './log.ts'
import { readFlags, usage } from './serve-flags.ts'
import { reasonOf, UsageError } from './usage-error.ts'

/** For another peer to take over, before this one goes all the same. */
const farewellMs = 10_000
/** As a shell counts the end by a signal. */
const codes = [
  ['SIGTERM', 128 + 15],
  ['SIGINT', 128 + 2],
] as const

/** Serves until it is told to end. Resolves with the code that the process ends with. */
export async function serve(args: readonly string[]): Promise<number> {
  const flags = await readFlags(args)
  if (flags.isHelpWanted) {
    process.stdout.write(usage)
    return 0
  }
  const configuration = await configurationOf(flags)
  for (const note of configuration.notes) log('warning', note)
  const peer = await opened(configuration)
  tell(peer, configuration)
  onHangUp(peer, configuration)
  return Promise.race([ended(peer, onTermination(peer)), onSecondSignal()])
}

/** Resolves with the code once the peer is over: because it was told to be, or by itself. */
async function ended(peer: Peer, closing: () => Promise<void>): Promise<number> {
  const failure = await peer.closed
  if (failure !== undefined) {
    log('error', failure.message)
    return 1
  }
  // Until all is freed.
  await closing()
  return 0
}

async function opened({ options, source }: Configuration): Promise<Peer> {
  try {
    return await open(options)
  } catch (error) {
    const isMisuse = error instanceof CoordinationError && error.code === 'BAD_OPTION'
    throw isMisuse ? new UsageError(`${source}: ${error.message}`) : error
  }
}

function tell(peer: Peer, { options, source }: Configuration): void {
  const { zookeeper } = peer.status()
  const host = options.zookeeper?.host ?? '127.0.0.1'
  const places = [
    ...(zookeeper?.port === undefined ? [] : [`${host}:${String(zookeeper.port)}`]),
    ...(zookeeper?.securePort === undefined
      ? []
      : [`${options.zookeeper?.secure?.host ?? host}:${String(zookeeper.securePort)} over TLS`]),
  ].join(' and ')
  log(
    'info',
    `peer ${String(peer.id)} serves clients at ${places}; data in ${options.dir}; ${source}`,
  )
  peer.on('role', (role, epoch) => log('info', `${role}, epoch ${String(epoch)}`))
  peer.on('membership', (membership, version) =>
    log('info', `membership ${membership}, configuration ${String(version)}`),
  )
  subscribe('conclave:peer', (message) => {
    const { type, reason } = message as { readonly type: string; readonly reason?: string }
    if (type === 'refused') log('warning', reason ?? 'a link was refused')
  })
}

/** Has the first signal end the peer in order. Returns how to wait for that. */
function onTermination(peer: Peer): () => Promise<void> {
  let closing: Promise<void> | undefined
  for (const [signal] of codes) {
    process.once(signal, () => {
      if (closing === undefined) log('info', `${signal}: hands over and ends`)
      closing ??= peer.close({ timeoutMs: farewellMs })
    })
  }
  return async () => closing
}

/** Resolves with the code of a process that was told to end, and then to end at once. */
function onSecondSignal(): Promise<number> {
  let count = 0
  return new Promise((resolve) => {
    for (const [signal, code] of codes) {
      process.on(signal, () => {
        count += 1
        if (count > 1) resolve(code)
      })
    }
  })
}

/** Shows certificates that were put into the same files. */
function onHangUp(peer: Peer, { renewal }: Configuration): void {
  process.on('SIGHUP', () => {
    if (renewal === undefined) return
    renewal()
      .then((credentials) => {
        peer.renewCertificates({ zookeeper: credentials })
        log('info', 'certificates were read again')
      })
      .catch((error: unknown) => log('error', `certificates stay as they were: ${reasonOf(error)}`))
  })
}

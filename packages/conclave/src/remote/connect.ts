/** Connects to servers that speak ZooKeeper's protocol: sockets, the system's clock, chance. */
import { defaultLimits } from '@conclave/core/internal'
import { CoordinationError, type Session } from '@conclave/core'
import { Client, defaultClientLimits, socketDial, type SessionEnding } from '@conclave/zookeeper'
import { systemClock } from '../clock.ts'
import { systemEntropy } from '../entropy.ts'
import { givenUpBefore, givenUpError, onGivingUp } from '../giving-up.ts'
import { resolveConnect, type ConnectOptions } from './connect-options.ts'
import { RemoteSession } from './remote-session.ts'

/**
 * Opens a session on an ensemble that this process is no part of: of Apache ZooKeeper, from 3.5 on and
 * with watches from 3.6 on, or of Conclave, by the port that its peers serve ZooKeeper's clients at.
 * `servers` is `zk://host:2181,host2:2181`, with a path behind it that the session then has for its root.
 *
 * It keeps looking for a server until it has one, or `signal` or `timeoutMs` end it: `TIMEOUT` and
 * `ABORTED` name the last trouble it had. Rejects with `BAD_OPTION`, and with `AUTH_FAILED` when what
 * `auth` gives is not taken. The process is kept alive until the session is closed.
 */
export async function connect(servers: string, options?: ConnectOptions): Promise<Session> {
  const resolved = resolveConnect(servers, options)
  const early = givenUpBefore(options)
  if (early !== undefined) {
    const so = 'no server was tried'
    throw givenUpError(early, `connect ${servers}`, { outcome: 'not-applied', so })
  }
  const { chroot, maxFrameBytes, proofs, sessionTimeoutMs, tls } = resolved
  const limits = { ...defaultClientLimits, maxFrameBytes }
  const clock = systemClock
  return new Promise((resolve, reject: (error: Error) => void) => {
    let session: RemoteSession | undefined
    const client = new Client(
      { servers: resolved.servers, sessionTimeoutMs, proofs, limits },
      { clock, random: () => systemEntropy.seed() / seedSpan, dial: socketDial(tls) },
      {
        onOpened: () => {
          release?.()
          session = new RemoteSession(client, {
            clock,
            limits: defaultLimits,
            maxFrameBytes,
            chroot,
          })
          resolve(session)
        },
        onTime: () => session?.onTime(),
        onEnded: (ending) => {
          release?.()
          if (session === undefined) reject(failureOf(ending, servers))
          else session.onEnding(ending)
        },
      },
    )
    const release = onGivingUp(options, clock, (givingUp) => {
      const trouble = client.trouble ?? 'no server has answered yet'
      reject(givenUpError(givingUp, `connect ${servers}`, { outcome: 'not-applied', so: trouble }))
      client.end({ reason: 'closed' })
    })
    client.start()
  })
}

/** Seeds are below it. */
const seedSpan = 2 ** 48

function failureOf(ending: SessionEnding, servers: string): Error {
  if ('cause' in ending && ending.cause instanceof CoordinationError) return ending.cause
  const message = `connect ${servers} failed: the session was over before it began`
  return new CoordinationError('SESSION_CLOSED', message, 'cause' in ending ? ending : {})
}

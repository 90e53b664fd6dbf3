/** Ports for the peers: every run finds its own. */
import { createServer } from 'node:net'
import { randomInt } from 'node:crypto'

/**
 * Where systems do not take the local ports of outgoing connections from. From there, a peer that
 * dials another one which is down could be given the other one's port, and be connected to itself.
 */
const lowestPort = 20_000
const highestPort = 32_000
const maxAttempts = 200

/** Finds ports of the loopback interface on which nobody listens. Somebody may, a moment later. */
export async function findFreePorts(host: string, count: number): Promise<readonly number[]> {
  const found = new Set<number>()
  for (let attempt = 0; found.size < count; attempt += 1) {
    if (attempt === maxAttempts) {
      throw new Error(
        `no free ports on ${host}: tried ${maxAttempts} between ${lowestPort} and ${highestPort}`,
      )
    }
    const port = randomInt(lowestPort, highestPort + 1)
    if (await isFree(host, port)) found.add(port)
  }
  return [...found]
}

async function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(true)))
  })
}

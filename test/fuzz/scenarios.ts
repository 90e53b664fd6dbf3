/**
 * What clients do to a server without a single wrong byte: many that are idle, some that say half of
 * something, one that does not read, one that floods. The good client goes on being served meanwhile.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { encodeGreeting, encodeRequest } from '../zookeeper-diff/encode.ts'
import { sleep } from '../processes/waiting.ts'
import { usedMiB, type FuzzedEnsemble } from './ensemble.ts'
import type { Witness } from './witness.ts'

const idleCount = 5_000
const atOnce = 100
const halfCount = 200
/** A handshake has ten seconds. */
const halfEndMs = 13_000
const floodMs = 5_000
const floodAtOnce = 200
const slowReads = 2_000
const largeBytes = 500 * 1024
const slowMs = 3_000
/** What a client that does not read may cost, and what thousands that are idle. */
const mostSlowMiB = 64
const mostIdleMiB = 256
/** Longer nobody may wait for a write, on a machine that has other things to do as well. */
const mostWaitMs = 3_000
const acl = [{ permissions: 31, scheme: 'world', id: 'anyone' }]

/** What a scenario saw, or what went wrong. */
interface Seen {
  readonly text: string
  readonly failure?: string
}

type Scenario = (ensemble: FuzzedEnsemble) => Promise<Seen>

const scenarios: Readonly<Record<string, Scenario>> = {
  'idle connections': idle,
  'half-open connections': halfOpen,
  'a client that does not read': slowReader,
  'a client that floods': flood,
}

/** All of them, one after the other; what failed. */
export async function runScenarios(ensemble: FuzzedEnsemble, witness: Witness): Promise<string[]> {
  const failures: string[] = []
  for (const [name, scenario] of Object.entries(scenarios)) {
    witness.restart()
    const { text, failure } = await scenario(ensemble)
    const waitedMs = witness.longestMs
    console.log(`${name}: ${text}; the good client waited at most ${waitedMs.toFixed(0)} ms`)
    if (failure !== undefined) failures.push(`${name}: ${failure}`)
    if (waitedMs > mostWaitMs) failures.push(`${name}: the good client waited too long`)
  }
  return failures
}

/** A client with a session. Its first answer, that to the greeting, is waited for. */
async function client(port: number): Promise<Socket> {
  const socket = await reach(port)
  socket.write(greeting())
  await once(socket, 'data')
  return socket
}

async function reach(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

function greeting(): Buffer {
  const password = new Uint8Array(16)
  const request = { protocolVersion: 0, lastZxidSeen: 0, timeoutMs: 60_000, sessionId: 0, password }
  return encodeGreeting({ ...request, readOnly: false })
}

async function idle({ clientPorts }: FuzzedEnsemble): Promise<Seen> {
  const before = usedMiB()
  const sockets: Socket[] = []
  while (sockets.length < idleCount) {
    const ports = Array.from({ length: atOnce }, (_, index) => clientPorts[index % 3] ?? 0)
    sockets.push(...(await Promise.all(ports.map((port) => client(port)))))
  }
  await sleep(slowMs)
  const closed = sockets.filter((socket) => socket.closed).length
  const more = usedMiB() - before
  for (const socket of sockets) socket.destroy()
  const text = `${idleCount} with sessions, ${closed} closed, ${more.toFixed(1)} MiB for both ends`
  if (closed > 0) return { text, failure: `${closed} were closed` }
  return more > mostIdleMiB ? { text, failure: 'they cost too much memory' } : { text }
}

async function halfOpen({ clientPorts: [port = 0] }: FuzzedEnsemble): Promise<Seen> {
  const sockets: Socket[] = []
  const half = greeting().subarray(0, 20)
  for (let index = 0; index < halfCount; index += 1) {
    const begun = await reach(port)
    begun.write(half)
    sockets.push(await reach(port), begun)
  }
  for (const socket of sockets) socket.resume()
  await sleep(halfEndMs)
  const open = sockets.filter((socket) => !socket.closed).length
  for (const socket of sockets) socket.destroy()
  const text = `${sockets.length} that never said who they are, ${open} still open`
  return open > 0 ? { text, failure: 'they were not closed' } : { text }
}

async function slowReader({ clientPorts: [port = 0] }: FuzzedEnsemble): Promise<Seen> {
  const socket = await client(port)
  const path = '/fuzz-large'
  const data = 'x'.repeat(largeBytes)
  socket.write(encodeRequest(1, { op: 'create', path, data, acl, flags: 0 }, 0n))
  await once(socket, 'data')
  const before = usedMiB()
  socket.pause()
  const read = encodeRequest(2, { op: 'getData', path, watch: false }, 0n)
  for (let count = 0; count < slowReads; count += 1) socket.write(read)
  await sleep(slowMs)
  const held = usedMiB() - before
  socket.destroy()
  const text = `${slowReads} reads of ${largeBytes / 1024} KiB, ${held.toFixed(1)} MiB held`
  return held > mostSlowMiB ? { text, failure: 'too much is held for it' } : { text }
}

async function flood({ clientPorts: [port = 0] }: FuzzedEnsemble): Promise<Seen> {
  const socket = await client(port)
  const path = '/fuzz-flood'
  socket.write(encodeRequest(1, { op: 'create', path, data: '', acl, flags: 0 }, 0n))
  await once(socket, 'data')
  const write = encodeRequest(2, { op: 'setData', path, data: 'y'.repeat(100), version: -1 }, 0n)
  const writes = Buffer.concat(Array.from({ length: floodAtOnce }, () => write))
  let receivedBytes = 0
  socket.on('data', (chunk) => {
    receivedBytes += chunk.length
  })
  const end = performance.now() + floodMs
  let sent = 0
  while (performance.now() < end && !socket.closed) {
    sent += floodAtOnce
    if (!socket.write(writes)) await Promise.race([once(socket, 'drain'), sleep(floodMs)])
    await sleep(0)
  }
  const isClosed = socket.closed
  socket.destroy()
  const text = `${sent} writes sent, ${(receivedBytes / 1024).toFixed(0)} KiB of answers`
  return isClosed || receivedBytes === 0 ? { text, failure: 'it was not served' } : { text }
}

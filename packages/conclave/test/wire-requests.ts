/** Requests of a client as tests write them, and a peer that serves them. */
import type { OpenOptions, Peer } from 'conclave'
import {
  opcodes,
  writeCreateRequest,
  writeDeleteRequest,
  writeExistsRequest,
  writeGetDataRequest,
  writeSetDataRequest,
  writeSyncRequest,
  type CreateRequest,
  type WireAcl,
} from '@conclave/zookeeper'
import { connect } from 'node:net'
import type { Reply, WireClient } from './wire-client.ts'
import { openPeer, temporaryFolder } from './workspace.ts'

export const patience = { timeout: 10_000, interval: 10 }
export const open31: WireAcl = [{ permissions: 31, scheme: 'world', id: 'anyone' }]
export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
export const textOf = (data: Uint8Array | null): string | null =>
  data && Buffer.from(data).toString()

export interface Served {
  readonly peer: Peer
  readonly port: number
}

/** A standalone peer with a port for clients. */
export async function served(zookeeper: Partial<OpenOptions['zookeeper']> = {}): Promise<Served> {
  const peer = await openPeer({
    id: 1,
    dir: await temporaryFolder(),
    ensemble: 'standalone',
    timing: { heartbeatMs: 20, silentPeerMs: 100 },
    zookeeper: { port: 0, ...zookeeper },
  })
  await peer.ready({ timeoutMs: 10_000 })
  return { peer, port: peer.status().zookeeper?.port ?? 0 }
}

export function create(
  client: WireClient,
  path: string,
  options: Partial<CreateRequest> = {},
  opcode: number = opcodes.create,
): Promise<Reply> {
  const request = { path, data: bytes('x'), acl: open31, flags: 0, ...options }
  return client.ask(opcode, (writer) => writeCreateRequest(writer, request))
}

export function get(client: WireClient, path: string, watch = false): Promise<Reply> {
  return client.ask(opcodes.getData, (writer) => writeGetDataRequest(writer, { path, watch }))
}

export function set(
  client: WireClient,
  path: string,
  text: string | null,
  version = -1,
): Promise<Reply> {
  const data = text === null ? null : bytes(text)
  return client.ask(opcodes.setData, (writer) =>
    writeSetDataRequest(writer, { path, data, version }),
  )
}

export function remove(client: WireClient, path: string, version = -1): Promise<Reply> {
  return client.ask(opcodes.delete, (writer) => writeDeleteRequest(writer, { path, version }))
}

export function exists(client: WireClient, path: string, watch = false): Promise<Reply> {
  return client.ask(opcodes.exists, (writer) => writeExistsRequest(writer, { path, watch }))
}

/** Resolves once everything before is answered. */
export function sync(client: WireClient): Promise<Reply> {
  return client.ask(opcodes.sync, (writer) => writeSyncRequest(writer, { path: '/' }))
}

/** What is answered to four letters. */
export async function word(port: number, letters: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.end(letters)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

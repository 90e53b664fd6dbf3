/**
 * Frames for the port of ZooKeeper's clients: what real clients have sent (packages/zookeeper/test/traffic),
 * every request with any value there can be, and both of them changed.
 */
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { JuteWriter, opcodes, writeRequestHeader } from '@conclave/zookeeper'
import { recordKinds } from '../../packages/zookeeper/test/arbitrary-records.ts'
import type { Random } from '../faults/random.ts'
import { mutate } from './mutate.ts'

const arbitraryPerKind = 150
const clients = ['java', 'kazoo', 'node']
const headerBytes = 8
const rarely = 0.01
/** What is refused together with its connection, or ends it. */
const lastOpcodes: readonly number[] = [
  opcodes.check,
  opcodes.auth,
  opcodes.sasl,
  opcodes.closeSession,
]
const handshakeBytes = [44, 45]

/** Payloads, without their lengths. */
export interface ClientCorpus {
  readonly requests: readonly Buffer[]
  readonly greetings: readonly Buffer[]
}

export function clientCorpus(seed: number): ClientCorpus {
  const recorded = clients.flatMap((client) => recordedFrames(client))
  const isGreeting = ({ length }: Buffer): boolean => handshakeBytes.includes(length)
  return {
    greetings: recorded.filter(isGreeting),
    requests: [...recorded.filter((one) => !isGreeting(one)), ...arbitraryRequests(seed)],
  }
}

function recordedFrames(client: string): Buffer[] {
  const folder = new URL('../../packages/zookeeper/test/traffic/', import.meta.url)
  const lines = readFileSync(new URL(`${client}.txt`, folder), 'utf8')
    .trim()
    .split('\n')
  return lines
    .map((line) => line.split(' '))
    .filter(([, side]) => side === 'client')
    .map(([, , hex = '']) => Buffer.from(hex, 'hex'))
}

function arbitraryRequests(seed: number): Buffer[] {
  const byName = new Map<string, number>(Object.entries(opcodes))
  return recordKinds.flatMap(({ name, any, write }) => {
    const opcode = byName.get(name)
    if (opcode === undefined) return []
    return fc.sample(any, { seed, numRuns: arbitraryPerKind }).map((value, index) => {
      const writer = new JuteWriter()
      writer.begin()
      writeRequestHeader(writer, index + 1, opcode)
      write(writer, value)
      writer.end()
      return Buffer.from(writer.take().subarray(4))
    })
  })
}

/** One of them, mostly changed. Seldom one that ends its connection, or nothing would come behind it. */
export function clientFrame(random: Random, { requests }: ClientCorpus): Buffer {
  let payload = random.pick(requests)
  while (isLast(payload) && !random.chance(rarely)) payload = random.pick(requests)
  if (random.chance(0.2)) return payload
  if (random.chance(rarely)) return mutate(random, payload, requests)
  const header = payload.subarray(0, headerBytes)
  return Buffer.concat([header, mutate(random, payload.subarray(headerBytes), requests)])
}

function isLast(payload: Buffer): boolean {
  return payload.length < headerBytes || lastOpcodes.includes(payload.readInt32BE(4))
}

/** With its length before it. */
export function framed(payload: Buffer, length = payload.length): Buffer {
  const frame = Buffer.alloc(4 + payload.length)
  frame.writeInt32BE(length)
  payload.copy(frame, 4)
  return frame
}

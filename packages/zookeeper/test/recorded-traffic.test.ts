/**
 * What real clients and Apache ZooKeeper 3.9.5 said to each other, recorded frame by frame: the Java
 * client of 3.9.5 with a connection that breaks, kazoo 2.11.0, node-zookeeper-client 1.1.3. A line is
 * `connection side payload`.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { JuteReader, JuteWriter, opcodeName, opcodes, xids } from '@conclave/zookeeper'
import { recordKinds, type RecordKind } from './arbitrary-records.ts'

interface Frame {
  readonly connection: string
  readonly side: 'client' | 'server'
  readonly hex: string
}

function recorded(client: string): Frame[] {
  const text = readFileSync(new URL(`traffic/${client}.txt`, import.meta.url), 'utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [connection = '', side = '', hex = ''] = line.split(' ')
      return { connection, side: side as Frame['side'], hex }
    })
}

function kindOf(name: string): RecordKind {
  const found = recordKinds.find((kind) => kind.name === name)
  if (found === undefined) throw new Error(`no record is called ${name}`)
  return found
}

const requestNames: Readonly<Record<number, string>> = {
  [opcodes.create2]: 'create',
  [opcodes.createContainer]: 'create',
  [opcodes.getChildren2]: 'getChildren',
  [opcodes.checkWatches]: 'removeWatches',
}
const responseNames: Readonly<Record<number, string>> = {
  [opcodes.exists]: 'Stat',
  [opcodes.setData]: 'Stat',
  [opcodes.setAcl]: 'Stat',
  [opcodes.createContainer]: 'create2 response',
  [opcodes.createTtl]: 'create2 response',
  [opcodes.reconfig]: 'getData response',
}
const withoutRequest: readonly number[] = [opcodes.ping, opcodes.closeSession, opcodes.whoAmI]
const withoutResponse: readonly number[] = [
  opcodes.ping,
  opcodes.closeSession,
  opcodes.delete,
  opcodes.auth,
  opcodes.setWatches,
  opcodes.setWatches2,
  opcodes.checkWatches,
  opcodes.removeWatches,
]

function kindsOfRequest(opcode: number): string[] {
  if (withoutRequest.includes(opcode)) return []
  return [requestNames[opcode] ?? opcodeName(opcode) ?? '?']
}

function kindsOfResponse(opcode: number, error: number): string[] {
  if (error !== 0 || withoutResponse.includes(opcode)) return []
  return [responseNames[opcode] ?? `${opcodeName(opcode) ?? '?'} response`]
}

/** Reads a frame as these records, to its end, and writes them anew. */
function written(hex: string, names: readonly string[]): string {
  const reader = new JuteReader()
  reader.reset(Buffer.from(hex, 'hex'))
  const writer = new JuteWriter()
  writer.begin()
  for (const name of names) {
    const kind = kindOf(name)
    kind.write(writer, kind.read(reader))
  }
  writer.end()
  expect(reader.remaining).toBe(0)
  return writer.take().subarray(4).toString('hex')
}

describe.each([
  ['java', 24],
  ['kazoo', 13],
  ['node', 9],
])('%s', (client, opcodeCount) => {
  test('every frame is read, and written to the byte as it was', () => {
    const asked = new Map<string, number>()
    const met = new Set<string>()
    const seen = new Set<number>()
    for (const { connection, side, hex } of recorded(client)) {
      const bytes = Buffer.from(hex, 'hex')
      const direction = `${connection} ${side}`
      if (!met.has(direction)) {
        met.add(direction)
        const name = side === 'client' ? 'ConnectRequest' : 'ConnectResponse'
        expect(written(hex, [name])).toBe(hex)
        continue
      }
      const xid = bytes.readInt32BE(0)
      if (side === 'client') {
        const opcode = bytes.readInt32BE(4)
        asked.set(`${connection} ${String(xid)}`, opcode)
        seen.add(opcode)
        expect(written(hex, ['RequestHeader', ...kindsOfRequest(opcode)])).toBe(hex)
        continue
      }
      if (xid === xids.notification) {
        expect(written(hex, ['ReplyHeader', 'WatcherEvent'])).toBe(hex)
        continue
      }
      const opcode = asked.get(`${connection} ${String(xid)}`) ?? NaN
      const error = bytes.readInt32BE(12)
      expect(written(hex, ['ReplyHeader', ...kindsOfResponse(opcode, error)])).toBe(hex)
    }

    expect(seen.size).toBe(opcodeCount)
  })
})

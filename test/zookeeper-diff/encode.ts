/** Requests of a program as the bytes that a server gets. */
import {
  JuteWriter,
  opcodes,
  writeAcl,
  writeAddWatchRequest,
  writeAuthRequest,
  writeCheckRequest,
  writeConnectRequest,
  writeCreateRequest,
  writeCreateTtlRequest,
  writeDeleteRequest,
  writeExistsRequest,
  writeGetAclRequest,
  writeGetAllChildrenNumberRequest,
  writeGetChildrenRequest,
  writeGetDataRequest,
  writeGetEphemeralsRequest,
  writeReconfigRequest,
  writeRemoveWatchesRequest,
  writeRequestHeader,
  writeSetDataRequest,
  writeSetWatches2Request,
  writeSetWatchesRequest,
  writeSyncRequest,
  type ConnectRequest,
} from '@conclave/zookeeper'
import type { Damage, Data, Record } from './program.ts'

/** More than any server has seen. */
const beyondAll = 2 ** 52
const headerBytes = 8

/** The opcode of a record. */
export function opcodeOf(record: Record): number {
  return record.op === 'other' ? record.opcode : opcodes[record.op]
}

/** A frame with its length. `seen` is the last zxid that the client was told. */
export function encodeRequest(
  xid: number,
  record: Record,
  seen: bigint,
  damage: Damage = {},
): Buffer {
  const writer = new JuteWriter()
  writer.begin()
  writeRequestHeader(writer, xid, opcodeOf(record))
  writeRecord(writer, record, seen)
  writer.end()
  return damaged(Buffer.from(writer.take()), damage)
}

export function encodeGreeting(request: ConnectRequest): Buffer {
  const writer = new JuteWriter()
  writer.begin()
  writeConnectRequest(writer, request)
  writer.end()
  return Buffer.from(writer.take())
}

function damaged(frame: Buffer, { cut, change, extra, length: said }: Damage): Buffer {
  let payload = frame.subarray(4)
  const body = payload.length - headerBytes
  if (change !== undefined && body > 0) {
    payload[headerBytes + Math.floor(change.at * body)] = change.byte
  }
  if (cut !== undefined) payload = payload.subarray(0, Math.floor(cut * payload.length))
  if (extra !== undefined) payload = Buffer.concat([payload, Buffer.from(extra, 'hex')])
  const length = Buffer.alloc(4)
  length.writeInt32BE(said ?? payload.length)
  return Buffer.concat([length, payload])
}

function bytesOf(data: Data): Uint8Array | null {
  return data === null ? null : Buffer.from(data, 'utf8')
}

function writeRecord(writer: JuteWriter, record: Record, seen: bigint): void {
  switch (record.op) {
    case 'create':
    case 'create2':
    case 'createContainer':
      writeCreateRequest(writer, { ...record, data: bytesOf(record.data) })
      return
    case 'createTtl':
      writeCreateTtlRequest(writer, { ...record, data: bytesOf(record.data) })
      return
    case 'delete':
      writeDeleteRequest(writer, record)
      return
    case 'check':
      writeCheckRequest(writer, record)
      return
    case 'setData':
      writeSetDataRequest(writer, { ...record, data: bytesOf(record.data) })
      return
    case 'setAcl':
      writer.string(record.path)
      writeAcl(writer, record.acl)
      writer.int(record.version)
      return
    case 'multi':
    case 'multiRead':
      for (const part of record.parts) {
        writeMultiHeader(writer, opcodeOf(part), false)
        writeRecord(writer, part, seen)
      }
      writeMultiHeader(writer, -1, true)
      return
    case 'auth':
      writeAuthRequest(writer, { ...record, proof: bytesOf(record.proof) })
      return
    case 'reconfig': {
      const { members: newMembers } = record
      writeReconfigRequest(writer, { joining: null, leaving: null, newMembers, version: -1 })
      return
    }
    default:
      writeReading(writer, record, seen)
  }
}

function writeMultiHeader(writer: JuteWriter, opcode: number, done: boolean): void {
  writer.int(opcode)
  writer.bool(done)
  writer.int(-1)
}

/** Of what changes nothing. */
function writeReading(writer: JuteWriter, record: Record, seen: bigint): void {
  switch (record.op) {
    case 'exists':
      writeExistsRequest(writer, record)
      return
    case 'getData':
      writeGetDataRequest(writer, record)
      return
    case 'getChildren':
    case 'getChildren2':
      writeGetChildrenRequest(writer, record)
      return
    case 'getAcl':
      writeGetAclRequest(writer, record)
      return
    case 'sync':
      writeSyncRequest(writer, record)
      return
    case 'getEphemerals':
      writeGetEphemeralsRequest(writer, { prefixPath: record.path })
      return
    case 'getAllChildrenNumber':
      writeGetAllChildrenNumberRequest(writer, record)
      return
    case 'checkWatches':
    case 'removeWatches':
      writeRemoveWatchesRequest(writer, record)
      return
    case 'addWatch':
      writeAddWatchRequest(writer, record)
      return
    case 'setWatches':
    case 'setWatches2': {
      const relativeZxid = { nothing: 0, seen, all: beyondAll }[record.since]
      const { data, exist, child, persistent, recursive: persistentRecursive } = record
      const request = { relativeZxid, data, exist, child, persistent, persistentRecursive }
      if (record.op === 'setWatches') writeSetWatchesRequest(writer, request)
      else writeSetWatches2Request(writer, request)
      return
    }
    default:
  }
}

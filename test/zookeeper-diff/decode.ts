/**
 * What a server said, taken apart into tokens: one a field. Most have to be the same at both servers;
 * zxids and times have to correspond (compare.ts). What no record fits is a token as it came.
 */
import {
  JuteReader,
  opcodes,
  readAcl,
  readReplyHeader,
  readStat,
  readWatcherEvent,
  readWhoAmIResponse,
  wireErrorName,
  wireErrors,
  type Long,
} from '@conclave/zookeeper'
import { opcodeOf } from './encode.ts'
import type { Record } from './program.ts'

export interface Token {
  readonly name: string
  /** A `position` is how much was applied: between which zxids, and not one of them. */
  readonly kind: 'plain' | 'zxid' | 'position' | 'time'
  readonly value: string
}

/** What has a zxid of its own, be it refused. */
const writes: readonly number[] = [
  opcodes.create,
  opcodes.create2,
  opcodes.createContainer,
  opcodes.createTtl,
  opcodes.delete,
  opcodes.setData,
  opcodes.setAcl,
  opcodes.multi,
  opcodes.closeSession,
]

/** How the sessions of a program are called; ids differ between servers. */
export type NameSession = (id: Long) => string

export interface DecodedReply {
  readonly error: number
  readonly zxid: bigint
  readonly tokens: readonly Token[]
}

export function plain(name: string, value: string | number | boolean | null): Token {
  return { name, kind: 'plain', value: JSON.stringify(value) }
}

/** A notification, header and all. */
export function decodeEvent(payload: Buffer): readonly Token[] {
  const reader = readerOf(payload)
  const { zxid, error } = readReplyHeader(reader)
  const { type, state, path } = readWatcherEvent(reader)
  const name = ['', 'created', 'deleted', 'changed', 'children'][type] ?? String(type)
  return [
    plain('event', `${name} ${String(path)}`),
    { name: 'event zxid', kind: 'zxid', value: String(zxid) },
    plain('event state', `${String(state)} ${String(error)}`),
    ...leftOver(reader),
  ]
}

/** The reply to a request. */
export function decodeReply(
  record: Record,
  payload: Buffer,
  nameSession: NameSession,
): DecodedReply {
  const reader = readerOf(payload)
  const { xid, zxid, error } = readReplyHeader(reader)
  const tokens = new Tokens(reader, nameSession)
  tokens.plain('xid', xid)
  tokens.plain('error', wireErrorName(error) ?? error)
  const isPlace = error !== wireErrors.marshallingError && writes.includes(opcodeOf(record))
  const kind = isPlace ? 'zxid' : 'position'
  tokens.list.push({ name: 'zxid', kind, value: String(zxid) })
  try {
    if (error === 0) tokens.body(opcodeOf(record))
    tokens.list.push(...leftOver(reader))
  } catch (cause) {
    tokens.plain('unreadable', `${String(cause)} ${payload.toString('hex')}`)
  }
  return { error, zxid: BigInt(zxid), tokens: tokens.list }
}

function readerOf(payload: Buffer): JuteReader {
  const reader = new JuteReader()
  reader.reset(payload)
  return reader
}

function leftOver(reader: JuteReader): readonly Token[] {
  return reader.remaining === 0 ? [] : [plain('left over', reader.rest().toString('hex'))]
}

class Tokens {
  readonly list: Token[] = []
  readonly #reader: JuteReader
  readonly #nameSession: NameSession

  constructor(reader: JuteReader, nameSession: NameSession) {
    this.#reader = reader
    this.#nameSession = nameSession
  }

  plain(name: string, value: string | number | boolean | null): void {
    this.list.push(plain(name, value))
  }

  zxid(name: string, value: Long): void {
    this.list.push({ name, kind: 'zxid', value: String(value) })
  }

  body(opcode: number): void {
    const reader = this.#reader
    switch (opcode) {
      case opcodes.create:
      case opcodes.sync:
        this.plain('path', reader.string())
        return
      case opcodes.create2:
      case opcodes.createContainer:
      case opcodes.createTtl:
        this.plain('path', reader.string())
        this.#stat()
        return
      case opcodes.exists:
      case opcodes.setData:
      case opcodes.setAcl:
        this.#stat()
        return
      case opcodes.getData:
        this.#data()
        this.#stat()
        return
      case opcodes.getAcl:
        this.#inAnyOrder('acl', readAcl(reader))
        this.#stat()
        return
      case opcodes.getChildren:
      case opcodes.getEphemerals:
        this.#inAnyOrder('names', reader.strings())
        return
      case opcodes.getChildren2:
        this.#inAnyOrder('names', reader.strings())
        this.#stat()
        return
      case opcodes.getAllChildrenNumber:
        this.plain('count', reader.int())
        return
      case opcodes.addWatch:
        this.plain('body', reader.int())
        return
      case opcodes.whoAmI:
        this.#inAnyOrder('identities', readWhoAmIResponse(reader))
        return
      case opcodes.multi:
      case opcodes.multiRead:
        this.#results()
        return
      default:
    }
  }

  #results(): void {
    for (let index = 0; ; index += 1) {
      const type = this.#reader.int()
      const done = this.#reader.bool()
      const error = this.#reader.int()
      this.plain(`result ${index}`, `${String(type)} ${String(done)} ${String(error)}`)
      if (done) return
      if (type === opcodes.error) this.plain('error of it', this.#reader.int())
      else this.body(type)
    }
  }

  #data(): void {
    const data = this.#reader.buffer()
    this.plain('data', data === null ? null : Buffer.from(data).toString('latin1'))
  }

  /** Names, and whom `auth` stands for, are told in any order. */
  #inAnyOrder(name: string, list: readonly unknown[] | null): void {
    const texts = list?.map((one) => JSON.stringify(one)).sort()
    this.plain(name, texts === undefined ? null : `[${texts.join()}]`)
  }

  #stat(): void {
    const stat = readStat(this.#reader)
    this.zxid('czxid', stat.czxid)
    this.zxid('mzxid', stat.mzxid)
    this.list.push({ name: 'ctime', kind: 'time', value: String(stat.ctime) })
    this.list.push({ name: 'mtime', kind: 'time', value: String(stat.mtime) })
    this.plain('mtime is ctime', stat.mtime === stat.ctime && stat.mzxid === stat.czxid)
    this.plain('version', stat.version)
    this.plain('cversion', stat.cversion)
    this.plain('aversion', stat.aversion)
    this.plain('owner', this.#nameSession(stat.ephemeralOwner))
    this.plain('dataLength', stat.dataLength)
    this.plain('numChildren', stat.numChildren)
    this.zxid('pzxid', stat.pzxid)
  }
}

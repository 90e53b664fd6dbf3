/**
 * What a client asks, as frames, and what the answers say. Paths are whole here: see chroot.ts. `sync`,
 * watches and proofs have their places in the machine that carries all this: client.ts.
 */
import type { ReadResult, Stat, TransactionResult } from '@conclave/core'
import {
  openAcl,
  type AclEntry,
  type CreateOperation,
  type Operation,
  type Zxid,
} from '@conclave/core/internal'
import { MalformedError } from '../jute/malformed-error.ts'
import type { JuteReader } from '../jute/reader.ts'
import {
  createFlags,
  readCreate2Response,
  writeCreateRequest,
  writeCreateTtlRequest,
  type CreateRequest,
} from '../messages/create.ts'
import { writeDeleteRequest } from '../messages/delete.ts'
import { writeExistsRequest } from '../messages/exists.ts'
import { readGetAclResponse, writeGetAclRequest } from '../messages/get-acl.ts'
import {
  readGetAllChildrenNumberResponse,
  writeGetAllChildrenNumberRequest,
} from '../messages/get-all-children-number.ts'
import { readGetChildrenResponse, writeGetChildrenRequest } from '../messages/get-children.ts'
import { writeGetDataRequest } from '../messages/get-data.ts'
import { readGetEphemeralsResponse, writeGetEphemeralsRequest } from '../messages/get-ephemerals.ts'
import {
  readMultiResponse,
  writeMultiRequest,
  type MultiPart,
  type MultiResult,
} from '../messages/multi.ts'
import { readMultiReadResponse, writeMultiReadRequest } from '../messages/multi-read.ts'
import { opcodes } from '../messages/opcodes.ts'
import { writeSetAclRequest } from '../messages/set-acl.ts'
import { writeSetDataRequest } from '../messages/set-data.ts'
import { readStat } from '../messages/stat.ts'
import { writeSyncRequest } from '../messages/sync.ts'
import type { RequestFrame } from './client-call.ts'
import { present, readingOf, readReading, statOfWire } from './readings.ts'

/** A request, and how what it comes to is read. */
export interface ClientRequest<T> extends RequestFrame {
  /** May throw `MalformedError`. */
  read(body: JuteReader, zxid: Zxid): T
}

export interface CreatedZnode {
  readonly path: string
  readonly stat: Stat
}

/** What one operation of a multi came to. Servers before 3.9 tell no stat of what it created. */
export type MultiPartOutcome =
  TransactionResult | { readonly type: 'create'; readonly path: string; readonly stat: undefined }

/** What a multi came to: a result for each operation, or the first that failed. */
export type MultiOutcome =
  | {
      readonly type: 'committed'
      readonly zxid: Zxid
      readonly results: readonly MultiPartOutcome[]
    }
  | { readonly type: 'refused'; readonly index: number; readonly error: number }

export function getRequest(path: string): ClientRequest<ReadResult> {
  return {
    opcode: opcodes.getData,
    isWrite: false,
    write: (writer) => writeGetDataRequest(writer, { path, watch: false }),
    read: readReading,
  }
}

/** Several of one state: each comes to a reading, or to its error. */
export function findAllRequest(
  paths: readonly string[],
): ClientRequest<readonly (ReadResult | number)[]> {
  const parts = paths.map((path) => {
    return { opcode: opcodes.getData, request: { path, watch: false } } as const
  })
  return {
    opcode: opcodes.multiRead,
    isWrite: false,
    write: (writer) => writeMultiReadRequest(writer, parts),
    read(body) {
      const results = readMultiReadResponse(body)
      return paths.map((path, at) => {
        const result = results[at]
        if (result?.opcode === opcodes.error) return result.error
        if (result?.opcode === opcodes.getData) return readingOf(result)
        throw new MalformedError('RECORD', `a multiRead answers nothing to ${path}`)
      })
    },
  }
}

export function existsRequest(path: string): ClientRequest<Stat> {
  return {
    opcode: opcodes.exists,
    isWrite: false,
    write: (writer) => writeExistsRequest(writer, { path, watch: false }),
    read: (body) => statOfWire(readStat(body)),
  }
}

/** The names, in no order. */
export function childrenRequest(path: string): ClientRequest<string[]> {
  return {
    opcode: opcodes.getChildren,
    isWrite: false,
    write: (writer) => writeGetChildrenRequest(writer, { path, watch: false }),
    read: (body) => texts(readGetChildrenResponse(body)),
  }
}

export function aclRequest(
  path: string,
): ClientRequest<{ readonly acl: readonly AclEntry[]; readonly stat: Stat }> {
  return {
    opcode: opcodes.getAcl,
    isWrite: false,
    write: (writer) => writeGetAclRequest(writer, { path }),
    read(body) {
      const { acl, stat } = readGetAclResponse(body)
      const entries = (acl ?? []).map(({ permissions, scheme, id }) => {
        return { permissions, scheme: scheme ?? '', id: id ?? '' }
      })
      return { acl: entries, stat: statOfWire(stat) }
    },
  }
}

/** This session's, that begin with the prefix. */
export function ephemeralsRequest(prefixPath: string): ClientRequest<string[]> {
  return {
    opcode: opcodes.getEphemerals,
    isWrite: false,
    write: (writer) => writeGetEphemeralsRequest(writer, { prefixPath }),
    read: (body) => texts(readGetEphemeralsResponse(body)),
  }
}

export function countRequest(path: string): ClientRequest<number> {
  return {
    opcode: opcodes.getAllChildrenNumber,
    isWrite: false,
    write: (writer) => writeGetAllChildrenNumberRequest(writer, { path }),
    read: readGetAllChildrenNumberResponse,
  }
}

/** Resolves with what the server had applied. */
export function syncRequest(): ClientRequest<Zxid> {
  return {
    opcode: opcodes.sync,
    isWrite: false,
    write: (writer) => writeSyncRequest(writer, { path: '/' }),
    read: (_body, zxid) => zxid,
  }
}

export function createRequest(operation: CreateOperation): ClientRequest<CreatedZnode> {
  const part = createPart(operation)
  return {
    opcode: part.opcode,
    isWrite: true,
    write(writer) {
      if (part.opcode === opcodes.createTtl) writeCreateTtlRequest(writer, part.request)
      else writeCreateRequest(writer, part.request)
    },
    read(body) {
      const { path, stat } = readCreate2Response(body)
      return { path: present(path, 'the path'), stat: statOfWire(stat) }
    },
  }
}

export function setRequest(
  path: string,
  data: Uint8Array | null,
  version: number,
): ClientRequest<Stat> {
  return {
    opcode: opcodes.setData,
    isWrite: true,
    write: (writer) => writeSetDataRequest(writer, { path, data, version }),
    read: (body) => statOfWire(readStat(body)),
  }
}

export function deleteRequest(path: string, version: number): ClientRequest<undefined> {
  return {
    opcode: opcodes.delete,
    isWrite: true,
    write: (writer) => writeDeleteRequest(writer, { path, version }),
    read: () => undefined,
  }
}

export function setAclRequest(
  path: string,
  acl: readonly AclEntry[],
  version: number,
): ClientRequest<Stat> {
  return {
    opcode: opcodes.setAcl,
    isWrite: true,
    write: (writer) => writeSetAclRequest(writer, { path, acl, version }),
    read: (body) => statOfWire(readStat(body)),
  }
}

export function multiRequest(operations: readonly Operation[]): ClientRequest<MultiOutcome> {
  const parts = operations.map(partOf)
  return {
    opcode: opcodes.multi,
    isWrite: true,
    write: (writer) => writeMultiRequest(writer, parts),
    read(body, zxid) {
      const results = readMultiResponse(body)
      const index = results.findIndex((one) => one.opcode === opcodes.error && one.error !== 0)
      const failed = results[index]
      if (failed?.opcode === opcodes.error) return { type: 'refused', index, error: failed.error }
      return {
        type: 'committed',
        zxid,
        results: operations.map((operation, at) => resultOf(operation, results[at])),
      }
    },
  }
}

/** What an operation came to. Throws for a result that is not one of its own. */
function resultOf(operation: Operation, result: MultiResult | undefined): MultiPartOutcome {
  if (operation.type === 'create' && result?.opcode === opcodes.create2) {
    const path = present(result.path, 'the path')
    return { type: 'create', path, stat: statOfWire(result.stat) }
  }
  if (operation.type === 'create' && result?.opcode === opcodes.create) {
    return { type: 'create', path: present(result.path, 'the path'), stat: undefined }
  }
  if (operation.type === 'set' && result?.opcode === opcodes.setData) {
    return { type: 'set', stat: statOfWire(result.stat) }
  }
  const { type } = operation
  const isPlain = type === 'delete' || type === 'check'
  if (isPlain && result?.opcode === opcodes[type]) return { type }
  throw new MalformedError('RECORD', `a multi answers a ${type} with something else`)
}

function partOf(operation: Operation): MultiPart {
  switch (operation.type) {
    case 'create':
      return createPart(operation)
    case 'set': {
      const { path, data, version } = operation
      return { opcode: opcodes.setData, request: { path, data, version } }
    }
    case 'delete':
    case 'check': {
      const { path, version } = operation
      const opcode = operation.type === 'delete' ? opcodes.delete : opcodes.check
      return { opcode, request: { path, version } }
    }
  }
}

function createPart({ path, data, mode, sequential, acl }: CreateOperation): MultiPart & {
  readonly request: CreateRequest
} {
  const request = { path, data, acl: acl ?? openAcl }
  if (typeof mode === 'object') {
    const { persistentWithTtl, persistentSequentialWithTtl } = createFlags
    const flags = sequential ? persistentSequentialWithTtl : persistentWithTtl
    return { opcode: opcodes.createTtl, request: { ...request, flags, ttlMs: mode.ttlMs } }
  }
  switch (mode) {
    case 'persistent': {
      const flags = sequential ? createFlags.persistentSequential : createFlags.persistent
      return { opcode: opcodes.create2, request: { ...request, flags } }
    }
    case 'ephemeral': {
      const flags = sequential ? createFlags.ephemeralSequential : createFlags.ephemeral
      return { opcode: opcodes.create2, request: { ...request, flags } }
    }
    case 'container':
      return {
        opcode: opcodes.createContainer,
        request: { ...request, flags: createFlags.container },
      }
  }
}

function texts(values: readonly (string | null)[] | null): string[] {
  return (values ?? []).map((value) => present(value, 'a name'))
}

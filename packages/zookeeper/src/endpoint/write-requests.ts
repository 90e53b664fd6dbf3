/**
 * Writes of the wire as the core takes them, and what they came to as the wire tells it. Nothing is
 * judged here: what is not as it should be goes to the leader as it is, to be refused in its turn.
 */
import type {
  AclEntry,
  CreateMode,
  CreateOperation,
  Operation,
  OperationResult,
  SetAclOperation,
  SetOperation,
  WriteResult,
} from '@conclave/core/internal'
import type { WireAcl } from '../messages/acl.ts'
import { createFlags, type CreateRequest, type CreateTtlRequest } from '../messages/create.ts'
import { wireErrors } from '../messages/error-codes.ts'
import type { MultiPart, MultiResult } from '../messages/multi.ts'
import { opcodes } from '../messages/opcodes.ts'
import type { SetAclRequest } from '../messages/set-acl.ts'
import type { SetDataRequest } from '../messages/set-data.ts'
import { MalformedError } from '../jute/malformed-error.ts'

/** No time to live: the leader refuses it, as it does flags that there are not. */
const noMode: CreateMode = { ttlMs: -1 }

/** The path of a request. ZooKeeper cannot read a request without one either. */
export function pathOf(path: string | null): string {
  if (path !== null) return path
  throw new MalformedError('RECORD', 'the path of a request is null')
}

/** The path of a request whose path ZooKeeper judges before all else: `null` is a bad one. */
function judgedPath(path: string | null): string {
  return path ?? ''
}

/** The list of a request; one that is null is empty, which guards nothing and is refused. */
function aclOf(acl: WireAcl): readonly AclEntry[] {
  return (acl ?? []).map(({ permissions, scheme, id }) => {
    return { permissions, scheme: scheme ?? '', id: id ?? '' }
  })
}

export function createOperationOf(
  opcode: number,
  request: CreateRequest | CreateTtlRequest,
): CreateOperation {
  const { path, data, acl, flags } = request
  const sequential =
    flags === createFlags.persistentSequential ||
    flags === createFlags.ephemeralSequential ||
    flags === createFlags.persistentSequentialWithTtl
  return {
    type: 'create',
    path: pathOf(path),
    data,
    mode: modeOf(opcode, flags, 'ttlMs' in request ? Number(request.ttlMs) : null),
    sequential,
    acl: aclOf(acl),
  }
}

function modeOf(opcode: number, flags: number, ttlMs: number | null): CreateMode {
  if (ttlMs !== null) {
    return isTtl(flags) && Number.isSafeInteger(ttlMs) ? { ttlMs } : noMode
  }
  if (!isPlain(flags)) return noMode
  // As in ZooKeeper: the opcode makes a container, not the flags; by `create` it is a plain znode.
  if (opcode === opcodes.createContainer) return 'container'
  const isEphemeral = flags === createFlags.ephemeral || flags === createFlags.ephemeralSequential
  return isEphemeral ? 'ephemeral' : 'persistent'
}

function isTtl(flags: number): boolean {
  return (
    flags === createFlags.persistentWithTtl || flags === createFlags.persistentSequentialWithTtl
  )
}

/** Flags that there are, and that want no TTL. */
function isPlain(flags: number): boolean {
  return flags >= createFlags.persistent && flags <= createFlags.container
}

/**
 * A part of a multi as ZooKeeper understands it. There the flags say what is created: a container, or
 * no TTL even where one is given. Flags that do not fit the rest make the whole multi unreadable.
 */
export function understoodPart(part: MultiPart): MultiPart {
  const { opcode, request } = part
  switch (opcode) {
    case opcodes.create:
    case opcodes.create2:
    case opcodes.createContainer:
      if (!isPlain(request.flags)) throw new MalformedError('RECORD', 'flags that do not fit')
      return request.flags === createFlags.container ? containerPart(request) : part
    case opcodes.createTtl: {
      const { path, data, acl, flags } = request
      const plain = { path, data, acl, flags }
      if (flags === createFlags.container) return containerPart(plain)
      return isTtl(flags) ? part : { opcode: opcodes.create, request: plain }
    }
    default:
      return part
  }
}

function containerPart(request: CreateRequest): MultiPart {
  return { opcode: opcodes.createContainer, request }
}

export function setOperationOf({ path, data, version }: SetDataRequest): SetOperation {
  return { type: 'set', path: judgedPath(path), data, version }
}

export function setAclOperationOf({ path, acl, version }: SetAclRequest): SetAclOperation {
  return { type: 'set-acl', path: judgedPath(path), acl: aclOf(acl), version }
}

export function operationOf(part: MultiPart): Operation {
  switch (part.opcode) {
    case opcodes.create:
    case opcodes.create2:
    case opcodes.createContainer:
    case opcodes.createTtl:
      return createOperationOf(part.opcode, part.request)
    case opcodes.delete:
      return { type: 'delete', path: pathOf(part.request.path), version: part.request.version }
    case opcodes.setData:
      return setOperationOf(part.request)
    case opcodes.check:
      return { type: 'check', path: judgedPath(part.request.path), version: part.request.version }
  }
}

/** What the parts of a multi came to. */
export function multiResultsOf(
  parts: readonly MultiPart[],
  result: WriteResult & { readonly type: 'transaction' },
): readonly MultiResult[] {
  return result.results.map((one, index) => multiResultOf(parts[index]?.opcode, one))
}

function multiResultOf(opcode: number | undefined, result: OperationResult): MultiResult {
  switch (result.type) {
    case 'create':
      if (opcode === opcodes.create) return { opcode, path: result.path }
      return { opcode: opcodes.create2, path: result.path, stat: result.stat }
    case 'set':
    case 'set-acl':
      return { opcode: opcodes.setData, stat: result.stat }
    case 'delete':
      return { opcode: opcodes.delete }
    case 'check':
      return { opcode: opcodes.check }
  }
}

/** What is told of each part when one of them, at `failed`, had every other one fail as well. */
export function multiErrorsOf(
  parts: readonly MultiPart[],
  failed: number,
  error: number,
): readonly MultiResult[] {
  return parts.map((_part, index) => {
    const behind = index > failed ? wireErrors.runtimeInconsistency : wireErrors.ok
    return { opcode: opcodes.error, error: index === failed ? error : behind }
  })
}

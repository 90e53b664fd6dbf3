/**
 * The arguments of a session's calls: checked before anything is sent, so that what is refused here
 * was certainly not applied. Data is copied here, once, and never again.
 */
import {
  allPermissions,
  anyVersion,
  CoordinationError,
  copyOfData,
  maxTtlMs,
  pathFault,
  type AclEntry,
  type CreateMode,
  type Limits,
} from '@conclave/core/internal'
import type { AclLine, Bytes, Consistency, Depth } from '@conclave/core'
import {
  badOption,
  checkCall,
  flagOption,
  integerOption,
  refuseUnknownKeys,
  requireBag,
  show,
  wordOption,
  type Bag,
} from './option-checks.ts'

const utf8 = new TextEncoder()

/** Refuses what is no path. With `sequential`, it is judged with its ten digits. */
export function checkPath(path: unknown, limits: Limits, sequential = false): string {
  if (typeof path !== 'string') {
    const message = `path is ${show(path)}: give a string like "/app/config"`
    throw new CoordinationError('BAD_ARGUMENT', message)
  }
  const fault = pathFault(path, sequential)
  if (fault !== null) throw new CoordinationError('BAD_ARGUMENT', fault, { path })
  if (path.length > limits.maxPathLength) {
    const length = String(path.length)
    throw new CoordinationError(
      'LIMIT_EXCEEDED',
      `the path has ${length} characters, and limits.maxPathLength is ${String(limits.maxPathLength)}: use shorter names`,
      { path },
    )
  }
  return path
}

/** Refuses what is no list of paths, or a longer one than is answered at once; the list is a copy. */
export function checkPaths(paths: unknown, limits: Limits): readonly string[] {
  if (!Array.isArray(paths)) {
    const message = `paths is ${show(paths)}: give a list of paths`
    throw new CoordinationError('BAD_ARGUMENT', message)
  }
  const { maxOperations } = limits
  if (paths.length > maxOperations) {
    const message = `there are ${String(paths.length)} paths, and limits.maxOperations is ${String(maxOperations)}: read fewer at a time, or scan`
    throw new CoordinationError('LIMIT_EXCEEDED', message)
  }
  return paths.map((path: unknown) => checkPath(path, limits))
}

/** The bytes to be written: the session's own copy. `undefined` is stored as absent data. */
export function copyData(data: Bytes | undefined, path: string, limits: Limits): Uint8Array | null {
  if (data === undefined) return null
  const bytes = toBytes(data, path)
  if (bytes.length <= limits.maxDataBytes) return bytes
  throw new CoordinationError(
    'LIMIT_EXCEEDED',
    `the data for ${path} has ${String(bytes.length)} bytes, and limits.maxDataBytes is ${String(limits.maxDataBytes)}: keep it elsewhere and its address here`,
    { path },
  )
}

/** A `set` must say what to write: forgetting the argument is not a way to delete data. */
export function requireData(data: Bytes | undefined, path: string): Bytes {
  if (data !== undefined) return data
  const message = `the data for ${path} is undefined: give a string or a Uint8Array, '' for none`
  throw new CoordinationError('BAD_ARGUMENT', message, { path })
}

function toBytes(data: unknown, path: string): Uint8Array {
  if (typeof data === 'string') return utf8.encode(data)
  if (data instanceof Uint8Array) return copyOfData(data)
  const message = `the data for ${path} is ${show(data)}: give a string or a Uint8Array`
  throw new CoordinationError('BAD_ARGUMENT', message, { path })
}

/** The version that an operation insists on; `undefined` and -1 stand for any. */
export function checkVersion(version: unknown, path: string): number {
  if (version === undefined) return anyVersion
  // Versions are int32 and wrap, so any but the one that stands for "any" can be real.
  if (Number.isInteger(version) && (version as number) === ((version as number) | 0)) {
    return version as number
  }
  const message = `the version for ${path} is ${show(version)}: give a stat's version, or leave it out`
  throw new CoordinationError('BAD_ARGUMENT', message, { path })
}

/** The version in a transaction's operation, given as a number or in a bag. */
export function checkExpected(expected: unknown, path: string): number {
  if (typeof expected !== 'object' || expected === null) return checkVersion(expected, path)
  const bag = requireBag(expected, 'the last argument')
  refuseUnknownKeys(bag, ['version'])
  return checkVersion(bag['version'], path)
}

/** A bag of call options that may hold these keys besides `signal` and `timeoutMs`. */
export function checkBag(options: unknown, known: readonly string[]): Bag {
  if (options === undefined) return noOptions
  const bag = requireBag(options, 'the last argument')
  refuseUnknownKeys(bag, known)
  checkCall(bag)
  return bag
}

const noOptions: Bag = {}

/** The arguments of a read. */
export function checkRead(path: string, options: unknown, limits: Limits): Consistency {
  const bag = checkBag(options, readKeys)
  const consistency = wordOption(bag['read'], 'read', ['local', 'linearizable'])
  checkPath(path, limits)
  return consistency ?? 'local'
}

export const callKeys = ['signal', 'timeoutMs']
export const readKeys = ['read', ...callKeys]
export const scanKeys = ['depth', ...readKeys]
export const setKeys = ['version', ...callKeys]
export const deleteKeys = ['version', 'recursive', ...callKeys]
const createFlags = ['mode', 'sequential', 'acl']
export const createKeys = [...createFlags, 'parents', ...callKeys]

/** The letters of permissions, by their bits. */
const letters = ['r', 'w', 'c', 'd', 'a']

/** A list of access as peers have it. Whether its ids can be is judged by the leader. */
export function checkAcl(acl: unknown): readonly AclEntry[] {
  if (!Array.isArray(acl)) throw badAcl(acl, 'give an array of { permissions, scheme, id }')
  return acl.map((line: unknown) => {
    const { permissions, scheme, id } = requireBag(line, 'a line of acl') as Partial<AclLine>
    if (typeof scheme !== 'string' || typeof id !== 'string') {
      throw badAcl(line, 'give scheme and id as strings')
    }
    return { permissions: bitsOf(permissions), scheme, id }
  })
}

/** A list of access as applications have it. */
export function publicAcl(acl: readonly AclEntry[]): AclLine[] {
  return acl.map(({ permissions, scheme, id }) => {
    const allowed = letters.filter((_, bit) => (permissions & (1 << bit)) !== 0)
    return { permissions: allowed.join(''), scheme, id }
  })
}

function bitsOf(permissions: unknown): number {
  if (permissions === 'all') return allPermissions
  const isText = typeof permissions === 'string' && permissions !== ''
  if (!isText || Array.from(permissions).some((letter) => !letters.includes(letter))) {
    throw badAcl(permissions, `give permissions as letters of "${letters.join('')}", or "all"`)
  }
  return Array.from(permissions).reduce((bits, one) => bits | (1 << letters.indexOf(one)), 0)
}

function badAcl(given: unknown, mend: string): CoordinationError {
  return new CoordinationError('BAD_ARGUMENT', `acl has ${show(given)}: ${mend}`)
}

/** How far below its path something looks. */
export function depthOf(word: unknown): Depth | undefined {
  return wordOption(word, 'depth', ['node', 'children', 'subtree'])
}

/** What a create is told beside path and data. */
export interface CreateShape {
  readonly mode: CreateMode
  readonly sequential: boolean
  /** `null`: the open one. */
  readonly acl: readonly AclEntry[] | null
}

/** Mode and sequential of a create in a transaction, which takes nothing else. */
export function checkCreateShape(options: unknown): CreateShape {
  if (options === undefined) return { mode: 'persistent', sequential: false, acl: null }
  const bag = requireBag(options, 'the last argument')
  refuseUnknownKeys(bag, createFlags)
  return createShapeOf(bag)
}

/** A word, or a bag with a TTL; `undefined` when it is not given. */
function modeOption(mode: unknown): CreateMode | undefined {
  if (typeof mode !== 'object' || mode === null) {
    if (mode === undefined || words.includes(mode as never)) return mode as CreateMode | undefined
    const shown = words.map((word) => `'${word}'`).join(', ')
    throw badOption('mode', mode, `give ${shown} or { ttlMs }`)
  }
  const bag = requireBag(mode, 'option mode')
  refuseUnknownKeys(bag, ['ttlMs'], 'mode.')
  const bounds = { min: 1, max: maxTtlMs, what: 'ms' }
  return { ttlMs: integerOption(bag['ttlMs'], 'mode.ttlMs', bounds) }
}

const words: readonly (CreateMode & string)[] = ['persistent', 'ephemeral', 'container']

/** Mode and sequential of a checked bag. */
export function createShapeOf(bag: Bag): CreateShape {
  return {
    mode: modeOption(bag['mode']) ?? 'persistent',
    sequential: flagOption(bag['sequential'], 'sequential'),
    acl: bag['acl'] === undefined ? null : checkAcl(bag['acl']),
  }
}

/**
 * The writes that a session's calls ask for, made of their arguments: what is refused here was not
 * begun. Whoever keeps the session carries them out.
 */
import type { Limits, Operation, TreeRequest } from '@conclave/core/internal'
import { CoordinationError } from '@conclave/core/internal'
import {
  checkAcl,
  checkBag,
  checkPath,
  checkVersion,
  copyData,
  createKeys,
  createShapeOf,
  deleteKeys,
  requireData,
  setKeys,
} from './call-arguments.ts'
import { flagOption } from './option-checks.ts'
import type { Bytes } from '@conclave/core'

type Request<Type> = Extract<TreeRequest, { readonly type: Type }>

export function createRequestOf(
  path: string,
  data: Bytes | undefined,
  options: unknown,
  limits: Limits,
): Request<'create'> {
  const bag = checkBag(options, createKeys)
  const { mode, sequential, acl } = createShapeOf(bag)
  const parents = flagOption(bag['parents'], 'parents')
  checkPath(path, limits, sequential)
  const bytes = copyData(data, path, limits)
  return { type: 'create', path, data: bytes, mode, sequential, acl, parents }
}

export function setRequestOf(
  path: string,
  data: Bytes,
  options: unknown,
  limits: Limits,
): Request<'set'> {
  const bag = checkBag(options, setKeys)
  checkPath(path, limits)
  const version = checkVersion(bag['version'], path)
  const bytes = copyData(requireData(data, path), path, limits)
  return { type: 'set', path, data: bytes, version }
}

export function deleteRequestOf(path: string, options: unknown, limits: Limits): Request<'delete'> {
  const bag = checkBag(options, deleteKeys)
  checkPath(path, limits)
  const version = checkVersion(bag['version'], path)
  const recursive = flagOption(bag['recursive'], 'recursive')
  return { type: 'delete', path, version, recursive }
}

export function setAclRequestOf(
  path: string,
  acl: unknown,
  options: unknown,
  limits: Limits,
): Request<'set-acl'> {
  const bag = checkBag(options, setKeys)
  checkPath(path, limits)
  const version = checkVersion(bag['version'], path)
  return { type: 'set-acl', path, acl: checkAcl(acl), version }
}

/** Refuses a transaction of nothing. */
export function transactionOf(operations: readonly Operation[]): Request<'transaction'> {
  if (operations.length > 0) return { type: 'transaction', operations }
  const message = 'the transaction is empty: add an operation before commit()'
  throw new CoordinationError('BAD_ARGUMENT', message)
}

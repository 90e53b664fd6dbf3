/** Requests as tests write them, short. */
import {
  anyVersion,
  type CheckOperation,
  type CreateOperation,
  type DeleteOperation,
  type SetOperation,
  type TreeRequest,
} from '../../src/internal.ts'

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function create(
  path: string,
  options: Partial<CreateOperation & { readonly parents: boolean }> = {},
): CreateOperation & { readonly parents: boolean } {
  const plain = { type: 'create', path, data: null, mode: 'persistent' } as const
  return { ...plain, sequential: false, acl: null, parents: false, ...options }
}

export function set(path: string, version = anyVersion, data = bytes('x')): SetOperation {
  return { type: 'set', path, data, version }
}

export function remove(
  path: string,
  options: Partial<DeleteOperation & { readonly recursive: boolean }> = {},
): DeleteOperation & { readonly recursive: boolean } {
  return { type: 'delete', path, version: anyVersion, recursive: false, ...options }
}

export function check(path: string, version = anyVersion): CheckOperation {
  return { type: 'check', path, version }
}

export function transaction(
  ...operations: Extract<TreeRequest, { type: 'transaction' }>['operations']
): TreeRequest {
  return { type: 'transaction', operations }
}

export const close: TreeRequest = { type: 'close-session' }

/** A password that is like no other. */
export function password(number: number): Uint8Array {
  const made = new Uint8Array(16)
  made[0] = number & 0xff
  made[1] = number >> 8
  return made
}

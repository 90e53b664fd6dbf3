/**
 * What a request may hold at most so that it can be forwarded: a leader must be able to read it, or the
 * link breaks, and breaks again as soon as it is sent anew. What can never be sent its host refuses.
 */
import { unreachable } from '../assert.ts'
import type { Operation, WriteRequest } from './request.ts'

export const forwardingBounds = {
  /** Of a path, of a scheme and of an id, in UTF-16 units. */
  maxTextLength: 65_536,
  /** Fields of all operations and lists of access together, each of which costs memory to read. */
  maxFields: 262_144,
} as const

const fieldsOfOperation = 8
const fieldsOfEntry = 4

/** What keeps the request from being forwarded, in words; `null` of nearly every one. */
export function unforwardable(request: WriteRequest): string | null {
  switch (request.type) {
    case 'close-session':
    case 'reconfigure':
      return null
    case 'transaction':
      return faultOf(request.operations)
    case 'create':
    case 'set':
    case 'set-acl':
    case 'delete':
      return faultOf([request])
    default:
      return unreachable(request)
  }
}

type Part = Operation | Extract<WriteRequest, { readonly type: 'set-acl' }>

function faultOf(parts: readonly Part[]): string | null {
  const { maxTextLength, maxFields } = forwardingBounds
  let fields = 0
  for (const part of parts) {
    fields += fieldsOfOperation
    if (part.path.length > maxTextLength) return tooLong('a path', part.path.length)
    const acl = 'acl' in part ? (part.acl ?? []) : []
    fields += fieldsOfEntry * acl.length
    for (const { scheme, id } of acl) {
      const length = Math.max(scheme.length, id.length)
      if (length > maxTextLength) return tooLong('a scheme or an id', length)
    }
  }
  if (fields <= maxFields) return null
  return `the write has about ${String(fields)} fields, ${String(maxFields)} at most: divide it`
}

function tooLong(what: string, length: number): string {
  return `${what} of the write has ${String(length)} characters, ${String(forwardingBounds.maxTextLength)} at most`
}

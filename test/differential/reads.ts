/** A read of the core, put as the model puts it. */
import {
  CoordinationError,
  findStat,
  findZnode,
  getAcl,
  getChildren,
  getZnode,
  type Identity,
  type Replica,
} from '@conclave/core/internal'
import type { Reading } from './model/reads.ts'
import type { ReadKind } from './program.ts'

export function readCore(
  replica: Replica,
  kind: ReadKind,
  path: string,
  identities: readonly Identity[],
): Reading {
  try {
    switch (kind) {
      case 'get':
        return getZnode(replica, path, identities)
      case 'find':
        return findZnode(replica, path, identities)
      case 'exists': {
        const stat = findStat(replica, path, identities)
        return stat === undefined ? undefined : { stat }
      }
      case 'children':
        return getChildren(replica, path, identities)
      case 'acl':
        return getAcl(replica, path, identities)
    }
  } catch (error) {
    if (error instanceof CoordinationError) return { code: error.code }
    throw error
  }
}

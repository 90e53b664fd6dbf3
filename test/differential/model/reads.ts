/** What a read comes to: a value, or the code of its refusal. */
import { mask, mayDo, type Entry, type Identity } from './access.ts'
import { childrenOf, statOf, type Stat, type Tree } from './tree.ts'

export type Reading =
  | { readonly code: string }
  | {
      readonly data?: Uint8Array | null
      readonly stat?: Stat
      readonly children?: readonly string[]
      readonly acl?: readonly Entry[]
    }
  | undefined

export function read(
  tree: Tree,
  kind: 'get' | 'find' | 'exists' | 'children' | 'acl',
  path: string,
  identities: readonly Identity[],
): Reading {
  const znode = tree.get(path)
  if (znode === undefined) {
    return kind === 'find' || kind === 'exists' ? undefined : { code: 'NO_NODE' }
  }
  const { data, acl } = znode
  const isAdmin = mayDo('admin', acl, identities)
  const isReader = mayDo('read', acl, identities)
  if (!isReader && !(kind === 'acl' && isAdmin)) return { code: 'NO_AUTH' }
  const stat = statOf(tree, path)
  switch (kind) {
    case 'get':
    case 'find':
      return { data, stat }
    case 'exists':
      return { stat }
    case 'children':
      return { children: childrenOf(tree, path), stat }
    case 'acl':
      return { acl: isAdmin ? acl : mask(acl), stat }
  }
}

/**
 * Who the applications of a run are, and the lists of access that they give, by name: so that a plan
 * can be read, and what a list must come to is known without asking the core.
 */
import type { AclEntry, Identity } from '@conclave/core/internal'

/**
 * `open` is no list. `mine`: whoever gave it, alone; `shared`: others may read; `drop`: others may write
 * and create, and see nothing; `sealed`: others may read, and nobody may change anything.
 */
export const listNames = ['open', 'mine', 'shared', 'drop', 'sealed'] as const
export type ListName = (typeof listNames)[number]

const [read, write, create, all] = [1, 2, 4, 31]

/** What a client has proved to be, in a run with lists. */
export function identityOf(client: number): Identity {
  return { scheme: 'digest', id: `client-${client}:hash` }
}

/** The host itself: nothing is hidden from it. */
export const superuser: Identity = { scheme: 'super', id: '' }

/** The list as a client asks for it. */
export function listOf(name: ListName): readonly AclEntry[] | null {
  const mine = { permissions: all, scheme: 'auth', id: '' }
  const others = (permissions: number): AclEntry => {
    return { permissions, scheme: 'world', id: 'anyone' }
  }
  switch (name) {
    case 'open':
      return null
    case 'mine':
      return [mine]
    case 'shared':
      return [others(read), mine]
    case 'drop':
      return [mine, others(write + create)]
    case 'sealed':
      return [others(read)]
  }
}

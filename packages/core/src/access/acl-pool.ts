/**
 * One copy of each list that guards znodes, however many it guards: most trees have a few lists and
 * many znodes.
 */
import type { Acl } from './acl.ts'

export class AclPool {
  readonly #lists = new Map<string, { readonly acl: Acl; users: number }>()

  /** How many different lists are kept. */
  get size(): number {
    return this.#lists.size
  }

  /** The copy to be used for a list, until it is released once for each time that it was taken. */
  take(acl: Acl): Acl {
    if (acl === null) return null
    const key = keyOf(acl)
    const known = this.#lists.get(key)
    if (known === undefined) {
      this.#lists.set(key, { acl, users: 1 })
      return acl
    }
    known.users += 1
    return known.acl
  }

  release(acl: Acl): void {
    if (acl === null) return
    const key = keyOf(acl)
    const known = this.#lists.get(key)
    if (known === undefined) return
    known.users -= 1
    if (known.users === 0) this.#lists.delete(key)
  }
}

function keyOf(acl: NonNullable<Acl>): string {
  return JSON.stringify(acl.map(({ permissions, scheme, id }) => [permissions, scheme, id]))
}

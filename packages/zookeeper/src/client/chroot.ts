/** The part of the tree that a client takes for all of it: a server only ever sees whole paths. */

export class Chroot {
  /** Empty for the whole tree; otherwise a path. */
  readonly #prefix: string

  constructor(path: string) {
    this.#prefix = path === '/' ? '' : path
  }

  /** A path of ours, as the server knows it. */
  whole(path: string): string {
    if (this.#prefix === '') return path
    return path === '/' ? this.#prefix : this.#prefix + path
  }

  /** A path of the server, as we know it; `undefined` of one that is outside. */
  own(path: string): string | undefined {
    const prefix = this.#prefix
    if (prefix === '') return path
    if (path === prefix) return '/'
    return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : undefined
  }
}

/**
 * Which znodes of a history must be judged together: those that one call couples. A transaction
 * couples all its paths, `children` the parent with the children, `parents` and `recursive` what they
 * may touch. What is judged apart is judged less strictly, never wrongly: whatever explains the whole
 * explains each part.
 */
import type { CallEntry } from './entry.ts'

export function parentOf(path: string): string {
  const cut = path.lastIndexOf('/')
  return cut <= 0 ? '/' : path.slice(0, cut)
}

export function childOf(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`
}

/** Every ancestor but the root, from the top. */
export function ancestorsOf(path: string): string[] {
  const names = path.split('/').slice(1, -1)
  return names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`)
}

/** Stands for the ten digits of a sequential name. */
export const anyDigits = '##########'

/** A path without the digits that a sequential name ends in, so that one can be told by the other. */
export function withoutDigits(path: string): string {
  return path.replace(/\d{10}$/, anyDigits)
}

/** The path of each change that a call asks for; `null` while its digits are not known. */
export function writtenPaths(call: CallEntry): (string | null)[] {
  const { operation, outcome, result } = call
  const isKnown = outcome === 'ok'
  switch (operation.type) {
    case 'create':
      if (operation.sequential !== true) return [operation.path]
      return [isKnown ? (result?.path ?? null) : null]
    case 'set':
    case 'delete':
      return [operation.path]
    case 'transaction':
      return operation.operations.map((step, index) => {
        if (step.type !== 'create' || step.sequential !== true) return step.path
        return isKnown ? (result?.results?.[index]?.path ?? null) : null
      })
    default:
      return []
  }
}

/** Which paths there are, and which of them must be judged together. */
export class PathGroups {
  readonly groups: string[][] = []
  readonly #representatives = new Map<string, string>()
  readonly #numbers = new Map<string, number>()
  readonly #children = new Map<string, Set<string>>()

  constructor(calls: readonly CallEntry[]) {
    for (const call of calls) {
      for (const path of this.#named(call)) this.#add(path)
    }
    for (const call of calls) this.#unite(this.of(call))
    for (const path of this.#representatives.keys()) {
      const root = this.#find(path)
      const number = this.#numbers.get(root) ?? this.groups.length
      this.#numbers.set(root, number)
      const group = this.groups[number]
      if (group === undefined) this.groups.push([path])
      else group.push(path)
    }
  }

  groupOf(path: string): number {
    return this.#numbers.get(this.#find(path)) ?? -1
  }

  /** The paths that a call is about; of what had no effect, the one that its refusal tells of. */
  of(call: CallEntry): readonly string[] {
    const { operation } = call
    if (call.outcome === 'not-applied') {
      const isPlain = 'path' in operation && !('sequential' in operation && operation.sequential)
      return isPlain ? [operation.path] : []
    }
    const all = [...this.#representatives.keys()]
    switch (operation.type) {
      case 'delete':
        if (operation.recursive !== true) return [operation.path]
        return all.filter((one) => one === operation.path || one.startsWith(`${operation.path}/`))
      case 'children':
        return [operation.path, ...(this.#children.get(operation.path) ?? [])]
      default:
        return this.#named(call)
    }
  }

  /** The paths that a call names by itself. */
  #named(call: CallEntry): string[] {
    const { operation } = call
    switch (operation.type) {
      case 'sync':
      case 'close-session':
        return []
      case 'get':
      case 'exists':
        return [operation.path]
      case 'children': {
        const names = call.result?.names ?? []
        return [operation.path, ...names.map((name) => childOf(operation.path, name))]
      }
      default: {
        const paths = writtenPaths(call).filter((path) => path !== null)
        const withParents = operation.type === 'create' && operation.parents === true
        return withParents ? [...ancestorsOf(operation.path), ...paths] : paths
      }
    }
  }

  #add(path: string): void {
    if (this.#representatives.has(path)) return
    this.#representatives.set(path, path)
    if (path === '/') return
    const parent = parentOf(path)
    const siblings = this.#children.get(parent) ?? new Set()
    this.#children.set(parent, siblings.add(path))
  }

  #unite(paths: readonly string[]): void {
    const [first, ...others] = paths
    if (first === undefined) return
    for (const other of others) this.#representatives.set(this.#find(other), this.#find(first))
  }

  #find(path: string): string {
    let root = path
    for (;;) {
      const next = this.#representatives.get(root) ?? root
      if (next === root) return root
      this.#representatives.set(root, this.#representatives.get(next) ?? next)
      root = next
    }
  }
}

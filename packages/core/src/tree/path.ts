/**
 * Paths of znodes: which are legal, and how they relate. The rules are ZooKeeper's, counted in
 * UTF-16 units as it counts them; how long a path may be is a limit (limits.ts), not a rule.
 *
 * Invariant Q1: a sequential name is a pure function of the parent's count of creates.
 */
import { assert } from '../assert.ts'
import { CoordinationError } from '../errors.ts'

const slash = 0x2f
const dot = 0x2e

/**
 * What is wrong with a path, as a sentence that names the path, the place and the mend; `null` of a
 * legal one. With `sequential`, the path is judged as it will be, with its ten digits.
 */
export function pathFault(path: string, sequential = false): string | null {
  if (sequential) return faultOf(`${path}0000000000`, path)
  return faultOf(path, path)
}

/** Throws `BAD_ARGUMENT` with the sentence of `pathFault`, unless the path is legal. */
export function validatePath(path: string, sequential = false): void {
  const fault = pathFault(path, sequential)
  if (fault !== null) throw new CoordinationError('BAD_ARGUMENT', fault, { path })
}

function faultOf(path: string, shown: string): string | null {
  if (path.charCodeAt(0) !== slash) {
    return `path ${quote(shown)} does not begin with "/": paths are absolute, like "/app/config"`
  }
  if (path.length === 1) return null

  let elementStart = 1
  for (let index = 1; index <= path.length; index += 1) {
    const unit = index === path.length ? slash : path.charCodeAt(index)
    if (unit !== slash) {
      if (isIllegal(unit)) return illegalCharacter(shown, unit, index)
      continue
    }
    const fault = elementFault(path, elementStart, index, shown)
    if (fault !== null) return fault
    elementStart = index + 1
  }
  return null
}

function elementFault(path: string, start: number, end: number, shown: string): string | null {
  const length = end - start
  if (length === 0) {
    return end === path.length
      ? `path ${quote(shown)} ends with "/": leave the last slash away`
      : `path ${quote(shown)} has an empty element at ${String(start)}: write one "/" there`
  }
  const dots = length <= 2 && path.charCodeAt(start) === dot && path.charCodeAt(end - 1) === dot
  if (!dots) return null
  const element = path.slice(start, end)
  return `path ${quote(shown)} has the element "${element}" at ${String(start)}: write the path without it, nothing is relative`
}

/** U+0000-001F, U+007F-009F, U+D800-F8FF (surrogates and private use), U+FFF0-FFFF. */
function isIllegal(unit: number): boolean {
  if (unit < 0x7f) return unit < 0x20
  return unit <= 0x9f || (unit >= 0xd800 && unit <= 0xf8ff) || unit >= 0xfff0
}

function illegalCharacter(shown: string, unit: number, index: number): string {
  const code = unit.toString(16).toUpperCase().padStart(4, '0')
  return `path ${quote(shown)} has the character U+${code} at ${String(index)}: leave it out, control characters, surrogates and private-use characters are not allowed`
}

/** As JSON, so that what cannot be seen is shown, and cut, so that a message stays one. */
function quote(path: string): string {
  return JSON.stringify(path.length <= 200 ? path : `${path.slice(0, 200)}…`)
}

/** The path of the znode above. The root has none: asking for it is a defect. */
export function parentOf(path: string): string {
  assert(path.length > 1, 'the root has no parent')
  const end = path.lastIndexOf('/')
  return end === 0 ? '/' : path.slice(0, end)
}

/** The last element: what `children` lists. Empty for the root. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The path of a child; `name` is one element. */
export function childPath(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`
}

/** True when `path` lies below `ancestor`, at whatever depth. No path is its own ancestor. */
export function isAncestor(ancestor: string, path: string): boolean {
  if (ancestor === '/') return path.length > 1
  return path.charCodeAt(ancestor.length) === slash && path.startsWith(ancestor)
}

/** Every path above this one, from the root down. Empty for the root. */
export function ancestorsOf(path: string): string[] {
  if (path.length === 1) return []
  const ancestors = ['/']
  for (let end = path.indexOf('/', 1); end > 0; end = path.indexOf('/', end + 1)) {
    ancestors.push(path.slice(0, end))
  }
  return ancestors
}

/**
 * The path of a sequential znode: `path` and the parent's count of creates before it, as `%010d`.
 * The count is an int32: after 2147483647 comes -2147483648, as in ZooKeeper, and what sorts by
 * name then sorts wrongly.
 */
export function sequentialName(path: string, createCount: number): string {
  assert((createCount | 0) === createCount, 'Q1: the count of creates is an int32')
  if (createCount >= 0) return path + String(createCount).padStart(10, '0')
  return `${path}-${String(-createCount).padStart(9, '0')}`
}

/** Paths of znodes, from their description: zookeeper.md, "Paths". */

const illegal = /[\u0000-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff]/

/** The text before the last slash; of what stands right below the root, the root. */
export function above(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

/** Absolute, without an empty element, a relative one, or a character that cannot be seen. */
export function isLegal(path: string): boolean {
  if (path === '/') return true
  if (!path.startsWith('/') || illegal.test(path)) return false
  return path
    .slice(1)
    .split('/')
    .every((element) => element !== '' && element !== '.' && element !== '..')
}

/** True below `/zookeeper`, and of the root, for the four that nobody can delete. */
export function isSystem(path: string): boolean {
  return ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'].includes(path)
}

/** True of a path that lies below another, however deep. */
export function isBelow(path: string, ancestor: string): boolean {
  return path !== ancestor && path.startsWith(ancestor === '/' ? '/' : `${ancestor}/`)
}

/** `%010d`. */
export function suffixOf(creates: number): string {
  const sign = creates < 0 ? '-' : ''
  return sign + String(Math.abs(creates)).padStart(10 - sign.length, '0')
}

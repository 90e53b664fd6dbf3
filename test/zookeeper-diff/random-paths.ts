/** Paths of a few znodes below a root, and now and then what is none, or somebody else's. */
import type { Random } from '../faults/random.ts'

const names = ['a', 'a', 'b', 'b', 'c', 'é', 'n-0000000000', '0000000001', 'n-0000000002']
const beginnings = ['', 'n-', 'n-', 'x', '.']

/** For a write; `mayBegin` one that a suffix may be put behind. */
export function randomPath(random: Random, root: string, mayBegin = false): string | null {
  const drawn = random.unit()
  if (drawn < 0.03) return strange(random, root)
  if (drawn < 0.04) return random.pick(['/zookeeper', '/zookeeper/quota', '/'])
  const path = plainPath(random, root)
  if (!mayBegin || random.chance(0.7)) return path
  return `${path.slice(0, path.lastIndexOf('/') + 1)}${random.pick(beginnings)}`
}

/** For a read: what every tree has may be read, but for what other programs leave in it. */
export function readingPath(random: Random, root: string): string | null {
  return random.chance(0.03) ? strange(random, root) : plainPath(random, root)
}

/** A few, for one request. */
export function randomPaths(random: Random, root: string): string[] {
  return Array.from({ length: random.integer(0, 3) }, () => plainPath(random, root))
}

function plainPath(random: Random, root: string): string {
  let path = root
  const depth = random.pick([0, 1, 1, 1, 1, 2, 2, 2, 3])
  for (let level = 0; level < depth; level += 1) path += `/${random.pick(names)}`
  return path
}

function strange(random: Random, root: string): string | null {
  return random.pick([
    null,
    '',
    'x',
    '//',
    `${root}/`,
    `${root}//a`,
    `${root}/a/`,
    `${root}/.`,
    `${root}/..`,
    `${root}/a/../b`,
    `${root}/./a`,
    `${root}/\u0001`,
    `${root}/\u0000`,
    `${root}/\u007f`,
    `${root}/\u0085`,
    `${root}/\ue000`,
    `${root}/\ufff0`,
    `${root}/\u4e2d`,
    `${root.slice(1)}/a`,
  ])
}

/** Lists of access and proofs of identity, few enough to fit each other. */
import { createHash } from 'node:crypto'
import type { WireAcl, WireAclEntry } from '@conclave/zookeeper'
import type { Random } from '../faults/random.ts'
import type { Record } from './program.ts'

const proofs = ['anna:a', 'anna:b', 'bert:b', 'carl', ':', 'dora:d:d']

function digestOf(proof: string): string {
  const hash = createHash('sha1').update(proof).digest('base64')
  return `${proof.split(':')[0] ?? ''}:${hash}`
}

const all = 31
const everybody: WireAclEntry = { permissions: all, scheme: 'world', id: 'anyone' }

export function randomAcl(random: Random): WireAcl {
  const drawn = random.unit()
  if (drawn < 0.7) return [everybody]
  if (drawn < 0.72) return random.pick([null, []])
  return Array.from({ length: random.integer(1, 3) }, () => randomEntry(random))
}

function randomEntry(random: Random): WireAclEntry {
  const permissions = random.pick([1, 3, 5, 15, 16, 17, 23, 30, 31, 31, 31, 31, 0])
  const [scheme, id] = random.pick<readonly [string | null, string | null]>([
    ['world', 'anyone'],
    ['world', 'anyone'],
    ['auth', ''],
    ['auth', 'who'],
    ['digest', digestOf('anna:a')],
    ['digest', digestOf('anna:b')],
    ['digest', digestOf('bert:b')],
    ['ip', '127.0.0.1'],
    ['ip', '127.0.0.0/8'],
    ['ip', '10.0.0.1'],
    ...(random.chance(0.2) ? oddIds : []),
  ])
  return { permissions, scheme, id }
}

const oddIds: readonly (readonly [string | null, string | null])[] = [
  ['world', 'nobody'],
  ['digest', 'noPassword'],
  ['digest', 'a:b:c'],
  ['digest', ''],
  ['ip', '1.2.3'],
  ['ip', '300.1.1.1'],
  ['ip', '10.0.0.0/33'],
  ['ip', '::1'],
  ['super', 'x'],
  ['strange', 'x'],
  ['', ''],
]

export function randomAuth(random: Random): Record {
  if (random.chance(0.05)) {
    return {
      op: 'auth',
      type: 0,
      scheme: random.pick(['strange', '', null, 'world', 'auth', 'super']),
      proof: 'x',
    }
  }
  return {
    op: 'auth',
    type: random.pick([0, 0, 0, 1]),
    scheme: random.pick(['digest', 'digest', 'digest', 'digest', 'digest', 'ip']),
    proof: random.pick([...proofs, 'anna:a', 'bert:b']),
  }
}

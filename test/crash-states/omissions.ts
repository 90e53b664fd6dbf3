/**
 * The same lives as a store would have lived them that leaves out a sync: what shows that the models
 * would find it. Each must lead to a state that does not open or has lost something.
 */
import type { Found } from './facts.ts'
import { judge } from './judge.ts'
import type { Model } from './models.ts'
import type { Operation, Recording } from './operations.ts'
import { peerPath } from './record.ts'
import type { Readers } from './readers.ts'
import { visitsOf } from './states.ts'

interface Omission {
  readonly name: string
  readonly model: Model
  /** What is left of an operation: itself, a weaker one, or nothing. */
  readonly without: (operation: Operation, path: string) => Operation | null
}

/** No sync of what matches, and no write that needs none. */
function unsynced(matches: (path: string) => boolean): Omission['without'] {
  return (operation, path) => {
    if (!matches(path)) return operation
    if (operation.type === 'sync') return null
    return operation.type === 'write' ? { ...operation, isDurable: false } : operation
  }
}

const peer = `/${peerPath}`

export const omissions: readonly Omission[] = [
  {
    name: 'the log is written without O_DSYNC',
    model: 'journalled',
    without: unsynced((path) => path.startsWith(`${peer}/log/`)),
  },
  {
    name: 'a new segment, and its directory is not synced',
    model: 'strict',
    without: unsynced((path) => path === `${peer}/log`),
  },
  {
    name: 'the directory of the peer is not synced',
    model: 'strict',
    without: unsynced((path) => path === peer),
  },
  {
    name: 'the directory above it is not synced',
    model: 'strict',
    without: unsynced((path) => path === '' || path === '/peer'),
  },
  {
    name: 'a checkpoint is a batch without sync',
    model: 'journalled',
    without: unsynced((path) => /\/snapshot(\.new)?\/\d+\/\d+\.log$/.test(path)),
  },
  {
    name: 'the directory of the database is not synced',
    model: 'strict',
    without: unsynced((path) => /\/snapshot(\.new)?\/\d+$/.test(path)),
  },
  {
    name: 'the directory of all databases is not synced',
    model: 'strict',
    without: unsynced((path) => path === `${peer}/snapshot`),
  },
  {
    name: 'the identity is renamed before it is written',
    model: 'strict',
    without: unsynced((path) => path === `${peer}/conclave.json`),
  },
]

/** The recording as it would be. */
function omitted({ operations, ...rest }: Recording, { without }: Omission): Recording {
  const left: Operation[] = []
  /** How many operations are left of the first so many. */
  const counts = [0]
  for (const operation of operations) {
    const path = operation.type === 'fact' ? '' : (rest.paths.get(operation.inode) ?? '')
    const one = operation.type === 'fact' ? operation : without(operation, path)
    if (one !== null) left.push({ ...one, begun: counts[one.begun] ?? 0 })
    counts.push(left.length)
  }
  return { ...rest, operations: left }
}

/** Looks for the first state that the omission spoils; says which, or `null` when there is none. */
export async function findSpoiled(
  recording: Recording,
  omission: Omission,
  readers: Readers,
): Promise<string | null> {
  const visits = visitsOf(omitted(recording, omission), { models: [omission.model] })
  const read = new Map<string, Promise<Found>>()
  let spoiled: string | null = null
  const look = async (): Promise<void> => {
    for (const { key, image, expected } of visits) {
      if (spoiled !== null) return
      const reading = read.get(key) ?? readers.read(image, peerPath)
      read.set(key, reading)
      const wrong = judge(expected, await reading)
      if (wrong !== null) spoiled ??= `state ${String(read.size)}, ${expected.chapter}: ${wrong}`
    }
  }
  await Promise.all([look(), look()])
  return spoiled
}

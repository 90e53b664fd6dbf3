/** The effects that are a disk's to perform, in the order in which they are asked for. */
import type { Effect } from '@conclave/core/internal'

const diskEffects = [
  'append-log',
  'purge-log',
  'read-log',
  'write-checkpoint',
  'open-snapshot',
  'read-snapshot',
  'write-snapshot',
  'close-snapshot',
] as const

/** The effects that a disk performs. */
export type DiskEffect = Extract<Effect, { type: (typeof diskEffects)[number] }>

const diskTypes: ReadonlySet<string> = new Set(diskEffects)

/** True of what a disk performs. */
export function isForDisk(effect: Effect): effect is DiskEffect {
  return diskTypes.has(effect.type)
}

/**
 * Where in a step a peer can be made to crash: right when it does something that recovery must cope
 * with, so that such moments need not be met by luck.
 */
import type { Effect } from '@conclave/core/internal'

export const crashPoints = [
  'append-page',
  'append-accepted-epoch',
  'append-current-epoch',
  'append-truncate',
  'append-snapshot-installed',
  'append-damage-healed',
  'send-leader-info',
  'send-ack-epoch',
  'send-new-leader',
  'send-ack-new-leader',
  'send-up-to-date',
  'send-proposal',
  'send-ack',
  'send-commit',
  'send-requests',
  'write-checkpoint',
  'purge-log',
  'write-snapshot',
  'deliver',
] as const
export type CrashPoint = (typeof crashPoints)[number]

/** True when the effect is, or contains, what the point names. */
export function isAtPoint(effect: Effect, point: CrashPoint): boolean {
  switch (effect.type) {
    case 'append-log':
      return effect.records.some((record) => point === `append-${record.type}`)
    case 'send':
      return effect.messages.some((message) => point === `send-${message.type}`)
    default:
      return effect.type === point
  }
}

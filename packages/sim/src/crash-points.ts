/**
 * Moments at which a peer can be made to crash or to stand still: right when something happens that
 * recovery must cope with, so that such moments need not be met by luck.
 *
 * An effect's point cuts its step short: some of the step's effects are performed, perhaps this one
 * too, and of what is on its way to the disk a beginning survives. So one point stands for before and
 * after. An event's point comes before the peer has heard of the event.
 */
import type { Effect, Event } from '@conclave/core/internal'

const effectPoints = [
  'append-page',
  'append-accepted-epoch',
  'append-current-epoch',
  'append-configuration',
  'append-truncate',
  'append-snapshot-installed',
  'append-damage-healed',
  'send-leader-info',
  'send-ack-epoch',
  'send-snap',
  'send-new-leader',
  'send-ack-new-leader',
  'send-up-to-date',
  'send-proposal',
  'send-ack',
  'send-commit',
  'send-requests',
  'send-goodbye',
  'write-checkpoint',
  'purge-log',
  'open-snapshot',
  'write-snapshot',
  'deliver',
] as const

const eventPoints = [
  'log-synced',
  'checkpoint-written',
  'snapshot-received',
  'receive-trunc',
  'receive-snap',
  'receive-new-leader',
  'receive-up-to-date',
  'receive-proposal',
  'receive-commit',
] as const

/** What a scenario draws from. `apply` is the step in which committed txns are applied. */
export const usualCrashPoints = [...effectPoints, ...eventPoints, 'apply'] as const
/** And a page that changes the members: its append, its arrival. */
export const crashPoints = [
  ...usualCrashPoints,
  'append-reconfiguration',
  'receive-reconfiguration',
] as const
export type CrashPoint = (typeof crashPoints)[number]

/** True when the effect is, or contains, what the point names. */
export function isAtPoint(effect: Effect, point: CrashPoint): boolean {
  switch (effect.type) {
    case 'append-log':
      return effect.records.some(
        (record) =>
          point === `append-${record.type}` ||
          (point === 'append-reconfiguration' &&
            record.type === 'page' &&
            record.page.reconfigures),
      )
    case 'send':
      return effect.messages.some((message) => point === `send-${message.type}`)
    default:
      return effect.type === point
  }
}

/** True when the event is what the point names. */
export function comesAtPoint(event: Event, point: CrashPoint): boolean {
  if (event.type === 'message-received') {
    const { message } = event
    const reconfigures = message.type === 'proposal' && message.page.reconfigures
    return point === (reconfigures ? 'receive-reconfiguration' : `receive-${message.type}`)
  }
  return event.type === point
}

/** What is stepped before anything else of its turn: what is read now is watched from now on (W4). */
import type { Event } from '@conclave/core/internal'

export const earlyEvents: ReadonlySet<Event['type']> = new Set<Event['type']>([
  'watch-added',
  // A read-only session is there before its watches.
  'read-only-session-opened',
  'wire-watch-added',
  'wire-watches-asked',
  'wire-watches-restored',
  'wire-watches-dropped',
])

/** What is counted of a program, by the names of reached.ts. */
import type { Told } from './model/session.ts'
import type { Create, Write } from './program.ts'
import type { Reached } from './reached.ts'

export function nameOf(write: Write): string {
  if (write.type === 'create' && write.parents) return 'create with parents'
  if (write.type === 'delete' && write.recursive) return 'delete recursive'
  return write.type
}

/** Counts what was told of a write, or `undefined` of anything else that a session hears. */
export function count(reached: Reached, item: Told, write: Write | undefined): void {
  switch (item.type) {
    case 'reply':
      if (write === undefined) return
      reached.add(`${nameOf(write)} done`)
      if (write.type === 'create') countCreate(reached, write, item)
      return
    case 'refused':
      if (write !== undefined) {
        reached.add(`${nameOf(write)} ${item.refusal.limit ?? item.refusal.code}`)
      }
      return
    case 'failed':
      reached.add(`${write === undefined ? 'sync' : 'write'} ${item.code}`)
      return
    case 'watch-event':
      reached.add(`watch event ${item.event.type}`)
      return
    case 'watch-refused':
      reached.add(`watch ${item.limit}`)
      return
    case 'ended':
      reached.add(`session ${item.reason}`)
  }
}

function countCreate(
  reached: Reached,
  { mode, sequential }: Create,
  { result }: Extract<Told, { type: 'reply' }>,
): void {
  const kind = typeof mode === 'object' ? 'ttl' : mode
  reached.add(`${sequential ? 'sequential' : 'mode'} ${kind}`)
  const path = result.type === 'create' ? result.path : ''
  if (sequential && /-\d{9,10}$/.test(path)) reached.add('sequential beyond 2147483647')
}

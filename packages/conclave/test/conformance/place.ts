/** A place in the tree for one test, and what tests say of sessions. */
import { CoordinationError, type Change, type Session, type Watch } from 'conclave'
import { onTestFinished } from 'vitest'
import type { Backend, Place, SessionRequest } from './backend.ts'

let count = 0

/** A new znode, and sessions that end with the test. */
export async function placeOn(backend: Backend): Promise<Place> {
  count += 1
  const root = `/test-${String(process.pid)}-${String(count)}`
  const session = async (request?: SessionRequest): Promise<Session> => {
    const opened = await backend.session(request)
    onTestFinished(async () => {
      await opened.close().catch(() => undefined)
    })
    return opened
  }
  const first = await session()
  await first.create(root)
  await first.close()
  return { root, session }
}

export const text = (data: Uint8Array): string => new TextDecoder().decode(data)

/** The error that a promise rejects with. */
export async function refusalOf(promise: Promise<unknown>): Promise<CoordinationError> {
  const error: unknown = await promise.then(
    () => new Error('it was expected to reject'),
    (reason: unknown) => reason,
  )
  if (error instanceof CoordinationError) return error
  throw error
}

/** What an error says to a program. */
export function verdict({ code, outcome }: CoordinationError): string {
  return `${code}, ${outcome}`
}

/** The next change, as text; a gap before the first one stands for what nobody saw, and is skipped. */
export async function nextChange(watch: Watch): Promise<string> {
  const { value } = await watch.next()
  if (value === undefined) return 'done'
  if (value.type === 'gap') return nextChange(watch)
  return changeText(value)
}

function changeText(change: Exclude<Change, { type: 'gap' }>): string {
  if (change.type === 'deleted') return `deleted ${change.path}`
  const shown = change.data.length === 0 ? '' : ` ${text(change.data)}`
  return `${change.type} ${change.path}${shown}`
}

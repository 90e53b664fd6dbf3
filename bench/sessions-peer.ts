/** One process of the many-sessions bench: a service with thousands of sessions on its peer. */
import { open, type Peer, type Session, type Watch } from 'conclave'
import { answerQuestions } from './processes.ts'

export type SessionsQuestion =
  | { readonly type: 'open'; readonly options: Parameters<typeof open>[0] }
  | { readonly type: 'role' }
  /** Opens sessions, each with an ephemeral znode of its own below `under`. */
  | {
      readonly type: 'sessions'
      readonly count: number
      readonly sessionTimeoutMs: number
      readonly under: string
    }
  /** Watches so many znodes below `under`, spread over the sessions. */
  | { readonly type: 'watches'; readonly count: number; readonly under: string }
  /** Sets a znode, one write after the other, until `stop`. */
  | { readonly type: 'load' }
  | { readonly type: 'stop' }

export interface ExpiryFigures {
  /** Sessions of this process that are no longer `connected`. */
  readonly lost: number
  /** Sessions of this process that were ever `suspended`. */
  readonly suspended: number
  /** Deletions that the watches have told. */
  readonly told: number
  /** From the first deletion to the last one. */
  readonly toldWithinMs: number
  readonly writes: number
  readonly worstMs: number
}

let peer: Peer | undefined
const sessions: Session[] = []
const watches: Watch[] = []
const suspended = new Set<Session>()
const toldAtMs: number[] = []
let isLoaded = false
let load: Promise<{ readonly writes: number; readonly worstMs: number }> | undefined

answerQuestions(async (question: SessionsQuestion): Promise<unknown> => {
  switch (question.type) {
    case 'open':
      peer = await open(question.options)
      await peer.ready({ timeoutMs: 60_000 })
      return 'ready'
    case 'role':
      return peer?.status().role
    case 'sessions':
      await openSessions(question.count, question.sessionTimeoutMs, question.under)
      return 'opened'
    case 'watches':
      for (let number = 0; number < question.count; number += 1) {
        const session = sessions[number % sessions.length]
        if (session === undefined) throw new Error('sessions come first')
        follow(session.watch(`${question.under}/${String(number)}`))
      }
      return 'watching'
    case 'load':
      isLoaded = true
      load = write()
      return 'begun'
    case 'stop':
      isLoaded = false
      return figures(await load)
  }
})

async function openSessions(count: number, sessionTimeoutMs: number, under: string): Promise<void> {
  if (peer === undefined) throw new Error('open comes first')
  const host = peer
  let next = 0
  const opener = async (): Promise<void> => {
    while (next < count) {
      const number = next++
      const session = await host.session({ sessionTimeoutMs })
      session.on('state', (state) => {
        if (state === 'suspended') suspended.add(session)
      })
      await session.create(`${under}/${String(number)}`, '', { mode: 'ephemeral', parents: true })
      sessions.push(session)
    }
  }
  await Promise.all(Array.from({ length: 256 }, opener))
}

function follow(watch: Watch): void {
  watches.push(watch)
  const loop = async (): Promise<void> => {
    for await (const change of watch) {
      if (change.type === 'deleted') toldAtMs.push(performance.now())
    }
  }
  // It ends with its session, which `lost` counts.
  loop().catch(() => undefined)
}

async function write(): Promise<{ readonly writes: number; readonly worstMs: number }> {
  const [session] = sessions
  if (session === undefined) throw new Error('sessions come first')
  await session.create('/load')
  let writes = 0
  let worstMs = 0
  while (isLoaded) {
    const begun = performance.now()
    await session.set('/load', String(writes))
    worstMs = Math.max(worstMs, performance.now() - begun)
    writes += 1
  }
  return { writes, worstMs }
}

function figures(written: Awaited<typeof load>): ExpiryFigures {
  const lost = sessions.filter(({ state }) => state !== 'connected').length
  return {
    lost,
    suspended: suspended.size,
    told: toldAtMs.length,
    toldWithinMs: (toldAtMs.at(-1) ?? Number.NaN) - (toldAtMs[0] ?? Number.NaN),
    writes: written?.writes ?? 0,
    worstMs: written?.worstMs ?? Number.NaN,
  }
}

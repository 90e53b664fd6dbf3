/** One process of the ensemble bench: a service that embeds a peer, and the callers inside it. */
import { subscribe } from 'node:diagnostics_channel'
import { open, type Peer, type Session } from 'conclave'
import { runLoad, type LoadResult } from './load.ts'
import { answerQuestions } from './processes.ts'

const znodes = 1_000
const value = new Uint8Array(100).fill(0x61)
const path = (index: number): string => `/bench/${String(index % znodes).padStart(4, '0')}`

export type PeerQuestion =
  | { readonly type: 'open'; readonly options: Parameters<typeof open>[0] }
  | { readonly type: 'role' }
  | { readonly type: 'prepare' }
  | { readonly type: 'writes'; readonly callers: number; readonly seconds: number }
  | { readonly type: 'reads'; readonly seconds: number }
  | { readonly type: 'cpu' }

let peer: Peer | undefined
let session: Session | undefined
let syncs = 0
subscribe('conclave:store', (message) => {
  if ((message as { type: string }).type === 'synced') syncs += 1
})

answerQuestions(async (question: PeerQuestion): Promise<unknown> => {
  switch (question.type) {
    case 'open':
      peer = await open(question.options)
      await peer.ready({ timeoutMs: 30_000 })
      return 'ready'
    case 'role':
      return peer?.status().role
    case 'prepare': {
      session = await peer?.session()
      if (session === undefined) throw new Error('open comes first')
      const opened = session
      await opened.create('/bench')
      await Promise.all(
        Array.from({ length: znodes }, (_, index) => opened.create(path(index), value)),
      )
      return 'prepared'
    }
    case 'writes':
      return await writes(question.callers, question.seconds)
    case 'reads':
      return await reads(question.seconds)
    case 'cpu': {
      const { user, system } = process.cpuUsage()
      return user + system
    }
  }
})

async function writes(
  callers: number,
  seconds: number,
): Promise<LoadResult & { readonly syncs: number }> {
  const writer = session
  if (writer === undefined) throw new Error('prepare comes first')
  let next = 0
  const before = syncs
  const result = await runLoad(callers, seconds, () => writer.set(path(next++), value))
  return { ...result, syncs: syncs - before }
}

/** One caller that awaits each local read, as an application would. */
async function reads(seconds: number): Promise<LoadResult> {
  const reader = session
  if (reader === undefined) throw new Error('prepare comes first')
  const readsPerTurn = 10_000
  const endMs = performance.now() + seconds * 1_000
  const begunMs = performance.now()
  let operations = 0
  while (performance.now() < endMs) {
    for (let count = 0; count < readsPerTurn; count += 1) await reader.get(path(operations++))
    // The peer shares this loop: let it beat.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const spent = (performance.now() - begunMs) / 1_000
  return { operations, seconds: spent, p50Ms: Number.NaN, p99Ms: Number.NaN }
}

/**
 * An ordinary Node service that embeds a peer and writes sequential znodes all the while. It is told
 * what to do, and tells what was acknowledged, over IPC. Only the public API is used.
 */
import { CoordinationError, open, type OpenOptions, type Peer, type Session } from 'conclave'
import { answerQuestions, tell } from '../processes/questions.ts'
import { nowMs } from '../processes/waiting.ts'

/** Other members. */
type MemberChange = Parameters<Peer['reconfigure']>[0]

/** What the service is asked. */
export type Question =
  | { readonly type: 'status' }
  | {
      readonly type: 'write'
      readonly outstanding: number
      readonly parent: string
      readonly znodes: number
    }
  | { readonly type: 'stop-writing' }
  | { readonly type: 'list'; readonly parent: string }
  | { readonly type: 'memory' }
  | { readonly type: 'session' }
  | { readonly type: 'reconfigure'; readonly change: MemberChange }
  | { readonly type: 'close' }

/** The session that the service writes in. */
export interface SessionOfService {
  readonly id: string | undefined
  readonly state: string | undefined
}

/** What it says unasked. */
export type Notice =
  | { readonly type: 'opened'; readonly damaged: string | undefined }
  | { readonly type: 'ready' }
  | {
      readonly type: 'acknowledged'
      readonly id: string
      readonly epoch: number
      readonly atMs: number
    }
  | {
      readonly type: 'refused'
      readonly id: string
      readonly code: string
      readonly outcome: string
    }
  | { readonly type: 'failed'; readonly message: string }

const options = JSON.parse(process.argv[2] ?? '{}') as OpenOptions
let session: Session | undefined
let writing = false
let writers: Promise<unknown> = Promise.resolve()

const say = (notice: Notice): void => tell(notice)

const peer: Peer = await open(options)
peer.on('failed', (error) => {
  say({ type: 'failed', message: JSON.stringify(error) })
})
answerQuestions(answer)
say({ type: 'opened', damaged: peer.status().damaged })
await peer.ready()
say({ type: 'ready' })

async function answer(question: Question): Promise<unknown> {
  switch (question.type) {
    case 'status':
      return peer.status()
    case 'write':
      await beginWriting(peer, question)
      return 'writes'
    case 'stop-writing':
      writing = false
      await writers
      return 'stopped'
    case 'list':
      return await list(peer, question.parent)
    case 'memory':
      globalThis.gc?.()
      return process.memoryUsage().rss
    case 'session':
      return { id: session?.id, state: session?.state } satisfies SessionOfService
    case 'reconfigure':
      return await reconfigure(peer, question.change)
    case 'close':
      writing = false
      await writers
      await peer.close()
      setImmediate(() => process.exit(0))
      return 'closed'
  }
}

/** The code of what it was refused with; `null` once it is done. */
async function reconfigure(host: Peer, change: MemberChange): Promise<string | null> {
  try {
    await host.reconfigure(change)
    return null
  } catch (error) {
    if (error instanceof CoordinationError && error.retryable) return error.code
    throw error
  }
}

async function beginWriting(
  host: Peer,
  { outstanding, parent, znodes }: Extract<Question, { type: 'write' }>,
): Promise<void> {
  session ??= await host.session()
  const writer = session
  await writer.create(parent).catch(orThere)
  await Promise.all(
    Array.from({ length: znodes }, (_, index) =>
      writer.create(`${parent}/${index}`).catch(orThere),
    ),
  )
  writing = true
  let next = 0
  const loop = async (): Promise<void> => {
    while (writing) {
      const number = next++
      const id = `${process.pid}.${number}`
      try {
        // Either a new sequential znode each time, or one of a fixed set over and over.
        const { stat } =
          znodes === 0
            ? await writer.create(`${parent}/w-`, id, { sequential: true })
            : { stat: await writer.set(`${parent}/${number % znodes}`, id) }
        const epoch = Math.floor((znodes === 0 ? stat.czxid : stat.mzxid) / 2 ** 32)
        say({ type: 'acknowledged', id, epoch, atMs: nowMs() })
      } catch (error) {
        if (!(error instanceof CoordinationError)) throw error
        say({ type: 'refused', id, code: error.code, outcome: error.outcome })
        return
      }
    }
  }
  writers = Promise.all(Array.from({ length: outstanding }, loop))
}

/** Another service was first: as good. */
function orThere(error: unknown): void {
  if (!(error instanceof CoordinationError && error.code === 'NODE_EXISTS')) throw error
}

/** The ids of everything below a parent, as this peer has it: its own state, no other's. */
async function list(host: Peer, parent: string): Promise<readonly string[]> {
  const reader = session ?? (await host.session())
  session = reader
  const names = await reader.children(parent)
  const ids: string[] = []
  for (const name of names) {
    const { data } = await reader.get(`${parent}/${name}`)
    ids.push(new TextDecoder().decode(data))
  }
  return ids
}

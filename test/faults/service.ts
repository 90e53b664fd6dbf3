/**
 * A Node service that embeds a peer, as an application would, and has clients on it whose history is
 * recorded. It is told what to do over IPC. Only the public API is used. What reaches the process as
 * an uncaught error is told: a peer must never do that to its host.
 */
import { CoordinationError, open, type OpenOptions, type Peer, type Status } from 'conclave'
import { answerQuestions, tell } from '../processes/questions.ts'
import { nowMs } from '../processes/waiting.ts'
import { textOfData } from '@conclave/sim'
import { Recorder } from './recorder.ts'
import { prepare, Workload, type WorkloadOptions } from './workload.ts'

export type { OpenOptions }
export type EnsembleMember = Exclude<OpenOptions['ensemble'], string>[number]

export interface ServiceOptions {
  readonly open: OpenOptions
  readonly workload: WorkloadOptions
  /** The file of what its clients see. */
  readonly recording: string
}

/** What the service is asked. */
export type Question =
  | { readonly type: 'status' }
  | { readonly type: 'prepare' }
  | { readonly type: 'begin' }
  | { readonly type: 'end' }
  /** How many writes were acknowledged to its clients so far. */
  | { readonly type: 'count' }
  | { readonly type: 'memory' }
  | { readonly type: 'wall-clock' }
  /** Keeps the application's loop busy. */
  | { readonly type: 'stall'; readonly ms: number }
  /** Everything, as a session of this peer reads it. */
  | { readonly type: 'read-all' }
  | { readonly type: 'close' }

/** What it says unasked. */
export type Notice =
  | { readonly type: 'opened'; readonly damaged: string | undefined }
  | { readonly type: 'refused'; readonly code: string; readonly message: string }
  | { readonly type: 'failed'; readonly code: string; readonly message: string }
  | { readonly type: 'uncaught'; readonly message: string }

/** A znode, as a session of the peer reads it. */
export interface ZnodeRead {
  readonly path: string
  readonly value: string
  readonly czxid: number
  readonly mzxid: number
  readonly version: number
  readonly owner: string | null
}

const say = (notice: Notice): void => tell(notice)
const options = JSON.parse(process.argv[2] ?? '{}') as ServiceOptions
const recorder = new Recorder(options.recording)
let peer: Peer | undefined
let workload: Workload | undefined

process.on('uncaughtException', (error) => {
  say({ type: 'uncaught', message: error.stack ?? error.message })
})
process.on('unhandledRejection', (reason) => {
  const message = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)
  say({ type: 'uncaught', message: `unhandled rejection: ${message}` })
})
answerQuestions(answer)
await openPeer()

async function openPeer(): Promise<void> {
  try {
    peer = await open(options.open)
  } catch (error) {
    if (!(error instanceof CoordinationError)) throw error
    say({ type: 'refused', code: error.code, message: error.message })
    return
  }
  peer.on('failed', ({ code, message }) => say({ type: 'failed', code, message }))
  say({ type: 'opened', damaged: peer.status().damaged })
}

function opened(): Peer {
  if (peer === undefined) throw new Error('the peer is not open')
  return peer
}

async function answer(question: Question): Promise<unknown> {
  switch (question.type) {
    case 'status': {
      const status: Status = opened().status()
      return status
    }
    case 'prepare':
      return prepare(opened(), recorder)
    case 'begin':
      workload = new Workload(opened(), recorder, options.workload)
      workload.begin()
      return null
    case 'end':
      await workload?.end()
      return null
    case 'count':
      return recorder.writeCount
    case 'memory':
      return process.memoryUsage().rss
    case 'wall-clock':
      return Date.now()
    case 'stall': {
      const end = nowMs() + question.ms
      while (nowMs() < end);
      return null
    }
    case 'read-all':
      return readAll(opened())
    case 'close':
      workload?.onClosing()
      await peer?.close()
      setImmediate(() => process.exit(0))
      return null
  }
}

async function readAll(host: Peer): Promise<readonly ZnodeRead[]> {
  await using session = await host.session({ timeoutMs: 20_000 })
  await session.sync()
  const found: ZnodeRead[] = []
  const visit = async (path: string): Promise<void> => {
    const { data, stat } = await session.get(path)
    const { czxid, mzxid, version, ephemeralOwner } = stat
    const owner = ephemeralOwner ?? null
    found.push({ path, value: textOfData(data) ?? '', czxid, mzxid, version, owner })
    for (const name of await session.children(path)) {
      await visit(path === '/' ? `/${name}` : `${path}/${name}`)
    }
  }
  await visit('/')
  return found
}

/** A session whose calls are recorded: what it asked, what it was told, and when. */
import { CoordinationError, type Peer, type Session, type Stat } from 'conclave'
import {
  textOfData,
  type CallEntry,
  type CallResult,
  type EntryStat,
  type HistoryOperation,
  type ReadKind,
  type WriteStep,
} from '@conclave/sim'
import type { Recorder } from './recorder.ts'

/** The answer of a call, as it is recorded. */
type Answer = Pick<CallEntry, 'outcome' | 'error' | 'result' | 'zxid'>

/** Fills an id up to a value of this size. */
export function valueOf(id: string, bytes: number): string {
  return bytes <= id.length + 1 ? id : `${id}:`.padEnd(bytes, id)
}

export class Client {
  readonly session: Session
  readonly #peer: Peer
  readonly #recorder: Recorder

  constructor(peer: Peer, session: Session, recorder: Recorder) {
    this.#peer = peer
    this.session = session
    this.#recorder = recorder
    recorder.session(session.id, 'opened')
    session.on('state', (state) => recorder.session(session.id, state))
  }

  get isOver(): boolean {
    return this.session.alive.aborted
  }

  /** Makes the call; resolves with its answer, and never rejects but by a bug. */
  async call(operation: HistoryOperation, timeoutMs?: number): Promise<Answer> {
    const begun = this.#recorder.begin(this.session.id, shown(operation))
    let answer: Answer
    try {
      answer = { outcome: 'ok', ...(await this.#perform(operation, timeoutMs)) }
    } catch (error) {
      if (!(error instanceof CoordinationError)) throw error
      answer = { outcome: error.outcome, error: error.code }
    }
    this.#recorder.end(begun, answer)
    if (answer.outcome === 'ok' && isWrite(operation)) this.#recorder.writeCount += 1
    return answer
  }

  /** Closes the session, unless that is over: then there is nothing to ask for. */
  async close(): Promise<void> {
    if (!this.isOver) await this.call({ type: 'close-session' })
  }

  /** Records what a watch of this session is told, for as long as it lasts. */
  async watch(number: number, path: string): Promise<void> {
    const watched = {
      session: this.session.id,
      watch: number,
      watched: path,
      depth: 'subtree',
    } as const
    try {
      for await (const change of this.session.watch(path, { depth: 'subtree' })) {
        if (change.type === 'snapshot') continue
        const at = Number(process.hrtime.bigint()) / 1_000
        const told = change.type === 'gap' ? {} : { path: change.path, zxid: change.zxid as number }
        this.#recorder.event({ type: 'event', ...watched, at, change: change.type, ...told })
      }
    } catch (error) {
      // The session has ended, or its peer.
      if (!(error instanceof CoordinationError)) throw error
    }
  }

  async #perform(
    operation: HistoryOperation,
    timeoutMs: number | undefined,
  ): Promise<Pick<Answer, 'result' | 'zxid'>> {
    const { session } = this
    switch (operation.type) {
      case 'create': {
        const { ephemeral = false, sequential = false } = operation
        const mode = ephemeral ? 'ephemeral' : 'persistent'
        const data = operation.value ?? ''
        const options = { mode, sequential, timeoutMs } as const
        const { path, stat } = await session.create(operation.path, data, options)
        return { result: { path, stat: entryStat(stat) }, zxid: stat.czxid }
      }
      case 'set': {
        const { version } = operation
        const data = operation.value ?? ''
        const stat = await session.set(operation.path, data, { version, timeoutMs })
        return { result: { stat: entryStat(stat) }, zxid: stat.mzxid }
      }
      case 'delete':
        await session.delete(operation.path, { version: operation.version, timeoutMs })
        return {}
      case 'transaction':
        return this.#transact(operation.operations, timeoutMs)
      case 'get': {
        const found = await session.find(operation.path, { read: operation.read, timeoutMs })
        const result = found && { value: textOfData(found.data), stat: entryStat(found.stat) }
        return { result: result ?? null, zxid: this.#peer.lastApplied }
      }
      case 'exists': {
        const stat = await session.exists(operation.path, { read: operation.read, timeoutMs })
        return { result: stat ? { stat: entryStat(stat) } : null, zxid: this.#peer.lastApplied }
      }
      case 'children': {
        const names = await session.children(operation.path, { read: operation.read, timeoutMs })
        return { result: { names }, zxid: this.#peer.lastApplied }
      }
      case 'sync':
        return { zxid: await session.sync({ timeoutMs }) }
      case 'close-session':
        await session.close({ timeoutMs })
        return {}
    }
  }

  async #transact(
    steps: readonly WriteStep[],
    timeoutMs: number | undefined,
  ): Promise<Pick<Answer, 'result' | 'zxid'>> {
    const txn = this.session.txn()
    for (const step of steps) {
      switch (step.type) {
        case 'create': {
          const { ephemeral = false, sequential = false } = step
          const mode = ephemeral ? 'ephemeral' : 'persistent'
          txn.create(step.path, step.value ?? '', { mode, sequential })
          break
        }
        case 'set':
          txn.set(step.path, step.value ?? '', { version: step.version })
          break
        case 'delete':
          txn.delete(step.path, { version: step.version })
          break
        case 'check':
          txn.check(step.path, step.version ?? -1)
      }
    }
    const { zxid, results } = await txn.commit({ timeoutMs })
    return {
      result: {
        results: results.map((one): CallResult => {
          if (one.type === 'create') return { path: one.path, stat: entryStat(one.stat) }
          return one.type === 'set' ? { stat: entryStat(one.stat) } : {}
        }),
      },
      zxid,
    }
  }
}

/** How a read of this kind is asked for; all of them, in the proportion in which they are drawn. */
export const readKinds: readonly ReadKind[] = ['local', 'local', 'linearizable']

/** The operation as it is recorded: of long values their beginning and hash. */
function shown(operation: HistoryOperation): HistoryOperation {
  switch (operation.type) {
    case 'create':
    case 'set':
      return { ...operation, value: shownValue(operation.value) }
    case 'transaction':
      return {
        ...operation,
        operations: operation.operations.map((step): WriteStep => {
          if (step.type !== 'create' && step.type !== 'set') return step
          return { ...step, value: shownValue(step.value) }
        }),
      }
    default:
      return operation
  }
}

function shownValue(value: string | null): string | null {
  return textOfData(new TextEncoder().encode(value ?? ''))
}

function isWrite({ type }: HistoryOperation): boolean {
  return type === 'create' || type === 'set' || type === 'delete' || type === 'transaction'
}

function entryStat(stat: Stat): EntryStat {
  const { czxid, mzxid, pzxid, version, cversion, numChildren } = stat
  return { czxid, mzxid, pzxid, version, cversion, numChildren }
}

/**
 * The history of a run as its applications saw it, in the format that every client's is written in:
 * what C11 is judged by. Answers and reads get times of their own, so that what happens at one virtual
 * moment keeps its order.
 */
import type { Operation, WriteRequest, WriteResult } from '@conclave/core/internal'
import { checkBlackBox, type BlackBoxReport } from './histories/black-box.ts'
import { sessionText } from './histories/committed-order.ts'
import {
  textOfData,
  type CallEntry,
  type CallResult,
  type HistoryOperation,
  type WriteStep,
} from './histories/entry.ts'
import type { Answer, Call, History, SessionHistory } from './history.ts'
import type { Reading } from './observation.ts'
import type { Microseconds } from './scheduler.ts'
import { demand } from './violation.ts'

/** Steps of the model for one group of znodes: a few milliseconds. */
const maxSteps = 20_000
/** Between two things of one moment, in µs. */
const instant = 1e-3

export class RecordedHistory {
  readonly #answeredAt = new Map<Call, number>()
  readonly #reads: CallEntry[] = []
  #last = 0

  noteAnswer(call: Call, now: Microseconds): void {
    this.#answeredAt.set(call, this.#next(now))
  }

  noteRead(session: SessionHistory, { path, zxid, found }: Reading, now: Microseconds): void {
    const at = this.#next(now)
    const result = found && {
      value: textOfData(found.data),
      stat: { version: found.stat.version },
    }
    this.#reads.push({
      type: 'call',
      session: sessionText(session.id),
      // Between the call before it and the one behind it.
      id: session.lastCall + 1e-6 * (this.#reads.length + 1),
      operation: { type: 'get', path, read: 'local' },
      calledAt: at,
      returnedAt: at,
      outcome: 'ok',
      result,
      zxid,
    })
  }

  /** Everything that was asked and told, in the order of the sessions. */
  entries({ sessions }: History): CallEntry[] {
    const calls = [...sessions.values()]
      .flatMap(({ calls }) => calls)
      // Who belongs to the ensemble is no matter of its tree, and a list is nothing that is read here.
      .filter(({ request }) => request?.type !== 'reconfigure' && request?.type !== 'set-acl')
    return [...calls.map((call) => this.#entryOf(call)), ...this.#reads]
  }

  /** C11: throws a `Violation` where nothing explains the history. */
  judge(history: History): BlackBoxReport {
    const report = checkBlackBox(this.entries(history), { maxSteps })
    demand(report.verdict !== 'violation', 'C11', () => report.problems.join('\n'))
    return report
  }

  #next(now: Microseconds): number {
    this.#last = Math.max(now, this.#last + instant)
    return this.#last
  }

  #entryOf(call: Call): CallEntry {
    const { id, session, request, calledAt, answer } = call
    return {
      type: 'call',
      session: sessionText(session),
      id,
      operation: operationOf(request),
      calledAt,
      returnedAt: this.#answeredAt.get(call) ?? null,
      ...outcomeOf(answer),
    }
  }
}

function outcomeOf(
  answer: Answer | null,
): Pick<CallEntry, 'outcome' | 'error' | 'result' | 'zxid'> {
  switch (answer?.type) {
    case 'reply':
      return { outcome: 'ok', result: resultOf(answer.result), zxid: answer.zxid }
    case 'synced':
      return { outcome: 'ok', result: null, zxid: answer.zxid }
    case 'refused':
      return { outcome: 'not-applied', error: answer.refusal.code, zxid: answer.zxid }
    case 'failed':
      return { outcome: answer.outcome, error: answer.code }
    default:
      return { outcome: 'unknown' }
  }
}

function operationOf(request: WriteRequest | null): HistoryOperation {
  switch (request?.type) {
    case undefined:
    case 'reconfigure':
    case 'set-acl':
      return { type: 'sync' }
    case 'create':
      return { ...createOf(request), parents: request.parents }
    case 'set':
      return setOf(request)
    case 'delete':
      return { ...deleteOf(request), recursive: request.recursive }
    case 'transaction':
      return { type: 'transaction', operations: request.operations.map(stepOf) }
    case 'close-session':
      return { type: 'close-session' }
  }
}

function stepOf(operation: Operation): WriteStep {
  switch (operation.type) {
    case 'create':
      return createOf(operation)
    case 'set':
      return setOf(operation)
    case 'delete':
      return deleteOf(operation)
    case 'check':
      return { ...deleteOf(operation), type: 'check' }
  }
}

type Asked<K extends Operation['type']> = Omit<Extract<Operation, { type: K }>, 'type'>
type Step<K extends WriteStep['type']> = Extract<WriteStep, { type: K }>

function createOf({ path, data, mode, sequential }: Asked<'create'>): Step<'create'> {
  return {
    type: 'create',
    path,
    value: textOfData(data),
    ephemeral: mode === 'ephemeral',
    reapable: mode === 'container' || typeof mode === 'object',
    sequential,
  }
}

function setOf({ path, data, version }: Asked<'set'>): Step<'set'> {
  return { type: 'set', path, value: textOfData(data), version: expected(version) }
}

function deleteOf({ path, version }: Asked<'delete'>): Step<'delete'> {
  return { type: 'delete', path, version: expected(version) }
}

/** Any version will do where none is insisted on. */
function expected(version: number): number | undefined {
  return version === -1 ? undefined : version
}

function resultOf(result: WriteResult): CallResult {
  switch (result.type) {
    case 'create':
      return { path: result.path, stat: { version: result.stat.version } }
    case 'set':
      return { stat: { version: result.stat.version } }
    case 'transaction':
      return { results: result.results.map(resultOf) }
    default:
      return {}
  }
}

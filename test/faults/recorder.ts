/**
 * Writes what the clients of a service ask and are told, one line at a time, synchronously: a line is
 * there before the call is made, and stays when the process is killed.
 */
import { readFileSync, writeSync, openSync } from 'node:fs'
import type { CallEntry, HistoryEntry, HistoryOperation } from '@conclave/sim'

/** A call that is made and not yet answered. */
type Begun = Pick<CallEntry, 'session' | 'id' | 'operation' | 'calledAt'>

/** What is not an entry of the history: the life of a session, for the checks about ephemerals. */
export interface SessionLine {
  readonly type: 'session'
  readonly session: string
  readonly state: string
  readonly at: number
}

type Line = HistoryEntry | SessionLine | ({ readonly type: 'begun' } & Begun)

/** µs, of a clock that all processes of the machine share. */
export function nowUs(): number {
  return Number(process.hrtime.bigint()) / 1_000
}

export class Recorder {
  readonly #file: number
  #lastCall = 0
  /** Answered with success so far: writes alone. */
  writeCount = 0

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  session(session: string, state: string): void {
    this.#write({ type: 'session', session, state, at: nowUs() })
  }

  begin(session: string, operation: HistoryOperation): Begun {
    const begun = { session, id: ++this.#lastCall, operation, calledAt: nowUs() }
    this.#write({ type: 'begun', ...begun })
    return begun
  }

  end(begun: Begun, answer: Pick<CallEntry, 'outcome' | 'error' | 'result' | 'zxid'>): void {
    this.#write({ type: 'call', ...begun, returnedAt: nowUs(), ...answer })
  }

  event(entry: HistoryEntry & { readonly type: 'event' }): void {
    this.#write(entry)
  }

  #write(line: Line): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`)
  }
}

/** What the clients of one run have recorded. */
export interface Recorded {
  readonly entries: readonly HistoryEntry[]
  readonly sessions: readonly SessionLine[]
}

/** Merges the recordings; what was begun and has no answer is of unknown outcome. */
export function readRecordings(paths: readonly string[]): Recorded {
  const entries: HistoryEntry[] = []
  const sessions: SessionLine[] = []
  for (const path of paths) {
    const unanswered = new Map<number, Begun>()
    for (const text of readFileSync(path, 'utf8').split('\n')) {
      // The last line of a process that was killed may be cut.
      const line = parseLine(text)
      if (line === undefined) continue
      if (line.type === 'session') sessions.push(line)
      else if (line.type === 'begun') unanswered.set(line.id, line)
      else {
        if (line.type === 'call') unanswered.delete(line.id)
        entries.push(line)
      }
    }
    for (const { session, id, operation, calledAt } of unanswered.values()) {
      const call = { type: 'call', session, id, operation, calledAt } as const
      entries.push({ ...call, returnedAt: null, outcome: 'unknown' })
    }
  }
  return { entries, sessions }
}

function parseLine(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line
  } catch {
    return undefined
  }
}

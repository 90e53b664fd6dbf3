/**
 * The znodes that the workers share: where they are and what is in them, as JSON.
 *
 *   /word-count/candidates/candidate-0000000000   ephemeral: who would be coordinator, in turn
 *   /word-count/members/worker-2-0000000001       ephemeral: a worker that takes work
 *   /word-count/assignments/worker-2-0000000001   which ranges that member shall count
 *   /word-count/ranges/0007                       a stretch of the list, and how far it is counted
 *   /word-count/totals/worker-2                   what a worker has counted, in all its lives
 *
 * A member is one life of a worker: it has the life's session, and a name of its own. A worker's
 * totals outlive it, so they bear the worker's name.
 */
import type { Change, ReadResult, Session } from 'conclave'
import type { Queue, Range } from './assignment.ts'
import type { Counts } from './counting.ts'

const root = '/word-count'
export const candidatesPath = `${root}/candidates`
export const membersPath = `${root}/members`
export const assignmentsPath = `${root}/assignments`
export const rangesPath = `${root}/ranges`
export const totalsPath = `${root}/totals`

/** A range as it stands: the files from `first` up to but without `position` are counted. */
export interface RangeState extends Range {
  readonly position: number
}

export function isFinished(range: RangeState): boolean {
  return range.position === range.end
}

/** True of the change that told that a range is counted to its end. */
export function finishesRange(change: Change): boolean {
  if (change.type !== 'changed' || !change.path.startsWith(`${rangesPath}/`)) return false
  return isFinished(parse(change.data) as RangeState)
}

export function workerName(id: number): string {
  return `worker-${id}`
}

export function assignmentPath(member: string): string {
  return `${assignmentsPath}/${member}`
}

export function rangePath(range: number): string {
  return `${rangesPath}/${String(range).padStart(4, '0')}`
}

export function totalPath(worker: string): string {
  return `${totalsPath}/${worker}`
}

/** What is read of a znode, with the version that a write which depends on it must insist on. */
export interface Versioned<T> {
  readonly value: T
  readonly version: number
}

export async function readRange(session: Session, range: number): Promise<Versioned<RangeState>> {
  return decode<RangeState>(await session.get(rangePath(range)))
}

/** Every range, in the order of the list; `undefined` as long as no coordinator has made them. */
export async function readRanges(session: Session): Promise<readonly RangeState[] | undefined> {
  if ((await session.exists(rangesPath)) === undefined) return undefined
  const names = await session.children(rangesPath)
  const ranges = await Promise.all(names.map((_, range) => readRange(session, range)))
  return ranges.map(({ value }) => value)
}

/** The ranges that a member shall count; none before it was given some. */
export async function readQueue(session: Session, member: string): Promise<Queue> {
  const found = await session.find(assignmentPath(member))
  return found === undefined ? [] : decode<Queue>(found).value
}

export async function readTotal(session: Session, worker: string): Promise<Versioned<Counts>> {
  return decode<Counts>(await session.get(totalPath(worker)))
}

/** A worker's total at this moment, for showing it: nothing may be decided by it. */
export function peekTotal(session: Session, worker: string): Counts | undefined {
  const found = session.peek(totalPath(worker))
  return found === undefined ? undefined : (parse(found.data) as Counts)
}

/** What each worker has counted, by its name, as far as this peer has applied it. */
export async function readTotals(session: Session): Promise<ReadonlyMap<string, Counts>> {
  if ((await session.exists(totalsPath)) === undefined) return new Map()
  const workers = await session.children(totalsPath)
  return new Map(
    await Promise.all(
      workers.map(async (name) => [name, (await readTotal(session, name)).value] as const),
    ),
  )
}

export function encode(value: Counts | RangeState | Queue): string {
  return JSON.stringify(value)
}

const utf8 = new TextDecoder()

function decode<T>({ data, stat }: ReadResult): Versioned<T> {
  return { value: parse(data) as T, version: stat.version }
}

function parse(data: Uint8Array): unknown {
  return JSON.parse(utf8.decode(data))
}

/**
 * A member's work: counts the files of the ranges that it is assigned, a few at a time, and commits
 * the counts together with the position behind them.
 *
 * Exactly once: one transaction moves the range's position and adds to the worker's total, and both
 * writes insist on the versions that were read. So the two never disagree, whenever a process is
 * killed; and of two that count the same files, one since it does not know yet that they are no
 * longer its own, only one commits. Assignments keep the workers apart; versions make it right.
 */
import { CoordinationError, type Session, type Zxid } from 'conclave'
import { addCounts, noCounts, type Counts } from './counting.ts'
import { countInSteps } from './input.ts'
import {
  assignmentPath,
  encode,
  isFinished,
  rangePath,
  readQueue,
  readRange,
  readTotal,
  totalPath,
  type RangeState,
  type Versioned,
} from './layout.ts'
import { lookOnChanges } from './look-on-changes.ts'

/** Every commit is on the disks of a quorum before it is answered: about a millisecond or two. */
const filesPerCommit = 4

/** One commit that the ensemble has acknowledged. */
export interface Commit {
  readonly range: number
  readonly files: number
  readonly zxid: Zxid
}

/** Who works, and on what. */
export interface Member {
  readonly session: Session
  /** The name of its znode among the members. */
  readonly name: string
  /** The name of its worker's total. */
  readonly worker: string
  readonly files: readonly string[]
  readonly onCommit: (commit: Commit) => void
}

/** Counts what the member is assigned, until its session is closed. Rejects when it ends otherwise. */
export async function workOnRanges(member: Member): Promise<void> {
  const { session, name } = member
  await lookOnChanges([session.watch(assignmentPath(name))], async () => {
    for (;;) {
      const range = await nextRange(member)
      if (range === undefined) return
      await countRange(member, range)
    }
  })
}

/** The first range in the member's queue that is not finished. */
async function nextRange({ session, name }: Member): Promise<number | undefined> {
  for (const range of await readQueue(session, name)) {
    if (!isFinished((await readRange(session, range)).value)) return range
  }
  return undefined
}

/** Counts on from the range's position, as long as the range is the member's. */
async function countRange(member: Member, number: number): Promise<void> {
  const { session, files, worker } = member
  await ensureTotal(session, worker)
  let range = await readRange(session, number)
  let total = await readTotal(session, worker)
  while (!isFinished(range.value)) {
    const { position, end } = range.value
    const next = Math.min(position + filesPerCommit, end)
    const counts = await countInSteps(files.slice(position, next))
    const moved = { ...range.value, position: next }
    const added = addCounts(total.value, counts)
    const committed = await commit(member, number, [range, moved], [total, added])
    // Whatever is in the znodes is true; what was counted since is forgotten, and counted again.
    if (!committed) return
    range = { value: moved, version: range.version + 1 }
    total = { value: added, version: total.version + 1 }
    if (!(await readQueue(session, member.name)).includes(number)) return
  }
}

type Step<T> = readonly [from: Versioned<T>, to: T]

/**
 * Commits position and counts, both or neither. Returns false when it was not done, or may not have
 * been: read again before going on.
 */
async function commit(
  { session, worker, onCommit }: Member,
  number: number,
  range: Step<RangeState>,
  total: Step<Counts>,
): Promise<boolean> {
  try {
    const { zxid } = await session
      .txn()
      .set(rangePath(number), encode(range[1]), range[0].version)
      .set(totalPath(worker), encode(total[1]), total[0].version)
      .commit()
    onCommit({ range: number, files: total[1].files - total[0].value.files, zxid })
    return true
  } catch (error) {
    if (!(error instanceof CoordinationError)) throw error
    const lost = error.code === 'BAD_VERSION'
    if (!lost && error.outcome !== 'unknown' && !error.retryable) throw error
    // Somebody else has committed these files, or nobody knows. After a sync this peer does; it
    // rejects when the session is over, and then the next life of the worker reads it.
    await session.sync()
    return false
  }
}

/** Creates the worker's total, in the first of its lives. */
async function ensureTotal(session: Session, worker: string): Promise<void> {
  if ((await session.exists(totalPath(worker))) !== undefined) return
  try {
    await session.create(totalPath(worker), encode(noCounts))
  } catch (error) {
    if (!(error instanceof CoordinationError) || error.code !== 'NODE_EXISTS') throw error
  }
}

/**
 * The coordinator: makes the ranges, once, and keeps them assigned to members that live. All it
 * knows is in the znodes, so that its successor goes on where it stopped.
 *
 * Every transaction begins with a check of its own candidacy (election.ts): a coordinator that is
 * none any more, and does not know it yet, cannot write.
 */
import type { Change, Session } from 'conclave'
import { planAssignment, queuesAreEqual, splitIntoRanges, type Assignment } from './assignment.ts'
import { neverSet } from './election.ts'
import {
  assignmentPath,
  assignmentsPath,
  encode,
  finishesRange,
  isFinished,
  membersPath,
  rangePath,
  rangesPath,
  readQueue,
  readRanges,
  totalsPath,
} from './layout.ts'
import { lookOnChanges } from './look-on-changes.ts'

/** What a coordinator has just written down. */
export interface Reassignment {
  /** How many ranges each member has to count now. */
  readonly queued: readonly (readonly [member: string, count: number])[]
  /** The members whose ranges went to others, since they are no more. */
  readonly gone: readonly string[]
}

/**
 * Coordinates until the session is closed. Rejects when the session ends otherwise, or when this
 * candidate is none any more: then nothing was written since.
 */
export async function coordinate(
  session: Session,
  candidacy: string,
  fileCount: number,
  onReassigned: (reassignment: Reassignment) => void,
): Promise<void> {
  await makeRanges(session, candidacy, fileCount)
  const watches = [
    session.watch(membersPath, { depth: 'children' }),
    session.watch(rangesPath, { depth: 'children' }),
  ]
  // A range that has only got further is no reason to assign anything.
  const matters = (change: Change): boolean => change.type !== 'changed' || finishesRange(change)
  const look = async (): Promise<void> => {
    const reassignment = await reassign(session, candidacy)
    if (reassignment !== undefined) onReassigned(reassignment)
  }
  await lookOnChanges(watches, look, matters)
}

/** Writes down the plan for who is there and what is left. `undefined` if it stands as it is. */
async function reassign(session: Session, candidacy: string): Promise<Reassignment | undefined> {
  const members = await session.children(membersPath)
  const ranges = (await readRanges(session)) ?? []
  const unfinished = ranges.flatMap((range, number) => (isFinished(range) ? [] : [number]))
  const current = await readAssignment(session, new Set(unfinished))
  const plan = planAssignment(current, members, unfinished)

  const transaction = session.txn().check(candidacy, neverSet)
  const gone = [...current.keys()].filter((member) => !plan.has(member))
  for (const member of gone) transaction.delete(assignmentPath(member))
  let changeCount = gone.length
  for (const [member, queue] of plan) {
    const before = current.get(member)
    // That ranges are finished since is no change: whoever has the queue sees it as well.
    if (before !== undefined && queuesAreEqual(before, queue)) continue
    if (before === undefined) transaction.create(assignmentPath(member), encode(queue))
    else transaction.set(assignmentPath(member), encode(queue))
    changeCount += 1
  }
  if (changeCount === 0) return undefined
  await transaction.commit()
  return { queued: [...plan].map(([member, queue]) => [member, queue.length]), gone }
}

/** What everybody has to count, as it was written down; what is finished since left out. */
async function readAssignment(
  session: Session,
  unfinished: ReadonlySet<number>,
): Promise<Assignment> {
  const members = await session.children(assignmentsPath)
  const queues = await Promise.all(
    members.map(async (member) => {
      const queue = await readQueue(session, member)
      return [member, queue.filter((range) => unfinished.has(range))] as const
    }),
  )
  return new Map(queues)
}

/** Makes the ranges and the folders beside them, all at one zxid, unless a predecessor has. */
async function makeRanges(session: Session, candidacy: string, fileCount: number): Promise<void> {
  // A local read will do: this peer has applied the end of the predecessor's candidacy, so also all
  // that it wrote before.
  if ((await session.exists(rangesPath)) !== undefined) return
  const transaction = session
    .txn()
    .check(candidacy, neverSet)
    .create(assignmentsPath)
    .create(totalsPath)
    .create(rangesPath)
  for (const [number, { first, end }] of splitIntoRanges(fileCount).entries()) {
    transaction.create(rangePath(number), encode({ first, end, position: first }))
  }
  await transaction.commit()
}

/**
 * Who counts what: the input in ranges, the ranges over the members. Pure decisions; the coordinator
 * (coordinator.ts) writes them down, and nothing here is needed for the totals to be right: two
 * workers that both believe in a range cannot both commit it (range-worker.ts).
 */

/** A stretch of the list of files, from `first` up to but without `end`. */
export interface Range {
  readonly first: number
  readonly end: number
}

/** The ranges of one member, in the order in which it takes them. */
export type Queue = readonly number[]

/** Members and their queues. */
export type Assignment = ReadonlyMap<string, Queue>

const filesPerRange = 50
/** They are created in one transaction, and each is a znode. */
const maxRanges = 400

/** Cuts a list of so many files into ranges. */
export function splitIntoRanges(fileCount: number): readonly Range[] {
  const size = Math.max(filesPerRange, Math.ceil(fileCount / maxRanges))
  const ranges: Range[] = []
  for (let first = 0; first < fileCount; first += size) {
    ranges.push({ first, end: Math.min(first + size, fileCount) })
  }
  return ranges
}

/** A queue shorter than this is about to run dry: one range is being counted, none waits. */
const shortQueue = 2

/**
 * Plans the next assignment: every unfinished range has exactly one member, and nobody runs dry
 * while somebody else has ranges waiting. Otherwise everything stays where it is, and what a member
 * is counting now, the head of its queue, is never taken from it. No members, no assignment.
 */
export function planAssignment(
  current: Assignment,
  members: readonly string[],
  unfinished: readonly number[],
): Assignment {
  const left = new Set(unfinished)
  const queues = new Map<string, number[]>()
  for (const member of members) {
    const kept = (current.get(member) ?? []).filter((range) => left.has(range))
    for (const range of kept) left.delete(range)
    queues.set(member, kept)
  }
  if (queues.size === 0) return queues
  // What is left now was never assigned, or belonged to a member that is gone.
  for (const range of [...left].sort((a, b) => a - b)) shortest(queues).push(range)
  if (shortest(queues).length < shortQueue) level(queues)
  return queues
}

export function queuesAreEqual(a: Queue, b: Queue): boolean {
  return a.length === b.length && a.every((range, place) => range === b[place])
}

/** Moves ranges from the ends of the longest queues until all are as long as the others, or one off. */
function level(queues: ReadonlyMap<string, number[]>): void {
  for (;;) {
    const short = shortest(queues)
    const long = longest(queues)
    if (long.length - short.length < 2) return
    short.push(...long.splice(-1))
  }
}

/** The first of the shortest: with the same input, the same choice. */
function shortest(queues: ReadonlyMap<string, number[]>): number[] {
  return [...queues.values()].reduce((a, b) => (b.length < a.length ? b : a))
}

function longest(queues: ReadonlyMap<string, number[]>): number[] {
  return [...queues.values()].reduce((a, b) => (b.length > a.length ? b : a))
}

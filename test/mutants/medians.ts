/**
 * How many seeds it takes to find a mutant, now and as docs/mutants.md has it. A number that rises
 * fivefold says that checks or workload have rotted, even where everything is still found.
 */
import type { Trial } from './trial.ts'

/** So many times the recorded number is too much; of smaller ones than 2, chance is most. */
const mostRise = 5
const leastRecorded = 2
/** Fewer kills than this have no median worth comparing. */
const provingKills = 3

/** The middle one, the lower of two; nothing of none. */
export function medianOf(counts: readonly number[]): number | undefined {
  return [...counts].sort((a, b) => a - b)[Math.floor((counts.length - 1) / 2)]
}

/** The recorded medians, by mutant, of those that have enough kills for one. */
export function mediansIn(document: string): ReadonlyMap<string, number> {
  const rows = document.split('\n').map((line) => line.split(' | '))
  return new Map(
    rows.flatMap(([id = '', ...cells]) => {
      const seeds = /^\d+/.exec(cells.at(-2) ?? '')?.[0]
      const kills = Number.parseInt(cells.at(-1) ?? '')
      if (seeds === undefined || !(kills >= provingKills)) return []
      return [[id.replace('| ', ''), Number(seeds)] as const]
    }),
  )
}

/** The mutants that take too many seeds more than recorded, each in words. */
export function risen(
  trials: readonly Trial[],
  recorded: ReadonlyMap<string, number>,
): readonly string[] {
  return trials.flatMap(({ mutant, fixed, fresh }) => {
    const before = recorded.get(mutant.id)
    if (fresh === null || before === undefined) return []
    const gaps = [...fixed.seedsToKill, ...fresh.seedsToKill]
    // So many seeds were tried, and have not found it often enough.
    const now = (gaps.length < provingKills ? undefined : medianOf(gaps)) ?? fresh.seeds
    if (now <= mostRise * Math.max(before, leastRecorded)) return []
    return [`${mutant.id} takes ${now} seeds, it took ${before}: checks or workload have rotted`]
  })
}

/** The stat that a znode of the model must be shown with. */
import type { Stat } from '@conclave/core/internal'
import type { ModelZnode } from '../model/tree-model.ts'

/** The fields that differ, as `name: shown, must be`; empty when the stat is right. */
export function statDifferences(stat: Stat, known: ModelZnode): string {
  const expected: Readonly<Record<keyof Stat, number>> = {
    czxid: known.czxid,
    mzxid: known.mzxid,
    pzxid: known.pzxid,
    ctime: known.ctime,
    mtime: known.mtime,
    version: known.version,
    cversion: known.creates + known.deletes,
    aversion: known.aversion,
    ephemeralOwner: known.owner,
    dataLength: known.data?.length ?? 0,
    numChildren: known.creates - known.deletes,
  }
  return Object.entries(expected)
    .filter(([name, value]) => stat[name as keyof Stat] !== value)
    .map(([name, value]) => `${name}: ${stat[name as keyof Stat]}, must be ${value}`)
    .join('; ')
}

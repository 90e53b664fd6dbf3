/**
 * How a learner's history becomes the leader's: a pure decision over page ends.
 *
 * The pages of one epoch were broadcast by one leader in one order, so two logs that both have pages
 * of an epoch agree there up to the shorter one's last. The newest such place is where the histories
 * part: what the learner has behind it is cut (TRUNC), what the leader has behind it is sent (DIFF).
 * When the leader's log does not reach back to such a place, a snapshot is sent (SNAP).
 *
 * Deviation: ZooKeeper knows only the learner's last zxid and falls back to SNAP across epochs; here
 * the learner names the last page of each of its epochs (ADR 0007).
 */
import { epochOf } from '../zxid.ts'
import type { History } from './history.ts'
import { noPage, type PageEnd } from './page.ts'

export type SyncPlan =
  | { readonly type: 'diff'; readonly after: PageEnd }
  | { readonly type: 'trunc'; readonly to: PageEnd }
  | { readonly type: 'snap' }

/**
 * Where the two histories part, and so how to go on. A page end with the same zxid but another CRC
 * is named all the same: the learner will see that the ensemble has diverged, and stop.
 */
export function planSync(
  leader: History,
  learnerEnd: PageEnd,
  learnerEpochEnds: readonly PageEnd[],
): SyncPlan {
  const common = commonEnd(leader, learnerEpochEnds)
  if (common === undefined) return { type: 'snap' }
  return common.last === learnerEnd.last
    ? { type: 'diff', after: common }
    : { type: 'trunc', to: common }
}

function commonEnd(leader: History, learnerEpochEnds: readonly PageEnd[]): PageEnd | undefined {
  for (const theirs of learnerEpochEnds) {
    const ours = leader.lastOfEpoch(epochOf(theirs.last))
    if (ours === undefined) continue
    if (ours.last <= theirs.last) return ours
    const same = leader.find(theirs.last)
    if (same !== undefined) return same
  }
  return leader.start.last === noPage.last ? noPage : undefined
}

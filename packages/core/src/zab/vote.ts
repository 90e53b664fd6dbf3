/** The total order on votes: who should lead. Election compares nothing else. */
import type { Vote } from './messages.ts'

/**
 * True when `a` should win over `b`: the later currentEpoch, then the longer history, then the
 * greater id. Both histories are durable ones (ZOOKEEPER-4882), so that what a quorum has synced is
 * never outvoted.
 */
export function isBetterVote(a: Vote, b: Vote): boolean {
  if (a.epoch !== b.epoch) return a.epoch > b.epoch
  if (a.last !== b.last) return a.last > b.last
  return a.leader > b.leader
}

export function sameVote(a: Vote, b: Vote): boolean {
  return a.leader === b.leader && a.epoch === b.epoch && a.last === b.last
}

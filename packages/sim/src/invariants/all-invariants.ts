/** Every invariant that is checked in every run. What is not in this list is not checked. */
import type { Invariant, Observed } from '../observation.ts'
import { WriteAccounting } from './c1-write-accounting.ts'
import { NoPhantom } from './c10-no-phantom.ts'
import { LinearizableWrites } from './c2-linearizable-writes.ts'
import { ReadCorrectness } from './c3-read-correctness.ts'
import { MonotonicReads } from './c4-monotonic-reads.ts'
import { SessionFifo } from './c5-session-fifo.ts'
import { ReadYourWrites } from './c6-read-your-writes.ts'
import { SyncReachesAll } from './c7-sync.ts'
import { EqualDigests } from './d1-digest.ts'
import { RestartEquivalence } from './d2-restart-equivalence.ts'
import { ResultStat } from './d3-stat.ts'
import { Atomicity } from './d4-atomicity.ts'
import { Outcomes } from './d5-outcomes.ts'
import { Reaping } from './d6-reaper.ts'
import { SequentialNames } from './q1-sequential-names.ts'
import { ExactlyOnce } from './r2-exactly-once.ts'
import { ReplicatedNumbers } from './r3-replicated-numbers.ts'
import { SessionIds } from './s1-session-ids.ts'
import { EphemeralOwners } from './s2-ephemerals.ts'
import { SessionEnd } from './s3-session-end.ts'
import { Expiry } from './s4-expiry.ts'
import { EndedIsTold } from './s6-ended-is-told.ts'
import { OneHost } from './s7-one-host.ts'
import { LocalDeadline } from './s8-local-deadline.ts'
import { JustifiedEvents } from './w1-justified.ts'
import { EventBeforeData } from './w4-event-before-data.ts'
import { EventOrder } from './w5-event-order.ts'
import { ResumedWatch } from './w6-resumed-watch.ts'
import { WatchSequence } from './w7-watch-sequence.ts'
import { WatchEnd } from './w8-watch-end.ts'
import { EpochUniqueness } from './z1-epoch-uniqueness.ts'
import { CommittedSurvives } from './z10-committed-survives.ts'
import { LeaderCompleteness } from './z11-leader-completeness.ts'
import { AckIsDurable } from './z12-ack-is-durable.ts'
import { SyncTarget } from './z13-sync-target.ts'
import { IllegalMessage } from './z14-illegal-message.ts'
import { CommitMatch } from './z15-commit-match.ts'
import { ZxidRollover } from './z16-zxid-rollover.ts'
import { StateOrdering } from './z17-state-ordering.ts'
import { Amnesia } from './z19-amnesia.ts'
import { Membership } from './z18-membership.ts'
import { EpochsNeverDecrease } from './z2-epochs-never-decrease.ts'
import { PrefixConsistency } from './z3-prefix-consistency.ts'
import { Integrity } from './z4-integrity.ts'
import { TotalOrder } from './z5-total-order.ts'
import { LocalPrimaryOrder } from './z6-local-primary-order.ts'
import { GlobalPrimaryOrder } from './z7-global-primary-order.ts'
import { PrimaryIntegrity } from './z8-primary-integrity.ts'
import { CommitOnQuorum } from './z9-commit-on-quorum.ts'

/** New checkers for one run. */
export function allInvariants(observed: Observed, maxCounter: number): readonly Invariant[] {
  return [
    new EpochUniqueness(),
    new EpochsNeverDecrease(),
    new PrefixConsistency(observed),
    new Integrity(),
    new TotalOrder(),
    new LocalPrimaryOrder(),
    new GlobalPrimaryOrder(),
    new PrimaryIntegrity(observed),
    new CommitOnQuorum(observed),
    new CommittedSurvives(observed),
    new LeaderCompleteness(observed),
    new AckIsDurable(),
    new SyncTarget(observed),
    new IllegalMessage(),
    new CommitMatch(),
    new ZxidRollover(maxCounter),
    new StateOrdering(),
    new Membership(observed),
    new Amnesia(observed),
    new EqualDigests(observed),
    new RestartEquivalence(observed),
    new ResultStat(observed),
    new Atomicity(observed),
    // Before what would be said of the write itself.
    new OneHost(observed),
    new Outcomes(observed),
    new Reaping(observed),
    new WriteAccounting(observed),
    new LinearizableWrites(),
    new ReadCorrectness(observed),
    new MonotonicReads(),
    new SessionFifo(),
    new ReadYourWrites(),
    new SyncReachesAll(),
    new NoPhantom(observed),
    new SessionIds(),
    new EphemeralOwners(observed),
    new SessionEnd(observed),
    new Expiry(observed),
    new EndedIsTold(observed),
    new LocalDeadline(observed),
    new SequentialNames(observed),
    new ExactlyOnce(),
    new ReplicatedNumbers(observed),
    new JustifiedEvents(observed),
    new EventBeforeData(),
    new EventOrder(),
    new ResumedWatch(observed),
    new WatchSequence(observed),
    new WatchEnd(),
  ]
}

/** Planted in agreement: elections, epochs, synchronization, broadcast. */
import { failing, scenario, swarm, type Edit, type Mutant } from '../mutant.ts'

const zab = 'packages/core/src/zab'

const leaderSkipsRecency: Edit = {
  file: `${zab}/discovery.ts`,
  from: 'if (learner.counts && isVoter && (later || longer)) {',
  to: 'if (learner.counts && (later || longer) && false) {',
}
const voteIgnoresEpoch: readonly Edit[] = [
  {
    file: `${zab}/vote.ts`,
    from: '  if (a.epoch !== b.epoch) return a.epoch > b.epoch\n',
    to: '',
  },
  {
    file: `${zab}/vote.ts`,
    from: 'if (a.last !== b.last) return a.last > b.last',
    to: 'if (a.last !== b.last) return a.last % 2 ** 32 > b.last % 2 ** 32',
  },
]
const truncatesTooMuch: Edit = {
  file: `${zab}/sync-plan.ts`,
  from: 'for (const theirs of learnerEpochEnds) {',
  to: 'for (const theirs of learnerEpochEnds.slice(1)) {',
}

export const agreementMutants: readonly Mutant[] = [
  {
    id: 'M01',
    bug: 'a quorum is half of the voters',
    origin: 'classic',
    expects: ['Z1', 'Z3', 'Z9'],
    edits: [
      {
        file: 'packages/core/src/ensemble/quorum.ts',
        from: 'this.size = Math.floor(this.voters.size / 2) + 1',
        to: 'this.size = Math.floor(this.voters.size / 2)',
      },
    ],
    found: swarm(10),
  },
  {
    id: 'M02',
    bug: 'a follower acks a page when it is appended, not when it is durable',
    origin: 'etcd #14370',
    expects: ['Z12', 'Z9'],
    edits: [
      {
        file: `${zab}/following.ts`,
        from: 'this.#endIf(this.#incoming.onPage(message.page, this.#epoch))',
        to: 'this.#endIf(this.#incoming.onPage(message.page, this.#epoch)); this.#ackDurable()',
      },
      {
        file: `${zab}/following.ts`,
        from: 'const durable = this.#state.history.durable.last\n    if (this.#newLeaderAcked)',
        to: 'const durable = this.#state.history.end.last\n    if (this.#newLeaderAcked)',
      },
    ],
    found: swarm(10),
  },
  {
    id: 'M03',
    bug: 'a leader counts itself before its own disk has the page',
    origin: 'etcd #14370',
    expects: ['Z9'],
    edits: [
      {
        file: `${zab}/broadcast.ts`,
        from: 'this.#outstanding.push(page.last)',
        to: 'this.#outstanding.push(page.last); this.#positions.set(this.#state.id, page.last)',
      },
    ],
    found: swarm(20),
  },
  {
    id: 'M06a',
    bug: 'acceptedEpoch is kept in memory only',
    origin: 'ZOOKEEPER-1291',
    expects: ['Z1', 'Z2', 'Z12'],
    edits: [
      {
        file: `${zab}/state.ts`,
        from: 'const seq = this.outbox.append(...records)',
        to: "const seq = this.outbox.append(...records.filter((one) => one.type !== 'accepted-epoch'))",
      },
    ],
    found: swarm(5),
  },
  {
    id: 'M06b',
    bug: 'an epoch is promised before the promise is durable',
    origin: 'ZOOKEEPER-2307',
    expects: ['Z1', 'Z2', 'Z12'],
    edits: [
      {
        file: `${zab}/following.ts`,
        from: 'this.#wait(state.append(...records), () => {\n        this.#ackEpoch()\n      })',
        to: '{ state.append(...records); this.#ackEpoch() }',
      },
    ],
    found: swarm(10),
  },
  {
    id: 'M07',
    bug: 'currentEpoch is written before the history that belongs to it',
    origin: 'ZOOKEEPER-4643',
    expects: ['Z10', 'Z11', 'Z3'],
    edits: [
      {
        file: `${zab}/following.ts`,
        from: 'return this.#incoming.onPlan(plan)',
        to: "this.#state.append({ type: 'current-epoch', epoch: this.#epoch }); return this.#incoming.onPlan(plan)",
      },
    ],
    found: scenario('crashes-in-synchronization', 10, 20, 7),
  },
  {
    id: 'M08',
    bug: 'NEWLEADER is acked before the history is durable',
    origin: 'ZOOKEEPER-3911, 4646, 3023',
    expects: ['Z12', 'Z10'],
    edits: [
      {
        file: `${zab}/following.ts`,
        from: 'this.#wait(seq, () => {\n      const upTo = this.#state.history.durable.last',
        to: ';((_: number, then: () => void) => then())(seq, () => {\n      const upTo = this.#state.history.end.last',
      },
    ],
    found: swarm(10),
  },
  {
    id: 'M09',
    bug: 'currentEpoch is written only at UPTODATE',
    origin: 'ZOOKEEPER-1282',
    expects: ['Z1', 'Z10', 'Z12'],
    edits: [
      {
        file: `${zab}/following.ts`,
        from: "const seq = this.#state.append({ type: 'current-epoch', epoch: this.#epoch })",
        to: "const seq = this.#state.append({ type: 'configuration', configuration: this.#state.configuration as Configuration })",
      },
      {
        file: `${zab}/following.ts`,
        from: "if (this.#state.damaged !== null) this.#state.append({ type: 'damage-healed' })",
        to: "this.#state.append({ type: 'current-epoch', epoch: this.#epoch })\n    if (this.#state.damaged !== null) this.#state.append({ type: 'damage-healed' })",
      },
    ],
    found: swarm(10),
  },
  {
    id: 'M10',
    bug: 'NEWLEADER leaves before the pages that belong before it',
    origin: 'ZOOKEEPER-3104',
    expects: ['Z13', 'Z15'],
    edits: [
      {
        file: `${zab}/learner-sync.ts`,
        from: 'const piece = firstOf(pages, options.limits.maxLogReadBytes)\n    this.#sendPages(piece)',
        to: "const piece = firstOf(pages, options.limits.maxLogReadBytes)\n    if (piece.length === pages.length) this.#send({ type: 'new-leader', epoch: this.#epoch, end: history.end.last })\n    this.#sendPages(piece)",
      },
      {
        file: `${zab}/learner-sync.ts`,
        from: "    this.#send({ type: 'new-leader', epoch: this.#epoch, end: history.end.last })\n    this.#enrolled = true",
        to: '    this.#enrolled = true',
      },
    ],
    found: swarm(10),
  },
  {
    id: 'M11',
    bug: 'proposals go only to learners that have acked NEWLEADER',
    origin: 'TLA+, issue 1',
    expects: ['Z15', 'Z5'],
    edits: [
      {
        file: `${zab}/broadcast.ts`,
        from: 'for (const { peer, sync } of this.#learners.values()) {\n        if (sync?.enrolled === true)',
        to: "for (const { peer, stage } of this.#learners.values()) {\n        if (stage === 'acked' || stage === 'synced')",
      },
    ],
    found: swarm(20),
  },
  {
    id: 'M12',
    bug: 'UPTODATE commits what the learner has acked, not the latest',
    origin: 'TLA+, issue 3',
    expects: ['Z15'],
    edits: [
      {
        file: `${zab}/leading.ts`,
        from: "{ type: 'up-to-date', committed: lastCommitted }",
        to: "{ type: 'up-to-date', committed: Math.min(lastCommitted, learner.ackedUpTo) as Zxid }",
      },
    ],
    found: scenario('crashes-in-synchronization', 40, 20),
  },
  {
    id: 'M13',
    bug: 'votes are compared by counters, without epochs',
    origin: 'ZOOKEEPER-1082, 335',
    expects: ['Z8', 'Z11', 'V1'],
    edits: voteIgnoresEpoch,
    found: swarm(10, 15, 7),
  },
  {
    id: 'M13+M14',
    bug: 'votes are compared by counters, without epochs',
    origin: 'ZOOKEEPER-1082, 335',
    expects: ['Z8', 'Z11', 'Z10', 'D1'],
    edits: [...voteIgnoresEpoch, leaderSkipsRecency],
    mask: 'a leader gives up when a follower has a more recent history (M14)',
    found: swarm(300),
  },
  {
    id: 'M15',
    bug: 'what the leader does not have is cut in memory, not on disk',
    origin: 'ZOOKEEPER-3701',
    expects: ['Z13', 'Z5'],
    edits: [
      {
        file: `${zab}/state.ts`,
        from: 'const seq = this.outbox.append(...records)',
        to: "const seq = this.outbox.append(...records.filter((one) => one.type !== 'truncate'))",
      },
    ],
    found: swarm(50),
  },
  {
    id: 'M16a',
    bug: 'the leader has too much cut: a whole epoch of the learner',
    origin: 'ZOOKEEPER-1156',
    expects: ['Z10', 'D1'],
    edits: [truncatesTooMuch],
    found: swarm(10),
  },
  {
    id: 'M16b',
    bug: 'the leader has too much cut: a whole epoch of the learner',
    origin: 'ZOOKEEPER-1156',
    expects: ['Z10'],
    edits: [
      truncatesTooMuch,
      {
        file: `${zab}/incoming-history.ts`,
        from: 'if (to.last < lastCommitted) {',
        to: 'if (false) {',
      },
      {
        file: `${zab}/state.ts`,
        from: "assert(record.to.last >= this.machine.end.last, 'Z10: what is applied is never cut')",
        to: '',
      },
    ],
    mask: 'a learner refuses to cut what it has applied',
    found: swarm(10),
  },
  {
    id: 'M17',
    bug: 'a DIFF from memory leaves out a page',
    origin: 'ZOOKEEPER-4925',
    expects: ['Z5'],
    edits: [
      {
        file: `${zab}/learner-sync.ts`,
        from: 'const pages = history.pagesBehind(this.#sentUpTo)',
        to: 'const pages = history.pagesBehind(this.#sentUpTo)?.filter((_, index, all) => index !== 1 || all.length < 3)',
      },
    ],
    found: swarm(20),
  },
  {
    id: 'M18',
    bug: 'a COMMIT commits whatever is pending, not what it names',
    origin: 'ZOOKEEPER-4394',
    expects: ['Z15', 'Z9', 'Z3'],
    edits: [
      {
        file: `${zab}/state.ts`,
        from: 'this.lastCommitted = upTo\n    const settled',
        to: 'this.lastCommitted = this.history.end.last\n    const settled',
      },
    ],
    found: swarm(10),
  },
  {
    id: 'M44',
    bug: 'the counter goes on past its limit',
    origin: 'ZOOKEEPER-1277',
    expects: ['Z16'],
    edits: [
      {
        file: 'packages/core/src/server/paginate.ts',
        from: 'return this.#lastCounter >= this.#limits.maxCounter',
        to: 'return false',
      },
      {
        file: 'packages/core/src/server/paginate.ts',
        from: 'Math.min(this.#limits.maxPageTxns, this.#limits.maxCounter - counter)',
        to: 'this.#limits.maxPageTxns',
      },
    ],
    found: scenario('short-epochs', 5, 10),
  },
  {
    id: 'M47',
    bug: 'a peer whose store is empty votes at once',
    origin: 'ClickHouse Keeper, TigerBeetle',
    expects: ['Z19'],
    edits: [
      {
        file: `${zab}/state.ts`,
        from: 'return this.damaged === null && (this.#currentEpoch > 0 || !this.history.isEmpty)',
        to: 'return true',
      },
    ],
    found: swarm(30),
  },
  {
    id: 'M48',
    bug: 'peers vote for whom others speak of, even if nobody reaches it',
    origin: 'ZOOKEEPER-1419',
    expects: ['V6', 'V1'],
    edits: [
      {
        file: `${zab}/election.ts`,
        from: 'if (vote.leader !== id && !this.#state.isLinked(vote.leader)) return false',
        to: '',
      },
    ],
    found: failing('packages/core/test/zab/election-links.test.ts', 'V4: one that is gone'),
  },
]

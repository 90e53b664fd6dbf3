/** Bugs of changing the members of a running ensemble. */
import { failing, scenario, swarm, type Mutant } from '../mutant.ts'

const core = 'packages/core/src'
const configurations = `${core}/ensemble/configurations.ts`
const quorum = `${core}/ensemble/quorum.ts`

export const memberMutants: readonly Mutant[] = [
  {
    id: 'X40',
    bug: 'a new configuration decides alone from when it is in the log',
    origin: 'Raft without joint consensus',
    expects: ['Z9', 'Z11', 'Z1', 'Z10', 'D1'],
    edits: [
      {
        file: configurations,
        from: 'before === null ? after : new JointQuorum(quorumOf(before.members), after)',
        to: 'after',
      },
    ],
    found: scenario('changing-members', 20, 15),
  },
  {
    id: 'X41',
    bug: 'the configuration before decides alone until the new one is committed',
    origin: '',
    expects: ['Z9', 'Z11', 'Z1', 'Z10', 'D1'],
    edits: [
      {
        file: configurations,
        from: 'before === null ? after : new JointQuorum(quorumOf(before.members), after)',
        to: 'before === null ? after : quorumOf(before.members)',
      },
    ],
    found: scenario('changing-members', 20, 15),
  },
  {
    id: 'X42',
    bug: 'a truncate leaves the configuration that it took back in force',
    origin: '',
    expects: ['Z18', 'V1', 'Z9'],
    edits: [
      {
        file: configurations,
        from: 'this.#uncommitted = this.#uncommitted.filter(({ at }) => at <= to)',
        to: '',
      },
    ],
    found: scenario('changing-members', 40, 15),
  },
  {
    id: 'X43',
    bug: 'a change is let in while another is not committed',
    origin: 'ZOOKEEPER-2080 and kin',
    expects: ['Z18', 'D5'],
    edits: [
      {
        file: `${core}/server/reconfiguration.ts`,
        from: "if (isUnderWay) return 'RECONFIG_IN_PROGRESS'",
        to: '',
      },
    ],
    found: scenario('changing-members', 40, 15),
  },
  {
    id: 'X44',
    bug: 'a leader that was removed goes on to lead',
    origin: '',
    expects: ['Z18', 'V1'],
    edits: [
      {
        file: `${core}/zab/leading.ts`,
        from: 'if (machine.counterExhausted || !this.#state.isVoter) this.handOver()',
        to: 'if (machine.counterExhausted) this.handOver()',
      },
    ],
    found: scenario('changing-members', 20, 15),
  },
  {
    id: 'X45',
    bug: 'that a configuration is committed is not written down',
    origin: '',
    expects: ['Z18'],
    edits: [
      {
        file: `${core}/zab/state.ts`,
        from: "if (settled !== null) this.append({ type: 'configuration', configuration: settled })",
        to: 'if (settled !== null) this.configurations.settleOn(settled)',
      },
    ],
    found: failing(
      'packages/core/test/zab/reconfiguration.test.ts',
      'Z18: once it is committed, a restart needs nobody who was removed',
    ),
  },
  {
    id: 'X46',
    bug: 'a peer votes only if its own log has it among the voters',
    origin: 'Raft: a server votes for whoever asks',
    expects: ['Z18', 'V1'],
    edits: [
      {
        file: `${core}/zab/election.ts`,
        from: 'return state.remembers || (state.isVoter && state.mayFound)',
        to: 'return state.isVoter && (state.remembers || state.mayFound)',
      },
    ],
    found: failing(
      'packages/core/test/zab/reconfiguration.test.ts',
      'Z18: is found again by a restart',
    ),
  },
  {
    id: 'X47',
    bug: 'a change is let in although no quorum of the new voters is synced',
    origin: 'ZooKeeper: NEWCONFIGNOQUORUM',
    expects: ['Z18'],
    edits: [
      {
        file: `${core}/server/reconfiguration.ts`,
        from: "if (!hasSyncedQuorum(members)) return 'NEW_CONFIG_NO_QUORUM'",
        to: '',
      },
    ],
    found: failing(
      'packages/core/test/server/reconfiguration.test.ts',
      'is refused when no quorum of the new voters is synced',
    ),
  },
  {
    id: 'X48',
    bug: 'that a configuration is committed is not learned from whoever knows it',
    origin: 'our own simulator',
    expects: ['Z18', 'V1'],
    edits: [
      {
        file: `${core}/zab/state.ts`,
        from: 'if (theirs.ensembleId !== this.ensembleId) return',
        to: 'if (theirs.ensembleId !== 0) return',
      },
    ],
    found: failing(
      'packages/core/test/zab/reconfiguration.test.ts',
      'Z18: that it is committed is learned from whoever was removed',
    ),
  },
  {
    id: 'X49',
    bug: 'a peer that is behind follows one that waits for others: it stands with nothing',
    origin: 'our own simulator',
    expects: ['V1'],
    edits: [
      {
        file: `${core}/zab/election.ts`,
        from: 'const ordinary = stands && this.#state.remembers',
        to: 'const ordinary = this.#state.remembers',
      },
    ],
    found: failing('packages/core/test/zab/election.test.ts', 'follows nobody who stands with'),
  },
  {
    id: 'X95',
    bug: 'who is synced with a leader is counted by heads, where weights are to be changed',
    origin: '',
    expects: ['Z18'],
    edits: [
      {
        file: `${core}/zab/leading.ts`,
        from: 'return quorumOf(members).includes([this.#state.id, ...synced])',
        to: 'return 2 * members.filter(({ id }) => [this.#state.id, ...synced].includes(id)).length > members.length',
      },
    ],
    found: failing(
      'packages/conclave/test/weighted-ensemble.test.ts',
      'Z18: weight given to a peer that is away makes no quorum',
    ),
  },
  {
    id: 'X92',
    bug: 'half of the weight of a group is enough, and half of the groups',
    origin: '',
    expects: ['Z9', 'Z1', 'Z3', 'Z11', 'D1'],
    edits: [{ file: quorum, from: 'if (weightThere > half)', to: 'if (weightThere >= half)' }],
    found: scenario('changing-weights', 20, 15),
  },
  {
    id: 'X93',
    bug: 'while two configurations decide, their voters count without weights and groups',
    origin: '',
    expects: ['Z9', 'Z1', 'Z3', 'Z11', 'D1'],
    edits: [
      {
        file: quorum,
        from: 'this.#before = before',
        to: 'this.#before = new MajorityQuorum(before.voters)',
      },
      {
        file: quorum,
        from: 'this.#after = after',
        to: 'this.#after = new MajorityQuorum(after.voters)',
      },
    ],
    found: scenario('changing-weights', 20, 15),
  },
  {
    id: 'X94',
    bug: 'groups are forgotten: more than half of the weight of all decides',
    origin: '',
    expects: ['Z9', 'Z1', 'Z3', 'Z11', 'D1'],
    edits: [
      {
        file: quorum,
        from: 'const others = groups.get(group) ?? []\n      groups.set(group, [...others, { id, weight }])',
        to: 'const others = groups.get(0) ?? []\n      groups.set(0, [...others, { id, weight }])',
      },
    ],
    found: swarm(100),
  },
]

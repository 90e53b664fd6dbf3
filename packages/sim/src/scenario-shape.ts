/** The shape of a scenario that was written down, and what its parts must be beside one another. */
import {
  type CreateMode,
  defaultLimits,
  defaultTiming,
  flawOf,
  type Limits,
  type Member,
  type Timing,
} from '@conclave/core/internal'
import type { Activity, PlannedOperation } from './activities.ts'
import { crashPoints } from './crash-points.ts'
import type { DiskProfile } from './disk.ts'
import { failingUses } from './disk-failures.ts'
import type { EnsembleProfile, Rot } from './ensemble.ts'
import { faultAmong, type Fault, type FaultType, type Target } from './faults.ts'
import type { ClockProfile } from './member-clock.ts'
import type { StepProfile } from './member-surroundings.ts'
import { logRots } from './log-rot.ts'
import type { NetworkProfile } from './network.ts'
import { reconfigurationKinds } from './reconfigurations.ts'
import type { Scenario } from './scenario.ts'
import {
  flag,
  integerFrom,
  listOf,
  nullable,
  numberFrom,
  oneOf,
  orAbsent,
  recordOf,
  ShapeError,
  taggedBy,
  text,
  type Fields,
  type Shape,
} from './shapes.ts'
import { snapshotRots } from './stored-snapshot.ts'
import { listNames } from './access.ts'
import { activityTypes, type WorkloadProfile } from './workload-profile.ts'

const us = integerFrom(0)
const peer = integerFrom(1)
const share = numberFrom(0, 1)

/** A number for each name of `usual`; one that is not said is as usual. */
function numbersLike<T extends object>(usual: T): Shape<T> {
  const fields = Object.entries<number>(usual as Record<string, number>).map(([name, value]) => [
    name,
    orAbsent(numberFrom(0), value),
  ])
  return recordOf(Object.fromEntries(fields) as Fields<T>)
}

const target: Shape<Target> = (value, where) =>
  typeof value === 'object' && value !== null && 'peer' in value
    ? recordOf<Extract<Target, { peer: number }>>({ peer })(value, where)
    : recordOf<Extract<Target, { role: string }>>({
        role: oneOf(['leader', 'other']),
        choice: integerFrom(0),
      })(value, where)

const way: Shape<readonly [number, number]> = (value, where) => {
  const [from, to, ...more] = listOf(peer)(value, where)
  if (from !== undefined && to !== undefined && more.length === 0) return [from, to]
  throw new ShapeError(`${where}: wants a sender and a receiver`)
}

const parting = oneOf(['reset', 'silence'])

/** The fields of one type of a union. */
type Case<T extends { readonly type: string }, K extends T['type']> = Extract<
  T,
  { readonly type: K }
>

const after = oneOf(['poisoned', 'lying'])

const rot: Shape<Rot> = (value, where) =>
  typeof value === 'object' && value !== null && 'place' in value && value.place === 'log'
    ? recordOf<Extract<Rot, { place: 'log' }>>({ place: oneOf(['log']), kind: oneOf(logRots) })(
        value,
        where,
      )
    : recordOf<Extract<Rot, { place: 'snapshot' }>>({
        place: oneOf(['snapshot']),
        kind: oneOf(snapshotRots),
      })(value, where)

const faultShapes: { readonly [K in FaultType]: Shape<Case<Fault, K>> } = {
  crash: recordOf({ at: us, type: oneOf(['crash']), target, parting, downUs: us }),
  'crash-at': recordOf({
    at: us,
    type: oneOf(['crash-at']),
    target,
    point: oneOf(crashPoints),
    parting,
    everyone: flag,
    withinUs: us,
    downUs: us,
  }),
  'pause-at': recordOf({
    at: us,
    type: oneOf(['pause-at']),
    target,
    point: oneOf(crashPoints),
    withinUs: us,
    forUs: us,
  }),
  'crash-boots': recordOf({
    at: us,
    type: oneOf(['crash-boots']),
    target,
    times: integerFrom(1),
    aliveUs: us,
    parting,
    downUs: us,
  }),
  'power-loss': recordOf({ at: us, type: oneOf(['power-loss']), downUs: us }),
  close: recordOf({ at: us, type: oneOf(['close']), target, downUs: us }),
  'hand-over': recordOf({ at: us, type: oneOf(['hand-over']), target }),
  pause: recordOf({ at: us, type: oneOf(['pause']), target, forUs: us }),
  'break-link': recordOf({ at: us, type: oneOf(['break-link']), a: peer, b: peer }),
  'dial-again': recordOf({ at: us, type: oneOf(['dial-again']), a: peer, b: peer }),
  'hinder-dials': recordOf({
    at: us,
    type: oneOf(['hinder-dials']),
    target,
    byUs: nullable(us),
    forUs: us,
  }),
  narrow: recordOf({
    at: us,
    type: oneOf(['narrow']),
    target,
    bytesPerSecond: numberFrom(1),
    forUs: us,
  }),
  partition: recordOf({ at: us, type: oneOf(['partition']), ways: listOf(way), forUs: us }),
  isolate: recordOf({
    at: us,
    type: oneOf(['isolate']),
    target,
    direction: oneOf(['in', 'out', 'both']),
    forUs: us,
  }),
  'slow-disk': recordOf({ at: us, type: oneOf(['slow-disk']), target, byUs: us, forUs: us }),
  'stall-disk': recordOf({ at: us, type: oneOf(['stall-disk']), target, forUs: us }),
  'fail-disk': recordOf({
    at: us,
    type: oneOf(['fail-disk']),
    target,
    use: oneOf(failingUses),
    after,
  }),
  'fill-disk': recordOf({ at: us, type: oneOf(['fill-disk']), target, after, forUs: us }),
  rot: recordOf({ at: us, type: oneOf(['rot']), target, rot, choice: integerFrom(0) }),
  'jump-clock': recordOf({
    at: us,
    type: oneOf(['jump-clock']),
    target,
    everyone: flag,
    byMs: numberFrom(-1e12),
  }),
  'stall-app': recordOf({
    at: us,
    type: oneOf(['stall-app']),
    target,
    everyone: flag,
    forUs: us,
  }),
  'lose-store': recordOf({
    at: us,
    type: oneOf(['lose-store']),
    target,
    how: oneOf(['wipe', 'damage']),
    downUs: us,
  }),
}

const createMode: Shape<CreateMode> = (value, where) =>
  typeof value === 'object'
    ? recordOf<Extract<CreateMode, object>>({ ttlMs: integerFrom(1) })(value, where)
    : oneOf(['persistent', 'ephemeral', 'container'])(value, where)

const create = {
  type: oneOf(['create']),
  path: text,
  data: nullable(text),
  mode: createMode,
  sequential: flag,
  list: orAbsent(oneOf(listNames), 'open'),
} as const
const version = oneOf(['any', 'seen', 'next'])
const set = { type: oneOf(['set']), path: text, data: nullable(text), version } as const

const operation = taggedBy<PlannedOperation>({
  create: recordOf<Case<PlannedOperation, 'create'>>(create),
  set: recordOf<Case<PlannedOperation, 'set'>>(set),
  check: recordOf({ type: oneOf(['check', 'delete']), path: text, version }),
  delete: recordOf({ type: oneOf(['check', 'delete']), path: text, version }),
})

const when = { at: us, client: integerFrom(0), choice: integerFrom(0) } as const

const activityShapes: { readonly [K in Activity['type']]: Shape<Case<Activity, K>> } = {
  create: recordOf({ ...when, ...create, parents: flag }),
  set: recordOf({ ...when, ...set }),
  delete: recordOf({ ...when, type: oneOf(['delete']), path: text, version, recursive: flag }),
  transaction: recordOf({ ...when, type: oneOf(['transaction']), operations: listOf(operation) }),
  sync: recordOf({ ...when, type: oneOf(['sync']), path: text }),
  read: recordOf({ ...when, type: oneOf(['read']), path: text }),
  watch: recordOf({
    ...when,
    type: oneOf(['watch']),
    path: text,
    depth: oneOf(['node', 'children', 'subtree']),
  }),
  unwatch: recordOf({ ...when, type: oneOf(['unwatch']) }),
  abort: recordOf({ ...when, type: oneOf(['abort']) }),
  'set-list': recordOf({
    ...when,
    type: oneOf(['set-list']),
    path: text,
    list: oneOf(listNames),
    version: numberFrom(-1),
  }),
  close: recordOf({ ...when, type: oneOf(['close']) }),
  move: recordOf({ ...when, type: oneOf(['move']), twice: flag, givesUp: flag }),
  reconfigure: recordOf({
    ...when,
    type: oneOf(['reconfigure']),
    kind: oneOf(reconfigurationKinds),
    isStale: flag,
  }),
}

const member: Shape<Member> = (value, where) => {
  const { weight, group, ...rest } = recordOf<Required<Omit<Member, 'address'>>>({
    id: peer,
    role: oneOf(['voter', 'observer']),
    weight: orAbsent(integerFrom(1), 0),
    group: orAbsent(integerFrom(1), 0),
  })(value, where)
  return { ...rest, ...(weight === 0 ? {} : { weight }), ...(group === 0 ? {} : { group }) }
}

const ensemble = recordOf<EnsembleProfile>({
  members: listOf(member),
  timing: numbersLike<Timing>(defaultTiming),
  limits: numbersLike<Limits>(defaultLimits),
  network: recordOf<NetworkProfile>({
    delayUs: us,
    jitterUs: us,
    slowChance: share,
    slowUs: us,
    backOffUs: us,
    noticeFromUs: us,
    noticeUpToUs: us,
    refusalChance: share,
    splitChance: share,
    bytesPerSecond: numberFrom(1),
    maxQueueBytes: numberFrom(0),
  }),
  disk: recordOf<DiskProfile>({
    syncUs: us,
    slowSyncChance: share,
    slowSyncUs: us,
    readUs: us,
    chunkRecords: integerFrom(1),
    segmentPages: integerFrom(1),
  }),
  step: recordOf<StepProfile>({ tickUs: integerFrom(1), batchUs: us }),
  guests: orAbsent(listOf(peer), []),
  clocks: listOf(
    recordOf<ClockProfile>({
      rate: numberFrom(0.5, 2),
      offsetMs: numberFrom(0),
      wallOffsetMs: numberFrom(-1e12),
    }),
  ),
  damage: oneOf(['recoverable', 'beyond']),
})

const noWeights = Object.fromEntries(activityTypes.map((type) => [type, 0]))

const workload = recordOf<WorkloadProfile>({
  clientCount: integerFrom(0),
  thinkUs: us,
  pipelining: integerFrom(1),
  weights: numbersLike(noWeights as WorkloadProfile['weights']),
  names: integerFrom(1),
  sessionTimeoutMs: numberFrom(1),
  readOnly: orAbsent(flag, false),
  lists: orAbsent(flag, false),
  roaming: orAbsent(flag, false),
})

const parts = recordOf<Scenario>({
  name: text,
  seed: integerFrom(0),
  faultyUs: us,
  ensemble,
  workload,
  faults: listOf(taggedBy<Fault>(faultShapes)),
  activities: listOf(taggedBy<Activity>(activityShapes)),
  survivors: oneOf(['everyone', 'core']),
})

/** A scenario, whole: nothing happens in it too late, and to nobody who is not there. */
export const scenarioShape: Shape<Scenario> = (value, where) => {
  const scenario = parts(value, where)
  const { ensemble: profile, faults, activities, faultyUs, workload: work } = scenario
  const peers = new Set(profile.members.map((member) => member.id))
  demandThat(peers.size === profile.members.length, `${where}.ensemble.members`, 'one id each')
  demandThat(
    profile.members.some(({ id, role }) => role === 'voter' && !profile.guests.includes(id)),
    `${where}.ensemble.members`,
    'a voter that founds',
  )
  const flaw = flawOf(profile.members)
  if (flaw !== null) throw new ShapeError(`${where}.ensemble.members: ${flaw}`)
  demandThat(
    profile.clocks.length === profile.members.length,
    `${where}.ensemble.clocks`,
    'one for each member',
  )
  demandOrder(faults, faultyUs, `${where}.faults`)
  demandOrder(activities, faultyUs, `${where}.activities`)
  for (const [index, fault] of faults.entries()) {
    const isWhole = faultAmong(fault, peers) === fault
    demandThat(isWhole, `${where}.faults[${index}]`, 'peers that are members')
  }
  for (const [index, { client }] of activities.entries()) {
    const place = `${where}.activities[${index}].client`
    demandThat(client < work.clientCount, place, `a client below ${work.clientCount}`)
  }
  return scenario
}

function demandThat(holds: boolean, where: string, wanted: string): void {
  if (!holds) throw new ShapeError(`${where}: wants ${wanted}`)
}

function demandOrder(list: readonly { readonly at: number }[], until: number, place: string): void {
  for (const [index, { at }] of list.entries()) {
    const where = `${place}[${index}].at`
    demandThat(at >= (list[index - 1]?.at ?? 0), where, 'a time not before the one before it')
    demandThat(at < until, where, `a time before faultyUs, ${until}`)
  }
}

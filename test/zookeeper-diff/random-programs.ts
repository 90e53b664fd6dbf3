/**
 * Draws programs: every opcode of the protocol, as clients send it and as none should, on few znodes, so
 * that much of it meets. What is drawn has nothing that both servers may answer in either of two ways:
 * within a burst one client asks, and whoever may read what changes only between bursts.
 */
import type { Random } from '../faults/random.ts'
import { randomAcl, randomAuth } from './random-access.ts'
import { randomPath, randomPaths, readingPath } from './random-paths.ts'
import type { Action, Damage, Data, Greeting, Program, Record } from './program.ts'

const slots = 3
const most = 80

/** The program of this number, below a root of its own. */
export function randomProgram(random: Random, root: string): Program {
  const actions: Action[] = [
    { type: 'ask', slot: 0, record: plainCreate(root) },
    { type: 'ask', slot: 0, record: plainCreate(`${root}/a`) },
  ]
  const count = random.integer(most / 4, most)
  while (actions.length < count) actions.push(...randomActions(random, root))
  return { root, actions }
}

function plainCreate(path: string): Record {
  const acl = [{ permissions: 31, scheme: 'world', id: 'anyone' }]
  return { op: 'create', path, data: 'x', acl, flags: 0 }
}

function randomActions(random: Random, root: string): Action[] {
  const slot = random.integer(0, slots - 1)
  const drawn = random.unit()
  if (drawn < 0.02) return [{ type: 'drop', slot }]
  if (drawn < 0.05) return reconnection(random, slot, root)
  if (drawn < 0.07) return quota(random, slot, root)
  if (drawn < 0.15) return burst(random, slot, root)
  if (drawn < 0.18) return [{ type: 'ask', slot, record: randomAuth(random) }]
  if (drawn < 0.2) return [oddRequest(random, slot)]
  if (drawn < 0.203) {
    const length = random.pick([-1, 2 ** 20, 2 ** 31 - 1])
    return [{ type: 'ask', slot, record: randomRecord(random, root), damage: { length } }]
  }
  if (drawn < 0.23) {
    const record = randomRecord(random, root)
    return [
      {
        type: 'ask',
        slot,
        record,
        damage: damage(random, 'acl' in record || record.op === 'multi'),
      },
    ]
  }
  return [{ type: 'ask', slot, record: randomRecord(random, root) }]
}

function burst(random: Random, slot: number, root: string): Action[] {
  const count = random.integer(2, 12)
  return Array.from({ length: count }, (_, index) => {
    const held = index < count - 1
    const drawn = randomRecord(random, root, true)
    // A list that is on its way does not guard anything yet in ZooKeeper.
    const record: Record = drawn.op === 'setAcl' ? { op: 'getAcl', path: drawn.path } : drawn
    return { type: 'ask', slot, record, held }
  })
}

/** A client comes back, as one should or as an impostor would, and mostly says what it watched. */
function reconnection(random: Random, slot: number, root: string): Action[] {
  const greeting: Greeting = {
    timeoutMs: random.pick([40_000, 40_000, 30_000, 60_000, 1_000_000, 59_999]),
    readOnly: random.pick([false, false, true, null]),
    protocolVersion: random.pick([0, 0, 0, 1, -1]),
    wrong: random.chance(0.3) ? random.pick(['password', 'session', 'zxid'] as const) : undefined,
  }
  const connect: Action = { type: 'connect', slot, greeting }
  // ZooKeeper cuts the connection that there is before it asks who wants it.
  const drops = greeting.wrong === 'password' || random.chance(0.5)
  const actions: Action[] = drops ? [{ type: 'drop', slot }] : []
  if (random.chance(0.5)) {
    const other = (slot + 1) % slots
    actions.push({ type: 'ask', slot: other, record: randomRecord(random, root) })
  }
  actions.push(connect)
  if (random.chance(0.7)) actions.push({ type: 'ask', slot, record: watchesAgain(random, root) })
  return actions
}

function watchesAgain(random: Random, root: string): Record {
  return {
    op: random.pick(['setWatches', 'setWatches2', 'setWatches2']),
    since: random.pick(['nothing', 'seen', 'seen', 'seen', 'all']),
    data: randomPaths(random, root),
    exist: randomPaths(random, root),
    child: randomPaths(random, root),
    persistent: randomPaths(random, root),
    recursive: randomPaths(random, root),
  }
}

/** What no client sends: opcodes that there are not, or that are no client's. */
function oddRequest(random: Random, slot: number): Action {
  const opcode = random.pick([-1, 0, 10, 23, 99, 108, 1_000, -2])
  const extra = random.pick(['', '00000000', 'ffffffff00000001'])
  return { type: 'ask', slot, record: { op: 'other', opcode }, damage: { extra } }
}

/** A list is not changed: it could allow what cannot be allowed. */
function damage(random: Random, hasList: boolean): Damage {
  const drawn = random.unit()
  if (drawn < 0.4) {
    // Not even the header may be left.
    return { cut: random.unit() }
  }
  if (drawn < 0.8 && !hasList)
    return { change: { at: random.unit(), byte: random.pick([0, 1, 127, 128, 255]) } }
  return { extra: random.pick(['00', '00000001', 'ffffffffffffffff']) }
}

/** As clients set and delete quotas: znodes, one after the other. */
function quota(random: Random, slot: number, root: string): Action[] {
  const path = `/zookeeper/quota${root}/a`
  const asks = (records: readonly Record[]): Action[] =>
    records.map((record) => ({ type: 'ask', slot, record }))
  if (random.chance(0.4)) {
    return asks([
      { op: 'delete', path: `${path}/zookeeper_limits`, version: -1 },
      { op: 'delete', path: `${path}/zookeeper_stats`, version: -1 },
    ])
  }
  const limits = random.pick([
    'count=2,bytes=-1',
    'count=-1,bytes=10',
    'count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=4',
    'count=1,bytes=-1=;byteHardLimit=-1;countHardLimit=6',
  ])
  const create = (at: string, data: Data): Record => ({ ...plainCreate(at), data }) as Record
  return asks([
    create(`/zookeeper/quota${root}`, ''),
    create(path, ''),
    create(`${path}/zookeeper_limits`, limits),
    create(`${path}/zookeeper_stats`, 'count=0,bytes=0'),
    { op: 'getData', path: `${path}/zookeeper_stats`, watch: false },
  ])
}

function randomData(random: Random): Data {
  return random.pick([null, '', 'x', 'some', 'ünïcode', 'y'.repeat(random.integer(1, 300))])
}

function randomVersion(random: Random): number {
  return random.pick([-1, -1, -1, -1, 0, 0, 1, 2, 3, -2, 2 ** 31 - 1])
}

const writes = ['create', 'delete', 'setData', 'setAcl', 'multi'] as const
const reads = ['exists', 'getData', 'getAcl', 'getChildren', 'getChildren2', 'multiRead'] as const
const watchings = ['addWatch', 'checkWatches', 'removeWatches', 'setWatches'] as const
const rarer = ['sync', 'ping', 'getEphemerals', 'getAllChildrenNumber', 'whoAmI'] as const
const rarest = ['check', 'reconfig', 'closeSession'] as const

/** `isMore` says that more is sent before it is answered: then it ends no connection. */
function randomRecord(random: Random, root: string, isMore = false): Record {
  const drawn = random.unit() * (isMore ? 0.99 : 1)
  if (drawn < 0.5) return write(random, root, random.pick(writes))
  if (drawn < 0.8) return read(random, root, random.pick(reads))
  if (drawn < 0.9) return watching(random, root, random.pick(watchings))
  if (drawn < 0.99) return rare(random, root, random.pick(rarer))
  return rare(random, root, random.pick(rarest))
}

function write(random: Random, root: string, op: (typeof writes)[number]): Record {
  switch (op) {
    case 'create':
      return create(random, root)
    case 'delete':
      return { op, path: randomPath(random, root), version: randomVersion(random) }
    case 'setData':
      return {
        op,
        path: randomPath(random, root),
        data: randomData(random),
        version: randomVersion(random),
      }
    case 'setAcl':
      return {
        op,
        path: randomPath(random, root),
        acl: randomAcl(random),
        version: randomVersion(random),
      }
    case 'multi':
      return { op, parts: parts(random, () => named(multiPart(random, root))) }
  }
}

function create(random: Random, root: string): Record {
  const fields = {
    path: randomPath(random, root, true),
    data: randomData(random),
    acl: randomAcl(random),
  }
  const drawn = random.unit()
  if (drawn < 0.75) {
    const flags = random.pick([0, 0, 0, 1, 1, 2, 3, 3, 4, 5, 7, -1])
    const path = flags > 4 || flags < 0 ? (fields.path ?? '') : fields.path
    return { op: random.pick(['create', 'create2']), ...fields, path, flags }
  }
  if (drawn < 0.85) return { op: 'createContainer', ...fields, flags: random.pick([4, 4, 4, 0, 2]) }
  const flags = random.pick([5, 6, 5, 6, 0, 1, 4])
  const ttlMs = random.pick([1_000_000, 2 ** 39, 2 ** 40 - 1, 2 ** 40, 0, -1])
  // A TTL below 0 where there is to be none is the end of ZooKeeper's server.
  const path = fields.path ?? ''
  return { op: 'createTtl', ...fields, path, flags, ttlMs: flags < 5 ? Math.max(0, ttlMs) : ttlMs }
}

function parts(random: Random, draw: () => Record): Record[] {
  return Array.from({ length: random.integer(0, 5) }, draw)
}

function multiPart(random: Random, root: string): Record {
  const drawn = random.unit()
  // Mostly what succeeds, or nothing of it would.
  if (drawn < 0.4) return { ...create(random, root), acl: plainAcl } as Record
  if (drawn < 0.55) return write(random, root, 'delete')
  if (drawn < 0.75) return write(random, root, 'setData')
  if (drawn < 0.97) {
    return { op: 'check', path: randomPath(random, root), version: randomVersion(random) }
  }
  return read(random, root, 'getData')
}

/** A part without a path is met by ZooKeeper only if those before it succeed; it is not asked. */
function named(part: Record): Record {
  return 'path' in part && part.path === null ? { ...part, path: '' } : part
}

const plainAcl = [{ permissions: 31, scheme: 'world', id: 'anyone' }]

function read(random: Random, root: string, op: (typeof reads)[number]): Record {
  switch (op) {
    case 'getAcl':
      return { op, path: readingPath(random, root) }
    case 'multiRead':
      return {
        op,
        parts: parts(random, () =>
          random.chance(0.97)
            ? named(read(random, root, random.pick(['getData', 'getChildren'])))
            : read(random, root, 'exists'),
        ),
      }
    default:
      return { op, path: readingPath(random, root), watch: random.chance(0.5) }
  }
}

function watching(random: Random, root: string, op: (typeof watchings)[number]): Record {
  switch (op) {
    case 'addWatch':
      return { op, path: readingPath(random, root), mode: random.pick([0, 1, 0, 1, 2, -1]) }
    case 'checkWatches':
    case 'removeWatches':
      return {
        op,
        path: readingPath(random, root),
        watcherType: random.pick([1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 0, 6]),
      }
    case 'setWatches':
      return watchesAgain(random, root)
  }
}

function rare(
  random: Random,
  root: string,
  op: (typeof rarer)[number] | (typeof rarest)[number],
): Record {
  switch (op) {
    case 'sync':
      return { op, path: readingPath(random, root) }
    case 'getAllChildrenNumber':
      // Of the empty path, ZooKeeper counts the root as well.
      return { op, path: readingPath(random, root) || root }
    case 'getEphemerals':
      return { op, path: random.pick([null, '', '/', root, `${root}/a`, 'x', `${root}/a/`]) }
    case 'check':
      return { op, path: randomPath(random, root), version: randomVersion(random) }
    case 'reconfig':
      return { op, members: random.pick([null, 'server.1=127.0.0.1:1:2;3']) }
    default:
      return { op }
  }
}

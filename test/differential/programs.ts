/** Random programs: over few short names, so that what they ask for meets, collides and fails in every way. */
import fc from 'fast-check'
import type { AclEntry, CreateMode, Identity } from '@conclave/core/internal'
import type { Command, Program, Step, Write } from './program.ts'

const name = fc.constantFrom('a', 'a', 'a', 'b', 'b', 'c')
/** What a sequential create makes of them. */
const numbered = fc.constantFrom('a0000000000', 'a0000000001', 'a0000000002', 'b0000000001')
const usualPath = fc
  .oneof(
    { weight: 12, arbitrary: fc.tuple(name) },
    { weight: 6, arbitrary: fc.tuple(name, name) },
    { weight: 1, arbitrary: fc.tuple(name, name, name) },
    { weight: 2, arbitrary: fc.tuple(numbered) },
    { weight: 1, arbitrary: fc.tuple(name, numbered) },
  )
  .map((names) => `/${names.join('/')}`)
const systemPath = fc.constantFrom(
  '/',
  '/zookeeper',
  '/zookeeper/config',
  '/zookeeper/quota',
  '/zookeeper/a',
)
const illegalPath = fc.constantFrom(
  ...['', 'a', 'a/b', '/a/', '/a//b', '//', '/.', '/a/..', '/a/./b', '/q/.', '/a/\u0001'],
  ...['/a/\0', '\0', '/b\0/a', '/a/\u0085', '/a/\ud800', '/a/\ue000', '/a/\ufff0', '/a/\uf900'],
)
const longPath = fc.constantFrom(40, 41, 35).map((length) => '/a/'.padEnd(length, '123456789'))

const path = fc.oneof(
  { weight: 32, arbitrary: usualPath },
  { weight: 2, arbitrary: systemPath },
  { weight: 2, arbitrary: illegalPath },
  { weight: 1, arbitrary: longPath },
)
/** What may be watched or read: paths only. */
const legalPath = fc.oneof(
  { weight: 12, arbitrary: usualPath },
  { weight: 2, arbitrary: systemPath },
)

const data = fc.oneof(
  { weight: 18, arbitrary: fc.constantFrom(null, '', 'x', 'xy', 'xyz') },
  { weight: 3, arbitrary: fc.constant('x'.repeat(25)) },
  { weight: 1, arbitrary: fc.constant('x'.repeat(26)) },
)
const version = fc.oneof(
  { weight: 8, arbitrary: fc.constant(-1) },
  { weight: 6, arbitrary: fc.constantFrom(0, 0, 1, 2, 3) },
  { weight: 1, arbitrary: fc.constantFrom(-2, 2147483647, -2147483648) },
)
const often = fc.constantFrom(true, false, false)

const identity: fc.Arbitrary<Identity> = fc.constantFrom(
  { scheme: 'digest', id: 'one:1x' },
  { scheme: 'digest', id: 'two:2x' },
  { scheme: 'ip', id: '127.0.0.1' },
  { scheme: 'ip', id: '10.1.2.3' },
  { scheme: 'ip', id: '10.1.4.3' },
  { scheme: 'ip', id: '2001:db8::1' },
  { scheme: 'ip', id: '2001:db9::1' },
  { scheme: 'x509', id: 'CN=x' },
  { scheme: 'super', id: '' },
)
const identities = fc.array(identity, { maxLength: 2, size: 'max' })

/** Whom a list can name, and whom none can. */
const named = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.constantFrom<Identity>(
      { scheme: 'world', id: 'anyone' },
      { scheme: 'world', id: 'anyone' },
      { scheme: 'world', id: 'anyone' },
      { scheme: 'auth', id: '' },
      { scheme: 'digest', id: 'one:1x' },
      { scheme: 'digest', id: 'two:2x' },
      { scheme: 'ip', id: '127.0.0.0/8' },
      { scheme: 'ip', id: '10.1.2.3' },
      { scheme: 'ip', id: '10.1.2.0/23' },
      { scheme: 'ip', id: '2001:db8::/32' },
      { scheme: 'x509', id: 'CN=x' },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Identity>(
      { scheme: 'world', id: 'me' },
      { scheme: 'super', id: '' },
      { scheme: 'sasl', id: 'x' },
      { scheme: 'digest', id: 'x' },
      { scheme: 'digest', id: 'x:y:z' },
      { scheme: 'digest', id: 'x:' },
      { scheme: 'digest', id: ':x' },
      { scheme: 'digest', id: 'x:y:' },
      { scheme: 'ip', id: '10.0.0.0/33' },
      { scheme: 'ip', id: '0.0.0.0/0' },
      { scheme: 'ip', id: '300.0.0.1' },
      { scheme: 'ip', id: '2001:db8' },
    ),
  },
)
const entry: fc.Arbitrary<AclEntry> = fc
  .tuple(fc.constantFrom(31, 31, 31, 1, 2, 4, 8, 16, 15, 27, 3, 0), named)
  .map(([permissions, who]) => ({ permissions, ...who }))
/** Somebody's own, which others may read or add to: what applications mostly want. */
const owned = fc
  .tuple(
    fc.constantFrom({ scheme: 'auth', id: '' }, { scheme: 'digest', id: 'one:1x' }),
    fc.constantFrom(1, 5),
  )
  .map(([owner, others]): AclEntry[] => [
    { permissions: 31, ...owner },
    { permissions: others, scheme: 'world', id: 'anyone' },
  ])
const acl: fc.Arbitrary<AclEntry[]> = fc.oneof(
  { weight: 10, arbitrary: owned },
  { weight: 20, arbitrary: fc.array(entry, { minLength: 1, maxLength: 3, size: 'max' }) },
  { weight: 1, arbitrary: fc.constant<AclEntry[]>([]) },
)
/** Mostly the open one. */
const maybeAcl = fc.oneof(
  { weight: 2, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: acl },
)

const mode: fc.Arbitrary<CreateMode> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom('persistent', 'persistent', 'ephemeral', 'container'),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(1, 500, 2_000).map((ttlMs) => ({ ttlMs })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0, -1, 1.5, 2 ** 40 - 1, 2 ** 40).map((ttlMs) => ({ ttlMs })),
  },
)

const createStep = fc.record({
  type: fc.constant('create' as const),
  path,
  data,
  mode,
  sequential: often,
  acl: maybeAcl,
})
const setStep = fc.record({ type: fc.constant('set' as const), path, data, version })
const deleteStep = fc.record({ type: fc.constant('delete' as const), path, version })
const checkStep = fc.record({ type: fc.constant('check' as const), path, version })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: createStep },
  { weight: 2, arbitrary: setStep },
  { weight: 3, arbitrary: deleteStep },
  { weight: 2, arbitrary: checkStep },
)

/** What quotas are made of, and what else has its name. */
const quotaPath = fc
  .tuple(
    fc.constantFrom('/a', '/a', '/b', '/a/a', '/zookeeper', ''),
    fc.constantFrom('/zookeeper_limits', '/zookeeper_limits', '/zookeeper_stats'),
  )
  .map(([of, part]) => `/zookeeper/quota${of}${part}`)
const quotaText = fc.constantFrom(
  ...['countHardLimit=1', 'countHardLimit=2', 'countHardLimit=3', 'byteHardLimit=3'],
  ...['byteHardLimit=30', 'bytes=9=;byteHardLimit=0', 'count=1,bytes=1', 'countHardLimit=-1'],
  ...['countHardLimit=x', '=;,', ''],
)
const quotaWrite: fc.Arbitrary<Write> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('create' as const),
      path: quotaPath,
      data: quotaText,
      mode: fc.constant('persistent' as const),
      sequential: fc.constant(false),
      acl: fc.constant(null),
      parents: fc.constant(true),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('set' as const),
      path: quotaPath,
      data: quotaText,
      version,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('delete' as const),
      path: fc.oneof(quotaPath, fc.constantFrom('/zookeeper/quota/a', '/zookeeper/quota/b')),
      version: fc.constant(-1),
      recursive: fc.boolean(),
    }),
  },
)

const write: fc.Arbitrary<Write> = fc.oneof(
  { weight: 3, arbitrary: quotaWrite },
  {
    weight: 12,
    arbitrary: fc.tuple(createStep, often).map(([one, parents]) => ({ ...one, parents })),
  },
  { weight: 5, arbitrary: setStep },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('set-acl' as const), path, acl, version }),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(deleteStep, often).map(([one, recursive]) => ({ ...one, recursive })),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('transaction' as const),
      operations: fc.array(step, { maxLength: 5, size: 'max' }),
    }),
  },
)
/** The end of a session ends most that a program can do: not too often. */
const anyWrite: fc.Arbitrary<Write> = fc.oneof(
  { weight: 60, arbitrary: write },
  { weight: 1, arbitrary: fc.constant({ type: 'close-session' }) },
)

/** One of the living, now and then of all. */
const who = fc.oneof(
  { weight: 20, arbitrary: fc.record({ of: fc.constant('living' as const), newest: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ of: fc.constant('all' as const), newest: fc.nat(4) }) },
)
const depth = fc.constantFrom('node' as const, 'children' as const, 'subtree' as const)
const zkMode = fc.constantFrom(
  ...(['data', 'data', 'child', 'child', 'persistent', 'recursive'] as const),
)
const zkType = fc.constantFrom(...(['data', 'child', 'persistent', 'recursive', 'any'] as const))

function command<Type extends Command['type'], Rest extends object>(
  type: Type,
  rest: { [Key in keyof Rest]: fc.Arbitrary<Rest[Key]> },
): fc.Arbitrary<{ type: Type } & Rest> {
  return fc.record(rest).map((made) => ({ type, ...(made as Rest) }))
}

const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 30,
    arbitrary: command('ask', {
      writes: fc.array(fc.record({ who, write: anyWrite }), {
        minLength: 1,
        maxLength: 4,
        size: 'max',
      }),
    }),
  },
  { weight: 20, arbitrary: command('commit', { appends: fc.constantFrom(1, 3, 9, 9) }) },
  {
    weight: 10,
    arbitrary: command('read', {
      who,
      read: fc.constantFrom('get', 'find', 'exists', 'children', 'acl', 'acl'),
      path: legalPath,
    }),
  },
  { weight: 2, arbitrary: command('scan', { path: legalPath, depth }) },
  { weight: 2, arbitrary: command('scan-on', { count: fc.constantFrom(1, 2, 99) }) },
  { weight: 5, arbitrary: command('watch', { who, path: legalPath, depth }) },
  { weight: 1, arbitrary: command('unwatch', { who, watch: fc.nat(4) }) },
  {
    weight: 5,
    arbitrary: command('pass', {
      ms: fc.constantFrom(1, 250, 1_100, 3_000),
      shiftMs: fc.constantFrom(0, 0, 0, 10, 2_000, -2_000),
    }),
  },
  {
    weight: 2,
    arbitrary: command('open', { timeoutMs: fc.constantFrom(1_000, 4_000), identities }),
  },
  { weight: 3, arbitrary: command('authenticate', { who, identities }) },
  { weight: 1, arbitrary: command('sync', { who }) },
  { weight: 1, arbitrary: fc.constant({ type: 'abort' as const }) },
  { weight: 1, arbitrary: command('abandon', { who }) },
  { weight: 6, arbitrary: command('zk-watch', { who, path: legalPath, mode: zkMode }) },
  { weight: 1, arbitrary: command('zk-check', { who, path: legalPath, of: zkType }) },
  { weight: 1, arbitrary: command('zk-unwatch', { who, path: legalPath, of: zkType }) },
  {
    weight: 3,
    arbitrary: command('zk-restore', {
      who,
      ago: fc.nat(4),
      watched: fc.array(
        fc.record({
          as: fc.constantFrom('data', 'exist', 'child', 'persistent', 'recursive'),
          path: legalPath,
        }),
        { maxLength: 4, size: 'max' },
      ),
    }),
  },
)

/** Both znodes of a quota, by the newest session. */
const quota: fc.Arbitrary<Command[]> = fc
  .tuple(fc.constantFrom('/a', '/a', '/b'), quotaText)
  .map(([of, text]) => {
    const made = { type: 'create', mode: 'persistent', sequential: false, acl: null } as const
    const path = `/zookeeper/quota${of}`
    const writes = [
      { ...made, path: `${path}/zookeeper_limits`, data: text, parents: true },
      { ...made, path: `${path}/zookeeper_stats`, data: '', parents: true },
    ]
    return [
      {
        type: 'ask',
        writes: writes.map((one) => ({ who: { of: 'living', newest: 0 }, write: one })),
      },
    ]
  })

/** A third of them begin with a quota. */
const beginning: fc.Arbitrary<Command[]> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Command[]>([]) },
  { weight: 1, arbitrary: quota },
)

const commands = fc
  .tuple(beginning, fc.array(anyCommand, { maxLength: 60, size: 'max' }))
  .map(([first, rest]) => [...first, ...rest])

export const program: fc.Arbitrary<Program> = fc.record({
  peer: fc.constantFrom('new', 'new', 'new', 'worn'),
  pagesAhead: fc.constantFrom(1, 1, 4, 64),
  sessions: fc.array(identities, { minLength: 1, maxLength: 3, size: 'max' }),
  commands,
})

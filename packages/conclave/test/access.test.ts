import { ensemble, type TestEnsemble } from 'conclave/testing'
import { describe, expect, test } from 'vitest'
import { rejectionOf } from './scripted-host.ts'

const everything = { permissions: 'rwcda' }
const world = { scheme: 'world', id: 'anyone' }

/** Two sessions on different peers, the first of them authenticated. */
async function twoSessions(group: TestEnsemble) {
  const owner = await group.peer(1).session()
  await owner.authenticate('digest', 'ann:secret')
  const other = await group.peer(2).session()
  return { owner, other }
}

describe('a list of access', { timeout: 30_000 }, () => {
  test('lets its own in, on every peer, and nobody else: each operation by its permission', async () => {
    await using group = await ensemble()
    const { owner, other } = await twoSessions(group)
    const mine = [{ ...everything, scheme: 'auth', id: '' }]
    await owner.create('/mine', 'x', { acl: mine })
    await owner.create('/mine/child', 'x', { acl: mine })
    await other.sync()

    for (const refused of [
      other.get('/mine'),
      other.exists('/mine'),
      other.children('/mine'),
      other.getAcl('/mine'),
      other.set('/mine', 'y'),
      other.create('/mine/other'),
      other.create('/mine/far/away', '', { parents: true }),
      other.delete('/mine/child'),
      other.delete('/mine', { recursive: true }),
      other.setAcl('/mine', [{ ...everything, ...world }]),
      other.txn().check('/mine', 0).commit(),
      other.scan('/mine').next(),
    ]) {
      expect(await rejectionOf(refused)).toMatchObject({ code: 'NO_AUTH', outcome: 'not-applied' })
    }
    expect(() => other.peek('/mine')).toThrow(expect.objectContaining({ code: 'NO_AUTH' }))
    await other.authenticate('digest', 'ann:secret')
    await other.set('/mine', 'y')
    await other.delete('/mine', { recursive: true })
  })

  test('is settled when it is given, shown, masked, and changed by version', async () => {
    await using group = await ensemble()
    const { owner, other } = await twoSessions(group)
    const hash = 'ann:Xy9aJDZ4bXoT4nbDtqo0eVFtCpE='
    const reader = { permissions: 'r', ...world }
    await owner.create('/a', '', { acl: [{ permissions: 'all', scheme: 'auth', id: '' }, reader] })
    await other.sync()

    const { acl, stat } = await owner.getAcl('/a')
    expect(acl.map(({ permissions, scheme }) => `${permissions} ${scheme}`)).toEqual([
      'rwcda digest',
      'r world',
    ])
    expect(acl[0]?.id.startsWith('ann:')).toBe(true)
    expect(acl[0]?.id.length).toBe(hash.length)
    expect((await other.getAcl('/a')).acl[0]?.id).toBe('ann:x')
    expect(stat.aversion).toBe(0)

    const changed = await owner.setAcl('/a', [reader, ...acl], { version: 0 })
    expect(changed.aversion).toBe(1)
    expect(changed.version).toBe(0)
    expect(await rejectionOf(owner.setAcl('/a', acl, { version: 0 }))).toMatchObject({
      code: 'BAD_VERSION',
    })
  })

  test('is not inherited, and missing ancestors get the one that was given', async () => {
    await using group = await ensemble()
    const { owner, other } = await twoSessions(group)
    const acl = [
      { permissions: 'all', scheme: 'auth', id: '' },
      { permissions: 'c', ...world },
    ]
    await owner.create('/a/b', '', { acl, parents: true })
    await other.create('/a/b/c')

    expect((await other.get('/a/b/c')).stat.aversion).toBe(0)
    expect(await rejectionOf(other.get('/a'))).toMatchObject({ code: 'NO_AUTH' })
    expect(await rejectionOf(other.delete('/a/b/c'))).toMatchObject({ code: 'NO_AUTH' })
  })

  test('W9: keeps its watches quiet for who may not read', async () => {
    await using group = await ensemble()
    const { owner, other } = await twoSessions(group)
    await owner.create('/seen')
    await other.sync()
    await using watch = other.watch('/', { depth: 'subtree', initial: true })
    await owner.create('/mine', '1', { acl: [{ permissions: 'all', scheme: 'auth', id: '' }] })
    await owner.set('/mine', '2')
    await owner.set('/seen', '1')

    const paths: string[] = []
    for await (const change of watch) {
      if (change.type !== 'gap') paths.push(`${change.type} ${change.path}`)
      if (paths.at(-1) === 'changed /seen') break
    }
    expect(paths.filter((path) => path.includes('/mine'))).toEqual([])
  })

  test('lets everybody read the configuration, and nobody write it', async () => {
    await using group = await ensemble({ peers: 1 })
    const session = await group.peer(1).session()

    expect((await session.getAcl('/zookeeper/config')).acl).toEqual([
      { permissions: 'r', ...world },
    ])
    expect(await rejectionOf(session.set('/zookeeper/config', 'x'))).toMatchObject({
      code: 'NO_AUTH',
    })
  })

  test('forbids a superuser nothing', async () => {
    await using group = await ensemble()
    const { owner } = await twoSessions(group)
    const acl = [{ permissions: 'r', scheme: 'digest', id: 'nobody:hash' }]
    await owner.create('/locked', '', { acl })
    expect(await rejectionOf(owner.setAcl('/locked', acl))).toMatchObject({ code: 'NO_AUTH' })

    const root = await group.peer(3).session({ superuser: true })
    await root.setAcl('/locked', [{ permissions: 'all', ...world }])
    await owner.set('/locked', 'x')
  })

  test.each([
    ['nothing in it', [], 'INVALID_ACL'],
    ['auth of who has proved nothing', [{ ...everything, scheme: 'auth', id: '' }], 'INVALID_ACL'],
    ['an unknown scheme', [{ ...everything, scheme: 'kerberos', id: 'x' }], 'INVALID_ACL'],
    ['letters that are none', [{ permissions: 'rx', ...world }], 'BAD_ARGUMENT'],
    ['no letters', [{ permissions: '', ...world }], 'BAD_ARGUMENT'],
    ['no list', 'open' as never, 'BAD_ARGUMENT'],
    ['a line that is none', [7 as never], 'BAD_OPTION'],
  ])('with %s is refused', async (_, acl, code) => {
    await using group = await ensemble({ peers: 1 })
    const session = await group.peer(1).session()

    expect(await rejectionOf(session.create('/a', '', { acl }))).toMatchObject({ code })
    await session.create('/a')
  })
})

describe('authenticate', { timeout: 30_000 }, () => {
  test('refuses what proves nothing, and takes the same proof twice', async () => {
    await using group = await ensemble({ peers: 1 })
    const session = await group.peer(1).session()

    expect(await rejectionOf(session.authenticate('ip', '127.0.0.1'))).toMatchObject({
      code: 'AUTH_FAILED',
    })
    expect(await rejectionOf(session.authenticate('digest', 'ann'))).toMatchObject({
      code: 'BAD_ARGUMENT',
    })
    await session.authenticate('digest', 'ann:secret')
    await session.authenticate('digest', new TextEncoder().encode('ann:secret'))
    await session.create('/a', '', { acl: [{ ...everything, scheme: 'auth', id: '' }] })
    expect((await session.getAcl('/a')).acl).toHaveLength(1)
  })

  test('is bounded: so many identities, and so long', async () => {
    await using group = await ensemble({ peers: 1 })
    const session = await group.peer(1).session()
    for (let number = 0; number < 64; number += 1) {
      await session.authenticate('digest', `user${String(number)}:x`)
    }

    for (const proof of ['one-more:x', `ann:${'x'.repeat(5_000)}`]) {
      expect(await rejectionOf(session.authenticate('digest', proof))).toMatchObject({
        code: 'LIMIT_EXCEEDED',
      })
    }
    await session.authenticate('digest', 'user0:x')
  })

  test('the hash is the one that ZooKeeper makes of it', async () => {
    await using group = await ensemble({ peers: 1 })
    const session = await group.peer(1).session()
    await session.authenticate('digest', 'super:test')
    await session.create('/a', '', { acl: [{ ...everything, scheme: 'auth', id: '' }] })

    // As in ZooKeeper's own documentation of DigestAuthenticationProvider.
    expect((await session.getAcl('/a')).acl[0]?.id).toBe('super:D/InIHSb7yEEbrWz8b9l71RjZJU=')
  })
})

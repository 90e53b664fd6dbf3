/** Lists of access, proofs, quotas. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Backend } from './backend.ts'
import { placeOn, refusalOf, text, verdict } from './place.ts'

const everybody = { permissions: 'rwcda', scheme: 'world', id: 'anyone' }

export function accessSuite(backend: () => Backend): void {
  describe('access', () => {
    test('a list says who may do what, and is read with its stat', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      await one.create(`${root}/a`)
      expect(await one.getAcl(`${root}/a`)).toMatchObject({
        acl: [everybody],
        stat: { aversion: 0 },
      })
      const reading = [{ permissions: 'ra', scheme: 'world', id: 'anyone' }]
      const stat = await one.setAcl(`${root}/a`, reading, { version: 0 })
      expect(stat.aversion).toBe(1)

      const refused = await Promise.all([
        refusalOf(one.set(`${root}/a`, 'x')),
        refusalOf(one.create(`${root}/a/b`)),
        refusalOf(one.setAcl(`${root}/a`, reading, { version: 0 })),
        refusalOf(one.setAcl(`${root}/a`, [])),
        refusalOf(one.create(`${root}/b`, 'x', { acl: [{ ...everybody, scheme: 'nobody' }] })),
        refusalOf(one.create(`${root}/b`, 'x', { acl: [{ ...everybody, scheme: 'auth' }] })),
      ])
      expect(refused.map(verdict)).toEqual([
        'NO_AUTH, not-applied',
        'NO_AUTH, not-applied',
        'BAD_VERSION, not-applied',
        'INVALID_ACL, not-applied',
        'INVALID_ACL, not-applied',
        'INVALID_ACL, not-applied',
      ])
    })

    test('who proves to be whom a list names may do what others may not', async () => {
      const { root, session } = await placeOn(backend())
      const [owner, other] = await Promise.all([session(), session()])
      await owner.authenticate('digest', 'user:secret')
      const acl = [{ permissions: 'all', scheme: 'auth', id: '' }]
      await owner.create(`${root}/a`, 'x', { acl })
      const hash = createHash('sha1').update('user:secret').digest('base64')
      expect((await owner.getAcl(`${root}/a`)).acl).toEqual([
        { permissions: 'rwcda', scheme: 'digest', id: `user:${hash}` },
      ])
      await other.sync()
      expect(verdict(await refusalOf(other.get(`${root}/a`)))).toBe('NO_AUTH, not-applied')
      expect(verdict(await refusalOf(other.find(`${root}/a`)))).toBe('NO_AUTH, not-applied')
      await other.authenticate('digest', Buffer.from('user:secret'))

      expect(text((await other.get(`${root}/a`)).data)).toBe('x')
    })

    test('what proves nothing is refused, and the session goes on', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      const refused = await Promise.all([
        refusalOf(one.authenticate('digest', 'without a colon')),
        refusalOf(one.authenticate('digest', 7 as never)),
      ])
      expect(refused.map(verdict)).toEqual([
        'BAD_ARGUMENT, not-applied',
        'BAD_ARGUMENT, not-applied',
      ])
      expect(verdict(await refusalOf(one.authenticate('nothing', 'x')))).toBe(
        'AUTH_FAILED, not-applied',
      )
      await one.create(`${root}/a`)

      expect(one.state).toBe('connected')
    })

    test('a quota is set, read, counted and taken back', async () => {
      const { root, session } = await placeOn(backend())
      const one = await session()
      await one.create(`${root}/a`)
      expect(await one.getQuota(`${root}/a`)).toBeUndefined()
      await one.setQuota(`${root}/a`, { soft: { count: 5, bytes: 100 }, hard: { count: 7 } })
      await one.create(`${root}/a/b`, 'xyz')
      await one.sync()
      expect(await one.getQuota(`${root}/a`)).toEqual({
        soft: { count: 5, bytes: 100 },
        hard: { count: 7 },
        used: { count: 2, bytes: 3 },
      })
      const refused = await Promise.all([
        refusalOf(one.setQuota(`${root}/a/b`, { soft: { count: 1 } })),
        refusalOf(one.setQuota(root, { soft: { count: 1 } })),
        refusalOf(one.setQuota('/', { soft: { count: 1 } })),
      ])
      expect(refused.map(verdict)).toEqual(Array(3).fill('BAD_ARGUMENT, not-applied'))
      await one.setQuota(`${root}/a`, {})

      expect(await one.getQuota(`${root}/a`)).toBeUndefined()
      expect(await one.exists(`/zookeeper/quota${root}`)).toBeUndefined()
    })
  })
}

import { describe, expect, test } from 'vitest'
import {
  addressesMatch,
  isAddressPattern,
  isAllowed,
  maskAcl,
  openAcl,
  permissions,
  settleAcl,
  type AclEntry,
  type Identity,
} from '../../src/internal.ts'

const ann: Identity = { scheme: 'digest', id: 'ann:hash' }
const bob: Identity = { scheme: 'digest', id: 'bob:hash' }
const here: Identity = { scheme: 'ip', id: '10.1.2.3' }
const root: Identity = { scheme: 'super', id: '' }
const { read, write, admin } = permissions

function entry(bits: number, { scheme, id }: Identity): AclEntry {
  return { permissions: bits, scheme, id }
}

describe('what a list allows', () => {
  test('the open list, everything to everybody', () => {
    expect(isAllowed(null, admin, [])).toBe(true)
    expect(isAllowed(openAcl, admin, [])).toBe(true)
  })

  test('what an entry names to whom it names, and nothing else', () => {
    const acl = [entry(read, ann), entry(write, bob)]

    expect(isAllowed(acl, read, [ann])).toBe(true)
    expect(isAllowed(acl, write, [ann])).toBe(false)
    expect(isAllowed(acl, write, [ann, bob])).toBe(true)
    expect(isAllowed(acl, read | admin, [ann])).toBe(true)
    expect(isAllowed(acl, read, [])).toBe(false)
    expect(isAllowed(acl, read, [{ scheme: 'x509', id: ann.id }])).toBe(false)
  })

  test('super, everything', () => {
    expect(isAllowed([entry(read, ann)], admin, [root])).toBe(true)
  })

  test('world:anyone names who has shown nothing', () => {
    expect(isAllowed([entry(read, { scheme: 'world', id: 'anyone' })], read, [])).toBe(true)
  })

  test('an address, to whoever comes from there', () => {
    const acl = [entry(read, { scheme: 'ip', id: '10.1.0.0/16' })]

    expect(isAllowed(acl, read, [here])).toBe(true)
    expect(isAllowed(acl, read, [{ scheme: 'ip', id: '10.2.0.1' }])).toBe(false)
  })
})

describe('what a list comes to', () => {
  test('repetitions are left out, and the open one is null', () => {
    expect(settleAcl([entry(read, ann), entry(read, ann)], [])).toEqual([entry(read, ann)])
    expect(settleAcl(openAcl, [])).toBeNull()
    expect(settleAcl([...openAcl, entry(read, ann)], [])).toEqual([...openAcl, entry(read, ann)])
  })

  test('auth is everything that was proved, whatever id it names; an address proves nothing', () => {
    const asked = [entry(read, { scheme: 'auth', id: 'whatever' })]

    expect(settleAcl(asked, [ann, here, bob])).toEqual([entry(read, ann), entry(read, bob)])
    expect(settleAcl(asked, [here])).toBeUndefined()
    expect(settleAcl(asked, [root])).toBeUndefined()
    expect(settleAcl(asked, [])).toBeUndefined()
  })

  test.each([
    ['nothing', []],
    ['an unknown scheme', [entry(read, { scheme: 'sasl', id: 'x' })]],
    ['world, but not anyone', [entry(read, { scheme: 'world', id: 'someone' })]],
    ['a digest without a colon', [entry(read, { scheme: 'digest', id: 'ann' })]],
    ['a digest with two', [entry(read, { scheme: 'digest', id: 'a:b:c' })]],
    ['no address', [entry(read, { scheme: 'ip', id: 'localhost' })]],
    ['super', [entry(read, root)]],
    ['permissions that are none', [entry(32, ann)]],
  ])('%s is refused', (_, asked) => {
    expect(settleAcl(asked, [ann])).toBeUndefined()
  })

  test('who may not change it sees no hashes', () => {
    expect(maskAcl([entry(read, ann), entry(write, here)])).toEqual([
      entry(read, { scheme: 'digest', id: 'ann:x' }),
      entry(write, here),
    ])
    expect(maskAcl(null)).toEqual(openAcl)
  })
})

describe('addresses', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '10.0.0.2', false],
    ['10.0.0.0/8', '10.255.1.2', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.128.0.0/9', '10.129.0.0', true],
    ['10.128.0.0/9', '10.127.0.0', false],
    ['0.0.0.0/0', '1.2.3.4', true],
    ['::1', '0:0:0:0:0:0:0:1', true],
    ['fe80::/10', 'febf::1', true],
    ['fe80::/10', 'fec0::1', false],
    ['::/0', '10.0.0.1', false],
    ['::ffff:10.0.0.1', '::ffff:a00:1', true],
  ])('%s and %s: %s', (pattern, address, matches) => {
    expect(addressesMatch(pattern, address)).toBe(matches)
  })

  test.each(['', '1.2.3', '1.2.3.256', '1.2.3.4/33', '1.2.3.4/', '1.2.3.4/1/2', ':::', '1::2::3'])(
    '%j is none',
    (pattern) => {
      expect(isAddressPattern(pattern)).toBe(false)
    },
  )

  test.each(['1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', 'g::', '::/129', '1:2:3:4:5:6:7:8::'])(
    '%j is none either',
    (pattern) => {
      expect(isAddressPattern(pattern)).toBe(false)
    },
  )
})

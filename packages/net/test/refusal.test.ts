import { describe, expect, test } from 'vitest'
import {
  describeRefusal,
  refusalCodeOf,
  refusalCodes,
  RefusalLog,
  type RefusalCode,
} from '../src/refusal.ts'
import type { Refusal } from '../src/transport.ts'
import { FakeClock } from './fake-clock.ts'

const codes = Object.keys(refusalCodes) as RefusalCode[]

function refusal(code: RefusalCode, peer = 2): Refusal {
  return { code, by: 'us', peer, address: 'h:1', reason: 'because' }
}

describe('refusals in words', () => {
  test.each(codes)('%s names what, where and the mend, from either side', (code) => {
    for (const by of ['us', 'them'] as const) {
      const facts = { code, by, ownId: 3, peer: 2, ourVersions: { min: 1, max: 1 } } as const
      const words = describeRefusal({ ...facts, theirVersions: null }, '10.0.0.2:7000')

      expect(words).toMatch(/^(the address of )?peer 2 \(10\.0\.0\.2:7000\) [^;]+; [^;]+$/)
    }
  })

  test('a stranger has an address, and no number', () => {
    const facts = { code: 'NOT_A_PEER', by: 'us', ownId: 3, peer: 0 } as const
    const versions = { ourVersions: { min: 1, max: 1 }, theirVersions: null }

    expect(describeRefusal({ ...facts, ...versions }, '[::1]:9')).toMatch(
      /^\[::1\]:9 does not speak/,
    )
  })

  test('an address that another peer answers is told from both ends', () => {
    const facts = { code: 'WRONG_PEER', by: 'us', ownId: 3, peer: 2 } as const
    const versions = { ourVersions: { min: 1, max: 1 }, theirVersions: null }

    expect(describeRefusal({ ...facts, ...versions, answeredBy: 1 }, 'h:1')).toMatch(
      /the address of peer 2 \(h:1\) is answered by peer 1; correct the addresses/,
    )
    expect(describeRefusal({ ...facts, ...versions, takenFor: 1 }, 'h:1')).toMatch(
      /peer 2 \(h:1\) takes us for peer 1; correct the addresses/,
    )
  })

  test('numbers stand for one code each, unknown ones for one that says so', () => {
    expect(codes.map((code) => refusalCodeOf(refusalCodes[code]))).toEqual(codes)
    expect(refusalCodeOf(0)).toBe('UNKNOWN_REASON')
    expect(refusalCodeOf(200)).toBe('UNKNOWN_REASON')
  })
})

describe('the refusal log', () => {
  test('tells the same once a minute, another peer or code at once', () => {
    const clock = new FakeClock()
    const log = new RefusalLog(clock)

    expect(log.admits(refusal('STRANGER'))).toBe(true)
    clock.advance(59_999)
    expect(log.admits(refusal('STRANGER'))).toBe(false)
    expect(log.admits(refusal('STRANGER', 3))).toBe(true)
    expect(log.admits(refusal('WRONG_SECRET'))).toBe(true)
    clock.advance(1)
    expect(log.admits(refusal('STRANGER'))).toBe(true)
  })

  test('takes everything for news again when something may have been mended', () => {
    const log = new RefusalLog(new FakeClock())
    log.admits(refusal('STRANGER'))

    log.forget()

    expect(log.admits(refusal('STRANGER'))).toBe(true)
  })

  test('remembers a bounded number, the oldest goes first', () => {
    const log = new RefusalLog(new FakeClock())
    for (let peer = 0; peer < 257; peer += 1) log.admits(refusal('STRANGER', peer))

    expect(log.admits(refusal('STRANGER', 256))).toBe(false)
    expect(log.admits(refusal('STRANGER', 0))).toBe(true)
  })
})

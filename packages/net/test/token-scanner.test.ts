import fc from 'fast-check'
import { pack } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { ProtocolError } from '../src/protocol-error.ts'
import { scanTokens } from '../src/token-scanner.ts'

const scan = (...bytes: number[]) => {
  scanTokens(Uint8Array.from(bytes), 1_000)
}

describe('the token scanner', () => {
  test('lets every value pass that our messages are made of', () => {
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', maxDepth: 12 },
        fc.constant(null),
        fc.boolean(),
        fc.integer(),
        fc.maxSafeInteger(),
        fc.double(),
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.uint8Array({ maxLength: 300 }),
        fc.array(tie('value'), { maxLength: 20 }),
      ),
    }))
    fc.assert(
      fc.property(value, (one) => {
        expect(() => scanTokens(pack(one), 100_000)).not.toThrow()
      }),
    )
  })

  test.each([
    ['nothing at all', []],
    ['a map', [0x81, 1, 2]],
    ['a long map', [0xde, 0, 1, 1, 2]],
    ['a very long map', [0xdf, 0, 0, 0, 1, 1, 2]],
    ['a 32-bit float', [0xca, 0, 0, 0, 0]],
    ['an unsigned 64-bit integer', [0xcf, 0, 0, 0, 0, 0, 0, 0, 1]],
    ['a signed 64-bit integer', [0xd3, 0, 0, 0, 0, 0, 0, 0, 1]],
    ['the token that is never used', [0xc1]],
    ['an inline record definition', [0xd4, 0x72, 0x40]],
    ['a longer record definition', [0xd5, 0x72, 0x40, 0x41]],
    ['undefined', [0xd4, 0, 0]],
    ['an extension of 4 bytes', [0xd6, 0xff, 0, 0, 0, 0]],
    ['an extension of 8 bytes', [0xd7, 0x69, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['an extension of 16 bytes', [0xd8, 0x74, ...new Array<number>(16).fill(0)]],
    ['a regular expression', [0xc7, 2, 0x78, 0x61, 0x62]],
    ['a long bigint', [0xc8, 0, 2, 0x42, 1, 2]],
    ['a very long extension', [0xc9, 0, 0, 0, 1, 0x65, 0]],
    ['bytes behind the value', [1, 2]],
    ['a string cut short', [0xa3, 0x61]],
    ['bytes cut short', [0xc4, 9, 1]],
    ['a number cut short', [0xcd, 1]],
    ['a length cut short', [0xdb, 0, 0]],
    ['an array with too few elements', [0x93, 1, 2]],
    ['an array longer than its frame', [0xdd, 0xff, 0xff, 0xff, 0xff, 0]],
    ['bytes longer than their frame', [0xc6, 0xff, 0xff, 0xff, 0xff, 0]],
    ['a string that is not UTF-8', [0xa2, 0xc3, 0x28]],
    ['a lone surrogate in a string', [0xa3, 0xed, 0xa0, 0x80]],
  ])('refuses %s', (_, bytes) => {
    expect(() => scan(...bytes)).toThrow(ProtocolError)
  })

  test('refuses nesting beyond sixteen, without nesting itself', () => {
    const nested = (depth: number) => [...new Array<number>(depth).fill(0x91), 0x01]

    expect(() => scan(...nested(16))).not.toThrow()
    expect(() => scan(...nested(17))).toThrow(/nested too deeply/)
    expect(() => scanTokens(new Uint8Array(100_000).fill(0x91), 1e6)).toThrow(/nested too deeply/)
  })

  test('refuses more elements than the budget: a megabyte of nothing would become seventy', () => {
    const full = pack(new Array(999).fill(1))
    const over = pack(new Array(1_000).fill(1))

    expect(() => scanTokens(full, 1_000)).not.toThrow()
    expect(() => scanTokens(over, 1_000)).toThrow(/more than 1000 elements/)
  })

  test('names the place', () => {
    expect(() => scan(0x92, 1, 0x80)).toThrow(/token 0x80 at byte 3/)
  })
})

import { describe, expect, test } from 'vitest'
import { parseHistory, textOfData } from '../../src/histories/entry.ts'
import { create, set, Story, version } from './synthetic.ts'

describe('entries', () => {
  test('lines are a history, and a line that is none is named', () => {
    const { entries } = new Story()
      .ok('p', [0, 9], create('/a', '0'))
      .ok('p', [10, 19], set('/a', 'p'), version(1))
      .failed('q', [10, 19], set('/a', 'q', 7), 'BAD_VERSION')
      .unknown('q', 20, set('/a', 'q'))
    const lines = entries.map((entry) => JSON.stringify(entry))

    expect(parseHistory(lines.join('\n'))).toEqual(JSON.parse(JSON.stringify(entries)))
    expect(() => parseHistory(`${lines.join('\n')}\n{"type":"call"}`)).toThrow(/line 5 is no entry/)
  })

  test('data is text where it can be read, and equal only where the bytes are', () => {
    const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill)

    expect(textOfData(null)).toBeNull()
    expect(textOfData(bytes(3, 0x61))).toBe('aaa')
    expect(textOfData(bytes(2, 0xff))).toBe('0xffff')
    expect(textOfData(bytes(500, 0x61))).toMatch(/^a{16}\.\.\.500 bytes, [0-9a-f]+$/)
    expect(textOfData(bytes(500, 0x61))).not.toBe(textOfData(bytes(501, 0x61)))
  })
})

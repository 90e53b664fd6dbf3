import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addCounts,
  countFile,
  countsAreEqual,
  FileCounter,
  noCounts,
  type Counts,
} from '../../../examples/word-count/counting.ts'

const utf8 = new TextEncoder()

function countText(text: string): Counts {
  return countFile(utf8.encode(text))
}

/** The same, the slow and obvious way, with numbers of any size. */
function countNaively(content: Uint8Array): Counts {
  const text = Array.from(content, (byte) => String.fromCharCode(byte)).join('')
  const words = text.split(/[\t\n\v\f\r ]+/).filter((word) => word !== '')
  let hashSum = 0n
  for (const word of words) {
    let hash = 0x811c9dc5n
    for (const letter of word) {
      hash = ((hash ^ BigInt(letter.charCodeAt(0))) * 0x01000193n) & 0xffffffffn
    }
    hashSum = (hashSum + hash) % 2n ** 53n
  }
  return { files: 1, bytes: content.length, words: words.length, hashSum: Number(hashSum) }
}

/** Bytes in which words and the spaces between them are about as frequent. */
const content = fc
  .array(fc.oneof(fc.constantFrom(0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20), fc.nat(255)))
  .map((bytes) => Uint8Array.from(bytes))

describe('counting', () => {
  test('a word is a maximal run of bytes that are not ASCII whitespace', () => {
    expect(countText('one two').words).toBe(2)
    expect(countText('  one\t\r\n\v\ftwo \n').words).toBe(2)
    expect(countText(' \n').words).toBe(0)
    expect(countText('a\u00a0b').words).toBe(1)
  })

  test('an empty file is a file', () => {
    expect(countText('')).toEqual({ files: 1, bytes: 0, words: 0, hashSum: 0 })
  })

  test('a word hashes as FNV-1a says', () => {
    expect(countText('a').hashSum).toBe(0xe40c292c)
    expect(countText('foobar').hashSum).toBe(0xbf9cf968)
  })

  test('other words have another sum, the same words in another order do not', () => {
    expect(countText('one two').hashSum).not.toBe(countText('one too').hashSum)
    expect(countText('one two').hashSum).toBe(countText('two one').hashSum)
  })

  test('any bytes are counted as the obvious way counts them', () => {
    fc.assert(
      fc.property(content, (bytes) => {
        expect(countFile(bytes)).toEqual(countNaively(bytes))
      }),
    )
  })

  test('it does not matter in which chunks a file is given', () => {
    fc.assert(
      fc.property(content, fc.array(fc.nat(20)), (bytes, sizes) => {
        const counter = new FileCounter()
        let at = 0
        for (const size of sizes) {
          counter.add(bytes.subarray(at, at + size))
          at += size
        }
        counter.add(bytes.subarray(at))

        expect(counter.finish()).toEqual(countFile(bytes))
      }),
    )
  })
})

/** Counts with sums anywhere below 2^53, the edges often. */
const counts = fc.record({
  files: fc.nat(),
  bytes: fc.nat(),
  words: fc.nat(),
  hashSum: fc.maxSafeInteger().filter((sum) => sum >= 0),
})

describe('sums of counts', () => {
  test('hashes are added modulo 2^53, exactly', () => {
    fc.assert(
      fc.property(counts, counts, (a, b) => {
        const exact = (BigInt(a.hashSum) + BigInt(b.hashSum)) % 2n ** 53n

        expect(BigInt(addCounts(a, b).hashSum)).toBe(exact)
      }),
    )
    const largest = { ...noCounts, hashSum: 2 ** 53 - 1 }
    expect(addCounts(largest, { ...noCounts, hashSum: 1 }).hashSum).toBe(0)
    expect(addCounts(largest, largest).hashSum).toBe(2 ** 53 - 2)
  })

  test('the order in which counts are added does not matter', () => {
    fc.assert(
      fc.property(counts, counts, counts, (a, b, c) => {
        expect(addCounts(addCounts(a, b), c)).toEqual(addCounts(b, addCounts(c, a)))
        expect(addCounts(a, noCounts)).toEqual(a)
      }),
    )
  })

  test('counts that differ anywhere are not equal', () => {
    const some = { files: 1, bytes: 2, words: 3, hashSum: 4 }

    expect(countsAreEqual(some, { ...some })).toBe(true)
    for (const key of ['files', 'bytes', 'words', 'hashSum'] as const) {
      expect(countsAreEqual(some, { ...some, [key]: 0 })).toBe(false)
    }
  })
})

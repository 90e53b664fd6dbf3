import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JuteReader, JuteWriter, MalformedError } from '@conclave/zookeeper'
import { recordKinds, type RecordKind } from './arbitrary-records.ts'

function written({ write }: RecordKind, value: unknown): Buffer {
  const writer = new JuteWriter()
  writer.begin()
  write(writer, value)
  writer.end()
  return Buffer.from(writer.take().subarray(4))
}

/** What a record is read as; the reader may refuse it in one way only. */
function readOrRefuse({ read }: RecordKind, bytes: Buffer): unknown {
  const reader = new JuteReader()
  reader.reset(bytes)
  try {
    return read(reader)
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedError)
    return error
  }
}

describe.each(recordKinds)('$name', (kind) => {
  test('is read as it was written, to its last byte', () => {
    fc.assert(
      fc.property(kind.any, (value) => {
        const reader = new JuteReader()
        reader.reset(written(kind, value))

        expect(kind.read(reader)).toStrictEqual(value)
        expect(reader.remaining).toBe(0)
      }),
    )
  })

  test('whatever bytes come, is read or refused, and never read beyond its frame', () => {
    const change = fc.record({ at: fc.nat(), byte: fc.nat(255) })
    fc.assert(
      fc.property(
        kind.any,
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.nat(),
        (value, changes, cut) => {
          const bytes = written(kind, value)
          for (const { at, byte } of changes) {
            if (bytes.length > 0) bytes[at % bytes.length] = byte
          }
          readOrRefuse(kind, bytes.subarray(0, cut % (bytes.length + 1)))
          readOrRefuse(kind, bytes)
        },
      ),
    )
  })

  test('of bytes by chance, is read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        readOrRefuse(kind, Buffer.from(bytes))
      }),
    )
  })
})

/** Bytes made other ones: a few small changes, or a piece of something else. */
import type { Random } from '../faults/random.ts'

/** What numbers in frames are mistaken for: lengths, counts, ids. */
const numbers = [-1, 0, 1, -2, 2 ** 31 - 1, -(2 ** 31), 0xffff, 1_000_000]
const bytes = [0, 1, 0x2f, 0x7f, 0x80, 0xff]

/** A copy with one to four changes; `others` are what pieces are taken from. */
export function mutate(random: Random, payload: Buffer, others: readonly Buffer[]): Buffer {
  let changed = Buffer.from(payload)
  const count = random.integer(1, 4)
  for (let change = 0; change < count; change += 1) changed = changeOnce(random, changed, others)
  return changed
}

function changeOnce(
  random: Random,
  payload: Buffer<ArrayBuffer>,
  others: readonly Buffer[],
): Buffer<ArrayBuffer> {
  if (payload.length === 0) return Buffer.from([random.pick(bytes)])
  const at = random.integer(0, payload.length - 1)
  switch (random.integer(0, 6)) {
    case 0:
      payload[at] = random.pick(bytes)
      return payload
    case 1:
      payload[at] = (payload[at] ?? 0) ^ (1 << random.integer(0, 7))
      return payload
    case 2:
      if (payload.length >= 4) {
        const place = Math.min(payload.length - 4, at - (at % 4))
        payload.writeInt32BE(random.pick(numbers), place)
      }
      return payload
    case 3:
      return payload.subarray(0, at)
    case 4:
      return Buffer.concat([payload.subarray(0, at), payload.subarray(random.integer(0, at))])
    case 5: {
      const other = random.pick(others)
      return Buffer.concat([payload.subarray(0, at), other.subarray(Math.min(at, other.length))])
    }
    default: {
      const more = Buffer.alloc(random.integer(1, 16), random.pick(bytes))
      return Buffer.concat([payload.subarray(0, at), more, payload.subarray(at)])
    }
  }
}

/**
 * Copies of the data of znodes, for whoever takes some over: from a caller, or from a page that must
 * not be kept alive by a value in it.
 *
 * Small values share slabs. A buffer of its own costs a value of 100 bytes 600 bytes of memory and
 * 0.4 µs, its part of a slab 200 bytes, as a znode keeps it, and 0.1 µs. A slab lives as long as any value in it, so the
 * most that a value can keep alive is one slab: 1.5 KiB with all that belongs to it, when it is the
 * last one there.
 */

const slabBytes = 1_024
/** V8 keeps so many bytes within the object itself, which is cheaper than any buffer. */
export const maxInObjectBytes = 64
/** A value that would take up more of a slab gets its own buffer. */
const maxSharingBytes = slabBytes / 4

let slab = new ArrayBuffer(slabBytes)
let slabUsed = 0

/** The same bytes, or those between two offsets, in other memory, which nobody will write to. */
export function copyOfData(bytes: Uint8Array, start = 0, end = bytes.length): Uint8Array {
  const length = end - start
  const copy =
    length <= maxInObjectBytes || length > maxSharingBytes
      ? new Uint8Array(length)
      : partOfSlab(length)
  copy.set(length === bytes.length ? bytes : bytes.subarray(start, end))
  return copy
}

function partOfSlab(length: number): Uint8Array {
  if (slabUsed + length > slabBytes) {
    slab = new ArrayBuffer(slabBytes)
    slabUsed = 0
  }
  const part = new Uint8Array(slab, slabUsed, length)
  slabUsed += length
  return part
}

/**
 * 64 bits, signed: a number wherever a number is exact, otherwise a bigint. Each value has one form
 * only, so that `===` compares them, and `<` too. Zxids and sessions of Conclave are always numbers;
 * those of Apache ZooKeeper need not be.
 */
export type Long = number | bigint

/** The one form of a 64-bit integer. */
export function longOf(value: bigint): Long {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

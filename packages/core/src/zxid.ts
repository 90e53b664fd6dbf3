/**
 * The zxid: the place of a txn in the one order that all peers agree on.
 *
 * A branded safe-integer number, `epoch * 2^32 + counter`, ordered by `<` and usable as a Map key.
 * Arithmetic stays in this file: a counter never carries into the epoch, and bitwise operators,
 * which cut to 32 bits, never touch a zxid. 64-bit forms exist only at the ZooKeeper boundary and
 * in fencing tokens.
 *
 * Deviation: the epoch has 21 bits, not 32, so that a zxid is a safe integer (ADR 0002).
 * Invariant Z16: neither the epoch nor the counter ever overflows; both are checked here.
 */
import { assert } from './assert.ts'

declare const zxidBrand: unique symbol
export type Zxid = number & { readonly [zxidBrand]: true }

const counterSpan = 2 ** 32
/** The last epoch a leader may found: 2^21 - 1, so that every zxid is a safe integer. */
export const maxEpoch = 2 ** 21 - 1
/** The last counter of an epoch; a leader ends its epoch before it would pass it. */
export const maxCounter = counterSpan - 1

/** Before every txn: what an empty history ends with. */
export const zeroZxid = 0 as Zxid

/** The zxid of a place in an epoch. Refuses what would not fit: see Z16. */
export function makeZxid(epoch: number, counter: number): Zxid {
  assert(Number.isInteger(epoch) && epoch >= 0 && epoch <= maxEpoch, 'Z16: the epoch fits 21 bits')
  assert(
    Number.isInteger(counter) && counter >= 0 && counter <= maxCounter,
    'Z16: the counter fits 32 bits',
  )
  return (epoch * counterSpan + counter) as Zxid
}

/** The epoch in which the txn was broadcast. */
export function epochOf(zxid: Zxid): number {
  return Math.floor(zxid / counterSpan)
}

/** The place within its epoch, from 1. */
export function counterOf(zxid: Zxid): number {
  return zxid % counterSpan
}

/** The zxid `count` places further in the same epoch. Refuses to carry into the next one. */
export function advanceZxid(zxid: Zxid, count = 1): Zxid {
  return makeZxid(epochOf(zxid), counterOf(zxid) + count)
}

/** True of a number that came from outside and is a zxid. */
export function isZxid(value: unknown): value is Zxid {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** As it is printed everywhere: `3:17`. */
export function formatZxid(zxid: Zxid): string {
  return `${String(epochOf(zxid))}:${String(counterOf(zxid))}`
}

/**
 * The order in which a driver performs the effects of a step: any, but that what is for the disk
 * keeps its own, a session is told nothing before it is opened, and a peer's end comes last.
 */
import type { Effect } from '@conclave/core/internal'
import { isForDisk } from './disk-effects.ts'
import type { Random } from './prng.ts'

/** The effects but the appends, which are with the disk already, in an order that is drawn. */
export function drawOrder(effects: readonly Effect[], random: Random): readonly Effect[] {
  const others = effects.filter((effect) => effect.type !== 'append-log')
  if (others.length < 2) return others
  return shuffled(others, random).sort((a, b) => placeOf(a) - placeOf(b))
}

function shuffled(effects: readonly Effect[], random: Random): Effect[] {
  const order = [...effects]
  if (random.chance(0.5)) return order
  for (let at = order.length - 1; at > 0; at -= 1) {
    const other = random.integer(0, at)
    const moved = order[at] as Effect
    order[at] = order[other] as Effect
    order[other] = moved
  }
  const forDisk = effects.filter(isForDisk)
  return order.map((effect) => (isForDisk(effect) ? (forDisk.shift() as Effect) : effect))
}

function placeOf(effect: Effect): number {
  if (effect.type === 'open-session') return 0
  return effect.type === 'finish-close' || effect.type === 'fail' ? 2 : 1
}

/** Every mutant, and what is planted nowhere. */
import { agreementMutants } from './catalogue/agreement.ts'
import { mutantsBeyondSimulation } from './catalogue/beyond-simulation.ts'
import { checkerMutants } from './catalogue/checkers.ts'
import { memberMutants } from './catalogue/members.ts'
import { moveMutants, returnMutants } from './catalogue/moves.ts'
import { namespaceMutants } from './catalogue/namespace.ts'
import { ownMutants } from './catalogue/own.ts'
import { reapingMutants } from './catalogue/reaping.ts'
import { roomMutants } from './catalogue/room.ts'
import { stateMutants } from './catalogue/state.ts'
import { toldMutants } from './catalogue/told.ts'
import type { Mutant } from './mutant.ts'

/** Those of the table, by their rows; then our own; then those of the checkers. */
export const allMutants: readonly Mutant[] = [
  ...[...agreementMutants, ...stateMutants, ...mutantsBeyondSimulation, ...returnMutants].sort(
    byId,
  ),
  ...ownMutants,
  ...reapingMutants,
  ...namespaceMutants,
  ...roomMutants,
  ...memberMutants,
  ...toldMutants,
  ...moveMutants,
  ...checkerMutants,
]

function byId(a: Mutant, b: Mutant): number {
  return a.id < b.id ? -1 : 1
}

/** The mutant of this id. */
export function findMutant(id: string): Mutant {
  const mutant = allMutants.find((one) => one.id === id)
  if (mutant === undefined) throw new Error(`there is no mutant ${id}`)
  return mutant
}

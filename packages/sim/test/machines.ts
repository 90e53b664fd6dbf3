/** Machines for tests: the sound one, and what plants a bug in it. */
import type { RecoveredState } from '@conclave/core/internal'
import { realMachine, type Machine, type SimulatedCore } from '../src/machine.ts'
import { tinyCodec } from './tiny-codec.ts'

/** The core as it is. */
export const sound = realMachine(tinyCodec)

/** A machine whose cores are wrapped, or started from something else, than the sound one's. */
export function machineWith(
  wrap: (core: SimulatedCore, id: number) => SimulatedCore,
  recover: (recovered: RecoveredState) => RecoveredState = (recovered) => recovered,
): Machine {
  const createCore: Machine['createCore'] = (options, recovered) =>
    wrap(sound.createCore(options, recover(recovered)), options.id)
  return { ...sound, createCore }
}

/** The core, but for what a test changes of its steps. */
export function stepping(core: SimulatedCore, step: SimulatedCore['step']): SimulatedCore {
  return {
    step,
    inspect: () => core.inspect(),
    sessionDeadlineMs: (session) => core.sessionDeadlineMs(session),
    get replica() {
      return core.replica
    },
    get recent() {
      return core.recent
    },
  }
}

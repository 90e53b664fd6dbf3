/** The simulator, as tests and tools use it; and its time and chance, for the kit of `conclave/testing`. */
export { marks, type Mark, type Marks } from './coverage.ts'
export type { Fault, FaultType, Target } from './faults.ts'
export { realMachine, type Machine, type ReplicaSink, type SimulatedCore } from './machine.ts'
export type { Invariant, Observed, ObservedPeer, Step } from './observation.ts'
export { describeScenario } from './plan-text.ts'
export { hash, Random } from './prng.ts'
export { drawNamedScenario, scenarioNames } from './named-scenarios.ts'
export { drawScenario, type Scenario } from './scenario.ts'
export { Scheduler } from './scheduler.ts'
export { ShapeError } from './shapes.ts'
export {
  defaultShrinkRuns,
  shrink,
  type Rerun,
  type ShrinkOptions,
  type ShrinkProgress,
  type Shrunk,
} from './shrink.ts'
export { simulate, type Failure, type Outcome, type SimulationOptions } from './simulator.ts'
export { formatTape, parseTape, type Tape } from './tape.ts'
export { Violation } from './violation.ts'
export { checkBlackBox, type BlackBoxOptions, type BlackBoxReport } from './histories/black-box.ts'
export {
  parseHistory,
  textOfData,
  type CallEntry,
  type CallResult,
  type EntryStat,
  type EventEntry,
  type HistoryEntry,
  type HistoryOperation,
  type ReadKind,
  type Value,
  type WriteStep,
} from './histories/entry.ts'
export { sessionText, type LoggedTxn, type Problem } from './histories/committed-order.ts'
export { checkReplay, type ReplayOptions, type ReplayReport } from './histories/replay.ts'
export { logAsTold, type ToldLog } from './histories/told-log.ts'

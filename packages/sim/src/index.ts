/** The simulator, as tests and tools use it. */
export { marks, type Mark, type Marks } from './coverage.ts'
export type { Fault, FaultType, Target } from './faults.ts'
export { realMachine, type Machine, type ReplicaSink, type SimulatedCore } from './machine.ts'
export type { Invariant, Observed, ObservedPeer, Step } from './observation.ts'
export { drawNamedScenario, scenarioNames } from './named-scenarios.ts'
export { drawScenario, type Scenario } from './scenario.ts'
export { simulate, type Failure, type Outcome, type SimulationOptions } from './simulator.ts'
export { Violation } from './violation.ts'

/** What is planned for a run, as people read it: a line each. */
import type { Member } from '@conclave/core/internal'
import type { Activity, PlannedOperation } from './activities.ts'
import type { BlockedWays, Fault, Target } from './faults.ts'
import type { Scenario } from './scenario.ts'
import { secondUs, type Microseconds } from './scheduler.ts'

/** A virtual time, as traces show it. */
export function formatTime(at: Microseconds): string {
  return (at / secondUs).toFixed(6)
}

/** A fault without its time: `crash leader parting=reset down=0.5s`. */
export function describeFault(fault: Fault): string {
  return [fault.type, ...fieldsOf(fault)].join(' ')
}

/** An activity without its time: `client 2: create /n1 data="2/1" mode=ephemeral`. */
export function describeActivity(activity: Activity): string {
  const { client, choice, type } = activity
  return [`client ${client}: ${type}`, ...fieldsOf(activity), `choice=${choice}`].join(' ')
}

/** Faults and activities in the order of their times, below the settings. */
export function describeScenario(scenario: Scenario): readonly string[] {
  const { ensemble, workload, faults, activities, faultyUs } = scenario
  const planned = [
    ...faults.map((fault) => ({ at: fault.at, line: describeFault(fault) })),
    ...activities.map((activity) => ({ at: activity.at, line: describeActivity(activity) })),
  ].sort((a, b) => a.at - b.at)
  return [
    `peers ${ensemble.members.map(describeMember).join(', ')}; clients ${workload.clientCount}; seed ${scenario.seed}`,
    ...planned.map(({ at, line }) => `${formatTime(at).padStart(10)}  ${line}`),
    `${formatTime(faultyUs).padStart(10)}  the faults are over`,
  ]
}

function describeMember({ id, role, weight = 1, group }: Member): string {
  const observes = role === 'voter' ? '' : ' observing'
  const ofWeight = weight === 1 ? '' : ` of weight ${weight}`
  return `${id}${observes}${ofWeight}${group === undefined ? '' : ` in group ${group}`}`
}

/** What the head of the line says already. */
const headFields = new Set(['at', 'type', 'client', 'choice'])

/** Flags that are false and guesses that guess nothing say nothing. */
function fieldsOf(fields: object): readonly string[] {
  return Object.entries(fields).flatMap(([name, value]: [string, unknown]) => {
    if (headFields.has(name) || value === false || value === 'any' || value === null) return []
    if (value === true) return name
    if (name === 'target') return targetOf(value as Target)
    if (name === 'ways') return (value as BlockedWays).map((way) => way.join('>')).join(' ')
    if (name === 'operations') return (value as readonly PlannedOperation[]).map(describeOperation)
    if (name.endsWith('Us')) return `${name.slice(0, -2)}=${Number(value) / secondUs}s`
    return `${name}=${shortened(typeof value === 'string' ? value : JSON.stringify(value))}`
  })
}

function describeOperation(operation: PlannedOperation): string {
  return `{${[operation.type, ...fieldsOf(operation)].join(' ')}}`
}

function targetOf(target: Target): string {
  if ('peer' in target) return `peer ${target.peer}`
  return target.role === 'leader' ? 'leader' : `no leader, choice=${target.choice}`
}

function shortened(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}

/**
 * Writes without an answer that somebody has read: when it is certain who wrote what was read, the
 * write had its effect before the read returned. This takes most of what is unknown out of a search.
 */
import { returnOf, stepsOf, type CallEntry } from './entry.ts'
import { ancestorsOf, childOf, writtenPaths } from './path-groups.ts'

/** For each write without an answer whose effect was read, when the first such read returned. */
export function readBy(calls: readonly CallEntry[]): Map<CallEntry, number> {
  const writers = new Map<string, Set<CallEntry>>()
  for (const call of calls) {
    if (call.outcome === 'not-applied') continue
    for (const trace of tracesOfWrite(call)) {
      writers.set(trace, (writers.get(trace) ?? new Set()).add(call))
    }
  }
  const guessed = new Set(calls.flatMap(guessedPrefixes))
  const read = new Map<CallEntry, number>()
  for (const call of calls) {
    if (call.outcome !== 'ok') continue
    for (const trace of tracesOfRead(call)) {
      const [path = ''] = trace.split(' ')
      if (guessed.has(path.slice(0, -10))) continue
      const [writer, ...others] = writers.get(trace) ?? []
      if (writer?.outcome !== 'unknown' || others.length > 0) continue
      read.set(writer, Math.min(read.get(writer) ?? Infinity, returnOf(call)))
    }
  }
  return read
}

/** What sequential creates without an answer were to be called, before the digits. */
function guessedPrefixes(call: CallEntry): string[] {
  if (call.outcome !== 'unknown') return []
  return stepsOf(call).flatMap((step) =>
    step.type === 'create' && step.sequential === true ? [step.path] : [],
  )
}

/** What a write leaves to be read: its data, and that a znode is there. */
function tracesOfWrite(call: CallEntry): string[] {
  const { operation } = call
  const paths = writtenPaths(call)
  const withParents = operation.type === 'create' && operation.parents === true
  const ancestors = withParents ? ancestorsOf(operation.path) : []
  const traces = stepsOf(call).flatMap((step, index) => {
    const path = paths[index] ?? null
    if (path === null || step.type === 'delete' || step.type === 'check') return []
    const data = step.value === null ? [] : [`${path} ${step.value}`]
    return step.type === 'create' ? [path, ...data] : data
  })
  return [...ancestors, ...traces]
}

function tracesOfRead({ operation, result }: CallEntry): string[] {
  if (!('read' in operation) || result === null || result === undefined) return []
  const { path } = operation
  const { value } = result
  const traces = [path, ...(result.names ?? []).map((name) => childOf(path, name))]
  return value === undefined || value === null ? traces : [`${path} ${value}`, ...traces]
}

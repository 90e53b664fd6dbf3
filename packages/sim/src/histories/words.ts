/** Calls, events and znodes as a person reads them. */
import type { CallEntry, CallResult, HistoryOperation, Value, WriteStep } from './entry.ts'
import type { ZnodeState } from './znode-states.ts'

/** One line: who, when, what, and what came of it. */
export function describeCall(call: CallEntry): string {
  const { session, id, operation, calledAt, returnedAt } = call
  const until = returnedAt === null ? 'never' : seconds(returnedAt)
  const who = `${session.replace(/^0+(?=.)/, '')}#${id}`
  return `${who} [${seconds(calledAt)} to ${until}] ${describeOperation(operation)} → ${outcomeOf(call)}`
}

export function describeOperation(operation: HistoryOperation | WriteStep): string {
  switch (operation.type) {
    case 'create': {
      const kinds = [
        ...(operation.ephemeral === true ? ['ephemeral'] : []),
        ...(operation.reapable === true ? ['reapable'] : []),
        ...(operation.sequential === true ? ['sequential'] : []),
      ]
      return ['create', ...kinds, operation.path, describeValue(operation.value)].join(' ')
    }
    case 'set':
      return `set ${operation.path} ${describeValue(operation.value)}${ifVersion(operation.version)}`
    case 'delete':
    case 'check':
      return `${operation.type} ${operation.path}${ifVersion(operation.version)}`
    case 'transaction':
      return `transaction (${operation.operations.map(describeOperation).join('; ')})`
    case 'get':
    case 'exists':
    case 'children':
      return `${operation.read} ${operation.type} ${operation.path}`
    default:
      return operation.type
  }
}

export function describeValue(value: Value): string {
  return value === null ? 'no data' : JSON.stringify(value)
}

export function describeZnode(path: string, znode: ZnodeState | null): string {
  if (znode === null) return `${path} does not exist`
  const owner = znode.owner === '' ? '' : `, owned by ${znode.owner}`
  return `${path} has version ${znode.version} and ${describeValue(znode.value)}${owner}`
}

function ifVersion(version: number | undefined): string {
  return version === undefined ? '' : ` if version ${version}`
}

function outcomeOf({ outcome, error, result, operation }: CallEntry): string {
  if (outcome === 'unknown') return `unknown${error === undefined ? '' : ` (${error})`}`
  if (outcome === 'not-applied') return error ?? 'not applied'
  if ('read' in operation && (result === null || result === undefined)) return 'no znode'
  return result === null || result === undefined ? 'ok' : describeResult(result)
}

function describeResult({ path, value, names, stat, results }: CallResult): string {
  const parts = [
    ...(path === undefined ? [] : [path]),
    ...(value === undefined ? [] : [describeValue(value)]),
    ...(names === undefined ? [] : [`[${names.join(', ')}]`]),
    ...(stat?.version === undefined ? [] : [`version ${stat.version}`]),
    ...(results === undefined ? [] : [`(${results.map(describeResult).join('; ')})`]),
  ]
  return parts.length === 0 ? 'ok' : parts.join(', ')
}

function seconds(us: number): string {
  return `${(us / 1_000_000).toFixed(6)} s`
}

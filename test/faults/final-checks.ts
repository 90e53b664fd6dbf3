/**
 * What must hold at the end of a run, between what every peer holds and what the clients were told.
 * The order of what happened meanwhile is judged by the checkers of histories; see judge.ts.
 */
import type { CallEntry, EntryStat } from '@conclave/sim'
import type { Recorded, SessionLine } from './recorder.ts'
import type { ZnodeRead } from './service.ts'

/** Says what is wrong; nothing when all is well. */
export function checkFinal(
  recorded: Recorded,
  contents: ReadonlyMap<number, readonly ZnodeRead[]>,
): string[] {
  const calls = recorded.entries.filter((entry) => entry.type === 'call')
  const [first = []] = contents.values()
  return [
    ...sameEverywhere(contents),
    ...writtenOnce(calls, first),
    ...readAsWritten(calls, first),
    ...onlyOwned(recorded.sessions, first),
  ]
}

/** D1: every peer has the same znodes. */
function sameEverywhere(contents: ReadonlyMap<number, readonly ZnodeRead[]>): string[] {
  const texts = [...contents].map(([peer, znodes]) => {
    const sorted = [...znodes].sort((a, b) => (a.path < b.path ? -1 : 1))
    return { peer, lines: sorted.map((znode) => JSON.stringify(znode)) }
  })
  const [first, ...others] = texts
  return others.flatMap(({ peer, lines }) => {
    const differ = lines.findIndex((line, index) => line !== first?.lines[index])
    if (differ < 0 && lines.length === first?.lines.length) return []
    const at = Math.max(differ, 0)
    return [
      `D1: peer ${peer} has ${lines[at] ?? 'nothing'}, peer ${String(first?.peer)} has ${first?.lines[at] ?? 'nothing'}`,
    ]
  })
}

/** C1: of the sequential znodes, which nobody deletes, each that was acknowledged is there, once. */
function writtenOnce(calls: readonly CallEntry[], znodes: readonly ZnodeRead[]): string[] {
  const wrong: string[] = []
  const present = new Map<string, ZnodeRead[]>()
  for (const znode of znodes.filter(({ path }) => path.startsWith('/queue/'))) {
    present.set(znode.value, [...(present.get(znode.value) ?? []), znode])
  }
  for (const { operation, outcome, result } of calls) {
    if (operation.type !== 'create' || operation.sequential !== true) continue
    const found = present.get(operation.value ?? '') ?? []
    present.delete(operation.value ?? '')
    if (found.length > 1)
      wrong.push(`R2: ${String(operation.value)} is there ${found.length} times`)
    if (outcome === 'not-applied' && found.length > 0) {
      wrong.push(`C1: ${String(operation.value)} was not applied, and is there`)
    }
    if (outcome !== 'ok') continue
    if (found.length === 0) wrong.push(`C1: ${String(result?.path)} was acknowledged, and is lost`)
    else if (found[0]?.path !== result?.path) {
      wrong.push(`C1: ${String(result?.path)} was acknowledged, and is ${String(found[0]?.path)}`)
    }
  }
  for (const id of present.keys()) wrong.push(`C10: ${id} is there, and nobody wrote it`)
  return wrong
}

/** The znodes that nobody writes: they are in every tree from its beginning. */
const ofEveryTree = new Set(['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'])

/** C10, D3: a version of a znode is one value, set by one txn, which somebody asked for. */
function readAsWritten(calls: readonly CallEntry[], znodes: readonly ZnodeRead[]): string[] {
  const wrong: string[] = []
  const written = new Set<string>()
  const refused = new Set<string>()
  for (const { operation, outcome } of calls) {
    const steps = operation.type === 'transaction' ? operation.operations : [operation]
    for (const step of steps) {
      if (step.type !== 'create' && step.type !== 'set') continue
      const ids = outcome === 'not-applied' ? refused : written
      ids.add(step.value ?? '')
    }
  }
  const versions = new Map<string, string>()
  const see = (path: string, value: string, stat: CallStat): void => {
    if (!written.has(value)) {
      const what = refused.has(value) ? 'was refused' : 'was never written'
      wrong.push(`C10: ${path} has the value ${value}, which ${what}`)
    }
    const version = `${path} made by ${String(stat.czxid)} in version ${String(stat.version)}`
    const content = `${value}, set by ${String(stat.mzxid)}`
    const before = versions.get(version)
    if (before !== undefined && before !== content) {
      wrong.push(`D3: ${version} is ${before}, and also ${content}`)
    }
    versions.set(version, content)
  }
  for (const { operation, outcome, result } of calls) {
    if (outcome !== 'ok' || result?.stat === undefined) continue
    if (operation.type === 'get') see(operation.path, result.value ?? '', result.stat)
    else if (operation.type === 'set') see(operation.path, operation.value ?? '', result.stat)
    else if (operation.type === 'create') {
      see(result.path ?? operation.path, operation.value ?? '', result.stat)
    }
  }
  for (const znode of znodes) {
    if (!ofEveryTree.has(znode.path)) see(znode.path, znode.value, znode)
  }
  return wrong
}

type CallStat = Pick<EntryStat, 'czxid' | 'mzxid' | 'version'>

/** S2: no ephemeral outlives its session. */
function onlyOwned(sessions: readonly SessionLine[], znodes: readonly ZnodeRead[]): string[] {
  const states = new Map<string, string>()
  for (const { session, state } of sessions) states.set(session, state)
  return znodes.flatMap(({ path, owner }) => {
    if (owner === null) return []
    return [`S2: ${path} is there, and its session ${owner} is ${states.get(owner) ?? 'unknown'}`]
  })
}

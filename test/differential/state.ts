/** The whole of a state, part by part: every znode by its path, every session by its id. */
import { isDeepStrictEqual } from 'node:util'
import { openAcl, statOf, type Replica } from '@conclave/core/internal'
import { compare } from './difference.ts'
import type { Model } from './model/model.ts'
import { childrenOf, ephemeralsOf, statOf as modelStatOf } from './model/tree.ts'

type State = Readonly<Record<string, unknown>>

/** Both have the same znodes, with every field, and the same sessions; or the first part that differs. */
export function compareStates(replica: Replica, model: Model): void {
  const [core, expected] = [stateOfCore(replica), stateOfModel(model)]
  if (isDeepStrictEqual(core, expected)) return
  for (const part of Object.keys({ ...expected, ...core })) {
    compare(`what is at ${part}`, core[part], expected[part])
  }
}

function stateOfCore({ tree, sessions }: Replica): State {
  const state: Record<string, unknown> = {}
  for (const znode of tree.znodes()) {
    const { path, data, createCount, reap, acl } = znode
    const [stat, children] = [statOf(znode), tree.childrenOf(path)]
    state[path] = { data, stat, createCount, reap, acl: acl ?? openAcl, children }
  }
  for (const { id, timeoutMs, lastRequestId } of sessions.sessions()) {
    const ephemerals = [...sessions.ephemeralsOf(id)].sort()
    state[`session ${id.toString(16)}`] = { timeoutMs, lastRequestId, ephemerals }
  }
  return state
}

function stateOfModel({ tree, sessions }: Model): State {
  const state: Record<string, unknown> = {}
  for (const [path, { data, creates, life, acl }] of tree) {
    const reap = typeof life === 'object' ? life.ttlMs : life === 'container' ? -1 : 0
    const [stat, children] = [modelStatOf(tree, path), childrenOf(tree, path)]
    state[path] = { data, stat, createCount: creates, reap, acl, children }
  }
  for (const { id, timeoutMs, lastRequestId } of sessions.values()) {
    const ephemerals = ephemeralsOf(tree, id).sort()
    state[`session ${id.toString(16)}`] = { timeoutMs, lastRequestId, ephemerals }
  }
  return state
}

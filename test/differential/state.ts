/** The whole of a state, in a form that two can be compared in. */
import { openAcl, statOf, type Replica } from '@conclave/core/internal'
import type { Model } from './model/model.ts'
import { childrenOf, ephemeralsOf, statOf as modelStatOf } from './model/tree.ts'

export function stateOfCore({ tree, sessions }: Replica): object {
  const znodes = [...tree.znodes()].map((znode) => {
    const { path, data, createCount, reap, acl } = znode
    const children = tree.childrenOf(path)
    return [path, { data, stat: statOf(znode), createCount, reap, acl: acl ?? openAcl, children }]
  })
  return {
    znodes: Object.fromEntries(znodes) as object,
    sessions: [...sessions.sessions()].map(({ id, timeoutMs, lastRequestId }) => {
      return { id, timeoutMs, lastRequestId, ephemerals: [...sessions.ephemeralsOf(id)].sort() }
    }),
  }
}

export function stateOfModel({ tree, sessions }: Model): object {
  const znodes = [...tree].map(([path, { data, creates, life, acl }]) => {
    const reap = typeof life === 'object' ? life.ttlMs : life === 'container' ? -1 : 0
    const children = childrenOf(tree, path)
    return [
      path,
      { data, stat: modelStatOf(tree, path), createCount: creates, reap, acl, children },
    ]
  })
  return {
    znodes: Object.fromEntries(znodes) as object,
    sessions: [...sessions.values()].map(({ id, timeoutMs, lastRequestId }) => {
      return { id, timeoutMs, lastRequestId, ephemerals: ephemeralsOf(tree, id).sort() }
    }),
  }
}

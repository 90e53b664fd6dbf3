/** The model of a peer as it starts. */
import { open } from './model/access.ts'
import { Model } from './model/model.ts'
import { limits } from './peer.ts'
import { wornSession, wornTimeMs, wornZnodes, wornZxid } from './worn.ts'

export function startModel(peer: 'new' | 'worn'): Model {
  if (peer === 'new') return new Model(limits)
  const model = new Model(limits, wornZxid)
  for (const { path, version, createCount, aversion, isEphemeral } of wornZnodes) {
    model.tree.set(path, {
      ...{ data: null, version, aversion, creates: createCount, life: 'persistent', acl: open },
      ...{ czxid: wornZxid, mzxid: wornZxid, pzxid: wornZxid },
      ...{ ctime: wornTimeMs, mtime: wornTimeMs },
      owner: isEphemeral ? wornSession.id : 0,
    })
  }
  model.sessions.set(wornSession.id, {
    ...wornSession,
    ...{ identities: [], isHosted: false, abandonedMs: 0, watches: [], writes: [], syncs: [] },
  })
  return model
}

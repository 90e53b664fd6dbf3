/**
 * The znodes of every tree from its beginning, as in ZooKeeper: the root, and what it keeps below
 * `/zookeeper`. No txn creates them, so that their parents have children and have never counted one;
 * no request deletes them. Other names below `/zookeeper` are ordinary.
 *
 * `/zookeeper/config` holds the configuration in force, as text; its version and aversion are -1, and
 * everybody may read it and do nothing else.
 */
import { anyone, permissions, type Acl } from '../access/acl.ts'
import {
  countAlike,
  type Configuration,
  type Member,
  type MemberAddress,
} from '../ensemble/configuration.ts'
import { noSession } from '../ids.ts'
import { zeroZxid, type Zxid } from '../zxid.ts'
import { neverReaped } from './reapables.ts'
import type { ZnodeRecord } from './znode.ts'

export const configPath = '/zookeeper/config'

const readOnly: Acl = [{ permissions: permissions.read, ...anyone }]

/** Parents first. */
const paths = ['/', '/zookeeper', '/zookeeper/quota', configPath]

/** True of a znode that no request deletes. */
export function isSystemPath(path: string): boolean {
  return paths.includes(path)
}

/** A new tree, parents first. */
export function systemRecords(): ZnodeRecord[] {
  return paths.map((path) => {
    const version = path === configPath ? -1 : 0
    return {
      path,
      data: new Uint8Array(),
      czxid: zeroZxid,
      mzxid: zeroZxid,
      pzxid: zeroZxid,
      ctime: 0,
      mtime: 0,
      version,
      createCount: 0,
      aversion: version,
      ephemeralOwner: noSession,
      reap: neverReaped,
      acl: path === configPath ? readOnly : null,
    }
  })
}

/**
 * Clients read two ports, for the quorum and for elections, and refuse a configuration in which both
 * are the same. A member has one; the next port, or the one before the last, stands for the other.
 */
function placeText({ host, port }: MemberAddress): string {
  const election = port < 65_535 ? port + 1 : port - 1
  return `${host.includes(':') ? `[${host}]` : host}:${String(port)}:${String(election)}:`
}

/**
 * A configuration as `/zookeeper/config` holds it: a line for each member, its groups and weights if it
 * has any, then the txn that put it in force, which is the mzxid of that znode too.
 */
export function configurationText({ members }: Configuration, zxid: Zxid): Uint8Array {
  const lines = members.map(({ id, role, address }) => {
    const place = address === undefined ? '' : placeText(address)
    return `server.${String(id)}=${place}${role === 'voter' ? 'participant' : 'observer'}\n`
  })
  const text = `${lines.join('')}${groupsText(members)}version=${zxid.toString(16)}`
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}

/** As ZooKeeper writes them: it has no weights without groups, so all voters are in one then. */
function groupsText(members: readonly Member[]): string {
  if (countAlike(members)) return ''
  const voters = members.filter(({ role }) => role === 'voter')
  const groups = new Map<number, number[]>()
  for (const { id, group = 1 } of voters) groups.set(group, [...(groups.get(group) ?? []), id])
  const inOrder = [...groups].sort(([a], [b]) => a - b)
  const groupLines = inOrder.map(([group, ids]) => `group.${String(group)}=${ids.join(':')}\n`)
  const weightLines = voters.map(({ id, weight = 1 }) => `weight.${String(id)}=${String(weight)}\n`)
  return [...groupLines, ...weightLines].join('')
}

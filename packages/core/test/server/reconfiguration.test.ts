import { describe, expect, test } from 'vitest'
import type { Member } from '../../src/ensemble/configuration.ts'
import type { WriteRequest } from '../../src/internal.ts'
import { LoneLeader } from './lone-leader.ts'
import { set } from './requests.ts'

const voter = (id: number): Member => ({ id, role: 'voter' })

function reconfigure(members: readonly Member[], version = -1): WriteRequest {
  return { type: 'reconfigure', members, version }
}

/** A leader of an ensemble of three, and a session of peer 2. */
function founded() {
  const leader = new LoneLeader()
  leader.leadership.configure({ ensembleId: 7, version: 1, members: [1, 2, 3].map(voter) })
  const session = leader.session()
  leader.identities.set(session, [{ scheme: 'super', id: '' }])
  return { leader, session }
}

describe('a change of the ensemble', () => {
  test('is a txn that ends its page, with the next version and the members by their ids', () => {
    const { leader, session } = founded()
    const members = [voter(4), voter(1), { id: 2, role: 'observer' as const }]
    leader.send(session, reconfigure(members), set('/'))

    expect(leader.draft()).toMatchObject([
      {
        type: 'configure',
        session,
        requestId: 1,
        configuration: { ensembleId: 7, version: 2, members: [members[1], members[2], members[0]] },
      },
    ])
    leader.draftAll()
    leader.applyAll()
    expect(leader.replica.configuration?.version).toBe(2)
  })

  test('is refused while another is under way, and let in once that is applied', () => {
    const { leader, session } = founded()
    const change = reconfigure([voter(1)])

    expect(leader.judge(session, change, change)).toEqual(['configure', 'RECONFIG_IN_PROGRESS '])
    leader.applyAll()
    expect(leader.judge(session, change)).toEqual(['configure'])
  })

  test('is refused when another came first, unless it is to be made of any', () => {
    const { leader, session } = founded()
    leader.write(session, reconfigure([voter(1), voter(2)], 1))

    expect(leader.judge(session, reconfigure([voter(1)], 1))).toEqual(['BAD_VERSION '])
    expect(leader.judge(session, reconfigure([voter(1)], 2))).toEqual(['configure'])
  })

  test('is refused when it leaves no voter, names a peer twice, or members that cannot be', () => {
    const { leader, session } = founded()
    const lists: Member[][] = [
      [],
      [{ id: 1, role: 'observer' }],
      [voter(1), voter(1)],
      [voter(0)],
      [voter(256)],
      [{ ...voter(1), weight: 0 }],
      [{ ...voter(1), group: 1 }, voter(2)],
    ]
    for (const members of lists) {
      expect(leader.judge(session, reconfigure(members))).toEqual(['BAD_ARGUMENT '])
    }
  })

  test('is refused when no quorum of the new voters is synced with the leader', () => {
    const { leader, session } = founded()
    leader.isSynced = (members) => members.length < 3

    expect(leader.judge(session, reconfigure([voter(1), voter(4), voter(5)]))).toEqual([
      'NEW_CONFIG_NO_QUORUM ',
    ])
    expect(leader.judge(session, reconfigure([voter(1), voter(2)]))).toEqual(['configure'])
  })

  test('is answered with the configuration, to the session that asked', () => {
    const { leader, session } = founded()
    leader.write(session, reconfigure([voter(1)]))

    expect(leader.replica.sessions.get(session)?.lastRequestId).toBe(1)
  })

  test('is for whoever may write to /zookeeper/config, and refused to others for the last of reasons', () => {
    const { leader, session } = founded()
    const change = reconfigure([voter(1)])
    const everyone = [{ permissions: 3, scheme: 'world', id: 'anyone' }]
    leader.identities.delete(session)

    expect(leader.judge(session, change)).toEqual(['NO_AUTH /zookeeper/config'])
    expect(leader.judge(session, reconfigure([]))).toEqual(['BAD_ARGUMENT '])
    leader.identities.set(session, [{ scheme: 'super', id: '' }])
    leader.write(session, {
      type: 'set-acl',
      path: '/zookeeper/config',
      acl: everyone,
      version: -1,
    })
    leader.identities.delete(session)
    expect(leader.judge(session, change)).toEqual(['configure'])
  })
})

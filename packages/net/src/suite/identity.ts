/** Cases: when the listener is called, how a transport ends, and who is let in. */
import type { Message } from '@conclave/core/internal'
import assert from 'node:assert/strict'
import {
  assertPaired,
  identityOf,
  numbered,
  onLane,
  openPair,
  openPeer,
  type SuiteCase,
} from './harness.ts'
import { samplePage } from './sample-messages.ts'

export const identityCases: readonly SuiteCase[] = [
  {
    name: 'the listener is never called from within a call to the transport',
    async run(harness) {
      const [one] = await openPair(harness, { maxPageBytes: 1_000 })
      const toldBefore = one.heard.told.length

      one.transport.send(2, [{ type: 'proposal', page: samplePage(1, 1_001) }])
      one.transport.disconnect(2, 'once more')
      one.transport.setPeers([])
      one.transport.setIdentity(identityOf(1, 12))

      assert.equal(one.heard.told.length, toldBefore)
      await one.heard.until(() => one.heard.downReasons(2).length === 1)
    },
  },
  {
    name: 'close delivers what was sent, tells the other side, and then tells its listener nothing',
    async run(harness) {
      const [one, two] = await openPair(harness)
      const sent: Message[] = [...onLane('data', numbered(300)), { type: 'goodbye' }]
      const toldBefore = one.heard.told.length

      one.transport.send(2, sent)
      await Promise.all([one.transport.close(), one.transport.close()])

      await two.heard.until(() => !two.heard.linked(1))
      assert.deepStrictEqual(two.heard.received(1), sent)
      assert.equal(one.heard.told.length, toldBefore)
      // Nothing that is called later brings it back to life.
      one.transport.send(2, sent)
      one.transport.disconnect(2, 'too late')
      one.transport.setIdentity(identityOf(1, 5))
      one.transport.setPeers([{ id: 2, host: '127.0.0.1', port: 1 }])
      await one.transport.close()
      assert.equal(one.heard.told.length, toldBefore)
    },
  },
  {
    name: 'a peer that was closed and opened again gets a new link, whichever side dials',
    async run(harness) {
      let [one, two] = await openPair(harness)

      await one.transport.close()
      await two.heard.until(() => !two.heard.linked(1))
      one = await openPeer(harness, 1)
      await harness.introduce(1, 2)
      await two.heard.until(() => two.heard.linked(1))
      await two.transport.close()
      await one.heard.until(() => one.heard.upCount(2) === 1 && !one.heard.linked(2))
      two = await openPeer(harness, 2)
      await harness.introduce(1, 2)

      await one.heard.until(() => one.heard.upCount(2) === 2)
      await two.heard.until(() => two.heard.linked(1))
      assertPaired(one)
    },
  },
  {
    name: 'a peer with another secret is refused by both sides, in words that name the mend',
    async run(harness) {
      const one = await openPeer(harness, 1, { secret: 'mine' })
      const two = await openPeer(harness, 2, { secret: 'yours' })

      await harness.introduce(1, 2)

      for (const [peer, other] of [
        [one, 2],
        [two, 1],
      ] as const) {
        await peer.heard.until(() => peer.heard.refusals().length > 0)
        const [refusal] = peer.heard.refusals()
        assert.deepEqual([refusal?.code, refusal?.peer], ['WRONG_SECRET', other])
        assert.match(refusal?.reason ?? '', /peer \d .*give every peer the same `secret`/)
        assert.doesNotMatch(refusal?.reason ?? '', /mine|yours/)
        assert.equal(peer.heard.upCount(other), 0)
      }
    },
  },
  {
    name: 'a link to one that is no longer listed stays; it comes again as a guest, whatever its id',
    async run(harness) {
      for (const [host, guest] of [
        [1, 2],
        [4, 3],
      ] as const) {
        const ours = await openPeer(harness, host)
        const theirs = await openPeer(harness, guest)
        await harness.introduce(host, guest)
        await ours.heard.until(() => ours.heard.linked(guest))
        await theirs.heard.until(() => theirs.heard.linked(host))
        ours.transport.setPeers([])

        ours.transport.send(guest, [{ type: 'goodbye' }])
        await theirs.heard.until(() => theirs.heard.received(host).length === 1)
        assert.equal(ours.heard.upCount(guest), 1)

        ours.transport.disconnect(guest, 'the test said so')
        await ours.heard.until(() => ours.heard.upCount(guest) === 2)
        await theirs.heard.until(() => theirs.heard.upCount(host) === 2)
        ours.transport.send(guest, [{ type: 'goodbye' }])
        await theirs.heard.until(() => theirs.heard.received(host).length === 2)
        assert.deepEqual([...ours.heard.refusals(), ...theirs.heard.refusals()], [])
      }
    },
  },
  {
    name: 'peers of two ensembles have no link; one that takes on the other identity gets one',
    async run(harness) {
      const one = await openPeer(harness, 1, { ensembleId: 11 })
      const two = await openPeer(harness, 2, { ensembleId: 22 })

      await harness.introduce(1, 2)
      await one.heard.until(() => one.heard.refusals().length > 0)
      await two.heard.until(() => two.heard.refusals().length > 0)
      assert.equal(one.heard.refusals()[0]?.code, 'OTHER_ENSEMBLE')
      assert.equal(two.heard.refusals()[0]?.code, 'OTHER_ENSEMBLE')
      two.transport.setIdentity(identityOf(2, 11))

      await one.heard.until(() => one.heard.linked(2))
      await two.heard.until(() => two.heard.linked(1))
    },
  },
  {
    name: 'taking on an identity breaks the links to peers of another ensemble, and only those',
    async run(harness) {
      const one = await openPeer(harness, 1, { ensembleId: 11 })
      const two = await openPeer(harness, 2)
      const three = await openPeer(harness, 3)
      await harness.introduce(1, 2, 3)
      await two.heard.until(() => two.heard.linked(1) && two.heard.linked(3))
      await three.heard.until(() => three.heard.linked(1) && three.heard.linked(2))

      two.transport.setIdentity(identityOf(2, 22))

      await two.heard.until(() => !two.heard.linked(1))
      await one.heard.until(() => one.heard.downReasons(2).length > 0)
      assert(two.heard.refusals().some(({ code, peer }) => code === 'OTHER_ENSEMBLE' && peer === 1))
      assert(two.heard.linked(3))
    },
  },
]

/** Cases: a link breaks rather than lose, repeat or reorder, and another one takes its place. */
import { makeZxid, type Message } from '@conclave/core/internal'
import assert from 'node:assert/strict'
import { assertPaired, numbered, onLane, openPair, openPeer, type SuiteCase } from './harness.ts'
import { sampleMessages, samplePage } from './sample-messages.ts'

export const breakingCases: readonly SuiteCase[] = [
  {
    name: 'a link that is cut goes down once on both sides, and another one comes up',
    async run(harness) {
      const [one, two] = await openPair(harness)

      harness.cut(1, 2)

      for (const [peer, other] of [
        [one, 2],
        [two, 1],
      ] as const) {
        await peer.heard.until(() => peer.heard.upCount(other) === 2)
        assert.equal(peer.heard.downReasons(other).length, 1)
        assertPaired(peer)
      }
    },
  },
  {
    name: 'what arrives on a link is what was sent on it from the first on, without a gap, cut or not',
    async run(harness) {
      const [one, two] = await openPair(harness)
      // Each message names the link that the sender had at that time, and its number on that link.
      for (let link = 1; link <= 4; link += 1) {
        await one.heard.until(() => one.heard.upCount(2) >= link && one.heard.linked(2))
        const label = one.heard.upCount(2)
        for (let number = 1; number <= 300; number += 1) {
          one.transport.send(2, [{ type: 'ack', upTo: makeZxid(label, number) }])
          if (number === 200) harness.cut(1, 2)
        }
      }
      // The sender can see links that the other side never had whole: it says so on each that it sees.
      let ended = 0
      void one.heard.until(() => {
        const label = one.heard.upCount(2)
        if (label >= 5 && label > ended && one.heard.linked(2)) {
          ended = label
          one.transport.send(2, [{ type: 'goodbye' }])
        }
        return false
      })
      await two.heard.until(() => two.heard.received(1).some(({ type }) => type === 'goodbye'))

      let expected = 0
      let labels = new Set<number>()
      for (const told of two.heard.told) {
        if (told.type === 'up') {
          expected = 0
          labels = new Set()
        }
        if (told.type !== 'messages') continue
        for (const message of told.messages) {
          if (message.type !== 'ack') continue
          labels.add(Math.floor(message.upTo / 2 ** 32))
          expected += 1
          assert.equal(message.upTo % 2 ** 32, expected)
          assert.equal(labels.size, 1, 'a link carries only what was sent on it')
        }
      }
      assertPaired(two)
    },
  },
  {
    name: 'disconnect delivers what was sent before, tells both sides once, and a link comes back',
    async run(harness) {
      const [one, two] = await openPair(harness)
      const sent = onLane('data', numbered(500))

      one.transport.send(2, sent)
      one.transport.disconnect(2, 'for a reason')

      await one.heard.until(() => one.heard.upCount(2) === 2)
      await two.heard.until(() => two.heard.upCount(1) === 2)
      const before = two.heard.told.slice(
        0,
        two.heard.told.findIndex((told) => told.type === 'down'),
      )
      const arrived = before.flatMap((told) => (told.type === 'messages' ? told.messages : []))
      assert.deepStrictEqual(arrived, sent)
      assert.deepEqual(one.heard.downReasons(2), ['for a reason'])
      assert.match(two.heard.downReasons(1).join(), /^peer 1 broke the link: for a reason$/)
      assertPaired(one)
      assertPaired(two)
    },
  },
  {
    name: 'a queue over its bound breaks the link and names the bound; no message is dropped alone',
    async run(harness) {
      const [one, two] = await openPair(harness, { maxDataQueueBytes: 1024 * 1024 })
      const small: Message[] = [{ type: 'ack', upTo: makeZxid(1, 1) }]

      one.transport.send(2, small)
      one.transport.send(2, [{ type: 'proposal', page: samplePage(1, 900_000) }])
      one.transport.send(2, [{ type: 'proposal', page: samplePage(2, 900_000) }])
      one.transport.send(2, small)

      await one.heard.until(() => one.heard.downReasons(2).length > 0)
      assert.match(one.heard.downReasons(2).join(), /QUEUE_OVERFLOW.*1048576/)
      await two.heard.until(() => two.heard.upCount(1) === 2)
      // What did arrive is the beginning of what was sent.
      const pages = two.heard.received(1).filter((message) => message.type === 'proposal')
      assert(pages.every((message) => message.page.last === makeZxid(3, 1)))
      assertPaired(two)
    },
  },
  {
    name: 'a message that no peer would accept breaks the link and says which bound it exceeds',
    async run(harness) {
      const [one] = await openPair(harness, { maxPageBytes: 1_000 })

      one.transport.send(2, [{ type: 'proposal', page: samplePage(1, 1_001) }])

      await one.heard.until(() => one.heard.downReasons(2).length > 0)
      assert.match(one.heard.downReasons(2).join(), /MESSAGE_TOO_LONG.*1001 bytes.*1000/)
    },
  },
  {
    name: 'send without a link drops, and does no harm',
    async run(harness) {
      const one = await openPeer(harness, 1)
      one.transport.send(2, sampleMessages)
      one.transport.disconnect(2, 'there is none')
      const two = await openPeer(harness, 2)
      await harness.introduce(1, 2)
      await two.heard.until(() => two.heard.linked(1))
      await one.heard.until(() => one.heard.linked(2))

      one.transport.send(2, [{ type: 'goodbye' }])

      await two.heard.until(() => two.heard.received(1).length > 0)
      assert.deepStrictEqual(two.heard.received(1), [{ type: 'goodbye' }])
    },
  },
]

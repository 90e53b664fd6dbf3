/** Cases: a link comes up, and carries messages whole and in order. */
import { makeZxid, type Message } from '@conclave/core/internal'
import assert from 'node:assert/strict'
import { numbered, onLane, openPair, openPeer, type SuiteCase } from './harness.ts'
import { sampleMessages, samplePage } from './sample-messages.ts'

export const linkCases: readonly SuiteCase[] = [
  {
    name: 'a link comes up on both sides, and each learns what the other says of itself',
    async run(harness) {
      const one = await openPeer(harness, 1, { ensembleId: 7 })
      const two = await openPeer(harness, 2)
      const configuration = { ensembleId: 7, version: 5, members: [] }
      one.transport.setIdentity({ id: 1, ensembleId: 7, configuration })

      await harness.introduce(1, 2)
      await one.heard.until(() => one.heard.linked(2))
      await two.heard.until(() => two.heard.linked(1))

      const [atOne] = one.heard.told
      const [atTwo] = two.heard.told
      assert(atOne?.type === 'up' && atTwo?.type === 'up')
      const { protocolVersion, ensembleId, configurationVersion } = atTwo.remote
      assert.deepEqual([protocolVersion, ensembleId, configurationVersion], [1, 7, 5])
      assert.deepEqual([atOne.remote.ensembleId, atOne.remote.configurationVersion], [0, 0])
    },
  },
  {
    name: 'every type of message arrives as it was sent',
    async run(harness) {
      const [one, two] = await openPair(harness)

      one.transport.send(2, sampleMessages)
      two.transport.send(1, sampleMessages)

      for (const [peer, from] of [
        [one, 2],
        [two, 1],
      ] as const) {
        await peer.heard.until(() => peer.heard.received(from).length >= sampleMessages.length)
        for (const lane of ['liveness', 'data'] as const) {
          const received = onLane(lane, peer.heard.received(from))
          assert.deepStrictEqual(received, onLane(lane, sampleMessages))
        }
      }
    },
  },
  {
    name: 'the messages of a lane arrive in the order they were sent, whatever a send held',
    async run(harness) {
      const [one, two] = await openPair(harness)
      const sent = numbered(2_000)

      for (let at = 0, size = 1; at < sent.length; at += size, size = (size * 3) % 41 || 1) {
        one.transport.send(2, sent.slice(at, at + size))
      }

      await two.heard.until(() => two.heard.received(1).length >= sent.length)
      for (const lane of ['liveness', 'data'] as const) {
        assert.deepStrictEqual(onLane(lane, two.heard.received(1)), onLane(lane, sent))
      }
    },
  },
  {
    name: 'large pages arrive whole, and small messages between them',
    async run(harness) {
      const [one, two] = await openPair(harness)
      const sent = [1, 2, 3].flatMap((counter): Message[] => [
        { type: 'proposal', page: samplePage(counter, 3 * 1024 * 1024 + counter) },
        { type: 'commit', upTo: makeZxid(3, counter), digest: 'd' },
      ])

      two.transport.send(1, sent)

      await one.heard.until(() => one.heard.received(2).length >= sent.length)
      assert.deepStrictEqual(one.heard.received(2), sent)
    },
  },
  {
    name: 'a request larger than a frame of its neighbours travels whole, and so do they, in order',
    async run(harness) {
      const [one, two] = await openPair(harness)
      const requests = [10, 900_000, 20, 30, 600_000, 700_000].map((size, index) => ({
        session: 5,
        requestId: index + 1,
        hostedSince: makeZxid(1, 5),
        identities: [],
        request: {
          type: 'set',
          path: '/large',
          data: new Uint8Array(size).fill(index),
          version: 0,
        },
      }))

      one.transport.send(2, [{ type: 'requests', requests } as unknown as Message])

      const arrived = () =>
        two.heard
          .received(1)
          .flatMap((message) => (message.type === 'requests' ? message.requests : []))
      await two.heard.until(() => arrived().length >= requests.length)
      assert.deepStrictEqual(arrived(), requests)
    },
  },
  {
    name: 'three peers have a link each to each, and hear only what is meant for them',
    async run(harness) {
      const ids = [1, 2, 3]
      const peers = await Promise.all(ids.map((id) => openPeer(harness, id)))
      await harness.introduce(...ids)
      const heardBy = (id: number) => peers[id - 1]?.heard ?? assert.fail()
      const pairs = ids.flatMap((from) =>
        ids.filter((to) => to !== from).map((to) => [from, to] as const),
      )
      for (const [from, to] of pairs) await heardBy(from).until(() => heardBy(from).linked(to))

      for (const [from, to] of pairs) {
        const upTo = makeZxid(from, to)
        peers[from - 1]?.transport.send(to, [{ type: 'ack', upTo }])
      }

      for (const [from, to] of pairs) {
        const heard = heardBy(to)
        await heard.until(() => heard.received(from).length > 0)
        assert.deepStrictEqual(heard.received(from), [{ type: 'ack', upTo: makeZxid(from, to) }])
      }
    },
  },
]

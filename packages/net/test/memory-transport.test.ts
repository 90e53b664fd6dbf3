import { makeZxid, type Message } from '@conclave/core/internal'
import { describe, expect, onTestFinished, test } from 'vitest'
import { MemoryNetwork } from '../src/memory-network.ts'
import type { Schedule } from '../src/notices.ts'
import type { HarnessOptions, TransportHarness } from '../src/suite/harness.ts'
import { parseSamplePage, Recorder, transportSuite } from '../src/suite.ts'
import type { Transport, TransportListener } from '../src/transport.ts'

function harnessOf(network: MemoryNetwork): TransportHarness {
  const transports = new Map<number, Transport>()
  return {
    open({ identity, secret, limits = {} }: HarnessOptions, listener: TransportListener) {
      const options = { identity, secret, limits, peers: [], parsePage: parseSamplePage }
      const transport = network.open(options, listener)
      transports.set(identity.id, transport)
      return Promise.resolve(transport)
    },
    introduce(...ids) {
      const peers = ids.map((id) => ({ id, host: 'memory', port: id }))
      for (const id of ids) transports.get(id)?.setPeers(peers)
      return Promise.resolve()
    },
    cut(a, b) {
      network.partition(a, b)
      network.heal(a, b)
    },
    async close() {
      for (const transport of transports.values()) await transport.close()
    },
  }
}

/** Runs tasks one by one, in an order that the seed decides. */
function shuffling(seed: number): Schedule {
  let state = seed
  const waiting: (() => void)[] = []
  const runOne = (): void => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const [task] = waiting.splice(state % waiting.length, 1)
    task?.()
  }
  return (task) => {
    waiting.push(task)
    setImmediate(runOne)
  }
}

describe.each<[string, () => MemoryNetwork]>([
  ['in the order of the loop', () => new MemoryNetwork()],
  ['in the order of seed 1', () => new MemoryNetwork(shuffling(1))],
  ['in the order of seed 2', () => new MemoryNetwork(shuffling(2))],
  ['in the order of seed 3', () => new MemoryNetwork(shuffling(3))],
])('the memory transport keeps the promises of the port, %s', (_, networkOf) => {
  for (const { name, run } of transportSuite) {
    test(name, async () => {
      const harness = harnessOf(networkOf())
      onTestFinished(() => harness.close())

      await expect(run(harness)).resolves.toBeUndefined()
    })
  }
})

interface OpenPeer {
  readonly transport: Transport
  readonly heard: Recorder
}

function openPeer(network: MemoryNetwork, id: number): OpenPeer {
  const heard = new Recorder()
  const peers = [1, 2, 3].map((peer) => ({ id: peer, host: 'memory', port: peer }))
  const identity = { id, ensembleId: 0, configuration: null }
  return { transport: network.open({ identity, peers, parsePage: parseSamplePage }, heard), heard }
}

async function openPair(network: MemoryNetwork): Promise<[OpenPeer, OpenPeer]> {
  const one = openPeer(network, 1)
  const two = openPeer(network, 2)
  await one.heard.until(() => one.heard.linked(2))
  await two.heard.until(() => two.heard.linked(1))
  return [one, two]
}

/** Until nothing more happens by itself. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
}

const ack = (counter: number): Message => ({ type: 'ack', upTo: makeZxid(1, counter) })

describe('a network in memory', () => {
  test('a partition breaks the link at both ends, and allows no other until it is healed', async () => {
    const network = new MemoryNetwork()
    const [one, two] = await openPair(network)

    one.transport.send(2, [ack(1)])
    network.partition(1, 2)
    await settle()
    expect(one.heard.downReasons(2)).toEqual(['the network was partitioned'])
    expect(two.heard.downReasons(1)).toEqual(['the network was partitioned'])
    expect(two.heard.received(1)).toEqual([])
    expect(one.heard.linked(2)).toBe(false)

    network.heal(1, 2)
    await two.heard.until(() => two.heard.linked(1))
  })

  test('a silence delays what is sent, and neither side notices', async () => {
    const network = new MemoryNetwork()
    const [one, two] = await openPair(network)

    network.silence(1, 2)
    one.transport.send(2, [ack(1)])
    one.transport.send(2, [ack(2)])
    await settle()
    expect(two.heard.received(1)).toEqual([])
    network.heal(1, 2)

    await two.heard.until(() => two.heard.received(1).length === 2)
    expect(two.heard.received(1)).toEqual([ack(1), ack(2)])
    expect(two.heard.downReasons(1)).toEqual([])
  })

  test('in a silence the side that gives up is alone with it until the silence ends', async () => {
    const network = new MemoryNetwork()
    const [one, two] = await openPair(network)

    network.silence(1, 2)
    one.transport.disconnect(2, 'no answer')
    await settle()
    expect(one.heard.linked(2)).toBe(false)
    expect(two.heard.linked(1)).toBe(true)
    network.heal(1, 2)

    await one.heard.until(() => one.heard.upCount(2) === 2)
    await two.heard.until(() => two.heard.upCount(1) === 2)
  })

  test('a crash loses what was not delivered, and the others hear of it', async () => {
    const network = new MemoryNetwork()
    const [one, two] = await openPair(network)

    one.transport.send(2, [ack(1)])
    network.crash(1)
    one.transport.send(2, [ack(2)])
    await two.heard.until(() => !two.heard.linked(1))
    expect(two.heard.received(1)).toEqual([])
    expect(two.heard.downReasons(1)).toEqual(['the other side is gone'])
    expect(one.heard.downReasons(2)).toEqual([])

    const reborn = openPeer(network, 1)
    await reborn.heard.until(() => reborn.heard.linked(2))
  })

  test('what arrives shares no memory with what was sent', async () => {
    const network = new MemoryNetwork()
    const [one, two] = await openPair(network)
    const bytes = new Uint8Array(100_000).fill(1)

    one.transport.send(2, [{ type: 'snap-chunk', number: 0, bytes, last: false }])
    bytes.fill(2)

    await two.heard.until(() => two.heard.received(1).length > 0)
    const [chunk] = two.heard.received(1)
    expect(chunk?.type === 'snap-chunk' && chunk.bytes[99_999]).toBe(1)
  })

  test('two transports of one peer at a time are a mistake of the caller', () => {
    const network = new MemoryNetwork()
    openPeer(network, 1)

    expect(() => openPeer(network, 1)).toThrow(/one transport at a time/)
  })
})

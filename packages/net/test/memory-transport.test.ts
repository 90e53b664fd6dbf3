import { describe, expect, onTestFinished, test } from 'vitest'
import { MemoryNetwork } from '../src/memory-network.ts'
import type { HarnessOptions, TransportHarness } from '../src/suite/harness.ts'
import { parseSamplePage, transportSuite } from '../src/suite.ts'
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

describe('the memory transport keeps the promises of the port', () => {
  for (const { name, run } of transportSuite) {
    test(name, async () => {
      const harness = harnessOf(new MemoryNetwork())
      onTestFinished(() => harness.close())

      await expect(run(harness)).resolves.toBeUndefined()
    })
  }
})

/** Transports on loopback, each reaching the others through proxies that can be disturbed. */
import type { PeerId } from '@conclave/core/internal'
import type { HarnessOptions, TransportHarness } from '../src/suite/harness.ts'
import { parseSamplePage } from '../src/suite.ts'
import { openTcpTransport, type TcpTransportOptions } from '../src/tcp-transport.ts'
import type { Transport, TransportListener } from '../src/transport.ts'
import { TcpProxy } from './tcp-proxy.ts'

export class TcpHarness implements TransportHarness {
  readonly #transports = new Map<PeerId, Transport>()
  readonly #opened: Transport[] = []
  readonly #proxies = new Map<string, TcpProxy>()

  async open(
    options: Omit<HarnessOptions, 'secret'> & Partial<TcpTransportOptions>,
    listener: TransportListener,
  ): Promise<Transport> {
    const transport = await openTcpTransport(
      {
        listen: { host: '127.0.0.1', port: 0 },
        peers: [],
        parsePage: parseSamplePage,
        silentPeerMs: 1_000,
        ...options,
      },
      listener,
    )
    this.#transports.set(options.identity.id, transport)
    this.#opened.push(transport)
    return transport
  }

  async introduce(...ids: PeerId[]): Promise<void> {
    for (const from of ids) {
      const others = ids.filter((to) => to !== from)
      const peers = await Promise.all(
        others.map(async (id) => ({
          id,
          host: '127.0.0.1',
          port: (await this.proxy(from, id)).port,
        })),
      )
      this.#transports.get(from)?.setPeers(peers)
    }
  }

  /** What connections that `from` dials to `to` pass through. */
  async proxy(from: PeerId, to: PeerId): Promise<TcpProxy> {
    const key = `${from} ${to}`
    const proxy =
      this.#proxies.get(key) ?? (await TcpProxy.open(() => this.#transports.get(to)?.port))
    this.#proxies.set(key, proxy)
    return proxy
  }

  cut(a: PeerId, b: PeerId): void {
    this.#proxies.get(`${a} ${b}`)?.cut()
    this.#proxies.get(`${b} ${a}`)?.cut()
  }

  async close(): Promise<void> {
    for (const proxy of this.#proxies.values()) proxy.cut()
    await Promise.all(this.#opened.map((transport) => transport.close()))
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.close()))
  }
}

/**
 * Where the peers of a run reach each other: plain loopback, or something in between that can be
 * disturbed: namespaces.ts, proxies.ts.
 */
import type { EnsembleMember, OpenOptions } from './service.ts'
import { freePorts } from '../processes/free-ports.ts'

export type NetworkType = 'loopback' | 'namespaces' | 'proxies'

export interface Network {
  readonly type: NetworkType
  /** How a peer is opened on it. */
  optionsOf(id: number): Pick<OpenOptions, 'ensemble' | 'listen' | 'secret'>
  /** What runs a program where the peer lives. */
  commandOf(id: number): readonly string[]
  /** Nothing is disturbed any more. */
  heal(): void
  close(): Promise<void>
}

export async function openLoopback(ids: readonly number[]): Promise<Network> {
  const ports = await freePorts(ids.length)
  const ensemble: EnsembleMember[] = ids.map((id, index) => {
    return { id, host: '127.0.0.1', port: ports[index] ?? 0 }
  })
  return {
    type: 'loopback',
    optionsOf: () => ({ ensemble }),
    commandOf: () => [],
    heal: () => undefined,
    close: () => Promise.resolve(),
  }
}

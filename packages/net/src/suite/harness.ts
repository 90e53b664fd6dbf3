/** What the cases of the suite stand on: the harness a transport provides, and peers opened with it. */
import {
  laneOf,
  makeZxid,
  type EnsembleId,
  type Message,
  type PeerId,
} from '@conclave/core/internal'
import assert from 'node:assert/strict'
import type { TransportLimits } from '../limits.ts'
import type { Identity, Transport, TransportListener } from '../transport.ts'
import { Recorder } from './recorder.ts'
import { samplePage } from './sample-messages.ts'

/** What a kind of transport must offer to be put to the suite. */
export interface TransportHarness {
  /** Opens a peer's transport, which knows no others yet, with `parseSamplePage`. */
  open(options: HarnessOptions, listener: TransportListener): Promise<Transport>
  /** Lists these peers to each other; those that are not open are listed all the same. */
  introduce(...peers: PeerId[]): Promise<void>
  /** Breaks the link of two peers from outside, at once. They may make another. */
  cut(a: PeerId, b: PeerId): void
  /** Closes all that was opened. */
  close(): Promise<void>
}

export interface HarnessOptions {
  readonly identity: Identity
  readonly secret: string
  readonly limits?: Partial<TransportLimits>
}

export interface SuiteCase {
  /** A sentence about behaviour. */
  readonly name: string
  /** Rejects when the promise does not hold. Leaves closing the harness to the caller. */
  readonly run: (harness: TransportHarness) => Promise<void>
}

/** A transport and what its listener was told. */
export interface OpenPeer {
  readonly transport: Transport
  readonly heard: Recorder
}

export interface PeerOptions {
  readonly ensembleId?: EnsembleId
  readonly secret?: string
  readonly limits?: Partial<TransportLimits>
}

/** What a peer without a configuration says of itself. */
export function identityOf(id: PeerId, ensembleId: EnsembleId = 0): Identity {
  return { id, ensembleId, configuration: null }
}

/** A peer whose transport knows no others yet. */
export async function openPeer(
  harness: TransportHarness,
  id: PeerId,
  { ensembleId, secret = 'a secret of the suite', limits = {} }: PeerOptions = {},
): Promise<OpenPeer> {
  const heard = new Recorder()
  const identity = identityOf(id, ensembleId)
  return { transport: await harness.open({ identity, secret, limits }, heard), heard }
}

/** Two peers, 1 and 2, with a link. */
export async function openPair(
  harness: TransportHarness,
  limits: Partial<TransportLimits> = {},
): Promise<[OpenPeer, OpenPeer]> {
  const one = await openPeer(harness, 1, { limits })
  const two = await openPeer(harness, 2, { limits })
  await harness.introduce(1, 2)
  await Promise.all([
    one.heard.until(() => one.heard.linked(2)),
    two.heard.until(() => two.heard.linked(1)),
  ])
  return [one, two]
}

/** Holds when ups and downs of every link take turns, and messages come only in between. */
export function assertPaired({ heard }: OpenPeer): void {
  const up = new Set<PeerId>()
  for (const one of heard.told) {
    if (one.type === 'up') {
      assert(!up.has(one.peer), `peer ${one.peer} came up twice`)
      up.add(one.peer)
    } else if (one.type !== 'refused') {
      assert(up.has(one.peer), `peer ${one.peer}: ${one.type} without a link`)
      if (one.type === 'down') up.delete(one.peer)
    }
  }
}

/** Messages that differ, some of them on the liveness lane, some of them pages. */
export function numbered(count: number, start = 0): Message[] {
  return Array.from({ length: count }, (_, index): Message => {
    const number = start + index + 1
    if (number % 7 === 0) return { type: 'sync-request', epoch: 1, sync: number }
    if (number % 5 === 0)
      return { type: 'proposal', page: samplePage(number, number % 3 ? 50 : 9_000) }
    return { type: 'ack', upTo: makeZxid(1, number) }
  })
}

/** The messages of one lane, in order. */
export function onLane(lane: 'liveness' | 'data', messages: readonly Message[]): Message[] {
  return messages.filter((message) => laneOf(message) === lane)
}

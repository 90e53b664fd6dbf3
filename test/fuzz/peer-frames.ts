/** Frames for the port of peers: every message with any value there can be, and what is none. */
import fc from 'fast-check'
import { defaultTransportLimits, Codec, frameHeaderBytes } from '@conclave/net'
import { laneOf } from '@conclave/core/internal'
import { pageCodec } from '@conclave/storage'
import { anyMessage } from '../../packages/net/test/arbitrary-messages.ts'
import { encodeFrame, frameTypes, type FrameName } from '../../packages/net/src/frame.ts'
import type { Random } from '../faults/random.ts'
import { mutate } from './mutate.ts'

const arbitraryCount = 1_500
const names = Object.keys(frameTypes) as readonly FrameName[]
const wrongCrc = 0.1
const codec = new Codec({
  limits: defaultTransportLimits,
  parsePage: (bytes) => pageCodec.parse(bytes),
})

/** Whole frames, by the lane that they belong to. */
export interface PeerCorpus {
  readonly data: readonly Buffer[]
  readonly liveness: readonly Buffer[]
}

export function peerCorpus(seed: number): PeerCorpus {
  const messages = fc.sample(anyMessage, { seed, numRuns: arbitraryCount })
  const data: Buffer[] = []
  const liveness: Buffer[] = []
  for (const message of messages) {
    if (laneOf(message) === 'liveness') {
      const count = { sent: message.type.length, received: 0 }
      liveness.push(Buffer.from(codec.encodeLiveness(count, [message])))
    } else {
      data.push(Buffer.concat(codec.encodeData([message])))
    }
  }
  return { data, liveness }
}

/**
 * A frame that no peer can read: changed, and mostly with the CRC of what it has become. What could be
 * read would be believed: whoever holds the secret is a peer.
 */
export function brokenFrame(random: Random, { data, liveness }: PeerCorpus): Broken {
  const lane = random.chance(0.5) ? 'data' : 'liveness'
  const frames = lane === 'data' ? data : liveness
  for (;;) {
    const frame = random.pick(frames)
    const body = mutate(random, frame.subarray(frameHeaderBytes), frames)
    const type = frame[4]
    const own = names.find((name) => frameTypes[name] === type) ?? 'control'
    const name = random.chance(0.05) ? random.pick(names) : own
    const bytes = Buffer.from(encodeFrame(name, body))
    if (random.chance(wrongCrc) && name !== 'page') {
      bytes[5] = (bytes[5] ?? 0) ^ 1
      return { lane, bytes }
    }
    if (!isReadable(lane, name, body)) return { lane, bytes }
  }
}

export interface Broken {
  readonly lane: 'data' | 'liveness'
  readonly bytes: Buffer
}

function isReadable(lane: Broken['lane'], name: FrameName, body: Uint8Array): boolean {
  // Whatever a farewell or a chunk says can be read.
  if (name === 'farewell' || name === 'snap-chunk') return true
  try {
    if (lane === 'data') codec.decodeData({ name, body })
    else codec.decodeLiveness({ name, body })
    return true
  } catch {
    return false
  }
}

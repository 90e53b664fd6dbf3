import { describe, expect, test } from 'vitest'
import type { Message, PeerId } from '@conclave/core/internal'
import { Network, type NetworkProfile } from '../src/network.ts'
import { Scheduler, secondUs } from '../src/scheduler.ts'

const profile: NetworkProfile = {
  delayUs: 100,
  jitterUs: 5_000,
  slowChance: 0.1,
  slowUs: 50_000,
  backOffUs: 10_000,
  noticeFromUs: 500_000,
  noticeUpToUs: 2_000_000,
  refusalChance: 0,
  splitChance: 0.2,
  bytesPerSecond: 1e9,
  maxQueueBytes: 1e9,
}

type Seen = readonly [peer: PeerId, what: string]

/** Two or more peers that run, with what each of them sees. */
function networkOf(seed: number, count = 2, overrides: Partial<NetworkProfile> = {}) {
  const scheduler = new Scheduler()
  const seen: Seen[] = []
  const peers = Array.from({ length: count }, (_, index) => index + 1)
  const network = new Network({
    seed,
    peers,
    scheduler,
    profile: { ...profile, ...overrides },
    listener: {
      onLinkUp: (peer, remote) => seen.push([peer, `up ${remote}`]),
      onLinkDown: (peer, remote) => seen.push([peer, `down ${remote}`]),
      onMessages: (peer, from, messages) => {
        for (const message of messages) seen.push([peer, `${from} ${textOf(message)}`])
      },
    },
  })
  for (const peer of peers) network.start(peer)
  scheduler.runUntil(secondUs)
  const after = (us: number): void => scheduler.runUntil(scheduler.now + us)
  const seenBy = (peer: PeerId): string[] =>
    seen.filter(([one]) => one === peer).map(([, what]) => what)
  return { network, after, seenBy, seen }
}

function ack(counter: number): Message {
  return { type: 'ack', upTo: counter as never }
}

function vote(round: number): Message {
  const candidate = { leader: 1, epoch: 0, last: 0 as never }
  const claims = { established: false, empty: false, votes: true, asks: false, configuration: null }
  return {
    type: 'notification',
    role: 'looking',
    round,
    vote: candidate,
    leadingEpoch: 0,
    ...claims,
  }
}

function textOf(message: Message): string {
  if (message.type === 'ack') return `ack ${message.upTo}`
  return message.type === 'notification' ? `vote ${message.round}` : message.type
}

const seeds = [1, 2, 3, 4, 5, 6, 7, 8]

describe('links', () => {
  test.each(seeds)('come up once at both ends, before any message (seed %i)', (seed) => {
    const { network, after, seenBy } = networkOf(seed)
    network.send(1, 2, [ack(1)])
    after(secondUs)

    expect(seenBy(1)).toEqual(['up 2'])
    expect(seenBy(2)).toEqual(['up 1', '1 ack 1'])
  })

  test.each(seeds)('each lane is in order; between lanes there is none (seed %i)', (seed) => {
    const { network, after, seenBy } = networkOf(seed)
    for (let number = 1; number <= 30; number += 1) network.send(1, 2, [ack(number), vote(number)])
    after(5 * secondUs)

    const numbers = (kind: string): number[] =>
      seenBy(2)
        .filter((what) => what.includes(kind))
        .map((what) => Number(what.split(' ').at(-1)))
    const inOrder = Array.from({ length: 30 }, (_, index) => index + 1)
    expect(numbers('ack')).toEqual(inOrder)
    expect(numbers('vote')).toEqual(inOrder)
  })

  test.each(seeds)('an old incarnation never reaches a new one (seed %i)', (seed) => {
    const { network, after, seenBy } = networkOf(seed)
    for (let number = 1; number <= 20; number += 1) network.send(1, 2, [ack(number)])
    network.disconnect(1, 2, 'for the test')
    after(5 * secondUs)
    network.send(1, 2, [ack(100)])
    after(secondUs)

    const seen = seenBy(2)
    const second = seen.lastIndexOf('up 1')
    expect(seen.filter((what) => what === 'up 1')).toHaveLength(2)
    expect(seen[second - 1]).toBe('down 1')
    expect(seen.slice(second + 1)).toEqual(['1 ack 100'])
  })

  test.each(seeds)('link-up and link-down alternate, whatever breaks (seed %i)', (seed) => {
    const { network, after, seen, seenBy } = networkOf(seed, 3)
    for (let round = 0; round < 10; round += 1) {
      network.breakLink(1, 2)
      network.block(2, 3)
      after(700_000)
      network.stop(3, round % 2 === 0 ? 'reset' : 'silence')
      after(300_000)
      network.start(3)
      network.unblock(2, 3)
      after(900_000)
    }

    expect(seen.length).toBeGreaterThan(20)
    for (const [peer, remote] of network.pairs.flatMap(([a, b]) => [
      [a, b] as const,
      [b, a] as const,
    ])) {
      const turns = seenBy(peer).filter(
        (what) => what === `up ${remote}` || what === `down ${remote}`,
      )
      // A peer that stops is told of no link-down: its next life begins without links.
      const restarted = peer === 3
      const wrong = turns.some((what, index) => !restarted && what === turns[index - 1])
      expect(wrong, `${peer} and ${remote}: ${turns.join()}`).toBe(false)
    }
  })
})

describe('blocked ways', () => {
  test('what is sent meanwhile is held, and flows in order when the way is free', () => {
    const { network, after, seenBy } = networkOf(1)
    network.block(1, 2)
    for (const number of [1, 2, 3]) network.send(1, 2, [ack(number)])
    after(400_000)
    expect(seenBy(2)).toEqual(['up 1'])

    network.unblock(1, 2)
    after(secondUs)
    expect(seenBy(2)).toEqual(['up 1', '1 ack 1', '1 ack 2', '1 ack 3'])
  })

  test('one direction is blocked and the other is not', () => {
    const { network, after, seenBy } = networkOf(2)
    network.block(1, 2)
    network.send(1, 2, [ack(1)])
    network.send(2, 1, [ack(2)])
    after(400_000)

    expect([seenBy(1), seenBy(2)]).toEqual([['up 2', '2 ack 2'], ['up 1']])
  })

  test('both ends notice when it lasts, what was held is lost, and no new link is made', () => {
    const { network, after, seenBy } = networkOf(3)
    network.block(1, 2)
    network.send(1, 2, [ack(1)])
    after(10 * secondUs)
    expect([seenBy(1), seenBy(2)]).toEqual([
      ['up 2', 'down 2'],
      ['up 1', 'down 1'],
    ])

    network.unblock(1, 2)
    after(secondUs)
    expect(seenBy(2)).toEqual(['up 1', 'down 1', 'up 1'])
  })

  test('a way that two faults block is free only when both are over', () => {
    const { network, after, seenBy } = networkOf(4)
    network.block(1, 2)
    network.block(1, 2)
    network.unblock(1, 2)
    network.send(1, 2, [ack(1)])
    after(100_000)
    expect(seenBy(2)).toEqual(['up 1'])

    network.unblock(1, 2)
    after(secondUs)
    expect(seenBy(2)).toEqual(['up 1', '1 ack 1'])
  })
})

describe('peers that go', () => {
  test('nothing more is sent to one that is gone, and the other side learns of it', () => {
    const { network, after, seenBy } = networkOf(5)
    network.stop(2, 'reset')
    network.send(1, 2, [ack(1)])
    after(secondUs)

    expect(seenBy(1)).toEqual(['up 2', 'down 2'])
    expect(seenBy(2)).toEqual(['up 1'])
  })

  test('one that comes back before its silence was noticed replaces its old link', () => {
    const { network, after, seenBy } = networkOf(6)
    network.stop(2, 'silence')
    network.start(2)
    after(secondUs / 4)

    expect(seenBy(1)).toEqual(['up 2', 'down 2', 'up 2'])
    expect(network.isShared(1, 2)).toBe(true)
  })
})

describe('narrow and crowded ways', () => {
  test('what is sent waits for its turn on a narrow way', () => {
    const { network, after, seenBy } = networkOf(7)
    network.hindrances.narrow(1, 60)
    for (let number = 1; number <= 3; number += 1) network.send(1, 2, [ack(number)])
    after(secondUs / 2)
    expect(seenBy(2)).toEqual(['up 1'])

    after(5 * secondUs)
    expect(seenBy(2)).toEqual(['up 1', '1 ack 1', '1 ack 2', '1 ack 3'])
  })

  test('a queue that runs over breaks its link, but never for one message', () => {
    const { network, after, seenBy } = networkOf(8, 2, { maxQueueBytes: 100 })
    network.block(1, 2)
    network.send(1, 2, [ack(1)])
    after(1_000)
    expect(seenBy(1)).toEqual(['up 2'])

    network.send(1, 2, [ack(2)])
    after(1_000)
    expect(seenBy(1)).toEqual(['up 2', 'down 2'])
  })

  test('what waits at a narrow way is no more for the way being wide again', () => {
    const { network, after, seenBy } = networkOf(8, 2, { maxQueueBytes: 1_000 })
    network.hindrances.narrow(1, 600)
    network.send(1, 2, [ack(1)])
    network.heal()
    network.send(1, 2, [ack(2)])
    after(5 * secondUs)

    expect(seenBy(1)).toEqual(['up 2'])
    expect(seenBy(2)).toEqual(['up 1', '1 ack 1', '1 ack 2'])
  })

  test('what a narrow way would be busy with for long yet is lost when the faults are over', () => {
    const { network, after, seenBy } = networkOf(8)
    network.hindrances.narrow(1, 10)
    network.send(1, 2, [ack(1)])
    network.heal()
    after(secondUs)
    network.send(1, 2, [ack(2)])
    after(secondUs)

    expect(seenBy(1)).toEqual(['up 2', 'down 2', 'up 2'])
    expect(seenBy(2)).toEqual(['up 1', 'down 1', 'up 1', '1 ack 2'])
  })

  test('a second connection replaces the first at each end; nothing of the first comes later', () => {
    const { network, after, seenBy } = networkOf(9)
    for (let number = 1; number <= 5; number += 1) network.send(1, 2, [ack(number)])
    network.dialAgain(1, 2)
    after(secondUs)
    network.send(1, 2, [ack(100)])
    after(secondUs)

    const seen = seenBy(2)
    const second = seen.lastIndexOf('up 1')
    expect(seen[second - 1]).toBe('down 1')
    expect(seen.slice(second + 1)).toEqual(['1 ack 100'])
  })

  test('no connection is made while dials are refused, and a slow one is late', () => {
    const { network, after, seenBy } = networkOf(10)
    network.hindrances.hinderDials(2, null)
    network.breakLink(1, 2)
    after(secondUs)
    expect(seenBy(1)).toEqual(['up 2', 'down 2'])

    network.hindrances.hinderDials(2, 2 * secondUs)
    after(secondUs)
    expect(seenBy(1)).toEqual(['up 2', 'down 2'])
    after(3 * secondUs)
    expect(seenBy(1)).toEqual(['up 2', 'down 2', 'up 2'])
  })
})

/** The shapes of partitions: which ways between peers are blocked. */
import type { PeerId } from '@conclave/core/internal'
import type { BlockedWays } from './faults.ts'
import type { Random } from './prng.ts'

/** Draws one of the shapes that consensus has been seen to trip over. */
export function drawWays(random: Random, peers: readonly PeerId[]): BlockedWays {
  const order = shuffled(random, peers)
  switch (random.pick(['halves', 'halves', 'one-way', 'bridge', 'ring', 'pair'] as const)) {
    case 'halves':
      return ways(peers, sidesOf(random, peers))
    case 'one-way': {
      const sides = sidesOf(random, peers)
      return ways(peers, sides).filter(([from]) => sides(from) === 0)
    }
    case 'bridge': {
      // One hears everybody; behind it, two halves do not hear each other.
      const sides = (peer: PeerId): number => {
        const place = order.indexOf(peer)
        return place === 0 ? -1 : place % 2
      }
      return ways(peers, sides).filter(([from, to]) => sides(from) >= 0 && sides(to) >= 0)
    }
    case 'ring':
      // Each hears its neighbours only: everybody has a majority, and each another one.
      return ways(peers, (peer) => peer).filter(([from, to]) => {
        const apart = Math.abs(order.indexOf(from) - order.indexOf(to))
        return apart !== 1 && apart !== order.length - 1
      })
    case 'pair': {
      const [from, to] = order as [PeerId, PeerId, ...PeerId[]]
      return random.chance(0.5)
        ? [[from, to]]
        : [
            [from, to],
            [to, from],
          ]
    }
  }
}

/** The ways between peers on different sides. */
function ways(peers: readonly PeerId[], sideOf: (peer: PeerId) => number): BlockedWays {
  return peers.flatMap((from) =>
    peers.filter((to) => sideOf(from) !== sideOf(to)).map((to) => [from, to] as const),
  )
}

function sidesOf(random: Random, peers: readonly PeerId[]): (peer: PeerId) => number {
  const side = new Set(peers.filter(() => random.chance(0.5)))
  return (peer) => (side.has(peer) ? 0 : 1)
}

/** The same in an order that is drawn. */
export function shuffled<T>(random: Random, list: readonly T[]): readonly T[] {
  const order = [...list]
  for (let at = order.length - 1; at > 0; at -= 1) {
    const other = random.integer(0, at)
    const moved = order[at] as T
    order[at] = order[other] as T
    order[other] = moved
  }
  return order
}

/**
 * What would make a run depend on more than its scenario is taken away while it runs: clocks, chance,
 * timers, and whatever runs later. A run is synchronous from its beginning to its end, so nobody else
 * misses them meanwhile. Whoever reaches for one is found with a stack that names it.
 */
import nodeCrypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

/** Where it is, and its name there. */
type Wire = readonly [place: object, name: string]

export const wires: readonly Wire[] = [
  [Date, 'now'],
  [performance, 'now'],
  [Math, 'random'],
  [globalThis, 'setTimeout'],
  [globalThis, 'setInterval'],
  [globalThis, 'setImmediate'],
  [globalThis, 'queueMicrotask'],
  [process, 'nextTick'],
  [process, 'hrtime'],
  [globalThis.crypto, 'getRandomValues'],
  [globalThis.crypto, 'randomUUID'],
  [nodeCrypto, 'randomBytes'],
  [nodeCrypto, 'randomUUID'],
  [nodeCrypto, 'randomInt'],
  [nodeCrypto, 'randomFillSync'],
]

/** Runs `run` with all of them taken away, and puts them back. */
export function withoutNondeterminism<T>(run: () => T): T {
  const restore = [...wires.map(([place, name]) => trip(place, name)), tripDate()]
  syncBuiltinESMExports()
  try {
    return run()
  } finally {
    for (const back of restore.reverse()) back()
    syncBuiltinESMExports()
  }
}

function trip(place: object, name: string): () => void {
  const own = Object.getOwnPropertyDescriptor(place, name)
  Object.defineProperty(place, name, {
    configurable: true,
    writable: true,
    value: () => refuse(name),
  })
  return () => {
    if (own === undefined) Reflect.deleteProperty(place, name)
    else Object.defineProperty(place, name, own)
  }
}

/** A `Date` of a given time is as good as any number; one of now is not. */
function tripDate(): () => void {
  const real = globalThis.Date
  globalThis.Date = new Proxy(real, {
    apply: () => refuse('Date'),
    construct(target, args: unknown[]) {
      if (args.length === 0) refuse('new Date')
      return Reflect.construct(target, args) as object
    },
  })
  return () => {
    globalThis.Date = real
  }
}

function refuse(name: string): never {
  throw new Error(`a simulation has reached for ${name}: its outcome would not be its scenario's`)
}

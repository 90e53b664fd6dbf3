/**
 * The checks that every bag of options goes through, and the one form of their errors: the key, the
 * value that was given, and the mend.
 */
import { CoordinationError } from '@conclave/core/internal'

export type Bag = Readonly<Record<string, unknown>>

/** A `BAD_OPTION` that names the key, shows the value and says what to give instead. */
export function badOption(key: string, value: unknown, mend: string): CoordinationError {
  return new CoordinationError('BAD_OPTION', `option ${key} is ${show(value)}: ${mend}`)
}

/** As it would be written in code, cut, so that a message stays one. */
export function show(value: unknown): string {
  if (typeof value === 'function') return 'a function'
  if (value instanceof Uint8Array) return `${String(value.length)} bytes`
  if (value === undefined || typeof value === 'number') return String(value)
  if (typeof value === 'bigint' || typeof value === 'symbol') return value.toString()
  let text: string
  try {
    text = JSON.stringify(value)
  } catch {
    // Cyclic, or with a bigint in it: its kind has to do.
    text = Object.prototype.toString.call(value)
  }
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`
}

/** Refuses what is no plain object. `where` names it: `options`, `option listen`. */
export function requireBag(value: unknown, where: string): Bag {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Bag
  throw new CoordinationError('BAD_OPTION', `${where} is ${show(value)}: give an object`)
}

/** Refuses keys that are not known: a misspelt option that is silently ignored is the worst kind. */
export function refuseUnknownKeys(bag: Bag, known: readonly string[], prefix = ''): void {
  for (const key in bag) {
    if (known.includes(key) || bag[key] === undefined) continue
    const near = nearest(key, known)
    const mend =
      near === undefined
        ? `there is no such option, leave it out; known are ${known.join(', ')}`
        : `there is no such option, did you mean ${prefix}${near}?`
    throw badOption(`${prefix}${key}`, bag[key], mend)
  }
}

/** An integer within bounds, or what `missing` is when it is not given. */
export function integerOption(
  value: unknown,
  key: string,
  bounds: { readonly min: number; readonly max: number; readonly what: string },
): number {
  const { min, max, what } = bounds
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) {
    return value as number
  }
  throw badOption(key, value, `give ${what}, an integer from ${String(min)} to ${String(max)}`)
}

/** One of the words, or `undefined` when it is not given. */
export function wordOption<W extends string>(
  value: unknown,
  key: string,
  words: readonly W[],
): W | undefined {
  if (value === undefined) return undefined
  const word = words.find((one) => one === value)
  if (word !== undefined) return word
  throw badOption(key, value, `give ${words.map((one) => `'${one}'`).join(' or ')}`)
}

/** True or false, or false when it is not given. */
export function flagOption(value: unknown, key: string): boolean {
  if (value === undefined) return false
  if (typeof value === 'boolean') return value
  throw badOption(key, value, 'give true or false')
}

/** Checks `signal` and `timeoutMs`, which every bag has. */
export function checkCall(bag: Bag): void {
  const { signal, timeoutMs } = bag as { signal?: unknown; timeoutMs?: unknown }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw badOption('signal', signal, 'give an AbortSignal')
  }
  if (timeoutMs === undefined) return
  if (typeof timeoutMs !== 'number' || !(timeoutMs > 0)) {
    throw badOption('timeoutMs', timeoutMs, 'give a number of ms above 0, or leave it out to wait')
  }
}

/** The known key that a misspelt one is likely to mean. */
function nearest(key: string, known: readonly string[]): string | undefined {
  const wanted = key.toLowerCase()
  let best: string | undefined
  // A third of its letters may be wrong, or two that changed places; more is another word.
  let bestDistance = Math.max(key.length < 4 ? 1 : 2, Math.floor(key.length / 3)) + 1
  for (const candidate of known) {
    const name = candidate.toLowerCase()
    // What was left out at either end is no misspelling: `timeout` for `timeoutMs`.
    const isPart = wanted.length > 3 && (name.includes(wanted) || wanted.includes(name))
    const distance = isPart ? 1 : editDistance(wanted, name)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** How many letters must be added, removed or replaced to make one word the other. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

const maxPort = 65_535

/** Checks an address, or a name of one. */
export function hostOption(value: unknown, key: string): string {
  if (typeof value === 'string' && /^[\w.:%-]+$/.test(value)) return value
  throw badOption(key, value, "give a host name or an IP address, like '10.0.0.1', without a port")
}

/** Checks a port; 0, for a free one, where `min` lets it be. */
export function portOption(value: unknown, key: string, min: 0 | 1 = 1): number {
  const what = min === 0 ? 'a TCP port, 0 for a free one' : 'a TCP port'
  return integerOption(value, key, { min, max: maxPort, what })
}

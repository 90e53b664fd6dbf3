/** Addresses as lists of access name them: IPv4 or IPv6, and how many of their bits count. */

/** True of an address, alone or with `/bits` behind it. */
export function isAddressPattern(pattern: string): boolean {
  return parsePattern(pattern) !== null
}

/** True when an address begins with the bits that a pattern names. */
export function addressesMatch(pattern: string, address: string): boolean {
  const parsed = parsePattern(pattern)
  const bytes = parseAddress(address)
  if (parsed === null || bytes?.length !== parsed.bytes.length) return false
  const whole = parsed.bits >> 3
  for (let index = 0; index < whole; index += 1) {
    if (bytes[index] !== parsed.bytes[index]) return false
  }
  const rest = parsed.bits & 7
  if (rest === 0) return true
  const differing = (bytes[whole] ?? 0) ^ (parsed.bytes[whole] ?? 0)
  return differing >> (8 - rest) === 0
}

function parsePattern(pattern: string): { bytes: readonly number[]; bits: number } | null {
  const [address = '', given, ...more] = pattern.split('/')
  const bytes = parseAddress(address)
  if (bytes === null || more.length > 0) return null
  const most = 8 * bytes.length
  if (given === undefined) return { bytes, bits: most }
  const bits = Number(given)
  return /^\d{1,3}$/.test(given) && bits <= most ? { bytes, bits } : null
}

/** Four bytes or sixteen; `null` of what is no address. */
function parseAddress(address: string): readonly number[] | null {
  return address.includes(':') ? parseV6(address) : parseV4(address)
}

function parseV4(address: string): readonly number[] | null {
  const parts = address.split('.')
  if (parts.length !== 4) return null
  const bytes = parts.map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256))
  return bytes.some((byte) => byte > 255) ? null : bytes
}

const groups = 8

function parseV6(address: string): readonly number[] | null {
  const [head = '', tail, ...more] = address.split('::')
  if (more.length > 0) return null
  const before = parseGroups(head)
  const after = tail === undefined ? [] : parseGroups(tail)
  if (before === null || after === null) return null
  const missing = groups - before.length - after.length
  if (tail === undefined ? missing !== 0 : missing < 1) return null
  const all = [...before, ...new Array<number>(Math.max(0, missing)).fill(0), ...after]
  return all.flatMap((group) => [group >> 8, group & 0xff])
}

/** Groups of sixteen bits; the last two may be written as an IPv4 address. */
function parseGroups(text: string): number[] | null {
  if (text === '') return []
  const parts = text.split(':')
  const last = parts.at(-1) ?? ''
  const embedded = last.includes('.') ? parseV4(last) : undefined
  if (embedded === null) return null
  const plain = embedded === undefined ? parts : parts.slice(0, -1)
  const values = plain.map((part) => (/^[0-9a-f]{1,4}$/i.test(part) ? parseInt(part, 16) : -1))
  if (values.includes(-1)) return null
  if (embedded !== undefined) {
    const [a = 0, b = 0, c = 0, d = 0] = embedded
    values.push(a * 256 + b, c * 256 + d)
  }
  return values.length <= groups ? values : null
}

/**
 * What a value that was read must look like: small functions that return the value as its type, or
 * refuse it with an error that says where in the whole it stands, and what it should have been.
 */

/** Takes a value, and says where it was found if it does not fit. */
export type Shape<T> = (value: unknown, where: string) => T

/** A value that does not fit. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError'
}

function refuse(where: string, wanted: string, value: unknown): never {
  const text = value === undefined ? 'missing' : JSON.stringify(value)
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text
  throw new ShapeError(`${where}: wants ${wanted}, and is ${shown}`)
}

/** A number of at least `from`, at most `upTo`. */
export function numberFrom(from: number, upTo = Number.MAX_VALUE): Shape<number> {
  return (value, where) => {
    if (typeof value === 'number' && value >= from && value <= upTo) return value
    return refuse(where, `a number from ${from}${upTo < 2 ** 53 ? ` to ${upTo}` : ' on'}`, value)
  }
}

/** An integer of at least `from`. */
export function integerFrom(from: number): Shape<number> {
  return (value, where) => {
    if (Number.isSafeInteger(value) && (value as number) >= from) return value as number
    return refuse(where, `an integer from ${from} on`, value)
  }
}

export const text: Shape<string> = (value, where) =>
  typeof value === 'string' ? value : refuse(where, 'a string', value)

export const flag: Shape<boolean> = (value, where) =>
  typeof value === 'boolean' ? value : refuse(where, 'true or false', value)

/** One of these. */
export function oneOf<const T extends string | number>(choices: readonly T[]): Shape<T> {
  return (value, where) => {
    const found = choices.find((choice) => choice === value)
    return found ?? refuse(where, `one of ${choices.join(', ')}`, value)
  }
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value, where) => (value === null ? null : shape(value, where))
}

/** What was written before there was such a field means `absent`. */
export function orAbsent<T>(shape: Shape<T>, absent: T): Shape<T> {
  return (value, where) => (value === undefined ? absent : shape(value, where))
}

export function listOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value, where) => {
    if (!Array.isArray(value)) return refuse(where, 'a list', value)
    return value.map((one: unknown, index) => shape(one, `${where}[${index}]`))
  }
}

/** A shape for each field of `T`. */
export type Fields<T> = { readonly [K in keyof T]-?: Shape<T[K]> }

function objectAt(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>
  }
  return refuse(where, 'an object', value)
}

/** An object with these fields and no others. */
export function recordOf<T extends object>(fields: Fields<T>): Shape<T> {
  return (value, where) => {
    const object = objectAt(value, where)
    for (const name of Object.keys(object)) {
      if (!(name in fields)) throw new ShapeError(`${where}.${name}: there is no such field`)
    }
    const entries = Object.entries<Shape<unknown>>(fields)
    return Object.fromEntries(
      entries.map(([name, shape]) => [name, shape(object[name], `${where}.${name}`)]),
    ) as T
  }
}

/** An object whose `type` says which of these shapes it has. */
export function taggedBy<T extends { readonly type: string }>(shapes: {
  readonly [K in T['type']]: Shape<T>
}): Shape<T> {
  const types = Object.keys(shapes) as T['type'][]
  return (value, where) => {
    const type = oneOf(types)(objectAt(value, where)['type'], `${where}.type`)
    return shapes[type](value, where)
  }
}

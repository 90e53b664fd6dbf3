/**
 * A file of lines `key=value`, as Java's properties are and `zoo.cfg` is: what it says, where it says
 * it, and what nobody has asked for. Every complaint names the file and the line.
 */
import { readFile } from 'node:fs/promises'
import { reasonOf, UsageError } from './usage-error.ts'

interface Property {
  readonly value: string
  readonly line: number
}

export class Properties {
  readonly file: string
  readonly #properties: ReadonlyMap<string, Property>
  readonly #asked = new Set<string>()

  constructor(file: string, text: string) {
    this.file = file
    this.#properties = parse(file, text)
  }

  static async read(file: string): Promise<Properties> {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      throw new UsageError(`${reasonOf(error)}; name a file that can be read`)
    })
    return new Properties(file, text)
  }

  text(key: string): string | undefined {
    this.#asked.add(key)
    const value = this.#properties.get(key)?.value
    return value === '' ? undefined : value
  }

  integer(key: string, min: number, max = Number.MAX_SAFE_INTEGER): number | undefined {
    const value = this.text(key)
    if (value === undefined) return undefined
    const number = Number(value)
    if (/^-?\d+$/.test(value) && number >= min && number <= max) return number
    throw this.wrong(key, `give an integer from ${String(min)} to ${String(max)}`)
  }

  flag(key: string): boolean | undefined {
    const value = this.text(key)?.toLowerCase()
    if (value === undefined) return undefined
    if (value === 'true' || value === 'false') return value === 'true'
    throw this.wrong(key, 'give true or false')
  }

  /** The keys that begin so, with what stands behind that. */
  keysFrom(prefix: string): readonly string[] {
    return [...this.#properties.keys()].filter((key) => key.startsWith(prefix))
  }

  /** That the value of a key cannot be. `mend` says what to do. */
  wrong(key: string, mend: string): UsageError {
    const value = this.#properties.get(key)?.value ?? ''
    return new UsageError(`${this.placeOf(key)}: ${key} is ${value}: ${mend}`)
  }

  /** Where a key stands. */
  placeOf(key: string): string {
    return `${this.file}:${String(this.#properties.get(key)?.line ?? 0)}`
  }

  /** What stands there and was not asked for. */
  get unknownKeys(): readonly string[] {
    return [...this.#properties.keys()].filter((key) => !this.#asked.has(key))
  }
}

function parse(file: string, text: string): ReadonlyMap<string, Property> {
  const properties = new Map<string, Property>()
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#') || line.startsWith('!')) continue
    const match = /^([^\s=:]+)\s*[=:]\s*(.*)$/.exec(line)
    if (match === null) {
      throw new UsageError(`${file}:${String(index + 1)}: ${line} is no setting: write key=value`)
    }
    const [, key = '', value = ''] = match
    // As in Java: the last one counts.
    properties.set(key, { value, line: index + 1 })
  }
  return properties
}

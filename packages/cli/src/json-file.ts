/**
 * The options of `open()` in a file. There, `cert`, `key` and `ca` are names of files, and so is
 * `secretFile`, which stands for `secret`; all of them as seen from where the file is.
 */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { OpenOptions } from 'conclave'
import type { Configuration } from './configuration.ts'
import { secretIn } from './serve-flags.ts'
import { reasonOf, UsageError } from './usage-error.ts'

type Bag = Record<string, unknown>

/** Reads it. What the options are worth is for `open()` to say. Throws `UsageError`. */
export async function readJsonFile(file: string): Promise<Configuration> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`${reasonOf(error)}; name a file that can be read`)
  })
  const { secretFile, ...bag } = bagOf(parse(file, text), file)
  const folder = dirname(file)
  if (secretFile !== undefined) {
    bag['secret'] = await secretIn(
      pathOf(secretFile, folder, `${file}: secretFile`),
      `${file}: secretFile`,
    )
  }
  const secure = isBag(bag['zookeeper']) ? bag['zookeeper']['secure'] : undefined
  if (!isBag(secure)) return configuration(bag, file, undefined)
  const renewal = (): Promise<Bag> => credentialsOf(secure, folder, file)
  const zookeeper = { ...(bag['zookeeper'] as Bag), secure: { ...secure, ...(await renewal()) } }
  return configuration({ ...bag, zookeeper }, file, renewal)
}

function configuration(
  bag: Bag,
  source: string,
  renewal: (() => Promise<Bag>) | undefined,
): Configuration {
  const options = { id: 1, dir: 'conclave-data', ensemble: 'standalone', ...bag } as OpenOptions
  return { options, notes: [], source, renewal: renewal as Configuration['renewal'] }
}

async function credentialsOf(secure: Bag, folder: string, file: string): Promise<Bag> {
  const credentials: Bag = {}
  for (const key of ['cert', 'key', 'ca']) {
    if (secure[key] === undefined) continue
    const path = pathOf(secure[key], folder, `${file}: zookeeper.secure.${key}`)
    credentials[key] = await readFile(path, 'utf8').catch((error: unknown) => {
      throw new UsageError(`${file}: zookeeper.secure.${key}: ${reasonOf(error)}; name a PEM file`)
    })
  }
  const { passphrase } = secure
  return passphrase === undefined ? credentials : { ...credentials, passphrase }
}

function pathOf(value: unknown, folder: string, what: string): string {
  if (typeof value === 'string' && value !== '') return resolve(folder, value)
  throw new UsageError(`${what} is no name of a file: give one`)
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const at = /position (\d+)/.exec(reasonOf(error))?.[1]
    const line = at === undefined ? '' : `:${String(text.slice(0, Number(at)).split('\n').length)}`
    throw new UsageError(`${file}${line}: ${reasonOf(error)}; mend the JSON`)
  }
}

function bagOf(value: unknown, file: string): Bag {
  if (isBag(value)) return value
  throw new UsageError(`${file} holds no object: give the options of open() as one`)
}

function isBag(value: unknown): value is Bag {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

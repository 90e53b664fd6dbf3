/** What `zoo.cfg` says of TLS: stores of PEM files, for clients. */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { OpenOptions } from 'conclave'
import type { Properties } from './properties.ts'
import { reasonOf, UsageError } from './usage-error.ts'

type SecureOptions = NonNullable<NonNullable<OpenOptions['zookeeper']>['secure']>
export type Credentials = Pick<SecureOptions, 'cert' | 'key' | 'ca' | 'passphrase'>

export interface SecurePort {
  readonly options: SecureOptions
  /** Reads the same files again. */
  readonly renewal: () => Promise<Credentials>
}

/** The port for clients over TLS; `undefined` where there is none. */
export async function securePortIn(
  cfg: Properties,
  everyAddress: string,
): Promise<SecurePort | undefined> {
  if (cfg.flag('sslQuorum') === true) {
    throw cfg.wrong('sslQuorum', 'peers do not speak TLS; give them a secret with --secret-file')
  }
  const port = cfg.integer('secureClientPort', 0, 65_535)
  const host = cfg.text('secureClientPortAddress') ?? everyAddress
  const auth = clientAuthIn(cfg)
  const files = storesIn(cfg, port !== undefined)
  if (port === undefined || files === undefined) return undefined
  const credentials = await read(files)
  return {
    options: { port, host, ...credentials, ...(auth === undefined ? {} : { clientAuth: auth }) },
    renewal: () => read(files),
  }
}

interface Stores {
  readonly keyStore: string
  readonly trustStore: string | undefined
  readonly passphrase: string | undefined
}

function storesIn(cfg: Properties, isNeeded: boolean): Stores | undefined {
  const at = (key: string): string | undefined => {
    const location = cfg.text(key)
    return location === undefined ? undefined : resolve(dirname(cfg.file), location)
  }
  for (const name of ['ssl.keyStore', 'ssl.trustStore']) {
    const type = cfg.text(`${name}.type`)
    const isPem = type === undefined || type.toUpperCase() === 'PEM'
    if (!isPem) throw cfg.wrong(`${name}.type`, `PEM is what there is; ${convert}`)
    if (/\.(jks|p12|pfx|bcfks)$/i.test(cfg.text(`${name}.location`) ?? '')) {
      throw cfg.wrong(`${name}.location`, `that is no PEM file; ${convert}`)
    }
  }
  const keyStore = at('ssl.keyStore.location')
  const trustStore = at('ssl.trustStore.location')
  const passphrase = cfg.text('ssl.keyStore.password')
  cfg.text('ssl.trustStore.password')
  if (keyStore !== undefined) return { keyStore, trustStore, passphrase }
  if (!isNeeded) return undefined
  throw cfg.wrong(
    'secureClientPort',
    'say where its key and certificate are, as ssl.keyStore.location=server.pem',
  )
}

const convert = 'convert the store with keytool -importkeystore and openssl pkcs12'

function clientAuthIn(cfg: Properties): 'need' | 'want' | 'none' | undefined {
  const auth = cfg.text('ssl.clientAuth')?.toLowerCase()
  if (auth === undefined || auth === 'need' || auth === 'want' || auth === 'none') return auth
  throw cfg.wrong('ssl.clientAuth', 'give need, want or none')
}

/** A store holds a key and the certificates that belong to it, one behind the other. */
async function read({ keyStore, trustStore, passphrase }: Stores): Promise<Credentials> {
  const [own, ca] = await Promise.all([pemIn(keyStore), trustStore && pemIn(trustStore)])
  const parts = own.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----\n?/g) ?? []
  const isKey = (part: string): boolean => part.includes('PRIVATE KEY-----')
  return {
    cert: parts.filter((part) => !isKey(part)).join(''),
    key: parts.find(isKey) ?? '',
    ...(ca === undefined || ca === '' ? {} : { ca }),
    ...(passphrase === undefined ? {} : { passphrase }),
  }
}

async function pemIn(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`${reasonOf(error)}; name a PEM file that can be read`)
  })
}

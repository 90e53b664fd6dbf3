/** The option `zookeeper` of `open`: where stock clients of ZooKeeper are served, and how many. */
import { defaultEndpointLimits, fourLetterWords } from '@conclave/zookeeper'
import {
  badOption,
  hostOption,
  integerOption,
  portOption,
  refuseUnknownKeys,
  requireBag,
  show,
} from './option-checks.ts'

export interface ZooKeeperOptions {
  /** ZooKeeper's own is 2181. */
  readonly port: number
  /** The address to listen on; 127.0.0.1 unless told, which only this machine reaches. */
  readonly host?: string | undefined
  /** Connections from one address; 60 unless told, 0 for any number. */
  readonly maxClientCnxns?: number | undefined
  /** The four-letter words that are answered; `srvr` and `isro` unless told. */
  readonly fourLetterWords?: readonly string[] | undefined
}

/** `ZooKeeperOptions`, checked. */
export interface ZooKeeperPort {
  readonly host: string
  readonly port: number
  readonly maxClientCnxns: number
  readonly words: readonly string[]
}

const maxClients = 1_000_000

/** Checks the option. Throws `BAD_OPTION`. */
export function zooKeeperOption(given: unknown): ZooKeeperPort | null {
  if (given === undefined) return null
  const bag = requireBag(given, 'option zookeeper')
  const known = ['port', 'host', 'maxClientCnxns', 'fourLetterWords']
  refuseUnknownKeys(bag, known, 'zookeeper.')
  const { host, maxClientCnxns } = bag
  return {
    port: portOption(bag['port'], 'zookeeper.port'),
    host: host === undefined ? '127.0.0.1' : hostOption(host, 'zookeeper.host'),
    maxClientCnxns:
      maxClientCnxns === undefined
        ? defaultEndpointLimits.maxAddressConnections
        : integerOption(maxClientCnxns, 'zookeeper.maxClientCnxns', {
            min: 0,
            max: maxClients,
            what: 'connections from one address, 0 for any number',
          }),
    words: wordsOption(bag['fourLetterWords']),
  }
}

function wordsOption(value: unknown): readonly string[] {
  if (value === undefined) return ['srvr', 'isro']
  const isWord = (word: unknown): word is string => fourLetterWords.some((one) => one === word)
  if (Array.isArray(value) && value.every(isWord)) return value
  const mend = `give some of ${fourLetterWords.map((word) => show(word)).join(', ')}`
  throw badOption('zookeeper.fourLetterWords', value, mend)
}

/**
 * A configuration of ZooKeeper, made into the options of a peer. What ZooKeeper can and a peer cannot
 * is named and left out where that is harmless, and refused where it is not.
 *
 * A peer's data is in `dataDir/conclave`: it does not read what ZooKeeper has left in `version-2`.
 */
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { OpenOptions } from 'conclave'
import { parseServer, type ServerLine } from 'conclave/zookeeper'
import type { Configuration } from './configuration.ts'
import { Properties } from './properties.ts'
import { UsageError } from './usage-error.ts'
import { securePortIn } from './zoo-cfg-tls.ts'

const defaultTickMs = 3_000
const everyAddress = '0.0.0.0'
const longestSessionMs = 60_000
const maxPeerId = 255

/** Why what is left out is left out, where that is not simply that there is no such thing. */
const reasons: Readonly<Record<string, string>> = {
  dataLogDir: 'the log is in dataDir',
  snapCount: 'snapshots are kept all the time',
  'autopurge.purgeInterval': 'what is not needed any more is always deleted',
  'autopurge.snapRetainCount': 'what is not needed any more is always deleted',
  localSessionsEnabled: 'every session that writes is replicated',
  localSessionsUpgradingEnabled: 'every session that writes is replicated',
  skipACL: 'lists of access always hold',
}

/** Reads `zoo.cfg`, and what it refers to. Throws `UsageError`. */
export async function readZooCfg(file: string): Promise<Configuration> {
  const cfg = await Properties.read(file)
  const notes: string[] = []
  const dataDir = cfg.text('dataDir')
  if (dataDir === undefined) throw new UsageError(`${file}: dataDir is missing: say where data is`)
  const folder = resolve(dirname(file), dataDir)
  const servers = await serversIn(cfg)
  const isStandalone = servers.length < 2
  const id = isStandalone ? (servers[0]?.id ?? 1) : await idIn(join(folder, 'myid'), servers)
  const self = servers.find((server) => server.id === id)
  const times = timesIn(cfg, notes)
  const secure = await securePortIn(cfg, everyAddress)
  const options: OpenOptions = {
    id,
    dir: join(folder, 'conclave'),
    ensemble: isStandalone
      ? 'standalone'
      : servers.map(({ id, host, port, role }) => ({ id, host, port, role })),
    ...(cfg.flag('quorumListenOnAllIPs') === true && !isStandalone
      ? { listen: { host: everyAddress } }
      : {}),
    timing: times.timing,
    zookeeper: {
      ...clientPlaceIn(cfg, self, secure !== undefined),
      ...(secure === undefined ? {} : { secure: secure.options }),
      ...times.zookeeper,
      maxClientCnxns: cfg.integer('maxClientCnxns', 0) ?? 60,
      fourLetterWords: wordsIn(cfg, notes),
      superDigest: cfg.text('DigestAuthenticationProvider.superDigest'),
      reconfigEnabled: cfg.flag('reconfigEnabled') ?? false,
      readOnlyMode: cfg.flag('readonlymode.enabled') ?? false,
      settings: {
        ...times.settings,
        ...(self === undefined ? {} : { electionPort: self.electionPort, quorumPort: self.port }),
      },
    },
  }
  return { options, notes: [...notes, ...leftOut(cfg)], source: file, renewal: secure?.renewal }
}

/** Every `server.N`, here or in the file that `dynamicConfigFile` names. */
async function serversIn(cfg: Properties): Promise<readonly ServerLine[]> {
  for (const key of [...cfg.keysFrom('group.'), ...cfg.keysFrom('weight.')]) {
    throw cfg.wrong(key, 'every voter counts alike; remove the groups and weights')
  }
  const dynamic = cfg.text('dynamicConfigFile')
  const file =
    dynamic === undefined ? cfg : await Properties.read(resolve(dirname(cfg.file), dynamic))
  const servers = file.keysFrom('server.').map((key) => {
    const id = Number(key.slice('server.'.length))
    if (!Number.isInteger(id) || id < 1 || id > maxPeerId) {
      throw file.wrong(key, `number the servers from 1 to ${String(maxPeerId)}`)
    }
    const server = parseServer(id, file.text(key) ?? '')
    if (typeof server === 'string') throw file.wrong(key, `${server}; mend that`)
    return server
  })
  return servers.sort((a, b) => a.id - b.id)
}

async function idIn(file: string, servers: readonly ServerLine[]): Promise<number> {
  const listed = servers.map(({ id }) => id).join(', ')
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UsageError(
      `${file} cannot be read: write the number of this server into it, one of ${listed}`,
    )
  })
  const id = Number(text.trim())
  if (servers.some((server) => server.id === id)) return id
  throw new UsageError(`${file}:1: ${text.trim()} is none of the servers: write one of ${listed}`)
}

/** Where clients are served: by `clientPort`, or by what stands behind the `;` of our own line. */
function clientPlaceIn(
  cfg: Properties,
  self: ServerLine | undefined,
  isSecure: boolean,
): { readonly host: string; readonly port?: number } {
  const port = cfg.integer('clientPort', 0, 65_535) ?? self?.client?.port
  const host = cfg.text('clientPortAddress') ?? self?.client?.host ?? everyAddress
  if (port === undefined && !isSecure) {
    throw new UsageError(
      `${cfg.file}: clientPort is missing: say where clients are served, as clientPort=2181`,
    )
  }
  return port === undefined ? { host } : { host, port }
}

/**
 * A peer beats every 100 ms; `syncLimit` bounds for how long it may be silent, and so does a third of
 * the shortest session, since no election may cost one.
 */
function timesIn(cfg: Properties, notes: string[]) {
  const tickTime = cfg.integer('tickTime', 1) ?? defaultTickMs
  const initLimit = cfg.integer('initLimit', 1) ?? 10
  const syncLimit = cfg.integer('syncLimit', 1) ?? 5
  const unset = -1
  const least = cfg.integer('minSessionTimeout', unset) ?? unset
  const most = cfg.integer('maxSessionTimeout', unset) ?? unset
  const minSessionTimeoutMs = least > 0 ? least : 2 * tickTime
  const wanted = most > 0 ? most : 20 * tickTime
  const maxSessionTimeoutMs = Math.min(wanted, longestSessionMs)
  const key = most > 0 ? 'maxSessionTimeout' : 'tickTime'
  if (maxSessionTimeoutMs < wanted) {
    const what = `a session's timeout of ${String(wanted)} ms is more than there is`
    notes.push(
      `${cfg.placeOf(key)}: ${what}: clients are granted ${String(maxSessionTimeoutMs)} ms`,
    )
  }
  if (minSessionTimeoutMs > maxSessionTimeoutMs) {
    throw cfg.wrong(
      least > 0 ? 'minSessionTimeout' : key,
      `give at most ${String(maxSessionTimeoutMs)} ms`,
    )
  }
  const silentPeerMs = Math.min(syncLimit * tickTime, Math.floor(minSessionTimeoutMs / 3))
  const heartbeatMs = Math.min(100, Math.floor(silentPeerMs / 4))
  const electionSettleMs = Math.min(50, heartbeatMs)
  if (heartbeatMs < 5)
    throw cfg.wrong(
      least > 0 ? 'minSessionTimeout' : 'tickTime',
      'give more: sessions need 60 ms at the least',
    )
  return {
    timing: { heartbeatMs, silentPeerMs, electionSettleMs },
    zookeeper: { minSessionTimeoutMs, maxSessionTimeoutMs },
    settings: { tickTime, initLimit, syncLimit },
  }
}

const maskWords = ['gtmk', 'stmk']

function wordsIn(cfg: Properties, notes: string[]): readonly string[] {
  const key = '4lw.commands.whitelist'
  const list = cfg.text(key)
  const missing = cfg.flag('readonlymode.enabled') === true ? ['srvr', 'isro'] : ['srvr']
  if (list === undefined) return missing
  const words = list.split(',').flatMap((word) => (word.trim() === '' ? [] : [word.trim()]))
  for (const word of words.filter((word) => maskWords.includes(word))) {
    notes.push(`${cfg.placeOf(key)}: ${word} is left out: nothing is traced`)
  }
  return words.filter((word) => !maskWords.includes(word))
}

/** What needs no word, since it is so already, or says nothing of how the peer behaves. */
const silent = ['standaloneEnabled', 'extendedTypesEnabled', 'electionAlg', 'peerType']

function leftOut(cfg: Properties): readonly string[] {
  return cfg.unknownKeys
    .filter((key) => !silent.includes(key))
    .map(
      (key) =>
        `${cfg.placeOf(key)}: ${key} is ignored: ${reasons[key] ?? 'there is no such setting here'}`,
    )
}

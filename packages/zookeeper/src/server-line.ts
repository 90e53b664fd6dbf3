/**
 * A member as ZooKeeper writes it, in configuration files and in requests to change who is one:
 *
 *   server.<id> = <host>:<port>:<election port>[:<role>][;[<client host>:]<client port>[;<secure…>]]
 *
 * An IPv6 address stands in brackets. Of several addresses, divided by `|`, the first one is taken.
 */

export interface ServerLine {
  readonly id: number
  readonly role: 'voter' | 'observer'
  /** Where the other members reach it. */
  readonly host: string
  readonly port: number
  readonly electionPort: number
  /** Where its clients reach it; `null` when that is not told. */
  readonly client: { readonly host: string | null; readonly port: number } | null
}

const host = String.raw`(\[[\da-fA-F:.%]+\]|[\w.-]+)`
const place = new RegExp(String.raw`^${host}:(\d+):(\d+)(?::(\w+))?$`)
const clientPlace = new RegExp(String.raw`^(?:${host}:)?(\d+)$`)
const maxPort = 65_535

/** Reads what stands behind `server.<id>=`; or says what is wrong with it. */
export function parseServer(id: number, text: string): ServerLine | string {
  const [places = '', clients] = text.split(';').map((part) => part.trim())
  const match = place.exec((places.split('|')[0] ?? '').trim())
  if (match === null) return 'it is not host:port:electionPort[:role][;clientPort]'
  const [, name = '', port, electionPort, role = 'participant'] = match
  const lower = role.toLowerCase()
  if (lower !== 'participant' && lower !== 'observer') {
    return `its role ${role} is neither participant nor observer`
  }
  const client = clients === undefined ? null : clientPlace.exec(clients)
  if (clients !== undefined && client === null) return `${clients} is no [host:]port for clients`
  const ports = [port, electionPort, client?.[2] ?? 1].map(Number)
  const wrong = ports.find((one) => one < 1 || one > maxPort)
  if (wrong !== undefined) return `${String(wrong)} is no TCP port`
  return {
    id,
    role: lower === 'participant' ? 'voter' : 'observer',
    host: withoutBrackets(name),
    port: Number(port),
    electionPort: Number(electionPort),
    client:
      client === null
        ? null
        : {
            host: client[1] === undefined ? null : withoutBrackets(client[1]),
            port: Number(client[2]),
          },
  }
}

/** Reads a whole line, `server.<id>=…`; or says what is wrong with it. */
export function parseServerLine(line: string): ServerLine | string {
  const match = /^\s*server\.(\d+)\s*=\s*(.*?)\s*$/.exec(line)
  return match === null ? 'it is not server.<id>=…' : parseServer(Number(match[1]), match[2] ?? '')
}

function withoutBrackets(name: string): string {
  return name.startsWith('[') ? name.slice(1, -1) : name
}

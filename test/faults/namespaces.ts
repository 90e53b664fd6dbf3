/**
 * A network namespace for each peer, on a bridge that has one of its own: nothing of it touches the
 * machine's network. The kernel does what it is told to the packets. Needs root, iproute2, nftables.
 */
import { execFileSync } from 'node:child_process'
import type { Network } from './network.ts'

const port = 7_000

function addressOf(id: number): string {
  return `10.77.0.${id}`
}

/** Something done to the network. */
interface Disturbance {
  /** Takes it back. */
  readonly mend: () => void
  /** What the kernel has counted of it, here and elsewhere, and how far that was before. */
  readonly count: () => number
  readonly before: number
}

export class Namespaces implements Network {
  readonly type = 'namespaces'
  readonly #ids: readonly number[]
  readonly #prefix: string
  /** Those that were made and not yet deleted. */
  readonly #names: string[] = []
  #disturbances: Disturbance[] = []

  /** `prefix` must be of this run alone, and short. */
  constructor(prefix: string, ids: readonly number[]) {
    this.#prefix = prefix
    this.#ids = ids
    try {
      this.#make()
    } catch (error) {
      this.#delete()
      throw error
    }
  }

  optionsOf(id: number): ReturnType<Network['optionsOf']> {
    const ensemble = this.#ids.map((each) => ({ id: each, host: addressOf(each), port }))
    return { ensemble, listen: { host: addressOf(id), port }, secret: 'of this run alone' }
  }

  commandOf(id: number): readonly string[] {
    return ['ip', 'netns', 'exec', this.#nameOf(id)]
  }

  /** Nothing that one sends arrives at the other; what the other sends does. */
  blackhole(from: number, to: number): void {
    const change = (verb: string): void =>
      this.#ip(from, 'route', verb, 'blackhole', `${addressOf(to)}/32`)
    this.#disturb(
      () => change('add'),
      () => change('del'),
      () => this.#counted(from, ['OutNoRoutes']),
    )
  }

  /** Neither hears the other. */
  cut(one: number, other: number): void {
    this.blackhole(one, other)
    this.blackhole(other, one)
  }

  /** The cable is out. */
  unplug(id: number): void {
    const change = (to: string): void => ip('-n', this.#bridge, 'link', 'set', `v${id}`, to)
    this.#disturb(
      () => change('down'),
      () => change('up'),
      () => Number(this.#read(id, '/sys/class/net/eth0/carrier_down_count')),
    )
  }

  /** Whatever the others send to this peer's address is answered with a reset. */
  reset(id: number): void {
    const rules = `table inet fault {
      chain input {
        type filter hook input priority 0;
        iifname "eth0" meta l4proto tcp reject with tcp reset
      }
    }`
    this.#disturb(
      () => this.#nft(id, rules),
      () => this.#nft(id, 'delete table inet fault'),
      () => this.#countedByOthers(id, ['EstabResets', 'AttemptFails']),
    )
  }

  /** What the peer sends passes through a narrow pipe with a short queue. */
  narrow(id: number, kbitPerSecond: number): void {
    const pipe = ['root', 'tbf', 'rate', `${kbitPerSecond}kbit`, 'burst', '16kb', 'latency', '1s']
    const qdisc = (...args: string[]): string =>
      run('tc', ['-s', '-n', this.#nameOf(id), 'qdisc', ...args])
    this.#disturb(
      () => qdisc('add', 'dev', 'eth0', ...pipe),
      () => qdisc('del', 'dev', 'eth0', 'root'),
      () =>
        Number(/qdisc tbf .*\n.* overlimits (\d+)/.exec(qdisc('show', 'dev', 'eth0'))?.[1] ?? 0),
    )
  }

  /** How often the kernel says that what is disturbed now has been felt. */
  get feltCount(): number {
    return this.#disturbances.reduce((sum, { count, before }) => sum + count() - before, 0)
  }

  heal(): void {
    const disturbances = this.#disturbances.reverse()
    this.#disturbances = []
    for (const { mend } of disturbances) mend()
  }

  close(): Promise<void> {
    this.#delete()
    return Promise.resolve()
  }

  get #bridge(): string {
    return `${this.#prefix}-bridge`
  }

  #nameOf(id: number): string {
    return `${this.#prefix}-${id}`
  }

  #disturb(inflict: () => void, mend: () => void, count: () => number): void {
    const before = count()
    inflict()
    this.#disturbances.push({ mend, count, before })
  }

  /** The sum of these counters of the peer's namespace, by their names in /proc/net/snmp. */
  #counted(id: number, names: readonly string[]): number {
    const lines = this.#read(id, '/proc/net/snmp')
      .split('\n')
      .map((line) => line.split(' '))
    // A line of names, and behind it one of numbers.
    return lines.reduce((sum, line, index) => {
      const numbers = lines[index + 1] ?? []
      return line.reduce((all, name, place) => {
        return names.includes(name) ? all + Number(numbers[place]) : all
      }, sum)
    }, 0)
  }

  #read(id: number, path: string): string {
    return run('ip', ['netns', 'exec', this.#nameOf(id), 'cat', path])
  }

  #countedByOthers(id: number, names: readonly string[]): number {
    const others = this.#ids.filter((other) => other !== id)
    return others.reduce((sum, other) => sum + this.#counted(other, names), 0)
  }

  #make(): void {
    this.#add(this.#bridge)
    ip('-n', this.#bridge, 'link', 'add', 'bridge', 'type', 'bridge')
    ip('-n', this.#bridge, 'link', 'set', 'bridge', 'up')
    for (const id of this.#ids) {
      const name = this.#nameOf(id)
      this.#add(name)
      const far = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', name]
      ip('-n', this.#bridge, 'link', 'add', `v${id}`, ...far)
      ip('-n', this.#bridge, 'link', 'set', `v${id}`, 'master', 'bridge', 'up')
      this.#ip(id, 'addr', 'add', `${addressOf(id)}/24`, 'dev', 'eth0')
      this.#ip(id, 'link', 'set', 'eth0', 'up')
      this.#ip(id, 'link', 'set', 'lo', 'up')
    }
  }

  #add(name: string): void {
    ip('netns', 'add', name)
    this.#names.push(name)
  }

  #delete(): void {
    for (const name of this.#names.splice(0)) ip('netns', 'delete', name)
  }

  #ip(id: number, ...args: string[]): void {
    ip('-n', this.#nameOf(id), ...args)
  }

  #nft(id: number, rules: string): void {
    run('ip', ['netns', 'exec', this.#nameOf(id), 'nft', '-f', '-'], rules)
  }
}

function ip(...args: string[]): void {
  run('ip', args)
}

/** What it prints. */
function run(program: string, args: readonly string[], input = ''): string {
  const stdio = ['pipe', 'pipe', 'inherit'] as const
  return execFileSync(program, args, {
    input,
    encoding: 'utf8',
    stdio: [...stdio],
    timeout: 10_000,
  })
}

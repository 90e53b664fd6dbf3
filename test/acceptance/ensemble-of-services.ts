/** Services as processes of their own, on real disks and sockets, killed and started at will. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OpenOptions } from 'conclave'
import { freePorts } from '../processes/free-ports.ts'
import { ServiceProcess } from '../processes/service-process.ts'
import { until } from '../processes/waiting.ts'
import type { Notice, Question } from './service.ts'

/** What a peer says of itself, as far as these programs look. */
export interface PeerStatus {
  readonly role: string
  readonly epoch: number
  readonly lastApplied: number
  readonly digest: string
  readonly damaged: string | undefined
  readonly membership: string
  readonly members: readonly { readonly id: number }[]
}

/** A place for a peer. */
interface Place {
  readonly id: number
  readonly host: string
  readonly port: number
}

export interface Acknowledged {
  readonly by: number
  readonly id: string
  readonly epoch: number
  readonly atMs: number
}

/** One service: a process at a time, on a directory that outlives it. */
export class Service {
  readonly id: number
  readonly dir: string
  /** What the process said of damage when it opened; `undefined` when there was none. */
  damaged: string | undefined
  isReady = false
  readonly refused: string[] = []
  readonly #options: OpenOptions
  readonly #acknowledged: Acknowledged[]
  #process: ServiceProcess<Question, Notice> | undefined
  #opened: () => void = () => undefined

  constructor(options: OpenOptions, acknowledged: Acknowledged[]) {
    this.id = options.id
    this.dir = options.dir
    this.#options = options
    this.#acknowledged = acknowledged
  }

  get isUp(): boolean {
    return this.#process?.isUp === true
  }

  /** Resolves once `open` has, which is before the peer is ready. */
  start(): Promise<void> {
    this.isReady = false
    return new Promise((resolve, reject) => {
      this.#opened = resolve
      this.#process = new ServiceProcess<Question, Notice>({
        file: new URL('./service.ts', import.meta.url),
        args: [JSON.stringify(this.#options)],
        onNotice: (notice) => this.#onNotice(notice),
        onExit: (how) => reject(new Error(`service ${this.id} ended: ${how}`)),
      })
    })
  }

  #onNotice(notice: Notice): void {
    switch (notice.type) {
      case 'opened':
        this.damaged = notice.damaged
        this.#opened()
        return
      case 'ready':
        this.isReady = true
        return
      case 'acknowledged':
        this.#acknowledged.push({ by: this.id, ...notice })
        return
      case 'refused':
        this.refused.push(`${notice.code} ${notice.outcome}`)
        return
      case 'failed':
        console.error(`service ${this.id}: ${notice.message}`)
    }
  }

  ask<Answer>(question: Question): Promise<Answer> {
    if (this.#process === undefined) throw new Error(`service ${this.id} was never started`)
    return this.#process.ask<Answer>(question)
  }

  status(): Promise<PeerStatus> {
    return this.ask<PeerStatus>({ type: 'status' })
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.signal(signal)
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.isReady = false
    await this.#process?.kill()
  }
}

const founderCount = 3

export class EnsembleOfServices {
  #services: readonly Service[]
  /** Every write that a caller was told is done, in the order in which it was heard. */
  readonly acknowledged: Acknowledged[] = []
  readonly #directory: string
  readonly #places: readonly Place[]
  readonly #options: Partial<OpenOptions>

  constructor(directory: string, places: readonly Place[], options: Partial<OpenOptions>) {
    this.#directory = directory
    this.#places = places
    this.#options = options
    const founders = places.slice(0, founderCount)
    this.#services = founders.map(({ id }) => this.#serviceOf(id, founders))
  }

  /** Three services, founded and ready, and places for others. */
  static async found(
    options: Partial<OpenOptions> = {},
    guestCount = 0,
  ): Promise<EnsembleOfServices> {
    const directory = mkdtempSync(join(process.env['ACCEPTANCE_DIR'] ?? tmpdir(), 'conclave-'))
    const ports = await freePorts(founderCount + guestCount)
    const places = ports.map((port, index) => ({ id: index + 1, host: '127.0.0.1', port }))
    const founded = new EnsembleOfServices(directory, places, options)
    await Promise.all(founded.services.map((service) => service.start()))
    await founded.ready()
    return founded
  }

  #serviceOf(id: number, ensemble: readonly Place[]): Service {
    const dir = join(this.#directory, String(id))
    return new Service({ id, dir, ensemble, thread: 'inline', ...this.#options }, this.acknowledged)
  }

  /** All that were started and have not left. */
  get services(): readonly Service[] {
    return this.#services
  }

  placeOf(id: number): Place {
    const place = this.#places.find((one) => one.id === id)
    if (place === undefined) throw new Error(`there is no place ${id}`)
    return place
  }

  /** A service whose peer lists the present ones and itself, started and ready. */
  async join(id: number): Promise<Service> {
    const present = this.#services.map((service) => this.placeOf(service.id))
    const service = this.#serviceOf(id, [...present, this.placeOf(id)])
    this.#services = [...this.#services, service]
    await service.start()
    await until(`service ${id} is ready`, () => service.isReady)
    return service
  }

  /** The service stops writing, closes its peer, and ends. */
  async leave(id: number): Promise<void> {
    const service = this.#services.find((one) => one.id === id)
    if (service === undefined) throw new Error(`there is no service ${id}`)
    await service.ask({ type: 'stop-writing' })
    await service.ask({ type: 'close' })
    this.#services = this.#services.filter((one) => one !== service)
  }

  get up(): readonly Service[] {
    return this.services.filter((service) => service.isUp)
  }

  async ready(): Promise<void> {
    await until('every peer that is up is ready', () => this.up.every(({ isReady }) => isReady))
  }

  async leader(): Promise<Service> {
    let leader: Service | undefined
    await until('there is a leader', async () => {
      const statuses = await Promise.all(this.up.map((service) => service.status()))
      leader = this.up[statuses.findIndex(({ role }) => role === 'leader')]
      return leader !== undefined
    })
    if (leader === undefined) throw new Error('there is no leader')
    return leader
  }

  /** Every service that is up writes: new sequential znodes, or `znodes` of them over and over. */
  async write(services: readonly Service[], outstanding: number, znodes = 0): Promise<void> {
    for (const service of services) {
      await service.ask({ type: 'write', outstanding, parent: '/written', znodes })
    }
  }

  async stopWriting(): Promise<void> {
    for (const service of this.up) await service.ask({ type: 'stop-writing' })
  }

  /** All peers stand at the same zxid with the same digest; says which. */
  async converged(): Promise<string> {
    let digest = ''
    await until('all peers have the same state', async () => {
      const statuses = await Promise.all(this.up.map((service) => service.status()))
      const [first] = statuses
      digest = first?.digest ?? ''
      const same = statuses.every(
        (status) => status.lastApplied === first?.lastApplied && status.digest === digest,
      )
      return same && statuses.length === this.services.length
    })
    return digest
  }

  /** No acknowledged write is missing on any peer, none is there twice. Says how many there are. */
  async checkWritten(): Promise<string> {
    for (const service of this.services) {
      const ids = await service.ask<readonly string[]>({ type: 'list', parent: '/written' })
      const present = new Set(ids)
      const missing = this.acknowledged.filter(({ id }) => !present.has(id))
      if (missing.length > 0) {
        throw new Error(`${missing.length} acknowledged writes are missing on peer ${service.id}`)
      }
      if (present.size !== ids.length) {
        throw new Error(`${ids.length - present.size} writes are there twice on peer ${service.id}`)
      }
    }
    return `${this.acknowledged.length} acknowledged writes, each once on every peer`
  }

  async end(): Promise<void> {
    for (const service of this.services) service.signal('SIGCONT')
    await Promise.all(this.services.map((service) => service.kill()))
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

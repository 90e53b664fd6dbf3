/** One peer of a run: a directory that lasts, and one process after the other on it. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ServiceProcess } from '../processes/service-process.ts'
import { until } from '../processes/waiting.ts'
import { LogKeeper } from './log-keeper.ts'
import type { Notice, Question, ServiceOptions, ZnodeRead } from './service.ts'
import type { Shim } from './shim.ts'

/** What a peer says of itself, as far as the faults look. */
export interface PeerStatus {
  readonly role: string
  readonly leader: number | undefined
  readonly epoch: number
  readonly ready: boolean
  readonly reason: string
  readonly lastApplied: number
  readonly digest: string
  readonly damaged: string | undefined
  readonly refusals: readonly string[]
}

export interface PeerProcessOptions {
  readonly id: number
  readonly dir: string
  /** The options of its n-th process. */
  readonly optionsOf: (start: number) => ServiceOptions
  readonly command: readonly string[]
  readonly shim: Shim | undefined
  /** Where copies of its logs go. */
  readonly keepIn: string
  /** Something that no fault excuses. */
  readonly onViolation: (what: string) => void
}

/** Three processes compile their sources at once, and the machine may be busy. */
const openDeadlineMs = 90_000

export class PeerProcess {
  readonly id: number
  readonly dir: string
  readonly shim: Shim | undefined
  /** Where its processes have recorded what their clients saw. */
  readonly recordings: string[] = []
  /** Its log, as it was at the end of each of its processes, and every segment that it removed. */
  readonly keptLogs: string[] = []
  /** What the process that runs said of itself since it was started. */
  damaged: string | undefined
  failure: (Notice & { readonly type: 'failed' }) | undefined
  refusal: (Notice & { readonly type: 'refused' }) | undefined
  /** Whether a fault excuses that the peer stops itself. */
  mayFail = false
  readonly #options: PeerProcessOptions
  readonly #keeper: LogKeeper
  #process: ServiceProcess<Question, Notice> | undefined
  #isOpened = false
  #mayEnd = false

  constructor(options: PeerProcessOptions) {
    this.id = options.id
    this.dir = options.dir
    this.shim = options.shim
    this.#options = options
    this.#keeper = new LogKeeper(this.#log, (name, bytes) => {
      const directory = this.#newPlace()
      mkdirSync(directory)
      writeFileSync(join(directory, name), bytes)
    })
  }

  get #log(): string {
    return join(this.dir, 'log')
  }

  get isUp(): boolean {
    return this.#process?.isUp === true
  }

  get pid(): number {
    return this.#process?.pid ?? 0
  }

  /** Starts a process on the directory. Resolves once the peer is open or says why it is not. */
  async start(): Promise<void> {
    if (this.isUp) throw new Error(`peer ${this.id} is up`)
    const options = this.#options.optionsOf(this.recordings.length)
    this.recordings.push(options.recording)
    this.damaged = this.failure = this.refusal = undefined
    this.#isOpened = this.#mayEnd = this.mayFail = false
    this.#process = new ServiceProcess<Question, Notice>({
      file: new URL('./service.ts', import.meta.url),
      args: [JSON.stringify(options)],
      command: this.#options.command,
      env: this.shim?.env ?? {},
      onNotice: (notice) => this.#onNotice(notice),
      onExit: (how) => {
        this.#keeper.stop()
        if (!this.#mayEnd) this.#options.onViolation(`peer ${this.id}: its process ended: ${how}`)
      },
    })
    this.#keeper.start()
    await until(
      `peer ${this.id} opens`,
      () => this.#isOpened || this.refusal !== undefined || !this.isUp,
      openDeadlineMs,
    )
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.signal(signal)
  }

  async kill(): Promise<void> {
    this.#mayEnd = true
    if (!this.isUp) return
    await this.#process?.kill()
    this.#keepLog()
  }

  /** Closes the peer as an application would, and waits for the process to end. */
  async close(): Promise<void> {
    this.#mayEnd = true
    await this.#ask({ type: 'close' })
    await until(`the process of peer ${this.id} ends`, () => !this.isUp, 10_000)
    this.#keepLog()
  }

  /** The process may open no file or socket any more, or again. */
  limitFiles(count: number): void {
    execFileSync('prlimit', ['--pid', String(this.pid), `--nofile=${count}:`], { timeout: 10_000 })
  }

  get openFileCount(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length
  }

  /** What its process takes for the time of day. */
  wallMs(): Promise<number> {
    return this.#ask<number>({ type: 'wall-clock' })
  }

  status(deadlineMs?: number): Promise<PeerStatus> {
    return this.#ask<PeerStatus>({ type: 'status' }, deadlineMs)
  }

  prepare(): Promise<void> {
    return this.#ask({ type: 'prepare' })
  }

  begin(): Promise<void> {
    return this.#ask({ type: 'begin' })
  }

  end(): Promise<void> {
    return this.#ask({ type: 'end' })
  }

  count(): Promise<number> {
    return this.#ask<number>({ type: 'count' })
  }

  memory(): Promise<number> {
    return this.#ask<number>({ type: 'memory' })
  }

  stall(ms: number): Promise<void> {
    return this.#ask({ type: 'stall', ms })
  }

  readAll(): Promise<readonly ZnodeRead[]> {
    return this.#ask<readonly ZnodeRead[]>({ type: 'read-all' })
  }

  #keepLog(): void {
    if (existsSync(this.#log)) cpSync(this.#log, this.#newPlace(), { recursive: true })
  }

  /** Where the next part of its log is kept. */
  #newPlace(): string {
    const directory = join(this.#options.keepIn, `log-${this.id}-${this.keptLogs.length}`)
    this.keptLogs.push(directory)
    return directory
  }

  #ask<Answer>(question: Question, deadlineMs?: number): Promise<Answer> {
    if (this.#process === undefined) throw new Error(`peer ${this.id} was never started`)
    return this.#process.ask<Answer>(question, deadlineMs)
  }

  #onNotice(notice: Notice): void {
    switch (notice.type) {
      case 'opened':
        this.damaged = notice.damaged
        this.#isOpened = true
        return
      case 'refused':
        this.refusal = notice
        return
      case 'failed':
        this.failure = notice
        if (!this.mayFail) {
          const why = `${notice.code}: ${notice.message}`
          this.#options.onViolation(`peer ${this.id} has stopped itself, ${why}`)
        }
        return
      case 'uncaught':
        this.#options.onViolation(`peer ${this.id}: uncaught in its host: ${notice.message}`)
    }
  }
}

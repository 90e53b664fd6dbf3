/** A worker as the launcher has it: a process that is started, killed, started again and ended. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import {
  isReport,
  type Report,
  type Request,
  type Standing,
  type WorkerOptions,
} from './reports.ts'

const program = fileURLToPath(new URL('./worker.ts', import.meta.url))
/** How long a worker may take to end when it is asked to. */
const endingMs = 5_000

export interface WorkerListener {
  onReport(worker: WorkerProcess, report: Report): void
  /** The process has ended, and nobody wanted it to. */
  onLost(worker: WorkerProcess, how: string): void
}

export class WorkerProcess {
  readonly id: number
  readonly #options: WorkerOptions
  readonly #listener: WorkerListener
  #child: ChildProcess | undefined
  #startedAt = 0
  #startCount = 0
  #standing: Standing | undefined
  #isReady = false
  #isUnwanted = false

  constructor(options: WorkerOptions, listener: WorkerListener) {
    this.id = options.id
    this.#options = options
    this.#listener = listener
  }

  /** How often it was started. */
  get startCount(): number {
    return this.#startCount
  }

  /** Whether there is a process, and which. */
  get process(): string {
    const child = this.#child
    if (child === undefined) return 'no process'
    return `process ${String(child.pid)}${hasEnded(child) ? ', gone' : ''}`
  }

  /** For how long it has been running, in ms. */
  get ageMs(): number {
    return performance.now() - this.#startedAt
  }

  /** What it told last, in this life. */
  get standing(): Standing | undefined {
    return this.#standing
  }

  get isReady(): boolean {
    return this.#isReady
  }

  start(): void {
    this.#standing = undefined
    this.#isReady = false
    this.#isUnwanted = false
    this.#startCount += 1
    this.#startedAt = performance.now()
    // As this process was started: from the sources, without a build.
    const child = fork(program, [JSON.stringify(this.#options)], { execArgv: process.execArgv })
    this.#child = child
    child.on('message', (message) => {
      // What a killed process had told before may arrive after it.
      if (this.#isUnwanted || !isReport(message)) return
      if (message.type === 'stood') this.#standing = message.standing
      if (message.type === 'became-ready') this.#isReady = true
      this.#listener.onReport(this, message)
    })
    child.once('error', (error) => this.#listener.onLost(this, error.message))
    child.once('exit', (code, signal) => {
      if (this.#isUnwanted) return
      const how = signal === null ? `exit code ${String(code)}` : `signal ${signal}`
      this.#listener.onLost(this, how)
    })
  }

  /** `kill -9`: the process gets no chance to say anything. Resolves once it is gone. */
  async kill(): Promise<void> {
    this.#isUnwanted = true
    const child = this.#child
    if (child === undefined || hasEnded(child)) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  ask(request: Request): void {
    // It may have ended, and says so otherwise.
    this.#child?.send(request, () => undefined)
  }

  /** Asks the process to end, and kills it when it takes too long. Resolves once it is gone. */
  async end(): Promise<void> {
    this.#isUnwanted = true
    const child = this.#child
    if (child === undefined || hasEnded(child)) return
    const gone = once(child, 'exit')
    this.ask({ type: 'end' })
    const impatience = setTimeout(() => child.kill('SIGKILL'), endingMs)
    await gone
    clearTimeout(impatience)
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null
}

/**
 * A service in a process of its own: started, asked over IPC, signalled and killed by its pid. What
 * it can be asked and what it says unasked is its program's (questions.ts is the other end).
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ToParent, ToService } from './questions.ts'

export interface Launch<Notice> {
  /** The program. */
  readonly file: URL
  readonly args: readonly string[]
  /** Runs the program: `ip netns exec …`. It must become the program, or signals miss it. */
  readonly command?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly onNotice: (notice: Notice) => void
  /** It has ended, by itself or not. */
  readonly onExit: (how: string) => void
}

const answerDeadlineMs = 60_000

export class ServiceProcess<Question extends { readonly type: string }, Notice> {
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(why: Error): void }>()
  #lastNumber = 0
  #isUp = true

  constructor({ file, args, command = [], env = {}, onNotice, onExit }: Launch<Notice>) {
    const whole = [...command, process.execPath, ...process.execArgv, fileURLToPath(file), ...args]
    const [first = process.execPath, ...rest] = whole
    this.#child = spawn(first, rest, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, ...env },
    })
    this.#child.on('message', (message) => {
      const told = message as ToParent<Notice>
      if (told.type === 'notice') onNotice(told.notice)
      else this.#settle(told)
    })
    this.#child.on('error', (error) => this.#end(error.message, onExit))
    this.#exited = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.once('exit', (code, signal) => this.#end(String(code ?? signal), onExit))
  }

  get isUp(): boolean {
    return this.#isUp
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Rejects with what the program threw, when the process ends, and when it takes too long. */
  ask<Answer>(question: Question, deadlineMs = answerDeadlineMs): Promise<Answer> {
    const number = ++this.#lastNumber
    return new Promise((resolve, reject) => {
      if (!this.#isUp) throw new Error(`the process is gone: nobody answers ${question.type}`)
      const late = setTimeout(() => {
        this.#waiting.delete(number)
        reject(new Error(`no answer to ${question.type} in ${deadlineMs / 1_000} s`))
      }, deadlineMs)
      this.#waiting.set(number, {
        resolve(value) {
          clearTimeout(late)
          resolve(value as Answer)
        },
        reject(why) {
          clearTimeout(late)
          reject(why)
        },
      })
      const message: ToService<Question> = { number, question }
      this.#child.send(message, () => undefined)
    })
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#isUp) this.#child.kill(signal)
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.#exited
  }

  #settle(told: Exclude<ToParent<Notice>, { readonly type: 'notice' }>): void {
    const waiting = this.#waiting.get(told.number)
    this.#waiting.delete(told.number)
    if (told.type === 'answer') waiting?.resolve(told.value)
    else waiting?.reject(new Error(told.message))
  }

  #end(how: string, onExit: (how: string) => void): void {
    if (!this.#isUp) return
    this.#isUp = false
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const one of waiting) one.reject(new Error(`the process ended before it answered: ${how}`))
    onExit(how)
  }
}

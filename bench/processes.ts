/** Three processes of one bench: started, asked one thing at a time over IPC, ended by their ids. */
import { fork, type ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

/** A child that answers each question with one message. */
export class BenchProcess {
  readonly #child: ChildProcess
  #answer: ((message: unknown) => void) | undefined
  #fail: ((error: Error) => void) | undefined

  constructor(script: string, args: readonly string[], nodeArgs: readonly string[] = []) {
    const file = fileURLToPath(new URL(script, import.meta.url))
    this.#child = fork(file, args, {
      serialization: 'advanced',
      execArgv: [...process.execArgv, ...nodeArgs],
    })
    this.#child.on('message', (message) => this.#answer?.(message))
    this.#child.on('exit', (code) =>
      this.#fail?.(new Error(`${script} ended with ${String(code)}`)),
    )
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  ask<Answer>(question: object): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#answer = resolve as (message: unknown) => void
      this.#fail = reject
      this.#child.send(question)
    })
  }

  end(): Promise<void> {
    this.#fail = undefined
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return Promise.resolve()
    return new Promise((resolve) => {
      this.#child.once('exit', () => {
        resolve()
      })
      this.#child.kill('SIGKILL')
    })
  }
}

/** The child's side of `ask`. */
export function answerQuestions(answer: (question: never) => Promise<unknown>): void {
  process.on('message', (question) => {
    void answer(question as never).then(
      (message) => process.send?.(message),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
  })
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  const ports = servers.map((server) => {
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  })
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

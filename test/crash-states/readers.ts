/** Some readers at work at the same time; one that hangs or dies is a finding, and is replaced. */
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Found } from './facts.ts'
import { bytesOfContent, type Image } from './operations.ts'

const program = fileURLToPath(new URL('reader.ts', import.meta.url))
/** No store that small takes longer to open, on a machine that has other things to do. */
const patienceMs = 30_000

export class Readers {
  readonly #scratch: string
  readonly #idle: ChildProcess[] = []
  readonly #waiting: ((reader: ChildProcess) => void)[] = []
  readonly #started: ChildProcess[] = []

  constructor(count: number, scratch: string) {
    this.#scratch = scratch
    for (let index = 0; index < count; index += 1) this.#idle.push(this.#start())
  }

  #start(): ChildProcess {
    const reader = fork(program, [this.#scratch], { serialization: 'advanced' })
    this.#started.push(reader)
    return reader
  }

  /** What a restart finds in the image, whose peer's directory is at `path`. */
  async read(image: Image, path: string): Promise<Found> {
    const reader = this.#idle.pop() ?? (await this.#nextIdle())
    const found = await answerOf(reader, image, path)
    const next = reader.connected ? reader : this.#start()
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#idle.push(next)
    else waiting(next)
    return found
  }

  #nextIdle(): Promise<ChildProcess> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  close(): void {
    for (const reader of this.#started) reader.kill()
  }
}

function answerOf(reader: ChildProcess, image: Image, path: string): Promise<Found> {
  return new Promise((resolve) => {
    const end = (found: Found): void => {
      clearTimeout(timer)
      reader.off('message', onMessage)
      reader.off('exit', onExit)
      resolve(found)
    }
    const onMessage = (found: unknown): void => end(found as Found)
    const onExit = (code: number | null, signal: string | null): void =>
      end({ type: 'broken', message: `the process ended: ${String(signal ?? code)}` })
    const timer = setTimeout(() => {
      reader.kill('SIGKILL')
      end({ type: 'broken', message: `nothing in ${String(patienceMs / 1000)} s` })
    }, patienceMs)
    reader.on('message', onMessage)
    reader.on('exit', onExit)
    const files = [...image].map(([name, content]): [string, Buffer | null] => [
      name,
      content === null ? null : bytesOfContent(content),
    ])
    reader.send({ files: new Map(files), path })
  })
}

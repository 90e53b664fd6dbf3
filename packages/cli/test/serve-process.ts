/** `conclave serve` as a process: started from the sources, read, signalled by its pid. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createServer, connect, type AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

export class ServeProcess {
  /** What it has said of itself. */
  text = ''
  /** How it ended: its code, or the signal. */
  readonly ended: Promise<number | string>
  readonly #child: ChildProcess

  constructor(...args: readonly string[]) {
    const node = ['--conditions=@conclave/source', '--import=tsx', main, ...args]
    // Where tsx is found from.
    const cwd = fileURLToPath(new URL('.', import.meta.url))
    this.#child = spawn(process.execPath, node, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    const note = (chunk: Buffer): void => {
      this.text += chunk.toString()
    }
    this.#child.stdout?.on('data', note)
    this.#child.stderr?.on('data', note)
    this.ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => resolve(code ?? signal ?? 'nothing'))
    })
    onTestFinished(() => void this.#child.kill('SIGKILL'))
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** The port that it says it serves clients at. */
  get port(): number {
    return Number(/serves clients at [\d.]+:(\d+)/.exec(this.text)?.[1] ?? 0)
  }

  /** What it is, as it has last said. */
  get role(): string {
    return (
      /.* info (leader|follower|observer|looking), epoch \d+\n/s.exec(this.text)?.[1] ?? 'looking'
    )
  }
}

/** What is answered to four letters; nothing where nobody listens. */
export async function word(port: number, letters: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.end(letters)
  const chunks: Buffer[] = []
  try {
    for await (const chunk of socket) chunks.push(chunk as Buffer)
  } catch {
    return ''
  }
  return Buffer.concat(chunks).toString()
}

/** Ports of this machine that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports: number[] = []
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    ports.push((server.address() as AddressInfo).port)
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/**
 * A console of ZooKeeper as a program drives it: commands go in, what it prints comes out. A transcript
 * has a line `a> command` for each command of console `a`, `b:` for what `b` prints unasked, and below
 * the lines that are printed, without what differs from run to run: zxids, times and sessions.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'

/** What is said to a console, and what it prints. */
interface Step {
  readonly line: number
  readonly name: string
  /** None of what is printed unasked. */
  readonly command: string | null
  readonly printed: string[]
}

/** How a console is run that connects to a server. */
export type ConsoleCommand = (server: string) => readonly [string, ...string[]]

const step = /^([a-z])(?:> (.+)|:)$/
const longestMs = 20_000

/** The steps of a transcript. Lines that begin with `#` are comments. */
function stepsOf(text: string): Step[] {
  const steps: Step[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const [begins, name = '', command = null] = step.exec(line) ?? []
    if (begins !== undefined) steps.push({ line: index + 1, name, command, printed: [] })
    else if (line !== '' && !line.startsWith('#')) steps.at(-1)?.printed.push(line)
  }
  return steps
}

/** A line without what differs from run to run. */
function normal(line: string): string {
  return line
    .replace(/0x(?!0$)[0-9a-f]+$/, '0x~')
    .replace(/time ?= ?.+/, 'time = ~')
    .replace(/(zxid(?:: |=))[0-9a-f]+/, '$1~')
    .replace(/(ephemeralOwner = )[1-9][0-9a-f]+$/, '$1~')
    .trimEnd()
}

/** One console. What it prints on either stream is one text. */
class Console {
  readonly #process: ChildProcessWithoutNullStreams
  #text = ''

  constructor(command: readonly [string, ...string[]]) {
    this.#process = spawn('sh', ['-c', 'exec "$0" "$@" 2>&1', ...command])
    this.#process.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text
    })
    this.#process.stdin.on('error', () => undefined)
  }

  say(command: string): void {
    this.#process.stdin.write(`${command}\n`)
  }

  /** What it prints from here on: so many lines, or what has come in time. Blank ones do not count. */
  async printed(count: number): Promise<string[]> {
    const deadline = Date.now() + longestMs
    for (;;) {
      const lines = this.#text.split('\n')
      const whole = lines.slice(0, -1).filter((line) => line.trim() !== '')
      const remainingMs = deadline - Date.now()
      if (whole.length >= count || remainingMs <= 0) {
        this.#text = lines.at(-1) ?? ''
        return whole.map(normal)
      }
      const signal = AbortSignal.timeout(remainingMs)
      await once(this.#process.stdout, 'data', { signal }).catch(() => undefined)
    }
  }

  /** Ends its input, and waits until it has gone. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null) return
    const gone = once(this.#process, 'close')
    this.#process.stdin.end()
    await gone
  }
}

/**
 * Plays a transcript, each of its consoles at a server of its own. Throws where one prints another
 * thing, otherwise says how many steps there were.
 */
export async function playTranscript(
  path: string,
  greeting: number,
  command: ConsoleCommand,
  servers: readonly string[],
): Promise<string> {
  const steps = stepsOf(await readFile(path, 'utf8'))
  const names = [...new Set(steps.map(({ name }) => name))]
  const consoles = new Map(
    names.map((name, index) => [name, new Console(command(servers[index % servers.length] ?? ''))]),
  )
  try {
    await Promise.all([...consoles.values()].map((one) => one.printed(greeting)))
    for (const { line, name, command, printed } of steps) {
      const one = consoles.get(name)
      if (command !== null) one?.say(command)
      const found = (await one?.printed(printed.length)) ?? []
      if (found.join('\n') === printed.join('\n')) continue
      const wanted = `${command ?? 'unasked'}\n  wanted: ${printed.join('\n          ')}`
      throw new Error(`${path}:${String(line)}: ${wanted}\n  told:   ${found.join('\n          ')}`)
    }
  } finally {
    await Promise.all([...consoles.values()].map((one) => one.end()))
  }
  return `${String(steps.length)} steps\ndone`
}

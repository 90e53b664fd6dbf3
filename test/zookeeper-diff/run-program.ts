/**
 * Runs a program against one server, and writes down everything that came, client by client. A client
 * that has no connection makes one: for its session, or for a new one. At the end every session is
 * closed, and what is left of the tree is read, then deleted.
 */
import {
  JuteReader,
  opcodes,
  readConnectResponse,
  wireErrors,
  xids,
  type Long,
} from '@conclave/zookeeper'
import { decodeEvent, decodeReply, plain, type Token } from './decode.ts'
import { encodeGreeting, encodeRequest, opcodeOf } from './encode.ts'
import { sortDeletions, type Told } from './told.ts'
import type { Action, Greeting, Program, Record } from './program.ts'
import { WireClient, type Frame } from './wire-client.ts'

export interface Transcript {
  /** Of each client, in order; what comes beside the order of requests is a list of its own. */
  readonly streams: ReadonlyMap<string, readonly Told[]>
  readonly requests: number
}

type Ask = Extract<Action, { readonly type: 'ask' }>

interface Asked {
  readonly xid: number
  readonly action: number
  readonly record: Record
}

const noZxid = '-1'
const patienceMs = 2_000
const usual: Greeting = { timeoutMs: 40_000, readOnly: false, protocolVersion: 0 }
/** The client that looks at what is left. */
const looker = 99
/** Answered at once, whatever else is asked: their place among the others is by chance. */
const besideOrder: readonly number[] = [opcodes.ping, opcodes.auth]

export async function runProgram(
  program: Program,
  port: number,
  hasEventZxids: boolean,
): Promise<Transcript> {
  const run = new Run(port, hasEventZxids)
  try {
    for (const [index, action] of program.actions.entries()) await run.act(index, action)
    await run.finish(program)
    for (const told of run.streams.values()) sortDeletions(told, run.closings)
    return { streams: run.streams, requests: run.requests }
  } finally {
    run.destroy()
  }
}

class Run {
  /** The zxids at which sessions were closed, as events name them. */
  readonly closings = new Set<string>()
  readonly streams = new Map<string, Told[]>()
  requests = 0
  /** False where servers do not say of which zxid an event is. */
  readonly hasEventZxids: boolean
  readonly #port: number
  readonly #slots = new Map<number, Slot>()
  readonly #sessions = new Map<bigint, string>()
  #action = 0

  constructor(port: number, hasEventZxids: boolean) {
    this.#port = port
    this.hasEventZxids = hasEventZxids
    if (!hasEventZxids) this.closings.add(noZxid)
  }

  async act(index: number, action: Action): Promise<void> {
    const slot = this.#slot(action.slot)
    for (const other of this.#slots.values()) {
      if (other !== slot || action.type !== 'ask') await other.flush()
    }
    this.#action = index
    switch (action.type) {
      case 'ask':
        await slot.ask(index, action)
        return
      case 'drop':
        await slot.hearAll()
        slot.drop()
        return
      case 'connect':
        await slot.hearAll()
        await slot.connect(index, action.greeting)
    }
  }

  /** Ends all sessions, and looks at what is left. */
  async finish({ root, actions }: Program): Promise<void> {
    for (const slot of this.#slots.values()) await slot.flush()
    this.#action = actions.length
    for (const slot of [...this.#slots.values()]) await slot.close(actions.length)
    const slot = this.#slot(looker)
    const paths = [root, `/zookeeper/quota${root}`]
    for (const path of paths) paths.push(...(await this.#lookAt(slot, path)))
    for (const path of paths.reverse()) await slot.do({ op: 'delete', path, version: -1 })
    await slot.close(actions.length)
  }

  destroy(): void {
    for (const slot of this.#slots.values()) slot.drop()
  }

  tell(stream: string, about: string, tokens: readonly Token[], action = this.#action): void {
    const told = this.streams.get(stream) ?? []
    told.push({ action, about, tokens })
    this.streams.set(stream, told)
  }

  nameSession(id: Long): string {
    if (BigInt(id) === 0n) return 'none'
    return this.#sessions.get(BigInt(id)) ?? 'unknown'
  }

  noteSession(id: Long): void {
    if (BigInt(id) !== 0n && !this.#sessions.has(BigInt(id))) {
      this.#sessions.set(BigInt(id), `session ${String(this.#sessions.size)}`)
    }
  }

  /** Everything about a znode; the paths below it. */
  async #lookAt(slot: Slot, path: string): Promise<string[]> {
    await slot.do({ op: 'getData', path, watch: false })
    await slot.do({ op: 'getAcl', path })
    const told = await slot.do({ op: 'getChildren2', path, watch: false })
    const names = told.find(({ name }) => name === 'names')
    if (names === undefined) return []
    const children = JSON.parse(JSON.parse(names.value) as string) as string[]
    return children.map((name) => `${path}/${name}`)
  }

  #slot(number: number): Slot {
    const slot = this.#slots.get(number) ?? new Slot(number, this.#port, this)
    this.#slots.set(number, slot)
    return slot
  }
}

/** One client: its session, its connection, what it has asked. */
class Slot {
  readonly #number: number
  readonly #port: number
  readonly #run: Run
  #client: WireClient | null = null
  #session: { readonly id: Long; readonly password: Uint8Array; readonly asked: number } | null =
    null
  #seen = 0n
  #lastXid = 0
  #held: Buffer[] = []
  #asked: Asked[] = []
  #isBurst = false
  /** True when the connection is to be closed behind what was told. */
  #isOver = false
  #last: readonly Token[] = []
  #onAnswered: (() => void) | undefined

  constructor(number: number, port: number, run: Run) {
    this.#number = number
    this.#port = port
    this.#run = run
  }

  async ask(index: number, { record, xid, damage, held }: Ask): Promise<void> {
    if (this.#client === null) await this.connect(index, usual)
    if (this.#client === null) return
    this.#lastXid += 1
    const number = xid ?? (record.op === 'ping' ? xids.ping : this.#lastXid)
    const own = record.op === 'auth' && xid === undefined ? xids.auth : number
    this.#held.push(encodeRequest(own, record, this.#seen, damage))
    this.#asked.push({ xid: own, action: index, record })
    this.#run.requests += 1
    if (held !== true) await this.flush()
  }

  /** Asks, and gives what was told. */
  async do(record: Record): Promise<readonly Token[]> {
    this.#last = []
    await this.ask(Number.MAX_SAFE_INTEGER, { type: 'ask', slot: this.#number, record })
    return this.#last
  }

  /** Sends what was held back, and waits for all of it. */
  async flush(): Promise<void> {
    if (this.#held.length === 0) return
    this.#isBurst = this.#held.length > 1
    this.#client?.send(Buffer.concat(this.#held))
    this.#held = []
    if (this.#asked.length === 0) return
    const isAnswered = await this.#within(
      new Promise<void>((resolve) => {
        this.#onAnswered = resolve
      }),
    )
    if (!isAnswered) this.#giveUp('silence')
    const client = this.#client
    if (this.#isOver && client !== null) {
      this.#isOver = false
      if (!(await this.#within(client.closed))) this.#giveUp('left open')
    }
  }

  /** Whatever the client is to be told it is told before this resolves. */
  async hearAll(): Promise<void> {
    if (this.#client !== null) await this.do({ op: 'ping' })
  }

  drop(): void {
    this.#held = []
    this.#asked = []
    this.#forget()
  }

  /** Makes a connection. The one that there was is cut by the server if this one is let in. */
  async connect(index: number, greeting: Greeting): Promise<void> {
    const former = this.#client
    // Whether it is cut, and when, is told below.
    former?.onFrame((frame) => {
      if (frame !== 'closed') this.#onFrame(frame)
    })
    const client = await WireClient.reach(this.#port)
    const { readOnly, protocolVersion, wrong } = greeting
    const session = this.#session
    const isOther = wrong === 'session' || (wrong === 'password' && session === null)
    const password = wrong === 'password' ? new Uint8Array(16).fill(7) : session?.password
    const first = new Promise<Frame>((resolve) => {
      client.onFrame(resolve)
    })
    client.send(
      encodeGreeting({
        protocolVersion,
        lastZxidSeen: wrong === 'zxid' ? 2 ** 50 : session === null ? 0 : this.#seen,
        timeoutMs: session?.asked ?? greeting.timeoutMs,
        sessionId: isOther ? 0x7777 : (session?.id ?? 0),
        password: password ?? new Uint8Array(16),
        readOnly: readOnly ?? undefined,
      }),
    )
    const frame = (await this.#within(first)) ? await first : null
    if (frame === null || frame === 'closed') {
      this.#run.tell(this.#stream, 'greeting', [plain('greeting', frame ?? 'silence')], index)
      client.destroy()
      former?.onFrame((one) => this.#onFrame(one))
      return
    }
    const reader = new JuteReader()
    reader.reset(frame)
    const response = readConnectResponse(reader)
    const { sessionId: id, timeoutMs } = response
    this.#run.noteSession(id)
    this.#run.tell(
      this.#stream,
      'greeting',
      [
        plain('session', this.#run.nameSession(id)),
        plain('timeout', timeoutMs),
        plain('bytes', frame.length),
        plain('password', response.password?.length ?? null),
        plain('readOnly', String(response.readOnly)),
        plain('protocolVersion', response.protocolVersion),
      ],
      index,
    )
    if (BigInt(id) === 0n) {
      if (wrong === undefined) this.#session = null
      const isClosed = await this.#within(client.closed)
      this.#run.tell(this.#stream, 'greeting', [plain('closed behind it', isClosed)], index)
      client.destroy()
      former?.onFrame((one) => this.#onFrame(one))
      return
    }
    if (former !== null) {
      const isClosed = await this.#within(former.closed)
      this.#run.tell(this.#stream, 'greeting', [plain('former closed', isClosed)], index)
      former.destroy()
    }
    const asked = session?.asked ?? greeting.timeoutMs
    this.#session = { id, password: response.password ?? new Uint8Array(16), asked }
    this.#client = client
    client.onFrame((one) => this.#onFrame(one))
  }

  async close(action: number): Promise<void> {
    if (this.#session === null) return
    await this.ask(action, {
      type: 'ask',
      slot: this.#number,
      record: { op: 'closeSession' },
    })
    this.drop()
    this.#session = null
  }

  get #stream(): string {
    return `client ${this.#number}`
  }

  #onFrame(frame: Frame): void {
    if (frame === 'closed') {
      this.#giveUp('closed')
      return
    }
    const xid = frame.readInt32BE(0)
    if (xid === xids.notification) {
      const tokens = decodeEvent(frame).map((token) => {
        const isHidden = token.name === 'event zxid' && !this.#run.hasEventZxids
        return isHidden ? { ...token, value: noZxid } : token
      })
      this.#run.tell(this.#stream, 'event', tokens, this.#asked[0]?.action)
      return
    }
    const at = this.#asked.findIndex((one) => one.xid === xid)
    const asked = this.#asked[at]
    if (asked === undefined) {
      this.#run.tell(this.#stream, 'unasked', [plain('frame', frame.toString('hex'))])
      return
    }
    this.#asked.splice(at, 1)
    this.#onReply(asked, frame)
    if (this.#asked.length === 0) this.#onAnswered?.()
  }

  #onReply({ record, action }: Asked, frame: Buffer): void {
    const { error, zxid, tokens } = decodeReply(record, frame, (id) => this.#run.nameSession(id))
    if (zxid > this.#seen) this.#seen = zxid
    if (record.op === 'closeSession' && error === 0) {
      this.#session = null
      this.#isOver = true
      this.#run.closings.add(String(zxid))
    }
    const isLast = error === wireErrors.authFailed || error === wireErrors.unimplemented
    if (isLast) this.#isOver = true
    const isBeside = this.#isBurst && besideOrder.includes(opcodeOf(record))
    const stream = isBeside ? `${this.#stream}, beside` : this.#stream
    // When it is answered is by chance, and so is what was applied by then.
    const told = isBeside ? tokens.filter(({ name }) => name !== 'zxid') : tokens
    this.#run.tell(stream, record.op, told, action)
    this.#last = tokens
  }

  /** The connection is of no use any more. */
  #giveUp(why: string): void {
    this.#run.tell(this.#stream, 'connection', [plain('connection', why)], this.#asked[0]?.action)
    this.#asked = []
    this.#isOver = false
    this.#forget()
    this.#onAnswered?.()
  }

  #forget(): void {
    const client = this.#client
    this.#client = null
    client?.onFrame(() => undefined)
    client?.destroy()
  }

  /** True when it comes in time. */
  async #within(what: Promise<unknown>): Promise<boolean> {
    let cancel: NodeJS.Timeout | undefined
    const late = new Promise<boolean>((resolve) => {
      cancel = setTimeout(() => resolve(false), patienceMs)
    })
    const isThere = await Promise.race([what.then(() => true), late])
    clearTimeout(cancel)
    return isThere
  }
}

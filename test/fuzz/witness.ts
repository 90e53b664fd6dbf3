/** A good client: it writes and reads, one after the other, and notes how long it had to wait. */
import { opcodes } from '@conclave/zookeeper'
import { encodeGreeting, encodeRequest } from '../zookeeper-diff/encode.ts'
import type { Record } from '../zookeeper-diff/program.ts'
import { WireClient } from '../zookeeper-diff/wire-client.ts'
import { sleep } from '../processes/waiting.ts'
import { witnessPath } from './ensemble.ts'

const everyMs = 20
/** Nobody may wait longer, whatever others do. */
const patienceMs = 5_000
const acl = [{ permissions: 31, scheme: 'world', id: 'anyone' }]

export class Witness {
  readonly failures: string[] = []
  answered = 0
  longestMs = 0
  readonly #client: WireClient
  readonly #waiting = new Map<number, (frame: Buffer) => void>()
  #xid = 0
  #isOver = false
  #done: Promise<void> = Promise.resolve()

  constructor(client: WireClient) {
    this.#client = client
    client.onFrame((frame) => {
      if (frame === 'closed') {
        if (!this.#isOver) this.failures.push('the connection of the good client was closed')
        return
      }
      const xid = this.#xid === 0 ? 0 : frame.readInt32BE(0)
      this.#waiting.get(xid)?.(frame)
      this.#waiting.delete(xid)
    })
  }

  static async start(port: number): Promise<Witness> {
    const witness = new Witness(await WireClient.reach(port))
    await witness.#greet()
    await witness.#ask({ op: 'create', path: witnessPath, data: '', acl, flags: 0 })
    witness.#done = witness.#live()
    return witness
  }

  /** Begins to count anew how long it waits. */
  restart(): void {
    this.longestMs = 0
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#done
    this.#client.destroy()
  }

  async #live(): Promise<void> {
    while (!this.#isOver && this.failures.length === 0) {
      const data = String(this.answered)
      await this.#ask({ op: 'setData', path: witnessPath, data, version: -1 })
      const read = await this.#ask({ op: 'getData', path: witnessPath, watch: false })
      if (read !== null && !read.includes(data)) this.failures.push('it did not read what it wrote')
      await sleep(everyMs)
    }
  }

  #greet(): Promise<Buffer | null> {
    const password = new Uint8Array(16)
    const request = {
      protocolVersion: 0,
      lastZxidSeen: 0,
      timeoutMs: 30_000,
      sessionId: 0,
      password,
    }
    return this.#send(0, encodeGreeting({ ...request, readOnly: false }))
  }

  async #ask(record: Record): Promise<Buffer | null> {
    this.#xid += 1
    const begun = performance.now()
    const reply = await this.#send(this.#xid, encodeRequest(this.#xid, record, 0n))
    this.longestMs = Math.max(this.longestMs, performance.now() - begun)
    if (reply === null) return null
    this.answered += 1
    const error = reply.readInt32BE(12)
    const isThere = record.op === 'create' && error !== 0
    if (error !== 0 && !isThere) this.failures.push(`${opcodes[record.op as 'getData']}: ${error}`)
    return reply
  }

  async #send(xid: number, bytes: Buffer): Promise<Buffer | null> {
    const answered = new Promise<Buffer>((resolve) => this.#waiting.set(xid, resolve))
    this.#client.send(bytes)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), patienceMs)
    })
    const reply = await Promise.race([answered, late])
    clearTimeout(timer)
    if (reply === null) this.failures.push(`the good client waited for ${patienceMs} ms`)
    return reply
  }
}

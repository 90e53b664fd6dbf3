/**
 * A file system in memory that keeps apart what is written and what is durable, as strictly as POSIX
 * allows: a name is durable when its directory was synced, bytes when their file was. Everything can
 * be held up, cut short, or made to fail.
 */
import { dirname } from 'node:path'
import type { Files, LogFile } from '../src/files.ts'

interface StoredFile {
  written: Buffer
  durable: Buffer
  /** What `sync` has to write. A failed one forgets it, as Linux does. */
  dirty: { readonly from: number; readonly to: number }[]
}

export interface MemoryFilesOptions {
  /** False for a system without O_DSYNC: then only `sync` makes durable. */
  readonly durableWrites?: boolean
}

/** What power loss makes of a write that was under way: which of its bytes reached the disk. */
export type Tear = (write: Buffer) => readonly boolean[]

export class MemoryFiles implements Files {
  readonly #durableWrites: boolean
  readonly #names = new Map<string, StoredFile>()
  readonly #durableNames = new Map<string, StoredFile>()
  #gate: (() => void)[] | null = null
  readonly #failures = new Map<string, { countdown: number; error: Error; after: number }>()
  /** The write that is held up, for `crash` to tear. */
  #underway: { file: StoredFile; bytes: Buffer; position: number } | null = null
  #isDead = false
  /** How many writes were begun, and how many of them at the same time at most. */
  writeCount = 0
  maxConcurrentWrites = 0
  #writing = 0

  constructor(options: MemoryFilesOptions = {}) {
    this.#durableWrites = options.durableWrites ?? true
  }

  /** From now on writes wait for `release`. */
  hold(): void {
    this.#gate ??= []
  }

  /** Lets all writes that wait go on, and later ones pass. */
  release(): void {
    const waiting = this.#gate ?? []
    this.#gate = null
    for (const go of waiting) go()
  }

  /** The `nth` call of the operation from now on fails; a write has written `after` bytes then. */
  fail(operation: string, error: Error, nth = 1, after = 0): void {
    this.#failures.set(operation, { countdown: nth, error, after })
  }

  /**
   * Power is lost. Gives the disk as the next start finds it: what was not durable is gone, but for
   * what `tear` lets through of the write under way, and the names that `keepsName` lets through of
   * those that were not synced. Whoever still uses this one never hears back.
   */
  crash(tear?: Tear, keepsName: () => boolean = () => false): MemoryFiles {
    if (this.#underway !== null && tear !== undefined) {
      const { file, bytes, position } = this.#underway
      for (const [index, isThere] of tear(bytes).entries()) {
        if (!isThere) continue
        const byte = bytes.subarray(index, index + 1)
        file.durable = overwrite(file.durable, byte, position + index)
      }
    }
    for (const path of new Set([...this.#names.keys(), ...this.#durableNames.keys()])) {
      const file = this.#names.get(path)
      if (file === this.#durableNames.get(path) || !keepsName()) continue
      if (file === undefined) this.#durableNames.delete(path)
      else this.#durableNames.set(path, file)
    }
    this.#isDead = true
    return this.copy()
  }

  /**
   * The process is killed, the machine goes on: gives the files as the next start finds them, of
   * which some may still be in memory only. Whoever still uses this one never hears back.
   */
  kill(): MemoryFiles {
    this.#isDead = true
    const next = new MemoryFiles({ durableWrites: this.#durableWrites })
    for (const [path, file] of this.#names) next.#names.set(path, file)
    for (const [path, file] of this.#durableNames) next.#durableNames.set(path, file)
    return next
  }

  /** The content of a file as it is on the disk. */
  content(path: string): Buffer {
    return Buffer.from(this.#find(path).durable)
  }

  paths(): string[] {
    return [...this.#names.keys()].sort()
  }

  /** Puts a file there, durably. */
  put(path: string, content: Uint8Array): void {
    const file = { written: Buffer.from(content), durable: Buffer.from(content), dirty: [] }
    this.#names.set(path, file)
    this.#durableNames.set(path, file)
  }

  /** Takes a file away, durably. */
  drop(path: string): void {
    this.#names.delete(path)
    this.#durableNames.delete(path)
  }

  /** A second disk with the same durable content. */
  copy(): MemoryFiles {
    const copy = new MemoryFiles({ durableWrites: this.#durableWrites })
    for (const [path, file] of this.#durableNames) copy.put(path, file.durable)
    return copy
  }

  async createLogFile(path: string): Promise<LogFile> {
    await this.#begin('createLogFile')
    if (this.#names.has(path)) throw new Error(`EEXIST: ${path}`)
    const file = { written: Buffer.alloc(0), durable: Buffer.alloc(0), dirty: [] }
    this.#names.set(path, file)
    return this.#open(file)
  }

  async openLogFile(path: string): Promise<LogFile> {
    await this.#begin('openLogFile')
    return this.#open(this.#find(path))
  }

  async list(directory: string): Promise<string[]> {
    await this.#begin('list')
    return [...this.#names.keys()]
      .filter((path) => dirname(path) === directory)
      .map((path) => path.slice(directory.length + 1))
  }

  async read(path: string): Promise<Buffer> {
    await this.#begin('read')
    return Buffer.from(this.#find(path).written)
  }

  async readRange(path: string, position: number, length: number): Promise<Buffer> {
    await this.#begin('readRange')
    return Buffer.from(this.#find(path).written.subarray(position, position + length))
  }

  async makeDirectory(): Promise<void> {
    await this.#begin('makeDirectory')
  }

  async remove(path: string): Promise<void> {
    await this.#begin('remove')
    this.#find(path)
    this.#names.delete(path)
  }

  async syncDirectory(directory: string): Promise<void> {
    await this.#begin('syncDirectory')
    for (const path of new Set([...this.#names.keys(), ...this.#durableNames.keys()])) {
      if (dirname(path) !== directory) continue
      const file = this.#names.get(path)
      if (file === undefined) this.#durableNames.delete(path)
      else this.#durableNames.set(path, file)
    }
  }

  #find(path: string): StoredFile {
    const file = this.#names.get(path)
    if (file === undefined) {
      throw Object.assign(new Error(`ENOENT: no such file, '${path}'`), { code: 'ENOENT' })
    }
    return file
  }

  async #begin(operation: string): Promise<void> {
    if (this.#isDead) await new Promise(() => undefined)
    this.#maybeFail(operation)
  }

  #maybeFail(operation: string): void {
    const failure = this.#failures.get(operation)
    if (failure === undefined || --failure.countdown > 0) return
    this.#failures.delete(operation)
    throw failure.error
  }

  #open(file: StoredFile): LogFile {
    return {
      isDurable: this.#durableWrites,
      write: (buffers, position) => this.#write(file, Buffer.concat(buffers), position),
      sync: async () => {
        await this.#pass()
        const { dirty } = file
        file.dirty = []
        this.#underway = null
        this.#maybeFail('sync')
        if (file.durable.length > file.written.length) {
          file.durable = file.durable.subarray(0, file.written.length)
        }
        for (const { from, to } of dirty) {
          file.durable = overwrite(file.durable, file.written.subarray(from, to), from)
        }
      },
      truncate: async (length) => {
        await this.#begin('truncate')
        file.written = Buffer.from(file.written.subarray(0, length))
      },
      close: async () => {
        await this.#begin('close')
      },
    }
  }

  async #write(file: StoredFile, bytes: Buffer, position: number): Promise<number> {
    this.writeCount += 1
    this.#writing += 1
    this.maxConcurrentWrites = Math.max(this.maxConcurrentWrites, this.#writing)
    this.#underway = { file, bytes, position }
    await this.#pass()
    this.#writing -= 1
    if (this.#durableWrites) this.#underway = null

    const failure = this.#failures.get('write')
    const isFailing = failure !== undefined && --failure.countdown <= 0
    const written = isFailing ? bytes.subarray(0, failure.after) : bytes
    file.written = overwrite(file.written, written, position)
    file.dirty.push({ from: position, to: position + written.length })
    if (this.#durableWrites) file.durable = overwrite(file.durable, written, position)
    if (!isFailing) return bytes.length
    this.#failures.delete('write')
    // The first part of a cut write succeeds; the error comes with the second.
    if (failure.after === 0) throw failure.error
    this.#failures.set('write', { ...failure, countdown: 1, after: 0 })
    return written.length
  }

  /** Waits at the gate; of a machine that has lost power, for ever. */
  async #pass(): Promise<void> {
    const gate = this.#gate
    if (gate !== null) await new Promise<void>((resolve) => gate.push(resolve))
    if (this.#isDead) await new Promise(() => undefined)
  }
}

/** The content with bytes written into it, zeros between where there was nothing. */
function overwrite(content: Buffer, bytes: Uint8Array, position: number): Buffer {
  const length = Math.max(content.length, position + bytes.length)
  const result = Buffer.alloc(length)
  result.set(content)
  result.set(bytes, position)
  return result
}

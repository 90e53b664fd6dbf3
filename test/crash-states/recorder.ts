/**
 * From calls to operations: knows which file each descriptor and each path of the directory is.
 * A call that touches the directory and is not understood fails the recording: what a model does
 * not know of, it cannot lose.
 */
import type { Fact } from './facts.ts'
import { root, type Inode, type Operation, type Recording } from './operations.ts'
import { bytesOf, type Call } from './strace.ts'

interface Descriptor {
  readonly inode: Inode
  readonly isDurable: boolean
  readonly isAppending: boolean
  position: number
}

/** They look and change nothing. */
const harmless = new Set(
  'access faccessat faccessat2 stat lstat statx newfstatat readlink readlinkat getcwd chdir statfs'.split(
    ' ',
  ),
)

type Handler = (call: Call) => void

/** A directory as it lives, by names. */
interface Node {
  readonly inode: Inode
  readonly names: Map<string, Node> | null
  size: number
}

export class Recorder {
  readonly #directory: string
  readonly #facts: string
  readonly #operations: Operation[] = []
  readonly #paths = new Map<Inode, string>([[root, '']])
  readonly #root: Node = { inode: root, names: new Map(), size: 0 }
  readonly #nodes = new Map<Inode, Node>([[root, this.#root]])
  #descriptors = new Map<number, Descriptor>()
  #factDescriptor = -1
  /** For each call that returned, how many operations were complete then. */
  #completed: number[] = []
  #call: Call | null = null

  /** Records what happens below `directory`; facts are what is written to the file `facts`. */
  constructor(directory: string, facts: string) {
    this.#directory = directory
    this.#facts = facts
  }

  /** Takes the calls of one process, from its first to its last. */
  take(calls: readonly Call[]): void {
    this.#descriptors = new Map()
    this.#factDescriptor = -1
    this.#completed = []
    for (const call of calls) {
      this.#call = call
      if (call.result >= 0) this.#take(call)
      this.#completed.push(this.#operations.length)
    }
  }

  recording(name: string): Recording {
    return { name, operations: this.#operations, paths: this.#paths }
  }

  readonly #handlers: Readonly<Record<string, Handler>> = {
    open: (call) => this.#open(call, call.args[0], call.args[1], call.result),
    creat: (call) => this.#open(call, call.args[0], 'O_WRONLY|O_CREAT|O_TRUNC', call.result),
    openat: (call) => this.#open(call, this.#at(call, 0), call.args[2], call.result),
    mkdir: (call) => this.#make(call, call.args[0]),
    mkdirat: (call) => this.#make(call, this.#at(call, 0)),
    unlink: (call) => this.#remove(call, call.args[0]),
    rmdir: (call) => this.#remove(call, call.args[0]),
    unlinkat: (call) => this.#remove(call, this.#at(call, 0)),
    rename: (call) => this.#rename(call, call.args[0], call.args[1]),
    renameat: (call) => this.#rename(call, this.#at(call, 0), this.#at(call, 2)),
    write: (call) => this.#write(call, [bytesOf(call.args[1] ?? '')], null),
    writev: (call) => this.#write(call, vectorOf(call.args[1]), null),
    pwrite64: (call) => this.#write(call, [bytesOf(call.args[1] ?? '')], Number(call.args[3])),
    pwritev: (call) => this.#write(call, vectorOf(call.args[1]), Number(call.args[3])),
    ftruncate: (call) => this.#truncate(call),
    fsync: (call) => this.#sync(call),
    fdatasync: (call) => this.#sync(call),
    close: (call) => void this.#descriptors.delete(Number(call.args[0])),
  }

  #take(call: Call): void {
    const descriptor = Number(call.args[0])
    if (call.name === 'write' && descriptor === this.#factDescriptor) return this.#takeFacts(call)
    const handler = this.#handlers[call.name]
    if (handler !== undefined && (this.#isOurs(call) || call.name === 'openat')) handler(call)
    else if (this.#isOurs(call) && !this.#isHarmless(call)) {
      throw new Error(`not understood: ${call.name}(${call.args.map(shown).join(', ')})`)
    }
  }

  /** True when an argument is a path in the directory, or a descriptor of what is in it. */
  #isOurs({ name, args }: Call): boolean {
    if (name.startsWith('io_')) return true
    const byNumber = name === 'mmap' ? args[4] : args[0]
    if (this.#descriptors.has(Number(byNumber))) return true
    return args.some((arg) => arg.startsWith('"') && this.#within(pathOf(arg)) !== null)
  }

  #isHarmless({ name, args }: Call): boolean {
    if (name === 'mmap') return !(args[2] ?? '').includes('PROT_WRITE')
    // Locks, and flags that say nothing of durability.
    if (name === 'fcntl') return /^F_(SETLK|GETLK|GETFL|SETFD|GETFD)/.test(args[1] ?? '')
    return harmless.has(name)
  }

  /** The path of the arguments `directory, name` of an `…at` call. */
  #at({ args }: Call, index: number): string | undefined {
    const name = args[index + 1]
    const base = this.#descriptors.get(Number(args[index]))
    if (name === undefined || base === undefined) return name
    const parent = `${this.#directory}${this.#paths.get(base.inode) ?? ''}`
    return `"${Buffer.from(`${parent}/${pathOf(name)}`)
      .toString('hex')
      .replace(/../g, '\\x$&')}"`
  }

  /** The path below the directory, or `null` for one elsewhere. */
  #within(path: string): string | null {
    if (path !== this.#directory && !path.startsWith(`${this.#directory}/`)) return null
    return path.slice(this.#directory.length).replace(/\/+$/, '')
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root
    for (const name of path.split('/').slice(1)) node = node?.names?.get(name)
    return node
  }

  #place(arg: string | undefined): { directory: Node; name: string; path: string } | null {
    const path = arg === undefined ? null : this.#within(pathOf(arg))
    if (path === null) return null
    const at = path.lastIndexOf('/')
    const directory = this.#find(path.slice(0, Math.max(0, at)))
    if (directory === undefined) throw new Error(`no directory for ${path} is known`)
    return { directory, name: path.slice(at + 1), path }
  }

  #add(operation: OperationBody): void {
    const before = this.#call?.begun ?? 0
    const begun = before === 0 ? 0 : (this.#completed[before - 1] ?? 0)
    this.#operations.push({ ...operation, begun })
  }

  #create(
    kind: 'file' | 'directory',
    place: { directory: Node; name: string; path: string },
  ): Node {
    const inode = this.#nodes.size
    const node: Node = { inode, names: kind === 'directory' ? new Map() : null, size: 0 }
    this.#nodes.set(inode, node)
    this.#paths.set(inode, place.path)
    place.directory.names?.set(place.name, node)
    this.#add({ type: 'create', kind, inode, directory: place.directory.inode, name: place.name })
    return node
  }

  #open(_: Call, arg: string | undefined, flags = '', result: number): void {
    this.#descriptors.delete(result)
    if (arg !== undefined && pathOf(arg) === this.#facts) this.#factDescriptor = result
    const path = arg === undefined ? null : this.#within(pathOf(arg))
    if (path === null) return
    let node = this.#find(path)
    if (node === undefined) {
      const place = this.#place(arg)
      if (place === null || !flags.includes('O_CREAT'))
        throw new Error(`${path} comes from nowhere`)
      node = this.#create('file', place)
    }
    const { inode } = node
    if (flags.includes('O_TRUNC') && node.size > 0) {
      node.size = 0
      this.#add({ type: 'truncate', inode, length: 0 })
    }
    const isDurable = /O_D?SYNC/.test(flags)
    const isAppending = flags.includes('O_APPEND')
    this.#descriptors.set(result, { inode, isDurable, isAppending, position: 0 })
  }

  #make(_: Call, arg: string | undefined): void {
    const place = this.#place(arg)
    if (place !== null) this.#create('directory', place)
  }

  #remove(_: Call, arg: string | undefined): void {
    const place = this.#place(arg)
    const node = place?.directory.names?.get(place.name)
    if (place === null || node === undefined) throw new Error('what is removed is not known')
    place.directory.names?.delete(place.name)
    const { inode } = node
    this.#add({ type: 'remove', inode, directory: place.directory.inode, name: place.name })
  }

  #rename(_: Call, fromArg: string | undefined, toArg: string | undefined): void {
    const from = this.#place(fromArg)
    const to = this.#place(toArg)
    const node = from?.directory.names?.get(from.name)
    if (from === null || to === null || node === undefined)
      throw new Error('renamed from elsewhere')
    from.directory.names?.delete(from.name)
    to.directory.names?.set(to.name, node)
    this.#paths.set(node.inode, to.path)
    this.#add({
      type: 'rename',
      inode: node.inode,
      from: from.directory.inode,
      name: from.name,
      to: to.directory.inode,
      newName: to.name,
    })
  }

  #descriptor({ name, args }: Call): Descriptor {
    const descriptor = this.#descriptors.get(Number(args[0]))
    if (descriptor === undefined) throw new Error(`${name} of an unknown descriptor`)
    return descriptor
  }

  #write(call: Call, buffers: readonly Buffer[], position: number | null): void {
    const descriptor = this.#descriptor(call)
    const { inode, isDurable, isAppending } = descriptor
    const node = this.#nodes.get(inode) as Node
    const at = position ?? (isAppending ? node.size : descriptor.position)
    const bytes = Buffer.concat(buffers).subarray(0, call.result)
    if (position === null) descriptor.position = at + bytes.length
    node.size = Math.max(node.size, at + bytes.length)
    if (bytes.length > 0) this.#add({ type: 'write', inode, position: at, bytes, isDurable })
  }

  #truncate(call: Call): void {
    const { inode } = this.#descriptor(call)
    const length = Number(call.args[1])
    const node = this.#nodes.get(inode) as Node
    node.size = length
    this.#add({ type: 'truncate', inode, length })
  }

  #sync(call: Call): void {
    const { inode } = this.#descriptor(call)
    this.#add({ type: 'sync', inode })
  }

  #takeFacts(call: Call): void {
    const lines = bytesOf(call.args[1] ?? '')
      .toString()
      .trimEnd()
    for (const line of lines.split('\n')) {
      this.#add({ type: 'fact', fact: JSON.parse(line) as Fact })
    }
  }
}

type WithoutBegun<T> = T extends { readonly begun: number } ? Omit<T, 'begun'> : never
type OperationBody = WithoutBegun<Operation>

function pathOf(arg: string): string {
  return bytesOf(arg).toString()
}

/** The buffers of `[{iov_base="…", iov_len=3}, …]`. */
function vectorOf(arg = ''): Buffer[] {
  return [...arg.matchAll(/iov_base=("[^"]*")/g)].map((match) => bytesOf(match[1] ?? ''))
}

function shown(arg: string): string {
  return arg.startsWith('"') ? pathOf(arg).slice(0, 100) : arg.slice(0, 100)
}

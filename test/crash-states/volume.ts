/**
 * A volume as a machine that loses power may leave it: knows of every file and directory what is
 * durable for certain and what may or may not be, and builds any of the images in between.
 *
 * Two rules for what a sync speaks for. `directory`, as POSIX has it: a file's sync speaks for its
 * bytes, a directory's for its entries, and for nothing else. `journal`, as ext4 and its like do it:
 * changes of entries reach the disk in one order, and the sync of a file brings along the creation of
 * that file, and so everything before it.
 */
import {
  root,
  type Content,
  type DataChange,
  type Image,
  type Inode,
  type Operation,
} from './operations.ts'

export type SyncRule = 'directory' | 'journal'

/** One change of the entries of one directory: a rename within it is one. */
export interface EntryChange {
  readonly index: number
  readonly directory: Inode
  readonly kind: 'create' | 'rename' | 'remove'
  readonly removes: readonly { readonly name: string; readonly inode: Inode }[]
  readonly adds: { readonly name: string; readonly inode: Inode } | null
}

/** A change of the bytes of a file, which a sync may have spoken for. */
interface PossibleChange extends DataChange {
  isDurable: boolean
}

/** What is there of a write that is under way: changes with a negative index. */
export interface Torn {
  readonly inode: Inode
  readonly pieces: readonly DataChange[]
}

/** Which of the changes in doubt are on the disk. */
export interface Choice {
  readonly entry: (change: EntryChange) => boolean
  readonly data: (change: DataChange, changes: readonly DataChange[], inode: Inode) => boolean
}

interface File {
  /** Durable, all of them. */
  readonly base: DataChange[]
  changes: PossibleChange[]
}

interface Directory {
  readonly base: Map<string, Inode>
  changes: EntryChange[]
}

export class Volume {
  readonly #rule: SyncRule
  readonly #files = new Map<Inode, File>()
  readonly #directories = new Map<Inode, Directory>([[root, { base: new Map(), changes: [] }]])
  readonly #born = new Map<Inode, number>()
  #count = 0

  constructor(rule: SyncRule) {
    this.#rule = rule
  }

  apply(operation: Operation): void {
    const index = this.#count
    this.#count += 1
    switch (operation.type) {
      case 'create': {
        const { inode, directory, name } = operation
        this.#born.set(inode, index)
        if (operation.kind === 'directory') {
          this.#directories.set(inode, { base: new Map(), changes: [] })
        } else this.#files.set(inode, { base: [], changes: [] })
        this.#enter({ index, directory, kind: 'create', removes: [], adds: { name, inode } })
        break
      }
      case 'remove': {
        const { inode, directory, name } = operation
        this.#enter({ index, directory, kind: 'remove', removes: [{ name, inode }], adds: null })
        break
      }
      case 'rename': {
        const { inode, from, to, name, newName } = operation
        const removes = [{ name, inode }]
        const adds = { name: newName, inode }
        if (from === to) this.#enter({ index, directory: to, kind: 'rename', removes, adds })
        else {
          this.#enter({ index, directory: to, kind: 'rename', removes: [], adds })
          this.#enter({ index, directory: from, kind: 'rename', removes, adds: null })
        }
        break
      }
      case 'write': {
        const { inode, bytes, position, isDurable } = operation
        this.#change(inode, { index, bytes, position, isDurable })
        if (isDurable) this.#commit(inode, index)
        break
      }
      case 'truncate':
        this.#change(operation.inode, {
          index,
          bytes: null,
          position: operation.length,
          isDurable: false,
        })
        break
      case 'sync':
        this.#sync(operation.inode, operation.begun)
        break
      case 'fact':
        break
    }
  }

  #enter(change: EntryChange): void {
    this.#directories.get(change.directory)?.changes.push(change)
  }

  #change(inode: Inode, change: PossibleChange): void {
    const file = this.#files.get(inode) as File
    file.changes.push(change)
    this.#settle(file)
  }

  /** Takes into the base what is durable and has nothing in doubt before it. */
  #settle(file: File): void {
    const open = file.changes.findIndex((change) => !change.isDurable)
    file.base.push(...file.changes.splice(0, open < 0 ? file.changes.length : open))
  }

  #sync(inode: Inode, before: number): void {
    const file = this.#files.get(inode)
    if (file !== undefined) {
      for (const change of file.changes) if (change.index < before) change.isDurable = true
      this.#settle(file)
    }
    this.#commit(inode, before)
  }

  /** Makes entries durable: what a sync of the inode that began at `before` brings along. */
  #commit(inode: Inode, before: number): void {
    const own = this.#directories.get(inode)
    if (this.#rule === 'directory') {
      if (own !== undefined) commitEntries(own, before - 1)
      return
    }
    const inOwn = own?.changes.findLast(({ index }) => index < before)?.index ?? -1
    const upTo = Math.max(inOwn, this.#born.get(inode) ?? -1)
    for (const directory of this.#directories.values()) commitEntries(directory, upTo)
  }

  /** The changes of entries in doubt, oldest first. */
  pendingEntries(): EntryChange[] {
    const changes = [...this.#directories.values()].flatMap((directory) => directory.changes)
    return changes.sort((a, b) => a.index - b.index)
  }

  hasPendingData(): boolean {
    return [...this.#files.values()].some(({ changes }) => changes.length > 0)
  }

  /** The disk with the chosen changes, and maybe a piece of a write that is under way. */
  image(choice: Choice, torn?: Torn): Image {
    const image = new Map<string, Content | null>()
    const visit = (inode: Inode, path: string, above: ReadonlySet<Inode>): void => {
      const directory = this.#directories.get(inode)
      if (directory === undefined) {
        image.set(path, this.#content(inode, choice, torn?.inode === inode ? torn.pieces : []))
        return
      }
      image.set(path, null)
      if (above.has(inode)) return
      const entries = new Map(directory.base)
      for (const change of directory.changes) if (choice.entry(change)) enter(entries, change)
      const below = new Set([...above, inode])
      for (const [name, one] of entries) visit(one, `${path}/${name}`, below)
    }
    visit(root, '', new Set())
    image.delete('')
    return image
  }

  #content(inode: Inode, choice: Choice, pieces: readonly DataChange[]): Content {
    const { base, changes } = this.#files.get(inode) as File
    const chosen = changes.filter(
      (change) => change.isDurable || choice.data(change, changes, inode),
    )
    const more = [...chosen, ...pieces]
    const shown = more.map(({ index, position, bytes }) =>
      index < 0 ? `${String(position)}+${String(bytes?.length)}` : index,
    )
    const id = `${String(inode)}: ${String(base.length)} ${shown.join(' ')}`
    return { id, changes: [...base, ...more] }
  }
}

function commitEntries(directory: Directory, upTo: number): void {
  const open = directory.changes.findIndex(({ index }) => index > upTo)
  const settled = directory.changes.splice(0, open < 0 ? directory.changes.length : open)
  for (const change of settled) enter(directory.base, change)
}

function enter(entries: Map<string, Inode>, { removes, adds }: EntryChange): void {
  for (const { name, inode } of removes) if (entries.get(name) === inode) entries.delete(name)
  if (adds !== null) entries.set(adds.name, adds.inode)
}

/** A name for what an image holds. */
export function keyOf(image: Image): string {
  return [...image]
    .map(([path, content]) => `${path} ${content?.id ?? '/'}`)
    .sort()
    .join('\n')
}

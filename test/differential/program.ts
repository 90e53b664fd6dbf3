/**
 * A program: what some sessions of one peer do, and what happens to it meanwhile. Plain values that
 * JSON keeps, so that a program that was found to fail can be kept as it is.
 */
import type {
  AclEntry,
  CreateMode,
  Identity,
  Operation,
  TreeRequest,
  WatchDepth,
  WireWatchMode,
  WireWatchType,
} from '@conclave/core/internal'

/** Data as text; `null` is absent data. */
export type Text = string | null

export interface Create {
  readonly type: 'create'
  readonly path: string
  readonly data: Text
  readonly mode: CreateMode
  readonly sequential: boolean
  readonly acl: readonly AclEntry[] | null
}
interface Versioned<Type> {
  readonly type: Type
  readonly path: string
  readonly version: number
}
type SetStep = Versioned<'set'> & { readonly data: Text }
export type Step = Create | SetStep | Versioned<'delete'> | Versioned<'check'>

export type Write =
  | (Create & { readonly parents: boolean })
  | SetStep
  | (Versioned<'delete'> & { readonly recursive: boolean })
  | (Versioned<'set-acl'> & { readonly acl: readonly AclEntry[] })
  | { readonly type: 'transaction'; readonly operations: readonly Step[] }
  | { readonly type: 'close-session' }

/** One of the program's sessions that live, or of all that there have been, the newest being 0. */
export interface Who {
  readonly of: 'living' | 'all'
  readonly newest: number
}

export type Command =
  /** Together, in one step of the peer. */
  | {
      readonly type: 'ask'
      readonly writes: readonly { readonly who: Who; readonly write: Write }[]
    }
  /** The disk confirms so many appends, which commits their pages. */
  | { readonly type: 'commit'; readonly appends: number }
  | { readonly type: 'read'; readonly who: Who; readonly read: ReadKind; readonly path: string }
  /** A scan begins, or goes on by so many znodes. */
  | { readonly type: 'scan'; readonly path: string; readonly depth: WatchDepth }
  | { readonly type: 'scan-on'; readonly count: number }
  | {
      readonly type: 'watch'
      readonly who: Who
      readonly path: string
      readonly depth: WatchDepth
    }
  | { readonly type: 'unwatch'; readonly who: Who; readonly watch: number }
  /** Time passes; the wall clock is put forwards or back by `shiftMs`. */
  | { readonly type: 'pass'; readonly ms: number; readonly shiftMs: number }
  | { readonly type: 'open'; readonly timeoutMs: number; readonly identities: readonly Identity[] }
  | {
      readonly type: 'authenticate'
      readonly who: Who
      readonly identities: readonly Identity[]
    }
  | { readonly type: 'sync'; readonly who: Who }
  /** The caller of the newest write or sync waits no more. */
  | { readonly type: 'abort' }
  /** Nothing proves the life of the session any more. */
  | { readonly type: 'abandon'; readonly who: Who }
  /** Watches as ZooKeeper's clients know them. */
  | {
      readonly type: 'zk-watch'
      readonly who: Who
      readonly path: string
      readonly mode: WireWatchMode
    }
  | {
      readonly type: 'zk-check' | 'zk-unwatch'
      readonly who: Who
      readonly path: string
      readonly of: WireWatchType
    }
  /** It was away, since so many zxids ago, and says what it watched. */
  | {
      readonly type: 'zk-restore'
      readonly who: Who
      readonly ago: number
      readonly watched: readonly { readonly as: WireWatchMode | 'exist'; readonly path: string }[]
    }

export type ReadKind = 'get' | 'find' | 'exists' | 'children' | 'acl'

export interface Program {
  /** A new peer, or one that has the tree of worn.ts. */
  readonly peer: 'new' | 'worn'
  /** How many pages may be proposed before one is committed. */
  readonly pagesAhead: number
  /** What the sessions have proved that are there from the beginning. */
  readonly sessions: readonly (readonly Identity[])[]
  readonly commands: readonly Command[]
}

const encoder = new TextEncoder()

function bytesOf(text: Text): Uint8Array | null {
  return text === null ? null : encoder.encode(text)
}

function operationOf(step: Step): Operation {
  return 'data' in step ? { ...step, data: bytesOf(step.data) } : step
}

/** The request that a write is sent as. */
export function requestOf(write: Write): TreeRequest {
  switch (write.type) {
    case 'create':
    case 'set':
      return { ...write, data: bytesOf(write.data) }
    case 'transaction':
      return { type: 'transaction', operations: write.operations.map(operationOf) }
    case 'set-acl':
    case 'delete':
    case 'close-session':
      return write
  }
}

function identityText({ scheme, id }: Identity): string {
  return `${scheme}:${id}`
}

function identitiesText(identities: readonly Identity[]): string {
  return identities.map(identityText).join(' ') || 'nobody'
}

function aclText(acl: readonly AclEntry[] | null): string {
  if (acl === null) return ''
  return ` for [${acl.map((entry) => `${identityText(entry)}=${entry.permissions}`).join(' ')}]`
}

function versionText(version: number): string {
  return version === -1 ? '' : ` if ${version}`
}

function stepText(step: Write | Step): string {
  switch (step.type) {
    case 'create': {
      const mode = typeof step.mode === 'object' ? `ttl ${step.mode.ttlMs}` : step.mode
      const sequential = step.sequential ? ' sequential' : ''
      const parents = 'parents' in step && step.parents ? ' with parents' : ''
      const place = JSON.stringify(step.path)
      const data = JSON.stringify(step.data)
      return `create ${place} ${data} ${mode}${sequential}${parents}${aclText(step.acl)}`
    }
    case 'set': {
      const data = JSON.stringify(step.data)
      return `set ${JSON.stringify(step.path)} ${data}${versionText(step.version)}`
    }
    case 'set-acl': {
      const path = JSON.stringify(step.path)
      return `set-acl ${path}${aclText(step.acl)}${versionText(step.version)}`
    }
    case 'delete':
    case 'check': {
      const all = 'recursive' in step && step.recursive ? ' recursive' : ''
      return `${step.type} ${JSON.stringify(step.path)}${all}${versionText(step.version)}`
    }
    case 'transaction':
      return `transaction { ${step.operations.map(stepText).join('; ')} }`
    case 'close-session':
      return 'close'
  }
}

function whoText({ of, newest }: Who): string {
  return of === 'living' ? `-${newest}` : `--${newest}`
}

function commandText(command: Command): string {
  switch (command.type) {
    case 'ask':
      return command.writes
        .map(({ who, write }) => `${whoText(who)}: ${stepText(write)}`)
        .join(' | ')
    case 'commit':
      return `the disk confirms ${command.appends}`
    case 'read':
      return `${whoText(command.who)}: ${command.read} ${JSON.stringify(command.path)}`
    case 'scan':
      return `scan ${command.path} ${command.depth}`
    case 'scan-on':
      return `scan on, ${command.count}`
    case 'watch':
      return `${whoText(command.who)}: watch ${command.path} ${command.depth}`
    case 'unwatch':
      return `${whoText(command.who)}: unwatch ${command.watch}`
    case 'pass':
      return `${command.ms} ms pass, the wall clock is put ${command.shiftMs} ms ahead`
    case 'open':
      return `a session of ${command.timeoutMs} ms, ${identitiesText(command.identities)}`
    case 'authenticate':
      return `${whoText(command.who)} is ${identitiesText(command.identities)}`
    case 'sync':
    case 'abandon':
      return `${whoText(command.who)}: ${command.type}`
    case 'abort':
      return 'the newest call is given up'
    case 'zk-watch':
      return `${whoText(command.who)}: zk-watch ${command.path} ${command.mode}`
    case 'zk-check':
    case 'zk-unwatch':
      return `${whoText(command.who)}: ${command.type} ${command.path} ${command.of}`
    case 'zk-restore': {
      const watched = command.watched.map(({ as, path }) => `${as} ${path}`).join(', ')
      return `${whoText(command.who)}: zk-restore [${watched}] from ${command.ago} ago`
    }
  }
}

/** For people: a line a command. `-0` is the newest session that lives, `--0` the newest of all. */
export function describeProgram({ peer, pagesAhead, sessions, commands }: Program): string {
  const lines = [`a ${peer} peer, ${pagesAhead} pages ahead; sessions:`]
  lines.push(...sessions.map((identities) => `  ${identitiesText(identities)}`))
  return [...lines, ...commands.map((command) => `  ${commandText(command)}`)].join('\n')
}

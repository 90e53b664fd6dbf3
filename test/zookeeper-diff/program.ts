/**
 * A program: what several clients do, one thing after the other. It is plain data, so that it can be
 * written down, made smaller and run again. `slot` says which client.
 */
import type { WireAcl } from '@conclave/zookeeper'

/** What the data of a znode is to be; `null` is no data, which is not the same as none of it. */
export type Data = string | null

export interface PathVersion {
  readonly path: string | null
  readonly version: number
}
export interface Watched {
  readonly path: string | null
  readonly watch: boolean
}
export interface Created {
  readonly path: string | null
  readonly data: Data
  readonly acl: WireAcl
  readonly flags: number
}

/** A part of a multi or a multiRead, or a request: by its opcode, with the fields of its record. */
export type Record =
  | ({ readonly op: 'create' | 'create2' | 'createContainer' } & Created)
  | ({ readonly op: 'createTtl'; readonly ttlMs: number } & Created)
  | ({ readonly op: 'delete' | 'check' } & PathVersion)
  | ({ readonly op: 'setData'; readonly data: Data } & PathVersion)
  | ({ readonly op: 'exists' | 'getData' | 'getChildren' | 'getChildren2' } & Watched)
  | {
      readonly op: 'getAcl' | 'sync' | 'getEphemerals' | 'getAllChildrenNumber'
      readonly path: string | null
    }
  | ({ readonly op: 'setAcl'; readonly acl: WireAcl } & PathVersion)
  | { readonly op: 'ping' | 'whoAmI' | 'closeSession' }
  | {
      readonly op: 'checkWatches' | 'removeWatches'
      readonly path: string | null
      readonly watcherType: number
    }
  | { readonly op: 'addWatch'; readonly path: string | null; readonly mode: number }
  | {
      readonly op: 'setWatches' | 'setWatches2'
      /** From when on changes are told: nothing seen, all that its client has, or more than there is. */
      readonly since: 'nothing' | 'seen' | 'all'
      readonly data: readonly string[]
      readonly exist: readonly string[]
      readonly child: readonly string[]
      readonly persistent: readonly string[]
      readonly recursive: readonly string[]
    }
  | {
      readonly op: 'auth'
      readonly type: number
      readonly scheme: string | null
      readonly proof: Data
    }
  | { readonly op: 'multi' | 'multiRead'; readonly parts: readonly Record[] }
  | { readonly op: 'reconfig'; readonly members: string | null }
  /** An opcode, and nothing behind the header but what damage puts there. */
  | { readonly op: 'other'; readonly opcode: number }

/** What is done to the bytes of a request before they are sent. */
export interface Damage {
  /** How many of its bytes are left, as a share of them. */
  readonly cut?: number
  /** A byte behind the header that becomes another one, as a share of the way. */
  readonly change?: { readonly at: number; readonly byte: number }
  /** Bytes that come behind it. */
  readonly extra?: string
  /** The length that is said to follow. */
  readonly length?: number
}

export type Action =
  | {
      readonly type: 'ask'
      readonly slot: number
      readonly record: Record
      /** Its own when absent. */
      readonly xid?: number
      readonly damage?: Damage
      /** True when it is sent together with what the same client asks next. */
      readonly held?: boolean
    }
  /** The connection breaks. */
  | { readonly type: 'drop'; readonly slot: number }
  /** A connection for the client's session, or for a new one when it has none. */
  | { readonly type: 'connect'; readonly slot: number; readonly greeting: Greeting }

export interface Greeting {
  readonly timeoutMs: number
  /** `null` where the byte is missing. */
  readonly readOnly: boolean | null
  readonly protocolVersion: number
  /** What is wrong with it. */
  readonly wrong?: 'password' | 'session' | 'zxid' | undefined
}

export interface Program {
  /** The znode below which it works; not there before, or seldom whole. */
  readonly root: string
  readonly actions: readonly Action[]
}

/** The same program at another place. */
export function movedTo(program: Program, root: string): Program {
  const text = JSON.stringify(program).replaceAll(program.root, root)
  return JSON.parse(text) as Program
}

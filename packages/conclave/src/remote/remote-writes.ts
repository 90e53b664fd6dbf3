/**
 * The writes of a session over the wire. What ZooKeeper has no request for is made of several reads and
 * one transaction, so that it happens at one zxid or not at all: creating with ancestors, deleting a
 * subtree. When others change what was read meanwhile, it is begun again.
 */
import {
  ancestorsOf,
  anyVersion,
  childPath,
  CoordinationError,
  InvariantError,
  type CreateOperation,
  type Operation,
  type TreeRequest,
  type Zxid,
} from '@conclave/core/internal'
import type { Call, Stat, Transaction } from '@conclave/core'
import {
  childrenRequest,
  createRequest,
  deleteRequest,
  existsRequest,
  multiRequest,
  setAclRequest,
  setRequest,
  wireErrors,
  type Chroot,
  type ClientRequest,
  type CreatedZnode,
  type MultiOutcome,
  type MultiPartOutcome,
} from '@conclave/zookeeper'
import { describeWrite } from '../refusals.ts'
import type { RemoteCalls, Reply } from './remote-calls.ts'
import { readRefusal, writeRefusal } from './remote-errors.ts'
import { RemainingTime } from './remaining-time.ts'

type Request<Type> = Extract<TreeRequest, { readonly type: Type }>
type Committing = MultiOutcome & { readonly type: 'committed' }
type Creating = MultiPartOutcome & { readonly type: 'create' }
type Committed = Awaited<ReturnType<Transaction['commit']>>

/** How often a write of several parts is begun, at most, while others change what it is about. */
const maxAttempts = 16
/** How many lists of children are asked for at a time. */
const listsAtATime = 256

export class RemoteWrites {
  readonly #calls: RemoteCalls
  readonly #chroot: Chroot

  constructor(calls: RemoteCalls, chroot: Chroot) {
    this.#calls = calls
    this.#chroot = chroot
  }

  async create(request: Request<'create'>, call: Call | undefined): Promise<CreatedZnode> {
    refuseSequentialContainer(request)
    const whole = { ...request, path: this.#chroot.whole(request.path) }
    const created = request.parents
      ? await this.#createWithParents(whole, request, call)
      : await this.#single(createRequest(whole), request, call)
    return { path: this.#own(created.path), stat: created.stat }
  }

  set(request: Request<'set'>, call: Call | undefined): Promise<Stat> {
    const { path, data, version } = request
    return this.#single(setRequest(this.#chroot.whole(path), data, version), request, call)
  }

  setAcl(request: Request<'set-acl'>, call: Call | undefined): Promise<Stat> {
    const { path, acl, version } = request
    return this.#single(setAclRequest(this.#chroot.whole(path), acl, version), request, call)
  }

  async delete(request: Request<'delete'>, call: Call | undefined): Promise<void> {
    const path = this.#chroot.whole(request.path)
    if (request.recursive) await this.#deleteSubtree(path, request, call)
    else await this.#single(deleteRequest(path, request.version), request, call)
  }

  async commit(request: Request<'transaction'>, call: Call | undefined): Promise<Committed> {
    for (const operation of request.operations) {
      if (operation.type === 'create') refuseSequentialContainer(operation)
    }
    const whole = request.operations.map((operation) => {
      return { ...operation, path: this.#chroot.whole(operation.path) }
    })
    const outcome = await this.#single(multiRequest(whole), request, call)
    if (outcome.type === 'refused') {
      const { index, error } = outcome
      throw writeRefusal(error, request, request.operations[index]?.path ?? '/', index)
    }
    const { zxid, results } = outcome
    const told = results.map(async (result) => {
      if (result.type !== 'create') return result
      const created = await this.#created(result, zxid, request, call)
      return { type: 'create', ...created, path: this.#own(created.path) } as const
    })
    return { zxid, results: await Promise.all(told) }
  }

  async #single<T>(
    frame: ClientRequest<T>,
    request: TreeRequest,
    call: Call | undefined,
  ): Promise<T> {
    const reply = await this.#ask(frame, request, call)
    if (reply.type === 'done') return reply.value
    throw writeRefusal(reply.error, request, 'path' in request ? request.path : '/')
  }

  #ask<T>(
    frame: ClientRequest<T>,
    request: TreeRequest,
    call: Call | undefined,
  ): Promise<Reply<T>> {
    const what = describeWrite(request)
    return this.#calls.ask(frame, 'path' in request ? { what, path: request.path } : { what }, call)
  }

  async #createWithParents(
    whole: CreateOperation,
    request: Request<'create'>,
    call: Call | undefined,
  ): Promise<CreatedZnode> {
    const remaining = new RemainingTime(call, this.#calls.clock)
    const isRace = (error: number, index: number, last: number): boolean =>
      error === wireErrors.noNode || (error === wireErrors.nodeExists && index < last)
    for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
      const reply = await this.#ask(
        createRequest(whole),
        request,
        remaining.callFor(describeWrite(request)),
      )
      if (reply.type === 'done') return reply.value
      if (reply.error !== wireErrors.noNode) throw writeRefusal(reply.error, request, request.path)
      const missing = await this.#missingAncestors(whole.path, request, remaining)
      const ancestors = missing.map((path): CreateOperation => {
        return { ...whole, path, data: null, mode: 'persistent', sequential: false }
      })
      const outcome = await this.#multi([...ancestors, whole], request, remaining)
      if (outcome.type === 'committed') {
        return this.#created(
          lastCreated(outcome),
          outcome.zxid,
          request,
          remaining.callFor(describeWrite(request)),
        )
      }
      const { index, error } = outcome
      const at = ancestors[index]?.path ?? whole.path
      if (!isRace(error, index, ancestors.length)) throw writeRefusal(error, request, this.#own(at))
    }
    throw tooLively(describeWrite(request), request.path)
  }

  /**
   * With its stat: where the server did not tell it, as it is right behind, and as far as it is known
   * where that cannot be had. The znode was created, whatever becomes of the question.
   */
  async #created(
    { path, stat }: Creating,
    zxid: Zxid,
    request: TreeRequest,
    call: Call | undefined,
  ): Promise<CreatedZnode> {
    if (stat !== undefined) return { path, stat }
    const found = await this.#ask(existsRequest(path), request, call).catch(() => undefined)
    const isIt = found?.type === 'done' && found.value.czxid === zxid
    return { path, stat: isIt ? found.value : statAt(zxid) }
  }

  /** From the top. */
  async #missingAncestors(
    path: string,
    request: Request<'create'>,
    remaining: RemainingTime,
  ): Promise<string[]> {
    const ancestors = ancestorsOf(path).slice(1)
    const replies = await Promise.all(
      ancestors.map((one) =>
        this.#ask(existsRequest(one), request, remaining.callFor(describeWrite(request))),
      ),
    )
    return ancestors.filter((_path, index) => {
      const reply = replies[index]
      return reply?.type === 'refused' && reply.error === wireErrors.noNode
    })
  }

  async #deleteSubtree(
    path: string,
    request: Request<'delete'>,
    call: Call | undefined,
  ): Promise<void> {
    const remaining = new RemainingTime(call, this.#calls.clock)
    const { version } = request
    for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
      const reply = await this.#ask(
        deleteRequest(path, version),
        request,
        remaining.callFor(describeWrite(request)),
      )
      if (reply.type === 'done') return
      if (reply.error !== wireErrors.notEmpty)
        throw writeRefusal(reply.error, request, request.path)
      const below = await this.#subtree(path, request, remaining)
      const operations = [...below.reverse(), path].map((one): Operation => {
        return { type: 'delete', path: one, version: one === path ? version : anyVersion }
      })
      const outcome = await this.#multi(operations, request, remaining)
      if (outcome.type === 'committed') return
      const { error, index } = outcome
      const isOfOthers = error === wireErrors.notEmpty || error === wireErrors.noNode
      const at = operations[index]?.path ?? path
      if (!isOfOthers || (at === path && error === wireErrors.noNode)) {
        throw writeRefusal(error, request, this.#own(at))
      }
    }
    throw tooLively(describeWrite(request), request.path)
  }

  /** What is below a path, parents first. */
  async #subtree(
    root: string,
    request: Request<'delete'>,
    remaining: RemainingTime,
  ): Promise<string[]> {
    const found: string[] = []
    let open = [root]
    while (open.length > 0) {
      const paths = open.splice(0, listsAtATime)
      const replies = await Promise.all(
        paths.map((path) =>
          this.#ask(childrenRequest(path), request, remaining.callFor(describeWrite(request))),
        ),
      )
      const below = replies.flatMap((reply, index) => {
        const path = paths[index] as string
        if (reply.type === 'done') return reply.value.map((name) => childPath(path, name))
        if (reply.error === wireErrors.noNode) return []
        throw readRefusal(reply.error, describeWrite(request), this.#own(path))
      })
      found.push(...below)
      open = [...open, ...below]
    }
    return found
  }

  #multi(
    operations: readonly Operation[],
    request: TreeRequest,
    remaining: RemainingTime,
  ): Promise<MultiOutcome> {
    return this.#single(
      multiRequest(operations),
      request,
      remaining.callFor(describeWrite(request)),
    )
  }

  #own(path: string): string {
    return this.#chroot.own(path) ?? path
  }
}

function lastCreated({ results }: Committing): Creating {
  const last = results.at(-1)
  if (last?.type === 'create') return last
  throw new InvariantError('a transaction that was committed has the results of its operations')
}

function refuseSequentialContainer({ path, mode, sequential }: CreateOperation): void {
  if (mode !== 'container' || !sequential) return
  const message = `create ${path} failed: a container cannot be sequential over the protocol of ZooKeeper's clients; leave out one of the two`
  throw new CoordinationError('UNIMPLEMENTED', message, { path })
}

function tooLively(what: string, path: string): CoordinationError {
  const message = `${what} failed: others changed what it is about ${String(maxAttempts)} times while it was made ready; call again`
  return new CoordinationError('BUSY', message, { path })
}

/** What is known of a znode that was created there and cannot be read: not its time. */
function statAt(zxid: Zxid): Stat {
  const counts = { version: 0, cversion: 0, aversion: 0, dataLength: 0, numChildren: 0 }
  const times = { ctime: 0, mtime: 0 }
  return { czxid: zxid, mzxid: zxid, pzxid: zxid, ...times, ...counts, ephemeralOwner: undefined }
}

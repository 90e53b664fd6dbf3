/** The reads of a session over the wire: asked of the server, whose answers come behind its writes. */
import { CoordinationError, formatZxid, isZxid, type Zxid } from '@conclave/core/internal'
import type { AclLine, Call, ReadOptions, ReadResult, Stat } from '@conclave/core'
import {
  aclRequest,
  childrenRequest,
  countRequest,
  ephemeralsRequest,
  existsRequest,
  findAllRequest,
  getRequest,
  syncRequest,
  wireErrors,
  type Chroot,
  type ClientRequest,
} from '@conclave/zookeeper'
import { callKeys, checkBag, checkPaths, checkRead, publicAcl } from '../call-arguments.ts'
import { show } from '../option-checks.ts'
import { attempt } from '../session-reads.ts'
import type { RemoteCalls, Reply } from './remote-calls.ts'
import { readRefusal } from './remote-errors.ts'
import { RemainingTime } from './remaining-time.ts'

/** How often it is asked whether a state was reached, which only others can bring about. */
const reachedPollMs = 50

export class RemoteReads {
  readonly #calls: RemoteCalls
  readonly #chroot: Chroot

  constructor(calls: RemoteCalls, chroot: Chroot) {
    this.#calls = calls
    this.#chroot = chroot
  }

  get(path: string, options: ReadOptions | undefined): Promise<ReadResult> {
    return this.#read('get', path, options, getRequest)
  }

  find(path: string, options: ReadOptions | undefined): Promise<ReadResult | undefined> {
    return this.#find('find', path, options, getRequest)
  }

  /** With a `multiRead`, which servers know from 3.6 on. */
  findAll(
    paths: readonly string[],
    options: ReadOptions | undefined,
  ): Promise<readonly (ReadResult | undefined)[]> {
    return attempt(() => {
      const checked = checkPaths(paths, this.#calls.limits)
      const [path = '/'] = checked
      const read = checkRead(path, options, this.#calls.limits)
      const request = findAllRequest(checked.map((one) => this.#chroot.whole(one)))
      return this.#ask('findAll from', path, { ...options, read }, request).then((reply) => {
        if (reply.type === 'refused') throw readRefusal(reply.error, `findAll from ${path}`, path)
        return reply.value.map((found, at) => {
          if (typeof found !== 'number') return found
          if (found === wireErrors.noNode) return undefined
          throw readRefusal(found, `findAll: ${checked[at] ?? ''}`, checked[at])
        })
      })
    })
  }

  exists(path: string, options: ReadOptions | undefined): Promise<Stat | undefined> {
    return this.#find('exists', path, options, existsRequest)
  }

  /** Sorted. */
  async children(path: string, options: ReadOptions | undefined): Promise<string[]> {
    return (await this.#read('children', path, options, childrenRequest)).sort()
  }

  countDescendants(path: string, options: ReadOptions | undefined): Promise<number> {
    return this.#read('countDescendants', path, options, countRequest)
  }

  async acl(
    path: string,
    options: ReadOptions | undefined,
  ): Promise<{ readonly acl: readonly AclLine[]; readonly stat: Stat }> {
    const { acl, stat } = await this.#read('getAcl', path, options, aclRequest)
    return { acl: publicAcl(acl), stat }
  }

  async ephemerals(path: string, options: ReadOptions | undefined): Promise<string[]> {
    const paths = await this.#read('ephemerals', path, options, ephemeralsRequest)
    const own = paths.map((one) => this.#chroot.own(one)).filter((one) => one !== undefined)
    const below = path === '/' ? path : `${path}/`
    return own.filter((one) => one === path || one.startsWith(below)).sort()
  }

  /** Resolves with what the server had applied by then. */
  sync(call: Call | undefined): Promise<Zxid> {
    return attempt(() => {
      checkBag(call, callKeys)
      return this.#calls.ask(syncRequest(), { what: 'sync' }, call).then((reply) => {
        if (reply.type === 'refused') throw readRefusal(reply.error, 'sync')
        return reply.value
      })
    })
  }

  /** Asks until the server has applied it; no server can be asked to tell. */
  async reached(zxid: Zxid, call: Call | undefined, seen: () => Zxid): Promise<void> {
    await attempt(() => {
      checkBag(call, callKeys)
      if (isZxid(zxid)) return Promise.resolve()
      const message = `the zxid is ${show(zxid)}: give one that a stat or a commit told`
      throw new CoordinationError('BAD_ARGUMENT', message)
    })
    const remaining = new RemainingTime(call, this.#calls.clock)
    const subject = { what: `reached ${formatZxid(zxid)}` }
    while (seen() < zxid) {
      const reply = await this.#calls.ask(syncRequest(), subject, remaining.callFor(subject.what))
      if (reply.type === 'refused') throw readRefusal(reply.error, subject.what)
      if (reply.value >= zxid) return
      await new Promise<void>((resolve) => {
        this.#calls.clock.after(reachedPollMs, resolve)
      })
    }
  }

  #read<T>(
    name: string,
    path: string,
    options: ReadOptions | undefined,
    requestOf: (path: string) => ClientRequest<T>,
  ): Promise<T> {
    return this.#checked(name, path, options, requestOf).then((reply) => {
      if (reply.type === 'refused') throw readRefusal(reply.error, `${name} ${path}`, path)
      return reply.value
    })
  }

  #find<T>(
    name: string,
    path: string,
    options: ReadOptions | undefined,
    requestOf: (path: string) => ClientRequest<T>,
  ): Promise<T | undefined> {
    return this.#checked(name, path, options, requestOf).then(absentWithout(name, path))
  }

  #checked<T>(
    name: string,
    path: string,
    options: ReadOptions | undefined,
    requestOf: (path: string) => ClientRequest<T>,
  ): Promise<Reply<T>> {
    return attempt(() => {
      const read = checkRead(path, options, this.#calls.limits)
      return this.#ask(name, path, { ...options, read }, requestOf(this.#chroot.whole(path)))
    })
  }

  #ask<T>(
    name: string,
    path: string,
    options: ReadOptions,
    request: ClientRequest<T>,
  ): Promise<Reply<T>> {
    return this.#calls.ask(request, { what: `${name} ${path}`, path }, options)
  }
}

/** Takes what is not there for nothing. */
function absentWithout<T>(name: string, path: string): (reply: Reply<T>) => T | undefined {
  return (reply) => {
    if (reply.type === 'done') return reply.value
    if (reply.error === wireErrors.noNode) return undefined
    throw readRefusal(reply.error, `${name} ${path}`, path)
  }
}

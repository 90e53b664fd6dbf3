/**
 * Quotas over the wire: the znodes that ZooKeeper's tools write and read. They stand below
 * `/zookeeper/quota`, by the whole path of what they limit, outside of the part of the tree that a
 * session may have been given for all of it.
 */
import { ancestorsOf, isAncestor, parseQuota, quotaPaths } from '@conclave/core/internal'
import type { Call, QuotaLimits, QuotaReading, ReadOptions, Session } from '@conclave/core'
import { Chroot } from '@conclave/zookeeper'
import { checkRead } from '../call-arguments.ts'
import { checkQuota, quotaReading, refuseRelated, writeQuota } from '../session-quotas.ts'
import { attempt } from '../session-reads.ts'
import { createRequestOf, deleteRequestOf, setRequestOf } from '../write-arguments.ts'
import type { RemoteCalls } from './remote-calls.ts'
import { RemoteReads } from './remote-reads.ts'
import { RemoteWrites } from './remote-writes.ts'

const quotaRoot = '/zookeeper/quota'
const limitsName = 'zookeeper_limits'

export class RemoteQuotas {
  readonly #calls: RemoteCalls
  readonly #chroot: Chroot
  readonly #reads: RemoteReads
  readonly #writes: RemoteWrites

  constructor(calls: RemoteCalls, chroot: Chroot) {
    this.#calls = calls
    this.#chroot = chroot
    const all = new Chroot('/')
    this.#reads = new RemoteReads(calls, all)
    this.#writes = new RemoteWrites(calls, all)
  }

  async set(path: string, limits: QuotaLimits, call: Call | undefined): Promise<void> {
    const whole = this.#chroot.whole(path)
    const checked = checkQuota(whole, limits)
    refuseRelated(path, await this.#related(whole, call))
    await writeQuota(this.#session(), whole, checked, call)
  }

  async get(path: string, options: ReadOptions | undefined): Promise<QuotaReading | undefined> {
    await attempt(() => Promise.resolve(checkRead(path, options, this.#calls.limits)))
    const { limits, stats } = quotaPaths(this.#chroot.whole(path))
    const [limitsFound, statsFound] = await Promise.all([
      this.#reads.find(limits, options),
      this.#reads.find(stats, options),
    ])
    if (limitsFound === undefined) return undefined
    const { count, bytes } = parseQuota(statsFound?.data ?? null)
    const used = { count: Math.max(0, count), bytes: Math.max(0, bytes) }
    return quotaReading(parseQuota(limitsFound.data), used)
  }

  /** A path above or below that has a quota. */
  async #related(path: string, call: Call | undefined): Promise<string | undefined> {
    const above = ancestorsOf(path).slice(1)
    const found = await Promise.all(
      above.map((one) => this.#reads.exists(quotaPaths(one).limits, call)),
    )
    const index = found.findIndex((stat) => stat !== undefined)
    if (index >= 0) return above[index]
    return this.#below(path, path, call)
  }

  async #below(path: string, asked: string, call: Call | undefined): Promise<string | undefined> {
    const at = quotaRoot + path
    if ((await this.#reads.exists(at, call)) === undefined) return undefined
    const names = await this.#reads.children(at, call)
    if (names.includes(limitsName) && isAncestor(asked, path)) return path
    for (const name of names) {
      if (name.startsWith('zookeeper_')) continue
      const found = await this.#below(`${path}/${name}`, asked, call)
      if (found !== undefined) return found
    }
    return undefined
  }

  #session(): Pick<Session, 'create' | 'set' | 'delete'> {
    const { limits } = this.#calls
    const writes = this.#writes
    return {
      create: (path, data, options) =>
        writes.create(createRequestOf(path, data, options, limits), options),
      set: (path, data, options) => writes.set(setRequestOf(path, data, options, limits), options),
      delete: (path, options) => writes.delete(deleteRequestOf(path, options, limits), options),
    }
  }
}

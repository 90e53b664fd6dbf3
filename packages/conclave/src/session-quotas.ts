/**
 * Quotas, as a session sets and reads them: the znodes that ZooKeeper's `setquota` and `listquota` have,
 * written one after the other. What they do is the core's: tree/quotas.ts.
 */
import {
  canHaveQuota,
  CoordinationError,
  findQuota,
  limitsText,
  parentOf,
  quotaPaths,
  usageText,
  type Identity,
  type QuotaLimits as LimitNumbers,
  type Replica,
} from '@conclave/core/internal'
import type { Call, QuotaAmount, QuotaReading, Session } from '@conclave/core'
import { integerOption, refuseUnknownKeys, requireBag } from './option-checks.ts'

type Writes = Pick<Session, 'create' | 'set' | 'delete'>

const quotaRoot = '/zookeeper/quota'
const none = -1

/** The limits of a quota, checked. Throws `BAD_OPTION`, and `BAD_ARGUMENT` where none can be. */
export function checkQuota(path: string, limits: unknown): LimitNumbers {
  const bag = requireBag(limits, 'the limits of the quota')
  refuseUnknownKeys(bag, ['soft', 'hard'])
  const soft = amountOption(bag['soft'], 'soft')
  const hard = amountOption(bag['hard'], 'hard')
  if (!canHaveQuota(path)) {
    throw refusal(path, 'the root, and what is below /zookeeper, has none')
  }
  return { ...soft, countHardLimit: hard.count, byteHardLimit: hard.bytes }
}

/** Throws `BAD_ARGUMENT` where a path above or below has a quota. */
export function refuseRelated(path: string, related: string | undefined): void {
  if (related !== undefined) throw refusal(path, `${related} has one: take that back first`)
}

/** Writes a quota, or deletes what is left of it when it limits nothing. */
export async function writeQuota(
  session: Writes,
  path: string,
  limits: LimitNumbers,
  call: Call | undefined,
): Promise<void> {
  const { limits: limitsPath, stats: statsPath } = quotaPaths(path)
  if (Object.values(limits).every((limit) => limit === none)) {
    await deleteQuota(session, [limitsPath, statsPath], call)
    return
  }
  const text = limitsText(limits)
  const created = await unless('NODE_EXISTS', () =>
    session.create(limitsPath, text, { ...call, parents: true }),
  )
  if (!created) await session.set(limitsPath, text, call)
  // From here on it counts, from what is there.
  const nothing = usageText({ count: 0, bytes: 0 })
  await unless('NODE_EXISTS', () => session.create(statsPath, nothing, call))
}

/** A quota as applications see it. */
export function readQuota(
  replica: Replica,
  path: string,
  identities: readonly Identity[],
): QuotaReading | undefined {
  const quota = findQuota(replica, path, identities)
  if (quota?.limits === undefined || quota.limits === null) return undefined
  return quotaReading(quota.limits, quota.usage ?? { count: 0, bytes: 0 })
}

export function quotaReading(limits: LimitNumbers, used: QuotaReading['used']): QuotaReading {
  const { count, bytes, countHardLimit, byteHardLimit } = limits
  return { soft: amount(count, bytes), hard: amount(countHardLimit, byteHardLimit), used }
}

/** With it go the znodes above that hold nothing any more, as `delquota` has it. */
async function deleteQuota(
  session: Writes,
  parts: readonly string[],
  call: Call | undefined,
): Promise<void> {
  for (const part of parts) await unless('NO_NODE', () => session.delete(part, call))
  for (let at = parentOf(parts[0] as string); at !== quotaRoot; at = parentOf(at)) {
    const above = at
    const isGone = await unless('NOT_EMPTY', () =>
      unless('NO_NODE', () => session.delete(above, call)),
    )
    if (!isGone) return
  }
}

/** False when the call was refused with this code. */
async function unless(
  code: CoordinationError['code'],
  begin: () => Promise<unknown>,
): Promise<boolean> {
  try {
    await begin()
    return true
  } catch (error) {
    if (error instanceof CoordinationError && error.code === code) return false
    throw error
  }
}

function amountOption(value: unknown, key: string): { count: number; bytes: number } {
  if (value === undefined) return { count: none, bytes: none }
  const bag = requireBag(value, `option ${key}`)
  refuseUnknownKeys(bag, ['count', 'bytes'], `${key}.`)
  return {
    count: numberOption(bag['count'], `${key}.count`),
    bytes: numberOption(bag['bytes'], `${key}.bytes`),
  }
}

function numberOption(value: unknown, key: string): number {
  if (value === undefined) return none
  return integerOption(value, key, { min: 0, max: Number.MAX_SAFE_INTEGER, what: 'a limit' })
}

function amount(count: number, bytes: number): QuotaAmount {
  return { ...(count < 0 ? {} : { count }), ...(bytes < 0 ? {} : { bytes }) }
}

function refusal(path: string, why: string): CoordinationError {
  return new CoordinationError('BAD_ARGUMENT', `${path} can have no quota: ${why}`, { path })
}

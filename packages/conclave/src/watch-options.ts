/** The options of a watch: what may be given, what is taken when it is not, what is refused. */
import { isZxid, type Limits, type Zxid } from '@conclave/core/internal'
import type { Depth, WatchOptions } from '@conclave/core'
import { checkBag, checkPath, depthOf } from './call-arguments.ts'
import { badOption, flagOption, integerOption } from './option-checks.ts'
import type { WatchBounds } from './session-watch.ts'

/** `WatchOptions`, checked. */
export interface CheckedWatch {
  readonly depth: Depth
  /** Where it begins: with what is there, behind a zxid, or now. */
  readonly from: 'initial' | Zxid | undefined
  readonly bounds: WatchBounds
  readonly signal: AbortSignal | undefined
}

const watchKeys = ['signal', 'depth', 'initial', 'since', 'highWaterMark']
const defaultHighWaterMark = 1_024
const maxHighWaterMark = 2 ** 24

/** Throws `BAD_ARGUMENT` and `BAD_OPTION`. */
export function checkWatch(
  path: string,
  options: WatchOptions | undefined,
  limits: Limits,
): CheckedWatch {
  const bag = checkBag(options, watchKeys)
  checkPath(path, limits)
  const depth = depthOf(bag['depth']) ?? 'node'
  const wantsInitial = flagOption(bag['initial'], 'initial')
  const since = sinceOption(bag['since'], wantsInitial)
  const highWaterMark =
    bag['highWaterMark'] === undefined
      ? defaultHighWaterMark
      : integerOption(bag['highWaterMark'], 'highWaterMark', {
          min: 1,
          max: maxHighWaterMark,
          what: 'how many changes may wait',
        })
  return {
    depth,
    from: wantsInitial ? 'initial' : since,
    bounds: { changes: highWaterMark, bytes: limits.maxWatchBytes },
    signal: options?.signal,
  }
}

/** The zxid that a watch goes on behind. */
function sinceOption(value: unknown, wantsInitial: boolean): Zxid | undefined {
  if (value === undefined) return undefined
  if (!isZxid(value)) throw badOption('since', value, 'give the zxid of a change, or of a scan')
  if (!wantsInitial) return value
  throw badOption('since', value, 'leave it out, or `initial`: a watch begins with one of the two')
}

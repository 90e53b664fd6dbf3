/** Closed loops: so many callers, each of which asks again as soon as it was answered. */
import { createHistogram } from 'node:perf_hooks'

/** What a load came to. */
export interface LoadResult {
  readonly operations: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** A tenth of the time is warm-up and does not count. */
export async function runLoad(
  callers: number,
  seconds: number,
  call: (caller: number) => Promise<unknown>,
): Promise<LoadResult> {
  const histogram = createHistogram()
  const warmMs = performance.now() + seconds * 100
  const endMs = warmMs + seconds * 1_000
  let operations = 0
  const loop = async (caller: number): Promise<void> => {
    for (;;) {
      const begun = performance.now()
      if (begun >= endMs) return
      await call(caller)
      if (begun < warmMs) continue
      operations += 1
      histogram.record(Math.max(1, Math.round((performance.now() - begun) * 1e6)))
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, caller) => loop(caller)))
  const ended = performance.now()
  return {
    operations,
    seconds: (ended - warmMs) / 1_000,
    p50Ms: histogram.percentile(50) / 1e6,
    p99Ms: histogram.percentile(99) / 1e6,
  }
}

/** The figures of a load of writes. */
export function writeFigures(
  result: LoadResult & { readonly syncs: number },
): Record<string, number> {
  const { operations, seconds, p50Ms, p99Ms, syncs } = result
  return {
    'write/s': operations / seconds,
    'ms p50': p50Ms,
    'ms p99': p99Ms,
    'durable append/s': syncs / seconds,
  }
}

/** How long as many callers write before each measurement: compiled code, not compiling, is measured. */
export const warmUpSeconds = 5

/** How many callers the writes are measured with: alone, a few, many. */
export const callerCounts = [1, 64, 1_024] as const

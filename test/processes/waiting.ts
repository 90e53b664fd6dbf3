/** Time for programs that watch processes from outside: real clocks, and patience with an end. */

/** Comparable between processes of one machine. */
export function nowMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Asks again and again until the answer is yes; fails, naming what was waited for. */
export async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  deadlineMs = 60_000,
): Promise<void> {
  const end = nowMs() + deadlineMs
  while (!(await holds())) {
    if (nowMs() > end) throw new Error(`in vain for ${deadlineMs / 1_000} s: ${what}`)
    await sleep(20)
  }
}

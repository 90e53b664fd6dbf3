/** The little that the suites ask of a test library: `{ describe, test, expect }` of vitest is it. */
export interface TestTools {
  readonly describe: (name: string, body: () => void) => void
  readonly test: (name: string, body: () => Promise<void>) => void
  readonly expect: (actual: unknown) => {
    toBe(expected: unknown): void
    toEqual(expected: unknown): void
  }
}

/** Resolves with what the promise rejects with; with `undefined` when it does not. */
export async function rejectionOf(result: Promise<unknown>): Promise<unknown> {
  return result.then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** True when the call throws. */
export function throws(call: () => unknown): boolean {
  try {
    call()
    return false
  } catch {
    return true
  }
}

/** What was asked for cannot be: a flag, or a line of a file. Says what, where and the mend. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

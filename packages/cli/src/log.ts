/** What a server says of itself: a line an event, with the time, on stderr. */

export type Severity = 'info' | 'warning' | 'error'

export function log(severity: Severity, text: string): void {
  const line = text.replace(/[\r\n]+/g, ' ')
  process.stderr.write(`${new Date().toISOString()} ${severity} ${line}\n`)
}

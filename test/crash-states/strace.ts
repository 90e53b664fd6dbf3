/**
 * strace's report as calls: who called what with which arguments, what came back, and between which
 * other calls. Only of one process, with all its threads; what that one starts is left out.
 */

export interface Call {
  readonly thread: number
  readonly name: string
  readonly args: readonly string[]
  /** What it returned; negative when it failed. */
  readonly result: number
  /** How many calls had returned when this one began. */
  readonly begun: number
}

/** Every call that can change a file, or make one reachable by another number. Reading is left out. */
export const tracedCalls = [
  '%file',
  ...[
    'write',
    'writev',
    'pwrite64',
    'pwritev',
    'pwritev2',
    'copy_file_range',
    'sendfile',
    'splice',
  ],
  ...['fsync', 'fdatasync', 'sync_file_range', 'syncfs', 'sync', 'msync'],
  ...[
    'ftruncate',
    'fallocate',
    'fchmod',
    'fchown',
    'close',
    'dup',
    'dup2',
    'dup3',
    'fcntl',
    'mmap',
  ],
  ...['io_uring_setup', 'io_uring_enter', 'io_submit', 'clone', 'clone3', 'fork', 'vfork'],
].join(',')

/** The calls in a report, in the order in which they returned. */
export function parseReport(report: string): Call[] {
  const calls: Call[] = []
  const open = new Map<number, { text: string; begun: number }>()
  for (const line of report.split('\n')) {
    const [, pid = '', rest = ''] = /^(\d+) +(.*)$/s.exec(line) ?? []
    const thread = Number(pid)
    // Signals, and the ends of processes.
    if (rest === '' || rest.startsWith('---') || rest.startsWith('+++')) continue
    if (rest.endsWith('<unfinished ...>')) {
      open.set(thread, { text: rest.slice(0, -'<unfinished ...>'.length), begun: calls.length })
      continue
    }
    const resumed = /^<\.\.\. \w+ resumed>/.exec(rest)
    const begin = open.get(thread)
    const text = resumed === null ? rest : (begin?.text ?? '') + rest.slice(resumed[0].length)
    if (resumed !== null) open.delete(thread)
    const call = parseCall(text)
    if (call === null) continue
    const begun = resumed === null ? calls.length : (begin?.begun ?? calls.length)
    calls.push({ thread, ...call, begun })
  }
  return ofOneProcess(calls)
}

/** `name(args) = result …`; `null` for a call that never returned, as the last ones of a process. */
function parseCall(text: string): Pick<Call, 'name' | 'args' | 'result'> | null {
  const paren = text.indexOf('(')
  const end = text.lastIndexOf(') ')
  const result = /^\)\s+= (-?\d+|0x[0-9a-f]+|\?)/.exec(text.slice(end))?.[1]
  if (paren < 0 || end < 0 || result === undefined || result === '?') return null
  return {
    name: text.slice(0, paren),
    args: splitArguments(text.slice(paren + 1, end)),
    result: Number(result),
  }
}

/** At the commas that are in no bracket. Strings are all in hexadecimal, and so hold neither. */
function splitArguments(text: string): string[] {
  if (text === '') return []
  const args: string[] = []
  let depth = 0
  let from = 0
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]
    if (char === '[' || char === '{') depth += 1
    else if (char === ']' || char === '}') depth -= 1
    else if (char === ',' && depth === 0) {
      args.push(text.slice(from, at).trim())
      from = at + 1
    }
  }
  args.push(text.slice(from).trim())
  return args
}

function ofOneProcess(calls: readonly Call[]): Call[] {
  const threads = new Set(calls.slice(0, 1).map(({ thread }) => thread))
  // A thread can call before the call that made it has returned.
  for (const { thread, name, args, result } of calls) {
    if (!name.startsWith('clone') || !args.join().includes('CLONE_THREAD')) continue
    if (threads.has(thread) && result > 0) threads.add(result)
  }
  const before: number[] = []
  let count = 0
  for (const { thread } of calls) {
    before.push(count)
    if (threads.has(thread)) count += 1
  }
  return calls
    .filter(({ thread }) => threads.has(thread))
    .map((call) => ({ ...call, begun: before[call.begun] ?? count }))
}

/** The bytes of a string argument. Throws for one that strace has cut short. */
export function bytesOf(arg: string): Buffer {
  const isWhole = arg.length >= 2 && arg.startsWith('"') && arg.endsWith('"')
  const bytes = Buffer.from(arg.slice(1, -1).replaceAll('\\x', ''), 'hex')
  if (!isWhole || bytes.length * 4 !== arg.length - 2) {
    throw new Error(`strace shows no whole string: ${arg.slice(0, 60)}`)
  }
  return bytes
}

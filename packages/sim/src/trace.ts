/**
 * The trace of a run: one line per event and per effect, and a hash over all of them that says
 * whether two runs were the same. The newest lines are kept, as values, and become text only when
 * somebody wants to read them. The legend is in docs/testing.md.
 */
import {
  formatZxid,
  type Effect,
  type Event,
  type LogRecord,
  type Message,
  type PeerId,
} from '@conclave/core/internal'
import type { Microseconds } from './scheduler.ts'

/** What one line tells of: an event (`>`), an effect (`<`), or what the simulator did (`!`). */
type Entry =
  | { readonly mark: '>'; readonly event: Event }
  | { readonly mark: '<'; readonly effect: Effect }
  | { readonly mark: '!'; readonly text: string }

/** One line, as a value. */
export interface TraceLine {
  readonly at: Microseconds
  readonly peer: PeerId
  readonly entry: Entry
}

export class Trace {
  readonly #kept: number
  readonly #lines: TraceLine[] = []
  readonly #print: ((line: string) => void) | null
  #hash = 0x811c9dc5
  #count = 0

  /** Keeps the last `kept` lines; hands every line to `print` as well, when there is one. */
  constructor(kept: number, print: ((line: string) => void) | null) {
    this.#kept = kept
    this.#print = print
  }

  /** 8 hexadecimal digits: equal for two runs that took the same course. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0')
  }

  get count(): number {
    return this.#count
  }

  event(at: Microseconds, peer: PeerId, event: Event): void {
    this.#mix(at, peer, event.type)
    if (event.type === 'message-received') this.#mixMessage(event.message)
    this.#add({ at, peer, entry: { mark: '>', event } })
  }

  effect(at: Microseconds, peer: PeerId, effect: Effect): void {
    this.#mix(at, peer, effect.type)
    if (effect.type === 'send') for (const message of effect.messages) this.#mixMessage(message)
    if (effect.type === 'append-log') this.#mixNumber(effect.seq)
    this.#add({ at, peer, entry: { mark: '<', effect } })
  }

  note(at: Microseconds, peer: PeerId, text: string): void {
    this.#mix(at, peer, text)
    this.#add({ at, peer, entry: { mark: '!', text } })
  }

  /** The newest lines, oldest first. */
  newest(): readonly TraceLine[] {
    return this.#lines.slice(-this.#kept)
  }

  /** The same as text. */
  lines(): string[] {
    return this.newest().map(formatLine)
  }

  #add(line: TraceLine): void {
    this.#count += 1
    this.#print?.(formatLine(line))
    this.#lines.push(line)
    if (this.#lines.length > 2 * this.#kept) this.#lines.splice(0, this.#kept)
  }

  #mix(at: Microseconds, peer: PeerId, word: string): void {
    this.#mixNumber(at)
    this.#mixNumber(peer)
    this.#mixWord(word)
  }

  #mixMessage(message: Message): void {
    this.#mixWord(message.type)
    for (const value of Object.values(message)) {
      if (typeof value === 'number') this.#mixNumber(value)
    }
    if (message.type === 'proposal') {
      this.#mixNumber(message.page.last)
      this.#mixNumber(message.page.crc)
    }
    if (message.type === 'commit') this.#mixWord(message.digest)
  }

  #mixNumber(value: number): void {
    this.#hash = Math.imul(this.#hash ^ (value | 0), 0x01000193)
    this.#hash = Math.imul(this.#hash ^ Math.floor(value / 2 ** 32), 0x01000193)
  }

  #mixWord(word: string): void {
    for (let index = 0; index < word.length; index += 1) {
      this.#hash = Math.imul(this.#hash ^ word.charCodeAt(index), 0x01000193)
    }
  }
}

function formatLine({ at, peer, entry }: TraceLine): string {
  const place = `${(at / 1_000_000).toFixed(6)} ${peer === 0 ? '-' : peer}`
  switch (entry.mark) {
    case '>':
      return `${place} > ${describeEvent(entry.event)}`
    case '<':
      return `${place} < ${describeEffect(entry.effect)}`
    case '!':
      return `${place} ! ${entry.text}`
  }
}

/** An event as a trace shows it. */
export function describeEvent(event: Event): string {
  if (event.type === 'message-received') {
    return `from ${event.from} ${describeMessage(event.message)}`
  }
  if (event.type === 'log-read') {
    return `log-read reader=${event.reader} pages=${event.pages.map(describePage).join()}`
  }
  return describeFields(event)
}

/** An effect as a trace shows it. */
export function describeEffect(effect: Effect): string {
  switch (effect.type) {
    case 'append-log':
      return `append ${effect.seq}: ${effect.records.map(describeRecord).join(', ')}`
    case 'send':
      return `to ${effect.to} ${effect.messages.map(describeMessage).join('; ')}`
    case 'deliver':
      return `deliver ${effect.to} ${effect.items.map(describeFields).join('; ')}`
    case 'write-checkpoint':
      return `write-checkpoint at ${formatZxid(effect.checkpoint.summary.end.last)}`
    case 'report': {
      const { role, phase, leader, epoch, ready, reason } = effect.standing
      const state = `${role} ${phase} leader=${leader} epoch=${epoch}${ready ? ' ready' : ''}`
      return `report ${state}: ${reason}`
    }
    default:
      return describeFields(effect)
  }
}

/** A message as a trace shows it. */
export function describeMessage(message: Message): string {
  return message.type === 'proposal'
    ? `proposal ${describePage(message.page)}`
    : describeFields(message)
}

function describeRecord(record: LogRecord): string {
  return record.type === 'page' ? `page ${describePage(record.page)}` : describeFields(record)
}

function describePage(page: {
  readonly first: number
  readonly last: number
  readonly previousLast: number
}): string {
  return `${zxid(page.first)}..${zxid(page.last)} after ${zxid(page.previousLast)}`
}

function zxid(value: number): string {
  return `${Math.floor(value / 2 ** 32)}:${value % 2 ** 32}`
}

const zxidFields = new Set([
  'after',
  'at',
  'committed',
  'end',
  'hostedSince',
  'last',
  'proposed',
  'to',
  'upTo',
  'zxid',
])

/** The type, then each field as `name=value`. */
function describeFields(value: { readonly type: string }): string {
  const fields = Object.entries(value)
    .filter(([name]) => name !== 'type')
    .map(([name, field]) => `${name}=${describeValue(name, field)}`)
  return [value.type, ...fields].join(' ')
}

function describeValue(name: string, value: unknown): string {
  if (typeof value === 'number') return zxidFields.has(name) ? zxid(value) : String(value)
  if (value instanceof Uint8Array) return `${value.length}B`
  if (Array.isArray(value)) {
    return value.length > 4
      ? `[${value.length}]`
      : `[${value.map((one) => describeValue('', one)).join()}]`
  }
  if (typeof value === 'object' && value !== null) {
    if ('crc' in value && 'last' in value) return zxid(value.last as number)
    if ('tree' in value) return 'replica'
    const fields = Object.entries(value).map(([key, one]) => `${key}:${describeValue(key, one)}`)
    return `{${fields.join()}}`
  }
  return String(value)
}

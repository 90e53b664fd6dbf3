/**
 * The state machine that agreement is tested with: its state is the list of words that were applied,
 * so that what agreement promises can be read off it.
 */
import type { Configuration } from '../../src/ensemble/configuration.ts'
import type { PeerId } from '../../src/ids.ts'
import type { Replica } from '../../src/server/replica.ts'
import type { Txn } from '../../src/server/txn.ts'
import type { ProofsOfLife } from '../../src/zab/messages.ts'
import {
  noPage,
  type Page,
  type PageCodec,
  type PageDraft,
  type PageEnd,
} from '../../src/zab/page.ts'
import type { StateMachine } from '../../src/zab/state-machine.ts'
import { advanceZxid, counterOf, epochOf, makeZxid, type Zxid } from '../../src/zxid.ts'

/** Words instead of txns: agreement never looks inside a page. */
function asWords(txns: readonly Txn[]): readonly string[] {
  return txns as unknown as readonly string[]
}

export function wordsOf(page: Page): readonly string[] {
  return String.fromCodePoint(...page.bytes)
    .split(' ')
    .slice(3)
}

/** The word that stands for a change of the configuration. */
export function configurationWord(configuration: Configuration): string {
  return JSON.stringify(configuration)
}

function isConfiguration(word: string): boolean {
  return word.startsWith('{')
}

/** A page of words, behind `previous`. */
export function pageOf(first: Zxid, previous: PageEnd, ...words: string[]): Page {
  const txns = words as unknown as readonly Txn[]
  return wordCodec.encode({ first, previous, reconfigures: false, txns })
}

/** Pages whose payload is words; the CRC is a small hash over all that a page says. */
export const wordCodec: PageCodec = {
  encode({ first, previous, reconfigures, txns }: PageDraft): Page {
    const words = asWords(txns)
    const last = advanceZxid(first, words.length - 1)
    const text = [first, previous.last, previous.crc, ...words].join(' ')
    let crc = 7
    for (const letter of text) crc = (Math.imul(crc, 31) + (letter.codePointAt(0) ?? 0)) >>> 0
    const bytes = new Uint8Array(text.length)
    for (let i = 0; i < text.length; i += 1) bytes[i] = text.codePointAt(i) ?? 0
    const { last: previousLast, crc: previousCrc } = previous
    return { first, last, crc, previousLast, previousCrc, reconfigures, bytes }
  },
  parse: () => {
    throw new Error('not used')
  },
  decode: (page) => {
    const txns = wordsOf(page).map((word) =>
      isConfiguration(word)
        ? { type: 'configure', configuration: JSON.parse(word) as Configuration }
        : word,
    )
    return txns as unknown as readonly Txn[]
  },
}

/** The words up to a page end: what a snapshot holds. */
export interface WordSnapshot {
  readonly words: readonly string[]
  readonly end: PageEnd
}

/** A frozen list of words on its way into the snapshot. */
export interface WordCheckpoint {
  readonly summary: { readonly end: PageEnd }
  readonly snapshot: WordSnapshot
}

/** What stands for a `Replica`, as far as agreement knows one. */
export class WordReplica {
  readonly words: string[]
  end: PageEnd
  dirtyCount = 0
  readonly configuration = null

  constructor({ words, end }: WordSnapshot = { words: [], end: noPage }) {
    this.words = [...words]
    this.end = end
  }

  freeze(): WordCheckpoint {
    this.dirtyCount = 0
    return { summary: { end: this.end }, snapshot: { words: [...this.words], end: this.end } }
  }

  asReplica(): Replica {
    return this as unknown as Replica
  }
}

export interface WordMachineOptions {
  /** True when the first page of an ensemble says who belongs to it, as the server's does. */
  readonly foundingPage?: boolean
  /** Words that go into one page. */
  readonly pageWords?: number
  /** The last counter of an epoch. */
  readonly maxCounter?: number
  readonly onApply?: (page: Page) => void
  readonly onReplaced?: (replica: WordReplica) => void
  readonly onLead?: (epoch: number) => void
}

/** The word that the first page holds if it says who belongs to the ensemble. */
export const foundingWord = '(founded)'

export class WordMachine implements StateMachine {
  replica: WordReplica
  /** What agreement told, in order. */
  readonly told: string[] = []
  readonly confirmed: number[] = []
  readonly #options: WordMachineOptions
  #words: string[] = []
  #epoch = 0
  #lastCounter = 0
  #draining = false

  constructor(replica = new WordReplica(), options: WordMachineOptions = {}) {
    this.replica = replica
    this.#options = options
  }

  get applied(): readonly string[] {
    return this.replica.words
  }

  get end(): PageEnd {
    return this.replica.end
  }

  get digest(): string {
    return this.applied.join(' ')
  }

  get preparedCount(): number {
    return Math.min(this.#words.length, this.#room)
  }

  get counterExhausted(): boolean {
    return this.#epoch > 0 && this.#room === 0
  }

  get configuration(): Configuration | null {
    if (this.#options.foundingPage === true && this.applied.length === 0) return null
    return { ensembleId: 1, version: 1, members: [] }
  }

  get #room(): number {
    return (this.#options.maxCounter ?? Infinity) - this.#lastCounter
  }

  propose(...words: readonly string[]): void {
    if (!this.#draining) this.#words.push(...words)
  }

  apply(page: Page): void {
    const { last, crc } = this.replica.end
    if (page.previousLast !== last || page.previousCrc !== crc) {
      throw new Error('Z5: a page is applied that does not follow')
    }
    this.#options.onApply?.(page)
    this.replica.words.push(...wordsOf(page))
    this.replica.end = { last: page.last, crc: page.crc }
    this.replica.dirtyCount += 1
  }

  replaceReplica(replica: Replica): void {
    this.replica = replica as unknown as WordReplica
    this.#options.onReplaced?.(this.replica)
  }

  configure(): void {
    this.told.push('configure')
    this.propose(foundingWord)
  }

  lead(epoch: number): void {
    this.#options.onLead?.(epoch)
    this.#epoch = epoch
    this.#lastCounter = 0
    this.#words = []
    this.#draining = false
    this.told.push(`lead ${String(epoch)}`)
  }

  follow(leader: PeerId, epoch: number): void {
    this.told.push(`follow ${String(leader)} ${String(epoch)}`)
  }

  look(): void {
    this.#epoch = 0
    this.#words = []
    this.told.push('look')
  }

  nextDraft(previous: PageEnd): PageDraft | null {
    const most = Math.min(this.preparedCount, this.#options.pageWords ?? 1_000)
    if (most === 0) return null
    const configuration = this.#words.slice(0, most).findIndex(isConfiguration)
    const reconfigures = configuration >= 0
    const count = reconfigures ? configuration + 1 : most
    const words = this.#words.splice(0, count)
    const follows = epochOf(previous.last) === this.#epoch
    const first = follows ? advanceZxid(previous.last) : makeZxid(this.#epoch, 1)
    this.#lastCounter = counterOf(first) + count - 1
    return { first, previous, reconfigures, txns: words as unknown as readonly Txn[] }
  }

  drain(): void {
    this.#draining = true
  }

  onRequests(): null {
    return null
  }

  onSessionRequests(): void {
    this.told.push('session-requests')
  }

  onSessionMoves(): void {
    this.told.push('session-moves')
  }

  onSyncRequest(): void {
    this.told.push('sync-request')
  }

  onSyncReply(): void {
    this.told.push('sync-reply')
  }

  onLearnerGone(peer: PeerId): void {
    this.told.push(`gone ${String(peer)}`)
  }

  onRoundConfirmed(round: number): void {
    this.confirmed.push(round)
  }

  takeProofs(): ProofsOfLife | null {
    return null
  }

  onProofs(): void {
    this.told.push('proofs')
  }

  proofsAcknowledged(): number {
    return 0
  }

  onProofsAcknowledged(): void {
    this.told.push('acknowledged')
  }
}

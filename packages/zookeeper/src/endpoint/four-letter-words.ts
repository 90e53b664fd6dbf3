/**
 * What operators and their tools ask in four letters, on the clients' port: text, and the end of the
 * connection. Which are answered is a list; ZooKeeper's own answers `srvr` alone. The texts are those
 * of ZooKeeper 3.9.5, line by line; what stands for nothing here is left out.
 */
import type { EndpointView } from './endpoint-view.ts'
import { monitorText } from './monitor-text.ts'
import {
  connectionText,
  dumpText,
  watchesByPath,
  watchesBySession,
  watchSummary,
} from './session-texts.ts'
import { configurationText, directoriesText, environmentText, serverText } from './server-texts.ts'

/** The words that there are. ZooKeeper has two more, for a mask of what its server traces. */
export const fourLetterWords = [
  'conf',
  'cons',
  'crst',
  'dirs',
  'dump',
  'envi',
  'hash',
  'isro',
  'mntr',
  'ruok',
  'srst',
  'srvr',
  'stat',
  'wchc',
  'wchp',
  'wchs',
] as const
export type FourLetterWord = (typeof fourLetterWords)[number]

/** Known to tools, and never answered. */
const maskWords = ['gtmk', 'stmk']

const notServing = 'This ZooKeeper instance is not currently serving requests\n'

/** The word that four bytes are, read as an int; `undefined` of what is none. */
export function fourLetterWordOf(prefix: number): string | undefined {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(prefix)
  const word = bytes.toString('latin1')
  const isKnown = fourLetterWords.some((one) => one === word) || maskWords.includes(word)
  return isKnown ? word : undefined
}

/** The answer to a word. */
export function answerWord(
  word: string,
  allowed: readonly string[],
  view: EndpointView,
): string | Promise<string> {
  const known = fourLetterWords.find((one) => one === word)
  if (known === undefined || !allowed.includes(known)) {
    return `${word} is not executed because it is not in the whitelist.\n`
  }
  switch (known) {
    case 'ruok':
      return 'imok'
    case 'envi':
      return environmentText()
    case 'isro':
      if (view.mode === 'not-serving') return 'null'
      return view.mode === 'read-only' ? 'ro' : 'rw'
    default:
      return view.mode === 'not-serving' ? notServing : textOf(known, view)
  }
}

function textOf(
  word: Exclude<FourLetterWord, 'ruok' | 'envi' | 'isro'>,
  view: EndpointView,
): string | Promise<string> {
  switch (word) {
    case 'conf':
      return configurationText(view)
    case 'cons':
      return `${connectionText(view.connections, 'whole')}\n`
    case 'crst':
      for (const { statistics } of view.connections) statistics.reset()
      return 'Connection stats reset.\n'
    case 'dirs':
      return directoriesText(view)
    case 'dump':
      return dumpText(view)
    case 'hash':
      return `${view.host.replica.lastApplied.toString(16)}: ${view.host.replica.digest}\n`
    case 'mntr':
      return monitorText(view)
    case 'srst':
      view.statistics.reset()
      return 'Server stats reset.\n'
    case 'srvr':
      return serverText(view, '')
    case 'stat':
      return serverText(view, `Clients:\n${connectionText(view.connections, 'brief')}\n`)
    case 'wchc':
      return watchesBySession(view)
    case 'wchp':
      return watchesByPath(view)
    case 'wchs':
      return watchSummary(view)
  }
}

/**
 * The messages of a trace's end as a chart: a column for each peer, time downwards. A message stands
 * once where it leaves and once where it arrives; what never arrives was lost. Signs of life between
 * leader and learners are left out: there is always one.
 */
import type { Message, PeerId } from '@conclave/core/internal'
import { formatTime } from './plan-text.ts'
import { describeMessage, type TraceLine } from './trace.ts'

const timeWidth = 12
const columnWidth = 34

/** What one peer shows at one moment. */
interface Mark {
  readonly at: number
  readonly peer: PeerId
  readonly text: string
}

/** The last `rows` rows of the chart. What the run itself does has a row of its own. */
export function drawChart(
  lines: readonly TraceLine[],
  peers: readonly PeerId[],
  rows: number,
): readonly string[] {
  const marks = lines.flatMap(marksOf).slice(-rows)
  const head = ''.padEnd(timeWidth) + peers.map((peer) => cell(`peer ${peer}`)).join('')
  const body = marks.map(({ at, peer, text }) => {
    const column = peers.indexOf(peer)
    const time = formatTime(at).padEnd(timeWidth)
    if (column < 0) return `${time}${`-- ${text} `.padEnd(columnWidth * peers.length, '-')}`
    return time + peers.map((one) => cell(one === peer ? text : '')).join('')
  })
  return [head, ...body].map((row) => row.trimEnd())
}

function marksOf({ at, peer, entry }: TraceLine): readonly Mark[] {
  switch (entry.mark) {
    case '!':
      return [{ at, peer, text: peer === 0 ? entry.text : `! ${entry.text}` }]
    case '>': {
      const { event } = entry
      if (event.type !== 'message-received' || isSignOfLife(event.message)) return []
      return [{ at, peer, text: `<-${event.from} ${describeMessage(event.message)}` }]
    }
    case '<': {
      const { effect } = entry
      if (effect.type !== 'send') return []
      return effect.messages
        .filter((message) => !isSignOfLife(message))
        .map((message) => ({ at, peer, text: `->${effect.to} ${describeMessage(message)}` }))
    }
  }
}

function isSignOfLife({ type }: Message): boolean {
  return type === 'ping' || type === 'pong'
}

function cell(text: string): string {
  const room = columnWidth - 2
  return (text.length > room ? `${text.slice(0, room - 1)}…` : text).padEnd(columnWidth)
}

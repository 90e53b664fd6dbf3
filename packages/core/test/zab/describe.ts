/** Messages, records and standings as one line each, as transcripts and traces have them. */
import type { Standing } from '../../src/effects.ts'
import type { LogRecord } from '../../src/log-record.ts'
import type { Message } from '../../src/zab/messages.ts'
import type { Page, PageEnd } from '../../src/zab/page.ts'
import { formatZxid, type Zxid } from '../../src/zxid.ts'
import { wordsOf } from './word-machine.ts'

export function describeMessage(message: Message): string {
  switch (message.type) {
    case 'notification':
      return describeNotification(message)
    case 'follower-info': {
      const { acceptedEpoch, acceptedLeader, counts } = message
      const promise =
        acceptedEpoch === 0 ? 'nothing' : describePromise(acceptedEpoch, acceptedLeader)
      return `follower-info promised ${promise}${counts ? '' : ', does not count'}`
    }
    case 'leader-info':
      return `leader-info epoch ${String(message.epoch)}`
    case 'ack-epoch': {
      const { epoch, currentEpoch, end } = message
      return `ack-epoch ${String(epoch)}, of epoch ${String(currentEpoch)} up to ${at(end)}`
    }
    case 'diff':
      return `diff after ${at(message.after)}`
    case 'trunc':
      return `trunc to ${at(message.to)}`
    case 'snap':
      return `snap at ${at(message.at)}`
    case 'snap-chunk':
      return `snap-chunk ${String(message.number)}${message.last ? ', the last' : ''}`
    case 'snap-ack':
      return `snap-ack ${String(message.number)}`
    case 'proposal':
      return `proposal ${describePage(message.page)}`
    case 'ack':
    case 'diff-ack':
    case 'ack-new-leader':
    case 'commit':
      return `${message.type} ${formatZxid(message.upTo)}`
    case 'new-leader':
      return `new-leader ${String(message.epoch)} ends ${formatZxid(message.end)}`
    case 'up-to-date':
      return `up-to-date ${formatZxid(message.committed)}`
    case 'ping':
    case 'pong':
      return `${message.type} epoch ${String(message.epoch)} round ${String(message.round)}`
    default:
      return message.type
  }
}

type Notification = Extract<Message, { type: 'notification' }>

function describeNotification(notification: Notification): string {
  const { role, round, vote, established, leadingEpoch, empty, votes } = notification
  if (role !== 'looking') {
    const whom = role === 'leader' ? 'leads' : `follows ${String(vote.leader)}`
    const state = established ? `in epoch ${String(leadingEpoch)}` : 'not yet established'
    return `notification ${whom} ${state}`
  }
  if (!votes && !empty) return 'notification looks, without a vote'
  const choice = `${String(vote.leader)} (epoch ${String(vote.epoch)}, ${formatZxid(vote.last)})`
  return `notification votes ${choice} in round ${String(round)}${empty ? ', empty' : ''}`
}

export function describeRecord(record: LogRecord): string {
  switch (record.type) {
    case 'page':
      return describePage(record.page)
    case 'accepted-epoch':
      return `promise of ${describePromise(record.epoch, record.leader)}`
    case 'current-epoch':
      return `currentEpoch ${String(record.epoch)}`
    case 'truncate':
      return `truncate to ${at(record.to)}`
    case 'snapshot-installed':
      return `snapshot installed at ${at(record.at)}`
    default:
      return record.type
  }
}

export function describeStanding({ role, phase, leader, epoch }: Standing): string {
  switch (role) {
    case 'looking':
      return 'looks'
    case 'leader':
      return phase === 'broadcast' ? `leads epoch ${String(epoch)}, established` : `leads: ${phase}`
    default: {
      const what = `${role === 'follower' ? 'follows' : 'observes'} ${String(leader)}`
      return phase === 'broadcast' ? `${what} in epoch ${String(epoch)}` : `${what}: ${phase}`
    }
  }
}

/** `1:2..1:3 (b c) after 1:1` */
function describePage(page: Page): string {
  const { first, last, previousLast } = page
  const place = first === last ? formatZxid(first) : `${formatZxid(first)}..${formatZxid(last)}`
  const words = wordsOf(page).join(' ')
  return `${place} ${words.startsWith('(') ? words : `(${words})`} after ${formatZxid(previousLast)}`
}

function describePromise(epoch: number, leader: number): string {
  return `${String(epoch)} to ${String(leader)}`
}

function at({ last }: PageEnd): string {
  return formatZxid(last satisfies Zxid)
}

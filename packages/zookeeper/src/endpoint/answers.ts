/** What the ensemble has answered, as the reply that a client waits for. */
import {
  assert,
  statOf,
  type Delivery,
  type Replica,
  type WriteResult,
} from '@conclave/core/internal'
import type { JuteWriter } from '../jute/writer.ts'
import { writeCreate2Response, writeCreateResponse } from '../messages/create.ts'
import { wireErrors } from '../messages/error-codes.ts'
import { writeGetDataResponse } from '../messages/get-data.ts'
import { writeMultiResponse, type MultiPart } from '../messages/multi.ts'
import { opcodes } from '../messages/opcodes.ts'
import { writeStat } from '../messages/stat.ts'
import { writeSyncResponse } from '../messages/sync.ts'
import type { ClientConnection } from './client-connection.ts'
import type { Pending } from './client-session.ts'
import { configPath } from './server-texts.ts'
import { wireErrorOf, wireErrorOfFailure } from './wire-error-of.ts'
import { multiErrorsOf, multiResultsOf } from './write-requests.ts'

export type Answer = Extract<
  Delivery,
  { readonly type: 'reply' | 'refused' | 'failed' | 'synced' | 'wire-watches' }
>

const noParts: readonly MultiPart[] = []

/**
 * Writes the reply. False when there is none that is true: nobody knows what became of the request, or
 * another server has the session now; then the connection is to be closed.
 */
export function writeAnswer(
  connection: ClientConnection,
  { xid, opcode, what }: Pending,
  answer: Answer,
  replica: Replica,
): boolean {
  const { lastApplied } = replica
  const question = typeof what === 'object' && 'type' in what ? what : null
  const parts = question?.type === 'write' ? question.parts : noParts
  switch (answer.type) {
    case 'reply': {
      const writer = connection.beginReply(xid, answer.zxid, wireErrors.ok)
      if (answer.result.type === 'reconfigure') writeConfiguration(writer, replica)
      else writeResult(writer, opcode, parts, answer.result)
      connection.end()
      return true
    }
    case 'refused': {
      const { code, limit, operation } = answer.refusal
      const error = wireErrorOf(code, limit)
      if (opcode !== opcodes.multi) {
        connection.reply(xid, answer.zxid, error)
        return true
      }
      const writer = connection.beginReply(xid, answer.zxid, wireErrors.ok)
      writeMultiResponse(writer, multiErrorsOf(parts, operation, error))
      connection.end()
      return true
    }
    case 'failed': {
      const error = wireErrorOfFailure(answer.code)
      if (error === undefined) return false
      connection.reply(xid, lastApplied, error)
      return true
    }
    case 'synced': {
      const writer = connection.beginReply(xid, answer.zxid, wireErrors.ok)
      writeSyncResponse(writer, question?.type === 'sync' ? question.path : null)
      connection.end()
      return true
    }
    case 'wire-watches':
      connection.reply(xid, lastApplied, answer.found ? wireErrors.ok : wireErrors.noWatcher)
      return true
  }
}

/** As it stands in `/zookeeper/config`, by now perhaps a later one. */
function writeConfiguration(writer: JuteWriter, { tree }: Replica): void {
  const znode = tree.get(configPath)
  assert(znode !== undefined, 'D5: a system znode is never deleted')
  writeGetDataResponse(writer, znode.data, statOf(znode))
}

function writeResult(
  writer: JuteWriter,
  opcode: number,
  parts: readonly MultiPart[],
  result: WriteResult,
): void {
  switch (result.type) {
    case 'create':
      if (opcode === opcodes.create) writeCreateResponse(writer, result.path)
      else writeCreate2Response(writer, result.path, result.stat)
      return
    case 'set':
    case 'set-acl':
      writeStat(writer, result.stat)
      return
    case 'transaction':
      writeMultiResponse(writer, multiResultsOf(parts, result))
      return
    case 'delete':
    case 'check':
    case 'close-session':
    case 'reconfigure':
  }
}

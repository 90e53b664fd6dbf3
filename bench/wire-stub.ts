/**
 * A server that answers every request at once, with the same bytes: what the load of the wire bench
 * could measure at most.
 */
import { createServer, type AddressInfo } from 'node:net'
import { answerQuestions } from './processes.ts'
import { connectResponse, constantReply, isGetData } from './wire-frames.ts'

const replies = [constantReply(false, 100), constantReply(true, 100)] as const

const server = createServer((socket) => {
  let rest: Buffer = Buffer.alloc(0)
  let isConnected = false
  socket.setNoDelay(true)
  socket.on('error', () => undefined)
  socket.on('data', (bytes) => {
    const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    const answers: Buffer[] = []
    let at = 0
    while (all.length - at >= 4) {
      const length = all.readInt32BE(at)
      if (all.length - at < 4 + length) break
      if (isConnected) answers.push(answerTo(all, at))
      else answers.push(connectResponse())
      isConnected = true
      at += 4 + length
    }
    rest = all.subarray(at)
    if (answers.length > 0) socket.write(Buffer.concat(answers))
  })
})

function answerTo(frames: Buffer, at: number): Buffer {
  const reply = Buffer.from(replies[isGetData(frames.readInt32BE(at + 8)) ? 1 : 0])
  frames.copy(reply, 4, at + 4, at + 8)
  return reply
}

answerQuestions(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
})

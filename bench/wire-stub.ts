/**
 * A server that answers every request at once, with the same bytes: what the load of the wire bench
 * could measure at most.
 */
import { createServer, type AddressInfo } from 'node:net'
import { answerQuestions } from './processes.ts'
import { connectResponse, constantReply, isGetData } from './wire-frames.ts'

/** So many of a reply in one piece: one copy and one write answer all that came in one read. */
const inOnePiece = 1_024
const replies = [repeated(constantReply(false, 100)), repeated(constantReply(true, 100))] as const

function repeated(reply: Buffer): { readonly bytes: number; readonly piece: Buffer } {
  return { bytes: reply.length, piece: Buffer.alloc(reply.length * inOnePiece, reply) }
}

/** The replies to so many frames of one kind; their xids stand where the frames begin. */
function answersTo(frames: Buffer, begins: readonly number[]): Buffer {
  const [first = 0] = begins
  const { bytes, piece } = replies[isGetData(frames.readInt32BE(first + 8)) ? 1 : 0]
  const answers = Buffer.from(piece.subarray(0, bytes * begins.length))
  for (const [index, at] of begins.entries())
    frames.copy(answers, index * bytes + 4, at + 4, at + 8)
  return answers
}

const server = createServer((socket) => {
  let rest: Buffer = Buffer.alloc(0)
  let isConnected = false
  socket.setNoDelay(true)
  socket.on('error', () => undefined)
  socket.on('data', (bytes) => {
    const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    const begins: number[] = []
    let at = 0
    while (begins.length < inOnePiece && all.length - at >= 4) {
      const length = all.readInt32BE(at)
      if (all.length - at < 4 + length) break
      begins.push(at)
      at += 4 + length
    }
    rest = all.subarray(at)
    if (begins.length === 0) return
    if (isConnected) socket.write(answersTo(all, begins))
    else socket.write(connectResponse())
    isConnected = true
  })
})

answerQuestions(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
})

/**
 * One connection that brings frames, drawn from a number, so that it can be made again. It must be
 * answered, or closed: on the port of clients, what comes behind the frames is a read that only a
 * connection that is closed may leave unanswered.
 */
import { wireErrorName } from '@conclave/zookeeper'
import { Random } from '../faults/random.ts'
import { RawPeer, rawLink, rawSelf } from '../../packages/net/test/raw-peer.ts'
import { DiallerHandshake } from '../../packages/net/src/handshake.ts'
import { encodeFrame } from '../../packages/net/src/frame.ts'
import { encodeGreeting, encodeRequest } from '../zookeeper-diff/encode.ts'
import { sleep } from '../processes/waiting.ts'
import { WireClient, type Frame } from '../zookeeper-diff/wire-client.ts'
import { clientFrame, framed, type ClientCorpus } from './client-frames.ts'
import { secret, type FuzzedEnsemble } from './ensemble.ts'
import { mutate } from './mutate.ts'
import { brokenFrame, type PeerCorpus } from './peer-frames.ts'

export interface Corpus {
  readonly client: ClientCorpus
  readonly peer: PeerCorpus
}

export interface Outcome {
  readonly frames: number
  readonly answers: number
  /** How it went: one word. */
  readonly end: string
  /** What must not be. */
  readonly failure: string | null
}

const patienceMs = 20_000
const lastXid = 0x5eedbee
const peerShare = 0.15
const quietMs = 20

export async function attack(
  number: number,
  ensemble: FuzzedEnsemble,
  corpus: Corpus,
): Promise<Outcome> {
  const random = new Random(number)
  const which = random.integer(0, 2)
  if (random.chance(peerShare)) return attackPeer(random, ensemble, which, corpus)
  return attackClientPort(random, ensemble.clientPorts[which] ?? 0, corpus.client)
}

async function attackClientPort(
  random: Random,
  port: number,
  corpus: ClientCorpus,
): Promise<Outcome> {
  const client = await WireClient.reach(port)
  const listener = new Listener(client)
  const greets = random.chance(0.95)
  const isOddGreeting = greets && random.chance(0.05)
  if (greets) client.send(greeting(random, corpus, isOddGreeting))
  const count = random.integer(1, 80)
  const frames = Array.from({ length: count }, () => framed(clientFrame(random, corpus)))
  const isWhole = greets && !isOddGreeting && random.chance(0.97)
  if (!isWhole) {
    const payload = clientFrame(random, corpus)
    frames.push(framed(payload, random.pick([-1, 0, payload.length + 1, 2 ** 20, 2 ** 31 - 1])))
  }
  const bytes = Buffer.concat(frames)
  const cut = random.chance(0.2) ? random.integer(0, bytes.length) : bytes.length
  client.send(bytes.subarray(0, cut))
  if (cut < bytes.length) await sleep(1)
  client.send(bytes.subarray(cut))
  client.send(lastRequest())
  const isOver = await Promise.race([listener.over, sleep(isWhole ? patienceMs : quietMs)])
  const isHanging = isWhole && isOver !== true
  client.destroy()
  const failure = isHanging ? 'neither answered nor closed' : listener.failure
  const end = client.isClosed ? 'closed' : isOver === true ? 'answered' : 'left'
  return { frames: frames.length + (greets ? 2 : 1), answers: listener.answers, end, failure }
}

function greeting(random: Random, corpus: ClientCorpus, isOdd: boolean): Buffer {
  if (isOdd) return framed(mutate(random, random.pick(corpus.greetings), corpus.greetings))
  return encodeGreeting({
    protocolVersion: 0,
    lastZxidSeen: 0,
    timeoutMs: 1,
    sessionId: 0,
    password: new Uint8Array(16),
    readOnly: random.chance(0.3) ? undefined : random.chance(0.5),
  })
}

/** Answered behind everything else. */
function lastRequest(): Buffer {
  return encodeRequest(lastXid, { op: 'exists', path: '/', watch: false }, 0n)
}

/** Reads what a server says, and finds fault with it. */
class Listener {
  answers = 0
  failure: string | null = null
  readonly over: Promise<true>

  constructor(client: WireClient) {
    this.over = new Promise((resolve) => {
      client.onFrame((frame) => {
        if (frame === 'closed') resolve(true)
        else if (this.#isLast(frame)) resolve(true)
      })
    })
  }

  #isLast(frame: Exclude<Frame, 'closed'>): boolean {
    this.answers += 1
    // The first answer may be that to a greeting.
    if (this.answers === 1 && frame.readInt32BE(0) === 0) return false
    if (frame.length < 16) {
      this.failure = `an answer of ${frame.length} bytes: ${frame.toString('hex')}`
      return false
    }
    const error = frame.readInt32BE(12)
    if (wireErrorName(error) === undefined) this.failure = `an answer with the code ${error}`
    return frame.readInt32BE(0) === lastXid
  }
}

async function attackPeer(
  random: Random,
  ensemble: FuzzedEnsemble,
  which: number,
  corpus: Corpus,
): Promise<Outcome> {
  const port = ensemble.peerPorts[which] ?? 0
  const to = which + 1
  const drawn = random.unit()
  if (drawn < 0.4) return strange(random, port, to, corpus)
  return talkNonsense(random, port, to, corpus.peer)
}

/** Who never comes as far as a link. */
async function strange(random: Random, port: number, to: number, corpus: Corpus): Promise<Outcome> {
  const peer = new RawPeer(port)
  const from = random.integer(1, 255)
  const self = rawSelf(from, random.chance(0.5) ? secret : 'guessed', String(random.integer(0, 9)))
  const purpose = random.pick(['data', 'liveness', 'knock'] as const)
  const { name, body } = new DiallerHandshake(self, to, purpose, random.integer(0, 99)).open()
  const hello = Buffer.from(encodeFrame(name, body))
  const first = random.chance(0.3) ? hello : mutate(random, hello, corpus.client.requests)
  const count = random.integer(0, 20)
  const rest = Array.from({ length: count }, () => brokenFrame(random, corpus.peer).bytes)
  peer.send(Buffer.concat([first, ...rest]))
  await Promise.race([peer.ended, sleep(quietMs)])
  const end = peer.socket.closed ? 'refused' : 'left'
  peer.socket.destroy()
  return { frames: count + 1, answers: peer.frames.length, end, failure: null }
}

/** A guest that holds the secret, and then says what nobody can read: its link must be broken. */
async function talkNonsense(
  random: Random,
  port: number,
  to: number,
  corpus: PeerCorpus,
): Promise<Outcome> {
  const self = rawSelf(random.integer(100, 250), secret, String(random.integer(0, 2 ** 31)))
  const link = await rawLink(port, self, to).catch(() => null)
  // Another guest has come by the same id.
  if (link === null) return { frames: 2, answers: 0, end: 'no link', failure: null }
  const count = random.integer(1, 4)
  for (let sent = 0; sent < count; sent += 1) {
    const { lane, bytes } = brokenFrame(random, corpus)
    link[lane].send(bytes)
  }
  const both = Promise.all([link.data.ended, link.liveness.ended]).then(() => true)
  const isBroken = await Promise.race([both, sleep(patienceMs)])
  link.data.socket.destroy()
  link.liveness.socket.destroy()
  const failure = isBroken === true ? null : 'a link on which nonsense was said was kept'
  return { frames: count + 4, answers: link.data.frames.length, end: 'link broken', failure }
}

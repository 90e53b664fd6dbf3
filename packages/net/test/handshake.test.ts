import { describe, expect, test } from 'vitest'
import { encodeFrame, type Frame } from '../src/frame.ts'
import {
  AcceptorHandshake,
  agreeOnVersion,
  DiallerHandshake,
  type HandshakeSelf,
  type HandshakeStep,
} from '../src/handshake.ts'
import { decodeHello, encodeHello, encodeRefusal, type Purpose } from '../src/hello.ts'
import { maxHandshakeBytes } from '../src/limits.ts'
import { describeRefusal } from '../src/refusal.ts'

let drawn = 0
/** Different every time, and the same in every run. */
function random(length: number): Uint8Array {
  drawn += 1
  return Uint8Array.from({ length }, (_, index) => (drawn * 37 + index * 11) % 256)
}

interface SelfOptions {
  readonly ensembleId?: number
  readonly secret?: string
  readonly versions?: readonly [number, number]
}

function selfOf(id: number, options: SelfOptions = {}): HandshakeSelf {
  const { ensembleId = 7, secret = 'shared', versions = [1, 1] } = options
  return {
    identity: { id, ensembleId, configuration: { ensembleId, version: id, members: [] } },
    versions: { min: versions[0], max: versions[1] },
    boot: id.toString(16).padStart(16, '0'),
    secret: Buffer.from(secret),
    random,
  }
}

interface Meeting {
  readonly dialler?: SelfOptions
  readonly acceptor?: SelfOptions
  readonly diallerId?: number
  readonly acceptorId?: number
  /** Whom the dialler means to reach. */
  readonly wanted?: number
  readonly purpose?: Purpose
  readonly listed?: readonly number[]
}

interface Outcome {
  readonly dialler: HandshakeStep
  readonly acceptor: HandshakeStep
  /** Everything that was sent, in order. */
  readonly frames: readonly Frame[]
}

/** Lets two sides talk until neither has more to say. */
function meet(meeting: Meeting = {}): Outcome {
  const { diallerId = 3, acceptorId = 1, wanted = acceptorId, purpose = 'data' } = meeting
  const dialler = new DiallerHandshake(selfOf(diallerId, meeting.dialler), wanted, purpose, 5)
  const acceptor = new AcceptorHandshake(selfOf(acceptorId, meeting.acceptor), (peer) =>
    (meeting.listed ?? [1, 2, 3]).includes(peer),
  )
  const frames: Frame[] = [dialler.open()]
  let atDialler: HandshakeStep = { type: 'continue', frame: dialler.open() }
  let atAcceptor: HandshakeStep = atDialler
  for (let turn = 0; ; turn += 1) {
    const last = frames.at(-1)!
    const step = turn % 2 === 0 ? acceptor.onFrame(last) : dialler.onFrame(last)
    if (turn % 2 === 0) atAcceptor = step
    else atDialler = step
    if (step.frame === null) return { dialler: atDialler, acceptor: atAcceptor, frames }
    frames.push(step.frame)
  }
}

/** Both sides' codes, or `done`. */
function endOf({ dialler, acceptor }: Outcome): string[] {
  return [dialler, acceptor].map((step) =>
    step.type === 'refused' ? `${step.facts.code} by ${step.facts.by}` : step.type,
  )
}

describe('the handshake', () => {
  test('two peers with one secret get to know each other', () => {
    const { dialler, acceptor, frames } = meet({ dialler: { ensembleId: 0 } })

    expect(frames.map(({ name }) => name)).toEqual(['hello', 'challenge', 'proof', 'welcome'])
    if (dialler.type !== 'done' || acceptor.type !== 'done') expect.fail('both are done')
    expect(dialler.remote).toMatchObject({
      version: 1,
      hello: { from: 1, to: 3, ensembleId: 7, configurationVersion: 1, purpose: 'data' },
    })
    expect(acceptor.remote).toMatchObject({
      version: 1,
      hello: { from: 3, to: 1, ensembleId: 0, configurationVersion: 3, purpose: 'data' },
    })
    expect(acceptor.remote.hello.incarnation).toEqual({ boot: '0000000000000003', counter: 5 })
    expect(dialler.remote.hello.incarnation).toEqual({ boot: '0000000000000001', counter: 5 })
  })

  test('no frame of it comes near the limit for what is not authenticated', () => {
    for (const { name, body } of meet().frames) {
      expect(encodeFrame(name, body).length, name).toBeLessThan(maxHandshakeBytes / 4)
    }
  })

  test.each<[string, Meeting, string, string]>([
    [
      'another secret',
      { dialler: { secret: 'other' } },
      'WRONG_SECRET by them',
      'WRONG_SECRET by us',
    ],
    [
      'no secret, where one is needed',
      { dialler: { secret: '' } },
      'WRONG_SECRET by them',
      'WRONG_SECRET by us',
    ],
    [
      'a secret, where there is none',
      { acceptor: { secret: '' } },
      'WRONG_SECRET by them',
      'WRONG_SECRET by us',
    ],
    [
      'another ensemble',
      { dialler: { ensembleId: 8 } },
      'OTHER_ENSEMBLE by them',
      'OTHER_ENSEMBLE by us',
    ],
    [
      'versions that are too new',
      { dialler: { versions: [2, 3] } },
      'VERSION_MISMATCH by them',
      'VERSION_MISMATCH by us',
    ],
    [
      'versions that are too old',
      { acceptor: { versions: [2, 3] } },
      'VERSION_MISMATCH by them',
      'VERSION_MISMATCH by us',
    ],
    [
      'a guest with another secret',
      { listed: [], dialler: { secret: 'other' } },
      'WRONG_SECRET by them',
      'WRONG_SECRET by us',
    ],
    [
      'a knock of a peer that is not listed',
      { listed: [], purpose: 'knock', diallerId: 1, acceptorId: 3 },
      'STRANGER by them',
      'STRANGER by us',
    ],
    ['our own id', { diallerId: 1 }, 'OWN_ID by them', 'OWN_ID by us'],
    ['the address of another peer', { wanted: 2 }, 'WRONG_PEER by them', 'WRONG_PEER by us'],
    [
      'a smaller id that dials',
      { diallerId: 1, acceptorId: 3 },
      'NOT_A_PEER by them',
      'NOT_A_PEER by us',
    ],
    ['a larger id that knocks', { purpose: 'knock' }, 'NOT_A_PEER by them', 'NOT_A_PEER by us'],
  ])('refuses %s, and both sides learn why', (_, meeting, atDialler, atAcceptor) => {
    expect(endOf(meet(meeting))).toEqual([atDialler, atAcceptor])
  })

  test.each<[string, Meeting]>([
    ['no secret on either side', { dialler: { secret: '' }, acceptor: { secret: '' } }],
    ['a peer without an ensemble', { acceptor: { ensembleId: 0 } }],
    ['two peers without an ensemble', { dialler: { ensembleId: 0 }, acceptor: { ensembleId: 0 } }],
    ['version ranges that meet', { dialler: { versions: [1, 2] }, acceptor: { versions: [2, 4] } }],
    ['a smaller id that knocks', { diallerId: 1, acceptorId: 3, purpose: 'knock' }],
    ['the other lane', { purpose: 'liveness' }],
  ])('lets in %s', (_, meeting) => {
    expect(endOf(meet(meeting))).toEqual(['done', 'done'])
  })

  test('the highest version in both ranges is agreed on', () => {
    expect(agreeOnVersion({ min: 1, max: 4 }, { min: 2, max: 3 })).toBe(3)
    expect(agreeOnVersion({ min: 2, max: 2 }, { min: 1, max: 2 })).toBe(2)
    expect(agreeOnVersion({ min: 3, max: 4 }, { min: 1, max: 2 })).toBeNull()
  })

  test('what each side is told names the versions of both', () => {
    const { dialler, acceptor } = meet({ dialler: { versions: [2, 3] } })
    const words = [dialler, acceptor].map((step) =>
      step.type === 'refused' ? describeRefusal(step.facts, 'h:1') : '',
    )

    expect(words[0]).toMatch(/speaks version 1 of the protocol, we speak versions 2 to 3; upgrade/)
    expect(words[1]).toMatch(/speaks versions 2 to 3 of the protocol, we speak version 1; upgrade/)
  })
})

describe('an attacker without the secret', () => {
  const diallerOf = (id = 3) => new DiallerHandshake(selfOf(id), 1, 'data', 5)
  const acceptorOf = (id = 1) => new AcceptorHandshake(selfOf(id), () => true)
  const expectRefused = (step: HandshakeStep): void => {
    expect(step.type === 'refused' ? step.facts.by : step.type).toBe('us')
  }

  test('learns no proof of ours by dialling: the dialler proves itself first', () => {
    const acceptor = acceptorOf()
    const dialler = diallerOf()

    const challenge = acceptor.onFrame(dialler.open())

    expect(challenge.frame?.name).toBe('challenge')
    expectRefused(acceptor.onFrame({ name: 'proof', body: new Uint8Array(32) }))
  })

  test('cannot replay what it overheard: the nonce is another one', () => {
    const overheard = meet().frames
    const acceptor = acceptorOf()
    const dialler = diallerOf()

    acceptor.onFrame(overheard[0]!)
    expectRefused(acceptor.onFrame(overheard[2]!))
    expectRefused(dialler.onFrame(overheard[3]!))
    const second = diallerOf()
    second.onFrame(overheard[1]!)
    expectRefused(second.onFrame(overheard[3]!))
  })

  test('cannot send our own proof back to us', () => {
    const dialler = diallerOf()
    const acceptor = acceptorOf()

    const challenge = acceptor.onFrame(dialler.open()).frame!
    const proof = dialler.onFrame(challenge).frame!

    expectRefused(dialler.onFrame({ name: 'welcome', body: proof.body }))
  })

  test('cannot have our dialler answered by our own listener', () => {
    const dialler = diallerOf()
    const own = new AcceptorHandshake(selfOf(3), () => true)

    const step = own.onFrame(dialler.open())

    expect(step.type === 'refused' && step.facts.code).toBe('OWN_ID')
    const hello = decodeHello(dialler.open().body)!
    const turned = encodeHello({ ...hello, from: 1, to: 3 })
    const second = new AcceptorHandshake(selfOf(3), () => true).onFrame({
      name: 'hello',
      body: turned,
    })
    expectRefused(second)
    expectRefused(diallerOf().onFrame({ name: 'challenge', body: dialler.open().body }))
  })

  test.each<[string, number, (byte: number) => number]>([
    ['its versions', 11, () => 9],
    ['its purpose', 12, () => 0],
    ['its ensemble', 23, () => 1],
    ['its configuration', 31, (byte) => byte + 1],
    ['its boot', 33, () => 1],
    ['its counter', 43, (byte) => byte + 1],
    ['its nonce', 50, (byte) => byte ^ 1],
    ['what a later version adds', 76, () => 1],
  ])('cannot change %s on the way, in either direction', (_, at, changed) => {
    const change = ({ name, body }: Frame): Frame => {
      const bytes = Buffer.concat([body, Buffer.alloc(at < body.length ? 0 : 1)])
      bytes[at] = changed(bytes[at] ?? 0)
      return { name, body: bytes }
    }

    const dialler = new DiallerHandshake(selfOf(3, { ensembleId: 0 }), 1, 'data', 5)
    const acceptor = new AcceptorHandshake(selfOf(1, { ensembleId: 0 }), () => true)
    const challenge = acceptor.onFrame(change(dialler.open())).frame!
    const step = dialler.onFrame(challenge)
    if (step.type === 'continue') expectRefused(acceptor.onFrame(step.frame))
    else expectRefused(step)

    const second = new DiallerHandshake(selfOf(3, { ensembleId: 0 }), 1, 'data', 5)
    const honest = new AcceptorHandshake(selfOf(1, { ensembleId: 0 }), () => true)
    const answer = second.onFrame(change(honest.onFrame(second.open()).frame!))
    if (answer.type === 'continue') expectRefused(honest.onFrame(answer.frame))
    else expectRefused(answer)
  })

  test('is refused whatever it sends out of turn', () => {
    const { frames } = meet()
    const [hello, challenge, proof, welcome] = frames as [Frame, Frame, Frame, Frame]

    for (const frame of [challenge, proof, welcome]) expectRefused(acceptorOf().onFrame(frame))
    for (const frame of [hello, proof, welcome]) expectRefused(diallerOf().onFrame(frame))
    const acceptor = acceptorOf()
    acceptor.onFrame(hello)
    expectRefused(acceptor.onFrame(hello))
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['another magic', Buffer.alloc(100, 'X')],
    [
      'a hello that is cut short',
      Buffer.from(encodeHello(decodeHello(meet().frames[0]!.body)!)).subarray(0, 75),
    ],
    ['an ensemble id that is not safe', hackedHello(16, 0xff)],
    ['a configuration version that is not safe', hackedHello(24, 0xff)],
    ['a purpose that does not exist', hackedHello(12, 3)],
    ['the peer 0', hackedHello(13, 0)],
    ['versions upside down', hackedHello(8, 9)],
  ])('gets no answer to %s', (_, body) => {
    const step = acceptorOf().onFrame({ name: 'hello', body })

    expect(step.type === 'refused' && step.facts.code).toBe('NOT_A_PEER')
    expect(step.frame).toBeNull()
  })

  function hackedHello(at: number, value: number): Buffer {
    const body = Buffer.from(meet().frames[0]!.body)
    body[at] = value
    return body
  }
})

describe('a hello', () => {
  test('survives its bytes, and what a later version adds behind it', () => {
    const hello = decodeHello(meet().frames[0]!.body)!

    expect(decodeHello(encodeHello(hello))).toEqual(hello)
    expect(decodeHello(Buffer.concat([encodeHello(hello), Buffer.from('more')]))).toEqual(hello)
  })

  test('a refusal that this version does not know is one all the same', () => {
    const dialler = new DiallerHandshake(selfOf(3), 1, 'data', 1)
    const body = Uint8Array.from(encodeRefusal('STRANGER', { min: 1, max: 9 }))
    body[0] = 200

    const step = dialler.onFrame({ name: 'refusal', body })
    const short = dialler.onFrame({ name: 'refusal', body: body.subarray(0, 1) })

    expect(step.type === 'refused' && step.facts).toMatchObject({
      code: 'UNKNOWN_REASON',
      by: 'them',
      theirVersions: { min: 1, max: 9 },
    })
    expect(short.type === 'refused' && short.facts.theirVersions).toBeNull()
  })
})

/**
 * The handshake on one connection: two state machines that prove to each other that they hold the
 * same secret, and agree on who they are. Pure but for the hash; a connection feeds it frames.
 *
 *   dialler   HELLO      who I am, whom I want, my nonce
 *   acceptor  CHALLENGE  the same of itself, its own nonce
 *   dialler   PROOF      HMAC-SHA-256 over both, as dialler
 *   acceptor  WELCOME    HMAC-SHA-256 over both, as acceptor
 *
 * The proofs cover every byte that both have said: versions (no downgrade), ensemble, ids,
 * configuration versions, purpose, incarnation, nonces (no replay). The role is in it, and each
 * side's id in its place, so that no proof can be sent back to its maker (no reflection). The
 * dialler proves itself first: who merely reaches our port learns nothing to guess the secret by.
 *
 * Either side can answer REFUSAL instead, and says why. Nothing else is listened to before WELCOME.
 */
import { assert, type EnsembleId, type PeerId } from '@conclave/core/internal'
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { RandomBytes } from './entropy.ts'
import type { Frame, FrameName } from './frame.ts'
import {
  decodeHello,
  decodeRefusal,
  encodeHello,
  encodeRefusal,
  nonceBytes,
  type Hello,
  type Purpose,
} from './hello.ts'
import type { RefusalCode, RefusalFacts, VersionRange } from './refusal.ts'
import type { Identity } from './transport.ts'

/** The versions of the peers' protocol that this code speaks. */
export const protocolVersions: VersionRange = { min: 1, max: 1 }

/** What we bring to every handshake. */
export interface HandshakeSelf {
  readonly identity: Identity
  readonly versions: VersionRange
  readonly boot: string
  /** Empty when there is no secret: then the proofs prove nothing, and loopback has to. */
  readonly secret: Uint8Array
  readonly random: RandomBytes
}

/** What the other side said, and what both agreed on. */
export interface Acquaintance {
  readonly hello: Hello
  readonly version: number
}

export type HandshakeStep =
  /** Send the frame and wait for the next one. */
  | { readonly type: 'continue'; readonly frame: Frame }
  /** The other side has proved itself. The acceptor still has to send `frame`, its welcome. */
  | { readonly type: 'done'; readonly frame: Frame | null; readonly remote: Acquaintance }
  /** It is over. `frame` tells the other side; `null` when it told us, or is no peer at all. */
  | { readonly type: 'refused'; readonly facts: RefusalFacts; readonly frame: Frame | null }

/** Who was taken for whom, when an address is not the one it should be. */
type Mistaken = Pick<RefusalFacts, 'answeredBy' | 'takenFor'>

/** The highest version in both ranges, or `null`. */
export function agreeOnVersion(a: VersionRange, b: VersionRange): number | null {
  const highest = Math.min(a.max, b.max)
  return highest >= Math.max(a.min, b.min) ? highest : null
}

/** True when both may be of one ensemble: 0 is of none yet, and matches any. */
export function sameEnsemble(a: EnsembleId, b: EnsembleId): boolean {
  return a === b || a === 0 || b === 0
}

/** The side that opens a connection to a listed peer. */
export class DiallerHandshake {
  readonly #self: HandshakeSelf
  readonly #peer: PeerId
  readonly #hello: Hello
  readonly #helloBytes: Uint8Array
  /** Set by the challenge; then only a welcome is awaited. */
  #challenge: { readonly remote: Acquaintance; readonly expected: Uint8Array } | null = null

  constructor(self: HandshakeSelf, peer: PeerId, purpose: Purpose, counter: number) {
    this.#self = self
    this.#peer = peer
    this.#hello = introduce(self, { to: peer, purpose, counter })
    this.#helloBytes = encodeHello(this.#hello)
  }

  /** What to say first. */
  open(): Frame {
    return { name: 'hello', body: this.#helloBytes }
  }

  onFrame(frame: Frame): HandshakeStep {
    if (frame.name === 'refusal') return refusedByThem(this.#self, this.#peer, frame.body)
    if (this.#challenge === null) {
      return frame.name === 'challenge' ? this.#onChallenge(frame.body) : this.#refuse('NOT_A_PEER')
    }
    if (frame.name !== 'welcome') return this.#refuse('NOT_A_PEER')
    if (!equal(frame.body, this.#challenge.expected)) return this.#refuse('WRONG_SECRET')
    return { type: 'done', frame: null, remote: this.#challenge.remote }
  }

  #onChallenge(body: Uint8Array): HandshakeStep {
    const hello = decodeHello(body)
    if (hello === null) return this.#refuse('NOT_A_PEER')
    const version = agreeOnVersion(this.#self.versions, hello.versions)
    if (version === null) return this.#refuse('VERSION_MISMATCH', hello)
    if (hello.from === this.#self.identity.id) return this.#refuse('OWN_ID', hello)
    if (hello.from !== this.#peer)
      return this.#refuse('WRONG_PEER', hello, { answeredBy: hello.from })
    if (hello.to !== this.#self.identity.id || !sameConnection(hello, this.#hello)) {
      return this.#refuse('NOT_A_PEER', hello)
    }
    if (!sameEnsemble(this.#self.identity.ensembleId, hello.ensembleId)) {
      return this.#refuse('OTHER_ENSEMBLE', hello)
    }
    const proofs = prove(this.#self.secret, version, this.#helloBytes, body)
    this.#challenge = { remote: { hello, version }, expected: proofs.acceptor }
    return { type: 'continue', frame: { name: 'proof', body: proofs.dialler } }
  }

  #refuse(code: RefusalCode, hello: Hello | null = null, mistaken: Mistaken = {}): HandshakeStep {
    return refusedByUs(this.#self, { code, peer: this.#peer, hello, mistaken })
  }
}

/** The side that was dialled, by whoever reached its port. */
export class AcceptorHandshake {
  readonly #self: HandshakeSelf
  readonly #isListed: (peer: PeerId) => boolean
  /** Set by the hello; then only a proof is awaited. */
  #greeting: {
    readonly remote: Acquaintance
    readonly expected: Uint8Array
    readonly welcome: Uint8Array
  } | null = null

  constructor(self: HandshakeSelf, isListed: (peer: PeerId) => boolean) {
    this.#self = self
    this.#isListed = isListed
  }

  /** Who it claims to be so far, or 0. */
  get claimed(): PeerId {
    return this.#greeting?.remote.hello.from ?? 0
  }

  onFrame(frame: Frame): HandshakeStep {
    const greeting = this.#greeting
    if (frame.name === 'refusal') return refusedByThem(this.#self, this.claimed, frame.body)
    if (greeting === null) {
      return frame.name === 'hello' ? this.#onHello(frame.body) : this.#refuse('NOT_A_PEER', null)
    }
    const { hello } = greeting.remote
    if (frame.name !== 'proof') return this.#refuse('NOT_A_PEER', hello)
    if (!equal(frame.body, greeting.expected)) return this.#refuse('WRONG_SECRET', hello)
    return {
      type: 'done',
      frame: { name: 'welcome', body: greeting.welcome },
      remote: greeting.remote,
    }
  }

  /** Refuses a peer that has proved itself: its connection is of no use. */
  refuse(code: RefusalCode): HandshakeStep {
    return this.#refuse(code, this.#greeting?.remote.hello ?? null)
  }

  #onHello(body: Uint8Array): HandshakeStep {
    const hello = decodeHello(body)
    if (hello === null) return this.#refuse('NOT_A_PEER', null)
    const { identity, versions } = this.#self
    const version = agreeOnVersion(versions, hello.versions)
    if (version === null) return this.#refuse('VERSION_MISMATCH', hello)
    if (hello.from === identity.id) return this.#refuse('OWN_ID', hello)
    if (hello.to !== identity.id) return this.#refuse('WRONG_PEER', hello, { takenFor: hello.to })
    const isKnock = hello.purpose === 'knock'
    if (this.#isListed(hello.from)) {
      // The larger id dials; the smaller may only knock. So no pair ever makes two links at once.
      if (hello.from > identity.id === isKnock) return this.#refuse('NOT_A_PEER', hello)
    } else if (isKnock) {
      // A guest: we do not know where to dial it, so it must, whatever its id.
      return this.#refuse('STRANGER', hello)
    }
    if (!sameEnsemble(identity.ensembleId, hello.ensembleId)) {
      return this.#refuse('OTHER_ENSEMBLE', hello)
    }

    const { purpose, incarnation } = hello
    const answer = introduce(this.#self, { to: hello.from, purpose, counter: incarnation.counter })
    const challenge = encodeHello(answer)
    const proofs = prove(this.#self.secret, version, body, challenge)
    this.#greeting = {
      remote: { hello, version },
      expected: proofs.dialler,
      welcome: proofs.acceptor,
    }
    return { type: 'continue', frame: { name: 'challenge', body: challenge } }
  }

  #refuse(code: RefusalCode, hello: Hello | null, mistaken: Mistaken = {}): HandshakeStep {
    return refusedByUs(this.#self, { code, peer: hello?.from ?? 0, hello, mistaken })
  }
}

function introduce(
  self: HandshakeSelf,
  about: { readonly to: PeerId; readonly purpose: Purpose; readonly counter: number },
): Hello {
  const { identity, versions, boot, random } = self
  return {
    versions,
    purpose: about.purpose,
    from: identity.id,
    to: about.to,
    ensembleId: identity.ensembleId,
    configurationVersion: identity.configuration?.version ?? 0,
    incarnation: { boot, counter: about.counter },
    nonce: random(nonceBytes),
  }
}

function sameConnection(a: Hello, b: Hello): boolean {
  return a.purpose === b.purpose && a.incarnation.counter === b.incarnation.counter
}

/** What each role has to send, over the bytes that both have sent before. */
function prove(secret: Uint8Array, version: number, hello: Uint8Array, challenge: Uint8Array) {
  const proofOf = (role: 'dialler' | 'acceptor'): Uint8Array => {
    const lengths = Buffer.alloc(10)
    lengths.writeUInt16BE(version)
    lengths.writeUInt32BE(hello.length, 2)
    lengths.writeUInt32BE(challenge.length, 6)
    return createHmac('sha256', secret)
      .update(`conclave peer handshake ${role}\0`)
      .update(lengths)
      .update(hello)
      .update(challenge)
      .digest()
  }
  return { dialler: proofOf('dialler'), acceptor: proofOf('acceptor') }
}

function equal(given: Uint8Array, expected: Uint8Array): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function refusedByUs(
  self: HandshakeSelf,
  about: {
    readonly code: RefusalCode
    readonly peer: PeerId
    readonly hello: Hello | null
    readonly mistaken: Mistaken
  },
): HandshakeStep {
  const { code, peer, hello, mistaken } = about
  assert(code !== 'UNKNOWN_REASON', 'we know why we refuse')
  const name: FrameName = 'refusal'
  return {
    type: 'refused',
    facts: {
      code,
      by: 'us',
      ownId: self.identity.id,
      peer,
      ourVersions: self.versions,
      theirVersions: hello?.versions ?? null,
      ...mistaken,
    },
    // Who does not even know the greeting would not understand the answer.
    frame:
      hello === null && code === 'NOT_A_PEER'
        ? null
        : { name, body: encodeRefusal(code, self.versions) },
  }
}

function refusedByThem(self: HandshakeSelf, peer: PeerId, body: Uint8Array): HandshakeStep {
  const { code, versions } = decodeRefusal(body)
  const facts: RefusalFacts = {
    code,
    by: 'them',
    ownId: self.identity.id,
    peer,
    ourVersions: self.versions,
    theirVersions: versions,
  }
  return { type: 'refused', facts, frame: null }
}

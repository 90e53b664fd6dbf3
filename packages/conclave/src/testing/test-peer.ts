/** A peer under test, as the test sees it: the peer itself; time flows while its calls wait. */
import type { Call, CoordinationError, Session, Zxid } from '@conclave/core'
import type { LocalPeer } from '../local-peer.ts'
import type { SessionOptions } from '../session-options.ts'
import type { Peer, PeerEvents, Role, Status } from '../peer.ts'
import type { Reconfigured, ReconfigureOptions } from '../reconfiguration.ts'
import { RecordedSession } from './recorded-session.ts'
import type { Recorder } from './recorder.ts'
import type { VirtualTime } from './virtual-time.ts'

export class TestPeer implements Peer {
  readonly id: number
  readonly closed: Promise<CoordinationError | undefined>
  readonly #peer: LocalPeer
  readonly #time: VirtualTime
  readonly #recorder: Recorder

  constructor(peer: LocalPeer, time: VirtualTime, recorder: Recorder) {
    this.id = peer.id
    this.closed = peer.closed
    this.#peer = peer
    this.#time = time
    this.#recorder = recorder
  }

  get role(): Role {
    return this.#peer.role
  }

  get lastApplied(): Zxid {
    return this.#peer.lastApplied
  }

  ready(call?: Call): Promise<void> {
    return this.#awaited('ready()', this.#peer.ready(call), call)
  }

  status(): Status {
    return this.#peer.status()
  }

  async session(options?: SessionOptions): Promise<Session> {
    const session = await this.#awaited('session()', this.#peer.session(options), options)
    return new RecordedSession(session, this, this.#time, this.#recorder)
  }

  reconfigure(options: ReconfigureOptions): Promise<Reconfigured> {
    return this.#awaited('reconfigure()', this.#peer.reconfigure(options), options)
  }

  renewCertificates(renewed: Parameters<Peer['renewCertificates']>[0]): void {
    this.#peer.renewCertificates(renewed)
  }

  handOver(call?: Call): Promise<void> {
    return this.#awaited('handOver()', this.#peer.handOver(call), call)
  }

  close(call?: Call): Promise<void> {
    return this.#awaited('close()', this.#peer.close(call), call)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  on<E extends keyof PeerEvents>(event: E, listener: (...told: PeerEvents[E]) => void): this {
    this.#peer.on(event, listener)
    return this
  }

  once<E extends keyof PeerEvents>(event: E, listener: (...told: PeerEvents[E]) => void): this {
    this.#peer.once(event, listener)
    return this
  }

  off<E extends keyof PeerEvents>(event: E, listener: (...told: PeerEvents[E]) => void): this {
    this.#peer.off(event, listener)
    return this
  }

  #awaited<T>(name: string, promise: Promise<T>, call: Call | undefined): Promise<T> {
    return this.#time.whileAwaited(`${name} of peer ${this.id}`, promise, call?.timeoutMs)
  }
}

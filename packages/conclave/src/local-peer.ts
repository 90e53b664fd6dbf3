/**
 * The peer of this process: what the driver tells, made into promises, events and a status; and its
 * life from the first step to the last file that is closed.
 */
import { EventEmitter } from 'node:events'
import {
  CoordinationError,
  type Configuration,
  type CoreView,
  type PeerCore,
  type Replica,
  type Standing,
} from '@conclave/core/internal'
import type { Call, Zxid } from '@conclave/core'
import type { PeerAddress, Refusal, Transport } from '@conclave/net'
import { dialledPeers, sameAddresses, shownMembers } from './addresses.ts'
import type { Clock } from './clock.ts'
import { electionChannel, peerChannel } from './diagnostics.ts'
import type { Driver, DriverListener } from './driver.ts'
import type { Entropy } from './entropy.ts'
import { ExceededQuotas } from './exceeded-quotas.ts'
import { settled } from './failures.ts'
import { flagOption } from './option-checks.ts'
import { givenUpBefore, givenUpError, onGivingUp } from './giving-up.ts'
import type { LocalSession } from './local-session.ts'
import { resolveCall, type PeerOptions } from './options.ts'
import { resolveSessionOptions, type SessionOptions } from './session-options.ts'
import type { Member, Peer, PeerEvents, Role, Status } from './peer.ts'
import { ReadyWaits } from './ready-waits.ts'
import {
  changeMembers,
  checkReconfigureOptions,
  type Reconfigured,
  type ReconfigureOptions,
} from './reconfiguration.ts'
import { RefusedLinks } from './refused-links.ts'
import { renewCertificates, type RenewedCertificates } from './tls-options.ts'

/** What a peer holds open. */
export interface PeerParts {
  readonly driver: Driver
  readonly core: PeerCore
  readonly transport: Transport | null
  /** Frees the data directory. */
  readonly closeStore: () => Promise<void>
}

export class LocalPeer implements Peer, DriverListener {
  readonly id: number
  readonly closed: Promise<CoordinationError | undefined>
  readonly #options: PeerOptions
  readonly #clock: Clock
  readonly #entropy: Entropy
  readonly #events = new EventEmitter<PeerEvents>()
  readonly #readyWaits: ReadyWaits
  readonly #links = new Set<number>()
  readonly #refusedLinks: RefusedLinks
  #parts: PeerParts | undefined
  #standing: Standing | undefined
  #configuration: Configuration | null | undefined
  #dialled: readonly PeerAddress[]
  /** The epoch that is being handed over: being ready in it is no answer. */
  #handsOverEpoch: number | undefined
  #purgeFailure: string | undefined
  readonly #exceededQuotas: ExceededQuotas
  /** What the peer knew when it stopped. */
  #lastView: CoreView | undefined
  /** Why it takes no more calls. */
  #over: CoordinationError | undefined
  #closing: Promise<void> | undefined
  #settleClosed: (error: CoordinationError | undefined) => void = () => undefined

  constructor(options: PeerOptions, clock: Clock, entropy: Entropy) {
    this.id = options.id
    this.#exceededQuotas = new ExceededQuotas(options.id)
    this.#refusedLinks = new RefusedLinks(options.id)
    this.#options = options
    this.#clock = clock
    this.#entropy = entropy
    this.#dialled = options.network?.addresses ?? []
    this.#readyWaits = new ReadyWaits(clock, () => this.status())
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve
    })
  }

  /** Begins to take part in the ensemble. */
  start(parts: PeerParts): void {
    this.#parts = parts
    if (peerChannel.hasSubscribers) peerChannel.publish({ type: 'opened', id: this.id })
  }

  get role(): Role {
    return this.#over === undefined ? roleIn(this.#view().standing) : 'looking'
  }

  /** As it was reported last. */
  get standing(): Standing | undefined {
    return this.#standing
  }

  get lastApplied(): Zxid {
    return this.#lastView?.lastApplied ?? this.#started().core.replica.lastApplied
  }

  /** Resolves once a leader is known and this peer is synced with it. */
  async ready(call?: Call): Promise<void> {
    const checked = resolveCall(call)
    const tooLate = this.#tooLate()
    if (tooLate !== undefined) throw tooLate
    if (this.#standing?.ready === true) return
    const givingUp = givenUpBefore(checked)
    if (givingUp !== undefined) {
      const what = `ready() of peer ${String(this.id)}`
      throw givenUpError(givingUp, what, { outcome: 'not-applied', so: 'it did not wait' })
    }
    await this.#readyWaits.add(checked)
  }

  /** What the peer is and knows, now; after its end, what it knew last. */
  status(): Status {
    const view = this.#view()
    const { standing } = view
    const isOver = this.#over !== undefined
    const members = shownMembers(
      view.configuration?.members ?? this.#options.members,
      this.#options,
    )
    const isSilent = ({ id, role }: Member): boolean =>
      role === 'voter' && id !== this.id && !this.#links.has(id)
    return {
      id: this.id,
      role: isOver ? 'looking' : roleIn(standing),
      leader: isOver || standing.leader === 0 ? undefined : standing.leader,
      epoch: standing.epoch,
      phase: isOver ? 'election' : standing.phase,
      ready: !isOver && standing.ready,
      reason: this.#over?.message ?? standing.reason,
      lastLogged: view.lastLogged,
      lastCommitted: view.lastCommitted,
      lastApplied: view.lastApplied,
      digest: view.digest,
      damaged: standing.damaged ?? undefined,
      purgeFailure: this.#purgeFailure,
      members,
      configurationVersion: standing.configurationVersion,
      membership: standing.membership,
      exceededQuotas: this.#exceededQuotas.paths,
      silentVoters: members.filter(isSilent).map(({ id }) => id),
      refusals: this.#refusedLinks.reasons,
      zookeeper: this.#parts?.driver.clients.ports,
    }
  }

  /** Opens a session on this peer. */
  async session(options?: SessionOptions): Promise<LocalSession> {
    const sessionTimeoutMs = resolveSessionOptions(options, this.#options.timing)
    const isReadOnly = flagOption(options?.readOnly, 'readOnly')
    const isSuperuser = flagOption(options?.superuser, 'superuser')
    const tooLate = this.#tooLate()
    if (tooLate !== undefined) throw tooLate
    const givingUp = givenUpBefore(options)
    if (givingUp !== undefined) {
      throw givenUpError(givingUp, 'session', { outcome: 'not-applied', so: 'it was not begun' })
    }
    const { driver } = this.#started()
    const session = isReadOnly
      ? driver.openReadOnlySession()
      : await driver.requestSession(sessionTimeoutMs, this.#entropy.password(), options ?? {})
    if (isSuperuser) session.makeSuperuser()
    return session
  }

  /** Has another peer lead, and resolves once it does. */
  async handOver(call?: Call): Promise<void> {
    const checked = resolveCall(call)
    const tooLate = this.#tooLate()
    if (tooLate !== undefined) throw tooLate
    const { role, epoch, members } = this.status()
    if (role !== 'leader') return
    if (!members.some((member) => member.role === 'voter' && member.id !== this.id)) {
      const message = 'handOver(): there is no other voter that could lead; add one first'
      throw new CoordinationError('BAD_ARGUMENT', message)
    }
    this.#handsOverEpoch = epoch
    this.#started().driver.giveUpLeadership()
    await this.#readyWaits.add(checked)
  }

  /** Changes who belongs to the ensemble. */
  async reconfigure(given: ReconfigureOptions): Promise<Reconfigured> {
    const options = checkReconfigureOptions(given, this.#options)
    const { signal, timeoutMs } = options
    const session = await this.session({ signal, timeoutMs, superuser: true })
    const current = (): Configuration | null => this.#started().core.replica.configuration
    const next = await changeMembers(session, options, current, this.#options)
    return { version: next.version, members: shownMembers(next.members, this.#options) }
  }

  /** Shows other certificates from now on. */
  renewCertificates(given: RenewedCertificates): void {
    renewCertificates(given, this.#started().driver.clients)
  }

  /** Hands over, then frees everything. Idempotent. */
  async close(call?: Call): Promise<void> {
    const checked = resolveCall(call)
    this.#closing ??= this.#close(checked)
    return this.#closing
  }

  /** The same as `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Listens for an event of the peer. */
  on<E extends keyof PeerEvents>(event: E, listener: (...told: PeerEvents[E]) => void): this {
    this.#events.on(event, listener as never)
    return this
  }

  /** Like `on`, for the next time alone. */
  once<E extends keyof PeerEvents>(event: E, listener: (...told: PeerEvents[E]) => void): this {
    this.#events.once(event, listener as never)
    return this
  }

  /** Takes a listener back. */
  off<E extends keyof PeerEvents>(event: E, listener: (...told: PeerEvents[E]) => void): this {
    this.#events.off(event, listener as never)
    return this
  }

  /** For the driver, as driver.ts says; so are the four that follow. */
  onStanding(standing: Standing): void {
    const before = this.#standing
    const role = roleIn(standing)
    this.#standing = standing
    this.#tellTransport()
    if (electionChannel.hasSubscribers) {
      const { phase, leader, epoch, reason } = standing
      electionChannel.publish({ type: 'role', id: this.id, role, phase, leader, epoch, reason })
    }
    const reigns = before?.epoch !== standing.epoch && standing.ready
    if (before === undefined || roleIn(before) !== role || reigns) {
      this.#emit('role', role, standing.epoch)
    }
    const { membership, configurationVersion } = standing
    if (before !== undefined && before.membership !== membership) {
      this.#emit('membership', membership, configurationVersion)
    }
    if (!standing.ready) return
    this.#refusedLinks.clear()
    if (standing.epoch !== this.#handsOverEpoch) this.#readyWaits.resolveAll()
    if (before?.ready !== true) this.#emit('ready')
  }

  onLink(peer: number, isUp: boolean): void {
    if (isUp) this.#links.add(peer)
    else this.#links.delete(peer)
  }

  onPurged(failure: string | undefined): void {
    this.#purgeFailure = failure
  }

  onStepped(replica: Replica): void {
    this.#exceededQuotas.look(replica.tree.quotas)
  }

  onRefused(refusal: Refusal): void {
    this.#refusedLinks.note(refusal)
  }

  onFailed(error: CoordinationError, flightRecord: readonly string[]): void {
    this.#end(error)
    if (peerChannel.hasSubscribers) {
      peerChannel.publish({ type: 'failed', id: this.id, error, flightRecord })
    }
    this.#emit('failed', error, flightRecord)
    // The links at once: the others are to notice. The directory then, for whoever opens it again.
    this.#closing ??= this.#free().catch(() => undefined)
    // A closing that was under way may reject: whoever asked for it is told that.
    const settle = (): void => this.#settleClosed(error)
    void this.#closing.then(settle, settle)
  }

  async #close(call: Call): Promise<void> {
    if (peerChannel.hasSubscribers) peerChannel.publish({ type: 'closing', id: this.id })
    const { driver } = this.#started()
    await this.#handOver(call)
    const over = this.#closedError()
    driver.stop(over)
    this.#end(over)
    try {
      await this.#free()
    } finally {
      if (peerChannel.hasSubscribers) peerChannel.publish({ type: 'closed', id: this.id })
      const failed = this.#over !== over
      this.#settleClosed(failed ? this.#over : undefined)
    }
  }

  /** Resolves once everything is handed over, or the caller waits no longer. */
  #handOver(call: Call): Promise<void> {
    if (call.signal?.aborted === true) return Promise.resolve()
    const { driver } = this.#started()
    const timeoutMs = call.timeoutMs ?? 2 * this.#options.timing.silentPeerMs
    return new Promise((resolve) => {
      const release = onGivingUp({ signal: call.signal, timeoutMs }, this.#clock, () => resolve())
      // Without a leader nobody would hear of it: the sessions expire, as they would after a crash.
      const sessions = this.#standing?.ready === true ? driver.sessions : []
      void Promise.allSettled(sessions.map((session) => session.close()))
        .then(() => driver.handOver())
        .then(() => {
          release?.()
          resolve()
        })
    })
  }

  /** Takes no more calls, for the first reason that is given. */
  #end(error: CoordinationError): void {
    if (this.#over !== undefined) return
    this.#lastView = this.#view()
    this.#over = error
    this.#readyWaits.rejectAll(error)
  }

  /** Frees sockets and files, all of them, whatever fails; then rejects with the first failure. */
  async #free(): Promise<void> {
    const { driver, transport, closeStore } = this.#started()
    const freed = [await settled(transport?.close())]
    freed.push(await settled(driver.release()))
    freed.push(await settled(closeStore()))
    const failed = freed.find((one) => one.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  /** Why a call comes too late, if it does. */
  #tooLate(): CoordinationError | undefined {
    return this.#over ?? (this.#closing === undefined ? undefined : this.#closedError())
  }

  #closedError(): CoordinationError {
    const message = `peer ${String(this.id)} is closed: open it again`
    return new CoordinationError('PEER_CLOSED', message)
  }

  #started(): PeerParts {
    if (this.#parts === undefined) throw new Error('the peer is not started')
    return this.#parts
  }

  #view(): CoreView {
    return this.#lastView ?? this.#started().core.inspect()
  }

  /** Those who are dialled, and what the other side of a handshake hears of this peer. */
  #tellTransport(): void {
    const { core, transport } = this.#started()
    if (transport === null) return
    const { configuration, configurationBefore, ensembleId, standing } = core.inspect()
    const dialled = dialledPeers(this.#options, {
      configuration,
      configurationBefore,
      isMember: standing.ready && standing.membership !== 'none',
    })
    if (sameAddresses(dialled, this.#dialled) && configuration === this.#configuration) return
    if (configuration !== this.#configuration) {
      transport.setIdentity({ id: this.id, ensembleId, configuration })
    }
    if (!sameAddresses(dialled, this.#dialled)) transport.setPeers(dialled)
    this.#configuration = configuration
    this.#dialled = dialled
  }

  #emit<E extends keyof PeerEvents>(event: E, ...told: PeerEvents[E]): void {
    this.#started().driver.afterDelivery(() => {
      this.#events.emit<keyof PeerEvents>(event, ...told)
    })
  }
}

/** What the peer may act as: elected alone, it is not established yet, and may never be. */
function roleIn(standing: Standing): Role {
  return standing.ready ? standing.role : 'looking'
}

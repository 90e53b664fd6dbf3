/** A peer whose loop was paused, when what came meanwhile still waits in its sockets. */
import type { Message, PeerId } from '@conclave/core/internal'
import { describe, expect, test } from 'vitest'
import { HeldWorld } from './held-world.ts'

interface Mail {
  readonly from: PeerId
  readonly to: PeerId
  readonly messages: readonly Message[]
}

const ids = [1, 2, 3]
const ensemble = ids.map((id) => ({ id, host: '127.0.0.1', port: 7_000 + id }))

/** Three peers, whose loops turn and whose sockets are read when the test says so. */
class HeldEnsemble {
  readonly worlds: readonly HeldWorld[]
  #mail: Mail[] = []

  constructor() {
    this.worlds = ids.map((id) => this.#start(id))
    for (const [index, world] of this.worlds.entries()) {
      for (const id of ids) {
        if (id === ids[index]) continue
        const remote = { address: '', protocolVersion: 1, ensembleId: 0, configurationVersion: 0 }
        world.driver.transportListener.onLinkUp(id, remote)
      }
    }
  }

  async run(turns: number): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) {
      this.readSockets()
      for (const world of this.worlds) await world.run(1)
    }
  }

  /** Runs until a ping, or the answer to one, waits in a socket of this peer. */
  async runUntilPulse(of: PeerId): Promise<void> {
    const isPulse = ({ type }: Message): boolean => type === 'ping' || type === 'pong'
    do await this.run(1)
    while (!this.#mail.some(({ to, messages }) => to === of && messages.some(isPulse)))
  }

  readSockets(): void {
    const mail = this.#mail
    this.#mail = []
    for (const { from, to, messages } of mail) {
      this.worlds[ids.indexOf(to)]?.driver.transportListener.onMessages(from, messages)
    }
  }

  #start(id: PeerId): HeldWorld {
    const send = (to: PeerId, messages: readonly Message[]): void => {
      this.#mail.push({ from: id, to, messages })
    }
    const disconnect = (peer: PeerId, reason: string): void => {
      this.worlds[ids.indexOf(id)]?.driver.transportListener.onLinkDown(peer, reason)
      this.worlds[ids.indexOf(peer)]?.driver.transportListener.onLinkDown(id, reason)
    }
    const ignore = (): void => undefined
    const close = async (): Promise<void> => undefined
    const changes = { id, ensemble, secret: 'a secret of sixteen bytes or more' }
    return new HeldWorld(changes, {
      port: 7_000 + id,
      send,
      disconnect,
      setIdentity: ignore,
      setPeers: ignore,
      close,
    })
  }
}

describe('a loop that was paused', () => {
  test.each([
    { role: 'leader', wallAheadMs: 0 },
    { role: 'follower', wallAheadMs: 0 },
    // As when the machine slept for a while: the driver looks at the deadlines twice then.
    { role: 'leader', wallAheadMs: 1_000 },
    { role: 'follower', wallAheadMs: 1_000 },
  ])('of a $role hears its sockets before it judges, $wallAheadMs ms ahead', async (one) => {
    const { role, wallAheadMs } = one
    const held = new HeldEnsemble()
    await held.run(100)
    const paused = held.worlds.find(({ peer }) => peer.role === role)!
    const before = paused.peer.status()
    expect(before.ready).toBe(true)

    await held.runUntilPulse(paused.peer.id)
    // The loop had read its sockets; the pause comes before the step that was scheduled already.
    paused.clock.wallAheadMs += wallAheadMs
    paused.clock.advance(5_000)
    paused.clock.turn()
    await held.run(100)

    expect(paused.peer.status()).toMatchObject({ role, epoch: before.epoch, ready: true })
  })
})

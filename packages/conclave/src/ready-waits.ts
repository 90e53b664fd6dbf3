/** Callers who wait until their peer is ready, and what they are told when they wait too long. */
import { CoordinationError } from '@conclave/core/internal'
import type { Call } from '@conclave/core'
import type { Clock } from './clock.ts'
import { givenUpError, onGivingUp } from './giving-up.ts'
import type { Status } from './peer.ts'

interface ReadyWait {
  readonly resolve: () => void
  readonly reject: (error: CoordinationError) => void
  release: (() => void) | undefined
}

export class ReadyWaits {
  readonly #clock: Clock
  readonly #statusOf: () => Status
  readonly #waits = new Set<ReadyWait>()

  constructor(clock: Clock, statusOf: () => Status) {
    this.#clock = clock
    this.#statusOf = statusOf
  }

  /** Resolves with the next `resolveAll`. */
  add(call: Call): Promise<void> {
    return new Promise((resolve, reject) => {
      const wait: ReadyWait = { resolve, reject, release: undefined }
      this.#waits.add(wait)
      wait.release = onGivingUp(call, this.#clock, (givingUp) => {
        this.#waits.delete(wait)
        const status = this.#statusOf()
        const what = `ready() of peer ${String(status.id)}`
        const cause = givingUp.cause ?? refusalOf(status)
        reject(
          givenUpError({ ...givingUp, cause }, what, {
            outcome: 'not-applied',
            so: missing(status),
          }),
        )
      })
    })
  }

  resolveAll(): void {
    for (const { resolve, release } of this.#take()) {
      release?.()
      resolve()
    }
  }

  rejectAll(error: CoordinationError): void {
    for (const { reject, release } of this.#take()) {
      release?.()
      reject(error)
    }
  }

  #take(): readonly ReadyWait[] {
    const waits = [...this.#waits]
    this.#waits.clear()
    return waits
  }
}

/** What keeps a peer from being ready, as far as it can see. */
function missing({ role, phase, reason, silentVoters, refusals, members }: Status): string {
  const parts = [`it is ${role}, in ${phase}: ${reason}`]
  if (silentVoters.length > 0) {
    const voters = silentVoters.map((id) => {
      const member = members.find((one) => one.id === id)
      const at = member?.host === undefined ? '' : ` at ${member.host}:${String(member.port)}`
      return `${String(id)}${at}`
    })
    parts.push(`no link to voter ${voters.join(', ')}`)
  }
  parts.push(...refusals)
  return parts.join('; ')
}

function refusalOf({ refusals }: Status): CoordinationError | undefined {
  const [first] = refusals
  return first === undefined ? undefined : new CoordinationError('PEER_REFUSED', first)
}

/**
 * An ensemble of three becomes one of five, every founder is replaced, one by one, and it becomes one
 * of three again: under load, with the leader killed while a change is under way. What was acknowledged
 * stays, and so do the sessions of all services but the one that was killed.
 */
import { nowMs, sleep, until } from '../processes/waiting.ts'
import { EnsembleOfServices, type Service } from './ensemble-of-services.ts'
import type { Program } from './programs.ts'
import type { SessionOfService } from './service.ts'

interface Change {
  readonly add?: readonly number[]
  readonly remove?: readonly number[]
}

/** Each with the members behind it. */
const changes: readonly (Change & { readonly members: readonly number[] })[] = [
  { add: [4], members: [1, 2, 3, 4] },
  { add: [5], members: [1, 2, 3, 4, 5] },
  { add: [6], remove: [1], members: [2, 3, 4, 5, 6] },
  { add: [7], remove: [2], members: [3, 4, 5, 6, 7] },
  { add: [8], remove: [3], members: [4, 5, 6, 7, 8] },
  { remove: [4], members: [5, 6, 7, 8] },
  { remove: [5], members: [6, 7, 8] },
]
/** While this one is under way the leader is killed. */
const killsDuring = 3
const outstanding = 4

/** Asks a service, again while that is what the refusal says; how long it took. */
async function reconfigure(
  ensemble: EnsembleOfServices,
  { add = [], remove = [] }: Change,
  by: Service,
): Promise<number> {
  const begunMs = nowMs()
  const change = { add: add.map((id) => ensemble.placeOf(id)), remove }
  await until(`${JSON.stringify({ add, remove })} is done`, async () => {
    const code = await by.ask<string | null>({ type: 'reconfigure', change })
    return code === null
  })
  return nowMs() - begunMs
}

/** Every service that is up knows these members, and those who are none of them say so. */
async function agreed(ensemble: EnsembleOfServices, members: readonly number[]): Promise<void> {
  await until(`the members are ${members.join()}`, async () => {
    const statuses = await Promise.all(
      ensemble.up.map(async (service) => ({ id: service.id, ...(await service.status()) })),
    )
    return statuses.every((status) => {
      const isMember = members.includes(status.id)
      const listed = status.members.map(({ id }) => id).join()
      return listed === members.join() && (status.membership === 'none') !== isMember
    })
  })
}

/** The longest time between two writes that were acknowledged. */
function longestGap(times: readonly number[]): number {
  return Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? time)))
}

export const reconfiguration: Program = async ({ steadyMs }, say) => {
  const ensemble = await EnsembleOfServices.found({}, 5)
  try {
    const sessions = new Map<number, string | undefined>()
    const begin = async (services: readonly Service[]): Promise<void> => {
      await ensemble.write(services, outstanding)
      for (const service of services) {
        const { id } = await service.ask<SessionOfService>({ type: 'session' })
        sessions.set(service.id, id)
      }
    }
    /** The session in which a service has written from its beginning still lives. */
    const checkSession = async (service: Service): Promise<void> => {
      const { id, state } = await service.ask<SessionOfService>({ type: 'session' })
      const isSame = id === sessions.get(service.id) && state === 'connected'
      if (isSame && service.refused.length === 0) return
      throw new Error(
        `the session of service ${service.id} is ${state}, refused were ${service.refused.join()}`,
      )
    }
    await begin(ensemble.up)
    let killed: Service | undefined
    let [checked, longestMs] = [0, 0]
    for (const [index, change] of changes.entries()) {
      await sleep(steadyMs)
      for (const id of change.add ?? []) await begin([await ensemble.join(id)])
      const leader = await ensemble.leader()
      const by = ensemble.up.find((one) => one !== leader && !change.remove?.includes(one.id))
      if (by === undefined) throw new Error('nobody can be asked')
      const done = reconfigure(ensemble, change, by)
      if (index === killsDuring) {
        killed = leader
        await leader.kill()
      }
      longestMs = Math.max(longestMs, await done)
      if (killed === leader) {
        await leader.start()
        await ensemble.ready()
        await begin([leader])
      }
      await agreed(ensemble, change.members)
      for (const id of change.remove ?? []) {
        const removed = ensemble.up.find((service) => service.id === id)
        if (removed === undefined) throw new Error(`service ${id} is not up`)
        // It is no member, and its session lives on, until it leaves.
        await checkSession(removed)
        checked += 1
        await ensemble.leave(id)
      }
    }
    await sleep(steadyMs)
    await ensemble.stopWriting()
    for (const service of ensemble.up) await checkSession(service)
    checked += ensemble.up.length
    const digest = await ensemble.converged()
    const written = await ensemble.checkWritten()
    const gap = longestGap(ensemble.acknowledged.map(({ atMs }) => atMs).sort((a, b) => a - b))
    say(
      `${changes.length} changes, 3 to 5 to 3 members, every founder replaced, the leader killed in ` +
        `one of them: the longest took ${longestMs.toFixed(0)} ms; ${written}; longest gap of all ` +
        `writers ${gap.toFixed(0)} ms`,
    )
    say(`${checked} sessions lived until their services left; equal digests: ${digest}`)
  } finally {
    await ensemble.end()
  }
}

/** Calls whose ends are written down. */
import {
  ClientCall,
  getRequest,
  setRequest,
  type ClientRequest,
  type NoAnswer,
} from '@conclave/zookeeper'
import type { ClientWorld } from './scripted-servers.ts'

export function get(world: ClientWorld, path: string): ClientCall {
  return ask(world, `get ${path}`, getRequest(path))
}

export function set(world: ClientWorld, path: string): ClientCall {
  return ask(world, `set ${path}`, setRequest(path, new Uint8Array(0), -1))
}

/** Asks, and notes what came of it in `world.told`. */
export function ask(world: ClientWorld, what: string, request: ClientRequest<unknown>): ClientCall {
  const call = new ClientCall(request, {
    onAnswer: ({ error, body, zxid }) => {
      if (error === 0) request.read(body, zxid)
      world.told.push(`${what}: ${String(error)}`)
    },
    onNoAnswer: (why: NoAnswer, wasSent: boolean) => {
      world.told.push(`${what}: ${why}${wasSent ? ', sent' : ''}`)
    },
  })
  return world.submit(call)
}

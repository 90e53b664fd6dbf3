/**
 * What a client watches, and who is told of it. A server keeps one persistent watch for each path,
 * however many look at it here, and forgets it with the connection: on the next one all are set again
 * before anything else is asked (`setWatches2`). What happened in between is not told by a server, so
 * that whoever watches hears that events are missing.
 *
 * A path that is watched with what is below it is watched recursively, and then needs no other watch:
 * servers before 3.9 keep one mode for each path.
 */
import { parentOf, type Zxid } from '@conclave/core/internal'
import { addWatchModes, readAddWatchResponse, writeAddWatchRequest } from '../messages/add-watch.ts'
import { wireErrors } from '../messages/error-codes.ts'
import { opcodes } from '../messages/opcodes.ts'
import { watcherTypes, writeRemoveWatchesRequest } from '../messages/remove-watches.ts'
import { writeSetWatches2Request, type SetWatches2Request } from '../messages/set-watches.ts'
import { eventTypes, type WatcherEvent } from '../messages/watcher-event.ts'
import { ClientCall, type NoAnswer } from './client-call.ts'
import type { ServerConnection } from './server-connection.ts'

/** What is told of a znode. */
export type ZnodeEvent = 'created' | 'changed' | 'deleted'

/** Who looks at a path. */
export interface Watcher {
  readonly path: string
  /** True of who looks at what is below the path, too. */
  readonly isRecursive: boolean
  /** From here on events are told. The server had applied `zxid` by then, if it was asked. */
  onArmed(zxid: Zxid | undefined): void
  /** `zxid` is known from 3.9 on. */
  onEvent(event: ZnodeEvent, path: string, zxid: Zxid | undefined): void
  /** Events are missing from now on, up to whatever is asked next. */
  onBroken(): void
  /** There is no watch: the error of the reply, or why there is none. */
  onRefused(why: number | NoAnswer): void
}

interface ArmedPath {
  /** Of those who look at it, whether events are told to them. */
  readonly watchers: Map<Watcher, { isArmed: boolean }>
  /** The mode that was asked for, and that which the server has confirmed. */
  asked: number | undefined
  confirmed: number | undefined
  call: ClientCall | undefined
}

/** What carries calls to the server. */
export interface CallSink {
  submit(call: ClientCall): void
  giveUp(call: ClientCall): void
}

const eventOf = new Map<number, ZnodeEvent>([
  [eventTypes.created, 'created'],
  [eventTypes.changed, 'changed'],
  [eventTypes.deleted, 'deleted'],
])

export class ArmedWatches {
  readonly #calls: CallSink
  readonly #byPath = new Map<string, ArmedPath>()

  constructor(calls: CallSink) {
    this.#calls = calls
  }

  add(watcher: Watcher): void {
    const { path, isRecursive } = watcher
    const mode = isRecursive ? addWatchModes.persistentRecursive : addWatchModes.persistent
    let armed = this.#byPath.get(path)
    if (armed === undefined) {
      armed = { watchers: new Map(), asked: undefined, confirmed: undefined, call: undefined }
      this.#byPath.set(path, armed)
    }
    const isConfirmed = covers(armed.confirmed, mode)
    armed.watchers.set(watcher, { isArmed: isConfirmed })
    if (isConfirmed) watcher.onArmed(undefined)
    else if (!covers(armed.asked, mode)) this.#ask(path, armed, mode)
  }

  remove(watcher: Watcher): void {
    const { path } = watcher
    const armed = this.#byPath.get(path)
    if (armed === undefined || !armed.watchers.delete(watcher) || armed.watchers.size > 0) return
    this.#byPath.delete(path)
    if (armed.call !== undefined && !armed.call.wasSent) {
      this.#calls.giveUp(armed.call)
      if (armed.confirmed === undefined) return
    }
    this.#calls.submit(
      new ClientCall(
        {
          opcode: opcodes.removeWatches,
          isWrite: false,
          write(writer) {
            writeRemoveWatchesRequest(writer, { path, watcherType: watcherTypes.any })
          },
        },
        // Where there is none any more, nothing is left to do.
        { onAnswer: () => undefined, onNoAnswer: () => undefined },
      ),
    )
  }

  /** Tells whoever looks at the path, or at one above with all that is below it. */
  onEvent({ type, path }: WatcherEvent, zxid: Zxid | undefined): void {
    const event = eventOf.get(type)
    if (event === undefined || path === null || !path.startsWith('/')) return
    this.#tell(path, path, event, zxid)
    for (let above = path; above.length > 1;) {
      above = parentOf(above)
      this.#tell(above, path, event, zxid)
    }
  }

  /** The connection is gone, and with it what the server kept. */
  onBroken(): void {
    for (const { watchers } of [...this.#byPath.values()]) {
      for (const [watcher, { isArmed }] of [...watchers]) if (isArmed) watcher.onBroken()
    }
  }

  /** Sets everything again. */
  restore(connection: ServerConnection, relativeZxid: Zxid, maxBytes: number): void {
    const none = { relativeZxid, data: [], exist: [], child: [] }
    let batch = { ...none, persistent: [] as string[], persistentRecursive: [] as string[] }
    let bytes = 0
    const send = (): void => {
      if (bytes > 0) sendBatch(connection, batch)
      batch = { ...none, persistent: [], persistentRecursive: [] }
      bytes = 0
    }
    for (const [path, { confirmed }] of this.#byPath) {
      if (confirmed === undefined) continue
      if (confirmed === addWatchModes.persistent) batch.persistent.push(path)
      else batch.persistentRecursive.push(path)
      bytes += 4 + 3 * path.length
      if (bytes >= maxBytes) send()
    }
    send()
  }

  /** The server knows no such watches: nobody is told anything any more. */
  refuseAll(why: number | NoAnswer): void {
    const paths = [...this.#byPath.values()]
    this.#byPath.clear()
    for (const { watchers } of paths) {
      for (const watcher of watchers.keys()) watcher.onRefused(why)
    }
  }

  #ask(path: string, armed: ArmedPath, mode: number): void {
    armed.asked = mode
    const call = new ClientCall(
      {
        opcode: opcodes.addWatch,
        isWrite: false,
        write(writer) {
          writeAddWatchRequest(writer, { path, mode })
        },
      },
      {
        onAnswer: ({ error, zxid, body }) => {
          const refusal = error === wireErrors.ok ? readAddWatchResponse(body) : error
          if (refusal === wireErrors.ok) this.#onConfirmed(path, armed, mode, zxid)
          else this.#refuse(path, armed, refusal)
        },
        onNoAnswer: (why) => {
          this.#refuse(path, armed, why)
        },
      },
    )
    armed.call = call
    this.#calls.submit(call)
  }

  #onConfirmed(path: string, armed: ArmedPath, mode: number, zxid: Zxid): void {
    if (this.#byPath.get(path) !== armed) return
    armed.confirmed = mode
    armed.call = undefined
    for (const [watcher, state] of [...armed.watchers]) {
      if (state.isArmed || (watcher.isRecursive && mode === addWatchModes.persistent)) continue
      state.isArmed = true
      watcher.onArmed(zxid)
    }
  }

  #refuse(path: string, armed: ArmedPath, why: number | NoAnswer): void {
    if (this.#byPath.get(path) !== armed) return
    this.#byPath.delete(path)
    for (const watcher of armed.watchers.keys()) watcher.onRefused(why)
  }

  #tell(at: string, path: string, event: ZnodeEvent, zxid: Zxid | undefined): void {
    const armed = this.#byPath.get(at)
    if (armed === undefined) return
    for (const [watcher, { isArmed }] of [...armed.watchers]) {
      if (isArmed && (at === path || watcher.isRecursive)) watcher.onEvent(event, path, zxid)
    }
  }
}

function sendBatch(connection: ServerConnection, batch: SetWatches2Request): void {
  connection.restoreWatches(opcodes.setWatches2, (writer) => {
    writeSetWatches2Request(writer, batch)
  })
}

/** True when what is watched in the one mode is watched in the other. */
function covers(mode: number | undefined, wanted: number): boolean {
  return mode === wanted || mode === addWatchModes.persistentRecursive
}

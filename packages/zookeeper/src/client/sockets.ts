/** Connections over TCP, with TLS or without. What is written within one tick goes out in one call. */
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import type { ServerAddress } from './server-list.ts'
import type { Dial, Wire, WireListener } from './wire.ts'

/** What dials: with these options of `node:tls`, or in the clear. */
export function socketDial(tls: ConnectionOptions | undefined): Dial {
  return (server, listener) =>
    tls === undefined
      ? new SocketWire(connectTcp(server), 'connect', listener)
      : new SocketWire(connectTls(tlsOptions(server, tls)), 'secureConnect', listener)
}

/** The certificate is to be that of the name which was dialled, unless told otherwise. */
function tlsOptions(server: ServerAddress, tls: ConnectionOptions): ConnectionOptions {
  const name = isIP(server.host) === 0 ? { servername: server.host } : {}
  return { ...name, ...tls, ...server }
}

class SocketWire implements Wire {
  readonly #socket: Socket
  #isCorked = false

  constructor(socket: Socket, openEvent: 'connect' | 'secureConnect', listener: WireListener) {
    this.#socket = socket
    let why = 'the connection was closed'
    socket.setNoDelay(true)
    socket.once(openEvent, () => {
      listener.onOpen()
    })
    socket.on('data', (chunk) => {
      listener.onData(chunk)
    })
    socket.on('error', (error) => {
      why = error.message
    })
    socket.once('close', () => {
      listener.onClosed(why)
    })
  }

  write(frame: Buffer): void {
    if (!this.#isCorked) {
      this.#isCorked = true
      this.#socket.cork()
      process.nextTick(() => {
        this.#isCorked = false
        this.#socket.uncork()
      })
    }
    this.#socket.write(frame)
  }

  close(): void {
    this.#socket.removeAllListeners('data')
    this.#socket.removeAllListeners('close')
    this.#socket.destroy()
  }
}

/** A port whose connections go to a server that can be changed, and can be cut. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

export class SwitchedProxy {
  /** Where new connections go; 0 for nowhere. */
  target: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #isMute = false

  constructor(target: number) {
    this.target = target
    this.#server = createServer((socket) => this.#join(socket))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  listen(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve)
    })
  }

  /** Cuts every connection; what was on its way is lost. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#sockets.clear()
  }

  /** What servers answer is not passed on any more, until the connections are cut. */
  muteAnswers(): void {
    this.#isMute = true
  }

  close(): void {
    this.cut()
    this.#server.close()
  }

  #join(socket: Socket): void {
    this.#isMute = false
    socket.on('error', () => undefined)
    if (this.target === 0) {
      socket.destroy()
      return
    }
    const other = connect(this.target, '127.0.0.1')
    other.on('error', () => undefined)
    for (const one of [socket, other]) this.#sockets.add(one)
    socket.pipe(other)
    other.on('data', (chunk) => {
      if (!this.#isMute) socket.write(chunk)
    })
    socket.once('close', () => other.destroy())
    other.once('close', () => socket.destroy())
  }
}

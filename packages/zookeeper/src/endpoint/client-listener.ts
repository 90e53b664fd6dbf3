/**
 * A port that clients connect to: in plain, or over TLS alone. A certificate that a client has shown
 * and that one of our authorities has signed is who it is; any other one ends its connection.
 */
import { constants, type X509Certificate } from 'node:crypto'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import {
  createServer as createTlsServer,
  type SecureContextOptions,
  type Server as TlsServer,
} from 'node:tls'
import { CoordinationError, type Identity } from '@conclave/core/internal'

export interface ListenPlace {
  readonly host: string
  /** 0 for a free one. */
  readonly port: number
  /** `null` for a plain port. */
  readonly tls: ClientTls | null
}

export interface ClientTls {
  readonly credentials: SecureContextOptions
  /** Whether clients must show a certificate, may, or are not asked for one. */
  readonly clientAuth: 'need' | 'want' | 'none'
}

export interface ListenerOwner {
  /** True when the connection may be; counted from its first byte on. */
  admits(socket: Socket): boolean
  /** A connection is there; over TLS, its handshake is done. */
  onSocket(socket: Socket, identity: Identity | null): void
}

export class ClientListener {
  readonly #place: ListenPlace
  readonly #server: Server
  readonly #tlsServer: TlsServer | null

  constructor(place: ListenPlace, handshakeMs: number, owner: ListenerOwner) {
    this.#place = place
    const { tls } = place
    this.#tlsServer = tls === null ? null : tlsServerOf(tls, handshakeMs, owner)
    const options = { pauseOnConnect: tls === null, allowHalfOpen: tls === null }
    this.#server = createServer(options, (socket) => {
      // Until somebody else listens: a connection that is reset would end the process.
      socket.on('error', () => undefined)
      if (!owner.admits(socket)) socket.destroy()
      else if (this.#tlsServer === null) owner.onSocket(socket, null)
      else this.#tlsServer.emit('connection', socket)
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? this.#place.port
  }

  /** Connections that are made from now on are shown these. Throws for what is none. */
  renew(credentials: SecureContextOptions): void {
    this.#tlsServer?.setSecureContext({ ...credentials, secureOptions })
  }

  /** Resolves once it listens; rejects with `LISTEN_FAILED`. */
  listen(): Promise<void> {
    const { host, port, tls } = this.#place
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException): void => {
        const option = tls === null ? 'zookeeper.port' : 'zookeeper.secure.port'
        const message = `cannot listen for ZooKeeper's clients on ${host}:${String(port)}: ${error.message}; choose another ${option}, or stop what holds this one`
        reject(new CoordinationError('LISTEN_FAILED', message, { cause: error }))
      }
      this.#server.once('error', onError)
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', onError)
        // Failing to accept one connection is no reason to end the others.
        this.#server.on('error', () => undefined)
        resolve()
      })
    })
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve()
      })
    })
  }
}

/** Who was let in with a certificate is looked at anew each time: no tickets. */
const secureOptions = constants.SSL_OP_NO_TICKET

function tlsServerOf(
  { credentials, clientAuth }: ClientTls,
  handshakeMs: number,
  owner: ListenerOwner,
): TlsServer {
  const server = createTlsServer(
    {
      ...credentials,
      secureOptions,
      handshakeTimeout: handshakeMs,
      requestCert: clientAuth !== 'none',
      rejectUnauthorized: clientAuth === 'need',
    },
    (socket) => {
      socket.on('error', () => undefined)
      const certificate = clientAuth === 'none' ? undefined : socket.getPeerX509Certificate()
      // One that is optional must be as good as one that is not.
      if (certificate !== undefined && !socket.authorized) socket.destroy()
      else owner.onSocket(socket, certificate === undefined ? null : identityOf(certificate))
    },
  )
  server.on('tlsClientError', (_error, socket) => {
    socket.destroy()
  })
  return server
}

function identityOf({ subject }: X509Certificate): Identity {
  return { scheme: 'x509', id: distinguishedName(subject) }
}

/**
 * A subject as RFC 2253 has it, and lists of access do: the last part first. `subject` has a line a
 * part, as OpenSSL prints it, escaped as the RFC wants it.
 */
export function distinguishedName(subject: string): string {
  return subject
    .split('\n')
    .map((part) => part.replaceAll(' + ', '+'))
    .reverse()
    .join(',')
}

/** Listening on an address, or an error that says what to do about it. */
import { CoordinationError } from '@conclave/core/internal'
import type { Server } from 'node:net'
import { formatAddress } from './connection.ts'

/** Resolves once the server listens; rejects with `LISTEN_FAILED`. */
export function listen(server: Server, address: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      const place = formatAddress(address.host, address.port)
      const message = `cannot listen on ${place}: ${error.message}; ${mendOf(error.code)}`
      reject(new CoordinationError('LISTEN_FAILED', message, { cause: error }))
    }
    server.once('error', onError)
    server.listen(address, () => {
      server.off('error', onError)
      resolve()
    })
  })
}

function mendOf(code: string | undefined): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'stop what holds this port, or choose another one'
    case 'EACCES':
      return 'choose a port above 1023, or grant the right to this one'
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'listen on an address of this machine; `listen` may differ from the one in `ensemble`'
    default:
      return 'choose another address with `listen`'
  }
}

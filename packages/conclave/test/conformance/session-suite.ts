/**
 * What every session does, wherever it is kept: on a peer in this process, on the port of a peer, on
 * Apache ZooKeeper. One suite, so that an application can move from one to the other.
 */
import { describe } from 'vitest'
import type { Backend } from './backend.ts'
import { accessSuite } from './access-suite.ts'
import { lifeSuite } from './life-suite.ts'
import { readSuite } from './read-suite.ts'
import { watchSuite } from './watch-suite.ts'
import { writeSuite } from './write-suite.ts'

export function sessionSuite(name: string, backend: () => Backend): void {
  describe(`a session ${name}`, { timeout: 30_000 }, () => {
    writeSuite(backend)
    readSuite(backend)
    watchSuite(backend)
    accessSuite(backend)
    lifeSuite(backend)
  })
}

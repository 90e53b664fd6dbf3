/** The suite of sessions, connected to the server that `npm run test:compat -- session` has started. */
import { connect } from 'conclave'
import { sessionSuite } from '../../packages/conclave/test/conformance/session-suite.ts'

const servers = process.env['CONCLAVE_ZOOKEEPER'] ?? ''

sessionSuite('connected to Apache ZooKeeper', () => ({
  session: (request) => connect(servers, { ...request, timeoutMs: 10_000 }),
}))

/**
 * What every log and every snapshot must do, as tests: for ours, for their twins in memory, and for
 * whoever brings another one. They take the test tools as they are in vitest.
 */
export { logSuite, type LogSubject } from './suite-log.ts'
export { snapshotSuite, type SnapshotSubject } from './suite-snapshot.ts'
export { History, Told } from './suite-history.ts'
export { digestOf, MapReplica, MapSink, session, znode } from './suite-replica.ts'
export type { TestTools } from './suite-tools.ts'

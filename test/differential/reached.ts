/**
 * What programs have met, by name, and what they must have met: a run that never sees an operation
 * refused for some reason proves nothing about that.
 */

export class Reached {
  readonly counts = new Map<string, number>()

  add(name: string, count = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + count)
  }

  merge(counts: Iterable<readonly [string, number]>): void {
    for (const [name, count] of counts) this.add(name, count)
  }

  /** What was expected and never met. */
  get missing(): string[] {
    return expected.filter((name) => !this.counts.has(name))
  }

  /** A line a name, in the order of the names. */
  get lines(): string[] {
    return [...this.counts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => `${String(count).padStart(10)}  ${name}`)
  }
}

function each(prefix: string, ...names: readonly string[]): string[] {
  return names.map((name) => `${prefix} ${name}`)
}

const ofCreate = [
  ...['done', 'NO_NODE', 'NO_AUTH', 'NODE_EXISTS', 'NO_CHILDREN_FOR_EPHEMERALS', 'INVALID_ACL'],
  ...['BAD_ARGUMENT', 'maxDataBytes', 'maxPathLength', 'maxSessionEphemerals'],
  ...['maxChildren', 'maxZnodes', 'maxTreeBytes', 'QUOTA_EXCEEDED'],
]
const ofChange = ['done', 'NO_NODE', 'NO_AUTH', 'BAD_VERSION', 'BAD_ARGUMENT']

export const expected: readonly string[] = [
  ...each('create', ...ofCreate),
  ...each('create with parents', ...ofCreate.filter((name) => name !== 'NO_NODE')),
  ...each('set', ...ofChange, 'maxDataBytes', 'maxTreeBytes', 'QUOTA_EXCEEDED'),
  ...each('delete', ...ofChange, 'NOT_EMPTY'),
  ...each('delete recursive', ...ofChange),
  ...each('set-acl', ...ofChange, 'INVALID_ACL'),
  ...each('transaction', 'maxOperations', 'BAD_VERSION', 'NOT_EMPTY', ...ofCreate),
  ...each('close-session', 'done'),
  ...each('mode', 'persistent', 'ephemeral', 'container', 'ttl'),
  ...each('sequential', 'persistent', 'ephemeral', 'container', 'ttl', 'beyond 2147483647'),
  ...each('write', 'BUSY', 'SESSION_EXPIRED', 'ABORTED'),
  ...each('sync', 'done', 'SESSION_EXPIRED'),
  ...each('get', 'done', 'NO_NODE', 'NO_AUTH'),
  ...each('find', 'done', 'nothing', 'NO_AUTH'),
  ...each('exists', 'done', 'nothing', 'NO_AUTH'),
  ...each('children', 'done', 'NO_NODE', 'NO_AUTH'),
  ...each('acl', 'done', 'masked', 'NO_NODE', 'NO_AUTH'),
  ...each('watch event', 'created', 'changed', 'deleted'),
  'watch maxSessionWatches',
  ...each('zk event', 'created', 'changed', 'deleted', 'children-changed'),
  ...each('zk missed', 'created', 'changed', 'deleted', 'children-changed'),
  ...each('reaped', 'container', 'ttl'),
  ...each('scan', 'whole', 'while the tree changed'),
  ...each('session', 'expired', 'closed', 'ended with ephemerals'),
  ...each('outstanding', '1', '2', '4', '8'),
]

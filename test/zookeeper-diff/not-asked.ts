/**
 * Where a peer answers otherwise than ZooKeeper on purpose, and what ZooKeeper itself answers in one way
 * or another: it is not asked, and nothing else may differ. docs/zookeeper-parity.md has the reasons.
 * `npm run test:zookeeper-diff -- --not-asked` prints it.
 */
export const notAsked: readonly string[] = [
  'permissions beyond the five that there are, and a scheme or an id that is null',
  'a list that is on its way, while more is asked behind it',
  'SASL',
  'what /zookeeper/config holds',
  'a write that goes beyond a hard limit of bytes, or that of a count in a burst or a multi',
  'limits and stats of quotas that are set, and those that are no numbers',
  'a session that is taken up with a wrong password while its client is connected',
  'a session that is taken up with another timeout',
  'a request that asks behind one that ends the connection',
  'a null path in a multi or a multiRead, or in a create whose mode cannot be',
  'getAllChildrenNumber of the empty path',
  'a TTL below 0 with a mode that has none, which ends the server of ZooKeeper',
  'createContainer with the flags of an ephemeral',
  'what goes by itself: containers, TTLs, sessions that are not heard',
]

/** The `zoo.cfg` that Debian's package comes with, its settings in their places. */

export function debianZooCfg(settings: {
  readonly dataDir: string
  readonly clientPort: number
  readonly servers: readonly string[]
}): string {
  return `# http://hadoop.apache.org/zookeeper/docs/current/zookeeperAdmin.html

# The number of milliseconds of each tick
tickTime=2000
# The number of ticks that the initial 
# synchronization phase can take
initLimit=10
# The number of ticks that can pass between 
# sending a request and getting an acknowledgement
syncLimit=5
# the directory where the snapshot is stored.
dataDir=${settings.dataDir}
# Place the dataLogDir to a separate physical disc for better performance
# dataLogDir=/disk2/zookeeper

# the port at which the clients will connect
clientPort=${String(settings.clientPort)}

# specify all zookeeper servers
# The fist port is used by followers to connect to the leader
# The second one is used for leader election
${settings.servers.join('\n')}


# To avoid seeks ZooKeeper allocates space in the transaction log file in
# blocks of preAllocSize kilobytes. The default block size is 64M. One reason
# for changing the size of the blocks is to reduce the block size if snapshots
# are taken more often. (Also, see snapCount).
#preAllocSize=65536

# Leader accepts client connections. Default value is "yes". The leader machine
# coordinates updates. For higher update throughput at thes slight expense of
# read throughput the leader can be configured to not accept clients and focus
# on coordination.
#leaderServes=yes

# Enable regular purging of old data and transaction logs every 24 hours
#autopurge.purgeInterval=24
#autopurge.snapRetainCount=5
`
}

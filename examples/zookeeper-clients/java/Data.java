import java.util.concurrent.CountDownLatch;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;

/** An ephemeral znode, in Java. Argument: the servers. */
public class Data {
  public static void main(String[] arguments) throws Exception {
    String servers = arguments.length > 0 ? arguments[0] : "127.0.0.1:2181";
    CountDownLatch connected = new CountDownLatch(1);
    try (ZooKeeper client = new ZooKeeper(servers, 10_000, event -> {
      if (event.getState() == KeeperState.SyncConnected) connected.countDown();
    })) {
      connected.await();
      byte[] hello = "hello from Java".getBytes();
      client.create("/data", hello, Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
      System.out.println(new String(client.getData("/data", false, null)));
    }
  }
}

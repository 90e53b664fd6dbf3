import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Stat;

/** The Java client of Apache ZooKeeper on three peers. Argument: the servers. */
public class ZooKeeperProgram {
  private static final List<ACL> OPEN = ZooDefs.Ids.OPEN_ACL_UNSAFE;

  private interface Call {
    void run() throws Exception;
  }

  private static ZooKeeper connect(String server) throws Exception {
    CountDownLatch connected = new CountDownLatch(1);
    ZooKeeper zk = new ZooKeeper(server, 10_000, event -> {
      if (event.getState() == Watcher.Event.KeeperState.SyncConnected) connected.countDown();
    });
    check(connected.await(20, TimeUnit.SECONDS), "connected to " + server);
    return zk;
  }

  private static void check(boolean holds, String what) {
    if (!holds) throw new AssertionError("not so: " + what);
  }

  private static void fails(KeeperException.Code code, Call call) throws Exception {
    try {
      call.run();
    } catch (KeeperException error) {
      check(error.code() == code, code + ", but " + error.code());
      return;
    }
    throw new AssertionError(code + " was not raised");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  public static void main(String[] arguments) throws Exception {
    String[] servers = arguments[0].split(",");
    ZooKeeper a = connect(servers[0]);
    ZooKeeper b = connect(servers[1]);
    a.addAuthInfo("digest", bytes("u:p"));

    Stat stat = new Stat();
    check(a.create("/j", bytes("one"), OPEN, CreateMode.PERSISTENT).equals("/j"), "create");
    String first = a.create("/j/s-", null, OPEN, CreateMode.PERSISTENT_SEQUENTIAL, stat);
    check(first.equals("/j/s-0000000000") && stat.getDataLength() == 0, "create2");
    a.create("/j/e", new byte[0], OPEN, CreateMode.EPHEMERAL);
    a.create("/j/container", null, OPEN, CreateMode.CONTAINER);
    a.create("/j/ttl", null, OPEN, CreateMode.PERSISTENT_WITH_TTL, stat, 60_000);
    check(a.getData("/j/s-0000000000", false, null) == null, "null data");
    check(a.getData("/j/e", false, stat).length == 0, "empty data");
    check(stat.getEphemeralOwner() == a.getSessionId(), "the owner of an ephemeral");
    fails(KeeperException.Code.NODEEXISTS, () -> a.create("/j", null, OPEN, CreateMode.PERSISTENT));
    fails(KeeperException.Code.NONODE, () -> a.getData("/none", false, null));
    fails(KeeperException.Code.BADVERSION, () -> a.setData("/j", null, 7));
    fails(KeeperException.Code.NOTEMPTY, () -> a.delete("/j", -1));
    System.out.println("tree");

    a.create("/mine", null, ZooDefs.Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT);
    check(a.getACL("/mine", stat).get(0).getId().getId().startsWith("u:"), "the owner of a list");
    b.sync("/mine", (code, path, context) -> {}, null);
    fails(KeeperException.Code.NOAUTH, () -> b.getData("/mine", false, null));
    check(a.whoAmI().size() == 2, "whoAmI");
    System.out.println("access");

    List<OpResult> done = a.multi(Arrays.asList(
        Op.check("/j", 0),
        Op.create("/j/m", null, OPEN, CreateMode.PERSISTENT),
        Op.setData("/j/m", bytes("x"), 0),
        Op.delete("/j/m", 1)));
    check(done.size() == 4, "multi");
    fails(KeeperException.Code.NONODE, () -> a.multi(Arrays.asList(
        Op.create("/never", null, OPEN, CreateMode.PERSISTENT), Op.delete("/none", -1))));
    check(a.exists("/never", false) == null, "all or nothing");
    List<OpResult> read = a.multi(Arrays.asList(Op.getData("/j"), Op.getChildren("/none")));
    check(read.get(1) instanceof OpResult.ErrorResult, "multiRead");
    check(a.getEphemerals().equals(Collections.singletonList("/j/e")), "getEphemerals");
    check(a.getAllChildrenNumber("/j") == 4, "getAllChildrenNumber");
    System.out.println("multi");

    List<String> told = Collections.synchronizedList(new ArrayList<>());
    Watcher teller = event -> {
      if (event.getPath() != null) told.add(event.getType() + " " + event.getPath());
    };
    b.addWatch("/r", teller, AddWatchMode.PERSISTENT_RECURSIVE);
    a.create("/r", null, OPEN, CreateMode.PERSISTENT);
    a.create("/r/x", null, OPEN, CreateMode.PERSISTENT);
    a.setData("/r/x", bytes("1"), -1);
    a.delete("/r/x", -1);
    List<String> wanted = Arrays.asList(
        "NodeCreated /r", "NodeCreated /r/x", "NodeDataChanged /r/x", "NodeDeleted /r/x");
    for (int round = 0; round < 500 && told.size() < wanted.size(); round += 1) Thread.sleep(20);
    check(told.equals(wanted), told.toString());
    b.removeAllWatches("/r", Watcher.WatcherType.PersistentRecursive, false);
    fails(KeeperException.Code.NOWATCHER,
        () -> b.removeAllWatches("/r", Watcher.WatcherType.Any, false));
    System.out.println("watches");

    CountDownLatch gone = new CountDownLatch(1);
    b.exists("/j/e", event -> gone.countDown());
    a.close();
    check(gone.await(20, TimeUnit.SECONDS), "an ephemeral is gone with its session");
    b.close();
    System.out.println("done");
    System.exit(0);
  }
}

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Stat;

/**
 * The Java client of Apache ZooKeeper on three peers, of which one is killed again and again. Arguments:
 * the servers, the seconds.
 */
public class SurvivingProgram {
  private static final List<ACL> OPEN = ZooDefs.Ids.OPEN_ACL_UNSAFE;
  private static final int COUNT = 4;
  private static final AtomicInteger lost = new AtomicInteger();

  private interface Call<T> {
    T run() throws Exception;
  }

  private static ZooKeeper connect(String servers) throws Exception {
    CountDownLatch connected = new CountDownLatch(1);
    ZooKeeper zk = new ZooKeeper(servers, 10_000, event -> {
      if (event.getState() == Watcher.Event.KeeperState.SyncConnected) connected.countDown();
      if (event.getState() == Watcher.Event.KeeperState.Disconnected) lost.incrementAndGet();
    });
    check(connected.await(30, TimeUnit.SECONDS), "connected");
    return zk;
  }

  private static void check(boolean holds, String what) {
    if (!holds) throw new AssertionError("not so: " + what);
  }

  /** Calls until it is answered. */
  private static <T> T insistently(Call<T> call) throws Exception {
    for (;;) {
      try {
        return call.run();
      } catch (KeeperException.ConnectionLossException error) {
        Thread.sleep(50);
      }
    }
  }

  /** It may have been made the first time, without an answer. */
  private static void create(ZooKeeper zk, String path, CreateMode mode) throws Exception {
    insistently(() -> {
      try {
        return zk.create(path, null, OPEN, mode);
      } catch (KeeperException.NodeExistsException error) {
        return path;
      }
    });
  }

  /** Adds znodes and counts in one that others set too, until then; what was acknowledged. */
  private static void work(ZooKeeper zk, int number, long until, List<String> made, AtomicInteger counted)
      throws Exception {
    for (int next = 0; System.currentTimeMillis() < until; next += 1) {
      String path = "/added-j/" + number + "-" + next;
      try {
        zk.create(path, null, OPEN, CreateMode.PERSISTENT);
        made.add(path);
        Stat stat = new Stat();
        String value = new String(zk.getData("/counter", false, stat), StandardCharsets.UTF_8);
        byte[] more = Integer.toString(Integer.parseInt(value) + 1).getBytes(StandardCharsets.UTF_8);
        zk.setData("/counter", more, stat.getVersion());
        counted.incrementAndGet();
      } catch (KeeperException.ConnectionLossException | KeeperException.BadVersionException error) {
        // Nobody knows, or somebody else was first.
      }
    }
  }

  public static void main(String[] arguments) throws Exception {
    String servers = arguments[0];
    long until = System.currentTimeMillis() + Long.parseLong(arguments[1]) * 1_000;
    List<ZooKeeper> everyone = new ArrayList<>();
    List<Long> sessions = new ArrayList<>();
    for (int number = 0; number < COUNT; number += 1) {
      ZooKeeper zk = connect(servers);
      everyone.add(zk);
      sessions.add(zk.getSessionId());
      create(zk, "/e-j" + number, CreateMode.EPHEMERAL);
    }
    ZooKeeper reader = everyone.get(0);
    create(reader, "/added-j", CreateMode.PERSISTENT);
    create(reader, "/counter", CreateMode.PERSISTENT);
    byte[] zero = "0".getBytes(StandardCharsets.UTF_8);
    insistently(() -> reader.setData("/counter", zero, -1));
    int begun = insistently(() -> reader.exists("/counter", false)).getVersion();

    List<String> made = Collections.synchronizedList(new ArrayList<>());
    AtomicInteger counted = new AtomicInteger();
    List<Throwable> thrown = Collections.synchronizedList(new ArrayList<>());
    List<Thread> threads = new ArrayList<>();
    for (int number = 0; number < COUNT; number += 1) {
      int own = number;
      Thread thread = new Thread(() -> {
        try {
          work(everyone.get(own), own, until, made, counted);
        } catch (Throwable error) {
          thrown.add(error);
        }
      });
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) thread.join();
    if (!thrown.isEmpty()) throw new AssertionError("a client failed", thrown.get(0));

    // Behind all that was acknowledged: a write goes there.
    insistently(() -> reader.setData("/added-j", null, -1));
    Set<String> there = new HashSet<>();
    for (String name : insistently(() -> reader.getChildren("/added-j", false))) there.add("/added-j/" + name);
    for (String path : made) check(there.contains(path), path + " is there");
    Stat stat = insistently(() -> reader.exists("/counter", false));
    byte[] data = insistently(() -> reader.getData("/counter", false, null));
    int value = Integer.parseInt(new String(data, StandardCharsets.UTF_8));
    check(value == stat.getVersion() - begun && value >= counted.get(), value + " of " + counted);
    for (int number = 0; number < COUNT; number += 1) {
      check(everyone.get(number).getSessionId() == sessions.get(number), "the session is the same");
      String path = "/e-j" + number;
      long owner = insistently(() -> reader.exists(path, false)).getEphemeralOwner();
      check(owner == sessions.get(number), "the ephemeral is of the same session");
    }
    check(!made.isEmpty(), "something was written");
    System.out.println(made.size() + " writes, counted to " + value + ", " + lost + " connections lost");
    for (ZooKeeper zk : everyone) zk.close();
    System.out.println("done");
  }
}

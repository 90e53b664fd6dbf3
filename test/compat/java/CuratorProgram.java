import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.api.transaction.CuratorOp;
import org.apache.curator.framework.api.transaction.CuratorTransactionResult;
import org.apache.curator.framework.recipes.atomic.AtomicValue;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.retry.RetryOneTime;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.data.Stat;

/** Curator's recipes on three peers. Argument: the servers. */
public class CuratorProgram {
  private static final ExecutorService threads = Executors.newCachedThreadPool();
  /** What went wrong behind the calls: each client reads the configuration, for one. */
  private static final List<Throwable> unhandled = new CopyOnWriteArrayList<>();

  private static CuratorFramework connect(String server) throws Exception {
    CuratorFramework client = CuratorFrameworkFactory.builder()
        .connectString(server)
        .sessionTimeoutMs(10_000)
        .retryPolicy(new RetryOneTime(100))
        .build();
    client.getUnhandledErrorListenable().addListener((message, error) -> unhandled.add(error));
    client.start();
    check(client.blockUntilConnected(20, TimeUnit.SECONDS), "connected to " + server);
    return client;
  }

  private static void check(boolean holds, String what) {
    if (!holds) throw new AssertionError("not so: " + what);
  }

  private static void until(Callable<Boolean> condition, String what) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.call()) {
      check(System.nanoTime() < deadline, what);
      Thread.sleep(10);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Runs the same for each, at the same time. */
  private static void together(List<Callable<Void>> calls) throws Exception {
    List<Future<Void>> running = new ArrayList<>();
    for (Callable<Void> call : calls) running.add(threads.submit(call));
    for (Future<Void> one : running) one.get(60, TimeUnit.SECONDS);
  }

  public static void main(String[] arguments) throws Exception {
    List<CuratorFramework> clients = new ArrayList<>();
    for (String server : arguments[0].split(",")) clients.add(connect(server));
    CuratorFramework a = clients.get(0);
    CuratorFramework b = clients.get(1);

    znodes(a);
    transactions(a, b);
    locks(clients);
    latch(clients);
    cache(a, b);
    others(clients);

    for (CuratorFramework client : clients) client.close();
    check(unhandled.isEmpty(), unhandled.toString());
    System.out.println("done");
    System.exit(0);
  }

  private static void znodes(CuratorFramework client) throws Exception {
    client.create().creatingParentContainersIfNeeded().forPath("/containers/one/leaf");
    client.delete().forPath("/containers/one/leaf");
    until(() -> client.checkExists().forPath("/containers") == null, "empty containers go");

    Stat stat = new Stat();
    String lasting = client.create().withTtl(600_000).storingStatIn(stat)
        .withMode(CreateMode.PERSISTENT_WITH_TTL).forPath("/ttl", bytes("lasting"));
    check(lasting.equals("/ttl") && stat.getEphemeralOwner() == 0, "TTL");
    String first = client.create().withTtl(300)
        .withMode(CreateMode.PERSISTENT_SEQUENTIAL_WITH_TTL).forPath("/ttl/s-");
    check(first.equals("/ttl/s-0000000000"), first);
    until(() -> client.getChildren().forPath("/ttl").isEmpty(), "what is older than its TTL goes");
    System.out.println("containers and TTL");

    // Curator looks for the name under which a create that it repeats may have been made.
    String guarded = client.create().withProtection()
        .withMode(CreateMode.EPHEMERAL_SEQUENTIAL).forPath("/guarded-");
    check(guarded.matches("/_c_[-0-9a-f]{36}-guarded-\\d{10}"), guarded);
    client.delete().guaranteed().forPath(guarded);
    client.create().orSetData().forPath("/upsert", bytes("1"));
    client.create().orSetData().forPath("/upsert", bytes("2"));
    check(Arrays.equals(client.getData().storingStatIn(stat).forPath("/upsert"), bytes("2")), "2");
    check(stat.getVersion() == 1, "version " + stat.getVersion());
    client.create().creatingParentsIfNeeded().forPath("/deep/er/est");
    client.delete().deletingChildrenIfNeeded().forPath("/deep");
    check(client.checkExists().forPath("/deep") == null, "deletingChildrenIfNeeded");
    CuratorFramework below = client.usingNamespace("below");
    below.create().forPath("/x", bytes("y"));
    check(Arrays.equals(client.getData().forPath("/below/x"), bytes("y")), "a namespace");
    System.out.println("creates");
  }

  private static void transactions(CuratorFramework a, CuratorFramework b) throws Exception {
    CuratorOp create = a.transactionOp().create().forPath("/t", bytes("one"));
    CuratorOp set = a.transactionOp().setData().withVersion(0).forPath("/t", bytes("two"));
    CuratorOp check = a.transactionOp().check().withVersion(1).forPath("/t");
    List<CuratorTransactionResult> results = a.transaction().forOperations(create, set, check);
    check(results.size() == 3, results.toString());
    check(results.get(0).getResultPath().equals("/t"), "the path of a create");
    check(results.get(1).getResultStat().getVersion() == 1, "the stat of a set");
    b.sync().forPath("/t");
    check(Arrays.equals(b.getData().forPath("/t"), bytes("two")), "a transaction");
    try {
      a.transaction().forOperations(a.transactionOp().delete().forPath("/t"),
          a.transactionOp().create().forPath("/no/parent"));
      throw new AssertionError("a transaction that cannot be was made");
    } catch (KeeperException.NoNodeException error) {
      List<Integer> codes = new ArrayList<>();
      error.getResults().forEach(result ->
          codes.add(((org.apache.zookeeper.OpResult.ErrorResult) result).getErr()));
      check(codes.equals(Arrays.asList(0, -101)), codes.toString());
    }
    check(a.checkExists().forPath("/t") != null, "all or nothing");
    System.out.println("transactions");
  }

  private static void locks(List<CuratorFramework> clients) throws Exception {
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger rounds = new AtomicInteger();
    List<Callable<Void>> holders = new ArrayList<>();
    for (CuratorFramework client : clients) {
      InterProcessMutex mutex = new InterProcessMutex(client, "/mutex");
      holders.add(() -> {
        for (int round = 0; round < 5; round += 1) {
          check(mutex.acquire(30, TimeUnit.SECONDS), "the mutex");
          mutex.acquire();
          check(inside.incrementAndGet() == 1, "one at a time");
          Thread.sleep(2);
          inside.decrementAndGet();
          rounds.incrementAndGet();
          mutex.release();
          mutex.release();
        }
        return null;
      });
    }
    together(holders);
    check(rounds.get() == 15, rounds + " rounds");

    InterProcessReadWriteLock one = new InterProcessReadWriteLock(clients.get(0), "/rw");
    InterProcessReadWriteLock two = new InterProcessReadWriteLock(clients.get(1), "/rw");
    one.readLock().acquire();
    check(two.readLock().acquire(20, TimeUnit.SECONDS), "readers share");
    InterProcessReadWriteLock three = new InterProcessReadWriteLock(clients.get(2), "/rw");
    check(!three.writeLock().acquire(200, TimeUnit.MILLISECONDS), "a writer waits");
    one.readLock().release();
    two.readLock().release();
    check(three.writeLock().acquire(20, TimeUnit.SECONDS), "a writer alone");
    check(!one.readLock().acquire(200, TimeUnit.MILLISECONDS), "a reader waits");
    three.writeLock().release();

    InterProcessSemaphoreV2 few = new InterProcessSemaphoreV2(clients.get(0), "/semaphore", 2);
    InterProcessSemaphoreV2 more = new InterProcessSemaphoreV2(clients.get(1), "/semaphore", 2);
    Collection<Lease> leases = few.acquire(2);
    check(more.acquire(200, TimeUnit.MILLISECONDS) == null, "no third lease");
    few.returnAll(leases);
    Lease lease = more.acquire(20, TimeUnit.SECONDS);
    check(lease != null, "a lease that was given back");
    more.returnLease(lease);
    System.out.println("locks");
  }

  private static void latch(List<CuratorFramework> clients) throws Exception {
    List<LeaderLatch> latches = new ArrayList<>();
    for (CuratorFramework client : clients) {
      LeaderLatch latch = new LeaderLatch(client, "/latch", "latch " + latches.size());
      latch.start();
      latches.add(latch);
      until(() -> latch.getParticipants().stream().anyMatch(one ->
          one.getId().equals(latch.getId())), latch.getId() + " takes part");
    }
    for (LeaderLatch latch : latches) {
      check(latch.await(20, TimeUnit.SECONDS), latch.getId() + " leads");
      long leaders = latches.stream().filter(LeaderLatch::hasLeadership).count();
      check(leaders == 1, leaders + " leaders");
      check(latch.getLeader().getId().equals(latch.getId()), latch.getLeader().getId());
      latch.close();
    }
    System.out.println("latch");
  }

  /** The cache stands on a persistent recursive watch of one peer; another one writes. */
  private static void cache(CuratorFramework writer, CuratorFramework reader) throws Exception {
    List<String> told = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch initialized = new CountDownLatch(1);
    writer.create().forPath("/cached", bytes("0"));
    reader.sync().forPath("/cached");
    CuratorCache cache = CuratorCache.build(reader, "/cached");
    cache.listenable().addListener(CuratorCacheListener.builder()
        .forCreates(node -> told.add("+" + node.getPath()))
        .forChanges((before, after) ->
            told.add("=" + after.getPath() + " " + new String(after.getData())))
        .forDeletes(node -> told.add("-" + node.getPath()))
        .forInitialized(initialized::countDown)
        .build());
    cache.start();
    check(initialized.await(20, TimeUnit.SECONDS), "a cache that is filled");
    // Each waits for the one before: a cache reads what an event names, and that may be newer.
    String[] wanted = {"+/cached", "+/cached/x", "+/cached/x/y", "=/cached/x two", "-/cached/x/y",
        "-/cached/x"};
    writer.create().forPath("/cached/x", bytes("one"));
    until(() -> told.size() == 2, told.toString());
    writer.create().forPath("/cached/x/y", bytes("deep"));
    until(() -> told.size() == 3, told.toString());
    writer.setData().forPath("/cached/x", bytes("two"));
    until(() -> told.size() == 4, told.toString());
    check(new String(cache.get("/cached/x/y").get().getData()).equals("deep"), "deep");
    check(cache.size() == 3, cache.size() + " znodes");
    writer.delete().deletingChildrenIfNeeded().forPath("/cached/x");
    until(() -> told.size() == 6, told.toString());
    check(told.equals(Arrays.asList(wanted)), told.toString());
    cache.close();
    System.out.println("cache");
  }

  private static void others(List<CuratorFramework> clients) throws Exception {
    RetryOneTime once = new RetryOneTime(10);
    for (CuratorFramework client : clients) {
      client.sync().forPath("/count");
      DistributedAtomicLong count = new DistributedAtomicLong(client, "/count", once);
      AtomicValue<Long> next = count.increment();
      check(next.succeeded(), "a count");
    }
    check(new DistributedAtomicLong(clients.get(2), "/count", once).get().postValue() == 3, "3");

    AtomicInteger entered = new AtomicInteger();
    List<Callable<Void>> members = new ArrayList<>();
    for (CuratorFramework client : clients) {
      members.add(() -> {
        DistributedDoubleBarrier barrier = new DistributedDoubleBarrier(client, "/barrier", 3);
        check(barrier.enter(30, TimeUnit.SECONDS), "entered");
        entered.incrementAndGet();
        check(barrier.leave(30, TimeUnit.SECONDS), "left");
        check(entered.get() == 3, entered + " have entered");
        return null;
      });
    }
    together(members);

    CuratorFramework owner = clients.get(0);
    PersistentNode node =
        new PersistentNode(owner, CreateMode.EPHEMERAL, false, "/kept", bytes("here"));
    node.start();
    check(node.waitForInitialCreate(20, TimeUnit.SECONDS), "a node that is kept");
    owner.delete().forPath("/kept");
    until(() -> owner.checkExists().forPath("/kept") != null, "it comes back");
    node.close();
    System.out.println("counter, double barrier, node");
  }
}

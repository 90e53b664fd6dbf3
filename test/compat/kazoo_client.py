"""kazoo on three peers: the calls of its client, and its recipes. Argument: the servers."""
import sys
import threading
import time

from kazoo.client import KazooClient
from kazoo.exceptions import BadVersionError, NoNodeError, NodeExistsError, NotEmptyError
from kazoo.recipe.watchers import ChildrenWatch, DataWatch

servers = sys.argv[1].split(",")


def client(index):
    started = KazooClient(servers[index % len(servers)], timeout=10)
    started.start(timeout=20)
    return started


def raises(error, call, *arguments, **options):
    try:
        call(*arguments, **options)
    except error:
        return
    raise AssertionError("%r was not raised" % error)


def until(condition, what):
    deadline = time.time() + 20
    while not condition():
        if time.time() > deadline:
            raise AssertionError("in vain: " + what)
        time.sleep(0.02)


a, b, c = client(0), client(1), client(2)

# The client itself.
a.create("/k", b"one")
raises(NodeExistsError, a.create, "/k")
raises(NoNodeError, a.get, "/none")
raises(BadVersionError, a.set, "/k", b"x", version=9)
a.create("/k/child", b"", ephemeral=True)
raises(NotEmptyError, a.delete, "/k")
b.sync("/k")
data, stat = b.get("/k")
assert (data, stat.version, stat.numChildren) == (b"one", 0, 1), (data, stat)
assert b.get_children("/k") == ["child"]
names = [b.create("/k/s-", sequence=True) for _ in range(3)]
assert names == ["/k/s-000000000%d" % n for n in (1, 2, 3)], names
transaction = a.transaction()
transaction.check("/k", 0)
transaction.set_data("/k", b"two")
transaction.create("/k/made")
assert len(transaction.commit()) == 3
failed = a.transaction()
failed.create("/k/never")
failed.check("/k", 77)
failed.commit()
assert a.exists("/k/never") is None
print("client")

# Watches, told on another peer than the one that is written to.
seen, lists = [], []
DataWatch(c, "/watched", lambda value, stat: seen.append(value))
a.create("/watched", b"1")
a.set("/watched", b"2")
until(lambda: seen[-1:] == [b"2"], "DataWatch")
ChildrenWatch(c, "/watched", lambda children: lists.append(sorted(children)))
a.create("/watched/x")
until(lambda: lists[-1:] == [["x"]], "ChildrenWatch")
print("watches")

# A lock is held by one of them at a time.
inside, most, rounds = [0], [0], [0]


def locked(holder):
    for _ in range(5):
        with holder.Lock("/lock", "someone"):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.005)
            rounds[0] += 1
            inside[0] -= 1


threads = [threading.Thread(target=locked, args=(one,)) for one in (a, b, c)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(60)
assert (most[0], rounds[0]) == (1, 15), (most, rounds)
print("lock")

# Other recipes.
elected = []
for one in (a, b):
    one.Election("/election", "one").run(lambda: elected.append(1))
assert len(elected) == 2
print("election")
counter = a.Counter("/counter")
counter += 2
other = b.Counter("/counter")
b.sync("/counter")
other -= 1
a.sync("/counter")
assert counter.value == 1, counter.value
print("counter")
queue = a.Queue("/queue")
queue.put(b"first")
queue.put(b"second")
b.sync("/queue")
assert b.Queue("/queue").get() == b"first"
print("queue")
party = [one.Party("/party", name) for one, name in ((a, "a"), (b, "b"))]
for member in party:
    member.join()
c.sync("/party")
assert sorted(c.Party("/party")) == ["a", "b"]
print("party")
barrier = a.Barrier("/barrier")
barrier.create()
passed = []
waiter = threading.Thread(target=lambda: passed.append(b.Barrier("/barrier").wait(30)))
waiter.start()
time.sleep(0.1)
assert passed == []
barrier.remove()
waiter.join(30)
assert passed == [True], passed
print("barrier")

# What is ephemeral goes with its client.
a.stop()
a.close()
b.sync("/k")
until(lambda: "child" not in b.get_children("/k"), "the end of an ephemeral")
print("ephemerals")
for one in (b, c):
    one.stop()
    one.close()
print("done")

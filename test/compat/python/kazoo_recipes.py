"""kazoo's recipes on three peers. Argument: the servers."""
import sys
import threading
import time

from connections import clients, raises, together, until
from kazoo.exceptions import LockTimeout
from kazoo.recipe.cache import TreeCache, TreeEvent
from kazoo.recipe.partitioner import PartitionState
from kazoo.recipe.watchers import ChildrenWatch, DataWatch

a, b, c = everybody = clients(sys.argv[1])

# Locks: one holder at a time, readers together, so many and no more.
inside, most, rounds = [0], [0], [0]


def locked(client):
    for _ in range(5):
        with client.Lock("/lock", "someone"):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.005)
            rounds[0] += 1
            inside[0] -= 1


together(locked, everybody)
assert (most[0], rounds[0]) == (1, 15), (most, rounds)
held = a.Lock("/lock", "holder")
held.acquire()
b.sync("/lock")
assert b.Lock("/lock").contenders() == ["holder"]
raises(LockTimeout, b.Lock("/lock", "late").acquire, timeout=0.2)
held.release()
readers = [one.ReadLock("/shared", "reader") for one in (a, b)]
for reader in readers:
    assert reader.acquire(timeout=20)
writer = c.WriteLock("/shared", "writer")
raises(LockTimeout, writer.acquire, timeout=0.2)
for reader in readers:
    reader.release()
assert writer.acquire(timeout=20)
writer.release()
leases = [one.Semaphore("/semaphore", max_leases=2) for one in everybody]
assert leases[0].acquire(timeout=20) and leases[1].acquire(timeout=20)
raises(LockTimeout, leases[2].acquire, timeout=0.2)
leases[0].release()
assert leases[2].acquire(timeout=20)
for lease in leases[1:]:
    lease.release()
print("locks")

# An election: one leads at a time, and in the end each has.
leading, led = [0], []


def lead(name):
    leading[0] += 1
    assert leading[0] == 1, "two leaders"
    time.sleep(0.01)
    leading[0] -= 1
    led.append(name)


names = dict(zip(everybody, "abc"))
together(lambda one: one.Election("/election", names[one]).run(lead, names[one]), everybody)
assert sorted(led) == ["a", "b", "c"], led
print("election")

party = [one.Party("/party", name) for one, name in ((a, "a"), (b, "b"))]
for member in party:
    member.join()
c.sync("/party")
assert sorted(c.Party("/party")) == ["a", "b"]
party[0].leave()
c.sync("/party")
assert list(c.Party("/party")) == ["b"]
print("party")

barrier = a.Barrier("/barrier")
barrier.create()
b.sync("/barrier")
assert b.Barrier("/barrier").wait(0.2) is False
passed = []
waiter = threading.Thread(target=lambda: passed.append(b.Barrier("/barrier").wait(30)))
waiter.start()
barrier.remove()
waiter.join(30)
assert passed == [True], passed
print("barrier")

entered = []


def through(client):
    gate = client.DoubleBarrier("/gate", len(everybody))
    gate.enter()
    assert gate.participating
    entered.append(client)
    gate.leave()
    assert len(entered) == len(everybody), "left before all were in"


together(through, everybody)
print("double barrier")

queue = a.Queue("/queue")
queue.put(b"last", priority=200)
queue.put(b"first")
queue.put(b"second")
b.sync("/queue")
other = b.Queue("/queue")
assert (len(other), other.get(), other.get(), other.get()) == (3, b"first", b"second", b"last")
assert other.get() is None
print("queue")

# What is taken stays until it is consumed; what is released comes back.
entries = a.LockingQueue("/entries")
entries.put_all([b"one", b"two"])
takers = [one.LockingQueue("/entries") for one in (b, c)]
for one in (b, c):
    one.sync("/entries")
assert takers[0].get(20) == b"one" and takers[1].get(20) == b"two"
assert takers[1].holds_lock() and takers[1].release()
assert takers[0].consume()
assert takers[0].get(20) == b"two" and takers[0].consume()
assert takers[1].get(0.2) is None
print("locking queue")


def count(client):
    counter = client.Counter("/counter")
    for _ in range(3):
        counter += 2
        counter -= 1


a.ensure_path("/counter")
together(count, everybody)
a.sync("/counter")
assert a.Counter("/counter").value == 9
print("counter")

# A set of work is divided; whoever leaves is stood in for.
work = set(range(6))
parts = [
    one.SetPartitioner("/parts", work, identifier=name, time_boundary=0.2)
    for one, name in names.items()
]


def drive(wanted):
    for part in parts:
        if part.release:
            part.release_set()
        elif part.allocating:
            part.wait_for_acquire(0.1)
        assert part.state != PartitionState.FAILURE
    return sorted(len(list(part)) for part in parts if part.acquired) == wanted


until(lambda: drive([2, 2, 2]), "three parts")
assert set().union(*map(set, parts)) == work
parts.pop().finish()
until(lambda: drive([3, 3]), "two parts")
assert set().union(*map(set, parts)) == work
for part in parts:
    part.finish()
print("partitioner")

# Watches, told on another peer than the one that is written to.
seen, lists = [], []
DataWatch(c, "/watched", lambda value, stat: seen.append(value))
a.create("/watched", b"1")
until(lambda: seen == [None, b"1"], "DataWatch")
a.set("/watched", b"2")
until(lambda: seen == [None, b"1", b"2"], "DataWatch")
ChildrenWatch(c, "/watched", lambda children: lists.append(sorted(children)))
a.create("/watched/x")
until(lambda: lists == [[], ["x"]], "ChildrenWatch")
print("watches")

events = []
cache = TreeCache(c, "/watched")
cache.listen(
    lambda event: events.append((event.event_type, event.event_data and event.event_data.path))
)
cache.start()
until(lambda: (TreeEvent.INITIALIZED, None) in events, "a cache that is filled")
assert cache.get_data("/watched").data == b"2"
assert cache.get_children("/watched") == frozenset(["x"])
del events[:]
a.create("/watched/x/y", b"deep")
until(lambda: events == [(TreeEvent.NODE_ADDED, "/watched/x/y")], "added")
assert cache.get_data("/watched/x/y").data == b"deep"
a.set("/watched/x/y", b"changed")
until(lambda: events[1:] == [(TreeEvent.NODE_UPDATED, "/watched/x/y")], "updated")
a.delete("/watched/x/y")
until(lambda: events[2:] == [(TreeEvent.NODE_REMOVED, "/watched/x/y")], "removed")
cache.close()
print("TreeCache")

for one in everybody:
    one.stop()
    one.close()
print("done")

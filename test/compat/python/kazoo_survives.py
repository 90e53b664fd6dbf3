"""kazoo on three peers, of which one is killed again and again. Arguments: the servers, the seconds."""
import subprocess
import sys
import threading
import time

from connections import together, until
from kazoo.client import KazooClient
from kazoo.exceptions import ConnectionLoss, KazooException, NodeExistsError
from kazoo.handlers.threading import KazooTimeoutError

MORTAL = """
import sys, time
from kazoo.client import KazooClient
one = KazooClient(sys.argv[1], timeout=4)
one.start(timeout=30)
one.create("/left", b"", ephemeral=True)
print("there", flush=True)
time.sleep(1000)
"""
servers, seconds = sys.argv[1], float(sys.argv[2])
count = 4
states = [[] for _ in range(count)]


def connected(number):
    one = KazooClient(servers, timeout=10, connection_retry=dict(max_tries=-1, delay=0.05, max_delay=0.5))
    one.add_listener(states[number].append)
    one.start(timeout=30)
    return one


everyone = [connected(number) for number in range(count)]
sessions = [one.client_id for one in everyone]


def insistently(call, *arguments, **options):
    """Calls until it is answered; what it means when it was done before is the caller's."""
    while True:
        try:
            return call(*arguments, **options)
        except (ConnectionLoss, KazooTimeoutError):
            time.sleep(0.05)


for number, one in enumerate(everyone):
    try:
        insistently(one.create, "/e%d" % number, b"", ephemeral=True, makepath=True)
    except NodeExistsError:
        pass
try:
    insistently(everyone[0].create, "/added")
except NodeExistsError:
    pass
# One that ends without a word: what is its own is to go.
mortal = subprocess.Popen([sys.executable, "-c", MORTAL, servers], stdout=subprocess.PIPE)
assert mortal.stdout.readline() == b"there\n", "it is not there"
mortal.kill()
mortal.wait()

acknowledged = [[] for _ in range(count)]
holders = []
held = threading.Lock()
until_when = time.time() + seconds


def work(one_and_number):
    """Adds znodes and takes turns with a lock, whose holders are never two."""
    one, number = one_and_number
    lock = one.Lock("/lock", str(number))
    made = 0
    while time.time() < until_when:
        made += 1
        path = "/added/%d-%d" % (number, made)
        try:
            one.create(path, b"")
            acknowledged[number].append(path)
        except NodeExistsError:
            raise AssertionError("%s was made by nobody else" % path)
        except (ConnectionLoss, KazooTimeoutError):
            pass
        if made % 10 != 0:
            continue
        try:
            if not lock.acquire(timeout=5):
                continue
        except KazooException:
            continue
        assert held.acquire(blocking=False), "two hold the lock"
        time.sleep(0.01)
        holders.append(number)
        held.release()
        insistently(lock.release)


together(work, list(zip(everyone, range(count))))
reader = everyone[0]
insistently(reader.sync, "/")
there = set("/added/" + name for name in insistently(reader.get_children, "/added"))
for number, one in enumerate(everyone):
    missing = [path for path in acknowledged[number] if path not in there]
    assert not missing, "%d acknowledged writes are missing: %s" % (len(missing), missing[:3])
    assert "LOST" not in states[number], "a session was lost: %s" % states[number]
    assert one.client_id == sessions[number], "another session"
    owner = insistently(reader.exists, "/e%d" % number).ephemeralOwner
    assert owner == sessions[number][0], "an ephemeral of another session"
total = sum(len(paths) for paths in acknowledged)
assert total > 0 and len(set(holders)) > 1, (total, holders)
moves = sum(told.count("SUSPENDED") for told in states)
until(lambda: insistently(reader.exists, "/left") is None, "the ephemeral of who is gone goes")
print("%d writes, %d turns with the lock, %d connections lost" % (total, len(holders), moves))

for number, one in enumerate(everyone[1:], 1):
    one.stop()
    one.close()
    until(lambda: insistently(reader.exists, "/e%d" % number) is None, "its ephemeral goes")
reader.stop()
reader.close()
print("done")

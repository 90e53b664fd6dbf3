"""kazoo on three peers: the calls of its client. Argument: the servers."""
import sys

from connections import clients, raises, until
from kazoo.exceptions import (
    BadVersionError,
    InvalidACLError,
    NoAuthError,
    NoChildrenForEphemeralsError,
    NodeExistsError,
    NoNodeError,
    NotEmptyError,
    RolledBackError,
)
from kazoo.security import CREATOR_ALL_ACL, READ_ACL_UNSAFE

a, b, c = clients(sys.argv[1])

a.create("/k", b"one")
raises(NodeExistsError, a.create, "/k")
raises(NoNodeError, a.create, "/none/x")
raises(NoNodeError, a.get, "/none")
raises(BadVersionError, a.set, "/k", b"x", version=9)
a.create("/k/child", b"", ephemeral=True)
raises(NotEmptyError, a.delete, "/k")
raises(NoChildrenForEphemeralsError, a.create, "/k/child/x")
b.sync("/k")
data, stat = b.get("/k")
assert (data, stat.version, stat.numChildren) == (b"one", 0, 1), (data, stat)
assert b.get_children("/k") == ["child"]
names = [b.create("/k/s-", sequence=True) for _ in range(3)]
assert names == ["/k/s-000000000%d" % n for n in (1, 2, 3)], names
path, stat = a.create("/k/deep/er", b"x", makepath=True, include_data=True)
assert (path, stat.version, stat.dataLength) == ("/k/deep/er", 0, 1), (path, stat)
a.delete("/k/deep", recursive=True)
assert a.exists("/k/deep") is None
print("tree")

raises(InvalidACLError, a.create, "/mine", acl=CREATOR_ALL_ACL)
a.add_auth("digest", "user:password")
a.create("/mine", b"hidden", acl=CREATOR_ALL_ACL)
b.sync("/mine")
raises(NoAuthError, b.get, "/mine")
b.add_auth("digest", "user:password")
assert b.get("/mine")[0] == b"hidden"
assert a.set_acls("/mine", READ_ACL_UNSAFE).aversion == 1
raises(NoAuthError, a.set, "/mine", b"x")
print("access")

transaction = a.transaction()
transaction.check("/k", 0)
transaction.set_data("/k", b"two")
transaction.create("/k/made")
set_stat, created = transaction.commit()[1:]
assert (set_stat.version, created) == (1, "/k/made"), (set_stat, created)
failed = a.transaction()
failed.create("/k/never")
failed.check("/k", 77)
results = failed.commit()
assert [type(one) for one in results] == [RolledBackError, BadVersionError], results
assert a.exists("/k/never") is None
print("transactions")

# A watch of another peer than the one that is written to.
told = []
assert c.exists("/w", watch=lambda event: told.append((event.type, event.path))) is None
a.create("/w", b"1")
until(lambda: told == [("CREATED", "/w")], "an event")
assert c.get("/w", watch=lambda event: told.append((event.type, event.path)))[0] == b"1"
a.delete("/w")
until(lambda: told[1:] == [("DELETED", "/w")], "another event")
print("watches")

# What is ephemeral goes with its client.
a.stop()
a.close()
b.sync("/k")
assert "child" not in b.get_children("/k")
for one in (b, c):
    one.stop()
    one.close()
print("done")

"""An ephemeral znode, in Python. Argument: the servers."""
import sys

from kazoo.client import KazooClient

client = KazooClient(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:2181")
client.start()
client.create("/data", b"hello from Python", ephemeral=True)
data, stat = client.get("/data")
print(data.decode())
client.stop()

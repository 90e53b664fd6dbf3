"""What the programs of kazoo share: clients of single servers, and patience."""
import threading
import time

from kazoo.client import KazooClient


def clients(servers):
    """A started client of each server, which are `host:port,…`."""
    started = [KazooClient(server, timeout=10) for server in servers.split(",")]
    for one in started:
        one.start(timeout=20)
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


def together(call, each):
    """Calls the same for each, at the same time. What one raises is raised."""
    raised = []

    def caught(one):
        try:
            call(one)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=caught, args=(one,)) for one in each]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "it has not come to an end"
    if raised:
        raise raised[0]

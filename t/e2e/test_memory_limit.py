"""The machine gives no more memory: what cannot be served is not, the program goes on, and serves when there is some again."""
import os
import pathlib
import ssl
import subprocess

import pytest

from lib.env import PATH
from lib.message import read_response, reply
from lib.origin import answer_all
from lib.pipe import Ended
from lib.wait import until
from lib.ways import HTTPS, PLAIN, WAYS, Way
from lib.weir import SANITIZED

MB = 1 << 20

pytestmark = pytest.mark.skipif(SANITIZED, reason="the memory of sanitizers is another one")


@pytest.fixture(params=WAYS)
def way(request, weir, origin, world):
    return Way(request.param, weir, origin, world)


def no_more_data_than(proxy, megabytes):
    """From now on, in addition to what it has."""
    limit = proxy.resident("VmData") * 1024 + megabytes * MB
    subprocess.run(["prlimit", "--pid", str(proxy.process.pid), f"--data={limit}"], check=True, env={"PATH": PATH})


@pytest.mark.parametrize("megabytes", [1, 8])
def test_without_memory_clients_are_turned_away_and_served_once_there_is_some(way, megabytes):
    """Each brings a head that does not end, which is kept until it does."""
    way.serve(keep=False)
    way.start("--head-time", "60s", "--memory-limit", "1m", "--threads", "1", record=False)
    assert way.get().status == 200
    no_more_data_than(way.proxy, megabytes)
    crowd = []
    for _ in range(400):
        try:
            crowd.append(way.open(keep=False).send(way.request("/", "X: " + "y" * 60000)[:-2]))
        except (AssertionError, ssl.SSLError, Ended, OSError):
            pass
        assert way.proxy.process.poll() is None, way.proxy.stderr
    answers = sum(is_answered(pipe) for pipe in crowd)
    assert answers < 400
    for pipe in crowd:
        pipe.close()
    until(lambda: is_served(way), "memory for a client")
    way.still_serves()


def is_answered(pipe):
    try:
        return read_response(pipe.send(b"\r\n")).status == 200
    except (Ended, OSError):
        return False


def is_served(way):
    try:
        return way.get().status == 200
    except (AssertionError, ssl.SSLError, Ended, OSError):
        return False


# A group of processes that may have so much in all: beyond it the kernel kills. V2, and v1 before it.


class Group:
    """A control group, if one can be made here."""

    def __init__(self, megabytes):
        self.folder = None
        for base, limit in (("/sys/fs/cgroup", "memory.max"), ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")):
            if not os.access(f"{base}/cgroup.procs", os.W_OK):
                continue
            self.folder = pathlib.Path(base, f"weir-test-{os.getpid()}")
            try:
                self.folder.mkdir()
                (self.folder / limit).write_text(str(megabytes * MB))
                return
            except OSError:
                self.stop()
        pytest.skip("no control group with a limit of memory can be made here")

    def wrapper(self):
        return ["sh", "-c", f'echo $$ > {self.folder}/cgroup.procs; exec "$@"', "sh"]

    def stop(self):
        if self.folder and self.folder.exists():
            self.folder.rmdir()
        self.folder = None


@pytest.fixture
def group():
    one = Group(48)
    yield one
    until(lambda: not (one.folder / "cgroup.procs").read_text(), "the end of the program")
    one.stop()


def test_limits_hold_within_a_group_with_little_memory(group, weir, origin, world):
    """More than it has room for, of everything at once: bodies to be kept, answers that nobody reads, unfinished heads."""
    body = bytes(4 * MB)
    sites = [origin(answer_all(lambda request: reply(body)), keep=False),
             origin(answer_all(lambda request: reply(body)), cert=world.good(), keep=False)]
    proxy = weir("--memory-limit", "8m", "--connections-max", "60", "--threads", "1", sites=sites, record=False,
                 wrapper=group.wrapper())
    ways = [Way(PLAIN, weir, origin, world), Way(HTTPS, weir, origin, world)]
    for way, site in zip(ways, sites):
        way.site, way.proxy = site, proxy
    pipes = [ways[number % 2].open(keep=False, receive_buffer=4096) for number in range(50)]
    for number, pipe in enumerate(pipes):
        way = ways[number % 2]
        pipe.send(way.request() if number < 40 else way.request("/", "X: " + "y" * 60000)[:-2])
    for _ in range(10):
        for way in ways:
            assert way.get().body == body
    assert proxy.process.poll() is None
    assert len({id(pipe) for pipe in pipes}) == 50
    for pipe in pipes:
        pipe.close()

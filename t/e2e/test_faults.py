"""The system under the program fails: calls are short, late, torn or refused, memory is out, the clock jumps."""
import errno
import os
import re
import signal
import ssl

import pytest

from lib.faults import Faults
from lib.message import read_response
from lib.pipe import Ended
from lib.shapes import SHAPES, Exchange, content_of, server
from lib.wait import until
from lib.ways import WAYS, Way
from lib.weir import Refused

ENDS = (Ended, ssl.SSLError, ConnectionError)
# 1 for every byte and every allocation ('make faults'); else that is so for what is small, and the others are sampled.
STEP = int(os.environ.get("FAULTS_STEP", 0))


@pytest.fixture
def faults(tmp_path):
    return Faults(tmp_path / "faults", seed=int(os.environ.get("FAULTS_SEED", 1)))


class Faulty(Way):
    """A proxy with faults under it. What it holds is compared with what it held before."""

    def __init__(self, kind, faults, weir, origin, world):
        super().__init__(kind, weir, origin, world)
        self.faults = faults
        self.numbers = iter(range(1 << 30))

    def begin(self, *options, **how):
        self.serve(server)
        if self.secure:
            self.site.context.num_tickets = 0  # all handshakes are alike: a cut reaches what is behind them
        self.start("--threads", "1", "--upstream-idle", "1", *options, env=self.faults.env, **how)
        assert self.run("none") is None
        until(self.at_rest, "the first connection to be closed")
        self.held = self.descriptors()

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.proxy.process.pid}/fd"))

    def at_rest(self):
        """Whether no connection is open but one idle one to the server."""
        return self.faults.open <= 1

    def run(self, shape, size=20, exact=True):
        """One exchange on a connection of its own: None, the status of a refusal, or how it ended too early."""
        try:
            with self.open() as pipe:
                exchange = Exchange(self, pipe, f"{shape}{next(self.numbers)}", size, exact)
                getattr(exchange, shape)()
                return exchange.refused
        except Refused as why:
            if exact:
                raise
            return why.status
        except ENDS as why:
            if exact:
                raise
            return why

    def check(self):
        """Nothing goes wrong any more: everything works, and nothing is held that was not held before."""
        self.faults.clear()
        for _ in range(3):
            assert self.run("keep_alive") is None
        until(self.at_rest, lambda: f"connections to be closed: {self.faults.open} are open")
        until(lambda: self.descriptors() <= self.held + 1, lambda: f"descriptors: {self.descriptors()}, were {self.held}")
        assert not self.site.trouble, self.site.trouble
        self.proxy.expect_exit = int("cannot write to" in self.proxy.stderr)
        self.proxy.stop()


@pytest.fixture(params=WAYS)
def way(request, faults, weir, origin, world):
    return Faulty(request.param, faults, weir, origin, world)


# Calls that do less than they could

TORN = {"single-bytes": {"short_max": 1}, "some-bytes": {"short_max": 700}, "storm": {"again": 7},
        "EINTR": {"interrupt": 2}, "all": {"short_max": 40, "again": 3, "interrupt": 4}}


@pytest.mark.parametrize("torn", TORN)
def test_torn_calls_change_no_byte(way, faults, torn):
    way.begin()
    faults.set(**TORN[torn])
    before = faults.fired
    sizes = (20, 3000) if torn == "single-bytes" else (20, 100000)
    for shape in SHAPES:
        for size in sizes:
            assert way.run(shape, size) is None
    assert faults.fired - before > 100
    way.check()
    assert not [flow for flow in way.proxy.flows() if flow["error"]]


# Cuts

# Side, and how many idle connections are kept: 'used' connections to servers come from the pool.
SIDES = {"client": (1, "1"), "server": (2, "0"), "used": (2, "1")}
# In the open nobody can tell such an end from that of the answer.
UNSEEN = {("client", "written", "end"), ("server", "read", "end"), ("used", "read", "end")}
CUTS = [(side, out, end) for side in SIDES for out in ("read", "written") for end in ("reset", "end")]


@pytest.mark.parametrize("side, out, end", CUTS)
def test_cut_behind_every_byte_is_an_error_or_the_right_answer(way, faults, side, out, end):
    number, idle = SIDES[side]
    way.begin("--upstream-idle", idle)
    how = {"cut_side": number, "cut_out": out == "written", "cut_end": end == "end"}
    for i, shape in enumerate(SHAPES):
        step = STEP or (211 if way.secure else 1 if shape == "keep_alive" else 5)
        if shape == "to_end" and not way.secure and (side, out, end) in UNSEEN:
            continue
        at, missed = i * step // len(SHAPES), 0
        while missed < 2:
            before = faults.cuts
            faults.set(cut_at=at, **how, cut_round=next(way.numbers) + 1)
            way.run(shape, exact=False)
            missed = missed + 1 if faults.cuts == before else 0
            assert not way.site.trouble, (shape, at, way.site.trouble)
            at += step
    assert faults.cuts > (20 if way.secure else 200)
    way.check()


# Memory

SAID = re.compile("the configuration (?:was read again|stays as it was).*\n")
BLAMES = range(400, 500)  # what we lack is no fault of the client


def allocations(way, shape):
    """How many an exchange of this shape makes."""
    way.run(shape)
    way.faults.alloc_seen = 0
    way.run(shape)
    return way.faults.alloc_seen


@pytest.mark.parametrize("shape", SHAPES)
def test_allocation_that_fails_harms_one_exchange_at_most(way, faults, shape):
    """One after the other, those of the libraries as well."""
    way.begin("--upstream-idle", "0")
    n = allocations(way, shape)
    assert n > 10
    for number in range(1, n + 1, STEP or 1 + n // 30):
        faults.set(alloc_seen=0, alloc_at=number)
        assert way.run(shape, exact=False) not in BLAMES, number
        faults.alloc_at = 0
        assert way.run("none") is None, number
        assert not way.site.trouble, (number, way.site.trouble)
    assert faults.alloc_failed > 5
    way.check()


def test_little_memory_harms_no_exchange_that_is_answered(way, faults):
    way.begin("--cert-cache", "1")
    for one_in in (1000, 100, 30, 10):
        faults.alloc_one_in = one_in
        for _ in range(5):
            for shape in SHAPES:
                assert way.run(shape, exact=False) not in BLAMES
        assert not way.site.trouble, way.site.trouble
    assert faults.alloc_failed > 50
    way.check()


def test_reload_without_memory_keeps_the_configuration(way, faults):
    def reload():
        before = len(SAID.findall(way.proxy.stderr))
        way.proxy.send_signal(signal.SIGHUP)
        until(lambda: way.proxy.process.poll() is not None or len(SAID.findall(way.proxy.stderr)) > before, "its end")

    way.begin("--upstream-idle", "0")
    reload()
    faults.alloc_seen = 0
    reload()
    n = faults.alloc_seen
    for number in (*range(1, 10), *range(10, n, STEP or 1 + n // 120)):
        faults.set(alloc_seen=0, alloc_at=number)
        reload()
        faults.alloc_at = 0
        assert way.run("none", exact=False) is None, (number, n, way.proxy.stderr[-300:])
    assert "stays as it was" in way.proxy.stderr
    way.check()


# Calls that are refused


@pytest.mark.parametrize("error", ["ENFILE", "ENOBUFS", "ENOMEM"])
def test_accepting_that_fails_for_a_while_loses_no_client(way, faults, error):
    way.begin()
    faults.set(accept_errno=getattr(errno, error), accept_times=3)
    assert way.run("keep_alive") is None
    assert faults.accept_times == 0
    assert way.proxy.stderr.count("accepts no more connections for now") == 1
    way.proxy.wait_line("accepts connections again", "stderr")
    way.check()


@pytest.mark.parametrize("error", ["ECONNABORTED", "EINTR", "EPROTO", "EPERM"])
def test_accepting_that_fails_for_one_client_goes_on_with_the_next(way, faults, error):
    way.begin()
    faults.set(accept_errno=getattr(errno, error), accept_times=100)
    assert way.run("keep_alive") is None
    assert faults.accept_times == 0
    assert "accepts no more" not in way.proxy.stderr
    way.check()


FAILING = [
    ("socket", "EMFILE", "too many open files"), ("socket", "ENOBUFS", "no buffer space"),
    ("socket", "ENOMEM", "not enough memory"), ("connect", "ENETUNREACH", "network is unreachable"),
    ("connect", "EADDRNOTAVAIL", "address not available"), ("connect", "ECONNREFUSED", "connection refused"),
    ("epoll", "ENOSPC", "memory"), ("epoll", "ENOMEM", "memory")]


@pytest.mark.parametrize("call, error, text", FAILING, ids=[f"{call}-{error}" for call, error, _ in FAILING])
def test_connecting_that_fails_is_a_page_and_works_the_next_time(way, faults, call, error, text):
    way.begin("--upstream-idle", "0")
    with way.open() as pipe:
        for i in range(5):
            Exchange(way, pipe, f"before{i}").none()
            until(lambda: faults.open == 1, "the client to be there alone")
            faults.set(**{f"{call}_errno": getattr(errno, error), f"{call}_times": 1})
            pipe.send(way.request("/none-20"))
            answer = read_response(pipe)
            assert answer.status == 502 and text in answer.text, answer.text
        Exchange(way, pipe, "next").keep_alive()
    way.check()


def test_client_that_cannot_be_polled_is_let_go(way, faults):
    way.begin("--connections-max", "5")
    for _ in range(10):
        faults.set(epoll_errno=errno.ENOSPC, epoll_times=1)
        with way.proxy.dial() as pipe:
            pipe.read_rest()
            assert pipe.end in ("eof", "reset")
        assert not faults.epoll_times
    way.proxy.wait_line("a connection is dropped", "stderr")
    way.check()


# The clock


@pytest.mark.parametrize("days", [1, -1])
def test_wall_clock_that_jumps_ends_nothing_and_begins_nothing(way, faults, days):
    """Times that were under way and those that begin take as long as they should."""
    way.begin("--idle-time", "60s", "--keepalive-time", "60s", "--head-time", "500ms")
    with way.open() as before, way.open() as half:
        request = way.request("/half/length-20", method="POST", body=content_of("/half/length-20"))
        Exchange(way, before, "before").keep_alive()
        half.send(request[:-10])
        faults.wall_shift = days * 86400
        for shape in SHAPES:
            assert way.run(shape) is None
        with way.open() as late:
            late.send(b"GET / HTTP/1.1")
            assert read_response(late).status == 408
        Exchange(way, before, "again").keep_alive()
        half.send(request[-10:])
        assert Exchange(way, half, "half").take("/half/length-20", content_of("/half/length-20"))
    way.check()
    assert {flow.reason for flow in way.proxy.flows()} == {None, "client-timeout"}


# The disk


def test_disk_that_takes_little_at_a_time_gets_every_flow(way, faults):
    way.begin()
    faults.set(disk_short=5, interrupt=3)
    for shape in SHAPES:
        assert way.run(shape, 3000) is None
    way.check()
    assert len([flow for flow in way.proxy.flows() if flow.status == 200]) > len(SHAPES)


def test_disk_that_is_full_now_and_then_has_whole_flows_only(way, faults):
    """What was written of a line before it failed is taken back."""
    way.begin()
    faults.set(disk_short=300, disk_errno=errno.ENOSPC)
    for i in range(30):
        faults.set(disk_after=i, disk_times=i % 2)
        assert way.run("length", 3000) is None
        until(lambda: not faults.disk_times, "the disk to be written to")
    faults.clear()
    for _ in range(5):  # more than the last outage has cost, which is over then
        assert way.run("length", 3000) is None
    way.check()
    assert "no space left" in way.proxy.stderr
    ids = {flow["id"] for flow in way.proxy.flows()}
    said = sum(int(n) for n in re.findall(r"(\d+) flows are missing in it", way.proxy.stderr))
    assert 10 < said == max(ids) - len(ids)


def test_disk_that_is_stuck_holds_no_client(way, faults):
    way.begin()
    way.proxy.wait_flows(1, kind="http")
    faults.disk_stuck = 1
    for shape in SHAPES * 3:
        assert way.run(shape) is None
    assert len(way.proxy.flows()) < len(SHAPES)
    faults.disk_stuck = 0
    way.proxy.wait_flows(len(SHAPES) * 3, kind="http")
    way.check()

"""Tunnels that are left closed: the kernel moves their bytes, and everything else is as if it did not."""
import errno
import hashlib
import random
import signal
import ssl
import threading

import pytest

from lib.api import Api, OPTIONS
from lib.control import Control
from lib.faults import Faults
from lib.greet import origin_context
from lib.pipe import Ended
from lib.wait import until
from lib.weir import SANITIZED
from test_hooks import Ear

MB = 1 << 20
MUCH = (20 if SANITIZED else 110) * MB
PIECES = [random.Random(i).randbytes(MB + i) for i in range(3)]


def stream(n):
    """n bytes that are nowhere the same for long."""
    for i in range(n // MB + 1):
        piece = PIECES[i % 3][:n]
        n -= len(piece)
        yield piece


def write(pipe, n):
    for piece in stream(n):
        pipe.send(piece)
    return pipe


def digest(n):
    seen = hashlib.blake2b()
    for piece in stream(n):
        seen.update(piece)
    return n, seen.hexdigest()


def read(pipe):
    """To the end: how much came, and its digest."""
    pipe.keep, seen, n = False, hashlib.blake2b(), 0
    while data := pipe.read_some():
        seen.update(data)
        n += len(data)
    return n, seen.hexdigest()


def beside(work, *words):
    thread = threading.Thread(target=work, args=words, daemon=True)
    thread.start()
    return thread


@pytest.fixture
def faults(tmp_path):
    return Faults(tmp_path / "faults")


@pytest.fixture
def start(weir, origin, faults):
    """start(script) -> a proxy that leaves the site of that script alone, and a tunnel to it."""
    def make(script, *options, site=None):
        site = site or origin(script, keep=False)
        proxy = weir(*OPTIONS, "--ignore-hosts", "site\\.test", *options, sites=[site], env=faults.env)
        return proxy, proxy.tunnel(f"site.test:{site.port}")
    return make


def first(pipe):
    """A word each way, which the proxy may look at."""
    assert pipe.send(b"a").read(1) == b"b"
    return pipe


def answer_first(conn):
    assert conn.read(1) == b"a"
    return conn.send(b"b")


def crossed(proxy):
    """What a recorded tunnel has counted."""
    flow = proxy.flow(kind="tunnel")
    assert flow["tunnel"]["passed_through_by"] == "ignore-hosts" and "messages" not in flow
    return flow["tunnel"]["up"], flow["tunnel"]["down"]


def both_ways(start, faults, n, **words):
    """What was moved by the kernel, with these faults once the proxy has started."""
    came = []

    def script(conn):
        writer = beside(write, answer_first(conn), n)
        came.append(read(conn))
        writer.join()

    proxy, pipe = start(script)
    faults.set(**words)
    with first(pipe):
        writer = beside(lambda: write(pipe, n).shut())
        got = read(pipe)
        writer.join()
    assert got == digest(n) and came == [digest(n)]
    assert crossed(proxy) == (n + 1, n + 1)
    return faults.spliced


def test_every_byte_goes_both_ways_at_once(start, faults):
    assert both_ways(start, faults, MUCH) > 1.9 * MUCH


@pytest.mark.parametrize("words", [{"short_max": 1000}, {"short_max": 100000, "again": 3, "interrupt": 5}])
def test_short_and_interrupted_calls_lose_nothing(start, faults, words):
    assert both_ways(start, faults, MB, **words) > MB and faults.fired > 100


def test_without_descriptors_for_a_pipe_it_copies(start, faults):
    assert both_ways(start, faults, 4 * MB, pipe_errno=errno.EMFILE, pipe_times=1 << 60) == 0 and faults.fired


def test_it_copies_only_while_there_is_no_pipe(start, faults):
    assert both_ways(start, faults, 4 * MB, pipe_errno=errno.EMFILE, pipe_times=5) > 4 * MB and faults.fired == 5


def test_closed_tls_goes_the_same_way(start, origin, world, shared, faults):
    site = origin(lambda conn: write(conn, 8 * MB), cert=world.good(), keep=False)
    _, pipe = start(None, site=site)
    with pipe.start_tls(origin_context(shared), name="site.test"):
        assert read(pipe) == digest(8 * MB)
    assert faults.spliced > 4 * MB


# Ends


def test_a_client_that_has_said_all_still_gets_the_answer(start, faults):
    def script(conn):
        n, _ = read(answer_first(conn))
        write(conn, n)

    proxy, pipe = start(script)
    with write(first(pipe), 3 * MB).shut():
        assert read(pipe) == digest(3 * MB)
    assert crossed(proxy) == (3 * MB + 1, 3 * MB + 1) and faults.spliced


def test_a_server_that_has_said_all_still_hears_the_client(start, faults):
    came = []
    _, pipe = start(lambda conn: came.append(read(write(answer_first(conn), 3 * MB).shut())))
    with first(pipe):
        assert read(pipe) == digest(3 * MB)
        write(pipe, 3 * MB)
    assert until(lambda: came, "what the server heard") == [digest(3 * MB)] and faults.spliced


@pytest.mark.parametrize("n", [0, 3 * MB])
def test_a_reset_by_the_server_is_one_for_the_client(start, n):
    proxy, pipe = start(lambda conn: write(answer_first(conn), n).reset())
    with first(pipe):
        read(pipe)
        assert pipe.end == "reset"
    assert proxy.flow(kind="tunnel").reason == "server-reset"


def test_a_reset_by_the_client_is_one_for_the_server(start, origin):
    ends = []

    def script(conn):
        read(answer_first(conn))
        ends.append(conn.end)

    proxy, pipe = start(script)
    write(first(pipe), 3 * MB).reset()
    assert until(lambda: ends, "the end at the server") == ["reset"]
    assert proxy.flow(kind="tunnel").reason == "client-closed"


# Slow readers, and what may happen to them


@pytest.fixture
def stuck(start, faults):
    """stuck('--option', ...) -> the same, once the client reads nothing of what the server sends, and nothing moves."""
    def make(*options):
        proxy, pipe = start(lambda conn: write(answer_first(conn), MUCH), "--threads", "1", *options)
        first(pipe)
        seen = []

        def still():
            seen.append(faults.spliced)
            return len(seen) > 30 and 0 < seen[-30] == seen[-1]
        until(still, "the server to be held up")
        return proxy, pipe
    return make


def test_a_slow_reader_holds_the_sender_up_and_gets_everything(stuck, faults):
    proxy, pipe = stuck()
    assert faults.spliced < MUCH / 2
    assert proxy.resident() < 60000 or SANITIZED
    with pipe:
        assert read(pipe) == digest(MUCH)
    assert crossed(proxy) == (1, MUCH + 1) and faults.spliced > 0.9 * MUCH


def test_a_tunnel_whose_bytes_wait_can_be_killed(stuck):
    proxy, pipe = stuck()
    api = Api(proxy, "tester")
    api.post(f"/flows/{api.get('/live')['flows'][0]['id']}/kill")
    assert proxy.flow(kind="tunnel").reason == "killed"
    read(pipe)
    assert pipe.end == "reset"


def test_the_end_comes_for_a_tunnel_whose_bytes_wait(stuck):
    proxy, pipe = stuck()
    proxy.send_signal(signal.SIGTERM)
    assert proxy.wait() == 0
    pipe.close()


def test_who_takes_nothing_is_given_up(stuck):
    proxy, pipe = stuck("--idle-time", "2s")
    assert proxy.flow(kind="tunnel").reason == "client-timeout"
    pipe.close()


def test_more_slow_readers_than_pipes(start, origin):
    """Those that get no pipe wait in buffers, with the same end."""
    site = origin(lambda conn: write(answer_first(conn), 8 * MB), keep=False)
    proxy, pipe = start(None, "--threads", "1", site=site)
    pipes = [pipe]
    for _ in range(79):
        pipes.append(first(proxy.tunnel(f"site.test:{site.port}", receive_buffer=1 << 16)))
    until(lambda: proxy.descriptors() > 80 * 2 + 60 * 2, "most of the pipes to be in use")
    assert proxy.descriptors() < 80 * 2 + 64 * 2 + 40
    first(pipe)
    for one in pipes:
        with one:
            assert read(one) == digest(8 * MB)
    assert sum(flow["tunnel"]["down"] for flow in proxy.wait_flows(80, kind="tunnel")) == 80 * (8 * MB + 1)


# Who looks at it


def test_who_asks_for_the_bytes_of_a_tunnel_hears_of_them(start, faults):
    go = threading.Event()

    def script(conn):
        write(answer_first(conn), MB)
        go.wait(20)
        conn.read(1)
        conn.send(b"seen")

    proxy, pipe = start(script)
    with first(pipe):
        pipe.read(MB)
        before = faults.spliced
        ear = Ear(Control(proxy), "tunnel-chunk", content=100)
        go.set()
        pipe.send(b"x")
        assert pipe.read(4) == b"seen"
        pipe.send(b"last")
        while not any("last" in str(one) or "bGFzdA" in str(one) for one in ear.heard):
            ear.next("hook")
    assert before > MB / 2

"""Clients that dawdle, leave, or are too many, in the open and in tunnels."""
import ssl

import pytest

from lib import sandbox
from lib.message import read_response
from lib.pipe import Ended
from lib.wait import until
from lib.ways import HTTPS, WAYS, Way


@pytest.fixture(params=WAYS)
def way(request, weir, origin, world):
    return Way(request.param, weir, origin, world)


@pytest.fixture
def https(weir, origin, world):
    return Way(HTTPS, weir, origin, world)


def test_client_that_dawdles_over_its_head_gets_408_and_holds_up_nobody(way):
    way.serve()
    way.start("--head-time", "1s", "--threads", "1")
    slow = [way.open() for _ in range(20)]
    for pipe in slow:
        pipe.send(way.request()[:-10])
    assert [way.get().status for _ in range(5)] == [200] * 5
    for pipe in slow:
        assert read_response(pipe).status == 408
        pipe.read_rest()
        assert pipe.end in ("eof", "close_notify")
        pipe.close()
    assert len(way.site.requests) == 5
    flows = [flow for flow in way.proxy.wait_flows(25, kind="http") if flow.status == 408]
    assert len(flows) == 20 and {flow.reason for flow in flows} == {"client-timeout"}
    assert all(flow.raw("request") == way.request()[:-10] for flow in flows)


def test_client_that_dribbles_its_head_gets_no_longer_time(way):
    """One time for all of the head: a byte now and then does not keep the slot."""
    def answered():
        try:
            pipe.send(b"X: y\r\n")
            return pipe.read_some()
        except TimeoutError:
            return False

    way.serve()
    way.start("--head-time", "1s")
    with way.open() as pipe:
        pipe.send(way.request()[:-2])
        pipe.sock.settimeout(0.05)
        assert until(answered, "an answer").startswith(b"HTTP/1.1 408 ")
    assert way.proxy.flow(kind="http").reason == "client-timeout"


def test_client_that_says_nothing_is_let_go(way):
    way.serve()
    way.start("--keepalive-time", "300ms")
    with way.proxy.dial() as fresh, way.open() as idle, way.open() as used:
        used.send(way.request())
        assert read_response(used).status == 200
        for pipe in (fresh, idle, used):
            assert pipe.read_rest() == b"" and pipe.end in ("eof", "close_notify")
    assert len(way.proxy.wait_flows(kind="http")) == 1


def test_client_that_begins_no_handshake_is_let_go(https):
    https.serve()
    https.start("--handshake-time", "300ms", "--keepalive-time", "300ms")
    with https.proxy.tunnel(https.authority) as quiet, https.proxy.tunnel(https.authority) as torn:
        torn.send(b"\x16\x03\x01\x02\x00\x01")
        for pipe in (quiet, torn):
            pipe.read_rest()
            assert pipe.end == "eof"


@pytest.mark.parametrize("how", ["close", "reset"])
def test_client_that_leaves_in_its_upload_ends_the_request_at_the_server(way, how):
    def script(conn):
        conn.request(body=False)
        conn.read(5)
        came.append(True)
        conn.read_rest()
        ended.append(conn)

    came, ended = [], []
    way.serve(script)
    way.start()
    pipe = way.open()
    pipe.send(way.request(method="POST", body=b"x" * 100)[:-95])
    until(lambda: came, "the front of the content at the server")
    getattr(pipe, how)()
    until(lambda: ended, "the end at the server")
    flow = way.proxy.flow(kind="http")
    assert flow.reason == "client-closed" and flow.body("request") == b"x" * 5 and flow["request"]["body"]["size"] == 5
    way.still_serves()


@pytest.mark.parametrize("how", ["close", "reset"])
def test_client_that_leaves_in_its_download_ends_it_at_the_server(way, how):
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n")
        try:
            while not conn.end:
                conn.send(b"x" * 65536)
        finally:
            ended.append(True)

    ended = []
    way.serve(script, keep=False)
    way.start("--body-limit", "1k")
    pipe = way.open(keep=False)
    pipe.send(way.request())
    pipe.read_until(b"\r\n\r\n")
    pipe.read(200000)
    getattr(pipe, how)()
    until(lambda: ended, "the end at the server")
    flow = way.proxy.flow(kind="http")
    assert flow.reason == "client-closed" and flow.status == 200
    assert flow["response"]["body"]["cut"] and flow["response"]["body"]["size"] >= 200000
    way.still_serves()


def test_client_that_leaves_before_the_answer_ends_the_request_at_the_server(way):
    """By a reset: who only ends its half may well wait for the answer."""
    def script(conn):
        conn.request()
        conn.read_rest()
        ended.append(True)

    ended = []
    way.serve(script)
    way.start()
    pipe = way.open()
    pipe.send(way.request())
    way.site.wait_requests(1)
    pipe.reset()
    until(lambda: ended, "the end at the server")
    assert way.proxy.flow(kind="http").reason == "client-closed"


def test_client_that_ends_its_half_is_answered(way):
    way.serve()
    way.start()
    with way.open() as pipe:
        pipe.send(way.request())
        if way.secure:
            pipe.close_notify()
        pipe.shut()
        assert read_response(pipe).body == b"hello\n"


def test_client_that_leaves_while_the_server_is_being_connected_is_forgotten(way):
    way.site = sandbox.Blackhole()
    way.start("--connect-time", "600s")
    pipe = way.proxy.tunnel(way.authority) if way.secure else way.open()
    if way.secure:
        half = ssl.MemoryBIO(), ssl.MemoryBIO()
        with pytest.raises(ssl.SSLWantReadError):
            way.proxy.context().wrap_bio(*half, server_hostname="site.test").do_handshake()
        pipe.send(half[1].read())
    else:
        pipe.send(way.request())
    pipe.reset()
    if not way.secure:
        assert way.proxy.flow(kind="http").reason == "client-closed"
    way.still_serves()
    way.site.stop()


def test_clients_beyond_the_limit_are_refused_and_the_others_live(way):
    """Clients are counted, and no connections to servers."""
    def served():
        try:
            return way.get().status == 200
        except (Ended, OSError):
            return False

    way.serve()
    way.start("--connections-max", "3")
    inside = [way.open() for _ in range(3)]
    for pipe in inside:
        pipe.send(way.request())
        assert read_response(pipe).status == 200
    for _ in range(5):
        with way.proxy.dial() as outside:
            assert outside.read_rest() == b""
    for pipe in inside:
        pipe.send(way.request())
        assert read_response(pipe).status == 200
        pipe.close()
    until(served, "room for the next client")
    assert "'connections-max'" in way.proxy.stderr

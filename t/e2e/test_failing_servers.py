"""Servers that are not there or fail, in the open and in tunnels: a page with a plain sentence, and a flow with the reason."""
import socket

import pytest

from lib import sandbox
from lib.message import read_response
from lib.names import Names
from lib.origin import answer_all, hello
from lib.wait import until
from lib.ways import HTTPS, WAYS, Way

FIRST = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst"
CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n"


@pytest.fixture(params=WAYS)
def way(request, weir, origin, world):
    return Way(request.param, weir, origin, world)


@pytest.fixture
def https(weir, origin, world):
    return Way(HTTPS, weir, origin, world)


@pytest.fixture
def ending():
    """ending(thing) -> thing, whose stop() is called behind the test."""
    things = []
    yield lambda thing: things.append(thing) or thing
    for thing in reversed(things):
        thing.stop()


class Nowhere:
    """A port at which nobody listens."""

    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as sock:
            self.address, self.port = sock.getsockname()


def explained(way, answer, status, reason):
    """The answer is a page of Weir with this status, the flow says the same, and the next one is served."""
    flow = way.proxy.flow(kind="http")
    assert answer.status == status, answer.head + answer.body
    assert answer.text.startswith("weir: ") and answer.text.splitlines()[0].endswith(flow.error_text)
    assert f"url: {flow['url']}" in answer.text and f"reason: {reason}" in answer.text
    assert flow.reason == reason and flow.status == status
    way.still_serves()
    return flow


# Servers that are not there


def test_refused_connection_is_a_page(way):
    way.site = Nowhere()
    way.start()
    flow = explained(way, way.get("/"), 502, "connect")
    assert "refused" in flow.error_text and f"127.0.0.1:{way.site.port}" in flow.error_text


def test_every_address_of_a_host_is_tried(way):
    way.serve()
    way.start("--resolve", f"site.test:{way.site.port}:127.0.0.99,127.0.0.98,127.0.0.1", sites=[])
    assert way.get().body == b"hello\n"
    assert way.proxy.flow(kind="http")["server"]["remote"] == f"127.0.0.1:{way.site.port}"


def test_address_that_says_nothing_does_not_keep_the_others_waiting(way, ending):
    way.serve()
    ending(sandbox.Blackhole("127.0.0.96", way.site.port))
    way.start("--resolve", f"site.test:{way.site.port}:127.0.0.96,127.0.0.1", "--connect-time", "600s", sites=[])
    assert way.get().body == b"hello\n"


def test_connection_that_nobody_answers_is_a_page_in_time(way, ending):
    way.site = ending(sandbox.Blackhole())
    way.start("--connect-time", "300ms")
    explained(way, way.get(), 504, "connect-timeout")


class FailingNames(Names):
    """Answers with codes, or with something that is no answer."""
    CODES = {"refused.test": 5, "failed.test": 2, "silent.test": None}

    def _answer(self, query):
        answer = super()._answer(query)
        code = self.CODES.get(self.asked[-1][0], answer[3] & 15)
        return b"?" if code is None else answer[:3] + bytes([0x80 | code]) + answer[4:]


@pytest.mark.skipif(not sandbox.may_mount(), reason="only root can have a name server of its own")
@pytest.mark.parametrize("name, words", [
    ("nowhere.test", "does not exist"),
    ("empty.test", "has no address"),
    ("refused.test", "the name servers fail"),
    ("failed.test", "the name servers fail"),
    ("silent.test", "in time"),
])
def test_name_that_leads_nowhere_is_a_page(way, ending, tmp_path, name, words):
    names = ending(FailingNames(tmp_path, {"empty.test": []}))
    way.serve()
    way.start("--connect-time", "500ms" if name == "silent.test" else "60s", wrapper=names.wrapper())
    flow = explained(way, way.get(authority=f"{name}:{way.site.port}"), 502, "dns")
    assert words in flow.error_text and name in flow.error_text
    assert name in {asked for asked, _ in names.asked}


# Servers that fail


def lost_before_the_head(conn):
    conn.request()
    conn.close()


def lost_within_the_head(conn):
    conn.request()
    conn.send(b"HTTP/1.1 200 OK\r\nContent-Le")
    conn.close()


def reset_before_the_head(conn):
    conn.request()
    conn.reset()


def silent(conn):
    conn.request()
    conn.read_rest()


def silent_within_the_head(conn):
    conn.request()
    conn.send(b"HTTP/1.1 200 OK\r\n")
    conn.read_rest()


def sends(data):
    def script(conn):
        conn.request()
        conn.send(data)
        conn.read_rest()
    return script


@pytest.mark.parametrize("script, status, reason", [
    (lost_before_the_head, 502, "server-closed"),
    (lost_within_the_head, 502, "server-closed"),
    (reset_before_the_head, 502, "server-reset"),
    (silent, 504, "server-timeout"),
    (silent_within_the_head, 504, "server-timeout"),
], ids=lambda value: getattr(value, "__name__", None))
def test_server_that_fails_before_its_response_is_a_page(way, script, status, reason):
    way.serve(script)
    way.start("--idle-time", "300ms")
    flow = explained(way, way.get(), status, reason)
    assert flow["server"]["remote"] == f"127.0.0.1:{way.site.port}"


@pytest.mark.parametrize("data", [b"SSH-2.0-OpenSSH_9.2p1\r\n", b"\x00\x01\x02\x03" * 100, b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
                                  b"HTTP/1.1 200 OK\r\nX: " + b"x" * (1 << 20)], ids=["ssh", "binary", "field", "endless"])
def test_garbage_instead_of_a_response_is_a_page_and_its_bytes_are_kept_and_shown(way, data):
    way.serve(sends(data))
    way.start("--detail", "2")
    flow = explained(way, way.get(), 502, "bad-response")
    kept = flow.raw("response")
    assert kept and data.startswith(kept)
    way.proxy.wait_line("  < " + {83: "SSH-2.0", 0: "\\x00\\x01", 72: "HTTP/1.1 200 OK"}[data[0]])


@pytest.mark.parametrize("front, mode, reason", [
    (FIRST, "close", "server-closed"), (FIRST, "reset", "server-reset"), (FIRST, "silent", "server-timeout"),
    (CHUNK, "close", "server-closed"), (CHUNK + b"5\r\nla", "close", "server-closed"), (CHUNK, "reset", "server-reset"),
    (CHUNK + b"zz\r\n", "garbage", "bad-response"),
], ids=["length-close", "length-reset", "length-silent", "chunked-close", "chunk-close", "chunked-reset", "chunk-garbage"])
def test_response_that_is_cut_short_does_not_look_whole(way, front, mode, reason):
    def script(conn):
        conn.request()
        conn.send(front)
        until(lambda: seen, "the client to see the front")
        if mode in ("reset", "close"):
            getattr(conn, mode)()
        else:
            conn.read_rest()

    seen = []
    way.serve(script)
    way.start("--idle-time", "1s" if mode == "silent" else "60s")
    with way.open() as pipe:
        pipe.send(way.request())
        if mode != "garbage":
            pipe.read_until(b"first")
        seen.append(True)
        pipe.read_rest()
        assert pipe.end in ("reset", "truncated"), pipe.end
    flow = way.proxy.flow(kind="http")
    assert flow.reason == reason and flow.status == 200 and flow.body("response").startswith(b"first")
    way.still_serves()


def test_response_to_the_end_of_the_connection_is_whole_without_a_length(way):
    way.serve(lambda conn: conn.request() and conn.send(b"HTTP/1.1 200 OK\r\n\r\nto the end"))
    way.start()
    assert way.get().body == b"to the end"
    assert way.proxy.flow(kind="http")["error"] is None


def test_missing_close_notify_is_recorded_as_truncation(https):
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\n\r\nto the end")
        conn.close()
    https.serve(script)
    https.start()
    assert https.get().body == b"to the end"
    assert https.proxy.flow(kind="http").reason == "truncated"


# TLS


def speaks(data):
    """A server that is no TLS server."""
    def script(conn):
        conn.read_some()
        conn.send(data)
        conn.read_rest()
    return script


@pytest.mark.parametrize("script, status, reason, words", [
    (speaks(b"HTTP/1.1 400 Bad Request\r\n\r\n"), 502, "tls-server", "not TLS"),
    (speaks(b"SSH-2.0-OpenSSH_9.2p1\r\n"), 502, "tls-server", "not TLS"),
    (speaks(b"\x15\x03\x03\x00\x02\x02\x28"), 502, "tls-server", "handshake_failure"),
    (lambda conn: conn.read_some() and conn.close(), 502, "tls-server", "closed"),
    (lambda conn: conn.read_some() and conn.reset(), 502, "tls-server", "reset"),
    (lambda conn: conn.read_rest(), 504, "tls-server", "within 0.3 s"),
], ids=["http", "ssh", "alert", "close", "reset", "silent"])
def test_handshake_that_the_server_spoils_is_a_page_in_the_tunnel(https, origin, script, status, reason, words):
    https.site = origin(script)
    https.start(*(["--handshake-time", "300ms"] if status == 504 else []))
    assert words in explained(https, https.get(), status, reason).error_text


# Pages


def test_connection_lives_on_behind_pages_of_all_kinds(way):
    """The failure is the server's, and no reason to hang up on the client."""
    way.serve(answer_all(hello))
    way.start("--resolve", f"gone.test:{way.site.port}:127.0.0.95")
    gone = f"gone.test:{way.site.port}"
    with way.open(gone) as pipe:
        for method in ("GET", "HEAD", "GET"):
            pipe.send(way.request(method=method, authority=gone))
            answer = read_response(pipe, method)
            assert answer.status == 502 and int(answer.value("Content-Length")) > 0
    assert len(way.proxy.wait_flows(3, kind="http")) == 3


def test_page_is_there_while_the_client_still_sends(way):
    way.site = Nowhere()
    way.start()
    with way.open() as pipe:
        pipe.send(way.request(method="PUT", body=b"x" * 100000)[:-99990])
        answer = read_response(pipe)
        assert answer.status == 502 and answer.value("Connection") == "close"
        pipe.read_rest()
        assert pipe.end in ("eof", "close_notify")

"""Servers, clients and the machine fail: a page with a plain sentence, a flow with the reason, and the next one is served."""
import errno
import re
import resource
import signal
import socket
import ssl
import subprocess
import time

import pytest

from lib import sandbox
from lib.message import read_response, reply
from lib.origin import answer_all, hello
from lib.pipe import Ended, Pipe
from lib.wait import until
from lib.ways import HTTPS, WAYS, Way, whole
from lib.weir import SANITIZED

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


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


def explained(way, answer, status, reason, path="/"):
    """The answer is a page of Weir with this status, and the flow says the same."""
    flow = way.proxy.flow(kind="http", path=path)
    assert answer.status == status, answer.head + answer.body
    assert answer.text.startswith("weir: ") and answer.text.splitlines()[0].endswith(flow.error_text)
    assert f"url: {flow['url']}" in answer.text and f"reason: {reason}" in answer.text
    assert flow.reason == reason and flow.status == status
    return flow


def still_serves(way):
    """After the failure the same proxy serves somebody else."""
    site = way._origin(cert=None)
    with way.proxy.dial() as pipe:
        pipe.send(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % site.url("/after").encode())
        assert read_response(pipe).body == b"hello\n"


# Servers that are not there


class Nowhere:
    address = "127.0.0.1"

    def __init__(self):
        self.port = free_port()


def test_refused_connection_is_a_page(way):
    way.site = Nowhere()
    way.start()
    flow = explained(way, way.get("/"), 502, "connect")
    assert "refused" in flow.error_text and f"127.0.0.1:{way.site.port}" in flow.error_text
    still_serves(way)


def test_every_address_of_a_host_is_tried(way):
    way.serve()
    way.start("--resolve", f"site.test:{way.site.port}:127.0.0.99,127.0.0.98,127.0.0.1", sites=[])
    assert way.get().body == b"hello\n"
    assert way.proxy.flow(kind="http")["server"]["remote"] == f"127.0.0.1:{way.site.port}"


def test_address_that_says_nothing_does_not_keep_the_others_waiting(way, ending):
    way.serve()
    ending(sandbox.Blackhole("127.0.0.96", way.site.port))
    way.start("--resolve", f"site.test:{way.site.port}:127.0.0.96,127.0.0.1", "--connect-time", "30s", sites=[])
    assert way.get().body == b"hello\n"


def test_connection_that_nobody_answers_is_a_page_in_time(way, ending):
    way.site = ending(sandbox.Blackhole())
    way.start("--connect-time", "300ms")
    explained(way, way.get(), 504, "connect-timeout")
    still_serves(way)


@pytest.mark.parametrize("name, words, options", [
    ("nowhere.invalid", "does not exist", []),
    ("refused.test", "the name servers fail", []),
    ("failed.test", "the name servers fail", []),
    ("empty.test", "has no address", []),
    ("silent.test", "in time", ["--connect-time", "300ms"]),
])
def test_name_that_leads_nowhere_is_a_page(way, ending, tmp_path, name, words, options):
    if not sandbox.may_mount():
        pytest.skip("only root can have a name server of its own")
    names = ending(sandbox.Names(tmp_path, refused_test=sandbox.REFUSED, failed_test=sandbox.FAILED, empty_test=[],
                                 silent_test=sandbox.SILENT, good_test=["127.0.0.1"]))
    way.serve()
    way.start(*options, wrapper=names.wrapper)
    authority = f"{name}:{way.site.port}"
    flow = explained(way, way.get(authority=authority), 502, "dns")
    assert words in flow.error_text and name in flow.error_text
    with way.proxy.dial() as pipe:
        pipe.send(b"GET http://good.test:%d/ HTTP/1.1\r\nHost: x\r\n\r\n" % way.site.port)
        assert read_response(pipe).status in (200, 502)
    assert "good.test" in names.asked


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
    still_serves(way)


@pytest.mark.parametrize("data", [
    b"SSH-2.0-OpenSSH_9.2p1\r\n",
    b"\x00\x01\x02\x03" * 100,
    b"220 mail.test ESMTP\r\n",
    b"HTTP/1.1 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"HTTP/2 200\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"x" * (1 << 20),
], ids=lambda data: repr(data[:24]))
def test_garbage_instead_of_a_response_is_a_page_and_its_bytes_are_kept(way, data):
    way.serve(sends(data))
    way.start()
    flow = explained(way, way.get(), 502, "bad-response")
    kept = flow.raw("response") if flow["response"].get("raw") else b""
    assert kept and data.startswith(kept)
    still_serves(way)


@pytest.mark.parametrize("front, mode", [(FIRST, "close"), (FIRST, "reset"), (FIRST, "silent"),
                                         (CHUNK, "close"), (CHUNK, "reset"), (CHUNK, "silent"), (CHUNK + b"5\r\nla", "close"),
                                         (CHUNK + b"zz\r\n", "garbage")],
                         ids=["length-close", "length-reset", "length-silent", "chunked-close", "chunked-reset",
                              "chunked-silent", "chunk-close", "chunk-garbage"])
def test_response_that_is_cut_short_does_not_look_whole(way, front, mode):
    def script(conn):
        conn.request()
        conn.send(front)
        go.append(conn)
        until(lambda: len(seen) > 0, "the client to see the front")
        if mode == "reset":
            conn.reset()
        elif mode == "close":
            conn.close()
        else:
            conn.read_rest()

    go, seen = [], []
    way.serve(script)
    way.start("--idle-time", "2s" if mode == "silent" else "60s")
    with way.open() as pipe:
        pipe.send(way.request())
        if mode != "garbage":
            pipe.read_until(b"first")
        seen.append(True)
        pipe.read_rest()
        assert pipe.end in ("reset", "truncated"), pipe.end
    flow = way.proxy.flow(kind="http")
    assert flow.reason == {"close": "server-closed", "reset": "server-reset", "silent": "server-timeout",
                           "garbage": "bad-response"}[mode]
    assert flow.status == 200 and flow.body("response").startswith(b"first") and not flow["local"]
    still_serves(way)


def test_response_to_the_end_of_the_connection_is_whole_without_a_length(way):
    way.serve(lambda conn: conn.request() and conn.send(b"HTTP/1.1 200 OK\r\n\r\nto the end"))
    way.start()
    answer = way.get()
    assert answer.body == b"to the end"
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


@pytest.mark.parametrize("script, status, reason", [
    (speaks(b"HTTP/1.1 400 Bad Request\r\n\r\n"), 502, "tls-server"),
    (speaks(b"SSH-2.0-OpenSSH_9.2p1\r\n"), 502, "tls-server"),
    (speaks(b"\x15\x03\x03\x00\x02\x02\x28"), 502, "tls-server"),
    (lambda conn: conn.read_some() and conn.close(), 502, "tls-server"),
    (lambda conn: conn.read_some() and conn.reset(), 502, "tls-server"),
    (lambda conn: conn.read_rest(), 504, "tls-server"),
], ids=["http", "ssh", "alert", "close", "reset", "silent"])
def test_tls_handshake_that_the_server_spoils_is_a_page_in_the_tunnel(https, origin, script, status, reason):
    https.site = origin(script)
    https.start("--handshake-time", "300ms")
    explained(https, https.get(), status, reason)
    still_serves(https)


def test_page_is_readable_by_a_browser_and_says_what_to_do(way):
    way.site = Nowhere()
    way.start()
    page = way.get("/", "Accept: text/html,*/*;q=0.8")
    assert page.status == 502 and page.value("Content-Type") == "text/html; charset=utf-8"
    assert "<h1>" in page.text and "refused" in page.text and "--resolve" in page.text


def test_connection_is_kept_behind_a_page(way):
    """The failure is the server's, and no reason to hang up on the client."""
    way.serve(answer_all(hello))
    way.start("--resolve", f"gone.test:{way.site.port}:127.0.0.95")
    gone = f"gone.test:{way.site.port}"
    with way.open(gone) as pipe:
        for _ in range(3):
            pipe.send(way.request(authority=gone))
            assert read_response(pipe).status == 502
    assert len(way.proxy.wait_flows(3, kind="http")) == 3


def test_failure_of_a_head_request_has_no_content(way):
    way.site = Nowhere()
    way.start()
    with way.open() as pipe:
        for _ in range(2):
            pipe.send(way.request(method="HEAD"))
            answer = read_response(pipe, "HEAD")
            assert answer.status == 502 and int(answer.value("Content-Length")) > 0

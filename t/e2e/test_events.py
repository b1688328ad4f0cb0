"""Streams of events, and gRPC: each message is on record while the stream is under way, and nothing of it piles up."""
import base64
import gzip
import struct
import threading
import zlib

import pytest

from conftest import Factory
from lib import h2 as two
from lib.api import Api, OPTIONS
from lib.message import chunked, read_response
from lib.wait import until
from lib.weir import SANITIZED

SSE = "Content-Type: text/event-stream"


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def head(*fields):
    return "\r\n".join(["HTTP/1.1 200 OK", *fields, "Transfer-Encoding: chunked"]).encode() + b"\r\n\r\n"


def grpc(content, flags=0):
    return struct.pack(">BI", flags, len(content)) + content


class Steps:
    """A server that says the next piece when it is told to."""

    def __init__(self, origin, *fields):
        self.fields, self.turn, self.pieces = fields, threading.Semaphore(0), []
        self.site = origin(self._serve)

    def _serve(self, conn):
        conn.request()
        conn.send(head(*self.fields))
        while True:
            assert self.turn.acquire(timeout=20)
            piece = self.pieces.pop(0)
            conn.send(chunk(piece))
            if not piece:
                return

    def say(self, piece):
        """An empty one is the end."""
        self.pieces.append(piece)
        self.turn.release()


def live_messages(api, n):
    """Those of the only flow under way, once there are n."""
    def look():
        flows = [one for one in api.get("/live")["flows"] if one["kind"] == "http"]
        if len(flows) != 1:
            return None
        page = api.get(f"/flows/{flows[0]['id']}/messages")
        return page if page["live"] and page["total"] == n else None
    return until(look, lambda: f"{n} messages under way")["messages"]


def kept(proxy):
    flow = proxy.flow(kind="http")
    return [(one["from"], base64.b64decode(one["base64"])) for one in flow["messages"]["list"]]


@pytest.fixture
def proxy(weir):
    return weir(*OPTIONS)


@pytest.fixture
def api(proxy):
    return Api(proxy)


@pytest.fixture
def site2(world):
    """site2(answer) -> a listening origin of HTTP/2."""
    factory = Factory(two.Site)
    yield lambda answer: factory(answer, world.good("site.test"))
    factory.end()


def target(site):
    return f"http://127.0.0.1:{site.port}/stream"


def ask(pipe, site, *fields):
    pipe.send("\r\n".join([f"GET {target(site)} HTTP/1.1", f"Host: 127.0.0.1:{site.port}", *fields, "", ""]).encode())


def test_events_are_seen_while_the_stream_is_under_way(proxy, api, origin):
    steps = Steps(origin, SSE)
    with proxy.dial() as pipe:
        ask(pipe, steps.site)
        steps.say(b"event: greeting\ndata: one\n\n: a comment\n\n")
        first, = live_messages(api, 1)
        assert (first["kind"], first["from"], first["name"], first["text"]) == ("sse", "server", "greeting", "one")
        # One in pieces: it is there once it has begun, and whole at its end.
        steps.say(b"data: tw")
        steps.say(b"o\nda")
        steps.say(b"ta: lines\n\n")
        until(lambda: live_messages(api, 2)[1]["text"] == "two\nlines", "the rest of the second")
        second = live_messages(api, 2)[1]
        assert "name" not in second and second["at_us"] >= first["at_us"]
        steps.say(b"")
        assert read_response(pipe).body.count(b"data") == 3
    assert kept(proxy) == [("server", b"one"), ("server", b"two\nlines")]


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_compressed_events_are_seen_when_they_come(proxy, api, origin, coding):
    steps = Steps(origin, SSE, f"Content-Encoding: {coding}")
    packer = zlib.compressobj(wbits=31 if coding == "gzip" else 15)
    with proxy.dial() as pipe:
        ask(pipe, steps.site)
        for number in range(1, 4):
            steps.say(packer.compress(b"data: number %d\n\n" % number) + packer.flush(zlib.Z_SYNC_FLUSH))
            assert live_messages(api, number)[-1]["text"] == f"number {number}"
        steps.say(packer.flush())
        steps.say(b"")
        read_response(pipe)
    assert [content for _, content in kept(proxy)] == [b"number 1", b"number 2", b"number 3"]


def test_a_bomb_is_not_expanded_and_goes_on(weir, origin):
    bomb = gzip.compress(b"data: first\n\n" + b"data: x\n\n" * 3000000)
    site = origin(lambda conn: conn.request() and conn.send(chunked([bomb], SSE, "Content-Encoding: gzip")))
    proxy = weir()
    with proxy.dial() as pipe:
        ask(pipe, site)
        assert read_response(pipe).body == bomb
    flow = proxy.flow(kind="http")
    assert flow["messages"]["total"] < 30000
    assert [one for one in flow["trace"] if one["name"] == "messages" and "left out" in one["did"]]


def many(origin, total, event):
    """A site with an answer of so many events, each the same."""
    def serve(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n" % (total * len(event)))
        for _ in range(total // 10):
            conn.send(event * 10)
    return origin(serve, keep=False)


def test_many_events_in_constant_memory(weir, origin):
    total, event = 20000, b"data: " + b"e" * 2000 + b"\n\n"
    site = many(origin, total, event)
    proxy = weir("--threads", "1", "--body-limit", "1k", "--memory-limit", "32m")
    before = proxy.resident()
    with proxy.dial(keep=False) as pipe:
        ask(pipe, site)
        pipe.read_until(b"\r\n\r\n")
        for _ in range(total):
            assert pipe.read(len(event)) == event
    assert proxy.resident() - before < (400 if SANITIZED else 32) * 1024
    messages = proxy.flow(kind="http")["messages"]
    assert messages["total"] == total and 10000 <= messages["lost"] < total
    last = messages["list"][-1]
    assert last["number"] == total and last["size"] == 2000 and "cut" in last["flags"]


def test_grpc_over_http1(proxy, api, origin):
    steps = Steps(origin, "Content-Type: application/grpc", "grpc-encoding: gzip")
    with proxy.dial() as pipe:
        pipe.send(f"POST {target(steps.site)} HTTP/1.1\r\nHost: 127.0.0.1:{steps.site.port}\r\n"
                  "Content-Type: application/grpc+proto\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        pipe.send(chunk(grpc(b"question")[:7]) + chunk(grpc(b"question")[7:]) + chunk(b""))
        steps.say(grpc(gzip.compress(b"first"), 1) + grpc(b"sec")[:6])
        seen = live_messages(api, 3)
        assert [(one["kind"], one["from"]) for one in seen] == [("grpc", "client"), ("grpc", "server"), ("grpc", "server")]
        assert base64.b64decode(seen[1]["base64"]) == b"first" and seen[1]["flags"] == ["compressed"]
        steps.say(b"ec")
        steps.say(b"")
        read_response(pipe)
    assert kept(proxy) == [("client", b"question"), ("server", b"first"), ("server", b"sec")]


def test_grpc_over_http2_in_both_directions(weir, site2):
    def answer(server, stream, request):
        assert request.body == grpc(b"one") + grpc(b"two")
        server.conn.send_headers(stream, [(":status", "200"), ("content-type", "application/grpc")])
        server.conn.send_data(stream, grpc(b"three")[:3])
        server.flush()
        server.conn.send_data(stream, grpc(b"three")[3:] + grpc(b""))
        server.conn.send_headers(stream, [("grpc-status", "0")], end_stream=True)
    site = site2(answer)
    proxy = weir(sites=[site])
    client = two.through(proxy, site)
    stream = client.ask(("content-type", "application/grpc"), ("te", "trailers"), method="POST", end=False)
    client.conn.send_data(stream, grpc(b"one") + grpc(b"two")[:4])
    client.flush()
    client.conn.send_data(stream, grpc(b"two")[4:], end_stream=True)
    client.flush()
    answer = client.answer(stream)
    assert answer.body == grpc(b"three") + grpc(b"") and answer.trailers == [("grpc-status", "0")]
    assert kept(proxy) == [("client", b"one"), ("client", b"two"), ("server", b"three"), ("server", b"")]

"""Peers that send or ask for too much: a limit ends it, its name is said, and others are served."""
import contextlib
import gzip
import socket
import zlib

import pytest

from lib.message import read_response, reply
from lib.origin import answer_all
from lib.pipe import Ended, Pipe
from lib.wait import until
from lib.ways import HTTPS, PLAIN, WAYS, Way
from lib.weir import SANITIZED

MB = 1 << 20
ROOM = (400 if SANITIZED else 112) * 1024  # kilobytes: sanitizers keep what was freed for a while


@pytest.fixture(params=WAYS)
def way(request, weir, origin, world):
    return Way(request.param, weir, origin, world)


@pytest.fixture
def plain(weir, origin, world):
    return Way(PLAIN, weir, origin, world)


@pytest.fixture
def https(weir, origin, world):
    return Way(HTTPS, weir, origin, world)


# Bombs


def bomb(n=64 * MB):
    """Zeros in gzip, one to a thousand."""
    coder = zlib.compressobj(9, wbits=31)
    return b"".join(coder.compress(bytes(MB)) for _ in range(n // MB)) + coder.flush()


@pytest.mark.parametrize("options, said", [
    ([], "more than 200 times its size"),
    (["--decode-ratio", "0"], "more than 33554432 bytes"),
    (["--decode-ratio", "0", "--decode-limit", "8m"], "more than 8388608 bytes"),
], ids=["ratio", "size", "chosen-size"])
def test_bomb_is_forwarded_and_not_expanded(way, options, said):
    data = bomb()
    way.serve(answer_all(lambda request: reply(data, "200 OK", "Content-Encoding: gzip")))
    way.start("--detail", "3", *options)
    before = way.proxy.resident()
    assert way.get().body == data
    way.proxy.wait_line(f"a bomb, not expanded: the content decodes to {said}")
    assert way.proxy.resident("VmHWM") - before < ROOM
    way.still_serves()


def test_bomb_in_a_bomb_is_not_expanded(plain):
    data = gzip.compress(bomb())
    plain.serve(answer_all(lambda request: reply(data, "200 OK", "Content-Encoding: gzip, gzip")))
    plain.start("--detail", "3")
    assert plain.get().body == data
    plain.proxy.wait_line("a bomb, not expanded")


def test_content_with_many_codings_is_not_decoded(plain):
    data = b"hello"
    for _ in range(4):
        data = gzip.compress(data)
    plain.serve(answer_all(lambda request: reply(data, "200 OK", "Content-Encoding: gzip, gzip", "Content-Encoding: gzip, gzip")))
    plain.start("--detail", "3")
    assert plain.get().body == data
    plain.proxy.wait_line("cannot decode more than 3 codings")


# Connections


def connect(proxy, source):
    host, _, port = proxy.address.rpartition(":")
    return Pipe(socket.create_connection((host, int(port)), timeout=20, source_address=(source, 0)))


def is_served(way, pipe):
    try:
        pipe.send(way.request())
        return read_response(pipe).status == 200
    except (Ended, OSError):
        return False


def test_client_with_too_many_connections_is_refused_more_and_others_are_served(plain):
    plain.serve()
    plain.start("--connections-per-client", "20", "--threads", "1")
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(connect(plain.proxy, "127.0.0.2")) for _ in range(40)]
        assert [is_served(plain, pipe) for pipe in crowd] == [True] * 20 + [False] * 20
        line = plain.proxy.wait_line("connections-per-client", "stderr")
        assert "'127.0.0.2:" in line and "has 20 connections" in line
        for number in range(3, 6):
            assert is_served(plain, stack.enter_context(connect(plain.proxy, f"127.0.0.{number}")))
        crowd[0].close()
        until(lambda: is_served(plain, stack.enter_context(connect(plain.proxy, "127.0.0.2"))), "a place that is free again")
    assert plain.proxy.stderr.count("connections-per-client") == 1


# Requests and responses that are too large, or large by their number


CODED = "Transfer-Encoding: chunked"
REQUESTS = {
    "line": (lambda way: way.request("/" + "a" * 17000), 414, "the start line is longer than the limit"),
    "head": (lambda way: way.request("/", *[f"X-{n}: " + "y" * 9000 for n in range(8)]), 431, "the head is larger"),
    "head-without-an-end": (lambda way: way.request("/", "X: " + "y" * 70000)[:-4], 431, "the head is larger"),
    "fields": (lambda way: way.request("/", *["X: y"] * 200), 431, "the head has more fields"),
    "trailers": (lambda way: way.request("/", CODED, method="POST") + b"0\r\nX: " + b"y" * 9000, 431,
                 "the trailer section is larger"),
    "chunk-extension": (lambda way: way.request("/", CODED, method="POST") + b"1;" + b"e" * 300, 400,
                        "a chunk extension is longer"),
    "chunk-extensions": (lambda way: way.request("/", CODED, method="POST") + (b"1;" + b"e" * 200 + b"\r\nx\r\n") * 1000, 400,
                         "chunk-overhead"),
}


@pytest.mark.parametrize("kind", REQUESTS)
def test_request_that_is_too_large_is_refused_by_the_name_of_its_limit(way, kind):
    make, status, said = REQUESTS[kind]
    way.serve()
    way.start("--detail", "0")
    before = way.proxy.resident()
    with way.open() as pipe:
        pipe.send(make(way))
        answer = read_response(pipe)
    assert answer.status == status and said in answer.text
    assert way.proxy.resident("VmHWM") - before < ROOM / 4
    way.still_serves()


def test_flood_of_interim_responses_ends(way):
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000)
        conn.read_rest()
    way.serve(script)
    way.start("--detail", "0")
    with way.open() as pipe:
        pipe.send(way.request())
        heads = []
        while not heads or b" 502 " not in heads[-1]:
            heads.append(pipe.read_until(b"\r\n\r\n"))
    assert len(heads) <= 33
    way.still_serves()


@pytest.mark.parametrize("records", [1, 64])
def test_clienthello_that_is_too_large_is_refused(https, records):
    """It says that it is of 16 MB, and brings some of it: nobody waits for the rest."""
    https.serve()
    https.start("--detail", "0", "--handshake-time", "600s")
    before = https.proxy.resident()
    with https.proxy.tunnel(https.authority) as pipe:
        data = b"\1\xff\xff\xff\3\3" + bytes(records * 16384 - 6)
        try:
            for at in range(0, len(data), 16384):
                pipe.send(b"\x16\3\1" + (16384).to_bytes(2, "big") + data[at:at + 16384])
            pipe.read_rest()
        except ConnectionError:
            pass
    assert https.proxy.resident("VmHWM") - before < ROOM / 8
    https.still_serves()


def test_certificate_with_ten_thousand_names_is_refused(https, origin, world):
    """Its message is larger than 128 KiB; nothing of it is mirrored."""
    https.site = origin(cert=world.root.issue("site.test", names=["site.test", *(f"name{n}.site.test" for n in range(10000))]))
    https.start("--detail", "0")
    answer = https.get()
    assert answer.status == 502 and "larger than Weir reads" in answer.text
    https.still_serves()

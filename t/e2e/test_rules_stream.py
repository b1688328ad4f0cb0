"""Rules that replace in contents while these pass: of any length, coded, endless, cut off; and only then."""
import base64
import gzip
import threading
import zlib

import pytest

from lib.coding import encode
from lib.echo import ask, send
from lib.message import chunked, read_response, reply
from lib.origin import answer_all
from lib.pipe import Ended
from lib.weir import SANITIZED

MB = 1 << 20
# Sanitizers keep what was freed for a while.
ROOM = (400 if SANITIZED else 64) * 1024  # kilobytes
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SECRET = "- {do: replace-body, pattern: 's(.)cret', with: 'h$1dden'}\n"


@pytest.fixture
def with_rules(weir, origin):
    """with_rules(text, script, *options) -> a proxy with that rules.yaml, and the site that runs the script."""

    def make(text, script, *options, keep=True):
        site = origin(script, keep=keep)
        proxy = weir(*options, start=False, sites=[site])
        proxy.write_rules(text)
        return proxy.start(), site

    return make


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def read_chunk(pipe):
    data = pipe.read(int(pipe.read_until(b"\r\n"), 16) + 2)
    assert data.endswith(b"\r\n")
    return data[:-2]


def did(flow):
    return [trace["did"] for trace in flow["trace"]]


def test_a_content_of_200_mb_is_replaced_and_memory_stays(with_rules):
    piece = (b"a line with a secret in it, and words\n" * 2000)[:65536 - 1] + b"s"
    total = 200 * MB // len(piece)

    def script(conn):
        conn.request()
        conn.send(HEAD)
        for _ in range(total):
            conn.send(chunk(piece))
        conn.send(b"0\r\n\r\n")

    proxy, site = with_rules(SECRET, script, "--body-limit", "64k", "--threads", "1", keep=False)
    before = proxy.resident()
    # Nothing of a match lies across two pieces but the 's' at their ends.
    want, n = zlib.crc32(b""), 0
    for _ in range(total):
        part = piece.replace(b"secret", b"hedden")
        want, n = zlib.crc32(part, want), n + len(part)
    got, received = zlib.crc32(b""), 0
    with proxy.dial(keep=False) as pipe:
        send(pipe, site)
        assert b"Transfer-Encoding: chunked" in pipe.read_until(b"\r\n\r\n")
        while part := read_chunk(pipe):
            got, received = zlib.crc32(part, got), received + len(part)
    assert (received, got) == (n, want)
    assert proxy.resident("VmHWM") - before < ROOM
    flow = proxy.flow(kind="http")
    version = flow["response"]["versions"][0]
    assert flow["response"]["body"]["kept"] == 65536 and flow.body("response") == piece[:65536]
    assert version["size"] == n and base64.b64decode(version["base64"]) == piece.replace(b"secret", b"hedden")[:65536]
    assert did(flow) == [f"replaced {piece.count(b'secret') * total} in the content as it went by"]


@pytest.mark.parametrize("fields", (b"Transfer-Encoding: chunked\r\n", b"Content-Type: text/event-stream\r\n"))
def test_events_are_replaced_as_they_come(with_rules, fields):
    framed, seen = b"chunked" in fields, threading.Semaphore(0)

    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n")
        for number in range(3):
            for part in b"data: %d se" % number, b"cret\n\n":
                conn.send(chunk(part) if framed else part)
            seen.acquire(timeout=60)

    proxy, site = with_rules(SECRET, script)
    with proxy.dial() as pipe:
        send(pipe, site)
        head = pipe.read_until(b"\r\n\r\n")
        assert (b"Transfer-Encoding: chunked" in head) == framed
        for number in range(3):
            event = b""
            while not event.endswith(b"\n\n"):
                event += read_chunk(pipe) if framed else pipe.read_some()
            assert event == b"data: %d hedden\n\n" % number
            seen.release()


@pytest.mark.parametrize("coding", ("gzip", "deflate", "br", "zstd", "gzip, br"))
def test_codings_are_undone(with_rules, coding):
    text = b"".join(b"%x secret. " % (number * 2654435761) for number in range(30000))
    body = encode(coding, text)
    parts = [body[at:at + 7] for at in range(0, min(len(body), 700), 7)] + [body[700:]]
    answer = chunked([part for part in parts if part], f"Content-Encoding: {coding}", "ETag: x")
    proxy, site = with_rules(SECRET, answer_all(lambda request: answer))
    response = ask(proxy, site)
    assert response.body == text.replace(b"secret", b"hedden")
    assert not response.values("Content-Encoding") and response.value("ETag") == "x"
    flow = proxy.flow(kind="http")
    assert flow.body("response") == body
    assert did(flow) == ["replaced 30000 in the content as it went by"]


def test_what_cannot_be_read_stays_as_it_is(with_rules):
    answers = {"/sdch": chunked([b"secret"], "Content-Encoding: sdch"),
               "/part": chunked([b"secret"], "Content-Range: bytes 0-5/9", status="206 Partial Content")}
    proxy, site = with_rules(SECRET, answer_all(lambda request: answers[request.target]))
    for target, why in ("/sdch", "cannot decode 'sdch'"), ("/part", "a part of a content"):
        response = ask(proxy, site, target)
        assert response.body == b"secret"
        assert response.value("Content-Encoding") == ("sdch" if target == "/sdch" else "")
        assert did(proxy.flow(kind="http", path=target)) == [f"left as it is: {why}"]


def test_what_is_damaged_does_not_look_whole(with_rules):
    answer = chunked([gzip.compress(b"a secret" * 1000)[:-9]], "Content-Encoding: gzip")
    proxy, site = with_rules(SECRET, answer_all(lambda request: answer))
    with pytest.raises(Ended):
        ask(proxy, site)
    flow = proxy.flow(kind="http")
    assert (flow.reason, flow.error_text) == (
        "bad-response", "the server's response is malformed: the gzip data ends too early")


def test_requests_are_replaced_as_they_come(with_rules):
    seen = []

    def script(conn):
        request = conn.request()
        seen.append(request)
        conn.send(reply(b"ok"))

    proxy, site = with_rules(SECRET.replace("pattern", "side: request, pattern"), script, "--body-limit", "1k")
    with proxy.dial() as pipe:
        send(pipe, site, "/", "Transfer-Encoding: chunked", method="POST")
        site.wait_connections(1)  # nothing is waited for
        for part in b"a se", b"c", b"ret, anoth", b"er secret" * 1000:
            pipe.send(chunk(part))
        pipe.send(b"0\r\nX: y\r\n\r\n")
        assert read_response(pipe).body == b"ok"
    body = b"a hedden, anoth" + b"er hedden" * 1000
    assert seen[0].body == body and seen[0].trailers == b"X: y\r\n"
    flow = proxy.flow(kind="http")
    version = flow["request"]["versions"][0]
    assert (version["size"], version["cut"]) == (len(body), True)
    assert base64.b64decode(version["base64"]) == body[:1024]


def test_rules_apply_in_their_order(with_rules):
    rules = SECRET + "- {do: replace-body, pattern: hedden, literal: yes, with: found}\n"
    proxy, site = with_rules(rules, answer_all(lambda request: chunked([b"sec", b"ret, hed", b"den"])))
    assert ask(proxy, site).body == b"found, found"
    flow = proxy.flow(kind="http")
    assert [base64.b64decode(version["base64"]) for version in flow["response"]["versions"]] == [
        b"hedden, hedden", b"found, found"]


def test_what_is_small_or_wanted_whole_is_waited_for(with_rules):
    answers = {"/small": reply(b"a secret"), "/whole": chunked([b"a secr", b"et"]), "/head": reply(b"a secret"),
               "/large": reply(b"a secret" * 1000)}
    rules = SECRET + "- {do: tag, tag: t, when: 'path:/whole resp.body:secret'}\n"
    proxy, site = with_rules(rules, answer_all(lambda request: answers[request.target]), "--body-limit", "1k")
    for target in "/small", "/whole":
        response = ask(proxy, site, target)
        assert (response.body, response.value("Content-Length")) == (b"a hedden", "8")
    large = ask(proxy, site, "/large")
    assert large.body == b"a hedden" * 1000 and not large.values("Content-Length")
    with proxy.dial() as pipe:
        pipe.send(b"GET http://site.test:%d/large HTTP/1.0\r\n\r\n" % site.port)
        old = read_response(pipe)
        assert old.body == b"a hedden" * 1000 and not old.values("Transfer-Encoding")


def test_a_server_that_goes_away_cuts_it_off(with_rules):
    seen = threading.Event()

    def script(conn):
        conn.request()
        conn.send(HEAD + chunk(b"a secret and a sec"))
        seen.wait(60)
        conn.reset()

    proxy, site = with_rules(SECRET, script)
    with proxy.dial() as pipe:
        send(pipe, site)
        pipe.read_until(b"\r\n\r\n")
        assert read_chunk(pipe) == b"a hedden and a "
        seen.set()
        with pytest.raises(Ended):
            read_chunk(pipe)
    assert proxy.flow(kind="http").reason in ("server-closed", "server-reset", "truncated")


def test_a_client_that_goes_away_ends_it(with_rules):
    def script(conn):
        conn.request()
        conn.send(HEAD + chunk(b"a secret and a sec"))
        conn.read_rest()

    proxy, site = with_rules(SECRET, script)
    with proxy.dial() as pipe:
        send(pipe, site)
        pipe.read_until(b"\r\n\r\n")
        assert read_chunk(pipe) == b"a hedden and a "
        pipe.reset()
    flow = proxy.flow(kind="http")
    assert flow.reason == "client-closed"
    assert base64.b64decode(flow["response"]["versions"][0]["base64"]) == b"a hedden and a "

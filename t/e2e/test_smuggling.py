"""Messages that two programs could read in two ways: refused with the server unseen, or let through byte for byte."""
import pytest

from lib.message import read_response, reply
from lib.origin import answer_all
from lib.wait import until

# Name, what stands behind the request line and Host, and the status. {at} is the server.
FRAMING = [
    ("length and chunked", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("chunked and length", b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    ("two lengths", b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400),
    ("equal lengths", b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
    ("length list", b"Content-Length: 5,5\r\n\r\nhello", 400),
    ("length with plus", b"Content-Length: +5\r\n\r\nhello", 400),
    ("negative length", b"Content-Length: -5\r\n\r\nhello", 400),
    ("hexadecimal length", b"Content-Length: 0x5\r\n\r\nhello", 400),
    ("length with underscore", b"Content-Length: 5_0\r\n\r\nhello", 400),
    ("length with semicolon", b"Content-Length: 5;\r\n\r\nhello", 400),
    ("empty length", b"Content-Length:\r\n\r\nhello", 400),
    ("huge length", b"Content-Length: 99999999999999999999\r\n\r\nhello", 400),
    ("space before colon", b"Content-Length : 5\r\n\r\nhello", 400),
    ("tab before colon", b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", 400),
    ("xchunked", b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    ("chunked list", b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
    ("gzip, chunked", b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    ("quoted chunked", b"Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400),
    ("chunked with parameter", b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", 400),
    ("two codings", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("vertical tab", b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
    ("no-break space", b"Transfer-Encoding: \xa0chunked\r\n\r\n0\r\n\r\n", 400),
    ("folded coding", b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
    ("folded field", b"X: a\r\n b\r\n\r\n", 400),
    ("first field folded", b" X: a\r\n\r\n", 400),
    ("bare LF", b"X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("bare CR", b"X: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("NUL in value", b"X: a\0b\r\n\r\n", 400),
    ("NUL in name", b"X\0: a\r\n\r\n", 400),
    ("control byte", b"X: a\x01b\r\n\r\n", 400),
    ("no colon", b"Just words\r\n\r\n", 400),
    ("empty name", b": nothing\r\n\r\n", 400),
    ("byte in name", b"X(y): a\r\n\r\n", 400),
    ("second Host", b"Host: other.test\r\n\r\n", 400),
    ("unknown expectation", b"Expect: 200-ok\r\n\r\n", 417),
]

CHUNKS = [
    ("size with prefix", b"0x5\r\nhello\r\n0\r\n\r\n"),
    ("size with plus", b"+5\r\nhello\r\n0\r\n\r\n"),
    ("size with space", b" 5\r\nhello\r\n0\r\n\r\n"),
    ("size with space behind", b"5 \r\nhello\r\n0\r\n\r\n"),
    ("size with underscore", b"5_\r\nhello\r\n0\r\n\r\n"),
    ("empty size", b"\r\nhello\r\n0\r\n\r\n"),
    ("huge size", b"FFFFFFFFFFFFFFFFF\r\nhello"),
    ("negative size", b"-5\r\nhello\r\n0\r\n\r\n"),
    ("bare LF", b"5\nhello\r\n0\r\n\r\n"),
    ("LF in extension", b"5;a\nb\r\nhello\r\n0\r\n\r\n"),
    ("CR in extension", b"5;a\rb\r\nhello\r\n0\r\n\r\n"),
    ("no end of data", b"5\r\nhelloXX0\r\n\r\n"),
    ("folded trailer", b"5\r\nhello\r\n0\r\nX: a\r\n b\r\n\r\n"),
    ("long extension", b"5;" + b"a" * 20000 + b"\r\nhello\r\n0\r\n\r\n"),
]

LINES = [
    ("two blanks", b"GET  http://{at}/ HTTP/1.1", 400),
    ("tab", b"GET\thttp://{at}/\tHTTP/1.1", 400),
    ("blank behind", b"GET http://{at}/ HTTP/1.1 ", 400),
    ("no version", b"GET http://{at}/", 400),
    ("lower-case version", b"GET http://{at}/ http/1.1", 400),
    ("version 2.0", b"GET http://{at}/ HTTP/2.0", 505),
    ("version 1.10", b"GET http://{at}/ HTTP/1.10", 400),
    ("version 0.9", b"GET http://{at}/ HTTP/0.9", 505),
    ("fragment", b"GET http://{at}/#x HTTP/1.1", 400),
    ("user name", b"GET http://user@{at}/ HTTP/1.1", 400),
    ("high byte", b"GET http://{at}/\xe4 HTTP/1.1", 400),
    ("control byte", b"GET http://{at}/\x7f HTTP/1.1", 400),
    ("bad method", b"G(T http://{at}/ HTTP/1.1", 400),
    ("no method", b" http://{at}/ HTTP/1.1", 400),
    ("other scheme", b"GET ftp://{at}/ HTTP/1.1", 400),
    ("authority form", b"GET {at} HTTP/1.1", 400),
    ("asterisk", b"GET * HTTP/1.1", 400),
]


def at(site):
    return f"{site.address}:{site.port}".encode()


def refused(proxy, site, data, status):
    """Sends it with a request behind it, which must not be served either."""
    follow = b"GET http://%s/smuggled HTTP/1.1\r\nHost: %s\r\n\r\n" % (at(site), at(site))
    with proxy.dial() as pipe:
        pipe.send(data + follow)
        answer = read_response(pipe)
        assert answer.status == status, answer.head + answer.body
        assert pipe.read_rest() == b"", "a second answer"
    return answer


@pytest.mark.parametrize("name, rest, status", FRAMING, ids=[row[0] for row in FRAMING])
def test_ambiguous_head_is_refused_and_the_server_sees_nothing(name, rest, status, weir, origin):
    proxy, site = weir(), origin()
    data = b"POST http://%s/ HTTP/1.1\r\nHost: %s\r\n%s" % (at(site), at(site), rest)

    answer = refused(proxy, site, data, status)

    flow = proxy.flow(kind="http")
    assert flow.reason == "bad-request" and flow["local"] and flow.status == status
    assert flow.error_text.split("(")[0].strip() in answer.text
    assert flow.raw("request") == data[:data.index(b"\r\n\r\n") + 4], "the bytes were not kept"
    assert not site.connections


@pytest.mark.parametrize("name, line, status", LINES, ids=[row[0] for row in LINES])
def test_odd_request_line_is_refused_and_the_server_sees_nothing(name, line, status, weir, origin):
    proxy, site = weir(), origin()
    line = line.replace(b"{at}", at(site))
    refused(proxy, site, line + b"\r\nHost: " + at(site) + b"\r\n\r\n", status)
    assert proxy.flow(kind="http").reason in ("bad-request", "bad-target")
    assert not site.connections


@pytest.mark.parametrize("fields", [b"", b"Host:\r\n", b"Host: a b\r\n", b"Host: a/b\r\n", b"Host: a@b\r\n", b"Host: a,b\r\n", b"Host: a:x\r\n"])
def test_bad_host_is_refused(fields, weir, origin):
    proxy, site = weir(), origin()
    refused(proxy, site, b"GET http://%s/ HTTP/1.1\r\n%s\r\n" % (at(site), fields), 400)
    assert not site.connections


@pytest.mark.parametrize("name, chunks", CHUNKS, ids=[row[0] for row in CHUNKS])
def test_bad_chunks_are_refused_and_never_completed_at_the_server(name, chunks, weir, origin):
    proxy, site = weir(), origin()
    head = b"POST http://%s/ HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\n" % (at(site), at(site))
    refused(proxy, site, head + chunks, 400)
    assert proxy.flow(kind="http").reason == "bad-request"
    until(lambda: all(conn.done for conn in site.connections if conn.received), "the server's connection to be closed")
    assert not site.requests, "the server took it for a whole request"


@pytest.mark.parametrize("options, request_head, status", [
    (["--head-max", "2k"], b"X: " + b"a" * 4000 + b"\r\n", 431),
    (["--fields-max", "10"], b"X: a\r\n" * 20, 431),
    (["--line-max", "300"], None, 414),
])
def test_oversized_heads_are_refused(options, request_head, status, weir, origin):
    proxy, site = weir(*options), origin()
    path = b"a" * 400 if request_head is None else b""
    data = b"GET http://%s/%s HTTP/1.1\r\nHost: %s\r\n%s\r\n" % (at(site), path, at(site), request_head or b"")
    refused(proxy, site, data, status)
    assert not site.connections


def test_head_that_never_ends_is_refused_before_it_has_cost_much(weir, origin):
    proxy = weir("--head-max", "8k")
    with proxy.dial() as pipe:
        pipe.send(b"GET http://127.0.0.1:1/ HTTP/1.1\r\nX: " + b"a" * 9000)
        assert read_response(pipe).status == 431


def test_tls_tunnels_are_as_strict(weir, origin, world):
    site = origin(cert=world.good())
    proxy = weir(sites=[site])
    with proxy.secure("site.test", site.port) as pipe:
        pipe.send(b"GET / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert read_response(pipe).status == 400
        pipe.read_rest()
    assert site.received == b""


# Bad responses

RESPONSES = [
    ("length and chunked", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
    ("bad length", b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello"),
    ("bare LF", b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"),
    ("no status", b"HTTP/1.1 OK\r\n\r\n"),
    ("short status", b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"),
    ("not HTTP", b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    ("NUL", b"HTTP/1.1 200 OK\r\nX: a\0\r\nContent-Length: 0\r\n\r\n"),
    ("space before colon", b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello"),
    ("chunked in 1.0", b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("204 with content", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"),
    ("unknown coding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
]


@pytest.mark.parametrize("name, response", RESPONSES, ids=[row[0] for row in RESPONSES])
def test_bad_response_is_an_error_page_and_its_bytes_are_kept(name, response, weir, origin):
    site = origin(lambda conn: (conn.request(), conn.send(response)))
    proxy = weir()
    with proxy.dial() as pipe:
        pipe.send(b"GET http://%s/ HTTP/1.1\r\nHost: %s\r\n\r\n" % (at(site), at(site)))
        answer = read_response(pipe)
    assert answer.status == 502
    flow = proxy.flow(kind="http")
    assert flow.reason == "bad-response" and flow.error_text.split("(")[0].strip() in answer.text


def test_header_bomb_in_a_response_is_an_error_page(weir, origin):
    site = origin(answer_all(lambda request: reply(b"", "200 OK", *["X: " + "a" * 1000] * 200)))
    proxy = weir()
    with proxy.dial() as pipe:
        pipe.send(b"GET http://%s/ HTTP/1.1\r\nHost: %s\r\n\r\n" % (at(site), at(site)))
        assert read_response(pipe).status == 502


# Byte for byte, on request


@pytest.mark.parametrize("rest", [row[1] for row in FRAMING if row[0] not in ("second Host", "NUL in name")],
                         ids=[row[0] for row in FRAMING if row[0] not in ("second Host", "NUL in name")])
def test_allow_malformed_forwards_the_bytes_as_they_are(rest, weir, origin):
    def script(conn):
        conn.read_until(data[-8:])
        conn.send(b"HTTP/1.1 200 OK\r\nX-Odd : yes\r\nContent-Length: 2\r\n\r\nok")

    site = origin(script)
    proxy = weir("--allow-malformed", "--threads", "1")
    data = b"POST http://%s/x HTTP/1.1\r\nHost: %s\r\n%s" % (at(site), at(site), rest)
    with proxy.dial() as pipe:
        pipe.send(data)
        got = pipe.read_until(b"\r\n\r\nok")
    assert got == b"HTTP/1.1 200 OK\r\nX-Odd : yes\r\nContent-Length: 2\r\n\r\nok"
    assert site.received == data
    flow = proxy.wait_flows(1)[0]
    assert flow["request"]["malformed"]


def test_allow_malformed_never_shares_a_connection(weir, origin):
    site = origin()
    proxy = weir("--allow-malformed", "--threads", "1")

    def ask(data):
        with proxy.dial() as pipe:
            pipe.send(data)
            assert read_response(pipe).status == 200

    good = b"GET http://%s/ HTTP/1.1\r\nHost: %s\r\n\r\n" % (at(site), at(site))
    bad = b"GET http://%s/ HTTP/1.1\r\nHost: %s\r\nX : y\r\n\r\n" % (at(site), at(site))
    for data in (good, bad, bad, good):
        ask(data)
    until(lambda: len(site.connections) == 3, lambda: f"{len(site.connections)} connections")
    assert [len(conn.requests) for conn in site.connections] == [2, 1, 1]


def test_allow_malformed_does_not_raise_the_limits(weir, origin):
    proxy, site = weir("--allow-malformed", "--head-max", "2k"), origin()
    refused(proxy, site, b"GET http://%s/ HTTP/1.1\r\nHost: %s\r\nX: %s\r\n\r\n" % (at(site), at(site), b"a" * 4000), 431)
    assert not site.connections

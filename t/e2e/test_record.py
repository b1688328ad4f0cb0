"""What is recorded and shown: exact bytes, times, facts, decoded contents."""
import base64
import gzip
import json
import os
import pty
import re
import signal
import socket
import subprocess
import zlib

import pytest

from lib import env
from lib.message import chunked, read_response, reply
from lib.origin import answer_all
from lib.pipe import Pipe
from lib.weir import BINARY, SANITIZER_ENV, weir_run

TEXT = b"the quick brown fox jumps over the lazy dog\n" * 20


def brotli(data):
    """Stored, since Debian's Python has no brotli: one meta-block of at most 64 KiB that is not compressed."""
    fields = [(0, 1), (0, 1), (0, 2), (len(data) - 1, 16), (1, 1)]  # window, not last, nibbles of size, size, stored
    value = at = 0
    for number, width in fields:
        value |= number << at
        at += width
    return value.to_bytes((at + 7) // 8, "little") + data + b"\x03"


def zstd(data):
    """A frame of one raw block."""
    return b"\x28\xb5\x2f\xfd\x00\x58" + (len(data) << 3 | 1).to_bytes(3, "little") + data


def zstd_bomb(blocks):
    """128 KiB of zeros out of each four bytes."""
    block = (131072 << 3 | 1 << 1).to_bytes(3, "little") + b"\0"
    last = (131072 << 3 | 1 << 1 | 1).to_bytes(3, "little") + b"\0"
    return b"\x28\xb5\x2f\xfd\x00\x58" + block * (blocks - 1) + last


def get(proxy, site, path="/", *fields, method="GET", body=b""):
    host = f"{site.address}:{site.port}"
    lines = [f"{method} http://{host}{path} HTTP/1.1", f"Host: {host}", *fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    with proxy.dial() as pipe:
        pipe.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return read_response(pipe, method)


# The file


def test_recorded_line_is_exact_and_complete(weir, origin):
    response = b"HTTP/1.1 200 OK\r\nX-a:  b \r\ncontent-length: 4\r\n\r\n\x00\xff\r\n"
    site = origin(answer_all(lambda request: response))
    proxy = weir()
    get(proxy, site, "/p?q=\"", "X-Odd:1", method="POST", body=b"\x00body\xfe")
    flow = proxy.flow(kind="http")

    assert next(iter(flow)) == "weir_flow" and flow["weir_flow"] == 1
    assert flow["url"] == site.url('/p?q="') and (flow["scheme"], flow["host"], flow["port"]) == ("http", "127.0.0.1", site.port)
    assert flow.raw("request").startswith(b'POST http://127.0.0.1') and b"\r\nX-Odd:1\r\n" in flow.raw("request")
    assert flow.sent("request") == site.requests[0].head
    assert flow.body("request") == b"\x00body\xfe" and flow.body("response") == b"\x00\xff\r\n"
    assert flow.raw("response") == response[:-4] and "sent" not in flow["response"]
    assert flow["response"]["fields"] == [["X-a", "b"], ["content-length", "4"]]
    assert flow["response"]["body"]["size"] == flow["response"]["body"]["kept"] == 4
    assert not flow["response"]["body"]["cut"]
    assert flow["response"]["wire_bytes"] == 4
    assert flow["local"] is False and flow["error"] is None and flow["interim"] == []


def test_times_are_in_order_and_addresses_are_there(weir, origin, world):
    site = origin(cert=world.good())
    proxy = weir(sites=[site])
    with proxy.secure("site.test", site.port) as pipe:
        pipe.send(b"GET / HTTP/1.1\r\nHost: site.test\r\n\r\n")
        read_response(pipe)
    flow = proxy.flow(kind="http")
    client, server = flow["client"], flow["server"]
    assert client["opened_us"] <= client["secured_us"] <= flow["started_us"]
    assert server["resolved_us"] is None, "nobody was asked for the name"
    assert server["opened_us"] <= server["connected_us"] <= server["secured_us"]
    assert flow["started_us"] <= flow["request"]["head_us"] <= flow["request"]["end_us"]
    assert flow["request"]["end_us"] <= flow["response"]["head_us"] <= flow["response"]["end_us"] <= flow["ended_us"]
    assert client["local"] == proxy.address and client["remote"].startswith("127.0.0.1:")
    assert server["remote"] == f"127.0.0.1:{site.port}" and (server["host"], server["port"]) == ("site.test", site.port)


def test_content_is_kept_up_to_the_limit_and_marked_behind_it(weir, origin):
    body = os.urandom(300000)
    site = origin(answer_all(lambda request: reply(body)))
    proxy = weir("--body-limit", "1000")
    assert get(proxy, site, method="POST", body=b"y" * 5000).body == body
    flow = proxy.flow(kind="http")
    for side, whole in (("request", b"y" * 5000), ("response", body)):
        kept = flow[side]["body"]
        assert kept["cut"] and kept["size"] == len(whole) and kept["kept"] == 1000
        assert flow.body(side) == whole[:1000]
    assert "kept" in proxy.wait_line(" POST ")


def test_nothing_is_kept_when_the_limit_is_zero(weir, origin):
    site = origin()
    proxy = weir("--body-limit", "0")
    assert get(proxy, site).body == b"hello\n"
    body = proxy.flow(kind="http")["response"]["body"]
    assert (body["size"], body["kept"], body["cut"]) == (6, 0, True)


def test_certificates_of_both_sides_are_recorded(weir, origin, world):
    site = origin(cert=world.good())
    proxy = weir(sites=[site])
    with proxy.secure("site.test", site.port) as pipe:
        shown = pipe.tls.getpeercert(binary_form=True)
        pipe.send(b"GET / HTTP/1.1\r\nHost: site.test\r\n\r\n")
        read_response(pipe)
    flow = proxy.flow(kind="http")
    certs = {side: [base64.b64decode(c) for c in flow[side]["tls"]["certs"]] for side in ("client", "server")}
    assert certs["server"] == [site.cert.der, *(above.der for above in site.cert.chain)]
    assert certs["client"][0] == shown


def test_file_is_appended_to_and_private(weir, origin):
    site = origin()
    proxy = weir()
    get(proxy, site)
    proxy.wait_flows(1)
    proxy.stop()
    first = proxy.record_file.read_bytes()
    again = weir("-w", proxy.record_file, record=False)
    get(again, site)
    again.stop()
    assert proxy.record_file.read_bytes().startswith(first)
    assert len(proxy.flows()) == 2 and proxy.record_file.stat().st_mode & 0o077 == 0


def test_device_may_have_several_who_write_to_it(weir):
    for _ in range(2):
        weir("-w", "/dev/null", record=False)


def test_foreign_file_is_refused_and_left_alone(home, shared):
    path = home / "precious"
    path.write_text("my diary\n")
    done = weir_run(home, "dump", "-p", "0", "--confdir", shared["ca"].parent, "-w", path)
    assert done.returncode in (2, 3) and str(path) in done.stderr.decode()
    assert path.read_text() == "my diary\n"


def test_connect_is_a_flow_of_its_own(weir, origin):
    site = origin()
    proxy = weir()
    with proxy.tunnel(f"127.0.0.1:{site.port}") as pipe:
        pipe.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        read_response(pipe)
    connect, exchange = proxy.flow(kind="connect"), proxy.flow(kind="http")
    assert connect["url"] == f"127.0.0.1:{site.port}" and connect.status == 200
    assert connect["client"]["id"] == exchange["client"]["id"]


# The screen


def test_one_line_per_exchange(weir, origin):
    site = origin(answer_all(lambda request: reply(TEXT, "404 Not Found", "Content-Type: text/html; charset=utf-8")))
    proxy = weir()
    get(proxy, site, "/path")
    line = proxy.wait_line("/path")
    assert re.fullmatch(rf"127\.0\.0\.1:\d+ GET http://127\.0\.0\.1:{site.port}/path 404 text/html 880b \d+(us|ms|s)", line), line


def test_detail_0_prints_nothing_and_2_prints_heads(weir, origin):
    site = origin()
    quiet, heads = weir("--detail", "0"), weir("--detail", "2")
    for proxy in (quiet, heads):
        get(proxy, site, "/x", "X-Field: value")
        proxy.wait_flows(1)
        proxy.stop()
    assert not [line for line in quiet.stdout.splitlines() if not line.startswith("listening ")]
    assert "  > X-Field: value" in heads.stdout.splitlines() and "  < Content-Type: text/plain" in heads.stdout.splitlines()
    assert "hello" not in heads.stdout


CODINGS = {
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT),
    "deflate": zlib.compress(TEXT),
    "br": brotli(TEXT),
    "zstd": zstd(TEXT),
    "gzip, br": brotli(gzip.compress(TEXT)),
    "deflate, gzip, zstd": zstd(gzip.compress(zlib.compress(TEXT))),
}


@pytest.mark.parametrize("coding", CODINGS)
def test_coded_content_is_forwarded_as_it_is_and_shown_decoded(coding, weir, origin):
    coded = CODINGS[coding]
    site = origin(answer_all(lambda request: chunked([coded[:7], coded[7:]], f"Content-Encoding: {coding}", "Content-Type: text/plain")))
    proxy = weir("--detail", "3")
    assert get(proxy, site).body == coded
    proxy.wait_line("decoded: ")
    assert proxy.stdout.count("the quick brown fox jumps over the lazy dog") == 20
    assert proxy.flow(kind="http").body("response") == coded


@pytest.mark.parametrize("coding, bomb", [
    ("gzip", gzip.compress(bytes(50 << 20), 9)),
    ("zstd", zstd_bomb(400)),
    ("gzip, gzip", gzip.compress(gzip.compress(bytes(50 << 20), 9))),
])
def test_bomb_is_named_and_not_expanded(coding, bomb, weir, origin):
    site = origin(answer_all(lambda request: reply(bomb, "200 OK", f"Content-Encoding: {coding}")))
    proxy = weir("--detail", "3", "--decode-limit", "1m")
    assert get(proxy, site).body == bomb
    assert "bomb" in proxy.wait_line("bomb")


def test_damaged_coding_is_named(weir, origin):
    coded = bytearray(gzip.compress(TEXT))
    coded[30] ^= 0xff
    site = origin(answer_all(lambda request: reply(bytes(coded), "200 OK", "Content-Encoding: gzip")))
    proxy = weir("--detail", "3")
    assert get(proxy, site).body == bytes(coded)
    proxy.wait_line(re.compile("gzip.*damaged|damaged"))


def test_terminal_escapes_in_content_and_heads_are_harmless(weir, origin):
    nasty = "\x1b[31mred\x07\u202e"
    site = origin(answer_all(lambda request: reply(nasty.encode(), "200 OK", "Content-Type: text/plain")))
    proxy = weir("--detail", "4")
    get(proxy, site, "/%1b", "X-High: \u00e9\u202e")
    proxy.wait_line("times ")
    for bad in ("\x1b", "\x07", "\u202e"):
        assert bad not in proxy.stdout


def test_detail_3_shows_connections_and_times(weir, origin, world):
    site = origin(cert=world.good())
    proxy = weir("--detail", "3", sites=[site])
    with proxy.secure("site.test", site.port) as pipe:
        pipe.send(b"GET / HTTP/1.1\r\nHost: site.test\r\n\r\n")
        read_response(pipe)
    proxy.wait_line(re.compile(r"^    client .* TLSv1\.3 .* sni=site\.test .* ja4=t13d"))
    proxy.wait_line(re.compile(r"^    server .* certificate=ok"))
    proxy.wait_line(re.compile(r"^    times .* connect .* tls .* end "))


def test_json_is_one_object_a_line(weir, origin):
    site = origin()
    for detail in ("1", "3"):
        proxy = weir("--json", "--detail", detail)
        get(proxy, site, "/a")
        get(proxy, site, "/b")
        proxy.wait_flows(2)
        proxy.stop()
        lines = [json.loads(line) for line in proxy.stdout.splitlines() if line.startswith("{")]
        assert len(lines) == 2 and {line["url"] for line in lines} == {site.url("/a"), site.url("/b")}
        assert all(("raw" in line["request"]) == (detail == "3") for line in lines)


@pytest.mark.parametrize("value, escapes", [("always", True), ("never", False), ("auto", False)])
def test_colour_is_for_who_wants_it(value, escapes, weir, origin):
    proxy, site = weir("--color", value), origin()
    get(proxy, site)
    assert ("\x1b[" in proxy.wait_line(" GET " if not escapes else "GET")) == escapes


def test_colour_is_on_on_a_terminal(home, shared, origin):
    site = origin()
    master, slave = pty.openpty()
    process = subprocess.Popen([BINARY, "dump", "-p", "0", "--confdir", shared["ca"].parent], stdout=slave,
                               env={**env.scrubbed(home, TERM="xterm"), **SANITIZER_ENV})
    try:
        os.close(slave)
        seen = b""
        while b"\n" not in seen:
            seen += os.read(master, 4096)
        with Pipe(socket.create_connection(("127.0.0.1", int(re.search(rb":(\d+)", seen).group(1))))) as pipe:
            pipe.send(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % site.url().encode())
            read_response(pipe)
        while b"GET" not in seen or not seen.endswith(b"\n"):
            seen += os.read(master, 4096)
        assert b"\x1b[" in seen
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(master)

"""WebSockets through the proxy: what each side may say, what is kept of it, and that nothing of it piles up."""
import asyncio
import base64
import os
import threading
import zlib

import pytest
import websockets

from lib.api import Api, OPTIONS
from lib.browsers import BROWSERS
from lib.message import reply
from lib.origin import server_context
from lib.wait import until
from lib.websocket import BINARY, CLOSE, CONTINUATION, PING, TEXT, accept, frame, masked
from lib.weir import SANITIZED
from lib.ws_cases import CASES, LAST, PASS
from lib.ws_line import KEY, Lines, mask_of

MB = 1 << 20
DEFLATE = ["Sec-WebSocket-Extensions: permessage-deflate"]


def read_frame(pipe):
    """First byte, unmasked content."""
    first, second = pipe.read(2)
    size = second & 0x7f
    if size >= 126:
        size = int.from_bytes(pipe.read(2 if size == 126 else 8), "big")
    key = pipe.read(4) if second & 0x80 else None
    content = pipe.read(size)
    return first, masked(content, key) if key else content


def read_close(pipe):
    first, content = read_frame(pipe)
    assert first == 0x80 | CLOSE, (first, content[:50])
    assert pipe.read_rest() == b""
    return int.from_bytes(content[:2], "big")


def bytes_of(frames, sender):
    return [frame(opcode, content, fin=fin, bits=bits, mask=mask_of(sender)) for opcode, content, fin, bits in frames]


def good_part(frames, outcome):
    """How many frames go on: those in front of the first that is wrong."""
    if outcome == PASS:
        return len(frames)
    if outcome == LAST:
        return next(i for i, one in enumerate(frames) if one[0] == CLOSE) + 1
    for n in range(len(frames), -1, -1):
        if wrong_at(frames[:n]) is None:
            return n
    return 0


def wrong_at(frames):
    """A second opinion: whether these are as they should be so far."""
    begun, kind, text = False, None, b""
    for i, (opcode, content, fin, bits) in enumerate(frames):
        control = opcode >= 8
        if bits or opcode not in (0, 1, 2, 8, 9, 10) or (control and (not fin or len(content) > 125)):
            return i
        if control:
            if opcode == CLOSE and content and not good_close(content):
                return i
            continue
        if (opcode == CONTINUATION) != begun:
            return i
        kind, text = (opcode, content) if opcode else (kind, text + content)
        begun = not fin
        if kind == TEXT and not good_text(text, fin):
            return i
    return None


def good_text(text, whole):
    """Whether something makes it whole."""
    for tail in (b"",) if whole else (b"", b"\x80", b"\x80\x80", b"\x80\x80\x80", b"\xa0\x80", b"\x90\x80\x80"):
        try:
            (text + tail).decode()
            return True
        except UnicodeDecodeError:
            pass
    return False


def good_close(content):
    code = int.from_bytes(content[:2], "big")
    known = code in (1000, 1001, 1002, 1003, *range(1007, 1015)) or 3000 <= code <= 4999
    try:
        content[2:].decode()
    except UnicodeDecodeError:
        return False
    return len(content) >= 2 and known


def run_case(line, sender, frames, outcome):
    try:
        try_case(line, sender, frames, outcome)
    finally:
        line.server.over = True
        line.client.close()


def try_case(line, sender, frames, outcome):
    sent, n = bytes_of(frames, sender), good_part(frames, outcome)
    near, far = line.sides(sender)
    for one in sent:
        near.send(one)
    want = b"".join(sent[:n])
    got = far.read(len(want))
    assert got == want, (got[:80], want[:80])
    if outcome in (PASS, LAST):
        near.shut()
        assert far.read_rest() == b""
        return
    assert n < len(frames)
    assert (read_close(far), read_close(near)) == (outcome, outcome)


@pytest.mark.parametrize("sender", ["client", "server"])
def test_every_case_of_conformance(weir, origin, sender):
    lines, troubles = Lines(weir, origin), {}
    for name, (frames, outcome) in CASES.items():
        try:
            run_case(lines.open(), sender, frames, outcome)
        except Exception as why:  # pylint: disable=broad-except
            troubles[name] = repr(why)[:300]
    assert not troubles, "\n".join(f"{name}: {why}" for name, why in troubles.items())
    flows = lines.proxy.wait_flows(len(CASES), kind="http")
    bad = [flow for flow in flows if flow.reason == "bad-message"]
    assert len(bad) == sum(isinstance(outcome, int) for _, outcome in CASES.values())
    for flow in bad:
        assert any("invalid" in message["flags"] and message["why"] for message in flow["messages"]["list"])


@pytest.mark.parametrize("sender", ["client", "server"])
def test_malformed_messages_pass_where_they_are_allowed(weir, origin, sender):
    lines = Lines(weir, origin, "--allow-malformed")
    for name, (frames, outcome) in CASES.items():
        if not isinstance(outcome, int):
            continue
        line = lines.open()
        run_case(line, sender, frames, PASS)
    flows = lines.proxy.wait_flows(sum(isinstance(outcome, int) for _, outcome in CASES.values()), kind="http")
    assert all(flow.reason is None for flow in flows)
    assert all(any("invalid" in message["flags"] for message in flow["messages"]["list"]) for flow in flows)


def test_frames_that_come_byte_by_byte_are_the_same(weir, origin):
    line = Lines(weir, origin).open()
    sent = b"".join(bytes_of([(TEXT, b"he", False, 0), (PING, b"p", True, 0), (CONTINUATION, b"llo", True, 0)], "client"))
    for i in range(len(sent)):
        line.client.send(sent[i:i + 1])
    assert line.server.read(len(sent)) == sent
    line.finish()


def messages(flow):
    return [(m["from"], m["op"], base64.b64decode(m["base64"])) for m in flow["messages"]["list"]]


def test_messages_are_kept_with_the_flow_and_shown(weir, origin, world):
    lines = Lines(weir, origin, "--detail", "3", *OPTIONS, cert=world.good("site.test"))
    line = lines.open()
    line.client.send(b"".join(bytes_of([(TEXT, b"hello", True, 0), (BINARY, b"\0\1", False, 0), (CONTINUATION, b"\2", True, 0)], "client")))
    line.server.send(frame(PING, b"p", mask=False))
    line.finish()
    flow = lines.proxy.flow(kind="http")
    assert flow["flags"] == ["websocket"] and flow["messages"]["total"] == 5 and flow["messages"]["lost"] == 0
    assert sorted(messages(flow)) == sorted([
        ("client", "text", b"hello"), ("client", "binary", b"\0\1\2"), ("server", "ping", b"p"),
        ("client", "close", b"\x03\xe8"), ("server", "close", b"\x03\xe8")])
    assert [m["frames"] for m in flow["messages"]["list"] if "frames" in m] == [[2, 1]]
    times = [m["at_us"] for m in flow["messages"]["list"]]
    assert times == sorted(times) and flow["started_us"] <= times[0] <= times[-1] <= flow["ended_us"]

    api = Api(lines.proxy)
    row = next(row for row in api.get("/flows")["rows"] if row["kind"] == "http")
    assert row["messages"] == flow["messages"]["total"]
    page = api.get(f"/flows/{row['id']}/messages", limit=2, content=3)
    assert [m["number"] for m in page["messages"]] == [1, 2] and page["next"] == 2
    assert page["messages"][0]["text"] == "hel" and page["messages"][0]["shortened"]
    rest = api.get(f"/flows/{row['id']}/messages", after=2)
    assert rest["next"] is None and len(rest["messages"]) == flow["messages"]["total"] - 2
    assert base64.b64decode(api.get(f"/flows/{row['id']}/messages/1")["base64"]) == b"hello"
    lines.proxy.wait_line("  > [text, 5b]")


def compressor():
    return zlib.compressobj(9, zlib.DEFLATED, -15)


def packed(squeeze, content):
    data = squeeze.compress(content) + squeeze.flush(zlib.Z_SYNC_FLUSH)
    return data[:-4] if data.endswith(b"\0\0\xff\xff") else b"\0"


@pytest.mark.parametrize("sender", ["client", "server"])
@pytest.mark.parametrize("how", ["", "; client_no_context_takeover; server_no_context_takeover"])
@pytest.mark.parametrize("pieces", [1, 3, 1000])
def test_compressed_messages_are_kept_inflated(weir, origin, sender, how, pieces):
    lines = Lines(weir, origin, fields=[DEFLATE[0] + how])
    line, squeeze = lines.open(), compressor()
    near, far = line.sides(sender)
    texts = [b"", b"x", b"Hello " * 20, os.urandom(3000).hex().encode(), b"Hello " * 20, b"\xc3\xa9" * 70000]
    for content in texts:
        if how:
            squeeze = compressor()
        data = packed(squeeze, content)
        size = -(-len(data) // pieces)
        parts = [data[i:i + size] for i in range(0, len(data), size)]
        sent = b"".join(frame(TEXT if i == 0 else CONTINUATION, part, fin=i == len(parts) - 1, bits=4 if i == 0 else 0,
                              mask=mask_of(sender)) for i, part in enumerate(parts))
        near.send(sent)
        assert far.read(len(sent)) == sent
    line.finish()
    kept = [m for m in lines.proxy.flow(kind="http")["messages"]["list"] if m["op"] == "text"]
    assert [base64.b64decode(m["base64"]) for m in kept] == texts
    assert all("compressed" in m["flags"] for m in kept)


def test_bomb_is_named_and_goes_on(weir, origin):
    lines = Lines(weir, origin, "--threads", "1", fields=DEFLATE, keep=False)
    line, squeeze = lines.open(), compressor()
    bomb = packed(squeeze, b"\0" * (300 * MB))
    before = lines.proxy.resident()
    sent = frame(BINARY, bomb, bits=4, mask=False)
    line.server.send(sent)
    assert line.client.read(len(sent)) == sent
    after = frame(TEXT, packed(squeeze, b"behind it"), bits=4, mask=False)
    line.server.send(after)
    assert line.client.read(len(after)) == after
    assert lines.proxy.resident() - before < (400 if SANITIZED else 20) * 1024
    line.finish()
    first, second = lines.proxy.flow(kind="http")["messages"]["list"][:2]
    assert "bomb" in first["why"] and first["size"] == len(bomb)
    assert "context" in second["why"]


def test_large_frame_streams_in_constant_memory(weir, origin):
    size, piece = 200 * MB, b"\x5a" * MB
    lines = Lines(weir, origin, "--threads", "1", "--body-limit", "100k", keep=False)
    line = lines.open()
    before = lines.proxy.resident()

    def send():
        line.server.send(frame(BINARY, b"", mask=False, length=size))
        for _ in range(size // MB):
            line.server.send(piece)
    sending = threading.Thread(target=send)
    sending.start()
    assert line.client.read(10) == frame(BINARY, b"", mask=False, length=size)
    got = 0
    while got < size:
        data = line.client.read_some()
        assert data and data.count(b"\x5a") == len(data)
        got += len(data)
    sending.join()
    assert lines.proxy.resident() - before < (400 if SANITIZED else 24) * 1024
    line.finish()
    message = lines.proxy.flow(kind="http")["messages"]["list"][0]
    assert message["size"] == size and "cut" in message["flags"] and len(base64.b64decode(message["base64"])) == 100 * 1024


def test_slow_reader_stops_the_sender_in_constant_memory(weir, origin):
    lines = Lines(weir, origin, "--threads", "1", "--body-limit", "1k", keep=False)
    line = lines.open()
    before, sent = lines.proxy.resident(), [0]
    one = frame(BINARY, b"m" * 10000, mask=False)

    def send():
        for _ in range(20000):
            line.server.send(one)
            sent[0] += 1
    sending = threading.Thread(target=send, daemon=True)
    sending.start()
    seen = [-1]

    def stuck():
        last, seen[0] = seen[0], sent[0]
        return last == sent[0] and sent[0] > 0
    until(stuck, "the sender has to wait")
    assert sent[0] < 20000
    assert lines.proxy.resident() - before < (400 if SANITIZED else 24) * 1024
    for _ in range(20000):
        line.client.read(len(one))
    sending.join()
    line.finish()
    kept = lines.proxy.flow(kind="http")["messages"]
    assert kept["total"] == 20002 and kept["lost"] >= 10000


def test_wrong_accept_stays_a_tunnel_and_says_so(weir, origin):
    def serve(conn):
        conn.request(body=False)
        conn.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  b"Sec-WebSocket-Accept: AAAA\r\n\r\n\xff\xff\xff")
        assert conn.read(3) == b"\xfe\xfe\xfe"
    site = origin(serve)
    proxy = weir(sites=[site])
    with proxy.tunnel(f"site.test:{site.port}") as pipe:
        pipe.send(b"GET / HTTP/1.1\r\nHost: site.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        pipe.read_until(b"\r\n\r\n")
        assert pipe.read(3) == b"\xff\xff\xff"
        pipe.send(b"\xfe\xfe\xfe")
        pipe.read_rest()
    flow = proxy.flow(kind="http")
    assert "messages" not in flow and flow["flags"] == []
    assert "Accept" in flow["trace"][0]["did"]


async def talk(url, sock, tls, texts):
    async with websockets.connect(url, sock=sock, ssl=tls, server_hostname="site.test" if tls else None) as ws:
        heard = []
        for one in texts:
            await ws.send(one)
            heard.append(await ws.recv())
        await (await ws.ping())
        return heard, ws.extensions


def test_python_websockets_client_and_server(weir, origin, world):
    """A library on both sides, with compression, over TLS."""
    ready, done = threading.Event(), []
    loop = asyncio.new_event_loop()

    async def echo(ws):
        async for message in ws:
            await ws.send(message)

    async def serve():
        server = await websockets.serve(echo, "127.0.0.1", 0, ssl=server_context(world.good("site.test")))
        done.extend([server.sockets[0].getsockname()[1], asyncio.Event()])
        ready.set()
        await done[1].wait()
        server.close()
        await server.wait_closed()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(20)
        proxy = weir("--resolve", f"site.test:{done[0]}:127.0.0.1")
        pipe = proxy.tunnel(f"site.test:{done[0]}")
        texts = ["Hello", "x" * 200000, b"\0\1\2", "", "\u00e9" * 1000]
        heard, extensions = asyncio.run(talk(f"wss://site.test:{done[0]}/", pipe.sock, proxy.context(), texts))
    finally:
        loop.call_soon_threadsafe(done[1].set)
        thread.join()
        loop.close()
    assert heard == texts and extensions
    flow = proxy.flow(kind="http")
    assert flow.reason is None
    for side in ("client", "server"):
        said = [m for m in flow["messages"]["list"] if m["from"] == side and m["op"] in ("text", "binary")]
        assert [base64.b64decode(m["base64"]) for m in said] == [t.encode() if isinstance(t, str) else t for t in texts]
        assert all("compressed" in m["flags"] for m in said if m["size"])


PAGE = b"""<!doctype html><script>
const ws = new WebSocket(location.origin.replace('http', 'ws') + '/ws');
const heard = [];
ws.onopen = () => { ws.send('from the page'); ws.send('x'.repeat(100000)); };
ws.onmessage = e => { heard.push(e.data.length); if (heard.length == 2) ws.close(4000, 'bye'); };
ws.onclose = e => fetch('/done?' + heard.join('-') + '-' + e.code + '-' + e.wasClean);
</script>"""


def told(site):
    return [request.target for request in site.requests if request.target.startswith("/done")]


def browser_site(conn):
    while True:
        request = conn.request(body=False)
        if request.target != "/ws":
            conn.send(reply(PAGE if request.target == "/" else b"", "200 OK", "Content-Type: text/html"))
            continue
        accept(conn, request=request)
        while True:
            first, content = read_frame(conn)
            conn.send(frame(first & 15, content, mask=False))
            if first & 15 == CLOSE:
                return


# The clock of pages that Chromium shows without a screen does not wait for WebSockets.
BROWSER_HOW = {"chromium": {"virtual_time": False}, "firefox": {}}


@pytest.mark.parametrize("browser", BROWSERS)
def test_browser_speaks_through_it(weir, origin, world, short_home, browser):
    site = origin(browser_site, cert=world.good("site.test"))
    proxy = weir("--resolve", f"site.test:{site.port}:127.0.0.1", "--resolve", "*:443:127.0.0.1", "--resolve", "*:80:127.0.0.1")
    BROWSERS[browser](short_home, site.url(host="site.test"), proxy.proxy, ca=proxy.ca_file, ends=lambda: told(site), **BROWSER_HOW[browser])
    assert told(site) == ["/done?13-100000-4000-true"]
    flow = proxy.wait_flows(1, path="/ws")[0]
    assert messages(flow)[0] == ("client", "text", b"from the page")
    assert [m["code"] for m in flow["messages"]["list"] if m["op"] == "close"] == [4000, 4000]

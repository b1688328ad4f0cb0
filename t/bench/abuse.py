#!/usr/bin/python3
"""What floods cost Weir and haproxy: CPU time for each thousand frames, and how far the memory rises. Both have TLS on both
sides, in front of nghttpd, and of a WebSocket that reads and says nothing. A new process for each flood; a connection that is
cut is replaced."""
import argparse
import pathlib
import re
import socket
import ssl
import sys
import tempfile
import types

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import peers  # noqa: E402
from lib.h2_floods import FLOODS, attack  # noqa: E402
from lib.origin import Origin  # noqa: E402
from lib.websocket import accept  # noqa: E402

RECORDED = ("--memory-limit", "8m")  # what is recorded is no cost of the flood
UNLIMITED = ("--http2-resets", "0", "--http2-frames", "0")


class Weir(peers.WeirHttp2):
    def command(self):
        return [*self.in_front_of(self.origin.port), *RECORDED]

    stop = peers.Peer.stop


class Haproxy(peers.HaproxyHttp2):
    CONFIG = peers.HaproxyHttp2.CONFIG.replace("{keys.bridge} alpn h2", "{keys.bridge} alpn h2,http/1.1")

    @property
    def alpn(self):
        return f"alpn {self.origin.alpn}"

    def command(self):
        return self.in_front_of(self.origin.port)

    stop = peers.Peer.stop


ENTRANTS = {"weir": (Weir, ()), "weir, no limits": (Weir, UNLIMITED), "haproxy": (Haproxy, ())}


def swallow(conn):
    accept(conn, "Sec-WebSocket-Extensions: permessage-deflate")
    while conn.fill():
        conn.buffer.clear()


class Sites:
    """The servers behind the proxies, by what a flood speaks."""

    def __init__(self, folder, keys):
        files = folder / "files"
        files.mkdir()
        (files / "1k").write_bytes(b"x" * 1024)
        (files / "1m").write_bytes(b"x" * (1 << 20))
        port = peers.free_port()
        self.pages = peers.Program(["nghttpd", "-a", "127.0.0.1", "-d", files, port, keys.leaf, keys.leaf], folder)
        peers.Peer.await_port(self.pages, port)
        self.socket = Origin(swallow, keep=False)
        self.socket.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.socket.context.load_cert_chain(keys.leaf)
        self.by_alpn = {alpn: types.SimpleNamespace(port=port, alpn=alpn, https="", http="")
                        for alpn, port in (("h2", port), ("http/1.1", self.socket.port))}

    def stop(self):
        self.socket.stop()
        self.pages.stop()


def run_seconds(pid):
    """CPU time of its threads, in finer steps than those of the clock."""
    return sum(int(task.joinpath("schedstat").read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) / 1e9


def peak(pid):
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def dial(peer, alpn):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(peer.keys.proxy_ca)
    context.set_alpn_protocols([alpn])
    sock = socket.create_connection(("127.0.0.1", peer.port), timeout=10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return context.wrap_socket(sock, server_hostname=peers.HOT)


def measure(peer, flood, frames):
    def connect(alpn):
        return dial(peer, alpn)
    attack(connect, flood, 1)  # pays for what is made once
    cpu, memory = run_seconds(peer.pid), peak(peer.pid)
    sent, made = attack(connect, flood, frames)
    return (run_seconds(peer.pid) - cpu) / sent * 1e6, sent, made, peak(peer.pid) - memory


def cell(figures):
    cost, sent, made, memory = figures
    return f"{cost:,.2f} ms · {made:,} · {memory:,.1f} MB"


def arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--frames", type=int, default=200_000, help="of a cheap flood (%(default)s); a part of it of a dear one")
    p.add_argument("--floods", default="", help="names with one of these words in them, such as PING,bomb (all)")
    p.add_argument("--proxies", default="/".join(ENTRANTS), help="of %(default)s")
    return p.parse_args()


def main():
    options = arguments()
    entrants = {name: ENTRANTS[name] for name in options.proxies.split("/")}
    floods = [flood for flood in FLOODS if any(word in flood.name for word in options.floods.split(","))]
    with tempfile.TemporaryDirectory(prefix="abuse-") as name:
        folder = pathlib.Path(name)
        keys = peers.Keys(folder)
        sites = Sites(folder, keys)
        try:
            print("CPU time for 1,000 frames · connections that it took · rise of the peak of memory\n")
            print("| | frames | " + " | ".join(entrants) + " |\n| --- |" + " --- |" * (len(entrants) + 1), flush=True)
            for flood in floods:
                cells = []
                for number, (kind, extra) in enumerate(entrants.values()):
                    peer = kind(folder / f"{flood.name}-{number}", keys, sites.by_alpn[flood.alpn], extra=extra)
                    try:
                        cells.append(measure(peer, flood, max(int(options.frames * flood.share), 1)))
                    finally:
                        peer.stop()
                print(f"| {flood.name} | {cells[0][1]:,} | " + " | ".join(map(cell, cells)) + " |", flush=True)
        finally:
            sites.stop()


main()

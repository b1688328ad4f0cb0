"""Mixed traffic for MINUTES: memory stays flat, no descriptor is left, every answer is right."""
import collections
import itertools
import os
import pathlib
import random
import signal
import ssl
import statistics
import sys
import tempfile
import threading
import time

from lib import pki
from lib.origin import Origin
from lib.pipe import Ended
from lib.shapes import SHAPES, Exchange, server
from lib.wait import until
from lib.ways import HTTPS, PLAIN, Way
from lib.weir import SANITIZER_ENV, Weir, weir_run
from test_disorder import Client, disordered

CLIENTS = 6
SAMPLE = 5  # seconds
WARM_UP = 0.3  # of the time: caches and the store fill up
# Contents under way differ from sample to sample, and a sanitizer keeps what was freed for a while (16 MB, see below).
GROWTH, SLACK = 1.1, 8 * 1024
ENDS = (Ended, ssl.SSLError, ConnectionError)


class Forgetful(Origin):
    """An origin that keeps nothing of connections that are over."""

    numbers = itertools.count()

    def _serve(self, conn):
        conn.number = next(self.numbers)
        super()._serve(conn)
        self.connections.remove(conn)
        self._threads.remove(threading.current_thread())
        self.handshake_errors.clear()


class Visitor(threading.Thread):
    """A client that does one of the deeds below after the other. What must go well and does not is its trouble."""

    DEEDS = ("good",) * 8 + ("big", "slow", "aborted", "half_closed", "disorderly", "disorderly", "untrusting", "garbage",
                             "bad_head")

    def __init__(self, number, soak):
        super().__init__(daemon=True)
        self.number, self.soak = number, soak
        self.random = random.Random(f"visitor {number}")
        self.names = (f"v{number}-{i}" for i in itertools.count())
        self.disorder = Client(number, soak.proxy, soak.bad_sites)
        self.done = collections.Counter()
        self.trouble = None

    def run(self):
        try:
            while not self.soak.over.is_set():
                deed = self.random.choice(self.DEEDS)
                getattr(self, deed)(self.random.choice(self.soak.ways))
                self.done[deed] += 1
        except Exception as why:  # pylint: disable=broad-except
            self.trouble = why
            self.soak.over.set()

    def good(self, way, shape=None, sizes=(0, 20, 5000, 60000)):
        with way.open(keep=False) as pipe:
            exchange = Exchange(way, pipe, next(self.names), self.random.choice(sizes))
            getattr(exchange, shape or self.random.choice(SHAPES))()

    def big(self, way):
        self.good(way, self.random.choice(["length", "chunked"]), sizes=(1000000,))

    def slow(self, way):
        """Sends and takes in drops."""
        with way.open(keep=False, receive_buffer=4096) as pipe:
            exchange = Exchange(way, pipe, next(self.names), 100000)
            send = pipe.send

            def dripping(data):
                for at in range(0, 200, 50):
                    send(data[at:at + 50])
                    time.sleep(0.01)
                send(data[200:])
                time.sleep(0.1)

            pipe.send = dripping
            exchange.length()

    def aborted(self, way):
        """Goes away in the middle of something."""
        with way.open(keep=False) as pipe:
            request = way.request(f"/{next(self.names)}/length-200000", method="POST", body=b"x" * 3000)
            pipe.send(request[:self.random.randrange(len(request))])
            if self.random.random() < 0.5:
                pipe.reset()

    def half_closed(self, way):
        """Ends its side in the middle of a request, or behind it."""
        with way.open(keep=False) as pipe:
            request = way.request(f"/{next(self.names)}/none-2000")
            pipe.send(request[:self.random.choice([30, len(request)])])
            self._to_its_end(pipe.shut())

    def disorderly(self, _way):
        self.disorder.round = next(self.names)
        self._whatever(lambda: self.disorder.connect(self.random.choice(self.soak.bad_sites)))

    def untrusting(self, way):
        """Refuses the certificate that it is shown."""
        if way.secure:
            with way.proxy.tunnel(way.authority, keep=False) as pipe:
                self._whatever(lambda: pipe.start_tls(ssl.create_default_context(), name="site.test"))

    def garbage(self, way):
        with way.proxy.tunnel(way.authority, keep=False) as pipe:
            pipe.send(self.random.choice([b"\x16\x03\x01", b""]) + self.random.randbytes(300))
            self._to_its_end(pipe.shut())

    def bad_head(self, way):
        with way.open(keep=False) as pipe:
            pipe.send(self.random.choice([b"GET / HTTP/1.1\r\nBad : x", b"\r\n\r\n\0\0\0", b"G" * 100000]) + b"\r\n\r\n")
            self._to_its_end(pipe)

    @staticmethod
    def _whatever(deed):
        try:
            deed()
        except ENDS:
            pass

    def _to_its_end(self, pipe):
        self._whatever(pipe.read_rest)


class Soak:
    """One proxy and the sites behind it."""

    def __init__(self, folder):
        self.over = threading.Event()
        world = pki.World()
        root = folder / "root.pem"
        world.root.me.write(root, key=False)
        weir_run(folder, "ca", "show", "--confdir", folder / "conf")
        self.good_sites = [Forgetful(server, keep=False), Forgetful(server, cert=world.good(), keep=False)]
        self.bad_sites = [Forgetful(disordered("plain"), keep=False),
                          Forgetful(disordered("tls"), cert=world.good(), keep=False),
                          Forgetful(disordered("old"), cert=world.good(), maximum=ssl.TLSVersion.TLSv1_2, keep=False),
                          Forgetful(disordered("bad"), cert=world.faulty("expired"), keep=False)]
        options = [word for site in self.sites for word in ("--resolve", f"site.test:{site.port}:{site.address}")]
        options += ["--upstream-ca", root, "--threads", "2", "--memory-limit", "8m", "--body-limit", "64k",
                    "--upstream-idle-time", "1s", "--head-time", "2s", "--idle-time", "5s", "--grace-time", "5s",
                    "--detail", "4", "-w", "/dev/null"]
        asan = SANITIZER_ENV["ASAN_OPTIONS"] + ":quarantine_size_mb=16"
        self.proxy = Weir(folder / "weir", *options, ca=folder / "conf" / "weir-ca.pem", record=False,
                          env={"ASAN_OPTIONS": asan}, wrapper=["sh", "-c", 'exec "$@" > /dev/null', "sh"]).start()
        self.ways = []
        for kind, site in zip((PLAIN, HTTPS), self.good_sites):
            way = Way(kind, None, None, world)
            way.site, way.proxy = site, self.proxy
            self.ways.append(way)
        self.samples = []

    @property
    def sites(self):
        return self.good_sites + self.bad_sites

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.proxy.process.pid}/fd"))

    def run(self, seconds):
        for way in self.ways:
            Visitor(CLIENTS, self).good(way)
        until(lambda: not any(site.connections for site in self.good_sites), "idle connections to go")
        held = self.descriptors()
        visitors = [Visitor(number, self) for number in range(CLIENTS)]
        for visitor in visitors:
            visitor.start()
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < seconds and not self.over.wait(SAMPLE):
            self.samples.append((passed, self.proxy.resident()))
            if len(self.samples) % 12 == 0:
                self.proxy.send_signal(signal.SIGHUP)
                self.say(passed, visitors)
        self.over.set()
        for visitor in visitors:
            visitor.join()
            if visitor.trouble:
                raise visitor.trouble
        self.say(time.monotonic() - begun, visitors)
        until(lambda: self.descriptors() <= held, lambda: f"descriptors: {self.descriptors()}, were {held}", limit=60)
        print(f"descriptors: {held} before, {self.descriptors()} after")
        self.judge(seconds)

    def say(self, passed, visitors):
        done = sum((visitor.done for visitor in visitors), collections.Counter())
        print(f"{passed / 60:5.1f} min, {self.proxy.resident() // 1024} MB, {self.descriptors()} descriptors, "
              f"{done.total()} deeds: " + ", ".join(f"{n} {deed}" for deed, n in sorted(done.items())), flush=True)

    def judge(self, seconds):
        warm = [size for at, size in self.samples if at > seconds * WARM_UP]
        third = len(warm) // 3
        before, after = statistics.median(warm[:third]), statistics.median(warm[-third:])
        print(f"memory: {before / 1024:.0f} MB once warm, {after / 1024:.0f} MB at the end, at most {max(warm) / 1024:.0f} MB")
        assert after < before * GROWTH + SLACK, "memory has grown"

    def stop(self):
        self.proxy.stop()
        for site in self.sites:
            site.stop()


def main():
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        soak = Soak(pathlib.Path(folder))
        try:
            soak.run(float(sys.argv[1]) * 60)
        finally:
            soak.stop()
    print("1 passed, 0 failed")


main()

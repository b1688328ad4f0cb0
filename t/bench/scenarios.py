"""What is measured: each scenario runs once against one peer and gives its figures."""
import json
import re
import subprocess
import time

import peers
import watchers
from peers import Load, Trouble

MB = 1_000_000


class Bench:
    """What all scenarios share: keys, the origin, how much to do, and numbers of names that were never used."""

    def __init__(self, folder, scale):
        self.folder, self.scale = folder, scale
        self.keys = peers.Keys(folder)
        self.origin = peers.Origin(self.keys)
        self._started = 0
        self._names = 0

    def count(self, n, least=1):
        return max(int(n * self.scale), least)

    def time(self, seconds):
        return f"{max(int(seconds * self.scale * 1000), 100)}ms"

    def start(self, kind, threads=1, extra=()):
        self._started += 1
        return kind(self.folder / f"{kind.name}-{self._started}", self.keys, self.origin, threads=threads, extra=extra)

    def new_names(self):
        self._names += 1_000_000
        return ["--name", "n%.bench.test", "--names-from", self._names]

    def stop(self):
        self.origin.stop()


def run(bench, peer, words):
    """The load against a peer; what it says, with the CPU time of the peer in the measured part."""
    load = Load(bench.folder, words)
    try:
        load.warm()
        before = peers.cpu_seconds(peer.pid)
        load.go()
        line = load.line()
        cpu = peers.cpu_seconds(peer.pid) - before
    finally:
        load.stop()
    if not line:
        raise Trouble(f"the load ended early: {load.said()}")
    result = json.loads(line)
    if result["errors"]:
        raise Trouble(f"{result['errors']} errors: {result['error']}")
    if "--again" not in [str(w) for w in words] and result["retries"] > result["requests"] / 100 + 1:
        raise Trouble(f"{result['retries']} connections were closed between requests")
    if cpu < 0.1 and bench.scale >= 0.2:
        raise Trouble(f"too little CPU time to tell: {cpu:.2f} s")
    result["cpu"] = max(cpu, 1 / peers.TICKS)
    return result


def rates(result, work):
    """For a CPU second of the peer, and for a second of the clock."""
    return {"cpu": work / result["cpu"], "clock": work / result["seconds"]}


class Figure:
    """A number that a scenario gives. 'less' is better for memory and times."""

    def __init__(self, key, unit, less=True, title=""):
        self.key, self.unit, self.less, self.title = key, unit, less, title


REQUESTS = (Figure("cpu", "requests / CPU s", less=False), Figure("clock", "requests / s", less=False))
BYTES = (Figure("cpu", "MB / CPU s", less=False), Figure("clock", "MB / s", less=False))


MESSAGES = (Figure("cpu", "messages / CPU s", less=False), Figure("clock", "messages / s", less=False))


class Entrant:
    """Who takes part: a peer with its options, under a label."""

    def __init__(self, kind, label=None, extra=(), prepared=None):
        self.kind, self.label, self.extra, self.prepared = kind, label or kind.name, extra, prepared

    def start(self, bench, threads):
        peer = bench.start(self.kind, threads, self.extra)
        peer.companion = None
        if self.prepared:
            try:
                peer.companion = self.prepared(bench, peer)
            except BaseException:
                peer.stop()
                raise
        return peer


def entrants_of(special, kinds):
    """Those of the kinds that have a special one, under their own label."""
    return [Entrant(special[kind.name], kind.name) for kind in kinds if kind.name in special]


class Scenario:
    """One group of rows. 'measure' is called once in each round for each entrant."""

    id = title = figures = None
    fresh = False     # a new process in each round
    threaded = False  # also with more than one thread

    def entrants(self, kinds):
        return [Entrant(kind) for kind in kinds]

    def measure(self, bench, peer):
        result = run(bench, peer, self.words(bench, peer))
        return rates(result, result["requests"])


class KeepAlive(Scenario):
    id, title, figures, threaded = "S1", "keep-alive, 1 KB, 64 connections", REQUESTS, True

    def words(self, bench, peer):
        return [*peer.secure(), "-c", 64, "--warm", bench.count(2000, 64), "--time", bench.time(4)]


def with_flows(bench, peer):
    load = Load(bench.folder, [*peer.secure(), "-c", 16, "--requests", bench.count(20000, 16)])
    finish(load)
    load.stop()


def with_idle(bench, peer):
    return held(bench, peer, bench.count(2000))[0]


class KeepAliveLoaded(KeepAlive):
    """Weir against itself: what it has stored, and who is connected, must not make it slower."""

    id, title, threaded = "S1x", "S1 of weir with 20,000 exchanges stored, and beside 2,000 idle connections", False

    def entrants(self, kinds):
        return [Entrant(peers.WeirPeer), Entrant(peers.WeirPeer, "weir, 20,000 stored", prepared=with_flows),
                Entrant(peers.WeirPeer, "weir, 2,000 idle", prepared=with_idle)]


class PlainWatched(Scenario):
    """Weir against itself: rules that do not fit, and those who watch, cost little."""

    id, title, figures = "S8x", "S8 of weir with 1,000 rules, with its API, and with three clients of the feed", REQUESTS
    API = ("--api", "--web-listen", "127.0.0.1:0")

    def entrants(self, kinds):
        return [Entrant(peers.WeirPeer), Entrant(watchers.ManyRules, "weir, 1,000 rules"),
                Entrant(peers.WeirPeer, "weir, API", extra=self.API),
                Entrant(peers.WeirPeer, "weir, 3 watching", extra=self.API, prepared=watchers.with_watchers)]

    def words(self, bench, peer):
        return [*peer.plain(), "-c", 64, "--warm", bench.count(2000, 64), "--time", bench.time(4)]


class NewConnections(Scenario):
    id, title, figures, threaded = "S2", "a new connection per request, full handshakes, one host", REQUESTS, True

    def words(self, bench, peer):
        return [*peer.secure(), "-c", 16, "--per-conn", 1, "--warm", bench.count(100, 16), "--time", bench.time(4)]


class NewNames(Scenario):
    id, title, figures, threaded = "S3", "a new host name per connection", REQUESTS, True

    def words(self, bench, peer):
        return [*peer.secure_new(), *bench.new_names(), "-c", 16, "--per-conn", 1, "--warm", bench.count(50, 16), "--time",
                bench.time(4)]


class Downloads(Scenario):
    id, title, figures, way = "S4", "downloads of 100 MiB, 2 at a time", BYTES, "--get"

    def measure(self, bench, peer):
        size = "100m" if bench.scale >= 0.2 else "5m"
        result = run(bench, peer, [*peer.secure(), self.way, size, "-c", 2, "--warm", 2, "--requests", bench.count(12, 4)])
        return rates(result, max(result["bytes_in"], result["bytes_out"]) / MB)


class Uploads(Downloads):
    id, title, way = "S5", "uploads of 100 MiB, 2 at a time", "--post"


class Plain(Scenario):
    id, title, figures = "S8", "plain HTTP, keep-alive, 1 KB, 64 connections", REQUESTS

    def words(self, bench, peer):
        return [*peer.plain(), "-c", 64, "--warm", bench.count(2000, 64), "--time", bench.time(4)]


class Http2(Scenario):
    """With h2load, which speaks to the name that the proxy stands for."""

    id, title, figures = "S12", "HTTP/2 to HTTP/2, 8 connections with 32 streams each, 1 KB", REQUESTS
    kinds = {"weir": peers.WeirHttp2, "haproxy": peers.HaproxyHttp2}

    def entrants(self, kinds):
        return entrants_of(self.kinds, kinds)

    def measure(self, bench, peer):
        n = bench.count(60000, 256)
        self._load(peer, max(n // 10, 256))
        before = peers.cpu_seconds(peer.pid)
        seconds = self._load(peer, n)
        cpu = max(peers.cpu_seconds(peer.pid) - before, 1 / peers.TICKS)
        return rates({"cpu": cpu, "seconds": seconds}, n)

    @staticmethod
    def _load(peer, n):
        done = subprocess.run(["h2load", "-n", str(n), "-c", "8", "-m", "32", "--connect-to", peer.at,
                               f"https://{peers.HOT}/1k"], capture_output=True, check=False, timeout=Load.LIMIT, text=True,
                              env=peers.environment(peer.folder))
        time_taken = re.search(r"finished in ([0-9.]+)(us|ms|s)", done.stdout)
        if f"{n} succeeded, 0 failed" not in done.stdout or not time_taken:
            raise Trouble(f"h2load: {done.stdout[-300:]} {done.stderr[-300:]}")
        return float(time_taken[1]) * {"us": 1e-6, "ms": 1e-3, "s": 1}[time_taken[2]]


class Http2Translated(Http2):
    id, title = "S13", "the same, to HTTP/1"
    kinds = {"weir": peers.WeirTranslating, "haproxy": peers.HaproxyTranslating}


class WebSocket(Scenario):
    """Squid, which opens the TLS, has no tunnel for it."""

    id, title, figures = "S14", "WebSocket, 64 connections, messages of 128 bytes echoed one at a time", MESSAGES
    words = ("--ws", 128)

    def entrants(self, kinds):
        return [Entrant(kind) for kind in kinds if kind is not peers.Squid]

    def measure(self, bench, peer):
        result = run(bench, peer, [*peer.secure(), *self.words, "-c", 64, "--warm", bench.count(2000, 64), "--time",
                                   bench.time(4)])
        return rates(result, result["requests"])


class Relayed(Scenario):
    """Bytes that nobody reads; of those that are told so."""

    id, title, figures = "S15", "raw TCP, relayed and recorded: downloads of 100 MiB, 2 at a time", BYTES
    option = "--tcp-hosts"

    def entrants(self, kinds):
        told = [Entrant(kind, extra=(self.option, ".*")) for kind in kinds if kind in (peers.WeirPeer, peers.Mitmdump)]
        return told + [Entrant(kind) for kind in kinds if kind is peers.Haproxy]

    def way(self, peer):
        return peer.relayed()

    def measure(self, bench, peer):
        size = "100m" if bench.scale >= 0.2 else "5m"
        result = run(bench, peer, [*self.way(peer), "--get", size, "-c", 2, "--warm", 2, "--requests", bench.count(40, 4)])
        return rates(result, result["bytes_in"] / MB)


class Passed(Relayed):
    id, title = "S16", "TLS left closed (haproxy: option splice-response): downloads of 100 MiB, 2 at a time"
    option = "--ignore-hosts"

    def way(self, peer):
        return peer.passed()


def finish(load):
    """The rest of a load that is not asked for CPU time; ends it on failure only."""
    try:
        load.warm()
        load.go()
        result = json.loads(load.line() or "{}")
        if result.get("errors", 1):
            raise Trouble(result.get("error") or f"the load ended early: {load.said()}")
        return result
    except BaseException:
        load.stop()
        raise


def held(bench, peer, n, words=()):
    """Opens connections with one request on each; they are there until the load is stopped. Returns it and how many."""
    load = Load(bench.folder, [*peer.secure(), *words, "--hold", "-c", min(n, 8), "--requests", n])
    result = finish(load)
    if result["held"] < n * 0.98:
        load.stop()
        raise Trouble(f"{result['held']} of {n} connections were held")
    return load, result["held"]


class Idle(Scenario):
    id, title, figures, fresh = "S7", "memory per idle intercepted connection of 2,000", (Figure("memory", "KB"),), True
    words = ()

    def entrants(self, kinds):
        """What Weir has recorded is not of the connections: a second one keeps next to nothing of it."""
        extra = Entrant(peers.WeirPeer, "weir, little recorded", extra=("--memory-limit", "1m"))
        return [*super().entrants(kinds), extra]

    def measure(self, bench, peer):
        n = bench.count(2000, 20)
        # The first ones pay for what is made once.
        first, _ = held(bench, peer, 16, self.words)
        before = peers.pss(peer.pid)
        try:
            load, n = held(bench, peer, n, self.words)
            after = peers.pss(peer.pid)
            load.stop()
        finally:
            first.stop()
        return {"memory": (after - before) / n / 1000}


MANY_SERVERS = ("--upstream-per-host", "4000")


class IdleHttp2(Idle):
    """Connections of clients; those to the server that are idle are given up for others beyond --upstream-per-host."""

    id, title, words = "S17", "memory per idle HTTP/2 connection of 2,000", ("--h2",)

    def entrants(self, kinds):
        own = Entrant(peers.WeirHttp2, "weir, each with one to the server", extra=MANY_SERVERS)
        return [*entrants_of(Http2.kinds, kinds), own]


class IdleWebSocket(Idle):
    id, title, words = "S18", "memory per idle WebSocket of 2,000, on both sides", WebSocket.words

    def entrants(self, kinds):
        return [Entrant(kind, extra=MANY_SERVERS if kind is peers.WeirPeer else ()) for kind in kinds
                if kind is not peers.Squid]


class Latency(Scenario):
    id, title = "S9", "latency at 100 requests/s, keep-alive, one at a time"
    figures = (Figure("p50", "ms", title="median"), Figure("p99", "ms", title="99th percentile"))

    def entrants(self, kinds):
        return [*super().entrants(kinds), Entrant(peers.Direct)]

    def measure(self, bench, peer):
        load = Load(bench.folder, [*peer.secure(), "--rate", 100, "--warm", 50, "--time", bench.time(5)])
        result = finish(load)
        load.stop()
        return {"p50": result["p50_ms"], "p99": result["p99_ms"]}


class Start(Scenario):
    id, title, fresh = "S10", "start with an authority", True
    figures = (Figure("time", "ms", title="to the first proxied request"), Figure("memory", "MB", title="memory at rest"))

    def measure(self, bench, peer):
        load = Load(bench.folder, [*peer.secure(), "--requests", 1])
        finish(load)
        taken = time.monotonic() - peer.begun
        load.stop()
        return {"time": taken * 1000, "memory": peers.pss(peer.pid) / MB}


class Recording(Scenario):
    id, title, fresh = "S11", "20,000 exchanges of 1 KB, recorded", True
    figures = (Figure("cpu", "us", title="CPU for each"), Figure("memory", "B", title="memory for each"))
    NOTHING = ("--memory-limit", "1m", "--body-limit", "0", "--flow-detail", "0")

    def entrants(self, kinds):
        return [*super().entrants(kinds), Entrant(peers.WeirPeer, "weir, nothing kept", extra=self.NOTHING)]

    def measure(self, bench, peer):
        n = bench.count(20000, 100)
        load = Load(bench.folder, [*peer.secure(), "-c", 16, "--requests", bench.count(1000, 16)])
        finish(load)
        load.stop()
        before = peers.pss(peer.pid)
        result = run(bench, peer, [*peer.secure(), "-c", 16, "--warm", 16, "--requests", n])
        return {"cpu": result["cpu"] / n * 1e6, "memory": (peers.pss(peer.pid) - before) / n}


SCENARIOS = {s.id: s for s in (KeepAlive(), KeepAliveLoaded(), NewConnections(), NewNames(), Downloads(), Uploads(), Idle(),
                               Plain(), PlainWatched(), Latency(), Start(), Recording(), Http2(),
                               Http2Translated(), WebSocket(), Relayed(), Passed(), IdleHttp2(), IdleWebSocket())}

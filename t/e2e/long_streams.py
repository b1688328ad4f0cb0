"""A bidirectional stream of gRPC and a stream of events for MINUTES, RATE messages a second in each direction: every message is on
record as it goes, in its order, what goes of them is counted, and memory stays flat."""
import base64
import pathlib
import statistics
import sys
import tempfile
import threading
import time

from lib import pki, rpc
from lib.api import Api, OPTIONS
from lib.origin import Origin
from lib.wait import until
from lib.weir import SANITIZER_ENV, Weir, weir_run

SIZE = 1000  # bytes of a message
WARM_UP = 0.3  # of the time: the lists of messages fill up
SLACK = 4 * 1024  # kilobytes; each second brings some hundred
SAMPLES = 60
PATIENCE = 60


def content(side, number):
    """What each side says as its message of that number, from 1."""
    return f"{side} {number} ".encode().ljust(SIZE, b".")


class Pace:
    """So many times a second."""

    def __init__(self, rate):
        self.step, self.at = 1 / rate, time.monotonic()

    def wait(self):
        self.at = max(self.at + self.step, time.monotonic() - 1)
        time.sleep(max(0, self.at - time.monotonic()))


class Stream(threading.Thread):
    """Its client, which the next message waits for: none goes before the one in front of it has arrived. 'got' are there."""

    sides = ("server",)

    def __init__(self, rate, over):
        super().__init__(daemon=True)
        self.pace, self.over, self.turn = Pace(rate), over, threading.Semaphore(1)
        self.got, self.trouble = 0, None
        self.followed = self.lost = 0
        self.counts = dict.fromkeys(self.sides, 0)

    def numbers(self):
        """Of the messages that are to be sent, until it is over."""
        number = 0
        while not self.over.is_set():
            assert self.turn.acquire(timeout=PATIENCE), f"message {number} did not arrive"
            self.pace.wait()
            number += 1
            yield number

    def take(self, message):
        self.got += 1
        assert message == content("server", self.got), (self.got, message)
        self.turn.release()

    def run(self):
        try:
            self.talk()
        except Exception as why:  # pylint: disable=broad-except
            self.trouble = why
            self.over.set()

    # What is recorded of it

    def follow(self, api, row):
        """Looks at what has been recorded since the last time."""
        page = api.get(f"/flows/{row['id']}/messages", after=self.followed, limit=1000, content=SIZE)
        for message in page["messages"]:
            if not self.know(message):  # its end has not come yet
                break
        self.lost = page["lost"]

    def know(self, message):
        """Whether it is the next one, and whole."""
        assert message["number"] == self.followed + 1, (message["number"], self.followed)
        if message["size"] < SIZE:
            return False
        side = message["from"]
        self.followed += 1
        self.counts[side] += 1
        said = message["text"].encode() if "text" in message else base64.b64decode(message["base64"])
        assert said == content(side, self.counts[side]), message
        return True

    def judge(self, messages):
        """Of the flow when it is over: the last ones are kept, the others are counted."""
        kept, total = messages["list"], self.got * len(self.sides)
        assert messages["total"] == total == self.followed, (messages["total"], total, self.followed)
        assert [one["number"] for one in kept] == list(range(messages["lost"] + 1, total + 1))
        assert 0 < len(kept) <= 10000 and messages["lost"] > 0, (len(kept), messages["lost"])
        print(f"{self.kind}: {total} messages, each seen in its order; {len(kept)} kept, {messages['lost']} went and are counted")


class Calls(Stream):
    kind, sides = "grpc", ("client", "server")

    def __init__(self, target, proxy, *args):
        super().__init__(*args)
        self.target, self.proxy = target, proxy

    def talk(self):
        with rpc.channel(self.target, self.proxy.ca_file.read_bytes(), self.proxy.proxy) as channel:
            call = channel.stream_stream(f"/{rpc.NAME}/both_echo")
            for message in call(content("client", number) for number in self.numbers()):
                self.take(message)


class Lake(rpc.Service):
    def both_echo(self, requests, _context):
        for number, request in enumerate(requests, 1):
            assert request == content("client", number)
            yield content("server", number)


class Events(Stream):
    kind = "sse"

    def __init__(self, proxy, *args):
        super().__init__(*args)
        self.proxy, self.port = proxy, None

    def serve(self, conn):
        """The script of its server."""
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for number in self.numbers():
            conn.send(b"data: " + content("server", number) + b"\n\n")

    def talk(self):
        with self.proxy.secure("site.test", self.port, keep=False) as pipe:
            pipe.send(b"GET /events HTTP/1.1\r\nHost: site.test\r\n\r\n").read_until(b"\r\n\r\n")
            size = len(content("server", 0)) + len("data: \n\n")
            while event := pipe.read_some():
                event += pipe.read(size - len(event))
                self.take(event[len("data: "):-2])


class LongStreams:
    """Both streams through one proxy, started with the options."""

    def __init__(self, folder, rate, *options):
        self.over, self.samples = threading.Event(), []
        world = pki.World()
        root = folder / "root.pem"
        world.root.me.write(root, key=False)
        weir_run(folder, "ca", "show", "--confdir", folder / "conf")
        self.server = rpc.Server(Lake(), world.good())
        self.events = Events(None, rate, self.over)
        self.site = Origin(self.events.serve, world.good(), keep=False)
        resolve = [word for port in (self.server.port, self.site.port) for word in ("--resolve", f"site.test:{port}:127.0.0.1")]
        asan = SANITIZER_ENV["ASAN_OPTIONS"] + ":quarantine_size_mb=1"
        self.proxy = Weir(folder / "weir", "--upstream-ca", root, *resolve, *OPTIONS, "--body-limit", "1m", *options,
                          ca=folder / "conf" / "weir-ca.pem", env={"ASAN_OPTIONS": asan}).start()
        self.events.proxy, self.events.port = self.proxy, self.site.port
        self.calls = Calls(f"site.test:{self.server.port}", self.proxy, rate, self.over)
        self.streams = [self.calls, self.events]

    def run(self, is_enough, sample, say=lambda text: None):
        """Until is_enough(seconds so far), with a look at the memory every 'sample' seconds."""
        api = Api(self.proxy)
        for stream in self.streams:
            stream.start()
        rows = until(lambda: self._rows(api), lambda: f"both streams; {[s.trouble for s in self.streams]}")
        begun = time.monotonic()
        while not is_enough(passed := time.monotonic() - begun) and not self.over.is_set():
            for stream in self.streams:
                stream.follow(api, rows[stream.kind])
            if passed >= sample * len(self.samples):
                self.samples.append(self.proxy.resident())
                say(f"{passed / 60:5.1f} min, {self.samples[-1]} kB, " +
                    ", ".join(f"{s.kind}: {s.followed} messages, {s.lost} went" for s in self.streams))
            time.sleep(0.05)
        self._finish(api, rows)

    @staticmethod
    def _rows(api):
        rows = {"grpc" if row["url"].endswith("echo") else "sse": row for row in api.get("/live")["flows"] if row["kind"] == "http"}
        return rows if len(rows) == 2 else None

    def _finish(self, api, rows):
        self.over.set()
        for stream in self.streams:
            stream.join()
            if stream.trouble:
                raise stream.trouble
        flows = self.proxy.wait_flows(2, kind="http")
        for stream in self.streams:
            row, total = rows[stream.kind], stream.got * len(stream.sides)
            until(lambda: stream.follow(api, row) or stream.followed == total, lambda: f"{total}: {stream.followed}")
            flow = next(flow for flow in flows if flow["id"] == row["id"])
            assert not flow["error"], flow["error"]
            stream.judge(flow["messages"])
        self._judge_memory()

    def _judge_memory(self):
        warm = self.samples[int(len(self.samples) * WARM_UP):]
        third = len(warm) // 3
        before, after = statistics.median(warm[:third]), statistics.median(warm[-third:])
        print(f"memory: {before:.0f} kB once warm, {after:.0f} kB at the end, at most {max(warm)} kB")
        assert after < before + SLACK, "memory has grown"

    def stop(self):
        self.proxy.stop()
        self.site.stop()
        self.server.stop()


def main():
    seconds, rate = float(sys.argv[1]) * 60, float(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="streams") as folder:
        streams = LongStreams(pathlib.Path(folder), rate)
        try:
            streams.run(lambda passed: passed >= seconds, seconds / SAMPLES, lambda text: print(text, flush=True))
        finally:
            streams.stop()
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()

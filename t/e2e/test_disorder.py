"""Clients and servers that misbehave in every order, while options change: nothing crashes, leaks, hangs or mixes up answers."""
import random
import signal
import ssl
import threading

from lib.message import chunked, read_response, reply
from lib.pipe import Ended

CLIENTS, ROUNDS = 8, 40


def disordered(seed):
    """The script of a server for which anything may happen behind a request. Whole answers name the target."""
    def script(conn):
        rnd = random.Random(f"{seed} {conn.number}")
        whole = True
        while whole:
            whole = rnd.random() < 0.8  # else it answers without reading the content, and closes
            request = conn.request(body=whole)
            name = request.target.encode()
            kind = rnd.randrange(12)
            if kind < 5:
                conn.send(reply(name + b"." * rnd.choice([0, 5000, 300000])))
            elif kind == 5:
                conn.send(chunked([name, *[b"." * rnd.randrange(1, 5000) for _ in range(10)]], trailers=b"X: y\r\n"))
            elif kind == 6:
                return conn.reset()
            elif kind == 7:
                return conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + name)
            elif kind == 8:
                return conn.send(b"garbage\r\n\r\n")
            elif kind == 9:
                conn.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" + reply(name) + rnd.choice([b"", reply(b"unasked")]))
            elif kind == 10:
                return conn.send(b"HTTP/1.1 200 OK\r\n\r\n" + name)
            else:
                return conn.send(reply(name, "200 OK", "Connection: close"))
    return script


class Client(threading.Thread):
    """Opens connections, sends good and bad requests on them, and leaves in good and bad ways."""

    def __init__(self, number, proxy, sites):
        super().__init__(daemon=True)
        self.number, self.proxy, self.sites = number, proxy, sites
        self.random = random.Random(f"client {number}")
        self.contexts = [proxy.context(), proxy.context(maximum=ssl.TLSVersion.TLSv1_2)]
        self.answers, self.trouble = 0, None

    def run(self):
        try:
            for self.round in range(ROUNDS):
                try:
                    self.connect(self.random.choice(self.sites))
                except (Ended, ssl.SSLError, ConnectionError):
                    pass
        except Exception as why:  # pylint: disable=broad-except
            self.trouble = why

    def connect(self, site):
        with self.proxy.dial(keep=False) as pipe:
            prefix = "" if site.context or self.random.random() < 0.3 else f"http://site.test:{site.port}"
            if not prefix and not self.tunnel(pipe, site):
                return
            for i in range(self.random.randrange(1, 5)):
                target = f"/{self.number}-{self.round}-{i}"
                if not self.request(pipe, prefix, target, f"site.test:{site.port}"):
                    return

    def tunnel(self, pipe, site):
        pipe.send(f"CONNECT site.test:{site.port} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert read_response(pipe, "CONNECT").status == 200
        chance = self.random.random()
        if chance < 0.1:
            pipe.send(self.random.randbytes(200))
        elif site.context:
            pipe.start_tls(self.random.choice(self.contexts), name="site.test")
        if 0.1 < chance < 0.2:
            pipe.reset()
        return chance > 0.2

    def request(self, pipe, prefix, target, host):
        """False when the connection is of no further use."""
        head = f"{prefix}{target} HTTP/1.1\r\nHost: {host}\r\n".encode()
        kinds = {
            "get": b"GET " + head + b"\r\n",
            "post": b"POST " + head + b"Content-Length: 5000\r\n\r\n" + b"x" * 5000,
            "chunked": b"POST " + head + b"Transfer-Encoding: chunked\r\n\r\n" + b"5\r\nhello\r\n" * 20 + b"0\r\n\r\n",
            "pipelined": (b"GET " + head + b"\r\n") * 3,
            "head": b"HEAD " + head + b"\r\n",
            "malformed": b"GET " + head + b"Bad : x\r\n\r\n",
            "expecting": b"PUT " + head + b"Expect: 100-continue\r\nContent-Length: 10\r\n\r\n",
            "torn content": b"POST " + head + b"Content-Length: 50000\r\n\r\n" + b"x" * 500,
            "torn head": b"GET " + head + b"X: y",
        }
        kind = self.random.choice(list(kinds))
        pipe.send(kinds[kind])
        chance = self.random.random()
        if chance < 0.07:
            pipe.reset()
        elif chance < 0.12:
            pipe.shut()
        if chance < 0.07 or 0.12 < chance < 0.15 or kind.startswith("torn"):
            return False
        for _ in range(3 if kind == "pipelined" else 1):
            answer = read_response(pipe, "HEAD" if kind == "head" else "GET")
            self.answers += 1
            if answer.status == 200 and kind != "head":
                assert answer.body.rstrip(b".") == target.encode(), f"the answer for {answer.body[:50]} came to {target}"
        return True


def test_disorder_on_all_sides_does_no_harm(weir, origin, world):
    sites = [origin(disordered("plain"), keep=False),
             origin(disordered("tls"), cert=world.good(), keep=False),
             origin(disordered("old"), cert=world.good(), maximum=ssl.TLSVersion.TLSv1_2, keep=False),
             origin(disordered("bad"), cert=world.faulty("expired"), keep=False)]
    proxy = weir("--detail", "4", "--head-time", "1s", "--idle-time", "1s", "--threads", "3", sites=sites)
    clients = [Client(number, proxy, sites) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    options = ["block-private: yes\n", "mode: [regular, 'regular@127.0.0.5:0']\n", "head-max: 32k\n", ""]
    for client, text in zip(clients, options * CLIENTS):
        (proxy.confdir / "config.yaml").write_text(text)
        proxy.send_signal(signal.SIGHUP)
        client.join()
        assert client.trouble is None, client.trouble
        assert client.answers > ROUNDS // 2
    proxy.stop()
    flows = proxy.flows()
    assert len({f["id"] for f in flows}) == len(flows)
    assert {f.reason for f in flows} > {None, "bad-request", "bad-response", "server-reset", "tls-verify"}

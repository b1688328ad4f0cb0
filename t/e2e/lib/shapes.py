"""The shapes that an exchange can have, each a function that runs it on a connection and knows what must come of it."""
import hashlib

from lib.message import chunked, read_response, reply
from lib.pipe import Ended


def filler(name, size):
    """Bytes that belong to this name."""
    block = hashlib.sha512(name.encode()).hexdigest().encode()
    return (block * (size // len(block) + 1))[:size]


def answer_body(target, content):
    """What the server answers: it names the request, and what came with it."""
    size = int(target.rpartition("-")[2])
    return b"%s %s\n" % (target.encode(), hashlib.sha256(content).hexdigest().encode()) + filler(target, size)


def content_of(target):
    """What a client sends with a request that has a content."""
    return filler(target + " content", int(target.rpartition("-")[2]))


class Mixed(AssertionError):
    """A wrong answer, or half of one that passes for a whole."""


def server(conn):
    """Answers in the form that the target asks for, after a look at what came with it."""
    while True:
        request = conn.request()
        target = request.target
        if request.body and request.body != content_of(target):
            raise Mixed(f"{target} came with {request.body[:100]!r}, {len(request.body)} bytes")
        if request.value("Upgrade"):
            conn.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: shout\r\n\r\n")
            while data := conn.read_some():
                conn.send(data.upper())
            if conn.tls:
                conn.close_notify()
            return
        body = answer_body(target, request.body)
        if "/chunked-" in target:
            conn.send(chunked([body[:7], body[7:]], f"X-Target: {target}", trailers=b"X-Trailer: there\r\n"))
        elif "/to-end-" in target:
            conn.send(f"HTTP/1.1 200 OK\r\nX-Target: {target}\r\nConnection: close\r\n\r\n".encode())
            conn.send(body[:10])
            conn.send(body[10:])
            return
        else:
            conn.send(reply(body, "200 OK", f"X-Target: {target}"))


class Exchange:
    """Requests on one connection of a client. When 'exact', no answer may be of the proxy itself."""

    def __init__(self, way, pipe, name, size=20, exact=True):
        self.way, self.pipe, self.name, self.size, self.exact = way, pipe, name, size, exact
        self.refused = None  # the status of the proxy's own answer

    def target(self, kind):
        return f"/{self.name}/{kind}-{self.size}"

    def send(self, target, method="GET", body=None):
        self.pipe.send(self.way.request(target, method=method, body=body))

    def take(self, target, content=b""):
        """The answer to this very request. False when the proxy has refused it."""
        answer = read_response(self.pipe)
        if answer.status >= 400 and not answer.values("X-Target") and not self.exact:
            self.refused = answer.status
            return False
        if answer.status != 200 or answer.value("X-Target") != target or answer.body != answer_body(target, content):
            raise Mixed(f"{target} was answered by {answer.head!r}, {answer.body[:100]!r}, {len(answer.body)} bytes")
        if "/chunked-" in target and answer.trailers != b"X-Trailer: there\r\n":
            raise Mixed(f"{target} was answered without its trailers")
        return True

    # Shapes

    def none(self):
        self.send(self.target("none"))
        self.take(self.target("none"))

    def length(self):
        target = self.target("length")
        self.send(target, "POST", content_of(target))
        self.take(target, content_of(target))

    def chunked(self):
        target = self.target("chunked")
        content = content_of(target)
        head = self.way.request(target, "Transfer-Encoding: chunked", method="POST")
        body = chunked([content[:3], content[3:]], trailers=b"X-More: y\r\n").split(b"\r\n\r\n", 1)[1]
        self.pipe.send(head + body)
        self.take(target, content)

    def pipelined(self):
        targets = [self.target(kind) for kind in ("first", "chunked", "last")]
        self.pipe.send(b"".join(self.way.request(target) for target in targets))
        for target in targets:
            if not self.take(target):
                return

    def keep_alive(self):
        self.send(self.target("before"))
        if self.take(self.target("before")):
            self.chunked()

    def upgrade(self):
        self.pipe.send(self.way.request(self.target("upgrade"), "Connection: upgrade", "Upgrade: shout"))
        answer = read_response(self.pipe)
        if answer.status != 101:
            if self.exact:
                raise Mixed(f"no upgrade but {answer.head!r}")
            self.refused = answer.status
            return
        said = filler(self.name, self.size)
        self.pipe.send(said)
        heard = self.pipe.read(len(said))
        if heard != said.upper():
            raise Mixed(f"{said!r} came back as {heard!r}")
        if self.pipe.tls:
            self.pipe.close_notify()
        self.pipe.shut()
        if self.pipe.read_rest():
            raise Mixed("more came back than was said")

    def to_end(self):
        """The end of the connection is that of the answer: only a clean one is."""
        target = self.target("to-end")
        self.send(target)
        answer = read_response(self.pipe)
        if answer.status >= 400 and not self.exact:
            self.refused = answer.status
        elif answer.body != answer_body(target, b"") and self.pipe.end in ("eof", "close_notify"):
            raise Mixed(f"{target} was answered by {answer.head!r}, {answer.body!r} and {self.pipe.end}")
        elif self.pipe.end not in ("eof", "close_notify"):
            raise Ended(self.pipe.end)


SHAPES = ("none", "length", "chunked", "pipelined", "keep_alive", "upgrade", "to_end")

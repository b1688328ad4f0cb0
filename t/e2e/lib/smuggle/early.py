"""Requests whose answer comes before they are whole: from a server that does not wait, or from the proxy itself."""
import itertools
import re

from lib.smuggle import strict
from lib.smuggle.draft import CHUNKED, SMUGGLED, ZERO, Draft, chunk, collect, length
from lib.smuggle.recorder import Recorder

TARGET = re.compile(rb"^[A-Z]+ /(?:p+/)?early/(\d)/")
ANSWERS = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
           b"HTTP/1.1 413 Too large\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
           b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nok", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
           b"HTTP/1.1 204 No Content\r\n\r\n"]
# Hosts at which the proxy answers by itself, and what it says.
LOCAL = [b"http://weir.it/", b"http://10.0.0.1/", b"http://127.0.0.1:1/", b"/", b"http://x@weir.it/"]


class Early(Recorder):
    """Answers requests for /early/N/ as soon as it has seen their head, and reads on."""

    def _read(self, sock, number):
        data, answered = b"", False
        while more := sock.recv(1 << 16):
            data += more
            while data:
                try:
                    message, end = strict.read_request(data)
                except strict.More:
                    match = TARGET.match(data)
                    if match and not answered and b"\r\n\r\n" in data:
                        sock.sendall(ANSWERS[int(match[1])])
                        answered = True
                    break
                except strict.Bad as why:
                    self.ill.append((str(why), data))
                    return
                self.note(number, message, data[:end])
                data = data[end:]
                if not answered and not self.answer(sock, message):
                    return
                answered = False


def contents():
    """Framing, content, and how much of the content goes first."""
    framed = [(length(len(SMUGGLED)), SMUGGLED), (length(len(SMUGGLED) + 10), b"x" * 10 + SMUGGLED), (CHUNKED, chunk(SMUGGLED) + ZERO), (CHUNKED, chunk(b"hello") + chunk(SMUGGLED) + ZERO)]
    for framing, body in framed:
        for first in (0, 1, 10, len(body) - 1):
            yield framing, body, first


def answered_early():
    for n, (framing, body, first) in itertools.product(range(len(ANSWERS)), contents()):
        draft = Draft(path=b"early/%d/" % n).add(framing).with_body(body)
        yield "M27", f"answer {n} {framing[:8]!r} behind {first}", draft.bytes(), b"", len(draft.head()) + first


def answered_by_the_proxy():
    for target, method, (framing, body, first) in itertools.product(LOCAL, (b"POST", b"GET"), contents()):
        draft = Draft(method).add(framing).with_body(body)
        draft.target = target
        draft.fields[0] = b"Host: weir.it\r\n"
        yield "M28", f"{target!r} {framing[:8]!r} behind {first}", draft.bytes(), b"", len(draft.head()) + first
        yield "M28", f"{target!r} {framing[:8]!r} at once", draft.bytes()


def all_early():
    return collect([*answered_early(), *answered_by_the_proxy()])

"""The request and the response that all cases are made from, and what every case is."""
from dataclasses import dataclass

# They are written out when a case is sent, by something of the same length: a length that was counted stays right.
BASE = b"http://site.test:00000/"
HOST = b"site.test:00000"
ID = b"@@@@@"

CONTROLS = [*range(0x20), 0x7f]
BYTES = [bytes([n]) for n in [*range(0x21), *range(0x7f, 0x100)]]
LINE_ENDS = {"lf": b"\n", "cr": b"\r", "crcrlf": b"\r\r\n", "lfcr": b"\n\r", "cr-space-lf": b"\r \n", "nul-lf": b"\0\n", "vt": b"\x0b",
             "ff": b"\x0c", "fs": b"\x1c", "nel": b"\x85", "nel-utf8": b"\xc2\x85", "ls": b"\xe2\x80\xa8", "nul": b"\0",
             "lflf": b"\n\n", "crlf-cr": b"\r\n\r", "tab-crlf": b"\t\r\n", "double": b"\r\n\r\n"}
PLACES = ("first", "middle", "last")


def marker(word, method=b"GET"):
    """A whole request, to be hidden somewhere."""
    return method + b" " + BASE + word + b"/" + ID + b" HTTP/1.1\r\nHost: " + HOST + b"\r\nX-Case: " + ID + b"\r\n\r\n"


SMUGGLED = marker(b"smuggled")
FOLLOW = marker(b"follow")
ZERO = b"0\r\n\r\n"


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def length(n):
    return b"Content-Length: %d\r\n" % n


CHUNKED = b"Transfer-Encoding: chunked\r\n"


class Draft:
    """A request in pieces."""

    def __init__(self, method=b"POST", path=b"case/", version=b"HTTP/1.1"):
        self.method, self.target, self.version = method, BASE + path + ID, version
        self.line = None  # in place of those
        self.fields = [b"Host: " + HOST + b"\r\n", b"X-Case: " + ID + b"\r\n", b"X-Last: z\r\n"]
        self.end = b"\r\n"
        self.body = b""

    def add(self, *lines, place="middle"):
        at = {"first": 0, "middle": 1, "last": len(self.fields)}[place]
        self.fields[at:at] = lines
        return self

    def with_body(self, body):
        self.body = body
        return self

    def head(self):
        line = self.line if self.line is not None else b" ".join([self.method, self.target, self.version]) + b"\r\n"
        return line + b"".join(self.fields) + self.end

    def bytes(self):
        return self.head() + self.body + FOLLOW


@dataclass
class Case:
    """'group' is the class, such as M7; 'raw' is all that the client (or the origin) sends, still in terms of BASE and ID."""
    number: int
    group: str
    name: str
    raw: bytes
    method: bytes = b""    # of the request to which it is the response
    cut: int = None        # what is behind it is sent when the answer to the rest is there

    @property
    def id(self):
        return b"%05d" % self.number

    @property
    def label(self):
        return f"{self.group} {self.name} #{self.number}"


def collect(sources):
    """Numbered cases out of (group, name, raw, ...): no bytes twice."""
    seen, cases = set(), []
    for group, name, raw, *more in sources:
        key = (raw, *more)
        if key in seen:
            continue
        seen.add(key)
        cases.append(Case(len(cases), group, name, raw, *more))
    return cases


def written(raw, number, port, absolute=True):
    """The bytes for a port of five digits; in a tunnel, targets are paths."""
    out = raw.replace(ID, b"%05d" % number)
    if not absolute:
        out = out.replace(BASE, b"/" + b"p" * (len(BASE) - 2) + b"/")
    return out.replace(b":00000", b":%05d" % port)

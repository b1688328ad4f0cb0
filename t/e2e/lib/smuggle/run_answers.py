"""Answers through a proxy: what the client gets must be one whole answer that the server meant, or plainly none."""
import re
from concurrent.futures import ThreadPoolExecutor

from lib.smuggle import strict
from lib.smuggle.draft import written
from lib.smuggle.recorder import Recorder
from lib.smuggle.run import PLAIN, WORKERS

TARGET = re.compile(rb"/answer/(\d{5})")
# The head of a response is answered for by these; they may be the proxy's own.
OWN = (b"connection", b"transfer-encoding", b"content-length")


class Answering(Recorder):
    """Sends the bytes of a case to the one who asks for it by number, and an ordinary answer to everybody else."""

    def __init__(self, cases, cert=None):
        super().__init__(cert)
        self.cases = cases

    def answer(self, sock, message):
        match = TARGET.search(message.target)
        if not match:
            return super().answer(sock, message)
        case = self.cases[int(match[1])]
        raw = written(case.raw, case.number, self.port)
        sock.sendall(raw)
        found, _ = strict.read_responses(raw, [message.method])
        whole = found and found[0][0].framing in ("length", "chunked", "none")
        if not whole and self.context:
            sock.settimeout(5)
            sock.unwrap()
        return whole and not strict.ends_connection(found[0][0])


def request(way, port, target, method):
    version = b"1.0" if method == b"1.0" else b"1.1"
    method = b"GET" if method == b"1.0" else method
    base = b"http://site.test:%d" % port if way == PLAIN else b""
    body = b"Content-Length: 5\r\n\r\nhello" if method == b"POST" else b"\r\n"
    return b"%s %s%s HTTP/%s\r\nHost: site.test:%d\r\n%s" % (method, base, target, version, port, body)


def field_trouble(meant, got):
    """A field that the server did not send."""
    left = list(meant.fields)
    for field in got.fields:
        if field in left:
            left.remove(field)
        elif field[0].lower() not in OWN:
            return f"a field that was not sent: {field}"
    return None


def judge(case, meant, got, clean, follow):
    """'meant': what a strict reader makes of that which the server sent. None when all is well."""
    method = b"GET" if case.method == b"1.0" else case.method
    found, tail = strict.read_responses(got, [method, b"GET"])
    if tail.startswith("bad") or tail in ("left over", "tunnel"):
        return f"the client gets what is {tail}: {got[:300]!r}"
    if not found:
        return None  # broken off in its head or content, visibly
    answer = found[0][0]
    if answer.framing == "eof" and not clean:
        return None
    if len(found) > 1 and (found[1][0].body != follow or found[1][1]):
        return f"the next request is answered by {found[1][0].status} {found[1][0].body[:60]!r}"
    if answer.status == 502 and not answer.values(b"x-case"):
        return None  # refused
    if not meant:
        return f"looks whole: {got[:300]!r}"
    one, interim = meant[0]
    if (answer.status, answer.body) != (one.status, one.body):
        return f"{answer.status} {answer.body[:60]!r} for {one.status} {one.body[:60]!r}"
    if any(name.lower() in strict.NOT_TRAILERS for name, _ in answer.trailers):
        return f"trailers {answer.trailers}"
    if len(found[0][1]) > len(interim):
        return "more 1xx answers than there were"
    return field_trouble(one, answer)


class AnswerRun:
    """Asks for each case, with another request behind it on the same connection."""

    def __init__(self, client, origin):
        self.client, self.origin = client, origin
        self.passed = self.refused = self.broken = 0

    def _one(self, case):
        port, way = self.client.site_port, self.client.way
        follow = b"/follow/%05d" % case.number
        data = request(way, port, b"/answer/%05d" % case.number, case.method) + request(way, port, follow, b"GET")
        got, clean = self.client.send(data)
        meant, tail = strict.read_responses(written(case.raw, case.number, port), [case.method if case.method != b"1.0" else b"GET"])
        if not got or not strict.STATUS_LINE.match(got):
            self.broken += 1
        elif got.startswith(b"HTTP/1.1 502"):
            self.refused += 1
        else:
            self.passed += 1
        why = judge(case, meant, got, clean, follow)
        return f"{case.label}: {why} (a strict reader: {len(meant)}, {tail})" if why else None

    def __call__(self, cases):
        ill = len(self.origin.ill)
        with ThreadPoolExecutor(WORKERS) as pool:
            troubles = [why for why in pool.map(self._one, cases) if why]
        return troubles + [f"the server got what is ill-formed, {why}: {data[:200]!r}" for why, data in self.origin.ill[ill:]]

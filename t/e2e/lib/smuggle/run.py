"""Cases through a proxy, many at a time, and what is wrong with what becomes of them."""
import re
import socket
from concurrent.futures import ThreadPoolExecutor

from lib.smuggle import strict
from lib.smuggle.draft import written
from lib.smuggle.recorder import compare, goes_to

LIMIT = 20
WORKERS = 6
PLAIN, CLEAR, TLS = "plain", "clear-tunnel", "tls-tunnel"
FIELD = re.compile(rb"^X-Case:[ \t]*(\d{5})", re.M)
TARGET = re.compile(rb"/(?:case|follow|smuggled|mine)/(\d{5})")


def number_of(raw):
    """The number of the case to which the bytes belong."""
    match = FIELD.search(raw) or TARGET.search(raw)
    return int(match[1]) if match else None


def connect(address, port):
    sock = socket.create_connection((address, port), timeout=LIMIT)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class Client:
    """One way to the origin: in the open, in a tunnel, in TLS in a tunnel."""

    def __init__(self, way, port, site_port, context=None):
        self.way, self.port, self.site_port, self.context = way, port, site_port, context
        self.session = None

    def open(self):
        sock = connect("127.0.0.1", self.port)
        if self.way == PLAIN:
            return sock
        sock.sendall(b"CONNECT site.test:%d HTTP/1.1\r\nHost: site.test:%d\r\n\r\n" % (self.site_port, self.site_port))
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            part = sock.recv(1)
            assert part, answer
            answer += part
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        if self.way == TLS:
            sock = self.context.wrap_socket(sock, server_hostname="site.test", session=self.session,
                                            suppress_ragged_eofs=False)
        return sock

    def send(self, data, cut=None):
        """Sends it all, ends its half, and returns what came and whether the connection was closed and not broken off. What is
        behind 'cut' goes when the first answer is there."""
        got, clean = bytearray(), True
        with self.open() as sock:
            try:
                sock.sendall(data[:cut])
                if cut is not None:
                    self._await_answer(sock, got)
                    sock.sendall(data[cut:])
                socket.socket.shutdown(sock, socket.SHUT_WR)
            except OSError:
                clean = False
            try:
                while part := sock.recv(1 << 16):
                    got += part
            except TimeoutError:
                raise AssertionError(f"no end of the connection in {LIMIT} s: {data[:200]!r}") from None
            except OSError:
                clean = False
            if self.way == TLS:
                self.session = sock.session or self.session
        return bytes(got), clean

    @staticmethod
    def _await_answer(sock, got):
        while not strict.read_responses(bytes(got), [b"POST"], closed=False)[0]:
            part = sock.recv(1 << 16)
            if not part:
                return
            got += part

    def usable(self, case, data):
        """Whether the case says something on this way."""
        if self.way == PLAIN:
            return True
        if b"://" in data or case.group.startswith(("M25", "M26")):
            return False
        # Other bytes than those of a request make it a tunnel for something else.
        return self.way == TLS or re.match(rb"[A-Z][A-Z-]{1,18} ", data)


def is_upgraded(got, sent):
    """Whether the first request asked for HTTP/2 in clear and got it. What its client sends behind it is no preface: that is
    the end (GOAWAY, PROTOCOL_ERROR)."""
    asked = sent and sent[0].values(b"upgrade") == [b"h2c"] and len(sent[0].values(b"http2-settings")) == 1
    return asked and got.startswith(b"HTTP/1.1 101 ") and got.endswith(b"\0\0\x08\x07\0\0\0\0\0\0\0\0\1\0\0\0\1")


def answers_trouble(got, sent, clean):
    """What is wrong with the answers to a client that sent these good requests, and perhaps a bad one behind."""
    methods = [message.method for message in sent]
    if not clean and not got:
        return None  # a reset can overtake the answer
    if is_upgraded(got, sent):
        return None
    for last in (b"GET", b"HEAD"):
        found, tail = strict.read_responses(got, [*methods, last])
        if tail == "end" or not got:
            return None
    return f"answers: {tail} behind {len(found)} of {len(methods)}: {got[:300]!r}"


class Run:
    """Sends cases and collects the troubles."""

    def __init__(self, client, recorder):
        self.client, self.recorder = client, recorder
        self.sent = self.forwarded = self.refused = 0

    def _one(self, case):
        data = written(case.raw, case.number, self.client.site_port, self.client.way == PLAIN)
        if not self.client.usable(case, data):
            return None
        got, clean = self.client.send(data, case.cut)
        return case, data, got, clean

    def __call__(self, cases):
        rec = self.recorder
        ill, first = len(rec.ill), len(rec.arrivals)
        with ThreadPoolExecutor(WORKERS) as pool:
            done = [one for one in pool.map(self._one, cases) if one]
        assert done, "no case for this way"
        by_id, troubles = {}, []
        for arrival in rec.arrivals[first:]:
            by_id.setdefault(number_of(arrival.raw), []).append(arrival)
        for case, data, got, clean in done:
            arrived = [arrival.message for arrival in by_id.pop(case.number, [])]
            sent, tail = strict.read_requests(data)
            self.forwarded += len(arrived)
            self.refused += tail.startswith("bad") and len(arrived) <= len(sent)
            expected = [message for message in sent if goes_to(message, self.client.site_port, self.client.way == PLAIN)]
            expected = expected[:1] if is_upgraded(got, sent) else expected
            why = compare(expected, arrived, self.client.way == PLAIN) or answers_trouble(got, sent, clean)
            if why:
                troubles.append(f"{case.label}: {why} (a strict reader: {len(sent)}, {tail})")
        self.sent += len(done)
        troubles += [f"arrived ill-formed, {why}: {data[:300]!r}" for why, data in rec.ill[ill:]]
        troubles += [f"arrived with a number that was not sent: {key}" for key in by_id]
        return troubles

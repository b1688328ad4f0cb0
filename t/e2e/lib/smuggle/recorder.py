"""An origin that reads with the strict reader alone, and what must be true of that which arrives there."""
import socket
import ssl
import threading
from dataclasses import dataclass

from lib.origin import server_context
from lib.smuggle import strict

BATCH = 1 << 16


@dataclass
class Arrival:
    connection: int
    message: strict.Message
    raw: bytes


class Recorder:
    """Answers every request; a connection with anything else on it is noted as 'ill' and closed. The beginning of a request that
    never becomes whole is no harm: no server acts on it."""

    def __init__(self, cert=None):
        self.context = server_context(cert) if cert else None
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.address, self.port = self.listener.getsockname()
        self.arrivals, self.ill = [], []
        self._socks, self._threads = [], []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self._socks.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock, len(self._socks)), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock, number):
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock = self.context.wrap_socket(sock, server_side=True, suppress_ragged_eofs=True) if self.context else sock
            self._read(sock, number)
        except (OSError, ssl.SSLError):
            pass
        finally:
            sock.close()

    def _read(self, sock, number):
        data = b""
        while True:
            more = sock.recv(BATCH)
            if not more:
                break
            data += more
            while data:
                try:
                    message, end = strict.read_request(data)
                except strict.More:
                    break
                except strict.Bad as why:
                    self.ill.append((str(why), data))
                    return
                self.note(number, message, data[:end])
                data = data[end:]
                if not self.answer(sock, message):
                    return

    def note(self, number, message, raw):
        self.arrivals.append(Arrival(number, message, raw))

    def answer(self, sock, message):
        """True when the connection goes on."""
        body = b"" if message.method == b"HEAD" else message.target
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(message.target), body))
        return not strict.ends_connection(message)

    def stop(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._accepting.join()
        self.listener.close()
        for sock in self._socks:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads:
            thread.join()


HOP_BY_HOP = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade", b"http2-settings", b"proxy-authorization", b"expect"}
# What Connection must not take away: framing, routing, authentication, state.
KEPT = {b"host", b"content-length", b"transfer-encoding", b"authorization", b"cookie", b"content-type", b"content-encoding", b"range",
        b"if-match", b"x-forwarded-for", b"x-real-ip", b"origin", b"via", b"trailer", b"date", b"accept-encoding", b"max-forwards"}


def as_forwarded(message, absolute):
    """Target and Host as the server must see them."""
    match = strict.ABSOLUTE.fullmatch(message.target) if absolute else None
    if not match:
        return message.target, (message.values(b"host") or [None])[0]
    path = match[2] if match[2].startswith(b"/") else b"/" + match[2]
    return (b"*" if message.method == b"OPTIONS" and not match[2] else path), match[1]


def goes_to(message, port, absolute):
    """Whether the request is for the origin with this port."""
    match = strict.ABSOLUTE.fullmatch(message.target) if absolute else None
    return message.method != b"CONNECT" and (not match or match[1].endswith(b":%d" % port))


def fields_trouble(sent, arrived, host):
    """What is not as it was sent."""
    named = {option.strip(b" \t").lower() for value in sent.values(b"connection") for option in value.split(b",")}
    lost = HOP_BY_HOP | (named - KEPT)
    before = [(name, value) for name, value in sent.fields if name.lower() != b"host"]
    after = [(name, value) for name, value in arrived.fields if name.lower() != b"host"]
    for field in after:
        if field in before:
            before.remove(field)
        elif field[0].lower() not in (b"connection", b"te"):
            return f"a field that was not sent: {field}"
    missing = [field for field in before if field[0].lower() not in lost]
    if missing:
        return f"fields are missing: {missing}"
    if host is not None and [value.lower() for value in arrived.values(b"host")] != [host.lower()]:
        return f"host {arrived.values(b'host')} for {host}"
    return None


def arrival_trouble(message):
    """What no forwarded request may have."""
    if message.version != 1 or message.method == b"CONNECT":
        return "no request for a server"
    if not (message.target.startswith(b"/") or message.target == b"*"):
        return "a target that is not in origin form"
    if message.extended:
        return "chunk extensions"
    if any(name.lower() in strict.NOT_TRAILERS for name, _ in message.trailers):
        return "a trailer that changes the head"
    if message.values(b"expect") and [value.lower() for value in message.values(b"expect")] != [b"100-continue"]:
        return "an expectation that not everybody knows"
    if any(b"h2c" in value.lower() for value in message.values(b"upgrade")):
        return "an upgrade to h2c"
    return None


def compare(sent, arrived, absolute=True):
    """Why these are not the requests that were sent, in order (some may be missing), or None."""
    left = list(sent)
    for message in arrived:
        why = arrival_trouble(message)
        if why:
            return why
        while left:
            one = left.pop(0)
            target, host = as_forwarded(one, absolute)
            if (one.method, target, one.body) == (message.method, message.target, message.body):
                break
        else:
            return f"a request that was not sent: {message.method} {message.target[:60]}, {len(message.body)} bytes"
        why = fields_trouble(one, message, host)
        if why:
            return why
        if [t for t in message.trailers if t not in one.trailers]:
            return f"trailers that were not sent: {message.trailers}"
    return None

"""HTTP/2 frame by frame: bytes that no library would write, and a reader that keeps what a peer said in return."""
import socket
import struct

from hpack import Decoder

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITIZED = 1, 1, 4, 8, 0x20
(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM,
 CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM) = range(12)
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = range(1, 7)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
MARK = "case=0000"  # in the target of each request: a test puts a number there
WINDOW_MAX = (1 << 31) - 1


def frame(kind, stream=0, content=b"", flags=0):
    return struct.pack(">I", len(content))[1:] + struct.pack(">BBI", kind, flags, stream) + content


def settings(*pairs, flags=0, stream=0):
    return frame(SETTINGS, stream, b"".join(struct.pack(">HI", *pair) for pair in pairs), flags)


def data(stream, content=b"", end=False):
    return frame(DATA, stream, content, END_STREAM if end else 0)


def window(stream, more):
    return frame(WINDOW_UPDATE, stream, struct.pack(">I", more))


def reset(stream, code=CANCEL):
    return frame(RST_STREAM, stream, struct.pack(">I", code))


def goaway(code=NO_ERROR, last=0, stream=0):
    return frame(GOAWAY, stream, struct.pack(">II", last, code))


def ping(content=b"8 bytes.", flags=0, stream=0):
    return frame(PING, stream, content, flags)


def dependency(on=0, weight=16, exclusive=False):
    return struct.pack(">IB", on | exclusive << 31, weight - 1)


# Header blocks (RFC 7541): literals that leave the table alone, unless a test says otherwise.


def integer(first, bits, value):
    """With the bits of the first byte that say what it is."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = bytes([first | most]), value - most
    while value >= 128:
        out, value = out + bytes([value % 128 | 128]), value // 128
    return out + bytes([value])


def text(value):
    return integer(0, 7, len(value)) + value


def literal(name, value, kind=0):
    return bytes([kind]) + text(name.encode("latin-1")) + text(value.encode("latin-1"))


def block(fields):
    return b"".join(literal(*field) for field in fields)


def headers(stream, fields, end=True, flags=END_HEADERS):
    """'fields': pairs, or the bytes of a block."""
    content = fields if isinstance(fields, bytes) else block(fields)
    return frame(HEADERS, stream, content, flags | (END_STREAM if end else 0))


def request(stream, *fields, **changes):
    """A list of fields. Pseudo-fields change by their names without the colon; None takes one out."""
    head = {"method": "GET", "scheme": "https", "path": f"/{stream}?{MARK}", "authority": "site.test", **changes}
    return [*((f":{name}", value) for name, value in head.items() if value is not None), *fields]


def response(*fields, status="200"):
    return [(":status", status), *fields]


class Talk:
    """One end of a connection, and all that came from the other: by stream where it has one."""

    def __init__(self, pipe):
        self.pipe, self.decoder = pipe, Decoder()
        if pipe:
            pipe.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.decoder.max_header_list_size = 1 << 30
        self.heads, self.content, self.sizes, self.ended, self.resets = {}, {}, {}, set(), {}
        self.settings, self.acks, self.pongs = {}, 0, []
        self.first, self.goaway, self.over = None, None, False
        self._block = b""

    def send(self, content):
        try:
            self.pipe.send(content)
        except OSError:  # it has closed the connection: reading says why
            pass

    def read_until(self, true):
        """Or to the end of the connection. 'true' gets the Talk."""
        while not true(self) and self._read():
            pass

    def _have(self, n):
        while len(self.pipe.buffer) < n:
            if not self.pipe.fill():
                self.over = True
                return False
        return True

    def _read(self):
        if not self._have(9) or not self._have(9 + int.from_bytes(self.pipe.buffer[:3], "big")):
            return False
        head = self.pipe.read(9)
        kind, flags, stream = struct.unpack(">BBI", head[3:])
        self._on(kind, flags, stream, self.pipe.read(int.from_bytes(head[:3], "big")))
        return True

    def _on(self, kind, flags, stream, content):
        end = kind in (DATA, HEADERS) and flags & END_STREAM
        self.first = kind if self.first is None else self.first
        if kind == DATA:
            self.content[stream] = self.content.get(stream, b"") + content
            self.sizes.setdefault(stream, []).append(len(content))
        elif kind in (HEADERS, CONTINUATION):
            self._block += content[5:] if flags & PRIORITIZED and kind == HEADERS else content
            if flags & END_HEADERS:
                self.heads.setdefault(stream, []).append(self.decoder.decode(self._block))
                self._block = b""
        elif kind == RST_STREAM:
            self.resets[stream] = int.from_bytes(content, "big")
        elif kind == GOAWAY:
            self.goaway = int.from_bytes(content[4:8], "big")
        elif kind == PING and flags & ACK:
            self.pongs.append(content)
        elif kind == SETTINGS and flags & ACK:
            self.acks += 1
        elif kind == SETTINGS:
            self.settings.update(struct.iter_unpack(">HI", content))
            self.send(settings(flags=ACK))
        if end:
            self.ended.add(stream)

    def status(self, stream):
        """Of the last head that has one; None before it."""
        return next((dict(head)[":status"] for head in reversed(self.heads.get(stream, [])) if ":status" in dict(head)), None)

    def done(self, stream):
        return stream in self.ended or stream in self.resets

    def said(self):
        return (f"GOAWAY {self.goaway}, RST_STREAM {self.resets}, heads {self.heads}, sizes {self.sizes}, ended {self.ended}, "
                f"{'the end' if self.over else 'no end'}")

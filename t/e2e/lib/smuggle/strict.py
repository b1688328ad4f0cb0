"""HTTP/1.1 by the letter of RFC 9110 and 9112, written apart from the program under test: what is not exactly in order is Bad.

Stricter than the letter where the RFC leaves a choice that others make otherwise: equal lengths, a length beside a coding, empty
elements in Transfer-Encoding, and obs-fold are Bad. Laxer in one point: any visible ASCII but '#' may stand in a target."""
import re
from dataclasses import dataclass, field

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
REQUEST_LINE = re.compile(rb"(" + TOKEN + rb") ([\x21\x22\x24-\x7e]+) HTTP/1\.([01])\r\n")
STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?\r\n")
FIELD = re.compile(rb"(" + TOKEN + rb"):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)[ \t]*\r\n")
CHUNK_EXT = rb"(?:;" + TOKEN + rb"(?:=(?:" + TOKEN + rb"|\"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*\"))?)*"
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(" + CHUNK_EXT + rb")\r\n")
HOST = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]{2,45}\])(?::[1-9][0-9]{0,4})?")
ABSOLUTE = re.compile(rb"https?://([^/?]*)(.*)", re.I | re.S)
LENGTH = re.compile(rb"[0-9]{1,19}")

# Fields by which a sender could change how the head was read, had it been written at the end of the content.
NOT_TRAILERS = {b"content-length", b"transfer-encoding", b"host", b"connection", b"trailer", b"te", b"upgrade", b"keep-alive",
                b"authorization", b"proxy-authorization", b"content-type", b"content-encoding", b"content-range", b"cookie",
                b"set-cookie", b"expect", b"proxy-connection"}


class Bad(Exception):
    """Not a message of HTTP/1.1."""


class More(Exception):
    """The beginning of one, perhaps."""


@dataclass
class Message:
    start: tuple
    version: int
    fields: list                 # (name, value) as spelt
    framing: str = "none"        # none, length, chunked, eof, tunnel
    body: bytes = b""
    trailers: list = field(default_factory=list)
    extended: bool = False       # there were chunk extensions

    def values(self, name):
        return [value for key, value in self.fields if key.lower() == name]

    @property
    def method(self):
        return self.start[0]

    @property
    def target(self):
        return self.start[1]

    @property
    def status(self):
        return self.start[0]


def _need(data, at, why):
    """What does not match: the end of what has come, or wrong."""
    if b"\n" in data[at:]:
        raise Bad(why)
    raise More(why)


def _fields(data, at):
    fields = []
    while not data.startswith(b"\r\n", at):
        match = FIELD.match(data, at)
        if not match:
            _need(data, at, "field line")
        fields.append(match.groups())
        at = match.end()
    return fields, at + 2


def _chunks(data, at, message):
    """The content, and where it ends."""
    parts = []
    while True:
        match = CHUNK_LINE.match(data, at)
        if not match:
            _need(data, at, "chunk line")
        message.extended |= bool(match[2])
        size, at = int(match[1], 16), match.end()
        if size == 0:
            break
        if len(data) < at + size + 2:
            raise More("chunk")
        if data[at + size:at + size + 2] != b"\r\n":
            raise Bad("chunk end")
        parts.append(data[at:at + size])
        at += size + 2
    message.body = b"".join(parts)
    message.trailers, at = _fields(data, at)
    return at


def _framing(message):
    """none, length or chunked, by the fields alone."""
    codings, lengths = message.values(b"transfer-encoding"), message.values(b"content-length")
    if len(codings) + len(lengths) > 1:
        raise Bad("several framings")
    if lengths and not (LENGTH.fullmatch(lengths[0]) and int(lengths[0]) < 1 << 63):
        raise Bad("content-length")
    if codings and (codings[0].lower() != b"chunked" or message.version == 0):
        raise Bad("transfer-encoding")
    return "chunked" if codings else "length" if lengths else "none"


def _content(data, at, message):
    if message.framing == "chunked":
        return _chunks(data, at, message)
    if message.framing == "length":
        size = int(message.values(b"content-length")[0])
        if len(data) < at + size:
            raise More("content")
        message.body = data[at:at + size]
        return at + size
    return at


def check_target(method, target):
    """The form that the method asks for."""
    if method == b"CONNECT":
        if not HOST.fullmatch(target) or b":" not in target.rpartition(b"]")[2]:
            raise Bad("authority form")
        return
    if target.startswith(b"/") or (target == b"*" and method == b"OPTIONS"):
        return
    match = ABSOLUTE.fullmatch(target)
    if not match or not HOST.fullmatch(match[1]):
        raise Bad("target form")


def read_request(data, at=0, blank=False):
    """A message and where it ends. 'blank': one empty line may stand in front (RFC 9112 section 2.2)."""
    if blank and data.startswith(b"\r\n", at):
        at += 2
    match = REQUEST_LINE.match(data, at)
    if not match:
        _need(data, at, "request line")
    check_target(match[1], match[2])
    fields, at = _fields(data, match.end())
    message = Message((match[1], match[2]), int(match[3]), fields)
    hosts = message.values(b"host")
    if len(hosts) > 1 or (not hosts and message.version == 1):
        raise Bad("how many hosts")
    if hosts and not HOST.fullmatch(hosts[0]):
        raise Bad("host")
    message.framing = _framing(message)
    if match[1] == b"CONNECT":
        if message.framing == "chunked" or message.values(b"content-length") not in ([], [b"0"]):
            raise Bad("content of a CONNECT")
        message.framing = "tunnel"
    return message, _content(data, at, message)


def read_response(data, at, method, closed):
    """A message and where it ends; 'closed': nothing comes behind the data."""
    match = STATUS_LINE.match(data, at)
    if not match:
        _need(data, at, "status line")
    status = int(match[2])
    fields, at = _fields(data, match.end())
    message = Message((status, match[3] or b""), int(match[1]), fields)
    if method == b"CONNECT" and status // 100 == 2:
        message.framing = "tunnel"
        return message, at
    message.framing = _framing(message)
    if status < 200 or status == 204:
        if message.framing == "chunked" or message.values(b"content-length") not in ([], [b"0"]):
            raise Bad("content where there can be none")
        message.framing = "tunnel" if status == 101 else "none"
        return message, at
    if method == b"HEAD" or status == 304:
        message.framing = "none"
        return message, at
    if message.framing == "none":
        if not closed:
            raise More("end of the connection")
        message.framing, message.body = "eof", data[at:]
        return message, len(data)
    return message, _content(data, at, message)


def ends_connection(message):
    """By its version and its Connection field. A tunnel goes on."""
    values = message.values(b"connection") or message.values(b"proxy-connection")
    options = [option.strip(b" \t").lower() for value in values for option in value.split(b",")]
    return b"close" in options or (message.version == 0 and b"keep-alive" not in options and message.framing != "tunnel")


def read_requests(data):
    """All messages of a connection, and how it goes on behind them: 'end', 'more', or 'bad: WHY'."""
    found, at = [], 0
    try:
        while at < len(data):
            message, at = read_request(data, at, blank=True)
            found.append(message)
            if ends_connection(message):
                return found, "end"
    except Bad as why:
        return found, f"bad: {why}"
    except More:
        return found, "more"
    return found, "end"


def read_responses(data, methods, closed=True):
    """The final responses to requests with these methods, each with the 1xx ones in front of it, and how it ends. What comes in
    a tunnel is read on as answers."""
    found, at = [], 0
    try:
        for method in methods:
            interim = []
            while True:
                message, at = read_response(data, at, method, closed)
                if message.status >= 200 or message.status == 101:
                    break
                interim.append(message)
            found.append((message, interim))
            if message.status == 101:
                return found, "tunnel"
            if at == len(data):
                return found, "end"
    except Bad as why:
        return found, f"bad: {why}"
    except More:
        return found, "more"
    return found, "left over"

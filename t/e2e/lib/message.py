"""HTTP/1 messages as the tests see them: bytes first, with just enough reading on top."""
from dataclasses import dataclass, field


@dataclass
class Message:
    head: bytes            # as received, with the empty line
    body: bytes = b""      # without framing
    framed: bytes = b""    # as received, with the framing
    trailers: bytes = b""  # as received, without the empty line
    interim: list = field(default_factory=list)  # heads of 1xx responses

    @property
    def line(self):
        return self.head.split(b"\r\n", 1)[0].decode("latin-1")

    @property
    def method(self):
        return self.line.split(" ")[0]

    @property
    def target(self):
        return self.line.split(" ")[1]

    @property
    def status(self):
        return int(self.line.split(" ")[1])

    @property
    def fields(self):
        """Name and value of each field, as spelt."""
        lines = self.head.decode("latin-1").split("\r\n")[1:-2]
        return [(name, value.strip(" \t")) for name, _, value in (line.partition(":") for line in lines)]

    def values(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def value(self, name):
        return ", ".join(self.values(name))

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")


def _read_chunks(pipe, message):
    while True:
        line = pipe.read_until(b"\r\n")
        message.framed += line
        size = int(line.split(b";")[0], 16)
        if size == 0:
            break
        data = pipe.read(size + 2)
        assert data.endswith(b"\r\n"), data[-10:]
        message.framed += data
        message.body += data[:-2]
    while (line := pipe.read_until(b"\r\n")) != b"\r\n":
        message.trailers += line
    message.framed += message.trailers + b"\r\n"


def _read_body(pipe, message, to_end):
    if "chunked" in message.value("Transfer-Encoding").lower():
        _read_chunks(pipe, message)
    elif message.values("Content-Length"):
        message.body = message.framed = pipe.read(int(message.values("Content-Length")[0]))
    elif to_end:
        message.body = message.framed = pipe.read_rest()


def read_request(pipe, body=True):
    """The next request; who waits for a word before the content gets it."""
    message = Message(pipe.read_until(b"\r\n\r\n"))
    if body:
        if message.value("Expect"):
            pipe.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        _read_body(pipe, message, to_end=False)
    return message


def read_response(pipe, method="GET"):
    """The next final response, with the interim ones that came before it."""
    interim = []
    message = Message(pipe.read_until(b"\r\n\r\n"))
    while message.status < 200 and message.status != 101:
        interim.append(message.head)
        message = Message(pipe.read_until(b"\r\n\r\n"))
    message.interim = interim
    tunnel = message.status == 101 or (method == "CONNECT" and message.status < 300)
    if method != "HEAD" and message.status not in (204, 304) and not tunnel:
        _read_body(pipe, message, to_end=True)
    return message


def reply(body=b"", status="200 OK", *fields):
    """The bytes of a response with a Content-Length."""
    lines = [f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def chunked(parts, *fields, status="200 OK", trailers=b""):
    """The bytes of a chunked response; a part is bytes, or (bytes, extension)."""
    out = "\r\n".join([f"HTTP/1.1 {status}", "Transfer-Encoding: chunked", *fields]).encode("latin-1") + b"\r\n\r\n"
    for part in parts:
        data, ext = part if isinstance(part, tuple) else (part, b"")
        out += b"%x%s\r\n%s\r\n" % (len(data), ext, data)
    return out + b"0\r\n" + trailers + b"\r\n"

"""A small WebSocket client (RFC 6455) that can also do it wrong."""
import base64
import hashlib
import json
import os

from lib.message import read_response

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def frame(opcode, content=b"", fin=True, mask=True, bits=0, length=None):
    """The bytes of one frame; 'length' is what its header says in place of the truth. 'mask' may be a key."""
    size = len(content) if length is None else length
    head = bytes([fin << 7 | bits << 4 | opcode])
    if size < 126:
        head += bytes([bool(mask) << 7 | size])
    elif size < 65536:
        head += bytes([bool(mask) << 7 | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([bool(mask) << 7 | 127]) + size.to_bytes(8, "big")
    if not mask:
        return head + content
    key = mask if isinstance(mask, bytes) else os.urandom(4)
    return head + key + masked(content, key)


def masked(content, key):
    """Masked, or unmasked."""
    whole = (key * (len(content) // 4 + 1))[:len(content)]
    return (int.from_bytes(content, "big") ^ int.from_bytes(whole, "big")).to_bytes(len(content), "big")


class Closed(Exception):
    """A Close frame came: code and reason."""

    def __init__(self, code, reason):
        super().__init__(code, reason)
        self.code, self.reason = code, reason


def handshake(path, host, fields=()):
    """The bytes of a good one, and the Sec-WebSocket-Accept that must answer it. 'fields' replace ours."""
    key = base64.b64encode(os.urandom(16)).decode()
    all_fields = {"Host": host, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key,
                  "Sec-WebSocket-Version": "13", **dict(fields)}
    lines = [f"{name}: {value}" for name, value in all_fields.items() if value is not None]
    accept = base64.b64encode(hashlib.sha1(key.encode() + MAGIC).digest()).decode()
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode(), accept


def accept(conn, *fields, request=None):
    """A server's side of the handshake on a Conn of an Origin; gives the request, which it reads when there is none."""
    request = request or conn.request(body=False)
    key = request.value("Sec-WebSocket-Key")
    proof = base64.b64encode(hashlib.sha1(key.encode() + MAGIC).digest()).decode()
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
             f"Sec-WebSocket-Accept: {proof}", *fields, "", ""]
    conn.send("\r\n".join(lines).encode())
    return request


class WebSocket:
    """An open one, over a Pipe."""

    def __init__(self, pipe, path, host, fields=()):
        request, accept = handshake(path, host, fields)
        self.pipe = pipe
        self.answer = read_response(pipe.send(request), "GET")
        if self.answer.status == 101:
            assert self.answer.value("Sec-WebSocket-Accept") == accept

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pipe.close()

    def send(self, message):
        self.pipe.send(frame(TEXT, json.dumps(message).encode()))

    def read_frame(self):
        first, second = self.pipe.read(2)
        assert not second & 0x80, "a server does not mask"
        size = second
        if size >= 126:
            size = int.from_bytes(self.pipe.read(2 if size == 126 else 8), "big")
        return first & 15, self.pipe.read(size)

    def receive(self):
        """The next message."""
        opcode, content = self.read_frame()
        if opcode == CLOSE:
            raise Closed(int.from_bytes(content[:2], "big"), content[2:].decode())
        assert opcode == TEXT, opcode
        return json.loads(content)

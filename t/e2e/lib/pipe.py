"""One end of a connection, plain or under TLS, that keeps what it received and knows how it ended."""
import socket
import ssl
import struct

from lib.wait import LIMIT

BATCH = 1 << 16


class Ended(Exception):
    """The peer ended the connection before what was asked for had come."""


class Pipe:
    """TLS goes through memory here, so that a test decides about every message of it, close_notify included."""

    def __init__(self, sock, keep=True):
        sock.settimeout(LIMIT)
        self.sock = sock
        self.keep = keep
        self.tls = None
        self.received = bytearray()  # all that came, decrypted
        self.buffer = bytearray()    # what nobody has read of it
        self.records = []            # (type, length) of the TLS records that came
        self.end = None              # how it ended: eof, close_notify, truncated, reset, or the text of an alert
        self._torn = b""             # the front of a TLS record

    # Bytes

    def _recv(self):
        try:
            data = self.sock.recv(BATCH)
        except ConnectionResetError:
            self.end = "reset"
            return b""
        if not data:
            self.end = self.end or ("truncated" if self.tls else "eof")
        return data

    def _note_records(self, data):
        data = self._torn + data
        while len(data) >= 5:
            size = 5 + struct.unpack(">H", data[3:5])[0]
            if len(data) < size:
                break
            self.records.append((data[0], size - 5))
            data = data[size:]
        self._torn = data

    def _decrypt(self, data):
        self._note_records(data)
        self._in.write(data)
        plain = bytearray()
        try:
            while True:
                part = self.tls.read(BATCH)
                if not part:
                    self.end = self.end or "close_notify"
                    break
                plain += part
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.end = "close_notify"
        except ssl.SSLError as why:
            self.end = str(why)
        self._flush()
        return plain

    def fill(self):
        """Waits for more; False when the connection has ended."""
        if self.end:
            return False
        data = self._recv()
        if data and self.tls:
            data = self._decrypt(data)
        self._take(data)
        return not self.end or bool(data)

    def _take(self, data):
        if self.keep:
            self.received += data
        self.buffer += data

    def read(self, n):
        while len(self.buffer) < n:
            if not self.fill():
                raise Ended(f"{self.end} after {len(self.buffer)} of {n} bytes: {bytes(self.buffer[:200])!r}")
        data = bytes(self.buffer[:n])
        del self.buffer[:n]
        return data

    def read_until(self, mark):
        while mark not in self.buffer:
            if not self.fill():
                raise Ended(f"{self.end} before {mark!r}: {bytes(self.buffer[:200])!r}")
        return self.read(self.buffer.index(mark) + len(mark))

    def read_rest(self):
        """To the end of the connection, whatever that is."""
        while self.fill():
            pass
        return self.read(len(self.buffer))

    def read_some(self):
        """What has come, at least one byte; nothing at the end."""
        while not self.buffer and self.fill():
            pass
        return self.read(len(self.buffer))

    def send(self, data):
        if self.tls:
            view = memoryview(data)
            while view:
                sent = self.tls.write(view[:BATCH])
                view = view[sent:]
                self._flush()
        else:
            self.sock.sendall(data)
        return self

    # TLS

    def _flush(self):
        data = self._out.read()
        if data:
            try:
                self.sock.sendall(data)
            except OSError as why:
                self.end = self.end or str(why)

    def start_tls(self, context, server=False, name=None, session=None):
        """The handshake. Raises ssl.SSLError, or Ended when the peer says nothing."""
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(self._in, self._out, server_side=server, server_hostname=name, session=session)
        self._in.write(bytes(self.buffer))
        self.buffer.clear()
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush()
                data = self._recv()
                if not data:
                    raise Ended(f"{self.end} in the handshake") from None
                self._note_records(data)
                self._in.write(data)
            except ssl.SSLError:
                self._flush()
                raise
        self.tls = tls
        self._flush()
        self._take(self._decrypt(b""))  # what came in one piece with the end of the handshake
        return self

    def close_notify(self):
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass
        self._flush()
        return self

    # Ends

    def shut(self):
        """No more bytes from here: a half-closed connection."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError as why:  # the peer has reset the connection
            raise ConnectionResetError(*why.args) from why
        return self

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

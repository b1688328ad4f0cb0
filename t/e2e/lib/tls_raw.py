"""TLS by hand: records and messages as bytes, so that a test can send what no library would."""
import hashlib
import hmac
import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives import hashes, serialization

CCS, ALERT, HANDSHAKE, DATA, HEARTBEAT = 20, 21, 22, 23, 24
(HELLO_REQUEST, CLIENT_HELLO, SERVER_HELLO, NEW_TICKET, END_OF_EARLY_DATA, ENCRYPTED_EXTENSIONS, CERTIFICATE,
 SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST, SERVER_HELLO_DONE, CERTIFICATE_VERIFY, CLIENT_KEY_EXCHANGE, FINISHED) = (
     0, 1, 2, 4, 5, 8, 11, 12, 13, 14, 15, 16, 20)
KEY_UPDATE = 24
TLS12, TLS13 = 0x0303, 0x0304
AES_128_GCM_SHA256 = 0x1301
ECDHE_ECDSA_AES128_GCM_SHA256 = 0xC02B
FALLBACK_SCSV = 0x5600
X25519, P256, P384 = 29, 23, 24
ECDSA_P256_SHA256, RSA_PSS_SHA256 = 0x0403, 0x0804
(SNI, GROUPS, FORMATS, SIG_ALGS, ALPN, TICKET, PSK, EARLY_DATA, VERSIONS, COOKIE, PSK_MODES, KEY_SHARE, RENEGOTIATION) = (
    0, 10, 11, 13, 16, 35, 41, 42, 43, 44, 45, 51, 0xFF01)
SENTINEL_12, SENTINEL_11 = b"DOWNGRD\x01", b"DOWNGRD\x00"
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")  # RFC 8446, 4.1.3

ALERTS = {0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow",
          40: "handshake_failure", 42: "bad_certificate", 47: "illegal_parameter", 48: "unknown_ca", 50: "decode_error",
          51: "decrypt_error", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error",
          86: "inappropriate_fallback", 100: "no_renegotiation", 109: "missing_extension", 110: "unsupported_extension",
          112: "unrecognized_name", 120: "no_application_protocol"}


# Bytes


def vec(size, data):
    """A vector with its length in front, in so many bytes."""
    return len(data).to_bytes(size, "big") + data


def numbers(values):
    return b"".join(struct.pack(">H", value) for value in values)


def record(kind, body, version=0x0303, length=None):
    return struct.pack(">BHH", kind, version, len(body) if length is None else length) + body


def message(kind, body, length=None):
    return bytes([kind]) + (len(body) if length is None else length).to_bytes(3, "big") + body


def extension(kind, body):
    return struct.pack(">H", kind) + vec(2, body)


# Extensions as a client sends them; a hello is made of a dict of them, in their order.


def share(key, group=X25519):
    return struct.pack(">H", group) + vec(2, key)


def usual(name="site.test", key=None, version=TLS13):
    """The extensions of an ordinary client."""
    made = {SNI: vec(2, b"\x00" + vec(2, name.encode())), GROUPS: vec(2, numbers([X25519, P256])), FORMATS: vec(1, b"\x00"),
            SIG_ALGS: vec(2, numbers([ECDSA_P256_SHA256, RSA_PSS_SHA256, 0x0401])), RENEGOTIATION: b"\x00"}
    if version == TLS13:
        made[VERSIONS] = vec(1, numbers([TLS13]))
        made[KEY_SHARE] = vec(2, share(key or raw(X25519PrivateKey.generate())))
    return made


def extensions(made):
    return b"".join(extension(kind, body) for kind, body in made.items())


def hello_body(extra, **how):
    """extra: bytes of the extensions, None for no block of them at all."""
    body = struct.pack(">H", how.get("version", TLS12)) + how.get("random", b"R" * 32)
    body += vec(1, how.get("session", b"")) + vec(2, numbers(how.get("ciphers", [AES_128_GCM_SHA256])))
    body += vec(1, how.get("compression", b"\x00"))
    return body if extra is None else body + vec(2, extra)


def client_hello(changes=None, version=TLS13, **how):
    """The message. 'changes' of the usual extensions: None takes one out."""
    made = {**usual(version=version), **(changes or {})}
    how.setdefault("ciphers", [AES_128_GCM_SHA256] if version == TLS13 else [ECDHE_ECDSA_AES128_GCM_SHA256])
    return message(CLIENT_HELLO, hello_body(extensions({k: v for k, v in made.items() if v is not None}), **how))


class Hello:
    """What a client's or a server's hello says: version, random, session, ciphers (or cipher), extensions."""

    def __init__(self, msg):
        body = msg[4:]
        self.kind, self.version, self.random = msg[0], struct.unpack(">H", body[:2])[0], body[2:34]
        self.session, rest = self._cut(body[34:], 1)
        if self.kind == CLIENT_HELLO:
            ciphers, rest = self._cut(rest, 2)
            self.ciphers = list(struct.unpack(f">{len(ciphers) // 2}H", ciphers))
            self.compression, rest = self._cut(rest, 1)
        else:
            self.ciphers, rest = [struct.unpack(">H", rest[:2])[0]], rest[3:]
        self.extensions = {}
        rest = self._cut(rest, 2)[0] if rest else b""
        while rest:
            kind = struct.unpack(">H", rest[:2])[0]
            self.extensions[kind], rest = self._cut(rest[2:], 2)

    @staticmethod
    def _cut(data, size):
        n = int.from_bytes(data[:size], "big")
        return data[size:size + n], data[size + n:]

    def numbers(self, kind, size=2):
        """An extension that is a list of 16 bit numbers."""
        body = self.extensions.get(kind, b"\x00" * size)[size:]
        return list(struct.unpack(f">{len(body) // 2}H", body))


# Keys


def hash_of(data):
    return hashlib.sha256(data).digest()


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def expand(secret, label, context=b"", n=32):
    """HKDF-Expand-Label for up to one block."""
    return mac(secret, struct.pack(">H", n) + vec(1, b"tls13 " + label) + vec(1, context) + b"\x01")[:n]


def prf(secret, label, seed, n):
    """Of TLS 1.2."""
    out, a = b"", label + seed
    while len(out) < n:
        a = mac(secret, a)
        out += mac(secret, a + label + seed)
    return out[:n]


class Seal13:
    """One direction of TLS 1.3."""

    def __init__(self, secret):
        self.secret, self.number = secret, 0
        self.aead, self.iv = AESGCM(expand(secret, b"key", n=16)), expand(secret, b"iv", n=12)

    def _nonce(self):
        self.number += 1
        return bytes(a ^ b for a, b in zip(self.iv, (self.number - 1).to_bytes(12, "big")))

    def seal(self, kind, body, padding=0):
        inner = body + (bytes([kind]) if kind is not None else b"") + b"\x00" * padding
        head = struct.pack(">BHH", DATA, 0x0303, len(inner) + 16)
        return head + self.aead.encrypt(self._nonce(), inner, head)

    def open(self, kind, body):
        head = struct.pack(">BHH", kind, 0x0303, len(body))
        inner = self.aead.decrypt(self._nonce(), body, head).rstrip(b"\x00")
        return inner[-1], inner[:-1]

    def updated(self):
        return Seal13(expand(self.secret, b"traffic upd"))


class Seal12:
    """One direction of TLS 1.2 with AES-128-GCM."""

    def __init__(self, key, salt):
        self.aead, self.salt, self.number = AESGCM(key), salt, 0

    def _crypt(self, work, kind, nonce, data, n):
        self.number += 1
        head = struct.pack(">QBHH", self.number - 1, kind, 0x0303, n)
        return work(self.salt + nonce, data, head)

    def seal(self, kind, body):
        nonce = struct.pack(">Q", self.number)
        return record(kind, nonce + self._crypt(self.aead.encrypt, kind, nonce, body, len(body)))

    def open(self, kind, body):
        return kind, self._crypt(self.aead.decrypt, kind, body[:8], body[8:], len(body) - 24)


# A peer


class Peer:
    """One end over a Pipe. 'seen' is the transcript; 'sealer' and 'opener' are None while there are no keys."""

    def __init__(self, pipe):
        self.pipe, self.seen = pipe, b""
        self.sealer = self.opener = None
        self.torn = b""  # handshake bytes that are no whole message yet
        self.key = X25519PrivateKey.generate()
        self.public = raw(self.key)

    # Records

    def send(self, kind, body):
        self.pipe.send(self.sealer.seal(kind, body) if self.sealer else record(kind, body))
        return self

    def say(self, msg):
        """A handshake message, which is part of the transcript."""
        self.seen += msg
        for i in range(0, len(msg), 16384):
            self.send(HANDSHAKE, msg[i:i + 16384])
        return self

    def record(self):
        """(type, content) of the next record; raises Ended."""
        kind, _, n = struct.unpack(">BHH", self.pipe.read(5))
        body = self.pipe.read(n)
        # After a failure in the handshake an alert may come in the open.
        if self.opener and kind != CCS and not (kind == ALERT and n == 2):
            try:
                kind, body = self.opener.open(kind, body)
            except InvalidTag:
                raise AssertionError(f"cannot decrypt a record of type {kind} with {n} bytes") from None
        return kind, body

    def hear(self, *wanted):
        """The next handshake message, which is part of the transcript."""
        while len(self.torn) < 4 or len(self.torn) < 4 + int.from_bytes(self.torn[1:4], "big"):
            kind, body = self.record()
            if kind == ALERT:
                raise Alert(body)
            if kind == HANDSHAKE:
                self.torn += body
        n = 4 + int.from_bytes(self.torn[1:4], "big")
        msg, self.torn = self.torn[:n], self.torn[n:]
        assert not wanted or msg[0] in wanted, f"message {msg[0]} in place of {wanted}"
        self.seen += msg
        return msg

    def outcome(self):
        """How the other side ends the connection: the name of its alert, or the end without one. Data is passed over."""
        for _ in range(100):
            try:
                kind, body = self.record()
            except Exception as why:  # pylint: disable=broad-except
                if type(why).__name__ != "Ended":
                    raise
                return self.pipe.end
            if kind == ALERT:
                return ALERTS.get(body[1], str(body[1]))
        return "goes on"


class Alert(Exception):
    """The peer sent one in place of a message."""

    def __init__(self, body):
        self.name = ALERTS.get(body[1], str(body[1]))
        super().__init__(self.name)


class Peer13(Peer):
    """TLS 1.3 with X25519 and AES-128-GCM-SHA256."""

    def record(self):
        kind, body = super().record()
        if kind == HANDSHAKE and body[0] == KEY_UPDATE:
            self.opener = self.opener.updated()
        return kind, body

    def _handshake_keys(self, public):
        early = mac(b"\x00" * 32, b"\x00" * 32)
        secret = mac(expand(early, b"derived", hash_of(b"")),
                     self.key.exchange(X25519PublicKey.from_public_bytes(public)))
        at = hash_of(self.seen)
        self.secrets = [expand(secret, label, at) for label in (b"c hs traffic", b"s hs traffic")]
        self.master = mac(expand(secret, b"derived", hash_of(b"")), b"\x00" * 32)

    def data_secrets(self):
        at = hash_of(self.seen)
        return [expand(self.master, label, at) for label in (b"c ap traffic", b"s ap traffic")]

    def finished(self, secret):
        return message(FINISHED, mac(expand(secret, b"finished"), hash_of(self.seen)))

    def update(self, value=b"\x00"):
        """A KeyUpdate, and the new key behind it."""
        self.send(HANDSHAKE, message(KEY_UPDATE, value))
        self.sealer = self.sealer.updated()
        return self


class Client13(Peer13):
    def hello(self, changes=None, **how):
        self.say(client_hello({KEY_SHARE: vec(2, share(self.public)), **(changes or {})}, **how))
        return self

    def keys(self):
        """Reads the ServerHello."""
        msg = self.hear(SERVER_HELLO)
        self._handshake_keys(Hello(msg).extensions[KEY_SHARE][4:])
        self.opener, self.sealer = Seal13(self.secrets[1]), None
        return self

    def flight(self):
        """Reads to the server's Finished; after it, 'sealer' is that of the handshake."""
        for kind in (ENCRYPTED_EXTENSIONS, CERTIFICATE, CERTIFICATE_VERIFY, FINISHED):
            self.hear(kind)
        self.data = self.data_secrets()
        self.sealer, self.opener = Seal13(self.secrets[0]), Seal13(self.data[1])
        return self

    def finish(self):
        self.say(self.finished(self.secrets[0]))
        self.sealer = Seal13(self.data[0])
        return self

    def connect(self, changes=None, **how):
        return self.hello(changes, **how).keys().flight().finish()


class Client12(Peer):
    def hello(self, changes=None, **how):
        self.random = how.setdefault("random", os.urandom(32))
        self.say(client_hello(changes, version=TLS12, **how))
        return self

    def flight(self):
        """Reads to ServerHelloDone, and makes the keys."""
        self.server_random = Hello(self.hear(SERVER_HELLO)).random
        self.hear(CERTIFICATE)
        exchange = self.hear(SERVER_KEY_EXCHANGE)[4:]
        assert exchange[:4] == b"\x03" + numbers([X25519]) + b"\x20", exchange[:4]
        self.hear(SERVER_HELLO_DONE)
        shared = self.key.exchange(X25519PublicKey.from_public_bytes(exchange[4:36]))
        self.master = prf(shared, b"master secret", self.random + self.server_random, 48)
        block = prf(self.master, b"key expansion", self.server_random + self.random, 40)
        self.seals = Seal12(block[:16], block[32:36]), Seal12(block[16:32], block[36:])
        return self

    def exchange(self):
        return self.say(message(CLIENT_KEY_EXCHANGE, vec(1, self.public)))

    def change(self):
        """ChangeCipherSpec, and the key behind it."""
        self.send(CCS, b"\x01")
        self.sealer = self.seals[0]
        return self

    def finished(self):
        return message(FINISHED, prf(self.master, b"client finished", hash_of(self.seen), 12))

    def end(self):
        """Reads the server's ChangeCipherSpec and Finished."""
        while True:
            kind, body = self.record()
            if kind == ALERT:
                raise Alert(body)
            if kind == CCS:
                break
            assert kind == HANDSHAKE and body[0] == NEW_TICKET, (kind, body[:1])
            self.seen += body
        self.opener = self.seals[1]
        self.hear(FINISHED)
        return self

    def connect(self, changes=None, **how):
        self.hello(changes, **how).flight().exchange().change().say(self.finished())
        return self.end()


class Server13(Peer13):
    """The server with this certificate (lib/pki), whose key is P-256."""

    def __init__(self, pipe, cert):
        super().__init__(pipe)
        self.cert = cert

    def listen(self):
        self.client = Hello(self.hear(CLIENT_HELLO))
        return self

    def hello(self, changes=None, **how):
        """The ServerHello, and the keys behind it."""
        made = {VERSIONS: numbers([TLS13]), KEY_SHARE: share(self.public), **(changes or {})}
        self.say(server_hello(made, session=self.client.session, **how))
        self._handshake_keys(self.client.extensions[KEY_SHARE][6:])
        self.opener, self.sealer = Seal13(self.secrets[0]), Seal13(self.secrets[1])
        return self

    def certificate(self, entries=None, extra=b""):
        certs = entries or [cert.der for cert in (self.cert, *self.cert.chain)]
        return message(CERTIFICATE, b"\x00" + vec(3, b"".join(vec(3, der) + vec(2, extra) for der in certs)))

    def verify(self, algorithm=ECDSA_P256_SHA256):
        data = b" " * 64 + b"TLS 1.3, server CertificateVerify\x00" + hash_of(self.seen)
        return message(CERTIFICATE_VERIFY, struct.pack(">H", algorithm) + vec(2, sign(self.cert.key, data)))

    def flight(self, protocol=b"http/1.1"):
        """To its Finished; after it, it sends under the keys of data."""
        self.say(message(ENCRYPTED_EXTENSIONS, vec(2, extension(ALPN, vec(2, vec(1, protocol))) if protocol else b"")))
        self.say(self.certificate()).say(self.verify())
        return self.finish()

    def finish(self):
        self.say(self.finished(self.secrets[1]))
        self.data = self.data_secrets()
        self.sealer = Seal13(self.data[1])
        return self

    def end(self):
        """The client's Finished."""
        self.hear(FINISHED)
        self.opener = Seal13(self.data[0])
        return self

    def accept(self):
        return self.listen().hello().flight().end()


class Server12(Peer):
    """The server with this certificate (lib/pki), whose key is P-256."""

    def __init__(self, pipe, cert):
        super().__init__(pipe)
        self.cert = cert

    def listen(self):
        self.client = Hello(self.hear(CLIENT_HELLO))
        return self

    def hello(self, changes=None, random=None, **how):
        self.random = random or os.urandom(32)
        made = {RENEGOTIATION: b"\x00", **(changes or {})}
        self.say(server_hello(made, random=self.random, cipher=how.pop("cipher", ECDHE_ECDSA_AES128_GCM_SHA256), **how))
        return self

    def exchange(self, params=None, algorithm=ECDSA_P256_SHA256):
        params = params or b"\x03" + numbers([X25519]) + vec(1, self.public)
        signature = sign(self.cert.key, self.client.random + self.random + params)
        return message(SERVER_KEY_EXCHANGE, params + struct.pack(">H", algorithm) + vec(2, signature))

    def certificate(self, entries=None):
        certs = entries or [cert.der for cert in (self.cert, *self.cert.chain)]
        return message(CERTIFICATE, vec(3, b"".join(vec(3, der) for der in certs)))

    def flight(self):
        return self.say(self.certificate()).say(self.exchange()).say(message(SERVER_HELLO_DONE, b""))

    def end(self):
        """Reads what the client answers, and finishes."""
        public = self.hear(CLIENT_KEY_EXCHANGE)[5:]
        shared = self.key.exchange(X25519PublicKey.from_public_bytes(public))
        master = prf(shared, b"master secret", self.client.random + self.random, 48)
        block = prf(master, b"key expansion", self.random + self.client.random, 40)
        self.opener = Seal12(block[:16], block[32:36])
        while self.record()[0] != CCS:
            pass
        self.hear(FINISHED)
        self.send(CCS, b"\x01")
        self.sealer = Seal12(block[16:32], block[36:])
        return self.say(message(FINISHED, prf(master, b"server finished", hash_of(self.seen), 12)))

    def accept(self, **how):
        return self.listen().hello(**how).flight().end()


def server_hello(made, **how):
    body = struct.pack(">H", how.get("version", TLS12)) + how.get("random", b"S" * 32) + vec(1, how.get("session", b""))
    body += struct.pack(">HB", how.get("cipher", AES_128_GCM_SHA256), how.get("compression", 0))
    return message(SERVER_HELLO, body + vec(2, extensions({k: v for k, v in made.items() if v is not None})))


def sign(key, data):
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def raw(key):
    """The public half, as a key share has it."""
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)

"""Certificates byte by byte, for what a library refuses to make: any version, serial, name, key, extension, signature."""
import base64
import datetime
import hashlib
import ipaddress
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa

DAY = datetime.timedelta(days=1)


def tlv(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def seq(*parts):
    return tlv(0x30, *parts)


def integer(n):
    return tlv(0x02, n.to_bytes(n.bit_length() // 8 + 1, "big", signed=True))


def octets(data):
    return tlv(0x04, data)


def bits(data, unused=0):
    return tlv(0x03, bytes([unused]), data)


def oid(dotted):
    first, second, *rest = (int(part) for part in dotted.split("."))
    out = bytearray([40 * first + second])
    for n in rest:
        digits = [n & 0x7f]
        while n := n >> 7:
            digits.append(n & 0x7f | 0x80)
        out += bytes(reversed(digits))
    return tlv(0x06, bytes(out))


TRUE, NULL = b"\x01\x01\xff", b"\x05\x00"

OIDS = {"basic": "2.5.29.19", "usage": "2.5.29.15", "eku": "2.5.29.37", "san": "2.5.29.17", "ski": "2.5.29.14",
        "aki": "2.5.29.35", "constraints": "2.5.29.30", "aia": "1.3.6.1.5.5.7.1.1", "feature": "1.3.6.1.5.5.7.1.24",
        "policies": "2.5.29.32", "unknown": "1.3.6.1.4.1.99999.1", "crl": "2.5.29.31", "sct": "1.3.6.1.4.1.11129.2.4.2"}
PURPOSES = {"server": "1.3.6.1.5.5.7.3.1", "client": "1.3.6.1.5.5.7.3.2", "code": "1.3.6.1.5.5.7.3.3",
            "email": "1.3.6.1.5.5.7.3.4", "ocsp": "1.3.6.1.5.5.7.3.9", "any": "2.5.29.37.0"}

# Names


def name(common=None, organisation=None):
    """A distinguished name; bytes are taken as they are."""
    def attribute(at, value):
        return tlv(0x31, seq(oid(at), tlv(0x0c, value.encode() if isinstance(value, str) else value)))
    parts = [attribute("2.5.4.10", organisation)] if organisation else []
    return seq(*parts, *([attribute("2.5.4.3", common)] if common else []))


def dns(text):
    return tlv(0x82, text.encode() if isinstance(text, str) else text)


def ip(text):
    """An address, or a network for name constraints; bytes are taken as they are."""
    if isinstance(text, bytes):
        return tlv(0x87, text)
    if "/" in text:
        network = ipaddress.ip_network(text)
        return tlv(0x87, network.network_address.packed, network.netmask.packed)
    return tlv(0x87, ipaddress.ip_address(text).packed)


def directory(subject):
    return tlv(0xa4, subject)


def uri(text):
    return tlv(0x86, text.encode())


def email(text):
    return tlv(0x81, text.encode())


# Values of extensions


def basic(ca=True, path_length=None):
    return seq(TRUE if ca else b"", integer(path_length) if path_length is not None else b"")


def usage(*numbers):
    """0 digitalSignature, 2 keyEncipherment, 4 keyAgreement, 5 keyCertSign, 6 cRLSign."""
    value = sum(0x80 >> n for n in numbers)
    return bits(bytes([value]), 7 - max(numbers))


def eku(*purposes):
    return seq(*(oid(PURPOSES[purpose]) for purpose in purposes))


def constraints(permitted=(), excluded=(), minimum=b""):
    def trees(tag, names):
        return tlv(tag, *(seq(one, minimum) for one in names)) if names else b""
    return seq(trees(0xa0, permitted), trees(0xa1, excluded))


def access(url):
    return seq(seq(oid("1.3.6.1.5.5.7.48.2"), uri(url)))


MUST_STAPLE = seq(integer(5))

# Keys and signatures

DIGESTS = {"md5": hashes.MD5(), "sha1": hashes.SHA1(), "sha224": hashes.SHA224(), "sha256": hashes.SHA256(),
           "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
RSA_OIDS = {"md2": 2, "md4": 3, "md5": 4, "sha1": 5, "sha256": 11, "sha384": 12, "sha512": 13, "sha224": 14}
EC_OIDS = {"sha1": "1", "sha224": "3.1", "sha256": "3.2", "sha384": "3.3", "sha512": "3.4"}
CURVES = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1(), "p224": ec.SECP224R1(),
          "k256": ec.SECP256K1(), "brainpool": ec.BrainpoolP256R1()}


@dataclass
class Key:
    """A pair; 'spki' may be told to be another than the private half's own."""
    private: object
    spki: bytes = b""

    def __post_init__(self):
        self.spki = self.spki or self.private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    @property
    def pem(self):
        return self.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption())

    def sign(self, data, digest="sha256"):
        """(AlgorithmIdentifier, signature)"""
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return seq(oid("1.3.101.112")), self.private.sign(data)
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            return seq(oid("1.2.840.10045.4." + EC_OIDS[digest])), self.private.sign(data, ec.ECDSA(DIGESTS[digest]))
        if isinstance(self.private, dsa.DSAPrivateKey):
            return seq(oid("2.16.840.1.101.3.4.3.2")), self.private.sign(data, DIGESTS["sha256"])
        if digest == "pss-sha1":  # all parameters at their defaults
            made = self.private.sign(data, padding.PSS(padding.MGF1(hashes.SHA1()), 20), hashes.SHA1())
            return seq(oid("1.2.840.113549.1.1.10"), seq()), made
        made = self.private.sign(data, padding.PKCS1v15(), DIGESTS.get(digest, DIGESTS["sha256"]))
        return seq(oid(f"1.2.840.113549.1.1.{RSA_OIDS[digest]}"), NULL), made


class OneKey(Key):
    """RSA with the public exponent 1: what is signed is its own signature, and anybody can make it."""

    def __init__(self, modulus, exponent=1):
        super().__init__(None, seq(seq(oid("1.2.840.113549.1.1.1"), NULL), bits(seq(integer(modulus), integer(exponent)))))
        self.size = (modulus.bit_length() + 7) // 8

    def sign(self, data, digest="sha256"):
        info = seq(seq(oid("2.16.840.1.101.3.4.2.1"), NULL), octets(hashlib.sha256(data).digest()))
        return (seq(oid("1.2.840.113549.1.1.11"), NULL),
                b"\x00\x01" + b"\xff" * (self.size - len(info) - 3) + b"\x00" + info)


class WrongKey(Key):
    """Says in its file that its public half is that of 'shown', which makes servers show that certificate with it."""

    def __init__(self, shown):
        super().__init__(ec.generate_private_key(ec.SECP256R1()), shown.spki)

    @property
    def pem(self):
        point = self.spki[-65:]
        inner = seq(integer(1), octets(self.private.private_numbers().private_value.to_bytes(32, "big")),
                    tlv(0xa1, bits(point)))
        der = seq(integer(0), seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")), octets(inner))
        return b"-----BEGIN PRIVATE KEY-----\n" + base64.encodebytes(der) + b"-----END PRIVATE KEY-----\n"


P256 = {"p": 2**256 - 2**224 + 2**192 + 2**96 - 1,
        "b": 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b,
        "g": "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315e"
             "cecbb6406837bf51f5",
        "n": 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551}


def explicit_key():
    """P-256, spelt out by its parameters (CVE-2020-0601 came of such)."""
    made = Key(ec.generate_private_key(ec.SECP256R1()))
    field = seq(oid("1.2.840.10045.1.1"), integer(P256["p"]))
    curve = seq(octets((P256["p"] - 3).to_bytes(32, "big")), octets(P256["b"].to_bytes(32, "big")))
    params = seq(integer(1), field, curve, octets(bytes.fromhex(P256["g"])), integer(P256["n"]), integer(1))
    return replace(made, spki=seq(seq(oid("1.2.840.10045.2.1"), params), bits(made.spki[-65:])))


_keys = {}


def key(kind="p256", label=""):
    """Made once for each label: RSA takes its time."""
    at = (kind, label)
    if at in _keys:
        return _keys[at]
    if kind == "explicit":
        made = explicit_key()
    elif kind == "ed25519":
        made = Key(ed25519.Ed25519PrivateKey.generate())
    elif kind == "dsa":
        made = Key(dsa.generate_private_key(2048))
    elif kind in CURVES:
        made = Key(ec.generate_private_key(CURVES[kind]))
    else:
        made = Key(rsa.generate_private_key(65537, int(kind[3:])))
    _keys[at] = made
    return made


# Certificates


def time_of(moment):
    form, tag = ("%y%m%d%H%M%SZ", 0x17) if moment.year < 2050 else ("%Y%m%d%H%M%SZ", 0x18)
    return tlv(tag, moment.strftime(form).encode())


@dataclass(frozen=True)
class Fields:
    """All that one signs."""
    subject: bytes
    issuer: bytes
    spki: bytes
    begin: datetime.datetime
    end: datetime.datetime
    extensions: tuple = ()  # of (object identifier, critical, value)
    serial: int = 0x1234567
    version: int = 3
    tail: bytes = b""       # behind the extensions


def certificate(fields, signer, digest="sha256", outer=None, spoil=False):
    """DER. 'outer' is an AlgorithmIdentifier that contradicts the signed one; 'spoil' breaks the signature."""
    identifier, _ = signer.sign(b"", digest)
    extensions = [seq(oid(at), TRUE if critical else b"", octets(value)) for at, critical, value in fields.extensions]
    tbs = seq(tlv(0xa0, integer(fields.version - 1)) if fields.version > 1 else b"", integer(fields.serial), identifier,
              fields.issuer, seq(time_of(fields.begin), time_of(fields.end)), fields.subject, fields.spki,
              tlv(0xa3, seq(*extensions)) if extensions else b"", fields.tail)
    _, signature = signer.sign(tbs, digest)
    if spoil:
        signature = signature[:-3] + bytes([signature[-3] ^ 0x55]) + signature[-2:]
    return seq(tbs, outer or identifier, bits(signature))

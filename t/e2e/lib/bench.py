"""Chains with any fault: authorities of any kind, and what they issue, made of what lib/der.py writes."""
import base64
import datetime
import hashlib
import pathlib
import re
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from lib import der

LEAKED_FILE = pathlib.Path(__file__).with_name("leaked_keys.pem")
PEM = re.compile(r"# (.*)\n-----BEGIN PUBLIC KEY-----\n([^-]*)")


def pem_of(data):
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(data) + b"-----END CERTIFICATE-----\n"


@dataclass(frozen=True)
class Made:
    """A certificate with its key, and those that go on the wire behind it. As an issuer it is known by name, key and ski."""
    der: bytes
    key: der.Key
    subject: bytes
    ski: bytes
    chain: tuple = ()
    sent: bool = True  # behind what it has issued
    double: bytes = b""  # of the same length, for a server whose library cannot read this one

    @property
    def pem(self):
        return pem_of(self.der)

    @property
    def key_pem(self):
        return self.key.pem

    @property
    def stand_in(self):
        """Itself, but that its extensions are none that one knows."""
        return replace(self, der=self.double or re.sub(rb"(?s)\x06\x03\x55\x1d.", b"\x06\x03\x55\x1d\x63", self.der))

    def with_chain(self, *chain):
        return replace(self, chain=chain)

    def with_key(self, key):
        return replace(self, key=key)

    def write(self, path):
        path.write_bytes(b"".join(one.pem for one in (self, *self.chain)))
        return path


CA_EXTENSIONS = {"basic": (True, der.basic()), "usage": (True, der.usage(5, 6))}
LEAF_EXTENSIONS = {"basic": (True, der.basic(False)), "usage": (True, der.usage(0)), "eku": (False, der.eku("server"))}


def issue(common, above=None, ca=False, key=None, begin=-2, days=90, names=(), ext=None, chain=None, **how):
    """Without 'above' it signs itself. 'ext' changes extensions: name -> (critical, value), a list of these, or None for
    none. Of 'how': subject, issuer, signer, digest, outer, spoil, ski, and the fields of der.Fields."""
    key = key or der.key("p256", common)
    signer, subject = how.pop("signer", above.key if above else key), how.pop("subject", der.name(common))
    ski = how.pop("ski", hashlib.sha1(key.spki).digest())
    extensions = {**(CA_EXTENSIONS if ca else LEAF_EXTENSIONS), "ski": (False, der.octets(ski))}
    if names:
        extensions["san"] = (False, der.seq(*names))
    if above:
        extensions["aki"] = (False, der.seq(der.tlv(0x80, above.ski)))
    extensions.update(ext or {})
    flat = [(der.OIDS[at], *one) for at, many in extensions.items() if many
            for one in (many if isinstance(many, list) else [many])]
    now = datetime.datetime.utcnow().replace(microsecond=0)
    signing = {at: how.pop(at) for at in ("digest", "outer", "spoil") if at in how}
    fields = der.Fields(subject=subject, issuer=how.pop("issuer", above.subject if above else subject), spki=key.spki,
                        begin=now + begin * der.DAY, end=now + (begin + days) * der.DAY,
                        extensions=() if how.get("version", 3) < 3 else tuple(flat), **how)
    behind = chain if chain is not None else (above, *above.chain) if above and above.sent else ()
    return Made(der.certificate(fields, signer, **signing), key, subject, ski, behind)


def root(common, **how):
    return replace(issue(common, ca=True, days=how.pop("days", 3650), **how), sent=False)


def adopt(pem):
    """An authority that somebody else has made: its PEM with certificate and key."""
    cert = x509.load_pem_x509_certificate(pem)
    subject = cert.subject.public_bytes()
    ski = cert.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    key = der.Key(serialization.load_pem_private_key(pem, None))
    return Made(cert.public_bytes(serialization.Encoding.DER), key, subject, ski, sent=False)


class Bench:
    """The roots that are trusted while the chains are looked at, among them some that should not be; and two that are not."""

    def __init__(self, own):
        self.root = root("Bench Root")
        self.own = adopt(own.read_bytes())
        self.stranger, self.namesake = root("Stranger Root"), root("Bench Root", key=der.key("p256", "namesake"))
        self.odd = {
            "rsa": root("RSA Root", key=der.key("rsa2048")),
            "expired": root("Expired Root", begin=-400, days=399),
            "future": root("Future Root", begin=10),
            "short": root("Short Root", ext={"basic": (True, der.basic(True, 0))}),
            "no-ca": root("No Authority", ext={"basic": (True, der.basic(False)), "usage": (True, der.usage(0))}),
            "email": root("Mail Root", ext={"eku": (False, der.eku("email"))}),
            "bounded": root("Bounded Root", ext={"constraints": (True, der.constraints([der.dns("elsewhere.test")]))}),
            "rsa1024": root("Weak Root", key=der.key("rsa1024", "root")),
            "p224": root("Odd Curve Root", key=der.key("p224", "root")),
            "unknown": root("Unknown Root", ext={"unknown": (True, der.NULL)}),
            "sha1": root("SHA-1 Root", key=der.key("rsa2048", "sha1"), digest="sha1"),
        }
        self.leaked = {label: self._leaked(label, base64.b64decode(text))
                       for label, text in PEM.findall(LEAKED_FILE.read_text())}
        self.middle = self.mid()

    @staticmethod
    def _leaked(label, spki):
        """An authority with a public key whose private half everybody has; here nobody needs it."""
        return root(label, key=der.Key(None, spki), signer=der.key("rsa2048"))

    def trusted(self):
        """PEM."""
        return b"".join(one.pem for one in (self.root, self.own, *self.odd.values(), *self.leaked.values()))

    def mid(self, common="Bench Intermediate", above=None, **how):
        return issue(common, above or self.root, ca=True, **{"days": 1000, **how})

    def leaf(self, above=None, common="site.test", names=None, **how):
        """'names' are those of its SAN: None means the common name."""
        names = [der.dns(common)] if names is None else names
        return issue(common, above or self.middle, names=names, **how)

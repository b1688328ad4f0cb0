"""Certificates for origins: a test authority, and leaves with every fault that a verifier must find."""
import datetime
import ipaddress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
SERVER = (ExtendedKeyUsageOID.SERVER_AUTH,)
CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH,)


def now():
    return datetime.datetime.utcnow().replace(microsecond=0)


def name_of(common, organisation=None):
    parts = []
    if organisation:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    if common:
        parts.append(x509.NameAttribute(NameOID.COMMON_NAME, common))
    return x509.Name(parts)


def general_name(text):
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


@dataclass
class Cert:
    cert: x509.Certificate
    key: object
    chain: tuple = ()  # Cert objects that go on the wire behind it

    @property
    def pem(self):
        return self.cert.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self):
        return self.cert.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self):
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption())

    def write(self, path, key=True):
        """One PEM file: key, certificate, chain."""
        parts = [self.key_pem] if key else []
        path.write_bytes(b"".join(parts + [self.pem] + [above.pem for above in self.chain]))
        path.chmod(0o600)
        return path


class Authority:
    """Issues certificates; keys are made once and shared, since making RSA keys is slow."""

    _keys = {}

    def __init__(self, common="Test Root", above=None, key="ecdsa", **how):
        how = {"ca": True, "days": 3650, "usage": None, "names": (), **how}
        made = (above or self).issue(common, key=key, serial_key=common, **how)
        self.cert, self.key = made.cert, made.key
        self.me = made
        # A root stays at home; what stands between it and the leaf is sent.
        self.chain = (made, *above.chain) if above else ()

    @classmethod
    def make_key(cls, kind, name=""):
        at = (kind, name)
        if at not in cls._keys:
            cls._keys[at] = (ec.generate_private_key(ec.SECP256R1()) if kind == "ecdsa"
                             else rsa.generate_private_key(65537, int(kind[3:])))
        return cls._keys[at]

    def issue(self, common, names=None, organisation=None, key="ecdsa", serial_key="leaf", begin=-2 * DAY, days=90,
              ca=False, path_length=None, usage=SERVER, constraints=None, digest=None, crl_url=None, must_staple=False,
              issuer_url=None, self_signed=False):
        """A certificate by this authority (or by its own key). 'names' is its SAN: None means the common name."""
        own = self.make_key(key, serial_key)
        root = self_signed or not hasattr(self, "cert")
        issuer, signer = (name_of(common, organisation), own) if root else (self.cert.subject, self.key)
        names = [common] if names is None else names
        builder = (x509.CertificateBuilder().subject_name(name_of(common, organisation)).issuer_name(issuer)
                   .public_key(own.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now() + begin).not_valid_after(now() + begin + days * DAY)
                   .add_extension(x509.BasicConstraints(ca, path_length if ca else None), critical=True)
                   .add_extension(self._key_usage(ca), critical=True)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([general_name(n) for n in names]), critical=False)
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        if constraints:
            builder = builder.add_extension(x509.NameConstraints([x509.DNSName(n) for n in constraints], None), critical=True)
        if crl_url:
            point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl_url)], None, None, None)
            builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
        if issuer_url:
            where = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS,
                                           x509.UniformResourceIdentifier(issuer_url))
            builder = builder.add_extension(x509.AuthorityInformationAccess([where]), critical=False)
        if must_staple:
            builder = builder.add_extension(x509.TLSFeature([x509.TLSFeatureType.status_request]), critical=False)
        cert = builder.sign(signer, digest or hashes.SHA256())
        return Cert(cert, own, () if root else self.chain)

    @staticmethod
    def _key_usage(ca):
        return x509.KeyUsage(digital_signature=True, key_cert_sign=ca, crl_sign=ca, content_commitment=False,
                             key_encipherment=not ca, data_encipherment=False, key_agreement=False,
                             encipher_only=False, decipher_only=False)

    def revoke(self, *certs):
        """A list with these on it, PEM."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.cert.subject)
        builder = builder.last_update(now() - DAY).next_update(now() + 7 * DAY)
        builder = builder.add_extension(x509.CRLNumber(1), critical=False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        for cert in certs:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(cert.cert.serial_number)
                .revocation_date(now() - DAY).build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def staple(self, cert, status="GOOD", this_update=-DAY, days=7, issuer=None):
        """An OCSP response about the certificate of the issuer (None: this one), signed by this one, DER."""
        status = ocsp.OCSPCertStatus[status]
        revoked = status is ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=cert.cert, issuer=(issuer or self).cert, algorithm=hashes.SHA1(), cert_status=status,
            this_update=now() + this_update, next_update=now() + this_update + days * DAY,
            revocation_time=now() - DAY if revoked else None, revocation_reason=None)
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self.cert)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


class World:
    """The certificates of a test run: a trusted root, and another that nobody trusts."""

    def __init__(self):
        self.root = Authority("Test Root")
        self.middle = Authority("Test Intermediate", above=self.root)
        self.foreign = Authority("Foreign Root")

    def good(self, common="site.test", **how):
        return self.middle.issue(common, **how)

    def faulty(self, fault, host="site.test"):
        return getattr(self, "_" + fault.replace("-", "_"))(host)

    def _expired(self, host):
        return self.middle.issue(host, begin=-30 * DAY, days=29)

    def _not_yet_valid(self, host):
        return self.middle.issue(host, begin=2 * DAY)

    def _wrong_host(self, host):
        return self.middle.issue("other.test", names=["other.test", "x." + host])

    def _wrong_ip(self, _host):
        return self.middle.issue("address", names=["127.9.9.9"])

    def _self_signed(self, host):
        return self.root.issue(host, self_signed=True, serial_key="self")

    def _untrusted_root(self, host):
        return self.foreign.issue(host)

    def _incomplete_chain(self, host):
        made = self.middle.issue(host, issuer_url="http://ca.test/intermediate.cer")
        return Cert(made.cert, made.key)

    def _name_in_cn_only(self, host):
        return self.middle.issue(host, names=[])

    def _weak_signature(self, host):
        return self.middle.issue(host, digest=hashes.SHA1())

    def _weak_key(self, host):
        return self.middle.issue(host, key="rsa1024")

    def _ca_as_leaf(self, host):
        return self.root.issue(host, ca=True)

    def _not_a_ca(self, host):
        leaf = self.middle.issue("innocent.test", serial_key="abused")
        abused = object.__new__(Authority)
        abused.cert, abused.key, abused.chain = leaf.cert, leaf.key, (leaf, *leaf.chain)
        return abused.issue(host)

    def _eku(self, host):
        return self.middle.issue(host, usage=CLIENT)

    def _name_constraints(self, host):
        return Authority("Constrained", above=self.root, constraints=["elsewhere.test"]).issue(host)

    def _path_length(self, host):
        short = Authority("Short", above=self.root, path_length=0)
        return Authority("Below Short", above=short).issue(host)

    def _must_staple(self, host):
        return self.middle.issue(host, must_staple=True)

    def _bad_signature(self, host):
        made = self.middle.issue(host)
        der = bytearray(made.der)
        der[-3] ^= 0x55
        return Cert(x509.load_der_x509_certificate(bytes(der)), made.key, made.chain)


# Faults of World.faulty, by the word that Weir has for them.
FAULTS = ("expired", "not-yet-valid", "wrong-host", "self-signed", "untrusted-root", "incomplete-chain", "name-in-cn-only",
          "weak-signature", "weak-key", "ca-as-leaf", "not-a-ca", "eku", "name-constraints", "path-length", "must-staple",
          "bad-signature")

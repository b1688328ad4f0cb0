"""Forged certificates, as clients see them."""
import datetime
import ipaddress
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lib import env
from lib.message import read_response
from lib.pki import general_name

RSA_ONLY = "ECDHE-RSA-AES128-GCM-SHA256"


def shown(proxy, host, port, context=None, name=None):
    """The leaf, after a handshake in which the client checked it (the library does)."""
    with proxy.secure(host, port, context, name=name) as pipe:
        return x509.load_der_x509_certificate(pipe.tls.getpeercert(binary_form=True))


def extension(cert, kind):
    return cert.extensions.get_extension_for_class(kind)


def names(cert):
    return set(extension(cert, x509.SubjectAlternativeName).value)


def common_name(name):
    return name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value


@pytest.fixture
def served(origin, weir, world):
    """served(names..., **how) -> (proxy, origin) for an origin whose certificate is made like that."""
    def make(common="site.test", *options, **how):
        site = origin(cert=world.good(common, **how))
        return weir(*options, sites=[site]), site
    return make


def test_leaf_mirrors_all_names_and_the_subject(served):
    alternatives = ["site.test", "www.site.test", "*.wild.test", "127.0.0.1", "::1"]
    proxy, site = served("a common name", names=alternatives, organisation="An Organisation")

    leaf = shown(proxy, "site.test", site.port)

    assert {general_name(name) for name in alternatives} <= names(leaf)
    assert common_name(leaf.subject) == "a common name"
    assert leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "An Organisation"


def test_leaf_is_signed_by_the_authority_and_says_so(served):
    proxy, site = served()
    leaf = shown(proxy, "site.test", site.port)
    authority = x509.load_pem_x509_certificate(proxy.ca_file.read_bytes())
    assert leaf.issuer == authority.subject
    authority.public_key().verify(leaf.signature, leaf.tbs_certificate_bytes, padding.PKCS1v15(),
                                  leaf.signature_hash_algorithm)
    assert extension(leaf, x509.AuthorityKeyIdentifier).value.key_identifier == extension(
        authority, x509.SubjectKeyIdentifier).value.digest
    assert extension(leaf, x509.SubjectKeyIdentifier)


def test_leaf_is_for_servers_and_for_nothing_else(served):
    proxy, site = served()
    leaf = shown(proxy, "site.test", site.port)
    assert leaf.version is x509.Version.v3
    assert not extension(leaf, x509.BasicConstraints).value.ca
    assert ExtendedKeyUsageOID.SERVER_AUTH in extension(leaf, x509.ExtendedKeyUsage).value
    usage = extension(leaf, x509.KeyUsage).value
    assert usage.digital_signature and not usage.key_cert_sign and not usage.crl_sign


def test_leaf_is_backdated_and_no_longer_valid_than_clients_accept(served):
    proxy, site = served(days=3000)
    leaf = shown(proxy, "site.test", site.port)
    now = datetime.datetime.utcnow()
    assert leaf.not_valid_before < now - datetime.timedelta(hours=1)
    assert now < leaf.not_valid_after
    assert leaf.not_valid_after - leaf.not_valid_before <= datetime.timedelta(days=199)


def test_leaf_keys_are_not_the_authoritys_and_fit_the_client(served):
    proxy, site = served()
    authority = x509.load_pem_x509_certificate(proxy.ca_file.read_bytes())

    modern = shown(proxy, "site.test", site.port)
    old = shown(proxy, "site.test", site.port, proxy.context(maximum=ssl.TLSVersion.TLSv1_2, ciphers=RSA_ONLY))

    assert isinstance(modern.public_key(), ec.EllipticCurvePublicKey)
    assert isinstance(old.public_key(), rsa.RSAPublicKey) and old.public_key().key_size >= 2048
    assert old.public_key().public_numbers() != authority.public_key().public_numbers()
    assert extension(old, x509.KeyUsage).value.digital_signature


def test_serial_numbers_are_random(origin, weir, world):
    site = origin(cert=world.good("site.test", names=["site.test", "*.many.test"]))
    proxy = weir("--resolve", f"*:{site.port}:127.0.0.1")
    serials = {shown(proxy, f"h{i}.many.test", site.port).serial_number for i in range(5)}
    assert len(serials) == 5
    assert all(serial.bit_length() > 64 and serial.bit_length() < 160 for serial in serials)


def test_one_host_keeps_its_leaf(served):
    proxy, site = served()
    assert shown(proxy, "site.test", site.port) == shown(proxy, "site.test", site.port)


def test_burst_of_clients_to_a_new_host_gets_one_leaf(served):
    proxy, site = served()
    found, trouble = [], []

    def one():
        try:
            found.append(shown(proxy, "site.test", site.port).serial_number)
        except Exception as why:  # pylint: disable=broad-except
            trouble.append(why)

    threads = [threading.Thread(target=one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not trouble and len(found) == 20 and len(set(found)) == 1, trouble


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_address_as_target_is_in_the_leaf_and_verified_upstream(address, origin, weir, world):
    site = origin(cert=world.good("an address", names=[address]), address=address)
    proxy = weir()
    with proxy.secure(address, site.port) as pipe:
        leaf = x509.load_der_x509_certificate(pipe.tls.getpeercert(binary_form=True))
        pipe.send(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert read_response(pipe).body == b"hello\n"
    assert x509.IPAddress(ipaddress.ip_address(address)) in names(leaf)


def test_client_without_sni_gets_a_leaf_for_the_target(served):
    proxy, site = served()
    context = proxy.context()
    context.check_hostname = False
    with proxy.tunnel(f"site.test:{site.port}") as pipe:
        pipe.start_tls(context)
        leaf = x509.load_der_x509_certificate(pipe.tls.getpeercert(binary_form=True))
    assert x509.DNSName("site.test") in names(leaf)


def test_sni_that_is_not_the_target_is_in_the_leaf_too(origin, weir, world):
    site = origin(cert=world.good("front.test"))
    proxy = weir(sites=[site])
    leaf = shown(proxy, "site.test", site.port, name="front.test")
    assert x509.DNSName("front.test") in names(leaf)
    assert site.wait_connections(1)[0].server_name == "front.test"


def test_certificate_with_a_thousand_names_is_mirrored(served):
    alternatives = ["site.test", *(f"host-{i}.example.test" for i in range(1000))]
    proxy, site = served(names=alternatives)
    assert len(names(shown(proxy, "site.test", site.port))) >= 1001


def test_revocation_list_is_named_where_the_server_names_one_and_weir_serves_it(served, home):
    proxy, site = served(crl_url="http://ca.test/list.crl")
    leaf = shown(proxy, "site.test", site.port)
    point = extension(leaf, x509.CRLDistributionPoints).value[0].full_name[0].value
    assert point.startswith("http://weir.it/crl/")
    with proxy.dial() as pipe:
        pipe.send(f"GET {point} HTTP/1.1\r\nHost: weir.it\r\n\r\n".encode())
        answer = read_response(pipe)
    crl = x509.load_der_x509_crl(answer.body)
    authority = x509.load_pem_x509_certificate(proxy.ca_file.read_bytes())
    assert answer.value("Content-Type") == "application/pkix-crl"
    assert len(crl) == 0 and crl.issuer == authority.subject and crl.is_signature_valid(authority.public_key())
    assert crl.next_update > datetime.datetime.utcnow()
    assert leaf.serial_number not in {revoked.serial_number for revoked in crl}


def test_leaf_names_no_revocation_list_where_the_server_names_none(served):
    proxy, site = served()
    with pytest.raises(x509.ExtensionNotFound):
        extension(shown(proxy, "site.test", site.port), x509.CRLDistributionPoints)


def test_leaf_stands_up_to_strict_verification(served, home):
    """The strict flags of OpenSSL are the nearest to what a fussy client looks at."""
    for key in ("ecdsa", "rsa2048"):
        proxy, site = served(key=key, names=["site.test", "127.0.0.1"], organisation="An Organisation")
        (home / "leaf.pem").write_text(ssl.DER_cert_to_PEM_cert(
            shown(proxy, "site.test", site.port).public_bytes(Encoding.DER)))
        done = env.run(["openssl", "verify", "-x509_strict", "-check_ss_sig", "-purpose", "sslserver", "-verify_hostname",
                        "site.test", "-CAfile", proxy.ca_file, "-no-CApath", "leaf.pem"], home)
        assert done.returncode == 0, done.stdout + done.stderr


def test_lazy_strategy_forges_without_the_server(origin, weir, world):
    site = origin(cert=world.good())
    proxy = weir("--connection-strategy", "lazy", sites=[site])
    leaf = shown(proxy, "site.test", site.port)
    assert names(leaf) == {x509.DNSName("site.test")}
    assert not site.connections

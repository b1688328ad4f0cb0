"""What holds for every connection to a server: who may share one, what a flow says of it, what is left alone."""
import base64
import ssl

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from lib import der, pki
from lib.bench import Bench
from lib.message import read_response, reply
from lib.origin import answer_all

GET = b"GET / HTTP/1.1\r\nHost: site.test\r\n\r\n"
VERSIONS = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


def get(pipe):
    return read_response(pipe.send(GET))


def lines_of(site):
    return [(conn.server_name, [request.head.split(b" ", 2)[1] for request in conn.requests]) for conn in site.connections
            if conn.requests]


@pytest.fixture
def shared_site(origin, weir, world):
    """(proxy, site): one server under two names; the proxy has one thread, so that it would find what it may share."""
    site = origin(cert=world.good("site.test", names=["site.test", "other.test"]))
    return weir("--threads", "1", "--resolve", f"*:{site.port}:127.0.0.1"), site


# Sharing


def test_server_name_is_part_of_what_connections_are_shared_by(shared_site):
    """One target, two names asked for in it: a virtual host must not get the requests of another."""
    proxy, site = shared_site
    for name in ("site.test", "other.test", "site.test"):
        with proxy.secure("site.test", site.port, name=name) as pipe:
            assert get(pipe).status == 200
    assert [(name, len(heads)) for name, heads in lines_of(site)] == [("site.test", 2), ("other.test", 1)]


def test_host_is_part_of_what_connections_are_shared_by(shared_site):
    """One name asked for at two targets."""
    proxy, site = shared_site
    for target in ("site.test", "other.test"):
        with proxy.secure(target, site.port, name="site.test") as pipe:
            assert get(pipe).status == 200
    assert len(lines_of(site)) == 2


def test_port_is_part_of_what_connections_are_shared_by(origin, weir, world):
    sites = [origin(cert=world.good()) for _ in range(2)]
    proxy = weir("--threads", "1", sites=sites)
    for site in sites:
        with proxy.secure("site.test", site.port) as pipe:
            assert get(pipe).status == 200
    assert [len(site.requests) for site in sites] == [1, 1]


def test_tls_is_part_of_what_connections_are_shared_by(origin, weir, world):
    """The same host and port, with TLS and in the open; this server hears which it is by the first byte."""
    def script(conn):
        conn.fill()
        if conn.buffer[0] == 22:
            conn.start_tls(conn.origin.secret_context, server=True)
        answer_all(lambda request: reply(b"tls" if conn.tls else b"open"))(conn)

    site = origin(script)
    keeper = origin(cert=world.good())
    site.secret_context = keeper.context
    proxy = weir("--threads", "1", sites=[site])
    target = b"site.test:%d" % site.port
    for _ in range(2):
        with proxy.dial() as pipe:
            assert read_response(pipe.send(b"GET http://%s/ HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, target))).body == b"open"
        with proxy.secure("site.test", site.port) as pipe:
            assert get(pipe).body == b"tls"


@VERSIONS
def test_session_is_not_resumed_for_another_name(version, origin, weir, world):
    """The server would agree; but only the first name was checked then."""
    site = origin(cert=world.good("site.test", names=["site.test", "other.test"]), minimum=version, maximum=version,
                  script=answer_all(lambda _: reply(b"bye", "200 OK", "Connection: close")))
    proxy = weir("--threads", "1", sites=[site])
    for name in ("site.test", "site.test", "other.test"):
        with proxy.secure("site.test", site.port, name=name) as pipe:
            assert get(pipe).status == 200
    used = [(conn.server_name, conn.resumed) for conn in site.connections]
    assert ("site.test", True) in used and ("other.test", False) in used
    assert ("other.test", True) not in used[:used.index(("other.test", False))], used


# Exceptions


@VERSIONS
def test_exception_is_for_its_host_alone_and_each_flow_says_so(version, origin, weir, world):
    site = origin(cert=world.faulty("self-signed"), minimum=version, maximum=version,
                  script=answer_all(lambda _: reply(b"bye", "200 OK", "Connection: close")))
    proxy = weir("--threads", "1", "--resolve", f"*:{site.port}:127.0.0.1", "--insecure-host", "Site.test")
    for _ in range(3):
        with proxy.secure("site.test", site.port) as pipe:
            assert get(pipe).status == 200
    for flow in proxy.wait_flows(3, kind="http"):
        tls = flow["server"]["tls"]
        assert tls["verdict"] == "self-signed" and "signed by itself" in tls["verdict_text"] and not tls["resumed"], tls
    assert proxy.wait_line(f"https://site.test:{site.port}/").endswith("[certificate allowed: self-signed]")
    sent = len(site.requests)
    for target, name in (("other.test", "other.test"), ("site.test", "other.test"), ("other.test", "site.test")):
        with proxy.secure(target, site.port, name=name) as pipe:
            assert get(pipe).status == 502, (target, name)
    assert len(site.requests) == sent


def test_exception_holds_where_faults_are_mirrored(origin, weir, world):
    site = origin(cert=world.faulty("expired"))
    proxy = weir("--on-invalid-upstream", "mirror", "--insecure-host", "site.test", sites=[site])
    with proxy.secure("site.test", site.port) as pipe:
        assert get(pipe).status == 200


def test_kept_connection_says_what_was_wrong_in_every_flow(origin, weir, world):
    site = origin(cert=world.faulty("wrong-host"))
    proxy = weir("--threads", "1", "-k", sites=[site])
    with proxy.secure("site.test", site.port) as pipe:
        for _ in range(3):
            assert get(pipe).status == 200
    flows = proxy.wait_flows(3, kind="http")
    assert len({flow["server"]["id"] for flow in flows}) == 1
    assert [flow["server"]["tls"]["verdict"] for flow in flows] == ["wrong-host"] * 3


# What a flow says


@VERSIONS
def test_flow_says_all_about_the_connection_to_the_server(version, origin, weir, world):
    """On a fresh connection, a kept one, and one whose TLS session was resumed."""
    def script(conn):
        for fields in ([], ["Connection: close"]):
            conn.request()
            conn.send(reply(b"x", "200 OK", *fields))

    site = origin(script, cert=world.good(), minimum=version, maximum=version, alpn=["http/1.1"])
    proxy = weir("--threads", "1", sites=[site])
    for _ in range(2):
        with proxy.secure("site.test", site.port) as pipe:
            assert get(pipe).status == get(pipe).status == 200
    flows = [flow["server"]["tls"] for flow in proxy.wait_flows(4, kind="http")]
    chain = [site.cert.der, *(above.der for above in site.cert.chain)]
    for tls in flows:
        assert tls["version"] == {ssl.TLSVersion.TLSv1_2: "TLSv1.2", ssl.TLSVersion.TLSv1_3: "TLSv1.3"}[version]
        assert tls["verdict"] == "ok" and tls["alpn"] == "http/1.1"
        assert tls["cipher"] == site.connections[0].tls.cipher()[0]
        assert [base64.b64decode(cert) for cert in tls["certs"]] == chain
        assert tls["ocsp"] == ("" if tls["resumed"] else "none")
    assert {tls["resumed"] for tls in flows} == {False, True}


@pytest.mark.parametrize("days, note", [(398, ""), (399, "the certificate is good for 399 days")])
def test_long_life_is_noted_and_not_refused(days, note, origin, weir, world):
    site = origin(cert=world.good(days=days))
    proxy = weir(sites=[site])
    with proxy.secure("site.test", site.port) as pipe:
        assert get(pipe).status == 200
    tls = proxy.flow(kind="http")["server"]["tls"]
    assert (tls["verdict"], tls["verdict_text"]) == ("ok", note)


# Our own certificate


@VERSIONS
def test_client_certificate_is_not_shown_to_a_server_that_is_refused(version, recorder, weir, world, tmp_path):
    issuer = pki.Authority("People")
    person = issuer.issue("a person", usage=pki.CLIENT)
    site = recorder(cert=world.faulty("expired"), client_ca=issuer.me.pem.decode(), minimum=version, maximum=version)
    proxy = weir("--client-certs", person.write(tmp_path / "me.pem"), sites=[site])
    with proxy.secure("site.test", site.port) as pipe:
        assert get(pipe).status == 502
    site.assert_no_request(person.der)


# What is left alone

POLICIES = [b"Strict-Transport-Security: max-age=31536000; includeSubDomains; preload",
            b"Public-Key-Pins: pin-sha256=\"d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM=\"; max-age=5184000",
            b"Expect-CT: max-age=86400, enforce", b"Content-Security-Policy: default-src 'none'; upgrade-insecure-requests",
            b"Content-Security-Policy-Report-Only: default-src https:", b"X-Frame-Options: DENY",
            b"X-Content-Type-Options: nosniff", b"Referrer-Policy: no-referrer", b"Permissions-Policy: geolocation=()",
            b"Cross-Origin-Opener-Policy: same-origin", b"Set-Cookie: a=b; Secure; HttpOnly; SameSite=Strict"]


def test_security_fields_reach_the_client_as_they_are(origin, weir, world):
    """With the case, order and spelling of the server; over TLS and in the open."""
    answer = b"HTTP/1.1 200 OK\r\n" + b"\r\n".join(POLICIES) + b"\r\nContent-Length: 2\r\n\r\nhi"
    secure, plain = (origin(answer_all(lambda _: answer), cert=cert) for cert in (world.good(), None))
    proxy = weir(sites=[secure])
    with proxy.secure("site.test", secure.port) as pipe:
        over_tls = get(pipe)
    with proxy.dial() as pipe:
        in_the_open = read_response(pipe.send(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % plain.url().encode()))
    for got in (over_tls, in_the_open):
        assert got.head.split(b"\r\n")[1:len(POLICIES) + 1] == POLICIES


# What a forged certificate has

OURS = {ExtensionOID.SUBJECT_ALTERNATIVE_NAME, ExtensionOID.KEY_USAGE, ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.EXTENDED_KEY_USAGE, ExtensionOID.SUBJECT_KEY_IDENTIFIER, ExtensionOID.AUTHORITY_KEY_IDENTIFIER}


def test_forged_certificate_copies_names_and_nothing_else(origin, weir, shared, tmp_path):
    """No policy, no timestamps, no address of a responder or issuer, no must-staple, no unknown extension; a serial and a
    life of its own."""
    bench = Bench(shared["ca"])
    (tmp_path / "roots.pem").write_bytes(bench.trusted())
    extras = {"policies": (False, der.seq(der.seq(der.oid("2.23.140.1.1")))), "unknown": (False, der.NULL),
              "aia": (False, der.access("http://127.0.0.1:1/ca.cer")),
              "sct": (False, der.octets(b"\0\0"))}
    subject, names = der.name("a common name", "An Organisation"), [der.dns("site.test"), der.dns("www.site.test")]
    cert = bench.leaf(subject=subject, names=names, ext=extras, days=3000, serial=0x1234567890)
    site = origin(cert=cert)
    proxy = weir(sites=[site], trust=tmp_path / "roots.pem")
    with proxy.secure("site.test", site.port) as pipe:
        leaf = x509.load_der_x509_certificate(pipe.tls.getpeercert(binary_form=True))
    theirs = x509.load_der_x509_certificate(cert.der)
    assert {extension.oid for extension in leaf.extensions} == OURS
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) == {"site.test", "www.site.test"}
    assert leaf.serial_number != theirs.serial_number and leaf.serial_number.bit_length() > 64
    assert (leaf.not_valid_after - leaf.not_valid_before).days <= 199
    assert leaf.public_key().public_numbers() != theirs.public_key().public_numbers()

"""Servers with bad certificates: which check failed, to the client and in the flow, and not a byte of the request out."""
import re
import ssl
import subprocess

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from lib import der, env, pki
from lib.clients import curl
from lib.message import read_response, reply
from lib.pipe import Ended
from lib.wait import until
from lib.weir import weir_run

SECRET = b"POST /secret HTTP/1.1\r\nHost: site.test\r\nCookie: secret\r\nContent-Length: 6\r\n\r\nsecret"


def post(proxy, site, context=None, host="site.test", html=False):
    """Sends a request with something to lose, and returns the answer."""
    with proxy.secure(host, site.port, context) as pipe:
        accept = b"Accept: text/html\r\nCookie:" if html else b"Cookie:"
        pipe.send(SECRET.replace(b"Cookie:", accept))
        return read_response(pipe)


def nothing_reached(site):
    assert site.connections, "nobody looked at the server's certificate"
    assert site.received == b"", site.received


@pytest.mark.parametrize("fault", pki.FAULTS)
def test_bad_certificate_gives_a_page_that_names_the_check(fault, origin, weir, world):
    site = origin(cert=world.faulty(fault))
    proxy = weir(sites=[site])

    answer = post(proxy, site)

    assert answer.status == 502
    assert fault in answer.text and "site.test" in answer.text and "--ssl-insecure" in answer.text, answer.text
    flow = proxy.flow(kind="http")
    assert flow.reason == "tls-verify" and fault in flow.error_text
    assert flow["server"] is None or flow["server"]["tls"]["verdict"] == fault
    proxy.wait_line(fault)
    nothing_reached(site)


def test_page_for_browsers_is_html_with_the_chain_and_what_to_do(origin, weir, world):
    site = origin(cert=world.faulty("expired"))
    answer = post(weir(sites=[site]), site, html=True)
    assert answer.value("Content-Type").startswith("text/html")
    assert "<h1>" in answer.text and "expired" in answer.text and "--on-invalid-upstream" in answer.text
    assert "Test Intermediate" in answer.text, "the chain is missing"


def test_names_in_the_certificate_cannot_write_into_the_page(origin, weir, world):
    nasty = "<script>alert(1)</script>\x1b[31m"
    site = origin(cert=world.middle.issue(nasty, names=["other.test"], organisation="<b>bold</b>"))
    proxy = weir(sites=[site])
    answer = post(proxy, site, html=True)
    assert answer.status == 502 and "<script>" not in answer.text and "<b>bold" not in answer.text
    assert "\x1b" not in answer.text and "\x1b" not in proxy.stdout


def test_address_that_is_not_in_the_certificate_is_refused(origin, weir, world):
    site = origin(cert=world.good("127.9.9.9"))
    answer = post(weir(), site, host="127.0.0.1")
    assert answer.status == 502 and "wrong-host" in answer.text
    nothing_reached(site)


def test_bad_certificate_is_refused_every_time(origin, weir, world):
    site = origin(cert=world.faulty("expired"))
    proxy = weir("--threads", "1", sites=[site])
    with proxy.secure("site.test", site.port) as pipe:
        for _ in range(3):
            pipe.send(b"GET /secret HTTP/1.1\r\nHost: site.test\r\n\r\n")
            assert read_response(pipe).status == 502
    for _ in range(2):
        assert post(proxy, site).status == 502
    nothing_reached(site)


def test_good_certificates_are_taken(origin, weir, world):
    many = ["site.test", *(f"host-{i}.test" for i in range(500))]
    for how in ({}, {"key": "rsa2048"}, {"names": ["site.test", "*.example.test"]}, {"names": many}):
        site = origin(cert=world.good("site.test", **how))
        proxy = weir(sites=[site])
        assert post(proxy, site).status == 200, how
        assert proxy.flow(kind="http")["server"]["tls"]["verdict"] == "ok"


def test_insecure_talks_to_anybody_and_the_flow_says_what_is_wrong(origin, weir, world):
    for fault in ("expired", "self-signed", "wrong-host"):
        site = origin(cert=world.faulty(fault))
        proxy = weir("-k", sites=[site])
        assert post(proxy, site).body == b"hello\n"
        flow = proxy.flow(kind="http")
        assert flow["server"]["tls"]["verdict"] == fault and not flow["error"]


def test_on_invalid_upstream_allow_is_the_same(origin, weir, world):
    site = origin(cert=world.faulty("untrusted-root"))
    proxy = weir("--on-invalid-upstream", "allow", sites=[site])
    assert post(proxy, site).status == 200
    assert proxy.flow(kind="http")["server"]["tls"]["verdict"] == "untrusted-root"


@pytest.mark.parametrize("fault, words", [
    ("expired", "certificate has expired"),
    ("not-yet-valid", "not yet valid"),
    ("wrong-host", "Hostname mismatch"),
    ("self-signed", "self-signed certificate"),
    ("untrusted-root", "unable to get local issuer certificate|self-signed certificate in certificate chain"),
])
def test_mirror_shows_the_client_the_same_fault(fault, words, origin, weir, world):
    site = origin(cert=world.faulty(fault))
    proxy = weir("--on-invalid-upstream", "mirror", sites=[site])
    for _ in range(2):  # the second time the server is known
        with pytest.raises(ssl.SSLCertVerificationError, match=words):
            post(proxy, site)
    nothing_reached(site)
    assert fault in proxy.wait_flows(2, kind="tls")[1]["error"]["text"]


def test_mirror_lets_a_client_that_does_not_mind_go_on(origin, weir, world):
    site = origin(cert=world.faulty("expired"))
    proxy = weir("--on-invalid-upstream", "mirror", sites=[site])
    assert post(proxy, site, proxy.context(trust=False)).status == 200


def test_mirror_leaves_good_servers_alone(origin, weir, world):
    site = origin(cert=world.good())
    assert post(weir("--on-invalid-upstream", "mirror", sites=[site]), site).status == 200


def test_certificate_on_a_list_is_refused(origin, weir, world, tmp_path):
    bad, good, gone = world.good(), world.good(), pki.Authority("Gone", above=world.root)
    crl = tmp_path / "crl.pem"
    crl.write_bytes(world.middle.revoke(bad) + world.root.revoke(gone.me))
    for cert, status in ((bad, 502), (good, 200), (gone.issue("site.test"), 502)):
        site = origin(cert=cert)
        proxy = weir("--upstream-crl", crl, sites=[site])
        answer = post(proxy, site)
        assert answer.status == status, answer.text
        assert status == 200 or "revoked" in answer.text
        assert status == 200 or nothing_reached(site) is None


class Stapler:
    """openssl s_server, for what Python's servers cannot do: an OCSP response in the handshake. What comes behind the
    handshake is written down; with '-www' it answers."""

    def __init__(self, folder, cert, staple, *options):
        if staple is not None:
            (folder / "staple.der").write_bytes(staple)
            options = [*options, "-status_file", folder / "staple.der"]
        chain = folder / "chain.pem"
        chain.write_bytes(b"".join(above.pem for above in cert.chain))
        command = ["setpriv", "--pdeathsig", "KILL", "openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "10",
                   "-cert", cert.write(folder / "cert.pem"), "-cert_chain", chain, *options]
        self.out = folder / "out"
        with open(self.out, "wb") as out:
            self.process = subprocess.Popen([str(word) for word in command], env=env.scrubbed(folder),
                                            stdin=subprocess.PIPE, stdout=out, stderr=subprocess.DEVNULL)
        found = until(lambda: re.search(r"^ACCEPT .*:(\d+)$", self.seen, re.M), "s_server to listen")
        self.address, self.port = "127.0.0.1", int(found[1])

    @property
    def seen(self):
        return self.out.read_text(errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


SECRET_GET = b"GET / HTTP/1.1\r\nHost: site.test\r\nCookie: secret\r\n\r\n"


def ask(proxy, site):
    with proxy.secure("site.test", site.port) as pipe:
        return read_response(pipe.send(SECRET_GET))


VERSIONS = pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])


def staples(world, cert, how):
    """The OCSP response, DER; None: none."""
    if how == "none":
        return None
    if how == "garbage":
        return der.seq(b"\x0a\x01\x00", der.tlv(0xa0, der.seq(der.oid("1.3.6.1.5.5.7.48.1.1"), der.octets(b"\x30\x05"))))
    if how == "later":
        later = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
        return later.public_bytes(pki.serialization.Encoding.DER)
    signer = {"stranger": world.foreign}.get(how, world.middle)
    about = world.good() if how == "another" else cert
    more = {"revoked": {"status": "REVOKED"}, "unknown": {"status": "UNKNOWN"}, "old": {"this_update": -30 * pki.DAY},
            "new": {"this_update": 2 * pki.DAY}}.get(how, {})
    return signer.staple(about, issuer=world.middle, **more)


@VERSIONS
@pytest.mark.parametrize("how", ["good", "none", "old", "new", "unknown", "stranger", "another", "garbage", "later"])
@pytest.mark.parametrize("demanded", [False, True], ids=["", "demanded"])
def test_stapled_response_that_is_no_proof_counts_where_one_is_demanded(demanded, how, version, weir, world, home):
    cert = world.good(must_staple=demanded)
    word = {"good": None, "none": "must-staple"}.get(how, "bad-staple") if demanded else None
    with Stapler(home, cert, staples(world, cert, how), version, *([] if word else ["-www"])) as site:
        proxy = weir(sites=[site])
        answer = ask(proxy, site)
        flow = proxy.flow(kind="http")
        assert answer.status == (502 if word else 200), answer.text
        assert flow["server"]["tls"]["verdict"] == (word or "ok")
        assert not word or word in answer.text and "secret" not in site.seen
        assert flow["server"]["tls"]["ocsp"] == (how if how in ("good", "none", "unknown") else "useless")
        note = flow["server"]["tls"]["verdict_text"]
        assert word or ("stapled OCSP response" in note) == (how not in ("good", "none")), note


@VERSIONS
def test_server_whose_staple_says_revoked_is_refused(version, weir, world, home):
    cert = world.good()
    with Stapler(home, cert, staples(world, cert, "revoked"), version) as site:
        proxy = weir(sites=[site])
        answer = ask(proxy, site)
        assert answer.status == 502 and "revoked" in answer.text and "secret" not in site.seen
        tls = proxy.flow(kind="http")["server"]["tls"]
        assert (tls["verdict"], tls["ocsp"]) == ("revoked", "revoked")


def test_stapler_would_see_a_request(weir, world, home):
    """That it saw nothing above is worth something."""
    with Stapler(home, world.good(), None) as site:
        proxy = weir(sites=[site])
        with proxy.secure("site.test", site.port) as pipe:
            pipe.send(SECRET_GET)
            until(lambda: "Cookie: secret" in site.seen, "the request at the server")


def test_server_with_a_certificate_of_our_own_authority_is_refused(origin, weir, shared, world):
    """A loop, or a stolen key."""
    text = shared["ca"].read_bytes()
    own = object.__new__(pki.Authority)
    own.cert, own.chain = x509.load_pem_x509_certificate(text), ()
    own.key = pki.serialization.load_pem_private_key(text, None)
    site = origin(cert=own.issue("site.test"))
    both = shared["root"].parent / "both.pem"
    both.write_bytes(shared["root"].read_bytes() + own.cert.public_bytes(pki.serialization.Encoding.PEM))
    answer = post(weir(sites=[site], trust=both), site)
    assert answer.status == 502 and "own-ca" in answer.text
    nothing_reached(site)


def test_trusted_roots_may_be_a_folder(origin, weir, world, tmp_path):
    folder = tmp_path / "roots"
    folder.mkdir()
    world.foreign.me.write(folder / "one.pem", key=False)
    world.root.me.write(folder / "two.pem", key=False)
    site = origin(cert=world.good())
    assert post(weir(sites=[site], trust=folder), site).status == 200


def test_system_roots_are_the_default_and_do_not_know_the_test_root(origin, weir, world):
    site = origin(cert=world.good())
    proxy = weir(start=False, sites=[site])
    at = proxy.command.index("--upstream-ca")
    del proxy.command[at:at + 2]
    answer = post(proxy.start(), site)
    assert answer.status == 502 and "untrusted-root" in answer.text
    nothing_reached(site)


def test_lazy_strategy_refuses_as_well(origin, weir, world):
    site = origin(cert=world.faulty("expired"))
    answer = post(weir("--connection-strategy", "lazy", sites=[site]), site)
    assert answer.status == 502 and "expired" in answer.text
    nothing_reached(site)


def test_absolute_form_https_is_verified_too(origin, weir, world):
    site = origin(cert=world.faulty("expired"))
    proxy = weir(sites=[site])
    with proxy.dial() as pipe:
        pipe.send(b"GET https://site.test:%d/ HTTP/1.1\r\nHost: site.test:%d\r\n\r\n" % (site.port, site.port))
        answer = read_response(pipe)
    assert answer.status == 502 and "expired" in answer.text
    nothing_reached(site)


def test_curl_with_weirs_authority_sees_the_page_and_not_a_certificate_error(origin, weir, world, home):
    site = origin(cert=world.faulty("expired"))
    proxy = weir(sites=[site])
    result = curl(None, home, site.url(host="site.test"), proxy.proxy, proxy.ca_file, extra=["--include", "--suppress-connect-headers"])
    assert result.ok and result.body.startswith((b"HTTP/1.1 502 ", b"HTTP/2 502 ")) and b"expired" in result.body


def test_server_that_does_not_speak_tls_is_an_error_page(origin, weir):
    site = origin(lambda conn: conn.send(reply(b"plain")))
    proxy = weir(sites=[site])
    answer = post(proxy, site)
    assert answer.status == 502
    assert proxy.flow(kind="http").reason == "tls-server"
    assert b"secret" not in site.received


@pytest.mark.parametrize("fault", [None, *pki.FAULTS])
def test_verify_chain_gives_the_same_verdict(fault, world, home, shared):
    cert = world.faulty(fault) if fault else world.good()
    chain = cert.write(home / "chain.pem", key=False)
    done = weir_run(home, "verify-chain", "--ca", shared["root"], "--name", "site.test", chain)
    assert done.stdout.decode().splitlines()[0] == f"verdict: {fault or 'ok'}"
    assert done.returncode == (1 if fault else 0)


def test_verify_chain_looks_at_the_time_that_is_given(world, home, shared):
    chain = world.good().write(home / "chain.pem", key=False)
    words = ["verify-chain", "--ca", shared["root"], "--name", "site.test"]
    assert weir_run(home, *words, "--at", "2001-01-01", chain).stdout.startswith(b"verdict: not-yet-valid")
    assert weir_run(home, *words, "--at", "2100-01-01T00:00:00Z", chain).stdout.startswith(b"verdict: expired")
    assert weir_run(home, *words, "--at", "yesterday", chain).returncode == 2
    assert weir_run(home, "verify-chain", "--name", "x", home / "missing").returncode == 2


def test_ended_handshake_is_told(origin, weir, world):
    """The server hangs up in the middle of the handshake."""
    def hang_up(conn):
        conn.read(5)
    site = origin(hang_up)
    proxy = weir(sites=[site])
    try:
        answer = post(proxy, site)
    except Ended as why:
        pytest.fail(f"a bare close for the client: {why}")
    assert answer.status == 502 and proxy.flow(kind="http").reason == "tls-server"

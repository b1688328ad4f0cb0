"""What Weir offers to servers and takes from both sides of TLS: parameters, signatures, names, tickets, sizes, times."""
import signal
import ssl
import struct

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from lib import env, tls_raw as raw
from lib.message import read_response, reply
from lib.origin import answer_all
from lib.pipe import Ended
from lib.tls_raw import (ALERT, DATA, HANDSHAKE, Client12, Client13, Hello, Server12, Server13, message, numbers, record,
                         share, vec)
from lib.wait import until

GET = b"GET / HTTP/1.1\r\nHost: site.test\r\n\r\n"
TLS12 = ssl.TLSVersion.TLSv1_2
DHE_RSA_AES128_GCM_SHA256, RSA_AES128_GCM_SHA256, ECDHE_ECDSA_AES128_SHA = 0x009E, 0x009C, 0xC009


class Server:
    """An origin that speaks TLS by hand: run(conn) does it; what it returned or raised is kept."""

    def __init__(self, origin, weir, run, *options):
        self.results = []
        self.site = origin(lambda conn: self._script(conn, run))
        self.proxy = weir("--threads", "1", *options, sites=[self.site])

    def _script(self, conn, run):
        try:
            self.results.append(run(conn))
        except (raw.Alert, Ended) as why:
            self.results.append(str(why))
        except Exception as why:  # pylint: disable=broad-except
            self.results.append(repr(why))
        conn.close()

    def get(self):
        with self.proxy.secure("site.test", self.site.port) as pipe:
            return read_response(pipe.send(GET))

    @property
    def result(self):
        """Of the first connection."""
        return until(lambda: self.results, "the server to end")[0]


@pytest.fixture
def server(origin, weir):
    return lambda run, *options: Server(origin, weir, run, *options)


@pytest.fixture
def secure(origin, weir, world):
    def make(*options, script=None, cert=None, **how):
        site = origin(script, cert=cert or world.good(), **how)
        return weir("--threads", "1", *options, sites=[site]), site
    return make


def serve(peer, data=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"):
    """Answers one request of a client that is connected, and says goodbye."""
    got = b""
    while b"\r\n\r\n" not in got:
        kind, body = peer.record()
        if kind == ALERT:
            raise raw.Alert(body)
        got += body if kind == DATA else b""
    peer.send(DATA, data).send(ALERT, b"\x01\x00")
    return "served"


# What is offered to servers (P1, P3, P4, P5, P11, P13)


def test_what_servers_are_offered(server):
    one = server(lambda conn: Hello(Server13(conn, None).hear(raw.CLIENT_HELLO)))
    assert one.get().status == 502
    hello = one.result
    assert hello.version == 0x0303 and hello.numbers(raw.VERSIONS, 1) == [0x0304, 0x0303]
    assert set(hello.ciphers) == {0x1301, 0x1302, 0x1303, 0xC02B, 0xC02C, 0xC02F, 0xC030, 0xCCA8, 0xCCA9, 0x00FF}
    assert hello.numbers(raw.GROUPS) == [29, 23, 30, 25, 24]
    assert hello.compression == b"\x00" and hello.extensions[raw.ALPN] == vec(2, vec(1, b"http/1.1"))
    assert hello.numbers(raw.SIG_ALGS) == [0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080A,
                                           0x080B, 0x0401, 0x0501, 0x0601]
    assert hello.extensions[raw.PSK_MODES] == b"\x01\x01"  # with a new exchange of keys
    assert {raw.EARLY_DATA, raw.PSK, 15} & set(hello.extensions) == set()  # 15 is heartbeat


@pytest.mark.parametrize("group, status", [("modp_1536", 502), ("modp_2048", 200)])
def test_finite_field_that_is_asked_for_has_2048_bits(group, status, secure, world, home):
    cipher = "DHE-RSA-AES128-GCM-SHA256"
    proxy, site = secure("--ciphers-server", cipher, cert=world.good(key="rsa2048"), ciphers=cipher + ":@SECLEVEL=0",
                         maximum=TLS12)
    done = env.run(["openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", f"group:{group}", "-out", "dh.pem"], home)
    assert done.returncode == 0, done.stderr
    site.context.load_dh_params(home / "dh.pem")
    with proxy.secure("site.test", site.port) as pipe:
        assert read_response(pipe.send(GET)).status == status


def server_that_chooses(cipher=None, changes=None, **how):
    """In TLS 1.2, whatever was offered; the outcome."""
    def run(conn):
        peer = Server12(conn, None).listen()
        peer.hello(changes, **({"cipher": cipher} if cipher else {}), **how)
        return peer.outcome()
    return run


# What a server says in its hello; the alert that it gets from us; and that of the standard, where OpenSSL has another one.
# Extensions that OpenSSL does not know are passed over, offered or not.
CHOICES = {
    "static RSA": (server_that_chooses(RSA_AES128_GCM_SHA256), "illegal_parameter"),
    "finite field": (server_that_chooses(DHE_RSA_AES128_GCM_SHA256), "illegal_parameter"),
    "CBC": (server_that_chooses(ECDHE_ECDSA_AES128_SHA), "illegal_parameter"),
    "RC4": (server_that_chooses(0x0005), "illegal_parameter"),
    "3DES": (server_that_chooses(0x000A), "illegal_parameter"),
    "export": (server_that_chooses(0x0003), "illegal_parameter"),
    "no encryption": (server_that_chooses(0x003B), "illegal_parameter"),
    "anonymous": (server_that_chooses(0xC018), "illegal_parameter"),
    "a suite of TLS 1.3": (server_that_chooses(0x1301), "illegal_parameter"),
    "compression": (server_that_chooses(compression=1), "illegal_parameter"),
    "SSL 3.0": (server_that_chooses(version=0x0300), "protocol_version"),
    "TLS 1.0": (server_that_chooses(version=0x0301), "protocol_version"),
    "TLS 1.1": (server_that_chooses(version=0x0302), "protocol_version"),
    "a version to come": (server_that_chooses(version=0x0305), "protocol_version"),
    "TLS 1.1 in the list": (server_that_chooses(changes={raw.VERSIONS: numbers([0x0302])}), "illegal_parameter"),
    "renegotiation without RFC 5746": (server_that_chooses(changes={raw.RENEGOTIATION: None}), "handshake_failure"),
    "renegotiation info that is not empty": (server_that_chooses(changes={raw.RENEGOTIATION: vec(1, b"x" * 24)}),
                                             "illegal_parameter", "handshake_failure"),
    "a protocol that was not offered": (server_that_chooses(changes={raw.ALPN: vec(2, vec(1, b"h2"))}),
                                        "decode_error", "illegal_parameter"),
    "two protocols": (server_that_chooses(changes={raw.ALPN: vec(2, vec(1, b"http/1.1") * 2)}), "decode_error"),
    "the sentinel of TLS 1.2": (server_that_chooses(random=b"R" * 24 + raw.SENTINEL_12), "illegal_parameter"),
    "the sentinel of TLS 1.1": (server_that_chooses(random=b"R" * 24 + raw.SENTINEL_11), "illegal_parameter"),
}


@pytest.mark.parametrize("what", CHOICES)
def test_server_that_chooses_what_was_not_offered(what, server):
    run, alert, *_ = CHOICES[what]
    one = server(run)
    assert one.get().status == 502
    assert one.result == alert and one.proxy.flow(kind="http").reason == "tls-server"


# In the handshake of a server --------------------------------------------------------------------------------------------


def ecdhe(params=None, algorithm=raw.ECDSA_P256_SHA256):
    """A server of TLS 1.2 that sends these parameters, signed in this way."""
    def run(conn, cert):
        peer = Server12(conn, cert).listen().hello()
        peer.say(peer.certificate()).say(peer.exchange(params and params(peer), algorithm))
        peer.say(message(raw.SERVER_HELLO_DONE, b""))
        return peer.outcome()
    return run


def ecdhe_cut(conn, cert):
    peer = Server12(conn, cert).listen().hello()
    return peer.say(peer.certificate()).say(message(raw.SERVER_KEY_EXCHANGE, b"\x03\x00")).outcome()


def signed_by_sha1(conn, cert):
    peer = Server12(conn, cert).listen().hello()
    params = b"\x03" + numbers([raw.X25519]) + vec(1, peer.public)
    signature = cert.key.sign(peer.client.random + peer.random + params, ec.ECDSA(hashes.SHA1()))
    peer.say(peer.certificate())
    peer.say(message(raw.SERVER_KEY_EXCHANGE, params + numbers([0x0203]) + vec(2, signature)))
    peer.say(message(raw.SERVER_HELLO_DONE, b""))
    return peer.outcome()


def flight13(change):
    """A server of TLS 1.3; change(peer, message) gives what is sent in place of each message of its flight."""
    def run(conn, cert):
        peer = Server13(conn, cert).listen().hello()
        peer.say(change(peer, message(raw.ENCRYPTED_EXTENSIONS, vec(2, b""))))
        peer.say(change(peer, peer.certificate())).say(change(peer, peer.verify()))
        peer.say(change(peer, peer.finished(peer.secrets[1])))
        peer.opener = peer.sealer = None
        peer.sealer = raw.Seal13(peer.data_secrets()[1])
        return peer.outcome()
    return run


def hello13(changes=None, **how):
    def run(conn, cert):
        peer = Server13(conn, cert).listen()
        made = {raw.VERSIONS: numbers([raw.TLS13]), raw.KEY_SHARE: share(peer.public), **(changes or {})}
        peer.say(raw.server_hello(made, **{"session": peer.client.session, **how}))
        return peer.outcome()
    return run


def in_place_of(kind, make):
    return flight13(lambda peer, msg: make(peer, msg) if msg[0] == kind else msg)


def plainly(*parts):
    """These bytes, whatever the client says."""
    def run(conn, cert):
        peer = Server13(conn, cert).listen()
        for part in parts:
            conn.send(part)
        return peer.outcome()
    return run


REQUEST = record(HANDSHAKE, message(raw.HELLO_REQUEST, b""))
HANDSHAKES = {
    "point that is not on the curve, 1.2": (ecdhe(lambda p: b"\x03" + numbers([raw.P256]) + vec(1, b"\x04" + b"\x01" * 64)),
                                            "illegal_parameter"),
    "point of zeros, 1.2": (ecdhe(lambda p: b"\x03" + numbers([raw.X25519]) + vec(1, b"\x00" * 32)), "illegal_parameter"),
    "curve that was not offered, 1.2": (ecdhe(lambda p: b"\x03" + numbers([19]) + vec(1, b"\x04" + b"\x01" * 48)),
                                        "illegal_parameter"),
    "explicit curve, 1.2": (ecdhe(lambda p: b"\x01" + vec(1, b"\x07") + vec(1, p.public)),
                            "illegal_parameter"),
    "parameters that are cut, 1.2": (ecdhe_cut, "decode_error"),
    "signature by SHA-1, 1.2": (signed_by_sha1, "handshake_failure", "illegal_parameter"),
    "signature algorithm that was not offered, 1.2": (ecdhe(algorithm=0x0303), "handshake_failure", "illegal_parameter"),
    "signature algorithm of another key, 1.2": (ecdhe(algorithm=raw.RSA_PSS_SHA256), "illegal_parameter"),
    "signature over something else, 1.2": (ecdhe(algorithm=0x0503), "decrypt_error"),
    "no key share": (hello13({raw.KEY_SHARE: None}), "missing_extension"),
    "key share of a group that was not offered": (hello13({raw.KEY_SHARE: share(b"\x02" * 256, 0x0100)}),
                                                  "illegal_parameter"),
    "key share of zeros": (hello13({raw.KEY_SHARE: share(b"\x00" * 32)}), "illegal_parameter"),
    "key share of 31 bytes": (hello13({raw.KEY_SHARE: share(b"k" * 31)}), "illegal_parameter"),
    "other session id": (hello13(session=b"s" * 32), "illegal_parameter"),
    "suite of TLS 1.2 in 1.3": (hello13(cipher=raw.ECDHE_ECDSA_AES128_GCM_SHA256), "illegal_parameter"),
    "ticket that nobody has": (hello13({raw.PSK: b"\x00\x00"}), "unsupported_extension"),
    "retry without a reason": (hello13({raw.KEY_SHARE: numbers([raw.X25519])}, random=raw.RETRY), "illegal_parameter"),
    "retry with a group that was not offered": (hello13({raw.KEY_SHARE: numbers([0x0100])}, random=raw.RETRY),
                                                "illegal_parameter"),
    "early data that nobody asked for": (in_place_of(raw.ENCRYPTED_EXTENSIONS, lambda p, m: message(
        raw.ENCRYPTED_EXTENSIONS, vec(2, raw.extension(raw.EARLY_DATA, b"")))),
                                         "unsupported_extension"),
    "signature that is wrong": (in_place_of(raw.CERTIFICATE_VERIFY, lambda p, m: m[:-2] + bytes([m[-2] ^ 1, m[-1]])),
                                "decrypt_error"),
    "signature algorithm that was not offered": (in_place_of(raw.CERTIFICATE_VERIFY, lambda p, m: p.verify(0x0203)),
                                                 "illegal_parameter"),
    "no signature": (in_place_of(raw.CERTIFICATE_VERIFY, lambda p, m: b""), "unexpected_message"),
    "no certificate": (in_place_of(raw.CERTIFICATE, lambda p, m: message(raw.CERTIFICATE, b"\x00" * 4)), "decode_error"),
    "finished that is wrong": (in_place_of(raw.FINISHED, lambda p, m: message(raw.FINISHED, b"x" * 32)), "decrypt_error"),
    "record that is no TLS": (plainly(b"HTTP/1.1 200 OK\r\n\r\n"), "eof"),
    "record that is too long": (plainly(record(HANDSHAKE, b"\x02" * 100, length=0x4801) + b"x" * 0x4801), "record_overflow"),
    "data before the handshake": (plainly(record(DATA, b"x" * 50)), "unexpected_message"),
    "hello of a client": (plainly(record(HANDSHAKE, raw.client_hello())), "unexpected_message"),
    "flood of warnings": (plainly(record(ALERT, b"\x01\x70") * 10), "unexpected_message"),
    "flood of records without content": (plainly(record(HANDSHAKE, b"") * 40), "unexpected_message"),
    "flood of hello requests": (plainly(REQUEST * 1100), "unexpected_message"),
}


@pytest.mark.parametrize("what", HANDSHAKES)
def test_server_that_breaks_the_handshake(what, server, world):
    run, alert, *_ = HANDSHAKES[what]
    one = server(lambda conn: run(conn, world.good()))
    assert one.get().status == 502
    assert one.result == alert


# Behind the handshake of a server -----------------------------------------------------------------------------------------


def flood(kind, body):
    """On a connection that is open, in one piece."""
    def run(peer):
        for _ in range(40):
            peer.send(kind, body)
        return peer.outcome()
    return run


def updates(value):
    def run(peer):
        for _ in range(40):
            peer.update(value)
        return peer.outcome()
    return run


def ticket(size=32, extra=b""):
    return message(raw.NEW_TICKET, struct.pack(">II", 7200, 5) + vec(1, b"n") + vec(2, b"t" * size) + vec(2, extra))


FLOODS = {
    "key updates": (Server13, updates(b"\x00")),
    "key updates that want an answer": (Server13, updates(b"\x01")),
    "tickets": (Server13, flood(HANDSHAKE, ticket())),
    "warnings, 1.3": (Server13, flood(ALERT, b"\x01\x5a")),
    "records without data, 1.3": (Server13, flood(DATA, b"")),
    "warnings, 1.2": (Server12, flood(ALERT, b"\x01\x5a")),
    "records without data, 1.2": (Server12, flood(DATA, b"")),
}


@pytest.mark.parametrize("what", FLOODS)
def test_flood_of_a_server(what, server, world):
    kind, run = FLOODS[what]
    one = server(lambda conn: run(kind(conn, world.good()).accept()))
    assert one.get().status == 502
    assert one.result == "unexpected_message"


def test_key_updates_with_data_between_are_no_flood(server, world):
    def run(conn):
        peer = Server13(conn, world.good()).accept()
        for _ in range(20):
            peer.update().send(DATA, b"HTTP/1.1 103 Early Hints\r\n\r\n").update()
        return serve(peer)
    one = server(run)
    assert one.get().body == b"ok"


@pytest.mark.parametrize("request_", [message(raw.HELLO_REQUEST, b""), None], ids=["request", "hello"])
def test_renegotiation_by_the_server_is_refused(request_, server, world):
    """It asks for it, or just begins with a hello of its own."""
    def run(conn):
        peer = Server12(conn, world.good()).accept()
        peer.send(HANDSHAKE, request_ or raw.server_hello({}))
        return peer.outcome()
    one = server(run)
    assert one.get().status == 502
    assert one.result == ("no_renegotiation" if request_ else "unexpected_message")


# Downgrades (P7)


def test_server_of_tls_12_without_the_sentinel_is_served(server, world):
    one = server(lambda conn: serve(Server12(conn, world.good()).accept()))
    assert one.get().body == b"ok"


@pytest.mark.parametrize("version, sentinel", [(raw.TLS12, raw.SENTINEL_12), (raw.TLS13, None)], ids=["1.2", "1.3"])
def test_client_is_told_that_more_would_go(version, sentinel, secure):
    proxy, site = secure()
    with proxy.tunnel(f"site.test:{site.port}") as pipe:
        client = (Client13 if version == raw.TLS13 else Client12)(pipe).hello()
        assert (Hello(client.hear()).random[24:] == sentinel) == bool(sentinel)


# Names (P8)


def raw_get(proxy, site, sni, target=None, host=None):
    """A request with this server_name in the hello; the status."""
    with proxy.tunnel(target or f"site.test:{site.port}") as pipe:
        client = Client13(pipe).connect({raw.SNI: sni and vec(2, b"\x00" + vec(2, sni))})
        client.send(DATA, b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n" % (host or b"site.test"))
        while True:
            kind, body = client.record()
            if kind == DATA:
                return int(body.split(b" ")[1])


# What the client says; what the server is told.
NAMES = {"none": (None, "site.test"), "the target": (b"site.test", "site.test"), "upper case": (b"SITE.test", "site.test"),
         "another": (b"other.test", "other.test"), "an address": (b"127.0.0.1", "site.test"),
         "a dot": (b"other.test.", "site.test"),
         "an underscore": (b"a_b.test", "a_b.test"), "a wildcard": (b"*.test", "site.test"),
         "a space": (b"other test", "site.test")}


@pytest.mark.parametrize("what", NAMES)
def test_server_name(what, secure, world):
    said, told = NAMES[what]
    proxy, site = secure(cert=world.good("site.test", names=["site.test", "other.test", "a_b.test"]))
    assert raw_get(proxy, site, said) == 200
    assert {conn.server_name for conn in site.connections} == {told}
    flow = proxy.flow(kind="http")
    assert flow["url"] == f"https://site.test:{site.port}/" and flow["server"]["tls"]["sni"] == told
    assert flow["client"]["tls"]["sni"] == (said or b"").decode()


def test_the_certificate_is_judged_by_the_name_that_was_asked_for(secure):
    proxy, site = secure()
    assert raw_get(proxy, site, b"other.test") == 502
    assert proxy.flow(kind="http")["server"]["tls"]["verdict"] == "wrong-host" and site.received == b""


def test_the_name_of_the_request_leads_nowhere_else(secure, origin, weir, world):
    """Neither server_name nor Host choose where to connect: the target of the tunnel does."""
    elsewhere = origin(cert=world.good("other.test"))
    site = origin(cert=world.good("site.test", names=["site.test", "other.test"]))
    proxy = weir("--threads", "1", "--resolve", f"other.test:{site.port}:127.0.0.9", sites=[site])
    assert raw_get(proxy, site, b"other.test", host=b"other.test") == 200
    assert len(site.requests) == 1 and not elsewhere.connections


# Resumption and early data (P10, P11)


def closing(body):
    return answer_all(lambda request: reply(body, "200 OK", "Connection: close"))


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_other_roots_are_no_reason_to_resume(version, secure, shared, tmp_path):
    """A session that was good under the roots of before would skip the verification under those of now."""
    roots = tmp_path / "roots.pem"
    roots.write_bytes(shared["root"].read_bytes())
    version = getattr(ssl.TLSVersion, version)
    proxy, site = secure("--upstream-ca", roots, script=closing(b"x"), minimum=version, maximum=version)

    def get():
        with proxy.secure("site.test", site.port) as pipe:
            return read_response(pipe.send(GET)).status
    assert [get(), get()] == [200, 200]
    assert [conn.resumed for conn in site.connections if conn.requests][-1]
    roots.write_bytes(shared["foreign"].read_bytes())
    proxy.send_signal(signal.SIGHUP).wait_line("was read again", "stderr")
    assert get() == 502
    assert proxy.wait_flows(3, kind="http")[2].reason == "tls-verify"


def test_tickets_of_another_process_are_nothing(origin, weir, world):
    site = origin(cert=world.good())
    context = session = None
    for reused in (False, False):
        proxy = weir(sites=[site])
        context = context or proxy.context()
        with proxy.secure("site.test", site.port, context, session=session) as pipe:
            assert read_response(pipe.send(GET)).status == 200
            assert pipe.tls.session_reused == reused
            session = pipe.tls.session


def test_clients_are_offered_no_early_data(secure):
    proxy, site = secure()
    with proxy.tunnel(f"site.test:{site.port}") as pipe:
        client = Client13(pipe).connect({raw.PSK_MODES: b"\x01\x01"})
        ticket = client.hear(raw.NEW_TICKET)
    nonce = 12 + 1 + ticket[12]
    rest = ticket[nonce + 2 + int.from_bytes(ticket[nonce:nonce + 2], "big"):]
    assert rest == b"\x00\x00", "the ticket has extensions"


def test_early_data_of_a_client_reaches_nobody(secure):
    proxy, site = secure()
    with proxy.tunnel(f"site.test:{site.port}") as pipe:
        client = Client13(pipe).hello({raw.EARLY_DATA: b""})
        pipe.send(raw.Seal13(b"k" * 32).seal(DATA, GET))
        client.keys().flight().finish()
        client.send(DATA, GET)
        while (found := client.record())[0] != DATA:
            pass
        assert found[1].startswith(b"HTTP/1.1 200")
    assert len(site.requests) == 1


def resumptions(server, cert, tickets):
    """What the client offers behind a connection with these tickets: the extensions of its second hello."""
    def run(conn):
        peer = Server13(conn, cert).listen()
        if one.results:
            return set(peer.client.extensions)
        peer.hello().flight().end()
        for data in tickets:
            peer.send(HANDSHAKE, data)
        return serve(peer, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    one = server(run)
    assert one.get().status == 200
    assert one.result == "served"
    one.get()
    return until(lambda: one.results[1:], "a second connection")[0]


def test_server_that_takes_early_data_gets_none(server, world):
    """Its tickets say that it would."""
    offers = resumptions(server, world.good(), [ticket(32, raw.extension(raw.EARLY_DATA, b"\x00\x00\x40\x00"))])
    assert raw.PSK in offers and raw.EARLY_DATA not in offers


@pytest.mark.parametrize("size, kept", [(8000, True), (9000, False), (16000, False)])
def test_large_tickets_are_not_kept(size, kept, server, world):
    assert (raw.PSK in resumptions(server, world.good(), [ticket(size)])) == kept


@pytest.mark.parametrize("names, kept", [(500, True), (2000, False)])
def test_sessions_with_large_certificates_are_not_kept(names, kept, server, world):
    assert (raw.PSK in resumptions(server, many(world, names), [ticket()])) == kept


# Certificates that are too much (T4)


def many(world, n):
    return world.good("site.test", names=["site.test", *(f"name-{i}.site.test" for i in range(n))])


def test_certificate_of_many_names_is_served(secure, world):
    proxy, site = secure(cert=many(world, 1000))
    with proxy.secure("site.test", site.port) as pipe:
        assert read_response(pipe.send(GET)).status == 200


def test_certificate_that_is_too_large_is_refused(secure, world):
    proxy, site = secure(cert=many(world, 10000))
    with proxy.secure("site.test", site.port) as pipe:
        answer = read_response(pipe.send(GET))
    assert answer.status == 502 and site.received == b""
    assert proxy.flow(kind="http").reason == "tls-server"
    assert "larger than" in proxy.flow(kind="http").error_text


# Time (T1)


def test_server_that_drips_its_hello_is_let_go(server):
    """Each byte in time, and all of them too late: the time is that of the whole handshake."""
    def run(conn):
        Server12(conn, None).listen()
        hello = record(HANDSHAKE, raw.server_hello({}, cipher=raw.ECDHE_ECDSA_AES128_GCM_SHA256))
        for i in range(len(hello)):
            conn.send(hello[i:i + 1])
            conn.sock.settimeout(0.05)
            try:
                conn.fill()
            except TimeoutError:
                pass
            if conn.end:
                return "gone"
        return "all was read"
    one = server(run, "--handshake-time", "300ms")
    assert one.get().status == 504
    assert one.result == "gone"


def test_client_that_drips_its_hello_is_let_go(secure):
    proxy, site = secure("--handshake-time", "300ms")
    hello = record(HANDSHAKE, raw.client_hello())
    with proxy.tunnel(f"site.test:{site.port}") as pipe:
        pipe.sock.settimeout(0.05)
        for i in range(len(hello)):
            pipe.send(hello[i:i + 1])
            try:
                pipe.fill()
            except TimeoutError:
                pass
            if pipe.end:
                break
        assert pipe.end in ("eof", "reset")
    assert "silent" in proxy.flow(kind="tls").error_text

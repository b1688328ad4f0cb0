"""TLS on both sides: versions, ALPN, resumption, key log, client certificates, ends and alerts."""
import re
import socket
import ssl
import struct

import pytest

from lib import env, pki
from lib.clients import curl
from lib.message import read_response, reply
from lib.origin import answer_all
from lib.pipe import Ended
from lib.wait import until

GET = b"GET / HTTP/1.1\r\nHost: site.test\r\n\r\n"
TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def get(proxy, site, context=None, **how):
    with proxy.secure("site.test", site.port, context, **how) as pipe:
        return read_response(pipe.send(GET))


@pytest.fixture
def secure(origin, weir, world):
    """secure('--option', ..., origin options) -> (proxy, origin)"""
    def make(*options, script=None, cert=None, **how):
        site = origin(script, cert=cert or world.good(), **how)
        return weir("--threads", "1", *options, sites=[site]), site
    return make


# Versions and what else is negotiated


@pytest.mark.parametrize("client, server", [(TLS12, TLS12), (TLS12, TLS13), (TLS13, TLS12), (TLS13, TLS13)])
def test_each_side_has_its_own_version(client, server, secure):
    proxy, site = secure(minimum=server, maximum=server)
    assert get(proxy, site, proxy.context(minimum=client, maximum=client)).status == 200
    flow = proxy.flow(kind="http")
    words = {TLS12: "TLSv1.2", TLS13: "TLSv1.3"}
    assert (flow["client"]["tls"]["version"], flow["server"]["tls"]["version"]) == (words[client], words[server])


def test_flow_has_the_facts_of_both_handshakes(secure):
    proxy, site = secure()
    get(proxy, site)
    client, server = (proxy.flow(kind="http")[side]["tls"] for side in ("client", "server"))
    for tls in (client, server):
        assert tls["cipher"].startswith("TLS_") and tls["group"] and len(tls["certs"]) >= 1
    assert client["sni"] == "site.test"
    assert re.fullmatch(r"[0-9a-f]{32}", client["ja3"]) and re.fullmatch(r"t13d\d{4}.._[0-9a-f]{12}_[0-9a-f]{12}", client["ja4"])
    assert server["verdict"] == "ok" and server["ja3"] == server["ja4"] == ""


def test_versions_ciphers_and_groups_can_be_chosen_per_side(secure):
    proxy, site = secure("--tls-version-server-max", "TLS1_2", "--ciphers-server", "ECDHE-ECDSA-CHACHA20-POLY1305",
                         "--tls-version-client-min", "TLS1_3", "--ciphers-client", "TLS_AES_128_GCM_SHA256",
                         "--tls-ecdh-curve-client", "P-384", "--tls-ecdh-curve-server", "P-256")
    assert get(proxy, site).status == 200
    flow = proxy.flow(kind="http")
    assert flow["client"]["tls"]["cipher"] == "TLS_AES_128_GCM_SHA256"
    assert flow["server"]["tls"]["cipher"] == "ECDHE-ECDSA-CHACHA20-POLY1305"
    assert flow["client"]["tls"]["group"].lower() in ("p-384", "secp384r1")
    assert flow["server"]["tls"]["version"] == "TLSv1.2"


def test_old_versions_are_refused_unless_they_are_asked_for(secure, home):
    extra = ["--tls-max", "1.1", "--ciphers", "DEFAULT:@SECLEVEL=0"]
    proxy, site = secure()
    result = curl(None, home, site.url(host="site.test"), proxy.proxy, proxy.ca_file, extra=extra)
    assert result.code == 35 and "alert protocol version" in result.text
    proxy, site = secure("--tls-version-client-min", "TLS1", "--ciphers-client", "DEFAULT:@SECLEVEL=0")
    result = curl(None, home, site.url(host="site.test"), proxy.proxy, proxy.ca_file, extra=extra)
    assert result.ok, result
    assert proxy.flow(kind="http")["client"]["tls"]["version"] == "TLSv1.1"


def test_old_server_is_refused_with_a_page_unless_it_is_asked_for(secure):
    old = {"minimum": ssl.TLSVersion.TLSv1, "maximum": ssl.TLSVersion.TLSv1_1}
    proxy, site = secure(**old)
    answer = get(proxy, site)
    assert answer.status == 502 and "--tls-version-server-min" in answer.text
    proxy, site = secure("--tls-version-server-min", "TLS1", "--ciphers-server", "DEFAULT:@SECLEVEL=0", **old)
    assert get(proxy, site).status == 200


@pytest.mark.parametrize("offer, gets", [(["h2", "http/1.1"], "http/1.1"), (["http/1.1"], "http/1.1"), (None, None)])
def test_alpn_is_http11_where_the_server_speaks_nothing_else(offer, gets, secure):
    proxy, site = secure(alpn=["http/1.1"])
    with proxy.secure("site.test", site.port, proxy.context(alpn=offer)) as pipe:
        assert pipe.tls.selected_alpn_protocol() == gets
        assert read_response(pipe.send(GET)).status == 200
    assert site.connections[0].tls.selected_alpn_protocol() == "http/1.1"
    assert proxy.flow(kind="http")["client"]["tls"]["alpn"] == (gets or "")


def test_sni_goes_to_the_server_as_the_client_sent_it(secure):
    proxy, site = secure()
    get(proxy, site)
    assert site.connections[0].server_name == "site.test"


# Resumption


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_client_resumes(version, secure):
    proxy, site = secure()
    context = proxy.context(minimum=version, maximum=version)
    with proxy.secure("site.test", site.port, context) as pipe:
        read_response(pipe.send(GET))
        session = pipe.tls.session
        pipe.close_notify()
    with proxy.secure("site.test", site.port, context, session=session) as pipe:
        assert read_response(pipe.send(GET)).status == 200
        assert pipe.tls.session_reused
    assert [f["client"]["tls"]["resumed"] for f in proxy.wait_flows(2, kind="http")] == [False, True]


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_ticket_for_one_host_does_not_work_for_another(version, origin, weir, world):
    site = origin(cert=world.good("site.test", names=["site.test", "other.test"]))
    proxy = weir("--threads", "1", "--resolve", f"other.test:{site.port}:127.0.0.1", sites=[site])
    context = proxy.context(minimum=version, maximum=version)
    with proxy.secure("site.test", site.port, context) as pipe:
        read_response(pipe.send(GET))
        session = pipe.tls.session
        pipe.close_notify()
    with proxy.secure("other.test", site.port, context, session=session) as pipe:
        assert not pipe.tls.session_reused
        assert read_response(pipe.send(GET)).status == 200
    assert proxy.wait_flows(2, kind="http")[1]["client"]["tls"]["sni"] == "other.test"


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_weir_resumes_with_the_server(version, secure):
    proxy, site = secure(script=answer_all(lambda request: reply(b"bye", "200 OK", "Connection: close")),
                         minimum=version, maximum=version)
    for _ in range(3):
        assert get(proxy, site).body == b"bye"
    used = [conn.resumed for conn in site.connections if conn.requests]
    assert used[0] is False and used[-1] is True, used
    assert proxy.wait_flows(3, kind="http")[-1]["server"]["tls"]["resumed"] is True


def test_key_log_has_the_secrets_of_both_sides(origin, weir, world, home):
    log = home / "keys.log"
    site = origin(cert=world.good())
    get(weir(sites=[site], env={"SSLKEYLOGFILE": str(log)}), site)
    until(lambda: log.exists() and log.read_text().count("CLIENT_TRAFFIC_SECRET_0") >= 2, "two secrets in the key log")
    randoms = {line.split()[1] for line in log.read_text().splitlines() if line.startswith("CLIENT_TRAFFIC_SECRET_0")}
    assert len(randoms) == 2
    assert log.stat().st_mode & 0o077 == 0


# Client certificates


def test_client_certificate_is_shown_to_the_server_that_asks(secure, tmp_path):
    issuer = pki.Authority("People")
    person = issuer.issue("a person", usage=pki.CLIENT)
    proxy, site = secure("--client-certs", person.write(tmp_path / "me.pem"), client_ca=issuer.me.pem.decode())
    assert get(proxy, site).status == 200
    assert dict(x[0] for x in site.connections[0].tls.getpeercert()["subject"])["commonName"] == "a person"


def test_client_certificates_are_chosen_by_host(origin, weir, world, tmp_path):
    issuer = pki.Authority("People")
    folder = tmp_path / "certs"
    folder.mkdir()
    issuer.issue("for the site", usage=pki.CLIENT).write(folder / "site.test.pem")
    site = origin(cert=world.good("site.test", names=["site.test", "other.test"]), client_ca=issuer.me.pem.decode(),
                  client_required=False)
    proxy = weir("--client-certs", folder, "--resolve", f"other.test:{site.port}:127.0.0.1", sites=[site])
    for host, subject in (("site.test", "for the site"), ("other.test", None)):
        with proxy.secure(host, site.port) as pipe:
            assert read_response(pipe.send(GET)).status == 200
        cert = [conn for conn in site.connections if conn.server_name == host and conn.requests][-1].tls.getpeercert()
        assert (dict(x[0] for x in cert["subject"])["commonName"] if cert else None) == subject


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_server_that_wants_a_certificate_we_do_not_have_is_an_error_page(version, secure):
    proxy, site = secure(client_ca=pki.Authority("People").me.pem.decode(), minimum=version, maximum=version)
    answer = get(proxy, site)
    assert answer.status == 502 and "--client-certs" in answer.text, answer.text
    assert proxy.flow(kind="http").reason in ("tls-server", "server-closed", "server-reset")


# Records and ends


def test_head_and_small_body_leave_in_one_record(secure):
    proxy, site = secure()
    with proxy.secure("site.test", site.port) as pipe:
        read_response(pipe.send(GET))
        before = len(pipe.records)
        read_response(pipe.send(GET))
        assert [kind for kind, _ in pipe.records[before:]] == [23]
    conn = site.connections[0]
    assert len(conn.requests) == 2


def test_close_notify_is_sent_to_both_sides(secure):
    proxy, site = secure(script=answer_all(lambda request: reply(b"x")))
    with proxy.secure("site.test", site.port) as pipe:
        pipe.send(GET.replace(b"Host", b"Connection: close\r\nHost"))
        read_response(pipe)
        pipe.read_rest()
        assert pipe.end == "close_notify"
    proxy.stop()
    until(lambda: all(conn.done for conn in site.connections), "the server's side to end")
    assert {conn.end for conn in site.connections} == {"close_notify"}


def to_end(clean):
    """A body that ends with the connection, with or without close_notify."""
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\n\r\nto the end")
        if clean:
            conn.close_notify()
        conn.shut()
        conn.close()
    return script


def test_body_to_the_end_with_close_notify_is_whole(secure):
    proxy, site = secure(script=to_end(clean=True))
    with proxy.secure("site.test", site.port) as pipe:
        assert read_response(pipe.send(GET)).body == b"to the end"
        assert pipe.end == "close_notify"
    assert proxy.flow(kind="http")["error"] is None


def test_missing_close_notify_is_recorded_as_truncation(secure):
    proxy, site = secure(script=to_end(clean=False))
    with proxy.secure("site.test", site.port) as pipe:
        assert read_response(pipe.send(GET)).body == b"to the end"
        assert pipe.end == "truncated"
    flow = proxy.flow(kind="http")
    assert flow.reason == "truncated" and flow.body("response") == b"to the end"


@pytest.mark.parametrize("clean", [True, False])
def test_end_of_an_upgraded_connection_is_passed_on_as_it_is(secure, clean):
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: test\r\n\r\nlast")
        if clean:
            conn.close_notify()
        conn.shut()
        conn.read_rest()
    proxy, site = secure(script=script)
    with proxy.secure("site.test", site.port) as pipe:
        read_response(pipe.send(GET[:-2] + b"Connection: upgrade\r\nUpgrade: test\r\n\r\n"))
        assert pipe.read_rest() == b"last" and pipe.end == ("close_notify" if clean else "truncated")


def test_missing_close_notify_behind_a_complete_body_is_no_truncation(secure):
    def script(conn):
        conn.request()
        conn.send(reply(b"complete"))
        conn.close()
    proxy, site = secure(script=script)
    assert get(proxy, site).body == b"complete"
    assert proxy.flow(kind="http")["error"] is None


# No bare close, no silence: alerts


def raw_hello(proxy, site, data):
    """Sends bytes where a ClientHello belongs, and returns what came back."""
    with proxy.tunnel(f"site.test:{site.port}") as pipe:
        pipe.send(data)
        return pipe.read_rest()


def alert_in(data):
    assert data[:1] == b"\x15" and len(data) >= 7, f"no alert: {data!r}"
    return data[6]


def client_hello(context=None):
    """The bytes of a real one."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = context or ssl.create_default_context()
    try:
        context.wrap_bio(incoming, outgoing, server_hostname="site.test").do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


@pytest.mark.parametrize("what, data", [
    ("a broken hello", b"\x16\x03\x01\x00\x0a\x01\x00\x00\x06\x03\x03\x00\x00\x00\x00"),
    ("a hello of zeros", b"\x16\x03\x01\x00\x40\x01\x00\x00\x3c" + b"\x00" * 60),
])
def test_broken_client_hello_is_answered_with_an_alert(what, data, secure):
    proxy, site = secure()
    alert_in(raw_hello(proxy, site, data))
    assert proxy.flow(kind="tls").reason == "tls-client"


def test_garbage_in_the_handshake_is_answered_with_an_alert(secure):
    proxy, site = secure()
    with proxy.tunnel(f"site.test:{site.port}") as pipe:
        pipe.send(client_hello(proxy.context(maximum=TLS12)))
        pipe.read_some()
        pipe.send(b"\x16\x03\x03\x00\x05hello" * 3)
        data = pipe.read_rest()
    assert b"\x15\x03\x03" in data
    assert proxy.flow(kind="tls").reason == "tls-client"


def test_no_shared_cipher_is_answered_with_handshake_failure(secure):
    proxy, site = secure("--ciphers-client", "ECDHE-ECDSA-AES256-GCM-SHA384", "--tls-version-client-max", "TLS1_2")
    context = proxy.context(maximum=TLS12, ciphers="ECDHE-ECDSA-AES128-GCM-SHA256")
    assert alert_in(raw_hello(proxy, site, client_hello(context))) == 40
    assert "trust" not in proxy.flow(kind="tls").error_text


def test_hello_in_pieces_is_understood(secure):
    proxy, site = secure()
    with proxy.tunnel(f"site.test:{site.port}") as pipe:
        whole = client_hello()
        pipe.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(0, len(whole), 50):
            pipe.send(whole[i:i + 50])
        head = pipe.read(5)
        assert head[0] == 0x16 and struct.unpack(">H", head[3:])[0] > 0


def test_client_that_stops_in_the_handshake_is_let_go_with_a_flow(secure):
    proxy, site = secure("--handshake-time", "300ms")
    with proxy.tunnel(f"site.test:{site.port}") as pipe:
        pipe.send(client_hello())
        pipe.read_rest()
        assert pipe.end in ("eof", "reset")
    assert "silent" in proxy.flow(kind="tls").error_text


def test_client_that_says_nothing_behind_its_connect_is_let_go(secure):
    proxy, site = secure("--keepalive-time", "300ms")
    with proxy.tunnel(f"site.test:{site.port}") as pipe:
        pipe.read_rest()
        assert pipe.end in ("eof", "reset")


def test_alert_of_the_server_is_told_to_the_client_as_a_page(secure):
    proxy, site = secure(minimum=TLS12, maximum=TLS12, ciphers="AES256-GCM-SHA384:@SECLEVEL=0")
    answer = get(proxy, site)
    assert answer.status == 502
    flow = proxy.flow(kind="http")
    assert flow.reason == "tls-server" and "alert" in flow.error_text, flow.error_text


def test_renegotiation_is_refused(secure, home):
    proxy, site = secure()
    done = env.run(["openssl", "s_client", "-tls1_2", "-proxy", proxy.address, "-connect", f"site.test:{site.port}",
                    "-servername", "site.test", "-CAfile", proxy.ca_file], home, stdin=b"R\n")
    assert b"no renegotiation" in done.stderr or b"NO_RENEGOTIATION" in done.stderr.upper(), done.stderr
    assert site.received == b""


def test_plain_http_in_a_tunnel_is_served_as_http(origin, weir):
    site = origin()
    proxy = weir(sites=[site])
    with proxy.tunnel(f"site.test:{site.port}") as pipe:
        assert read_response(pipe.send(GET)).body == b"hello\n"
    flow = proxy.flow(kind="http")
    assert flow["url"] == f"http://site.test:{site.port}/" and flow["client"]["tls"] is None


def test_two_records_of_requests_are_two_exchanges(secure):
    proxy, site = secure()
    with proxy.secure("site.test", site.port) as pipe:
        pipe.send(GET + GET)
        assert [read_response(pipe).status for _ in range(2)] == [200, 200]
        pipe.close_notify()
        with pytest.raises(Ended):
            read_response(pipe)

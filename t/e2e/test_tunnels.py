"""Tunnels that are not HTTP: raw bytes, servers that speak first, hosts that are left alone, TLS that begins in the middle."""
import base64
import json
import ssl
import threading

import pytest

from lib.api import Api, OPTIONS
from lib.control import Control
from lib.echo import echo
from lib.greet import origin_context
from lib.message import read_response
from lib.origin import answer_all, server_context
from lib.pipe import Ended
from lib.wait import until
from lib.websocket import WebSocket
from lib.weir import weir_run

GET = b"GET /x HTTP/1.1\r\nHost: site.test\r\n\r\n"


def repeat(conn):
    """Says what it hears, until the end."""
    while data := conn.read_some():
        conn.send(b"<" + data + b">")


def greet(conn):
    conn.send(b"hello, who is it?\r\n")
    repeat(conn)


def said(flow):
    """What crossed it: a sign for the direction, and the bytes of neighbours as one."""
    talk = []
    for message in flow["messages"]["list"]:
        sign, data = "<>"[message["from"] == "client"], base64.b64decode(message["base64"])
        if talk and talk[-1][0] == sign:
            talk[-1] = (sign, talk[-1][1] + data)
        else:
            talk.append((sign, data))
    return talk


@pytest.fixture
def start(weir):
    """start(site, '--option', ...) -> a proxy that knows the site as site.test."""
    return lambda site, *options, **how: weir(*OPTIONS, *options, sites=[site], **how)


def at(site):
    return f"site.test:{site.port}"


# Bytes


def test_bytes_that_are_no_http_go_through_and_are_kept(start, origin):
    site = origin(repeat)
    proxy = start(site)
    with proxy.tunnel(at(site)) as pipe:
        assert pipe.send(b"\x00\x01\x02").read(5) == b"<\x00\x01\x02>"
        assert pipe.send(b"more").read(6) == b"<more>"
    flow = proxy.flow(kind="tunnel")
    assert said(flow) == [(">", b"\x00\x01\x02"), ("<", b"<\x00\x01\x02>"), (">", b"more"), ("<", b"<more>")]
    assert flow["url"] == at(site) and flow["tunnel"] == {"up": 7, "down": 11}
    times = [message["at_us"] for message in flow["messages"]["list"]]
    assert times == sorted(times)


def test_a_server_may_speak_first(start, origin):
    site = origin(greet)
    proxy = start(site)
    with proxy.tunnel(at(site)) as pipe:
        assert pipe.read_until(b"\n") == b"hello, who is it?\r\n"
        assert pipe.send(b"me").read(4) == b"<me>"
    assert said(proxy.flow(kind="tunnel"))[0] == ("<", b"hello, who is it?\r\n")


def test_a_client_that_takes_its_time_is_still_served_as_http(start, origin):
    site = origin(answer_all(echo))
    proxy = start(site)
    with proxy.tunnel(at(site)) as pipe:
        site.wait_connections(1)  # the server was asked whether it would begin
        pipe.send(GET)
        assert json.loads(read_response(pipe).body)["target"] == "/x"
    assert proxy.flow(kind="http")["url"].endswith("/x")
    assert not [flow for flow in proxy.flows() if flow["kind"] == "tunnel"]


def test_a_server_that_leaves_without_a_word_ends_the_tunnel(start, origin):
    site = origin(lambda conn: None)
    proxy = start(site)
    with proxy.tunnel(at(site)) as pipe:
        assert pipe.read_rest() == b""
    assert proxy.flow(kind="tunnel")["tunnel"] == {"up": 0, "down": 0}


def test_a_server_that_is_not_there_is_on_record(start, origin):
    site = origin(repeat)
    proxy = start(site)
    site.stop()
    with proxy.tunnel(at(site)) as pipe:
        assert pipe.send(b"\x00").read_rest() == b""
    assert proxy.flow(kind="tunnel").reason == "connect"


def test_bytes_under_tls_are_kept_in_clear(start, origin, world):
    site = origin(repeat, cert=world.good())
    proxy = start(site)
    with proxy.secure("site.test", site.port) as pipe:
        assert pipe.send(b"\x05secret").read(9) == b"<\x05secret>"
    flow = proxy.flow(kind="tunnel")
    assert said(flow) == [(">", b"\x05secret"), ("<", b"<\x05secret>")]
    assert flow["server"]["tls"]["verdict"] == "ok"


def test_a_server_under_tls_may_speak_first(start, origin, world):
    site = origin(greet, cert=world.good())
    proxy = start(site)
    with proxy.secure("site.test", site.port) as pipe:
        assert pipe.read_until(b"\n") == b"hello, who is it?\r\n"
        pipe.close_notify()
    # To go without a word is no refusal here, and it is recorded once.
    flow = proxy.flow(kind="tunnel")
    assert flow.reason != "tls-client" and flow["tunnel"] == {"up": 0, "down": 19}
    proxy.stop()
    assert [other["kind"] for other in proxy.flows()] == ["connect", "tunnel"]


def test_a_half_close_goes_through(start, origin):
    def script(conn):
        conn.send(b"got %d" % len(conn.read_rest()))
    site = origin(script)
    with start(site).tunnel(at(site)) as pipe:
        pipe.send(b"\x00" * 1000).shut()
        assert pipe.read_rest() == b"got 1000"


def test_a_tunnel_is_seen_while_it_lives_and_can_be_ended(start, origin):
    site = origin(repeat)
    proxy = start(site)
    api = Api(proxy, "tester")
    with proxy.tunnel(at(site)) as pipe:
        pipe.send(b"\x00").read(3)
        live = until(lambda: api.get("/live")["flows"], "the tunnel among what is under way")
        assert live[0]["kind"] == "tunnel"
        api.post(f"/flows/{live[0]['id']}/kill")
        pipe.read_rest()
    assert proxy.flow(kind="tunnel").reason == "killed"


@pytest.mark.parametrize("speaks", [True, False])
def test_bytes_reach_neither_the_proxy_nor_its_api(weir, speaks):
    proxy = weir(*OPTIONS)
    with proxy.tunnel(f"127.0.0.1:{proxy.port}") as pipe:
        if speaks:
            pipe.send(b"\x00\x01\x02\x03")
        assert pipe.read_rest() == b""
    assert proxy.flow(kind="tunnel").reason == "loop"


def test_denied_targets_hold_for_bytes(weir, origin):
    site = origin(greet)
    proxy = weir("--deny-targets", "loopback")
    with proxy.tunnel(f"127.0.0.1:{site.port}") as pipe:
        assert pipe.read_rest() == b""
    assert proxy.flow(kind="tunnel").reason == "denied-target" and not site.connections


# Hosts


@pytest.mark.parametrize("tls", [False, True])
def test_http_with_a_host_of_tcp_hosts_is_not_read(start, origin, world, tls):
    site = origin(answer_all(echo), cert=world.good() if tls else None)
    proxy = start(site, "--tcp-hosts", "^site\\.test:")
    with proxy.secure("site.test", site.port) if tls else proxy.tunnel(at(site)) as pipe:
        assert read_response(pipe.send(GET)).status == 200
    assert said(proxy.flow(kind="tunnel"))[0] == (">", GET)


@pytest.mark.parametrize("option, value", [("--ignore-hosts", "site\\.test"), ("--allow-hosts", "other\\.test")])
def test_a_host_is_left_alone(start, origin, world, shared, option, value):
    site = origin(answer_all(echo), cert=world.good())
    proxy = start(site, option, value)
    with proxy.secure("site.test", site.port, origin_context(shared)) as pipe:
        assert read_response(pipe.send(GET)).status == 200
    flow = proxy.flow(kind="tunnel")
    assert flow["tunnel"]["passed_through_by"] == option[2:]
    assert flow["tunnel"]["down"] > 500 and "messages" not in flow


def test_a_host_in_clear_is_left_alone(start, origin):
    site = origin(answer_all(echo))
    proxy = start(site, "--ignore-hosts", f":{site.port}$")
    with proxy.tunnel(at(site)) as pipe:
        assert read_response(pipe.send(GET)).status == 200
    flow = proxy.flow(kind="tunnel")
    assert flow["tunnel"]["passed_through_by"] == "ignore-hosts" and "messages" not in flow


PLAIN = "- when: host:site.test\n  do: set-field\n  field: X-Rule\n  value: was here\n- when: host:site.test\n  do: hold\n"


def private_site(start, origin, *options, go_on=lambda: True):
    """A site in clear, a proxy whose rules would change and hold what goes there, and its requests in absolute form."""
    site = origin(answer_all(lambda request: go_on() and echo(request)))
    proxy = start(site, "--detail", "4", *options, start=False)
    proxy.write_rules(PLAIN)
    proxy.start()
    where = f"http://{at(site)}/secret"
    return site, proxy, f"POST {where} HTTP/1.1\r\nHost: {at(site)}\r\nContent-Length: 6\r\n\r\nhidden".encode()


@pytest.mark.parametrize("option, value", [("--ignore-hosts", "site\\.test"), ("--allow-hosts", "other\\.test")])
def test_a_request_without_a_tunnel_is_left_alone(start, origin, option, value):
    seen = threading.Event()
    site, proxy, request = private_site(start, origin, option, value, go_on=lambda: seen.wait(20))
    moments = WebSocket(Control(proxy).dial_socket(), "/api/v1/feed", "localhost")
    moments.send({"hooks": {"names": ["request*", "response*", "client-disconnected"]}})
    with proxy.dial() as pipe:
        pipe.send(request)
        site.wait_requests(1)
        assert not Api(proxy).get("/live")["flows"]
        seen.set()
        answer = read_response(pipe)
        assert json.loads(answer.body)["body"] == "hidden"
    assert b"X-Rule" not in site.received and b"/secret" in site.received
    flow = proxy.flow(kind="tunnel")
    assert flow["url"] == at(site) and flow["tunnel"]["passed_through_by"] == option[2:]
    assert flow["tunnel"] == {"up": len(request), "down": len(answer.head + answer.body), **flow["tunnel"]}
    while (heard := moments.receive()).get("hook") != "client-disconnected":
        assert heard["type"] != "hook", heard
    proxy.stop()
    kept = proxy.stdout + proxy.record_file.read_text()
    assert "secret" not in kept and base64.b64encode(b"hidden").decode() not in kept and "left alone by" in kept


def test_a_request_to_another_host_is_not(start, origin):
    _, proxy, request = private_site(start, origin, "--ignore-hosts", "other\\.test")
    api = Api(proxy, "tester")
    with proxy.dial() as pipe:
        pipe.send(request)
        api.post(f"/held/{api.wait_held()[0]['id']}/forward")
        assert ["X-Rule", "was here"] in json.loads(read_response(pipe).body)["fields"]
    assert proxy.flow(kind="http")["url"].endswith("/secret")


@pytest.mark.parametrize("option, value", [("--ignore-hosts", "other\\.test"), ("--allow-hosts", "site\\.test")])
def test_others_are_intercepted(start, origin, world, option, value):
    site = origin(answer_all(echo), cert=world.good())
    proxy = start(site, option, value)
    with proxy.secure("site.test", site.port) as pipe:
        assert read_response(pipe.send(GET)).status == 200
    assert proxy.flow(kind="http").status == 200


def test_the_name_in_the_clienthello_counts(start, origin, world, shared):
    site = origin(answer_all(echo), cert=world.good())
    proxy = start(site, "--ignore-hosts", "^site\\.test:")
    with proxy.secure("127.0.0.1", site.port, origin_context(shared), name="site.test") as pipe:
        assert read_response(pipe.send(GET)).status == 200


def refuse(proxy, site, shared):
    """A client that trusts the server's own authority, and not ours."""
    with pytest.raises((ssl.SSLError, Ended)):
        proxy.secure("site.test", site.port, origin_context(shared))


def test_a_client_that_refuses_is_left_alone_for_a_while(start, origin, world, shared):
    site = origin(answer_all(echo), cert=world.good())
    proxy = start(site, "--pass-refused", "1h")
    api = Api(proxy, "tester")
    refuse(proxy, site, shared)
    learnt = until(lambda: api.get("/learnt")["learnt"], "what the client taught")
    assert learnt[0]["host"] == "site.test" and learnt[0]["client"].startswith("127.0.0.1")
    assert learnt[0]["why"].startswith("refused:alert(unknown_ca)")
    with proxy.secure("site.test", site.port, origin_context(shared)) as pipe:
        assert read_response(pipe.send(GET)).status == 200
    passed = proxy.flow(kind="tunnel")["tunnel"]["passed_through_by"]
    assert passed.startswith("pass-refused: ") and "refused:alert(unknown_ca)" in passed
    assert api.get("/learnt")["learnt"][0]["times"] == 1
    api.call("DELETE", f"/learnt/{learnt[0]['id']}")
    assert api.get("/learnt")["learnt"] == []
    refuse(proxy, site, shared)


def test_nothing_is_learnt_unless_it_is_wanted(start, origin, world, shared):
    site = origin(answer_all(echo), cert=world.good())
    proxy = start(site)
    refuse(proxy, site, shared)
    proxy.wait_flows(1, kind="tls")
    assert Api(proxy, "tester").get("/learnt")["learnt"] == []
    refuse(proxy, site, shared)


def test_a_wrong_pattern_is_named(tmp_path):
    done = weir_run(tmp_path, "dump", "--confdir", tmp_path / "conf", "--tcp-hosts", "a(")
    assert done.returncode == 2 and "'a(', byte " in done.stderr.decode(), done.stderr


# In front of one server


def test_reverse_tcp_takes_tls_off(weir, origin):
    site = origin(repeat)
    proxy = weir("--mode", f"reverse:tcp://127.0.0.1:{site.port}")
    with proxy.dial() as pipe:
        assert pipe.send(b"GET ").read(6) == b"<GET >"
    with proxy.dial() as pipe:
        pipe.start_tls(proxy.context(), name="any.test")
        assert pipe.send(b"\x01").read(3) == b"<\x01>"
    assert [said(flow)[0][1] for flow in proxy.wait_flows(2, kind="tunnel")] == [b"GET ", b"\x01"]


def test_reverse_tls_puts_tls_on(weir, origin, world):
    site = origin(greet, cert=world.good())
    proxy = weir("--mode", f"reverse:tls://site.test:{site.port}", sites=[site])
    with proxy.dial() as pipe:
        assert pipe.read_until(b"\n") == b"hello, who is it?\r\n"
        assert pipe.send(b"\x01").read(3) == b"<\x01>"
    assert site.connections[-1].server_name == "site.test"


def test_reverse_tcp_needs_a_port(tmp_path):
    done = weir_run(tmp_path, "dump", "--confdir", tmp_path / "conf", "--mode", "reverse:tcp://a")
    assert done.returncode == 2 and "needs a port" in done.stderr.decode(), done.stderr


# TLS in the middle: what the server and the client say before it, in turns

TALKS = {
    "smtp": [b"220 mx ESMTP\r\n", b"EHLO me\r\n", b"250-mx\r\n250 STARTTLS\r\n", b"STARTTLS\r\n", b"220 go\r\n"],
    "imap": [b"* OK hi\r\n", b"a1 CAPABILITY\r\n", b"* CAPABILITY STARTTLS\r\na1 OK\r\n", b"a2 STARTTLS\r\n",
             b"a2 OK go\r\n"],
    "pop3": [b"+OK hi\r\n", b"STLS\r\n", b"+OK go\r\n"],
    "postgresql": [b"", b"\0\0\0\x08\x04\xd2\x16\x2f", b"S"],
    "mysql": [b"\x07\0\0\0\x0a8.0.1\0", b"\x20\0\0\1\x85\xae\x3f\x20" + bytes(28), b""],
    "ldap": [b"", b"\x30\x1d\2\1\1\x77\x18\x80\x161.3.6.1.4.1.1466.20037", b"\x30\x0c\2\1\1\x78\7\x0a\1\0\4\0\4\0"],
    "xmpp": [b"", b"<stream:stream to='a'>", b"<stream:stream id='1'>", b"<starttls xmlns='x'/>", b"<proceed/>"],
}


def serve_talk(talk, context, inside=repeat):
    def script(conn):
        for i, words in enumerate(talk):
            if i % 2:
                assert conn.read(len(words)) == words
            else:
                conn.send(words)
        try:
            conn.start_tls(context, server=True)
        except (ssl.SSLError, Ended):
            return
        inside(conn)
    return script


def speak_talk(pipe, talk):
    for i, words in enumerate(talk):
        if i % 2:
            pipe.send(words)
        else:
            assert pipe.read(len(words)) == words


@pytest.mark.parametrize("protocol", TALKS)
def test_tls_that_begins_in_the_middle_is_intercepted(start, origin, world, protocol):
    talk = TALKS[protocol]
    site = origin(serve_talk(talk, server_context(world.good())))
    proxy = start(site)
    with proxy.tunnel(at(site)) as pipe:
        speak_talk(pipe, talk)
        pipe.start_tls(proxy.context(), name="site.test")  # it verifies: our certificate, for that name
        assert pipe.send(b"\x01 secret").read(10) == b"<\x01 secret>"
        pipe.close_notify()
    flow = proxy.flow(kind="tunnel")
    for sign, words in ((">", talk[1::2] + [b"\x01 secret"]), ("<", talk[::2] + [b"<\x01 secret>"])):
        assert b"".join(data for side, data in said(flow) if side == sign) == b"".join(words)
    assert flow["server"]["tls"]["verdict"] == "ok" and flow["client"]["tls"]["version"] == "TLSv1.3"


def test_what_is_slipped_in_front_of_the_handshake_goes_nowhere(start, origin, world):
    """CVE-2011-0411: a server would take it for what was said under TLS."""
    talk, heard = TALKS["smtp"], []
    site = origin(serve_talk(talk, server_context(world.good()), lambda conn: heard.append(conn.read_some())))
    proxy = start(site)
    with proxy.tunnel(at(site)) as pipe:
        speak_talk(pipe, talk[:3])
        pipe.send(talk[3] + b"RSET\r\n").read(len(talk[4]))
        assert b"\x15\x03" in pipe.read_rest() + b"\x15\x03"  # whatever it is told, the connection ends
    flow = proxy.flow(kind="tunnel")
    assert b"RSET" not in b"".join(data for _, data in said(flow)) and not any(heard)
    assert b"RSET" not in bytes(site.connections[-1].received)


def test_a_server_whose_certificate_is_bad_is_not_spoken_with(start, origin, world):
    talk = TALKS["smtp"]
    site = origin(serve_talk(talk, server_context(world.faulty("expired"))))
    proxy = start(site)
    with proxy.tunnel(at(site)) as pipe:
        speak_talk(pipe, talk)
        with pytest.raises(ssl.SSLError, match="(?i)handshake.failure"):
            pipe.start_tls(proxy.context(), name="site.test")
    assert proxy.flow(kind="tunnel").reason == "tls-verify"


def test_a_client_that_refuses_in_the_middle_is_on_record_once(start, origin, world, shared):
    talk = TALKS["smtp"]
    site = origin(serve_talk(talk, server_context(world.good())))
    proxy = start(site)
    with proxy.tunnel(at(site)) as pipe:
        speak_talk(pipe, talk)
        with pytest.raises(ssl.SSLError):
            pipe.start_tls(origin_context(shared), name="site.test")
    flow = proxy.flow(kind="tunnel")
    assert flow.reason == "tls-client" and "refused:alert(unknown_ca)" in flow.error_text
    assert not [other for other in proxy.flows() if other["kind"] == "tls"]


def test_a_rule_leaves_tls_in_the_middle_closed(start, origin, world, shared):
    talk = TALKS["smtp"]
    site = origin(serve_talk(talk, server_context(world.good())))
    proxy = start(site)
    Api(proxy, "tester").rule("pass-through", "host:site.test")
    with proxy.tunnel(at(site)) as pipe:
        speak_talk(pipe, talk)
        pipe.start_tls(origin_context(shared), name="site.test")
        assert pipe.send(b"\x01").read(3) == b"<\x01>"
    flow = proxy.flow(kind="tunnel")
    assert flow["tunnel"]["passed_through_by"].startswith("rule ")
    assert b"".join(data for _, data in said(flow)) == b"".join(talk)

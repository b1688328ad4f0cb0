"""The ClientHello: rules act on it before anybody answers, and TLS may be left closed."""
import json
import re
import socket
import ssl

import pytest

from lib import clients
from lib.api import Api, OPTIONS, Refused
from lib.echo import echo
from lib.greet import Client, GET, NAMES, client_hello, did, fetch, origin_context
from lib.message import read_response, reply
from lib.origin import answer_all
from lib.pipe import Ended
from lib.wait import until


@pytest.fixture
def site(origin, world):
    return origin(answer_all(echo), cert=world.good(names=NAMES))


@pytest.fixture
def start(weir, site):
    """start('--option', ...) -> the proxy, which knows the site under its names."""
    def make(*options, **how):
        names = [word for name in NAMES for word in ("--resolve", f"{name}:{site.port}:{site.address}")]
        return weir(*OPTIONS, *names, *options, **how)
    return make


@pytest.fixture
def proxy(start):
    return start()


@pytest.fixture
def api(proxy):
    return Api(proxy, "tester")


# Passing through


def test_client_sees_the_certificate_of_the_server_itself(proxy, api, site, home, shared):
    api.rule("pass-through", 'host:site.test')
    url = f"https://site.test:{site.port}/"
    result = clients.curl(None, home, url, proxy.proxy, shared["root"])
    assert result.ok and json.loads(result.body)["target"] == "/", result
    refused = clients.curl(None, home, url, proxy.proxy, proxy.ca_file)
    assert refused.code == 60, refused
    flow = proxy.wait_flows(2, kind="tunnel")[0]
    assert flow["host"] == "site.test" and flow["port"] == site.port and not flow["error"]
    assert flow["tunnel"]["up"] > 200 and flow["tunnel"]["down"] > 200
    assert flow["tunnel"]["passed_through_by"] == "rule test pass-through"
    assert did(flow) == [("test pass-through", "client-hello", "passed through")]
    assert flow["server"]["remote"] == f"127.0.0.1:{site.port}"
    # Not one byte of it is kept: nobody could read it.
    assert flow["request"] is None and flow["response"] is None
    assert not [one for one in proxy.flows() if one["kind"] == "http"]
    assert len(api.get("/flows", query="tls:passthrough")["rows"]) == 2


def test_what_is_not_passed_through_is_opened(proxy, api, site, shared):
    api.rule("pass-through", "host:*.bank.example or host:other.test")
    assert fetch(proxy, site, origin_context(shared), host="other.test").status == 200
    assert fetch(proxy, site).status == 200
    assert proxy.flow(kind="http")["host"] == "site.test"
    assert proxy.flow(kind="tunnel")["host"] == "other.test"
    # Nothing acted on the second hello: it is no flow.
    assert not [one for one in proxy.flows() if one["kind"] == "tls"]


@pytest.mark.parametrize("query", ["host:site.test", "sni:site.test", "client:127.0.0.1", "ja4:t13*", "port:{port}", "kind:tls",
                                   "!method:GET", ""])
def test_queries_know_what_a_hello_says(proxy, api, site, shared, query):
    api.rule("pass-through", query.format(port=site.port))
    assert fetch(proxy, site, origin_context(shared)).status == 200
    assert proxy.flow(kind="tunnel")["client"]["tls"]["sni"] == "site.test"


def test_name_of_the_hello_counts_where_the_target_is_an_address(proxy, api, site, shared):
    api.rule("pass-through", "host:site.test")
    with proxy.tunnel(f"127.0.0.1:{site.port}") as pipe:
        pipe.start_tls(origin_context(shared), name="site.test")
        assert read_response(pipe.send(GET)).status == 200
    assert proxy.flow(kind="tunnel")["host"] == "site.test"


def test_hello_without_a_name_goes_by_the_target(proxy, api, site, shared):
    api.rule("pass-through", "host:127.0.0.1")
    context = origin_context(shared)
    context.check_hostname = False
    with proxy.tunnel(f"127.0.0.1:{site.port}") as pipe:
        pipe.start_tls(context)
        assert read_response(pipe.send(GET)).status == 200
    flow = proxy.flow(kind="tunnel")
    assert flow["host"] == "127.0.0.1" and flow["client"]["tls"]["sni"] == ""
    assert site.connections[0].server_name is None


def test_one_rule_of_many_is_found_by_its_host(proxy, api, site, shared):
    for number in range(100):
        api.rule("pass-through", f"host:bank{number}.example")
    api.rule("pass-through", "host:other.test")
    assert fetch(proxy, site).status == 200
    assert fetch(proxy, site, origin_context(shared), host="other.test").status == 200
    assert [flow["host"] for flow in proxy.wait_flows(1, kind="tunnel")] == ["other.test"]


def test_bytes_of_the_client_reach_the_server_as_they_are(proxy, api, origin):
    """The hello in two pieces, something behind it that no TLS would say, and the end before there is a server."""
    api.rule("pass-through")
    seen, hello = origin(lambda conn: conn.read_rest()), client_hello()
    with proxy.tunnel(f"127.0.0.1:{seen.port}") as pipe:
        pipe.send(hello[:60]).send(hello[60:] + b"no TLS at all").shut()
        pipe.read_rest()
    assert seen.received == hello + b"no TLS at all"
    assert proxy.flow(kind="tunnel")["tunnel"]["up"] == len(seen.received)


def test_half_a_connection_goes_on(proxy, api, origin, shared, site):
    """The client says no more; the answer still comes."""
    def script(conn):
        conn.read_rest()
        conn.sock.sendall(b"late answer")
    api.rule("pass-through")
    raw = origin(script)
    with proxy.tunnel(f"127.0.0.1:{raw.port}") as pipe:
        pipe.send(client_hello()).shut()
        assert pipe.read_rest() == b"late answer" and pipe.end == "eof"
    flow = proxy.flow(kind="tunnel")
    assert flow["tunnel"]["down"] == len(b"late answer") and not flow["error"]


def test_server_that_is_not_there(proxy, api):
    api.rule("pass-through")
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with proxy.tunnel(f"127.0.0.1:{port}") as pipe:
        pipe.send(client_hello())
        assert pipe.read_rest() == b"" and pipe.end == "eof"
    flow = proxy.flow(kind="tunnel")
    assert flow.reason == "connect" and flow["tunnel"]["passed_through_by"] == "rule test pass-through"


def test_slow_reader_holds_the_server_back(proxy, api, origin, site, shared):
    """More than all buffers hold, for a client that reads nothing at first."""
    size = 64 << 20

    def script(conn):
        conn.request()
        conn.send(reply(bytes(size)))
    api.rule("pass-through")
    big = origin(script, cert=site.cert, keep=False)
    before = proxy.resident()
    with proxy.tunnel(f"127.0.0.1:{big.port}", receive_buffer=4096, keep=False) as pipe:
        pipe.start_tls(origin_context(shared), name="site.test").send(GET)
        until(lambda: big.connections and big.connections[0].requests, "the request")
        assert not big.connections[0].done
        pipe.read_until(b"\r\n\r\n")
        assert proxy.resident() - before < size // 1024 // 4
        left = size
        while left:
            left -= len(pipe.read_some()) or pytest.fail(f"{left} are missing")
    assert proxy.flow(kind="tunnel")["tunnel"]["down"] > size


def test_idle_tunnel_is_closed(start, site, shared):
    proxy = start("--idle-time", "1s")
    Api(proxy).rule("pass-through")
    with proxy.secure("site.test", site.port, origin_context(shared)) as pipe:
        assert read_response(pipe.send(GET)).status == 200
        pipe.read_rest()
    assert not proxy.flow(kind="tunnel")["error"]


def test_tunnel_outlives_its_rule_and_a_reload(proxy, api, site, shared):
    rule = api.rule("pass-through")
    with proxy.secure("site.test", site.port, origin_context(shared)) as pipe:
        api.delete(f"/rules/{rule}")
        api.put("/options/body-limit", {"value": 1000})
        assert read_response(pipe.send(GET)).status == 200
    assert proxy.flow(kind="tunnel")["tunnel"]["passed_through_by"] == "rule test pass-through"
    assert fetch(proxy, site).status == 200


def test_shutdown_ends_a_tunnel_and_records_it(proxy, api, site, shared):
    api.rule("pass-through")
    with proxy.secure("site.test", site.port, origin_context(shared)) as pipe:
        assert read_response(pipe.send(GET)).status == 200
        proxy.stop()
        pipe.read_rest()
    assert proxy.flow(kind="tunnel")["tunnel"]["down"] > 0


def test_tunnel_is_seen_while_it_lives_and_can_be_killed(proxy, api, site, shared):
    api.rule("pass-through")
    with proxy.secure("site.test", site.port, origin_context(shared)) as pipe:
        assert read_response(pipe.send(GET)).status == 200
        row, = api.get("/live")["flows"]
        assert (row["kind"], row["url"]) == ("tunnel", f"site.test:{site.port}")
        api.post(f"/flows/{row['id']}/kill")
        pipe.read_rest()
    flow = proxy.flow(kind="tunnel")
    assert flow.reason == "killed" and "tester" in flow.error_text
    until(lambda: site.connections[0].done, "the end of the server's connection")
    assert api.get("/live")["flows"] == []
    with pytest.raises(Refused):
        api.post(f"/flows/{row['id']}/kill")


def test_passing_is_counted_and_said_in_every_form(start, site, shared):
    proxy = start("-v")
    api = Api(proxy)
    api.rule("pass-through")
    assert fetch(proxy, site, origin_context(shared)).status == 200
    assert proxy.wait_line(re.compile(r" TUNNEL +site\.test:\d+ up \S+ down \S+ .*passed through by rule test pass-through"))
    assert api.get("/statistics")["passed"] == 1
    recorded = proxy.record_file
    proxy.flow(kind="tunnel")
    until(lambda: api.get("/live")["flows"] == [], "the end of the tunnel")
    assert recorded.exists()


def test_in_front_of_one_server(weir, site, shared):
    proxy = weir(*OPTIONS, "--mode", f"reverse:https://site.test:{site.port}", sites=[site])
    api = Api(proxy)
    rule = api.rule("pass-through", "sni:site.test")
    with proxy.dial() as pipe:
        pipe.start_tls(origin_context(shared), name="site.test")
        assert read_response(pipe.send(GET)).status == 200
    assert proxy.flow(kind="tunnel")["server"]["remote"] == f"127.0.0.1:{site.port}"
    api.delete(f"/rules/{rule}")
    api.rule("upstream", to=f"127.0.0.1:{site.port}", at="client-hello")
    with proxy.dial() as pipe:
        pipe.start_tls(proxy.context(), name="shop.test")
        assert read_response(pipe.send(GET)).status == 200
    assert proxy.flow(kind="http")["server"]["host"] == "127.0.0.1"
    assert site.connections[-1].server_name == "site.test"


# What a pass-through must not reach


def test_pass_through_reaches_neither_the_proxy_nor_its_api(proxy, api, site):
    api.rule("pass-through")
    web = int(re.search(r"control https?://[^/]*:(\d+)", proxy.wait_line("control http")).group(1))
    for number, port in enumerate((proxy.port, web)):
        for name in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
            with proxy.tunnel(f"{name}:{port}") as pipe:
                pipe.send(client_hello("site.test"))
                assert pipe.read_rest() == b""
    flows = proxy.wait_flows(6, kind="tunnel")
    assert {flow.reason for flow in flows} <= {"loop", "connect"}
    assert len([flow for flow in flows if flow.reason == "loop"]) >= 4
    assert all(flow["tunnel"]["down"] == 0 for flow in flows)


def test_pass_through_is_held_to_the_list_of_denied_targets(start, site):
    proxy = start("--deny-targets", "loopback")
    Api(proxy).rule("pass-through")
    with proxy.tunnel(f"site.test:{site.port}") as pipe:
        assert pipe.send(client_hello()).read_rest() == b""
    assert proxy.flow(kind="tunnel").reason == "denied-target"
    assert not site.connections


def test_upstream_of_a_rule_is_judged_as_well(start, site):
    proxy = start("--deny-targets", "loopback")
    api = Api(proxy)
    api.rule("upstream", to=f"127.0.0.1:{site.port}", at="client-hello")
    api.rule("pass-through")
    with proxy.tunnel("192.0.2.1:443") as pipe:
        assert pipe.send(client_hello()).read_rest() == b""
    assert proxy.flow(kind="tunnel").reason == "denied-target"
    assert not site.connections


def test_name_of_a_hello_does_not_choose_the_server(proxy, api, site, origin, world, shared):
    """The SNI is the client's word: the connection goes where its CONNECT was allowed to go."""
    api.rule("pass-through", "sni:site.test")
    other = origin(answer_all(echo), cert=world.good("site.test"))
    with proxy.tunnel(f"127.0.0.1:{other.port}") as pipe:
        pipe.start_tls(origin_context(shared), name="site.test")
        assert read_response(pipe.send(GET)).status == 200
    assert len(other.connections) == 1 and not site.connections


def test_connections_of_tunnels_have_their_limit(start, site, shared):
    proxy = start("--upstream-per-host", "1", "--threads", "1")
    api = Api(proxy)
    api.rule("pass-through")
    context = origin_context(shared)
    with proxy.secure("site.test", site.port, context) as first:
        second = Client(proxy, site, context)
        until(lambda: len(api.get("/live")["flows"]) == 2, "both tunnels")
        for _ in range(5):
            assert read_response(first.send(GET)).status == 200
        assert second.answer is None and len(site.connections) == 1
    assert second.wait().answer.status == 200
    before, after = proxy.wait_flows(2, kind="tunnel")
    assert after["server"]["opened_us"] >= before["ended_us"]


# Other actions


def test_block_closes_and_resets(proxy, api, site):
    api.rule("block", "host:site.test", at="client-hello")
    api.rule("block", "host:other.test", at="client-hello", how="reset")
    with pytest.raises(Ended, match="eof"):
        fetch(proxy, site)
    with pytest.raises(Ended, match="reset"):
        fetch(proxy, site, host="other.test")
    flows = proxy.wait_flows(2, kind="tls")
    assert {flow.reason for flow in flows} == {"rule"} and not site.connections
    assert [did(flow)[0][2] for flow in flows] == ["closed the connection", "reset the connection"]


def test_delay_waits_and_goes_on(proxy, api, site):
    api.rule("delay", time="20ms", at="client-hello")
    assert fetch(proxy, site).status == 200
    flow = proxy.flow(kind="tls")
    assert did(flow) == [("test delay", "client-hello", "waited 20 ms")] and not flow["error"]
    assert flow["ended_us"] - flow["started_us"] >= 20000
    assert proxy.flow(kind="http").status == 200


def test_marks_are_on_the_flow_of_the_handshake(proxy, api, site):
    for do, args in (("mark", {"mark": "red"}), ("note", {"note": "look"}), ("tag", {"tag": "bank"})):
        api.rule(do, "host:site.test", at="client-hello", **args)
    assert fetch(proxy, site).status == 200
    flow = proxy.flow(kind="tls")
    assert flow["marks"] == {"mark": "red", "note": "look", "tags": ["bank"]}
    assert flow["client"]["tls"]["version"] == "TLSv1.3"
    assert "marks" not in proxy.flow(kind="http")


def test_discarded_hello_is_not_recorded(proxy, api, site, shared):
    api.rule("discard", at="client-hello")
    api.rule("pass-through", "host:other.test")
    assert fetch(proxy, site, origin_context(shared), host="other.test").status == 200
    assert fetch(proxy, site).status == 200
    proxy.flow(kind="http")
    assert {flow["kind"] for flow in proxy.flows()} <= {"http", "connect"}


def test_upstream_is_for_all_of_the_connection(proxy, api, site, origin, world):
    other = origin(answer_all(lambda request: reply(b"other\n")), cert=world.good("site.test"))
    api.rule("upstream", "host:site.test", to=f"127.0.0.1:{other.port}", at="client-hello")
    with proxy.secure("site.test", site.port) as pipe:
        for _ in range(2):
            assert read_response(pipe.send(GET)).body == b"other\n"
    assert not site.connections and other.connections[0].server_name == "site.test"
    assert {flow["host"] for flow in proxy.wait_flows(2, kind="http")} == {"site.test"}


@pytest.mark.parametrize("alert, text", [("unknown_ca", "unknown ca"), ("70", "protocol version"), (None, "handshake failure"),
                                         ("unrecognized_name", "unrecognized name")])
def test_alert_in_place_of_a_handshake(proxy, api, site, alert, text):
    api.rule("fault", kind="alert", **({"alert": alert} if alert else {}))
    with pytest.raises(ssl.SSLError) as refused:
        fetch(proxy, site)
    assert text in str(refused.value).lower().replace("_", " ")
    flow = proxy.flow(kind="tls")
    assert flow.reason == "rule" and did(flow)[0][2].startswith("sent the alert ")
    assert not site.connections


def test_alert_is_seen_by_openssl_by_its_name(proxy, api, site, home):
    api.rule("fault", kind="alert", alert="certificate_unknown")
    result = clients.curl(None, home, f"https://site.test:{site.port}/", proxy.proxy, proxy.ca_file)
    assert result.code == 35 and "certificate unknown" in result.text, result


@pytest.mark.parametrize("args, named", [({"kind": "alert", "alert": "no_such"}, "no_such"),
                                         ({"kind": "alert", "alert": "256"}, "256"),
                                         ({"kind": "certificate", "certificate": "good"}, "good")])
def test_bad_fault_is_refused_by_name(api, args, named):
    with pytest.raises(Refused) as refused:
        api.rule("fault", **args)
    assert named in str(refused.value.body)


FAULTS = {"expired": "certificate has expired", "not-yet-valid": "not yet valid", "wrong-host": "mismatch",
          "self-signed": "self-signed certificate", "untrusted": "unable to get local issuer|self-signed certificate", "no-san": "mismatch",
          "wrong-eku": "unsupported certificate purpose|unsuitable certificate purpose", "weak-key": "too weak|too small",
          "sha1": "md too weak|signature digest algorithm too weak", "bad-signature": "signature failure",
          "name-constraints": "permitted|excluded", "path-length": "path length"}


@pytest.mark.parametrize("fault", FAULTS)
def test_certificate_with_a_fault_is_refused_for_it(proxy, api, site, home, fault):
    api.rule("fault", "host:site.test", kind="certificate", certificate=fault)
    context = proxy.context()
    context.hostname_checks_common_name = False
    with pytest.raises(ssl.SSLCertVerificationError, match=f"(?i){FAULTS[fault]}"):
        fetch(proxy, site, context)
    flow = proxy.flow(kind="tls")
    if fault != "no-san":  # curl is content with a common name
        assert clients.curl(None, home, f"https://site.test:{site.port}/", proxy.proxy, proxy.ca_file).code in (35, 60)
    assert flow.reason == "tls-client" and flow.error_text.endswith(f"a rule had it shown this fault: {fault}")
    assert did(flow)[0][2] == f"showed a certificate at fault: {fault}"
    # Others see nothing of it.
    assert fetch(proxy, site, host="other.test").status == 200


def test_session_of_a_good_certificate_does_not_hide_a_fault(proxy, api, site):
    context = proxy.context(maximum=ssl.TLSVersion.TLSv1_2)
    with proxy.secure("site.test", site.port, context) as pipe:
        assert read_response(pipe.send(GET)).status == 200
        session = pipe.tls.session
        pipe.close_notify()
    api.rule("fault", kind="certificate", certificate="expired")
    with pytest.raises(ssl.SSLCertVerificationError):
        proxy.secure("site.test", site.port, context, session=session)


# Where nobody wants anything


def test_rules_of_exchanges_stay_with_exchanges(proxy, api, site):
    """The same actions without 'at' do nothing to a hello."""
    api.rule("mark", "host:site.test", mark="red")
    api.rule("tag", "host:site.test", tag="one")
    api.rule("hold", "path:/never", at="request")
    assert fetch(proxy, site).status == 200
    assert proxy.flow(kind="http")["marks"]["mark"] == "red"
    assert not [flow for flow in proxy.flows() if flow["kind"] == "tls"]


def test_rule_that_is_off_does_nothing(proxy, api, site):
    api.rule("pass-through", on=False)
    assert fetch(proxy, site).status == 200
    assert {flow["kind"] for flow in proxy.flows()} <= {"http", "connect"}


def test_own_pages_are_never_passed_on(proxy, api):
    api.rule("block", at="client-hello")
    with proxy.secure("weir.it", 443) as pipe:
        answer = read_response(pipe.send(b"GET / HTTP/1.1\r\nHost: weir.it\r\n\r\n"))
    assert answer.status == 200


def test_rule_is_tried_on_a_flow_that_is_over(proxy, api, site):
    assert fetch(proxy, site).status == 200
    flow = proxy.flow(kind="http")["id"]
    result = api.post("/rules/test", {"rule": {"when": "host:site.test", "do": "pass-through"}, "flow": flow})
    assert result["matches"] and result["end"] == "pass-through"
    assert result["steps"] == [{"stage": "client-hello", "did": "passed through"}]

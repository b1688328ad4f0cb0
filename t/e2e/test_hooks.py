"""Hooks: what a client of the feed hears of the engine, its connections and exchanges."""
import base64
import signal

import pytest

from lib import h2 as two
from lib.clients import curl
from lib.message import read_response, reply
from lib.origin import answer_all
from lib.wait import until
from lib.websocket import WebSocket

EXCHANGE = ["request-head", "request-*", "request", "interim", "response*", "error"]
ALL = ["client-*", "server-*", "tls-*", "connect*", "next-layer", "tunnel-*", "websocket-*", *EXCHANGE]


class Ear:
    """A client of the feed that has asked for hooks."""

    def __init__(self, api, *names, **how):
        self.socket = WebSocket(api.dial_socket(), "/api/v1/feed", "localhost")
        self.heard = []
        self.ask(*names, **how)

    def ask(self, *names, **how):
        self.socket.send({"hooks": {"names": list(names), **how}})
        self.names = self.next("hooks")["names"]

    def next(self, *types):
        """The next message of one of these types; hooks on the way are kept."""
        while True:
            message = self.socket.receive()
            if message["type"] == "hook":
                self.heard.append(message)
            if message["type"] in types:
                return message

    def until(self, name, n=1):
        """All that was heard, through the n-th hook of this name."""
        while sum(one["hook"] == name for one in self.heard) < n:
            self.next("hook")
        return self.heard

    def one(self, name):
        return next(one for one in self.until(name) if one["hook"] == name)

    def order(self, last, n=1):
        return [one["hook"] for one in self.until(last, n)]


@pytest.fixture
def site(origin, control):
    """site(script, '--option', cert=...) -> (proxy's API, origin): site.test is the origin."""
    def make(script=None, *options, cert=None, **how):
        there = origin(script, cert=cert)
        return control("--threads", "1", "--resolve", f"site.test:{there.port}:127.0.0.1", *options, **how), there
    return make


def fetch(api, home, url, *extra, ca=True):
    return curl(None, home, url, api.proxy.proxy, api.proxy.ca_file if ca else None, extra)


# The table


def test_table_can_be_read(control, home):
    api = control()
    hooks = {one["name"]: one for one in api.get("/hooks")["hooks"]}
    assert hooks["request-head"]["waits"] and hooks["request-head"]["mitmproxy"] == "requestheaders"
    assert not hooks["client-connected"]["waits"]
    assert Ear(api, "*").names == list(hooks)


@pytest.mark.parametrize("wish, word", [
    ({"names": ["no-such-hook"]}, "no-such-hook"), ({"names": ["request", "x*"]}, "x*"), ({"names": [1]}, "number 1"),
    ({}, "names"), ({"names": "request"}, "names"), ({"names": ["request"], "content": -1}, "content"),
    ({"names": ["request"], "content": 1 << 20}, "65536"), ({"names": ["request"], "query": "status:"}, "value"),
    ({"names": ["request"], "query": 4}, "query"), ("request", "names")])
def test_wish_that_is_wrong_is_named(wish, word, control):
    socket = WebSocket(control().dial_socket(), "/api/v1/feed", "localhost")
    socket.send({"hooks": wish})
    answer = socket.receive()
    assert (answer["type"], answer["code"]) == ("error", "bad-hooks") and word in answer["text"], answer


def test_wish_that_is_wrong_leaves_the_one_before(control):
    api = control()
    ear = Ear(api, "option-changed")
    ear.socket.send({"hooks": {"names": ["nothing"]}})
    assert ear.next("error")["code"] == "bad-hooks"
    change(api, "anticache", True)
    assert ear.one("option-changed")["word"] == "anticache"


def test_seventeenth_client_is_refused(control):
    api = control()
    ears = [Ear(api, "log") for _ in range(16)]
    late = WebSocket(api.dial_socket(), "/api/v1/feed", "localhost")
    late.send({"hooks": {"names": ["log"]}})
    assert "16 clients" in late.receive()["text"]
    ears.pop().socket.pipe.close()

    def again():
        late.send({"hooks": {"names": ["log"]}})
        return late.receive()["type"] == "hooks"
    until(again, "a place that has become free")


# Sequences


def test_plain_request(site, home):
    api, there = site()
    ear = Ear(api, *ALL)
    assert fetch(api, home, f"http://site.test:{there.port}/path").ok
    order = ear.order("client-disconnected")
    # In mitmproxy: request before server_connect; here the head is enough to dial.
    assert order == ["client-connected", "request-head", "server-connect", "request", "server-connected",
                     "response-head", "response-chunk", "response", "client-disconnected"]
    first, head, dial, up = ear.heard[0], ear.one("request-head"), ear.one("server-connect"), ear.one("server-connected")
    assert first["client"]["remote"].startswith("127.0.0.1:") and first["client"]["local"] == api.proxy.address
    assert head["client"]["id"] == first["client"]["id"] and head["flow"]["url"].endswith("/path")
    assert ["Host", f"site.test:{there.port}"] in head["fields"]
    assert (dial["server"]["host"], dial["server"]["port"]) == ("site.test", there.port)
    assert up["server"]["remote"] == f"127.0.0.1:{there.port}" and up["server"]["id"] == dial["server"]["id"]
    answer = ear.one("response")
    assert (answer["flow"]["status"], answer["flow"]["response_size"]) == (200, len(b"hello\n"))
    assert answer["server"] == {"id": dial["server"]["id"]} and answer["flow"]["id"] == head["flow"]["id"]
    assert api.proxy.flow()["id"] == head["flow"]["id"]
    times = [one["at_us"] for one in ear.heard]
    assert times == sorted(times)


def test_request_in_a_tunnel(site, world, home):
    api, there = site(cert=world.good())
    ear = Ear(api, *ALL)
    assert fetch(api, home, f"https://site.test:{there.port}/path").ok
    # The whole sequence of mitmproxy but for: the CONNECT is answered before the server is dialled, and what follows
    # behind the handshake is no question.
    assert ear.order("client-disconnected") == [
        "client-connected", "connect", "connect-established", "next-layer", "client-hello",
        "server-connect", "server-connected", "tls-server-start", "tls-server-established",
        "tls-client-start", "tls-client-established",
        "request-head", "request", "response-head", "response-chunk", "response", "client-disconnected"]
    assert ear.one("client-hello")["word"] == "site.test" and ear.one("next-layer")["word"] == "tls"
    assert ear.one("client-hello")["client"]["tls"]["ja4"].startswith("t13d")
    for side in ("client", "server"):
        assert ear.one(f"tls-{side}-established")[side]["tls"]["version"] == "TLSv1.3"
    assert ear.one("tls-server-established")["server"]["tls"]["verdict"] == "ok"
    assert ear.one("connect")["flow"]["method"] == "CONNECT"
    assert ear.one("request-head")["flow"]["url"] == f"https://site.test:{there.port}/path"


def test_answer_of_a_rule(site, home):
    api, there = site()
    ear = Ear(api, "rules-changed", *ALL)
    api.call("POST", "/api/v1/rules", {"name": "no", "do": "answer", "status": 403, "body": "no"})
    assert fetch(api, home, f"http://site.test:{there.port}/").body == b"no"
    assert ear.order("client-disconnected") == ["rules-changed", "client-connected", "request-head", "response-head",
                                                "response", "client-disconnected"]
    assert ear.one("rules-changed")["size"] == 1 and ear.one("response-head")["flow"]["status"] == 403


# Failures


def failure(ear, name):
    one = ear.one(name)
    return one["word"], one["text"]


def test_name_that_does_not_exist(control, home):
    api = control()
    ear = Ear(api, *ALL)
    assert fetch(api, home, "http://nowhere.invalid/").ok
    assert ear.order("client-disconnected") == ["client-connected", "request-head", "server-connect", "request",
                                                "server-failed", "error", "client-disconnected"]
    assert failure(ear, "server-failed") == failure(ear, "error") and failure(ear, "error")[0] == "dns"
    assert "nowhere.invalid" in ear.one("error")["text"]


def test_server_that_refuses(site, home):
    api, there = site()
    there.stop()
    ear = Ear(api, *ALL)
    assert fetch(api, home, f"http://site.test:{there.port}/").ok
    assert ear.order("error")[-2:] == ["server-failed", "error"]
    assert failure(ear, "server-failed")[0] == "connect" and "server-connected" not in ear.order("error")


def test_client_that_refuses_our_certificate(site, world, home):
    api, there = site(cert=world.good())
    ear = Ear(api, *ALL)
    assert not fetch(api, home, f"https://site.test:{there.port}/", ca=False).ok
    order = ear.order("client-disconnected")
    assert order[-3:] == ["tls-client-start", "tls-client-failed", "client-disconnected"], order
    word, text = failure(ear, "tls-client-failed")
    assert word == "tls-client" and "refused:alert(unknown_ca)" in text


def test_certificate_of_the_server_that_is_not_good(site, world, home):
    api, there = site(cert=world.faulty("expired"))
    ear = Ear(api, *ALL)
    assert fetch(api, home, f"https://site.test:{there.port}/").ok
    order = ear.order("client-disconnected")
    order.remove("server-disconnected")  # when its end is sent
    assert order == ["client-connected", "connect", "connect-established", "next-layer", "client-hello",
                     "server-connect", "server-connected", "tls-server-start", "tls-server-failed",
                     "tls-client-start", "tls-client-established", "request-head", "error", "client-disconnected"]
    failed = ear.one("tls-server-failed")
    assert failed["word"] == "tls-verify" and failed["server"]["tls"]["verdict"] == "expired"
    assert ear.one("error")["word"] == "tls-verify"


def test_tunnel_that_is_refused(control):
    api = control("--proxyauth", "me:secret")
    ear = Ear(api, "connect*")
    with api.proxy.dial() as pipe:
        assert read_response(pipe.send(b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n")).status == 407
    assert ear.order("connect-failed") == ["connect", "connect-failed"] and ear.heard[1]["word"] == "proxy-auth"


# Messages in parts


def test_interim_trailers_and_chunks(site):
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
        conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n")

    api, there = site(script)
    ear = Ear(api, *EXCHANGE, content=2)
    with api.proxy.dial() as pipe:
        pipe.send(f"POST http://site.test:{there.port}/ HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "2\r\nhi\r\n0\r\nX-Up: 1\r\n\r\n".encode())
        assert read_response(pipe).body == b"abc"
    order = ear.order("response")
    assert [name for name in order if name.startswith("re") and "response" not in name] == [
        "request-head", "request-chunk", "request-trailers", "request"]
    assert [name for name in order if not name.startswith("request")] == [
        "interim", "response-head", "response-chunk", "response-trailers", "response"]
    assert (ear.one("interim")["status"], ear.one("interim")["fields"]) == (103, [["Link", "</a.css>"]])
    assert ear.one("request-trailers")["fields"] == [["X-Up", "1"]]
    assert ear.one("response-trailers")["fields"] == [["X-Sum", "3"]]
    up, down = ear.one("request-chunk"), ear.one("response-chunk")
    assert (up["size"], base64.b64decode(up["content_base64"]), up["cut"]) == (2, b"hi", False)
    assert (down["size"], base64.b64decode(down["content_base64"]), down["cut"]) == (3, b"ab", True)


@pytest.mark.parametrize("rule", [None, {"name": "r", "do": "replace-body", "pattern": "zzz", "with": "y"}])
def test_chunks_of_a_large_content(rule, site, home):
    """As it streams, and as it is collected for a rule."""
    content = bytes(range(251)) * 800
    api, there = site(answer_all(lambda _: reply(content, "200 OK", "Content-Type: text/plain")))
    if rule:
        assert api.call("POST", "/api/v1/rules", rule).status < 300
    ear = Ear(api, "response-chunk", "response", content=65536)
    assert fetch(api, home, f"http://site.test:{there.port}/").body == content
    chunks = [one for one in ear.until("response") if one["hook"] == "response-chunk"]
    at = 0
    for one in chunks:
        piece, at = content[at:at + one["size"]], at + one["size"]
        assert base64.b64decode(one["content_base64"]) == piece[:65536] and one["cut"] == (len(piece) > 65536)
    assert at == len(content) and len(chunks) > 1
    ear.ask("response-chunk", "response")
    ear.heard.clear()
    fetch(api, home, f"http://site.test:{there.port}/")
    chunks = [one for one in ear.until("response") if one["hook"] == "response-chunk"]
    assert sum(one["size"] for one in chunks) == len(content) and not any("content_base64" in one for one in chunks)


def test_frames_of_http2(control, world, origin):
    site = origin(cert=world.good())
    api = control("--threads", "1", "--resolve", f"site.test:{site.port}:127.0.0.1")
    ear = Ear(api, "h2-*")
    client = two.Client(api.proxy.dial(), settings={3: 77, 4: 70000})
    client.conn.ping(b"12345678")
    client.conn.increment_flow_control_window(1000)
    client.flush()
    stream = client.ask(scheme="http", authority="nowhere.invalid")
    client.conn.reset_stream(stream, 8)
    client.flush()
    client.conn.close_connection(7)
    client.flush()
    ear.until("h2-control", 4)
    settings = ear.one("h2-settings")
    assert settings["word"] == "client" and {"3=77", "4=70000"} <= set(settings["text"].split())
    assert settings["client"]["remote"].startswith("127.0.0.1:")
    said = [one["text"] for one in ear.heard if one["hook"] == "h2-control"]
    assert said == [
        "PING", "WINDOW_UPDATE 0 1000", "RST_STREAM 1 CANCEL", "GOAWAY 0 REFUSED_STREAM"]


def test_websocket(site):
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        conn.send(conn.read(3))

    api, there = site(script)
    ear = Ear(api, "websocket-*", "tunnel-*", "response*", content=10)
    with api.proxy.dial() as pipe:
        pipe.send(f"GET http://site.test:{there.port}/ HTTP/1.1\r\nHost: site.test\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\n\r\n".encode())
        assert read_response(pipe).status == 101
        pipe.send(b"abc")
        assert pipe.read(3) == b"abc"
    assert ear.order("websocket-end") == ["response-head", "response", "websocket-start", "tunnel-chunk", "tunnel-chunk",
                                          "websocket-end"]
    assert [(one["word"], base64.b64decode(one["content_base64"])) for one in ear.heard[3:5]] == [
        ("client", b"abc"), ("server", b"abc")]


# The engine


def change(api, name, value):
    answer = api.call("PUT", f"/api/v1/options/{name}", {"value": value})
    assert answer.status == 200, answer.body


def test_options_and_the_file(control):
    api = control()
    ear = Ear(api, "running", "option-changed", "reloaded", "log")
    assert ear.order("running") == ["running"]
    change(api, "anticache", True)
    assert sorted(ear.order("option-changed")[1:]) == ["option-changed", "reloaded"]
    assert ear.one("option-changed")["word"] == "anticache"
    ear.heard.clear()
    (api.proxy.confdir / "config.yaml").write_text("body-limit: 7k\n")
    api.proxy.send_signal(signal.SIGHUP)
    changed = {one["word"] for one in ear.until("option-changed", 1) if one["hook"] == "option-changed"}
    assert changed == {"body-limit"}  # what was changed here stays
    assert "read again" in ear.one("log")["text"] and ear.one("log")["word"] == "info"


def test_end_of_the_engine(site):
    api, _ = site()
    ear = Ear(api, "done", "client-*")
    pipe = api.proxy.dial()
    ear.until("client-connected")
    api.proxy.send_signal(signal.SIGTERM)
    assert ear.order("client-disconnected") == ["client-connected", "done", "client-disconnected"]
    pipe.close()


def test_flow_that_is_marked(site, home):
    api, there = site()
    fetch(api, home, f"http://site.test:{there.port}/")
    flow = api.proxy.flow()["id"]
    ear = Ear(api, "flow-updated")
    until(lambda: api.call("PATCH", f"/api/v1/flows/{flow}", {"note": "look"}).status == 200, "the flow")
    assert ear.one("flow-updated")["flow"]["id"] == flow


# Queries and limits


def test_query_chooses_flows(site, home):
    api, there = site()
    ear = Ear(api, "*", query="path:/wanted")
    for path in ("/other", "/wanted", "/other"):
        assert fetch(api, home, f"http://site.test:{there.port}{path}").ok
    ear.ask("log")
    assert {one["flow"]["url"].rpartition("/")[2] for one in ear.heard} == {"wanted"}
    assert [one["hook"] for one in ear.heard][0] == "request-head"


def test_nobody_asks_and_nothing_is_sent(site, home):
    api, there = site()
    ear = Ear(api, "*")
    ear.ask()
    ear.heard.clear()
    assert ear.names == [] and fetch(api, home, f"http://site.test:{there.port}/").ok
    ear.ask("running")  # the answer comes behind whatever was sent before
    ear.until("running")
    assert [one["hook"] for one in ear.heard] == ["running"]


def test_client_that_does_not_read(site):
    """It misses some, is told how many, and nobody waits for it."""
    content = b"x" * 60000
    api, there = site(answer_all(lambda _: reply(content, "200 OK", "Content-Type: text/plain")))
    slow, quick = Ear(api, "response*", content=65536), Ear(api, "response")
    rounds = 0

    def dropped():
        return api.get("/statistics")["hooks_dropped"]

    with api.proxy.dial() as pipe:
        while not dropped():
            for _ in range(20):
                pipe.send(f"GET http://site.test:{there.port}/ HTTP/1.1\r\nHost: site.test\r\n\r\n".encode())
                assert read_response(pipe).body == content
                rounds += 1
    quick.until("response", rounds)
    told, total = 0, dropped()
    assert total == dropped()
    while told < total:
        told += slow.next("dropped")["count"]
    assert told == total
    assert sum(one["hook"] == "response" for one in slow.heard) < rounds

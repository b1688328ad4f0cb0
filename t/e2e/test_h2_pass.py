"""HTTP/2 as it passes: codes of resets, upgrades in clear, priorities, extended CONNECT, with real clients and servers."""
import json
import struct

import pytest

import h2.errors
import h2.events
import h2.settings

from lib import h2 as two
from lib.env import run
from lib.message import read_response
from lib.wait import until

CODES = [*h2.errors.ErrorCodes, 0xbeef]


def names(code):
    """As a flow says it."""
    return code.name if isinstance(code, h2.errors.ErrorCodes) else hex(code)


# Resets


@pytest.mark.parametrize("where", ["/head", "/content"])
def test_every_code_of_a_server_is_what_its_client_gets(pair, where):
    def answer(server, stream, request):
        path = request.value(":path")
        if path.startswith("/content"):
            server.conn.send_headers(stream, [(":status", "200")])
            server.conn.send_data(stream, b"half")
        server.conn.reset_stream(stream, int(path.rpartition("/")[2]))

    proxy, site = pair(answer=answer)
    client = two.through(proxy, site)
    refused = h2.errors.ErrorCodes.REFUSED_STREAM
    for code in CODES:
        got = client.get(path=f"{where}/{int(code)}")
        seen = code == refused and where == "/content"
        assert got.reset == (h2.errors.ErrorCodes.INTERNAL_ERROR if seen else code) and not got.ended, code

        flow = proxy.flow(path=f"{where}/{int(code)}")
        assert flow["error"]["code"] == names(code) and f"({names(code)})" in flow.error_text
        assert flow.reason == ("server-refused" if code == refused else "server-reset")
    assert len(site.servers) == (2 if where == "/head" else 1)  # what was refused unseen went again


def test_every_code_of_a_client_is_what_its_server_gets(pair):
    proxy, site = pair(answer=lambda server, stream, request: server.conn.send_headers(stream, [(":status", "200")]))
    client = two.through(proxy, site)
    for code in CODES:
        stream = client.ask(path=f"/{int(code)}")
        client.wait(h2.events.ResponseReceived, stream)
        client.conn.reset_stream(stream, code)
        client.flush()

        flow = proxy.flow(path=f"/{int(code)}")
        assert flow["error"]["code"] == names(code) and flow.reason == "client-closed"
        server = site.servers[0]
        until(lambda: [e.error_code for e in server.events if isinstance(e, h2.events.StreamReset)][-1:] == [code], names(code))


def test_a_server_that_has_answered_stops_the_upload_and_its_response_is_whole(pair):
    def answer(server, stream, request):
        raise AssertionError("the request has an end")

    class Early(two.Server):
        def _on(self, event):
            super()._on(event)
            if isinstance(event, h2.events.RequestReceived):
                self.conn.send_headers(event.stream_id, [(":status", "413")])
                for last in (False, False, True):
                    self.conn.send_data(event.stream_id, b"x" * 16384, end_stream=last)
                self.conn.reset_stream(event.stream_id, 0)

    proxy, site = pair(answer=answer, server=Early)
    client = two.through(proxy, site)
    stream = client.ask(method="POST", end=False)
    got = client.answer(stream)

    assert got.status == 413 and len(got.body) == 3 * 16384 and got.ended
    assert client.wait(h2.events.StreamReset, stream).error_code == 0
    assert not proxy.flow(kind="http")["error"]


def test_http1_clients_of_a_server_that_resets(pair, home):
    def answer(server, stream, request):
        if request.value(":path") == "/content":
            server.conn.send_headers(stream, [(":status", "200")])
            server.conn.send_data(stream, b"half")
            server.flush()
        server.conn.reset_stream(stream, 0 if request.value(":path") == "/content" else 11)

    proxy, site = pair("--no-http2-client", answer=answer)

    def curl(path):
        return run(["curl", "-sS", "-x", proxy.proxy, "--cacert", proxy.ca_file, "-w", "%{http_code} %{http_version}",
                    f"https://site.test:{site.port}{path}"], home)

    page = curl("/head")
    assert page.returncode == 0 and page.stdout.endswith(b"502 1.1") and b"ENHANCE_YOUR_CALM" in page.stdout, page
    cut = curl("/content")
    assert cut.returncode in (18, 56), cut
    assert [flow["error"]["code"] for flow in proxy.wait_flows(2, kind="http")] == ["ENHANCE_YOUR_CALM", "NO_ERROR"]


def test_an_http1_client_that_leaves_cancels_its_stream(pair):
    proxy, site = pair("--no-http2-client", answer=lambda server, stream, request: None)
    with proxy.secure("site.test", site.port, context=proxy.context(alpn=["http/1.1"])) as pipe:
        pipe.send(b"GET / HTTP/1.1\r\nHost: site.test\r\n\r\n")
        server = until(lambda: site.asked and site.servers[0], "the request")

    until(lambda: [e.error_code for e in server.events if isinstance(e, h2.events.StreamReset)] == [8], "CANCEL")
    assert proxy.flow(kind="http").reason == "client-closed"


def test_the_code_is_shown(pair):
    proxy, site = pair("--detail", "1", answer=lambda server, stream, request: server.conn.reset_stream(stream, 12))
    two.through(proxy, site).get()
    assert "server-reset" in proxy.wait_line("INADEQUATE_SECURITY")


def test_a_tunnel_on_a_stream_whose_server_breaks_off(weir, origin):
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        conn.reset()

    site = origin(script)
    proxy = weir()
    client = two.Client(proxy.dial())
    stream = client.ask(head=[(":method", "CONNECT"), (":authority", f"127.0.0.1:{site.port}")], end=False)
    client.conn.send_data(stream, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    client.flush()

    assert client.answer(stream).reset == h2.errors.ErrorCodes.CONNECT_ERROR


# HTTP/2 in clear that begins with an upgrade


@pytest.fixture
def reverse(weir, origin):
    """reverse('--option', ...) -> a proxy that leads to a plain origin, its address, the origin."""
    def make(*options):
        site = origin()
        proxy = weir("--mode", f"reverse:http://127.0.0.1:{site.port}", *options)
        return proxy, f"http://{proxy.address}", site
    return make


def nothing_of_it_went_on(site):
    heads = [request.head.lower() for request in site.requests]
    assert heads and not [head for head in heads if b"h2c" in head or b"upgrade" in head or b"http2-settings" in head], heads


def curl_version(home, *words):
    done = run(["curl", "-sS", "--http2", "-w", "%{http_version} %{http_code}", *words], home)
    assert done.returncode == 0, done
    return done.stdout


def test_curl_is_upgraded(reverse, home):
    proxy, url, site = reverse()
    assert curl_version(home, f"{url}/x") == b"hello\n2 200"
    assert curl_version(home, "-I", f"{url}/head").endswith(b"2 200")
    two_requests = curl_version(home, f"{url}/one", f"{url}/two")
    assert two_requests == b"hello\n2 200hello\n2 200"
    assert curl_version(home, "-d", "content", f"{url}/post") == b"hello\n1.1 200"

    nothing_of_it_went_on(site)
    flow = proxy.flow(path="/x")
    assert flow["request"]["version"] == "2.0" and flow["stream"] == 1 and b"h2c" in flow.raw("request")
    assert proxy.flow(path="/post")["request"]["version"] == "1.1"
    assert [proxy.flow(path=path)["stream"] for path in ("/one", "/two")] == [1, 3]


def test_curl_is_upgraded_in_a_tunnel_and_through_the_proxy(weir, origin, home):
    site = origin()
    proxy = weir()
    url = f"http://127.0.0.1:{site.port}"
    assert curl_version(home, "-p", "-x", proxy.proxy, f"{url}/tunnel").endswith(b"hello\n2 200")
    assert curl_version(home, "-x", proxy.proxy, f"{url}/open").endswith(b" 200")
    nothing_of_it_went_on(site)
    assert proxy.flow(path="/tunnel")["request"]["version"] == "2.0"


def test_nghttp_is_upgraded(reverse, home):
    proxy, url, site = reverse()
    done = run(["nghttp", "-u", "-v", f"{url}/x", f"{url}/y"], home)
    assert b"HTTP Upgrade success" in done.stdout and done.stdout.count(b"hello") == 2, done
    nothing_of_it_went_on(site)
    assert [proxy.flow(path=path)["request"]["version"] for path in ("/x", "/y")] == ["2.0", "2.0"]


def upgraded(pipe, target, port, settings=None):
    """A client that asked for HTTP/2 in clear with a GET of its own, and got it."""
    conn = two.Client.__new__(two.Client)
    two.End.__init__(conn, pipe, True)
    if settings:
        conn.conn.local_settings = h2.settings.Settings(client=True, initial_values=settings)
    payload = conn.conn.initiate_upgrade_connection()
    pipe.send(b"GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
              b"HTTP2-Settings: %s\r\n\r\n" % (target.encode(), port, payload))
    assert pipe.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 101 ")
    conn.next = 3
    conn.flush()
    return conn


def test_the_settings_of_the_upgrade_hold(weir, origin):
    site = origin()
    proxy = weir()
    url = f"http://127.0.0.1:{site.port}/small"
    client = upgraded(proxy.dial(), url, site.port, settings={4: 3, 2: 0})
    assert [client.wait(h2.events.DataReceived, 1).data for _ in range(2)] == [b"hel", b"lo\n"]
    assert client.get(scheme="http", authority=f"127.0.0.1:{site.port}", path="/next").body == b"hello\n"
    nothing_of_it_went_on(site)


def test_a_client_without_a_password_gets_407_on_its_stream(weir, origin):
    site = origin()
    proxy = weir("--proxyauth", "me:secret")
    client = upgraded(proxy.dial(), f"http://127.0.0.1:{site.port}/", site.port)
    assert client.answer(1).status == 407 and not site.connections


@pytest.mark.parametrize("options", [["--no-http2-client"], []], ids=["off", "tls"])
def test_where_there_is_no_upgrade(weir, origin, world, options):
    site = origin(cert=None if options else world.good("site.test"))
    proxy = weir(*options, sites=[site])
    with proxy.dial() if options else proxy.secure("site.test", site.port) as pipe:
        target = b"http://127.0.0.1:%d/" % site.port if options else b"/"
        pipe.send(b"GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                  b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n" % (target, site.port))
        assert read_response(pipe, "GET").status == 200
    nothing_of_it_went_on(site)


# Priorities (RFC 9218)


def say_priority(client, stream, value):
    payload = struct.pack(">L", stream) + value
    client.flush()
    client.pipe.send(struct.pack(">L", len(payload))[1:] + b"\x10\0" + bytes(4) + payload)


def heard_priorities(server):
    frames = [event.frame for event in server.events if isinstance(event, h2.events.UnknownFrameReceived)]
    return [(struct.unpack(">L", frame.body[:4])[0], frame.body[4:]) for frame in frames if frame.type == 0x10]


def test_priority_updates_name_the_stream_of_the_server(pair):
    """Two clients on one connection to the server: both have a stream 3."""
    proxy, site = pair("--threads", "1", "--share-upstream", answer=lambda server, stream, request:
                       None if request.value(":path") == "/wait" else two.echo(server, stream, request))
    clients = [two.through(proxy, site, settings={9: 1}) for _ in range(2)]
    for number, client in enumerate(clients):
        client.get()
        say_priority(client, 3, b"u=%d" % number)
        client.ask(("x-client", str(number)), path="/wait", stream=3)
        until(lambda: len(site.asked) == 2 * number + 2, "the request")
        say_priority(client, 3, b"u=%d, i" % (number + 4))

    server, = [server for server in site.servers if server.requests]
    streams = [next(stream for stream, request in server.requests.items() if request.value("x-client") == str(number))
               for number in range(2)]
    until(lambda: len(heard_priorities(server)) == 4, lambda: heard_priorities(server))
    assert streams[0] != streams[1]
    assert heard_priorities(server) == [(streams[0], b"u=0"), (streams[0], b"u=4, i"), (streams[1], b"u=1"), (streams[1], b"u=5, i")]
    assert server.settings[0][9] == 1


def test_priority_updates_do_not_disturb_servers_that_do_not_know_them(weir, origin, nghttpd):
    proxy, plain = weir(), origin()
    for port in (nghttpd[0], plain.port):
        client = two.Client(proxy.dial() if port == plain.port else
                            proxy.secure("localhost", port, context=proxy.context(alpn=two.ALPN)))
        for n in range(20):
            say_priority(client, client.next, b"u=%d" % (n % 8))
            how = {"authority": f"127.0.0.1:{port}", "scheme": "http"} if port == plain.port else {"authority": f"localhost:{port}"}
            stream = client.ask(path="/small", **how)
            say_priority(client, stream, b"u=%d, i" % (n % 8))
            got = client.answer(stream)
            assert got.status == 200 and got.body == b"hello\n"


# Extended CONNECT (RFC 8441) for protocols that are none of ours


class Tunnels(two.Server):
    """Takes extended CONNECT, and sends back what comes in capitals; "end" ends its half."""

    def __init__(self, pipe, answer):
        super().__init__(pipe, answer)
        self.silent = set()
        self.conn.update_settings({8: 1})
        self.flush()

    def _on(self, event):
        super()._on(event)
        stream = getattr(event, "stream_id", None)
        protocol = stream in self.requests and self.requests[stream].value(":protocol")
        if isinstance(event, h2.events.RequestReceived) and protocol:
            refused = self.requests[stream].value(":path") == "/refused"
            self.conn.send_headers(stream, [(":status", "403" if refused else "200"), ("x-protocol", protocol)], end_stream=refused)
        elif isinstance(event, h2.events.DataReceived) and protocol and stream not in self.silent:
            self.conn.send_data(stream, event.data.upper(), end_stream=event.data == b"end")
            self.silent |= {stream} if event.data == b"end" else set()


def extended(site, protocol, path="/t"):
    return [(":method", "CONNECT"), (":protocol", protocol), (":scheme", "https"), (":path", path),
            (":authority", f"site.test:{site.port}"), ("capsule-protocol", "?1")]


def nothing(_server, _stream, _request):
    pass


@pytest.mark.parametrize("protocol", ["connect-udp", "webtransport", "made-up"])
def test_any_protocol_is_a_tunnel_to_a_server_that_takes_it(pair, protocol):
    proxy, site = pair(server=Tunnels, answer=nothing)
    client = two.through(proxy, site)
    stream = client.ask(head=extended(site, protocol), end=False)
    assert dict(client.wait(h2.events.ResponseReceived, stream).headers) == {":status": "200", "x-protocol": protocol}
    for content in (b"one", bytes(range(128)) * 100, b"end"):
        client.conn.send_data(stream, content)
        client.flush()
        got = b""
        while len(got) < len(content):
            got += client.wait(h2.events.DataReceived, stream).data
        assert got == content.upper()
    assert client.wait(h2.events.StreamEnded, stream)
    client.conn.send_data(stream, b"one more", end_stream=True)
    client.flush()

    flow = proxy.flow(path="/t")
    assert not flow["error"] and flow.body("request").endswith(b"endone more") and flow.body("response").endswith(b"END")
    assert site.asked[0].fields == extended(site, protocol)
    until(lambda: site.asked[0].body == flow.body("request"), lambda: site.asked[0].body)


def test_a_server_that_does_not_take_it_is_named_with_the_protocol(pair, weir, origin, world):
    proxy, site = pair()
    client = two.through(proxy, site)
    got = client.answer(client.ask(head=extended(site, "connect-udp"), end=False))
    assert got.status == 501 and b"no extended CONNECT" in got.body and b"connect-udp" in got.body
    assert json.loads(client.get().body)["body"] == "" and len(site.asked) == 1

    old = origin(cert=world.good("site.test"), alpn=["http/1.1"])
    proxy = weir("--no-http2-server", sites=[old])
    client = two.through(proxy, old)
    got = client.answer(client.ask(head=extended(old, "webtransport"), end=False))
    assert got.status == 501 and b"needs a server that speaks HTTP/2" in got.body and b"webtransport" in got.body
    assert client.get().body == b"hello\n" and len(old.requests) == 1


def test_a_server_may_refuse_it(pair):
    proxy, site = pair(server=Tunnels, answer=nothing)
    client = two.through(proxy, site)
    assert client.answer(client.ask(head=extended(site, "connect-udp", "/refused"), end=False)).status == 403


NODE = """
    session.once('remoteSettings', settings => {
      if (!settings.enableConnectProtocol) process.exit(2);
      const stream = session.request({':method': 'CONNECT', ':protocol': 'connect-udp', ':path': '/node', ':scheme': 'https',
                                      ':authority': target}, {endStream: false});
      stream.on('response', head => { console.log(head[':status']); stream.write('end'); });
      stream.on('data', data => console.log(`${data}`)).on('end', () => stream.end()).on('close', () => session.close());
    });
"""


def test_node_opens_a_tunnel(pair, home):
    proxy, site = pair(server=Tunnels, answer=nothing)
    done = two.node(home, proxy, site, NODE)
    assert done.stdout == b"200\nEND\n", done
    assert not proxy.flow(path="/node")["error"]

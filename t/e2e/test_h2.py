"""HTTP/2 with real clients and servers, in every pairing with HTTP/1."""
import json
import re
import ssl
import subprocess
import threading

import pytest

import h2.errors
import h2.events

from lib import h2 as two
from lib.env import run, scrubbed
from lib.message import chunked, read_response
from lib.origin import answer_all
from lib.wait import until


def said(answer):
    assert answer.status == 200, (answer.fields, answer.body)
    return json.loads(answer.body)


# To servers of HTTP/2


def test_a_request_goes_through_with_its_fields_in_their_order(pair):
    proxy, site = pair()
    client = two.through(proxy, site)
    head = [(":method", "POST"), (":path", "/x?y=1"), (":authority", f"site.test:{site.port}"), (":scheme", "https"),
            ("user-agent", "test"), ("cookie", "a=1"), ("cookie", "b=2"), ("x-odd", "  no".strip()), ("te", "trailers")]
    stream = client.ask(head=head, end=False)
    client.conn.send_data(stream, b"hello")
    client.conn.send_headers(stream, [("x-sum", "9")], end_stream=True)
    client.flush()

    answer = client.answer(stream)

    assert said(answer) == {"fields": [list(pair) for pair in head], "body": "hello", "trailers": [["x-sum", "9"]]}
    assert answer.value("x-server") == "site" and answer.value("content-length") is None
    flow = proxy.flow(kind="http")
    assert flow["request"]["version"] == "2.0" and flow["stream"] == 1 and flow["url"].endswith("/x?y=1")
    assert flow["client"]["tls"]["alpn"] == flow["server"]["tls"]["alpn"] == "h2"
    assert flow.body("request") == b"hello" and flow["request"]["trailers"]["fields"] == [["x-sum", "9"]]


def test_the_server_sees_the_settings_the_window_and_the_priorities_of_the_client(pair):
    proxy, site = pair()
    settings = {1: 65536, 2: 0, 3: 1000, 4: 6291456, 5: 16384, 6: 262144}
    client = two.through(proxy, site, settings=settings, window=15663105)
    client.conn.prioritize(3, weight=201)
    client.flush()

    client.answer(client.ask(priority_weight=256, priority_depends_on=0, priority_exclusive=True, stream=5))

    server = site.servers[0]
    assert server.settings[0] == settings and server.windows == [15663105]
    assert server.priorities == [(3, 0, 201, False), (5, 0, 256, True)] and list(server.requests) == [5]


def test_the_streams_of_a_client_share_one_connection_and_two_clients_none(pair):
    proxy, site = pair("--threads", "1")
    clients = [two.through(proxy, site), two.through(proxy, site)]
    for client in clients:
        streams = [client.ask(path=f"/{n}") for n in range(20)]
        assert [said(client.answer(stream))["fields"][3][1] for stream in streams] == [f"/{n}" for n in range(20)]

    assert [len(server.requests) for server in site.servers] == [20, 20]
    assert len({flow["server"]["id"] for flow in proxy.wait_flows(40, kind="http")}) == 2


def test_a_stream_that_is_reset_is_reset_at_the_server_and_the_others_go_on(pair):
    began, resets = threading.Event(), []

    def answer(server, stream, request):
        if request.value(":path") == "/slow":
            began.set()
            return
        resets.extend(event.stream_id for event in server.events if isinstance(event, h2.events.StreamReset))
        two.echo(server, stream, request)

    proxy, site = pair(answer=answer)
    client = two.through(proxy, site)
    slow = client.ask(path="/slow")
    assert began.wait(20)
    client.conn.reset_stream(slow, h2.errors.ErrorCodes.CANCEL)
    client.flush()
    proxy.flow(path="/slow")

    assert said(client.get(path="/fast"))
    assert resets == [slow] and proxy.flow(path="/slow").reason == "client-closed" and len(site.connections) == 1


def test_what_the_server_refuses_unseen_goes_again_on_another_connection(pair):
    def answer(server, stream, request):
        if server is site.servers[0]:
            server.conn.reset_stream(stream, h2.errors.ErrorCodes.REFUSED_STREAM)
        else:
            two.echo(server, stream, request)

    proxy, site = pair(answer=answer)

    assert said(two.through(proxy, site).get(method="POST"))
    assert len(site.servers) == 2


def test_after_goodbye_of_the_server_requests_go_to_another_connection(pair):
    def answer(server, stream, request):
        two.echo(server, stream, request)
        if server is site.servers[0]:
            server.goodbye(stream)

    proxy, site = pair(answer=answer)
    client = two.through(proxy, site)

    assert said(client.get()) and said(client.get())
    assert len(site.servers) == 2


def test_large_contents_both_ways_while_one_stream_is_not_read(pair):
    size = 3_000_000
    content = bytes(range(256)) * (size // 256)

    proxy, site = pair("--body-limit", "1k", answer=lambda server, stream, request:
                       server.reply(stream, str(len(request.body)).encode()))
    client = two.through(proxy, site)
    stream, sent = client.ask(method="POST", end=False), 0
    while sent < len(content):
        room = min(client.conn.local_flow_control_window(stream), client.conn.max_outbound_frame_size, len(content) - sent)
        if room:
            client.conn.send_data(stream, content[sent:sent + room])
            client.flush()
            sent += room
        else:
            client.pump()
    client.conn.end_stream(stream)
    client.flush()

    assert int(client.answer(stream).body) == len(content)


def test_interim_responses_and_trailers_come_through(pair):
    def answer(server, stream, request):
        server.conn.send_headers(stream, [(":status", "103"), ("link", "</a>")])
        server.conn.send_headers(stream, [(":status", "200")])
        server.conn.send_data(stream, b"fine")
        server.conn.send_headers(stream, [("grpc-status", "0")], end_stream=True)

    proxy, site = pair(answer=answer)
    got = two.through(proxy, site).get()

    assert got.interims == [{":status": "103", "link": "</a>"}] and got.body == b"fine"
    assert got.trailers == [("grpc-status", "0")]


# Other pairings


def test_an_http1_server_gets_no_http2_client_unless_that_knows_nothing_else(weir, origin, world):
    site = origin(cert=world.good("site.test"), alpn=["http/1.1"])
    proxy = weir(sites=[site])
    for offered, chosen in ((["h2", "http/1.1"], "http/1.1"), (["h2"], "h2"), (["http/1.1"], "http/1.1")):
        with proxy.secure("site.test", site.port, context=proxy.context(alpn=offered)) as pipe:
            assert pipe.tls.selected_alpn_protocol() == chosen


def test_an_http2_client_and_an_http1_server(weir, origin, world):
    def answer(request):
        assert request.head.startswith(b"POST /x HTTP/1.1\r\nhost: site.test\r\n"), request.head
        assert request.value("cookie") == "a=1; b=2" and request.body == b"hello"
        return chunked([b"fi", b"ne"], "Keep-Alive: 5")

    site = origin(answer_all(answer), cert=world.good("site.test"), alpn=["http/1.1"])
    proxy = weir("--no-http2-server", sites=[site])
    client = two.through(proxy, site)
    for _ in range(3):
        stream = client.ask(("cookie", "a=1"), ("cookie", "b=2"), method="POST", path="/x", end=False)
        client.conn.send_data(stream, b"hello", end_stream=True)
        client.flush()
        got = client.answer(stream)
        assert got.body == b"fine" and got.fields == [(":status", "200")]
    assert len(site.connections) <= 2


def test_an_http1_client_and_an_http2_server(pair, home):
    proxy, site = pair("--no-http2-client")
    with proxy.secure("site.test", site.port, context=proxy.context(alpn=two.ALPN)) as pipe:
        assert pipe.tls.selected_alpn_protocol() == "http/1.1"
        for n in range(3):
            pipe.send(b"POST /%d HTTP/1.1\r\nHost: site.test\r\nX-Upper: Ab\r\nContent-Length: 2\r\n\r\nok" % n)
            answer = read_response(pipe, "POST")
            fields = json.loads(answer.body)["fields"]
            assert fields[:4] == [[":method", "POST"], [":authority", "site.test"], [":scheme", "https"],
                                  [":path", f"/{n}"]] and ["x-upper", "Ab"] in fields
    assert len(site.servers) == 1


def test_off_on_both_sides_there_is_only_http1(weir, origin, world):
    site = origin(cert=world.good("site.test"), alpn=["h2", "http/1.1"])
    proxy = weir("--no-http2-client", "--no-http2-server", sites=[site])
    with proxy.secure("site.test", site.port, context=proxy.context(alpn=two.ALPN)) as pipe:
        assert pipe.tls.selected_alpn_protocol() == "http/1.1"
        theirs = until(lambda: site.connections[0].tls, "the handshake of the server")
    assert theirs.selected_alpn_protocol() == "http/1.1"


def test_prior_knowledge_in_clear(weir, origin):
    site = origin()
    proxy = weir()
    client = two.Client(proxy.dial())
    got = client.get(scheme="http", authority=f"127.0.0.1:{site.port}", path="/clear")

    assert got.body == b"hello\n" and site.requests[0].target == "/clear"
    assert proxy.flow(kind="http")["url"] == f"http://127.0.0.1:{site.port}/clear"


def in_clear(weir, site, mode, *options):
    """A client of HTTP/2 that knows the server to be one, in a tunnel or in front of it."""
    at = f"127.0.0.1:{site.port}"
    proxy = weir(*(["--mode", f"reverse:http://{at}"] if mode == "reverse" else []), *options)
    return proxy, two.Client(proxy.tunnel(at) if mode == "connect" else proxy.dial())


@pytest.mark.parametrize("mode", ["connect", "reverse"])
def test_prior_knowledge_in_clear_is_that_of_the_server_too(weir, site2, origin, mode):
    site = site2(two.echo)
    proxy, client = in_clear(weir, site, mode)
    streams = [client.ask(scheme="http", path=f"/{n}") for n in range(20)]
    assert all(said(client.answer(stream)) for stream in streams)
    assert len(site.connections) == 1 and [len(server.requests) for server in site.servers] == [20]

    old = origin()
    proxy, client = in_clear(weir, old, mode)
    got = client.get(scheme="http")
    assert got.status == 502 and b"--no-http2-server" in got.body, got.body
    proxy, client = in_clear(weir, old, mode, "--no-http2-server")
    assert client.get(scheme="http").body == b"hello\n"


def test_proxy_authentication_of_a_client_in_clear(weir, origin):
    site = origin()
    proxy = weir("--proxyauth", "me:secret")
    client = two.Client(proxy.dial())
    ask = {"scheme": "http", "authority": f"127.0.0.1:{site.port}"}

    assert client.get(**ask).status == 407
    assert client.get(("proxy-authorization", "Basic bWU6c2VjcmV0"), **ask).status == 200
    assert "proxy-authorization" not in site.requests[0].head.decode().lower()


# Tunnels on streams


def test_connect_on_a_stream_carries_http_and_tls(weir, origin, site2, world):
    plain, site = origin(), site2(cert=world.good("site.test"))
    proxy = weir(sites=[site])
    client = two.Client(proxy.dial())
    stream = client.ask(head=[(":method", "CONNECT"), (":authority", f"127.0.0.1:{plain.port}")], end=False)
    assert dict(client.wait(h2.events.ResponseReceived, stream).headers)[":status"] == "200"
    client.conn.send_data(stream, b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", end_stream=True)
    client.flush()
    beside = client.ask(scheme="http", authority=f"127.0.0.1:{plain.port}", path="/beside")
    assert client.answer(beside).body == b"hello\n"
    assert client.answer(stream).body.endswith(b"\r\n\r\nhello\n")

    assert two_in_one(client, proxy, site) == "/deep"
    assert len(proxy.wait_flows(2, kind="connect")) == 2 and proxy.flow(path="/deep")["stream"] == 1


def two_in_one(client, proxy, site):
    """TLS and HTTP/2 inside of a tunnel on a stream; returns the path that the site was asked for."""
    stream = client.ask(head=[(":method", "CONNECT"), (":authority", f"site.test:{site.port}")], end=False)
    client.wait(h2.events.ResponseReceived, stream)
    coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = proxy.context(alpn=two.ALPN).wrap_bio(coming, going, server_hostname="site.test")

    def again(call):
        while True:
            try:
                result = call()
                return result
            except ssl.SSLWantReadError:
                pass
            finally:
                if going.pending:
                    client.conn.send_data(stream, going.read())
                    client.flush()
            coming.write(client.wait(h2.events.DataReceived, stream).data)

    again(tls.do_handshake)
    assert tls.selected_alpn_protocol() == "h2"

    class Inner:
        buffer = bytearray()

        def send(self, data):
            again(lambda: tls.write(data))

        def fill(self):
            self.buffer += again(lambda: tls.read(65536))
            return True

    return said(two.Client(Inner()).get(path="/deep"))["fields"][3][1]


def test_websocket_on_a_stream_is_an_upgrade_at_the_server(weir, origin, world):
    def script(conn):
        request = conn.request()
        assert request.method == "GET" and request.value("Upgrade") == "websocket" and request.value("Sec-WebSocket-Key")
        conn.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nfirst")
        while conn.buffer or conn.fill():
            conn.send(bytes(conn.buffer).upper())
            conn.buffer.clear()

    site = origin(script, cert=world.good("site.test"), alpn=["http/1.1"])
    proxy = weir("--no-http2-server", sites=[site])
    client = two.through(proxy, site)
    stream = client.ask(end=False, head=[(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"),
                                         (":path", "/chat"), (":authority", "site.test"), ("sec-websocket-version", "13")])
    assert dict(client.wait(h2.events.ResponseReceived, stream).headers)[":status"] == "200"
    assert client.wait(h2.events.DataReceived, stream).data == b"first"
    client.conn.send_data(stream, b"hello")
    client.flush()
    assert client.wait(h2.events.DataReceived, stream).data == b"HELLO"
    client.conn.end_stream(stream)
    client.flush()
    assert client.wait(h2.events.StreamEnded, stream)
    assert proxy.flow(path="/chat")["tunnel"] == {"up": 5, "down": 10}


def test_two_clients_share_a_connection_when_told_to(pair):
    proxy, site = pair("--threads", "1", "--share-upstream")
    for client in (two.through(proxy, site), two.through(proxy, site)):
        assert said(client.get())
    assert [len(server.requests) for server in site.servers if server.requests] == [2]


# Hostile clients


@pytest.mark.parametrize("fields, word", [
    ([("x", "a\r\nevil: b")], "bad-value"), ([("x\r\nevil", "b")], "bad-name"), ([("X-Upper", "a")], "bad-name"),
    ([("a:b", "c")], "bad-name"), ([("transfer-encoding", "chunked")], "connection-field"),
    ([("host", "other.test")], "bad-host"), ([("content-length", "3")], "length-without-content")])
def test_what_could_become_another_message_is_refused(weir, origin, fields, word):
    site = origin()
    proxy = weir()
    got = two.Client(proxy.dial()).get(*fields, scheme="http", authority=f"127.0.0.1:{site.port}")

    assert got.status == 400 and word in got.body.decode() and not site.connections
    assert word in proxy.flow(kind="http").error_text


def test_a_client_that_resets_without_end_is_sent_away_and_counted(control, origin):
    api = control("--http2-resets", "50")
    site = origin()
    client = two.Client(api.proxy.dial())
    for _ in range(60):
        stream = client.ask(scheme="http", authority=f"127.0.0.1:{site.port}")
        client.conn.reset_stream(stream)
        client.flush()

    assert client.wait(h2.events.ConnectionTerminated).error_code == h2.errors.ErrorCodes.ENHANCE_YOUR_CALM
    until(lambda: api.get("/statistics")["limited"] == 1, "the counter")


# Real clients and servers


def test_curl_and_nghttpd(weir, nghttpd, home):
    port, folder = nghttpd
    proxy = weir()
    for name in ("small", "large"):
        url = f"https://localhost:{port}/{name}"
        done = run(["curl", "-sS", "--http2", "-x", proxy.proxy, "--cacert", proxy.ca_file, "-o", home / name,
                    "-w", "%{http_version}", url], home)
        assert done.returncode == 0 and done.stdout == b"2", done
        assert (home / name).read_bytes() == (folder / name).read_bytes()


def test_h2load_in_clear(weir, origin, home):
    site = origin()
    proxy = weir("--threads", "1")
    done = run(["h2load", "-n", "400", "-c", "4", "-m", "10", "--connect-to", proxy.address,
                f"http://127.0.0.1:{site.port}/x"], home)
    assert re.search(rb"400 succeeded, 0 failed", done.stdout), done.stdout.decode()
    proxy.wait_flows(400, kind="http")


def test_nghttp_in_clear(weir, origin, home):
    site = origin()
    proxy = weir()
    client = two.Client(proxy.dial())
    assert client.get(scheme="http", authority=f"127.0.0.1:{site.port}").body == b"hello\n"
    done = run(["nghttp", "-v", "-H:authority: 127.0.0.1:%d" % site.port, f"{proxy.proxy}/x"], home)
    assert b":status: 200" in done.stdout and b"hello" in done.stdout, done.stdout.decode()


NODE = """
    let left = 10;
    for (let i = 0; i < 10; i++) {
      const stream = session.request({':path': `/${i}`, ':method': 'POST', cookie: ['a=1', 'b=2']});
      let body = '';
      stream.on('data', d => body += d).on('end', () => {
        if (JSON.parse(body).body !== 'hello') process.exit(1);
        if (!--left) { console.log('all'); session.close(); }
      }).end('hello');
    }
"""


def test_node(pair, home):
    proxy, site = pair()
    done = two.node(home, proxy, site, NODE)
    assert done.stdout == b"all\n", done
    assert len(site.asked) == 10


def test_what_is_under_way_is_finished_when_the_program_ends(pair, home):
    began, go_on = threading.Event(), threading.Event()

    def answer(server, stream, request):
        began.set()
        assert go_on.wait(20)
        two.echo(server, stream, request)

    proxy, site = pair("--grace-time", "20s", answer=answer)
    command = ["curl", "-sS", "--http2", "-x", proxy.proxy, "--cacert", proxy.ca_file, "-w", "%{http_version}",
               f"https://site.test:{site.port}/"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=scrubbed(home)) as client:
        assert began.wait(20)
        proxy.process.terminate()
        until(lambda: not proxy_listens(proxy), "the end has begun")
        go_on.set()
        assert client.wait(20) == 0 and client.stdout.read().endswith(b"}2")
    assert proxy.wait() == 0


def proxy_listens(proxy):
    try:
        proxy.dial().close()
        return True
    except OSError:
        return False


# Faults


def rule_out(proxy, text):
    proxy.write_rules(f"- when: path:/bad\n  do: fault\n  {text}\n")
    return proxy.start()


@pytest.mark.parametrize("text, code", [("kind: reset", "INTERNAL_ERROR"), ("kind: reset\n  code: refused_stream", "REFUSED_STREAM"),
                                        ("kind: reset\n  code: 99", 99)])
def test_a_stream_is_reset_with_a_chosen_code_and_others_go_on(pair, text, code):
    proxy, site = pair(start=False)
    client = two.through(rule_out(proxy, text), site)
    assert client.get(path="/bad").reset == (code if isinstance(code, int) else h2.errors.ErrorCodes[code])
    assert said(client.get(path="/good"))["body"] == ""


def test_a_connection_is_ended_with_a_chosen_code(pair):
    proxy, site = pair(start=False)
    client = two.through(rule_out(proxy, "kind: goaway\n  code: ENHANCE_YOUR_CALM"), site)
    assert said(client.get(path="/good"))["body"] == ""
    client.ask(path="/bad")
    assert client.wait(h2.events.ConnectionTerminated).error_code == h2.errors.ErrorCodes.ENHANCE_YOUR_CALM
    assert proxy.flow(path="/bad").reason == "rule"

"""HTTP/2 with the servers that the web runs on: nginx, HAProxy, Apache."""
import pytest

from conftest import Factory
from lib import h2 as two
from lib import rpc, web_servers
from lib.env import run
from lib.message import chunked, reply
from lib.websocket import TEXT, WebSocket, accept, frame

KINDS = [web_servers.Nginx, web_servers.HAProxy, web_servers.Apache]
LARGE = bytes(range(256)) * 12000


def answer(conn):
    """The script of the site behind the server."""
    while True:
        request = conn.request()
        if request.value("Upgrade").lower() == "websocket":
            accept(conn, request=request)
            conn.send(frame(TEXT, b'"from the site"', mask=False))
            conn.read_rest()
            return
        if request.target == "/trailers":
            conn.send(chunked([b"with trailers"], "Trailer: X-Sum", trailers=b"X-Sum: 9\r\n"))
        else:
            conn.send(reply(request.body or b"hello\n"))


class Lake(rpc.Service):
    def both_echo(self, requests, _context):
        yield from (b"<" + request + b">" for request in requests)


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def server(request, short_home, world, origin):
    """One of them; .back is the site behind it."""
    back, behind = origin(answer, keep=False), rpc.Server(Lake())
    servers = Factory(request.param)
    one = servers(short_home, world.good("site.test"), back.port, behind.port).start()
    one.back = back
    yield one
    servers.end()
    behind.stop()


@pytest.fixture
def start(weir, server):
    """start('--option', ...) -> a proxy that knows the server."""
    return lambda *options: weir("--resolve", f"site.test:{server.port}:{server.address}",
                                 "--resolve", f"site.test:{server.clear}:{server.address}", *options)


def test_curl_sends_and_gets(start, server, home):
    proxy = start()
    (home / "large").write_bytes(LARGE)
    for words, body in (([], b"hello\n"), (["--data-binary", "@large"], LARGE), (["-T", "large"], LARGE)):
        done = run(["curl", "-sS", "--http2", "-x", proxy.proxy, "--cacert", proxy.ca_file, "-o", "got", "-w", "%{http_version}",
                    *words, f"https://site.test:{server.port}/"], home)
        assert done.stdout == b"2" and (home / "got").read_bytes() == body, done
    for flow in proxy.wait_flows(3, kind="http"):
        assert flow["request"]["version"] == flow["response"]["version"] == "2.0" and flow.status == 200 and not flow["error"]


def test_h2load_with_many_streams(start, server, home):
    proxy = start("--mode", f"reverse:https://site.test:{server.port}")
    (home / "small").write_bytes(b"x" * 300)
    for words in ([], ["-d", "small"]):
        done = run(["h2load", "-n", "1000", "-c", "4", "-m", "32", *words, f"https://{proxy.address}/"], home)
        assert b"1000 succeeded, 0 failed, 0 errored" in done.stdout, done.stdout.decode()
    flows = proxy.wait_flows(2000, kind="http")
    assert {flow.status for flow in flows} == {200} and not [flow for flow in flows if flow["error"]]
    assert {flow["response"]["version"] for flow in flows} == {"2.0"}


def test_trailers(start, server):
    proxy = start()
    client = two.through(proxy, server)
    stream = client.ask(("te", "trailers"), method="POST", path="/trailers", end=False)
    sent = [] if isinstance(server, web_servers.Nginx) else [("x-check", "7")]
    client.conn.send_data(stream, b"hello", end_stream=not sent)
    if sent:
        client.conn.send_headers(stream, sent, end_stream=True)
    client.flush()
    got = client.answer(stream)
    assert got.status == 200 and got.body == b"with trailers" and dict(got.trailers) == server.trailers
    flow = proxy.flow(kind="http")
    assert sent == [tuple(pair) for pair in flow["request"].get("trailers", {"fields": []})["fields"]]
    assert dict(flow["response"]["trailers"]["fields"]) == server.trailers


def test_prior_knowledge_in_clear(start, server, home):
    proxy = start()
    done = run(["curl", "-sS", "--http2-prior-knowledge", "-p", "-x", proxy.proxy, "-w", "%{http_version}",
                f"http://site.test:{server.clear}/"], home)
    assert done.stdout == b"hello\n2", done
    flow = proxy.flow(kind="http")
    assert flow["response"]["version"] == "2.0" and not flow["server"]["tls"]


def test_websocket(start, server):
    proxy = start()
    pipe = proxy.secure("site.test", server.port, context=proxy.context(alpn=["http/1.1"]))
    with WebSocket(pipe, "/ws", "site.test") as ws:
        assert ws.answer.status == 101 and ws.receive() == "from the site"
        ws.send("from the client")
        pipe.shut()
        pipe.read_rest()
    flow = proxy.flow(kind="http")
    assert flow["flags"] == ["websocket"] and [m["op"] for m in flow["messages"]["list"]][:2] == ["text", "text"]


@pytest.mark.parametrize("server", [web_servers.Nginx, web_servers.HAProxy], indirect=True, ids=lambda kind: kind.__name__)
def test_grpc(start, server):
    proxy = start()
    with rpc.channel(f"site.test:{server.port}", proxy.ca_file.read_bytes(), proxy.proxy) as channel:
        answers = channel.stream_stream(f"/{rpc.NAME}/both_echo")(iter([b"%d" % n for n in range(100)]))
        assert list(answers) == [b"<%d>" % n for n in range(100)]
    flow = proxy.flow(kind="http")
    assert flow["messages"]["total"] == 200 and ["grpc-status", "0"] in flow["response"]["trailers"]["fields"]

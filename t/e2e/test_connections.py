"""What flows say of their connections: which they were, and how they ended."""
import pytest

from conftest import Factory
from lib import h2 as two
from lib.api import Api, OPTIONS
from lib.message import read_response, reply
from lib.wait import until

GET = b"GET http://site.test:%d/ HTTP/1.1\r\nHost: site.test\r\n%s\r\n"


def ends(flow):
    return flow["client"]["ended_by"], flow["server"]["ended_by"]


def ask(proxy, site, fields=b"", then=lambda pipe: None):
    with proxy.dial() as pipe:
        read_response(pipe.send(GET % (site.port, fields)))
        then(pipe)


def later(api, flow, want):
    """The same flow, as it is shown once its connections have ended so."""
    until(lambda: ends(api.get(f"/flows/{flow['id']}")) == want, lambda: (ends(api.get(f"/flows/{flow['id']}")), want))


@pytest.fixture
def start(weir):
    return lambda site, *options: weir(*OPTIONS, *options, sites=[site])


def test_connections_that_stay_have_no_end_yet(start, origin):
    site = origin()
    proxy = start(site)
    with proxy.dial() as pipe:
        for _ in range(2):
            read_response(pipe.send(GET % (site.port, b"")))
        flows = proxy.wait_flows(2, kind="http")
    assert [ends(flow) for flow in flows] == [(None, None)] * 2
    assert [flow["server_reused"] for flow in flows] == [False, True]
    assert flows[0]["client"]["id"] == flows[1]["client"]["id"] and flows[0]["server"]["id"] == flows[1]["server"]["id"]
    later(Api(proxy), flows[0], ("client-closed", None))


def test_a_message_that_says_that_it_is_the_last(start, origin):
    site = origin(lambda conn: conn.request() and conn.send(reply(b"x", "200 OK", "Connection: close")))
    proxy = start(site, "--detail", "3")
    ask(proxy, site, b"Connection: close\r\n", lambda pipe: pipe.read_rest())
    flow = proxy.flow(kind="http")
    assert ends(flow) == ("connection-close", "connection-close")
    assert flow["started_us"] <= flow["server"]["ended_us"]
    proxy.wait_line("ended=connection-close")


def test_a_response_to_the_end_of_its_connection(start, origin):
    site = origin(lambda conn: conn.request() and conn.send(b"HTTP/1.1 200 OK\r\n\r\nall"))
    proxy = start(site)
    ask(proxy, site)
    assert proxy.flow(kind="http")["server"]["ended_by"] == "server-closed"


def test_a_server_that_is_not_used_for_long(start, origin):
    site = origin()
    proxy = start(site, "--upstream-idle-time", "100ms")
    with proxy.dial() as pipe:
        read_response(pipe.send(GET % (site.port, b"")))
        later(Api(proxy), proxy.flow(kind="http"), (None, "idle"))


@pytest.mark.parametrize("many", [False, True])
def test_a_client_that_asks_nothing_for_long(start, origin, many):
    site = origin()
    proxy = start(site, "--keepalive-time", "300ms")
    with proxy.dial() as pipe:
        if many:
            assert two.Client(pipe).get(scheme="http", authority=f"site.test:{site.port}").status == 200
        else:
            read_response(pipe.send(GET % (site.port, b"")))
        later(Api(proxy), proxy.flow(kind="http"), ("idle", None))


def test_a_server_that_leaves_between_two_requests(start, origin):
    site = origin(lambda conn: conn.request() and conn.send(reply(b"x")))
    proxy = start(site)
    with proxy.dial() as pipe:
        read_response(pipe.send(GET % (site.port, b"")))
        later(Api(proxy), proxy.flow(kind="http"), (None, "server-closed"))


def test_a_server_that_resets(start, origin):
    site = origin(lambda conn: conn.request() and conn.reset())
    proxy = start(site)
    with proxy.dial() as pipe:
        assert read_response(pipe.send(GET % (site.port, b""))).status == 502
        flow = proxy.flow(kind="http")
        assert flow["server"]["ended_by"] in ("server-closed", "server-reset") and flow.reason == flow["server"]["ended_by"]


def test_a_tunnel_ends_where_it_was_ended(start, origin):
    site = origin(lambda conn: conn.send(conn.read(3)))
    proxy = start(site)
    with proxy.tunnel(f"site.test:{site.port}") as pipe:
        assert pipe.send(b"\0\1\2").read_rest() == b"\0\1\2"
    assert proxy.flow(kind="tunnel")["server"]["ended_by"] == "server-closed"


def test_a_goodbye(start, world):
    def answer(server, stream, request):
        server.reply(stream, b"x")
        server.goodbye(stream)
    factory = Factory(two.Site)
    site = factory(answer, world.good("site.test"))
    proxy = start(site)
    client = two.through(proxy, site)
    assert client.get().body == b"x"
    later(Api(proxy), proxy.flow(kind="http"), (None, "goaway"))
    factory.end()

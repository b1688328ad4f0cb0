"""HTTP/2 as it passes: the codes of resets, from and to real clients and servers."""
import pytest

import h2.errors
import h2.events

from lib import h2 as two
from lib.env import run
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

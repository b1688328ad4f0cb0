"""When things break: an error page with a plain sentence, never a hang; and the program itself goes on."""
import socket
import threading

import pytest

from lib.message import read_response, reply
from lib.origin import answer_all
from lib.pipe import Ended
from lib.wait import until

GET = b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n"


def ask(proxy, url, pipe=None, accept=None):
    own = pipe or proxy.dial()
    head = GET % url.encode()
    own.send(head.replace(b"Host", b"Accept: %s\r\nHost" % accept) if accept else head)
    answer = read_response(own)
    if not pipe:
        own.close()
    return answer


def told(proxy, answer, status, reason):
    """The page, the flow and the screen agree."""
    assert answer.status == status, answer.head + answer.body
    flow = proxy.flow(kind="http")
    assert flow.reason == reason, flow["error"]
    assert reason in answer.text and flow.error_text.split(":")[0] in answer.text
    assert flow.error_text in proxy.wait_line(f"<< {reason}")


# The server


def test_server_that_refuses(weir):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    proxy = weir()
    told(proxy, ask(proxy, f"http://127.0.0.1:{port}/"), 502, "connect")


@pytest.fixture
def deaf():
    """An address whose queue of connections is full: whoever comes waits."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield "127.0.0.1:%d" % listener.getsockname()[1]
        for filler in fillers:
            filler.close()


def test_server_that_does_not_accept(weir, deaf):
    proxy = weir("--connect-time", "300ms")
    told(proxy, ask(proxy, f"http://{deaf}/"), 504, "connect-timeout")


def test_server_that_stays_silent(weir, origin):
    site = origin(lambda conn: (conn.request(), conn.read_rest()))
    proxy = weir("--idle-time", "300ms")
    told(proxy, ask(proxy, site.url()), 504, "server-timeout")


def test_tls_server_that_stays_silent(weir, origin):
    site = origin(lambda conn: conn.read_rest())
    proxy = weir("--handshake-time", "300ms", sites=[site])
    with proxy.secure("site.test", site.port) as pipe:
        answer = read_response(pipe.send(b"GET / HTTP/1.1\r\nHost: site.test\r\n\r\n"))
    assert answer.status in (502, 504) and proxy.flow(kind="http").reason in ("tls-server", "connect-timeout", "server-timeout")


@pytest.mark.parametrize("script, reason", [
    (lambda conn: (conn.request(), conn.reset()), "server-reset"),
    (lambda conn: conn.request(), "server-closed"),
    (lambda conn: (conn.request(), conn.send(b"HTTP/1.1 200 OK\r\nContent-Le")), "server-closed"),
    (lambda conn: (conn.request(), conn.send(b"\x00\x01\x02 what is this?\r\n\r\n")), "bad-response"),
    (lambda conn: (conn.request(), conn.send(b"220 mail.test ESMTP\r\n")), "bad-response"),
], ids=["reset", "closed", "half a head", "garbage", "another protocol"])
def test_server_that_breaks_before_its_answer(script, reason, weir, origin):
    proxy, site = weir(), origin(script)
    told(proxy, ask(proxy, site.url()), 502, reason)


@pytest.mark.parametrize("end, reason", [(lambda conn: conn.reset(), "server-reset"), (lambda conn: conn.close(), "server-closed")],
                         ids=["reset", "closed"])
def test_server_that_breaks_in_its_answer(end, reason, weir, origin):
    first = threading.Event()

    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst")
        first.wait(20)
        end(conn)

    proxy, site = weir(), origin(script)
    with proxy.dial() as pipe:
        pipe.send(GET % site.url().encode())
        pipe.read_until(b"first")
        first.set()
        with pytest.raises(Ended):
            pipe.read(95)
    flow = proxy.flow(kind="http")
    assert flow.reason == reason and flow.status == 200 and flow.body("response") == b"first"


def test_server_that_stops_in_its_answer(weir, origin):
    site = origin(lambda conn: (conn.request(), conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst"), conn.read_rest()))
    proxy = weir("--idle-time", "300ms")
    with proxy.dial() as pipe:
        pipe.send(GET % site.url().encode())
        with pytest.raises(Ended):
            read_response(pipe)
    assert proxy.flow(kind="http").reason == "server-timeout"


def test_error_page_is_html_for_browsers_and_escapes_what_it_shows(weir):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    proxy = weir()
    url = f"http://127.0.0.1:{port}/<script>&\"'"
    answer = ask(proxy, url, accept=b"text/html")
    assert answer.value("Content-Type").startswith("text/html") and answer.value("Cache-Control") == "no-store"
    assert "<script>" not in answer.text and "&lt;script&gt;" in answer.text
    assert "--resolve" in answer.text, "what to do about it is missing"
    assert ask(proxy, url).value("Content-Type").startswith("text/plain")


def test_connection_lives_on_behind_an_error_page(weir, origin):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    proxy, site = weir(), origin()
    with proxy.dial() as pipe:
        assert ask(proxy, f"http://127.0.0.1:{port}/", pipe).status == 502
        assert ask(proxy, site.url(), pipe).status == 200


# The client


def test_slow_head_costs_a_slot_and_no_more(weir, origin):
    site = origin()
    proxy = weir("--head-time", "500ms", "--threads", "1")
    slow = [proxy.dial() for _ in range(50)]
    for pipe in slow:
        pipe.send(b"GET http://x/ HTTP/1.1\r\nX-Slow: ")
    assert ask(proxy, site.url()).status == 200, "others must wait"
    for pipe in slow:
        assert read_response(pipe).status == 408
        pipe.read_rest()
        pipe.close()
    assert len([f for f in proxy.wait_flows(51, kind="http") if f.reason == "client-timeout"]) == 50


def test_slow_content_is_let_go(weir, origin):
    site = origin()
    proxy = weir("--idle-time", "300ms")
    with proxy.dial() as pipe:
        pipe.send(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nfirst" % site.url().encode())
        assert read_response(pipe).status in (408, 504)
        pipe.read_rest()
    assert proxy.flow(kind="http").reason in ("client-timeout", "server-timeout")
    assert not site.requests


def test_idle_client_is_let_go(weir, origin):
    site = origin()
    proxy = weir("--keepalive-time", "200ms")
    with proxy.dial() as pipe:
        assert ask(proxy, site.url(), pipe).status == 200
        assert pipe.read_rest() == b"" and pipe.end == "eof"
    with proxy.dial() as pipe:
        assert pipe.read_rest() == b""


def test_connections_are_limited_and_that_is_said_once(weir, origin):
    site = origin()
    proxy = weir("--connections-max", "5", "--threads", "1")
    held = []
    for _ in range(5):
        held.append(proxy.dial())
        assert ask(proxy, site.url(), held[-1]).status == 200
    for _ in range(5):
        with proxy.dial() as pipe:
            assert pipe.read_rest() == b""
    proxy.wait_line("connections-max", "stderr")
    for pipe in held:
        assert ask(proxy, site.url(), pipe).status == 200
        pipe.close()
    until(lambda: works(proxy, site), "room for new connections")
    assert proxy.stderr.count("connections-max") == 1, proxy.stderr


def works(proxy, site):
    try:
        return ask(proxy, site.url()).status == 200
    except (Ended, OSError):
        return False


# The machine


def test_running_out_of_descriptors_pauses_and_says_so_once(weir, origin):
    site = origin()
    proxy = weir("--threads", "1", files=40)
    held = []
    for _ in range(60):
        held.append(proxy.dial())  # the kernel takes them, whether or not the program does
    proxy.wait_line("files", "stderr")
    for pipe in held:
        pipe.close()
    until(lambda: works(proxy, site), lambda: proxy.stderr)
    assert len([line for line in proxy.stderr.splitlines() if "files" in line]) <= 2, proxy.stderr


def test_full_disk_does_not_stop_the_proxy_and_is_said_once(weir, origin):
    site = origin()
    proxy = weir("-w", "/dev/full", record=False)
    for _ in range(3):
        assert ask(proxy, site.url()).status == 200
        proxy.wait_line("/dev/full", "stderr")
    until(lambda: proxy.stdout.count(" GET ") == 3, "the lines")
    assert proxy.stderr.count("no space left") == 1, proxy.stderr
    proxy.expect_exit = 1  # the flows that are missing are worth a status
    proxy.stop()
    assert "missing" in proxy.stderr


def test_burst_of_exchanges_is_recorded_without_a_gap(weir, origin):
    site = origin(answer_all(lambda request: reply(request.target.encode())))
    proxy = weir()

    def work(number):
        with proxy.dial() as pipe:
            for i in range(50):
                assert ask(proxy, site.url(f"/{number}-{i}"), pipe).text == f"/{number}-{i}"

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    flows = proxy.wait_flows(400, kind="http")
    assert {f["url"] for f in flows} == {site.url(f"/{n}-{i}") for n in range(8) for i in range(50)}
    assert all(f.body("response").decode() == f["url"][f["url"].index("/", 8):] for f in flows)
    assert len({f["id"] for f in flows}) == 400

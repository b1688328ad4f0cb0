"""Descriptors and disk run out, descriptors are missing, and the end comes: what is under way goes on, and it is said once."""
import errno
import os
import pathlib
import re
import signal
import socket
import ssl

import pytest

from lib import sandbox
from lib.message import read_response, reply
from lib.origin import answer_all
from lib.wait import until
from lib.ways import HTTPS, WAYS, Way

FIRST = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst"


@pytest.fixture(params=WAYS)
def way(request, weir, origin, world):
    return Way(request.param, weir, origin, world)


@pytest.fixture
def https(weir, origin, world):
    return Way(HTTPS, weir, origin, world)


def closed(proxy):
    """Whether nobody listens any more."""
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", proxy.port)) != 0


class Crowd:
    """Clients that connect and do nothing."""

    def __init__(self, proxy):
        self.proxy, self.socks = proxy, []

    def come(self):
        sock = socket.socket()
        sock.setblocking(False)
        assert sock.connect_ex(("127.0.0.1", self.proxy.port)) in (0, errno.EINPROGRESS)
        self.socks.append(sock)

    def leave(self):
        for sock in self.socks:
            sock.close()


def test_out_of_descriptors_it_says_so_once_and_serves_on_afterwards(way):
    way.serve()
    way.start("--threads", "1", files=60)
    crowd = Crowd(way.proxy)
    for _ in range(100):
        crowd.come()
    way.proxy.wait_line("accepts no more connections", "stderr")
    crowd.leave()
    assert [way.get().status for _ in range(3)] == [200] * 3
    said = [line for line in way.proxy.stderr.splitlines() if "accepts no more" in line and f":{way.proxy.port}'" in line]
    assert len(said) == 1 and "too many open files" in said[0]


def test_out_of_descriptors_for_a_server_is_a_page(way):
    """The client has a connection, but none can be made to the server."""
    way.serve()
    way.start("--threads", "1", files=60)
    client = way.proxy.tunnel(way.authority) if way.secure else way.proxy.dial()
    crowd = Crowd(way.proxy)
    for _ in range(100):
        crowd.come()
    way.proxy.wait_line("accepts no more connections", "stderr")
    if way.secure:
        client.start_tls(way.proxy.context(), name="site.test")
    client.send(way.request())
    answer = read_response(client)
    assert answer.status == 502 and "too many open files" in answer.text
    crowd.leave()
    client.close()
    assert way.get().status == 200


def test_device_that_is_full_does_not_stop_the_proxy(way):
    way.serve()
    way.start("-w", "/dev/full", record=False)
    way.proxy.expect_exit = 1
    assert [way.get().status for _ in range(3)] == [200] * 3
    line = way.proxy.wait_line("/dev/full", "stderr")
    assert "no space left" in line and "proxying goes on" in line
    assert way.get().status == 200
    way.proxy.send_signal(signal.SIGTERM)
    assert way.proxy.wait() == 1
    assert way.proxy.stderr.count("proxying goes on") == 1
    assert re.search(r"\d+ flows are missing in '/dev/full'", way.proxy.stderr)


@pytest.mark.skipif(not sandbox.may_mount(), reason="only root can have a small disk")
def test_full_disk_is_said_once_and_whole_flows_are_recorded_once_there_is_room(https, tmp_path):
    """Where a large flow finds no room a small one may, and that is no end of the trouble."""
    disk = tmp_path / "disk"
    disk.mkdir()
    https.serve(answer_all(lambda request: reply(b"x" * 20000)))
    https.start("-w", str(disk / "flows"), record=False, wrapper=sandbox.mounted(
        f"mount -t tmpfs -o size=256k tmpfs {disk} && head -c 150k /dev/zero > {disk}/ballast"))
    https.proxy.expect_exit = 1
    inside = pathlib.Path(f"/proc/{https.proxy.process.pid}/root{disk}")
    assert [https.get().status for _ in range(10)] == [200] * 10
    https.proxy.wait_line("proxying goes on", "stderr")
    (inside / "ballast").unlink()
    until(lambda: https.get("/after").status == 200 and "can be written to again" in https.proxy.stderr, "the recovery")
    https.proxy.record_file = inside / "flows"
    flows = https.proxy.wait_flows(1, path="/after") + https.proxy.wait_flows(1, path="/")
    assert all(flow.body("response") == b"x" * 20000 for flow in flows)
    assert https.proxy.stderr.count("proxying goes on") == 1


def test_file_that_may_grow_no_further_does_not_stop_the_proxy(https):
    https.serve(answer_all(lambda request: reply(b"x" * 20000)))
    https.start(wrapper=["prlimit", "--fsize=65536"])
    https.proxy.expect_exit = 1
    assert [https.get().status for _ in range(10)] == [200] * 10
    https.proxy.wait_line("file too large", "stderr")
    assert https.get().status == 200


@pytest.mark.parametrize("closing", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_missing_standard_descriptors_are_not_mistaken_for_others(way, closing):
    """What goes to standard output must not end up in a socket or in the record."""
    way.serve()
    way.start(wrapper=["sh", "-c", f'exec "$@" {closing}', "sh"])
    assert way.get().body == b"hello\n"
    assert way.proxy.flow(kind="http").status == 200
    assert way.proxy.record_file.read_bytes().startswith(b'{"weir_flow":')


# Ends


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_end_waits_for_what_is_under_way_and_for_nothing_else(way, number):
    def script(conn):
        while conn.request().target != "/slow":
            conn.send(reply(b"x"))
        conn.send(FIRST)
        until(lambda: go, "the signal")
        conn.send(b"-last")

    go = []
    way.serve(script)
    way.start("--grace-time", "600s")
    with way.open() as idle:
        idle.send(way.request())
        assert read_response(idle).status == 200
        with way.open() as busy:
            busy.send(way.request("/slow"))
            busy.read_until(b"first")
            way.proxy.send_signal(number)
            assert idle.read_rest() == b"" and idle.end in ("eof", "close_notify")
            go.append(True)
            assert busy.read(5) == b"-last"
            assert busy.read_rest() == b"" and busy.end in ("eof", "close_notify")
    assert way.proxy.wait() == 0
    flow = way.proxy.flow(kind="http", path="/slow")
    assert flow.body("response") == b"first-last" and flow["error"] is None


def test_end_waits_for_an_upload(way):
    def script(conn):
        conn.request(body=False)
        got.append(conn.read(5))
        got.append(conn.read(5))
        conn.send(reply(b"thanks"))

    got = []
    way.serve(script)
    way.start("--grace-time", "600s")
    with way.open() as pipe:
        pipe.send(way.request(method="PUT", body=b"firstlast-")[:-5])
        until(lambda: got, "the front at the server")
        way.proxy.send_signal(signal.SIGTERM)
        until(lambda: closed(way.proxy), "the listener to be closed")
        pipe.send(b"last-")
        assert read_response(pipe).body == b"thanks"
        pipe.read_rest()
    assert way.proxy.wait() == 0 and got == [b"first", b"last-"]


@pytest.mark.parametrize("first, second", [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGINT)])
def test_second_signal_ends_what_is_under_way_and_records_it(https, first, second):
    def script(conn):
        conn.request()
        conn.send(FIRST)
        conn.read_rest()

    https.serve(script)
    https.start("--grace-time", "600s")
    with https.open() as pipe:
        pipe.send(https.request())
        pipe.read_until(b"first")
        https.proxy.send_signal(first)
        until(lambda: closed(https.proxy), "the listener to be closed")
        https.proxy.send_signal(second)
        assert https.proxy.wait() == 0
        pipe.read_rest()
        assert pipe.end in ("reset", "truncated")
    assert https.proxy.flow(kind="http").reason == "shutdown"


def test_nothing_to_wait_for_ends_at_once(https):
    """Neither an idle client nor a tunnel in which nothing was said."""
    https.serve()
    https.start("--grace-time", "600s")
    with https.open() as used, https.proxy.dial(), https.proxy.tunnel(https.authority), https.open():
        used.send(https.request())
        assert read_response(used).status == 200
        https.proxy.send_signal(signal.SIGTERM)
        assert https.proxy.wait() == 0


def test_end_gives_an_upgraded_connection_its_grace(way):
    """It may run for ever: the time is its end."""
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: test\r\n\r\n")
        while data := conn.read_some():
            conn.send(data.upper())

    way.serve(script)
    way.start("--grace-time", "2s")
    with way.open() as pipe:
        pipe.send(way.request("/", "Connection: upgrade", "Upgrade: test"))
        assert read_response(pipe).status == 101
        pipe.send(b"before")
        assert pipe.read(6) == b"BEFORE"
        way.proxy.send_signal(signal.SIGTERM)
        until(lambda: closed(way.proxy), "the listener to be closed")
        pipe.send(b"within")
        assert pipe.read(6) == b"WITHIN"
        pipe.read_rest()
    assert way.proxy.wait() == 0
    flow = way.proxy.flow(kind="http")
    assert flow.status == 101 and flow.body("request") == b"beforewithin" and flow.body("response") == b"BEFOREWITHIN"


def test_end_comes_while_servers_are_being_connected_and_shaken_hands_with(https, origin):
    hole = sandbox.Blackhole()
    https.site = origin(lambda conn: conn.read_rest())
    https.start("--grace-time", "100ms", "--connect-time", "600s", "--handshake-time", "600s")
    pipes = [https.proxy.tunnel(f"127.0.0.1:{port}") for port in (hole.port, https.site.port)]
    for pipe in pipes:
        pipe.send(client_hello())
    with https.proxy.dial() as pipe:
        pipe.send(b"GET http://127.0.0.1:%d/ HTTP/1.1\r\nHost: x\r\n\r\n" % hole.port)
        https.site.wait_connections(1)
        https.proxy.send_signal(signal.SIGTERM)
        assert https.proxy.wait() == 0
    hole.stop()


def client_hello():
    ends = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(*ends, server_hostname="site.test").do_handshake()
    return ends[1].read()


def stuck(way):
    """A proxy whose standard output nobody reads: a pager that was stopped."""
    way.serve(answer_all(lambda request: reply(b"text\n" * 40000, "200 OK", "Content-Type: text/plain")))
    way.start("--detail", "4", "--grace-time", "600s", start=False)
    pipe = way.proxy.folder / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    way.proxy.command = ["sh", "-c", f'exec "$@" > {pipe}', "sh", *way.proxy.command]
    way.proxy.start()
    return reader


def test_reader_that_stops_does_not_stop_the_proxy(way):
    reader = stuck(way)
    assert [way.get().status for _ in range(10)] == [200] * 10
    os.set_blocking(reader, True)
    seen = b""
    while seen.count(b" GET ") < 10:
        seen += os.read(reader, 65536)
    os.close(reader)
    way.proxy.wait_flows(10, kind="http")


def test_stray_signals_do_no_harm(https):
    https.serve()
    https.start()
    for number in (signal.SIGUSR2, signal.SIGHUP, signal.SIGUSR2, signal.SIGPIPE, signal.SIGCONT, signal.SIGWINCH):
        https.proxy.send_signal(number)
        assert https.get().status == 200
    https.proxy.send_signal(signal.SIGTERM)
    assert https.proxy.wait() == 0


def test_third_signal_ends_what_waits_for_a_reader(way):
    reader = stuck(way)
    assert [way.get().status for _ in range(3)] == [200] * 3
    way.proxy.send_signal(signal.SIGTERM)
    until(lambda: closed(way.proxy), "the listener to be closed")
    way.proxy.expect_exit = 1

    def ended():
        way.proxy.send_signal(signal.SIGTERM)
        return way.proxy.process.poll() is not None
    until(ended, "the end")
    os.close(reader)

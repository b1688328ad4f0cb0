"""Listening: ready lines, ports, modes, signals, wrong usage."""
import re
import signal
import socket
import subprocess

import pytest

from lib.env import scrubbed
from lib.message import read_response, reply
from lib.origin import answer_all
from lib.pipe import Pipe
from lib.wait import until
from lib.weir import BINARY, SANITIZER_ENV, weir_run

GET = b"GET http://%s/ HTTP/1.1\r\nHost: %s\r\n\r\n"


def get(pipe, site):
    at = b"%s:%d" % (site.address.encode(), site.port)
    pipe.send(GET % (at, at))
    return read_response(pipe)


def one_line(done):
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1 and lines[0].startswith("weir: "), done.stderr
    return lines[0]


def test_ready_lines_name_every_listener_and_the_port_file_says_the_same(weir):
    proxy = weir()

    lines = proxy.stdout.splitlines()

    assert re.fullmatch(r"listening regular 127\.0\.0\.1:\d+", lines[0])
    assert re.fullmatch(r"listening regular \[::1\]:\d+", lines[1])
    assert proxy.port_file.read_text().splitlines() == lines
    assert proxy.listening[0].rpartition(":")[2] == proxy.listening[1].rpartition(":")[2] != "0"


def test_both_loopback_addresses_serve(weir, origin):
    proxy, site = weir(), origin()
    for host in ("127.0.0.1", "::1"):
        with Pipe(socket.create_connection((host, proxy.port))) as pipe:
            assert get(pipe, site).body == b"hello\n"


def test_every_thread_serves(weir, origin):
    proxy, site = weir("--threads", "3"), origin()
    pipes = [proxy.dial() for _ in range(30)]
    assert {get(pipe, site).body for pipe in pipes} == {b"hello\n"}
    for pipe in pipes:
        pipe.close()
    assert len(proxy.wait_flows(30)) == 30


def test_several_modes_listen_at_once(weir, origin):
    proxy, site = weir("--mode", "regular@127.0.0.1:0", "--mode", "regular@127.0.0.2:0"), origin()
    assert [address.split(":")[0] for address in proxy.listening] == ["127.0.0.1", "127.0.0.2"]
    for address in proxy.listening:
        host, port = address.split(":")
        with Pipe(socket.create_connection((host, int(port)))) as pipe:
            assert get(pipe, site).status == 200


def test_listen_host_is_where_it_listens(weir):
    assert weir("--listen-host", "127.0.0.3").address.startswith("127.0.0.3:")


def test_port_that_is_taken_ends_with_status_3_and_one_line(weir, home, shared):
    for holder in (weir().address, None):
        with socket.create_server(("127.0.0.1", 0)) as other:
            address = holder or "127.0.0.1:%d" % other.getsockname()[1]
            done = weir_run(home, "dump", "--mode", f"regular@{address}", "--confdir", shared["ca"].parent)
        assert done.returncode == 3
        assert address in one_line(done)


@pytest.mark.parametrize("words, names", [
    (["dump", "--no-such-thing"], "no-such-thing"),
    (["dump", "--listen-prt", "1"], "--listen-port"),
    (["dump", "-p", "65536"], "65536"),
    (["dump", "-p"], "-p"),
    (["dump", "--mode", "sideways"], "sideways"),
    (["dump", "--on-invalid-upstream", "maybe"], "maybe"),
    (["dump", "--resolve", "nonsense"], "nonsense"),
    (["dump", "--head-max", "lots"], "lots"),
    (["dump", "--proxyauth", "nocolon"], "USER:PASSWORD"),
    (["dump", "--set", "unheard=of"], "unheard"),
    (["dump", "surplus:1"], "surplus"),
    (["dmp"], "dump"),
    ([], "dump"),
])
def test_wrong_usage_is_one_line_and_status_2(words, names, home):
    done = weir_run(home, *words)
    assert done.returncode == 2, done.stderr
    assert names in one_line(done)
    assert not done.stdout


@pytest.mark.parametrize("option", ["--upstream-ca", "--upstream-crl", "--client-certs", "--proxyauth"])
def test_file_that_cannot_be_read_is_one_line_with_its_name(option, home, shared):
    missing = home / "missing.pem"
    value = f"@{missing}" if option == "--proxyauth" else missing
    done = weir_run(home, "dump", "-p", "0", "--confdir", shared["ca"].parent, option, value)
    assert done.returncode in (2, 3)
    assert str(missing) in one_line(done)


def test_version_and_help_are_there(home):
    version = weir_run(home, "--version")
    assert version.returncode == 0 and b"OpenSSL" in version.stdout
    for words in (["--help"], ["dump", "--help"], ["ca", "--help"], ["options"], ["commands"]):
        done = weir_run(home, *words)
        assert done.returncode == 0 and done.stdout and not done.stderr


def test_options_come_from_file_environment_and_command_line_in_this_order(weir):
    def detail(proxy):
        return proxy.stdout.splitlines()[0]

    proxy = weir(start=False, env={"WEIR_LISTEN_HOST": "127.0.0.7"})
    (proxy.confdir / "config.yaml").write_text("listen-host: 127.0.0.6\n")
    assert "127.0.0.7" in detail(proxy.start())
    proxy = weir(start=False)
    (proxy.confdir / "config.yaml").write_text("listen-host: 127.0.0.6\n")
    assert "127.0.0.6" in detail(proxy.start())
    proxy = weir("--listen-host", "127.0.0.8", start=False, env={"WEIR_LISTEN_HOST": "127.0.0.7"})
    assert "127.0.0.8" in detail(proxy.start())


def test_hangup_adds_a_listener_without_dropping_a_connection(weir, origin):
    proxy, site = weir(), origin()
    live = proxy.dial()
    assert get(live, site).status == 200

    (proxy.confdir / "config.yaml").write_text("mode:\n  - regular\n  - regular@127.0.0.4:0\n")
    proxy.send_signal(signal.SIGHUP)

    until(lambda: any("127.0.0.4" in address for address in proxy.read_ports()), lambda: proxy.stderr)
    added = next(address for address in proxy.listening if "127.0.0.4" in address)
    with Pipe(socket.create_connection(("127.0.0.4", int(added.split(":")[1])))) as pipe:
        assert get(pipe, site).status == 200
    assert get(live, site).status == 200
    live.close()


def test_hangup_removes_a_listener_without_dropping_its_connections(weir, origin):
    proxy, site = weir(), origin()
    live = proxy.dial()
    assert get(live, site).status == 200
    old = proxy.port

    (proxy.confdir / "config.yaml").write_text("mode: regular@127.0.0.5:0\n")
    proxy.send_signal(signal.SIGHUP)

    until(lambda: any("127.0.0.5" in address for address in proxy.read_ports()), lambda: proxy.stderr)
    until(lambda: refused(old), "the old port to be closed")
    assert get(live, site).status == 200
    live.close()


def refused(port):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) != 0


def test_hangup_changes_options_for_new_connections(weir, origin):
    proxy, site = weir(), origin()
    live = proxy.dial()
    assert get(live, site).status == 200

    (proxy.confdir / "config.yaml").write_text("deny-targets: loopback\nthreads: 7\n")
    proxy.send_signal(signal.SIGHUP)

    assert "threads" in proxy.wait_line("keeps its old value", "stderr")
    proxy.wait_line("read again", "stderr")
    with proxy.dial() as pipe:
        assert get(pipe, site).status == 403
    assert get(live, site).status == 200
    live.close()


def test_hangup_with_a_bad_file_changes_nothing_and_says_so(weir, origin):
    proxy, site = weir(), origin()
    (proxy.confdir / "config.yaml").write_text("no-such-option: 1\n")
    proxy.send_signal(signal.SIGHUP)
    line = proxy.wait_line("no-such-option", "stderr")
    assert "config.yaml" in line
    with proxy.dial() as pipe:
        assert get(pipe, site).status == 200


def test_bad_config_file_is_refused_at_the_start_with_its_line(weir, home):
    (home / "conf").mkdir(mode=0o700)
    (home / "conf" / "config.yaml").write_text("threads: 1\nnonsense: 2\n")
    done = weir_run(home, "dump", "-p", "0", "--confdir", home / "conf")
    assert done.returncode == 2
    assert "config.yaml:2" in one_line(done) and "nonsense" in one_line(done)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_termination_finishes_what_is_running(weir, origin, number):
    def slow(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        until(lambda: refused(proxy.port), "the listener to be closed")
        conn.send(b"-last")

    site = origin(slow)
    proxy = weir("--grace-time", "20s")
    pipe = proxy.dial()
    pipe.send(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % site.url().encode())
    pipe.read_until(b"first")
    proxy.send_signal(number)
    assert pipe.read(5) == b"-last"
    pipe.close()
    assert proxy.wait() == 0
    flow = proxy.flow(kind="http")
    assert flow.status == 200 and flow.body("response") == b"first-last" and not flow["error"]


def test_termination_ends_what_does_not_finish_within_the_grace_time(weir, origin):
    def never(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        conn.read_rest()

    site, proxy = origin(never), weir("--grace-time", "100ms")
    pipe = proxy.dial()
    pipe.send(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % site.url().encode())
    pipe.read_until(b"first")
    proxy.send_signal(signal.SIGTERM)
    pipe.read_rest()
    assert proxy.wait() == 0
    assert proxy.flow(kind="http").reason == "shutdown"


def test_second_signal_ends_at_once(weir, origin):
    def never(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        conn.read_rest()

    site, proxy = origin(never), weir("--grace-time", "600s")
    with proxy.dial() as pipe:
        pipe.send(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % site.url().encode())
        pipe.read_until(b"first")
        proxy.send_signal(signal.SIGTERM)
        until(lambda: refused(proxy.port), "the listener to be closed")
        proxy.send_signal(signal.SIGTERM)
        assert proxy.wait() == 0


def test_reader_that_goes_away_ends_the_program(home, shared, origin):
    """weir dump | head: nobody is left to work for."""
    site = origin(answer_all(lambda request: reply(b"x")))
    process = subprocess.Popen([BINARY, "dump", "-p", "0", "--confdir", shared["ca"].parent], stdout=subprocess.PIPE,
                               env={**scrubbed(home), **SANITIZER_ENV})
    try:
        port = int(process.stdout.readline().rpartition(b":")[2])
        process.stdout.close()
        with Pipe(socket.create_connection(("127.0.0.1", port))) as pipe:
            pipe.send(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % site.url().encode())
            read_response(pipe)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()

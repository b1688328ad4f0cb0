"""Never an open door: loops, denied targets, foreign clients, passwords."""
import base64
import os
import shutil
import socket
import subprocess
import sys
import textwrap

import pytest

from lib import env
from lib.clients import curl
from lib.message import read_response
from lib.pipe import Pipe
from lib.wait import until
from lib.weir import weir_run


def ask(proxy, target, *fields, pipe=None, method="GET"):
    """One request to the proxy; a given connection is used and left open."""
    host = target.split("/")[2] if "//" in target else target
    own = pipe or proxy.dial()
    own.send("\r\n".join([f"{method} {target} HTTP/1.1", f"Host: {host}", *fields]).encode() + b"\r\n\r\n")
    answer = read_response(own, method)
    if not pipe:
        own.close()
    return answer


# Loops


def test_own_listeners_are_refused_under_every_name(weir):
    proxy = weir()
    port = proxy.port
    names = [f"127.0.0.1:{port}", f"[::1]:{port}", f"localhost:{port}", f"[::ffff:127.0.0.1]:{port}", f"0.0.0.0:{port}", f"[::]:{port}"]
    for name in names:
        assert ask(proxy, f"http://{name}/").status == 508, name
    assert {f.reason for f in proxy.wait_flows(len(names), kind="http")} == {"loop"}


def test_tunnel_to_the_own_listener_is_refused(weir):
    proxy = weir()
    with proxy.tunnel(f"127.0.0.1:{proxy.port}") as pipe:
        assert read_response(pipe.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")).status == 508
    with proxy.secure("localhost", proxy.port) as pipe:
        assert read_response(pipe.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")).status == 508
    assert {f.reason for f in proxy.wait_flows(2, kind="http")} == {"loop"}


def test_name_that_resolves_to_the_own_listener_is_refused(weir):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    proxy = weir("--resolve", f"inside.test:{port}:127.0.0.1", "--mode", f"regular@127.0.0.1:{port}")
    assert ask(proxy, f"http://inside.test:{port}/").status == 508


def test_another_proxy_is_no_loop(weir):
    far = weir()
    assert ask(weir(), f"http://127.0.0.1:{far.port}/").status == 400, "the far one must say that it is a proxy"


def test_listener_for_all_addresses_is_refused_at_each_of_them(weir):
    proxy = weir("--listen-host", "0.0.0.0")
    for host in ("127.0.0.1", "127.0.0.9", "localhost"):
        with Pipe(socket.create_connection(("127.0.0.1", proxy.port))) as pipe:
            assert ask(proxy, f"http://{host}:{proxy.port}/", pipe=pipe).status == 508, host


# Targets


@pytest.mark.parametrize("rule, denied, allowed", [
    ("loopback", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]"], []),
    ("127.0.0.0/8", ["127.0.0.1"], ["[::1]"]),
    ("10.0.0.0/8,::1/128", ["[::1]"], ["127.0.0.1"]),
])
def test_denied_targets_are_judged_by_address(rule, denied, allowed, weir, origin):
    four, six = origin(), origin(address="::1")
    proxy = weir("--deny-targets", rule)
    for host in denied + allowed:
        port = six.port if host == "[::1]" else four.port
        assert ask(proxy, f"http://{host}:{port}/").status == (403 if host in denied else 200), host
    assert not [site for site in (four, six) if site.connections and site.requests == []]


@pytest.mark.parametrize("rule, address", [("private", "10.1.2.3"), ("private", "192.168.1.1"), ("private", "172.16.0.1"),
                                           ("link-local", "169.254.169.254"), ("private", "fd00::1"), ("link-local", "fe80::1")])
def test_denied_targets_are_judged_after_resolution(rule, address, weir):
    proxy = weir("--deny-targets", rule, "--resolve", f"innocent.test:80:{address}", "--connect-time", "5s")
    answer = ask(proxy, "http://innocent.test/")
    assert answer.status == 403 and rule in answer.text
    flow = proxy.flow(kind="http")
    assert flow.reason == "denied-target" and address in flow.error_text


def test_denied_targets_hold_for_tls_tunnels(weir, origin, world, home):
    site = origin(cert=world.good())
    proxy = weir("--deny-targets", "loopback", sites=[site])
    result = curl(None, home, site.url(host="site.test"), proxy.proxy, proxy.ca_file, extra=["-w", "%{http_code}"])
    assert result.ok and result.body.endswith(b"403")
    assert not site.connections


# Passwords


def basic(user, password):
    return "Proxy-Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_password_is_asked_for_and_goes_no_further(weir, origin):
    site = origin()
    proxy = weir("--proxyauth", "me:secret:word")
    without = ask(proxy, site.url())
    assert without.status == 407 and without.value("Proxy-Authenticate").startswith("Basic ")
    for wrong in (basic("me", "secret"), basic("you", "secret:word"), basic("me", "secret:wordy"), "Proxy-Authorization: Basic !",
                  "Proxy-Authorization: Bearer x", "Proxy-Authorization: Basic " + "A" * 40000, "Proxy-Authorization: Digest " + "a=b," * 9000):
        assert ask(proxy, site.url(), wrong).status == 407
    assert ask(proxy, site.url(), basic("me", "secret:word")).status == 200
    assert len(site.requests) == 1 and not site.requests[0].values("Proxy-Authorization")
    assert {f.reason for f in proxy.wait_flows(9, kind="http")} == {"proxy-auth", None}


def test_password_is_asked_for_before_a_tunnel_and_once_per_connection(weir, origin, world, home):
    site = origin(cert=world.good())
    proxy = weir("--proxyauth", "me:secret", sites=[site])
    refused = curl(None, home, site.url(host="site.test"), proxy.proxy, proxy.ca_file)
    assert refused.code == 56 and "407" in refused.text
    assert not site.connections
    with_it = proxy.proxy.replace("http://", "http://me:secret@")
    assert curl(None, home, site.url(host="site.test"), with_it, proxy.ca_file).body == b"hello\n"


def test_password_protects_the_certificate_page_too(weir):
    proxy = weir("--proxyauth", "me:secret")
    assert ask(proxy, "http://weir.it/").status == 407
    assert ask(proxy, "http://weir.it/", basic("me", "secret")).status == 200


def test_htpasswd_file_with_bcrypt(weir, origin, home):
    file = home / "htpasswd"
    done = env.run(["htpasswd", "-cbB", "-C", "5", file, "me", "secret"], home)
    assert done.returncode == 0, done.stderr
    assert env.run(["htpasswd", "-bB", "-C", "5", file, "you", "öther"], home).returncode == 0
    site = origin()
    proxy = weir("--proxyauth", f"@{file}")
    assert ask(proxy, site.url()).status == 407
    for user, password, status in (("me", "secret", 200), ("me", "wrong", 407), ("you", "öther", 200), ("nobody", "secret", 407),
                                   ("me", "secret", 200)):
        assert ask(proxy, site.url(), basic(user, password)).status == status, user
    with proxy.dial() as pipe:
        for _ in range(3):
            assert ask(proxy, site.url(), basic("me", "secret"), pipe=pipe).status == 200


def test_htpasswd_file_with_weak_hashes_is_refused(home, shared):
    file = home / "htpasswd"
    assert env.run(["htpasswd", "-cbs", file, "me", "secret"], home).returncode == 0
    done = weir_run(home, "dump", "-p", "0", "--confdir", shared["ca"].parent, "--proxyauth", f"@{file}")
    assert done.returncode == 2 and b"bcrypt" in done.stderr


# Foreign clients: in a network of their own

SCRIPT = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=10) as sock:
    sock.sendall(b"GET http://weir.it/ HTTP/1.1\\r\\nHost: weir.it\\r\\nConnection: close\\r\\n\\r\\n")
    print(sock.recv(65536).split(b"\\r\\n")[0].decode())
"""

# How many of 60 handshakes for names that are all new succeed.
HANDSHAKES = """
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
good = 0
for i in range(60):
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=10) as sock:
        sock.sendall(b"CONNECT h%d.test:443 HTTP/1.1\\r\\nHost: h%d.test:443\\r\\n\\r\\n" % (i, i))
        assert b" 200 " in sock.recv(65536)
        try:
            context.wrap_socket(sock, server_hostname=f"h{i}.test").close()
            good += 1
        except OSError:
            pass
print(good)
"""

IP = shutil.which("ip", path=env.PATH)


class Net:
    """Two network namespaces with a cable between them, held by two sleeping processes: gone with these."""

    def __init__(self, server, client):
        self.holders = [subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sleep", "600"]) for _ in range(2)]
        self.server, self.client = (["nsenter", "--net", "--target", str(holder.pid)] for holder in self.holders)
        try:
            self._wait_for_namespaces()
            self._run([IP, "link", "add", "cable", "netns", str(self.holders[0].pid), "type", "veth", "peer", "name", "cable",
                       "netns", str(self.holders[1].pid)])
            for inside, address in ((self.server, server), (self.client, client)):
                self._run([*inside, IP, "link", "set", "lo", "up"])
                self._run([*inside, IP, "address", "add", f"{address}/24", "dev", "cable"])
                self._run([*inside, IP, "link", "set", "cable", "up"])
        except BaseException:
            self.end()
            raise

    def _wait_for_namespaces(self):
        mine = os.readlink("/proc/self/ns/net")
        for holder in self.holders:
            until(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != mine, "a namespace")

    @staticmethod
    def _run(command):
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            pytest.skip(f"no network of one's own here: {done.stderr.decode()}")

    def ask(self, address, port, script=SCRIPT, where=None):
        done = subprocess.run([*(where or self.client), sys.executable, "-c", textwrap.dedent(script), address, str(port)],
                              capture_output=True, text=True, timeout=60, check=False)
        return done.stdout.strip() or done.stderr

    def end(self):
        for holder in self.holders:
            holder.kill()
            holder.wait()


@pytest.mark.skipif(not env.is_root() or not IP, reason="needs root and ip(8)")
@pytest.mark.parametrize("server, client, options, status", [
    ("9.9.9.1", "9.9.9.2", [], 403),
    ("9.9.9.1", "9.9.9.2", ["--no-block-global"], 200),
    ("10.9.9.1", "10.9.9.2", [], 200),
    ("10.9.9.1", "10.9.9.2", ["--block-private"], 403),
])
def test_foreign_clients_are_served_only_when_that_is_wanted(server, client, options, status, weir):
    net = Net(server, client)
    try:
        proxy = weir("--listen-host", server, *options, wrapper=net.server)
        assert net.ask(server, proxy.port).startswith(f"HTTP/1.1 {status} ")
        flow = proxy.flow(kind="http")
        assert flow["client"]["remote"].startswith(f"{client}:")
        assert flow.reason == ("blocked-client" if status == 403 else None)
    finally:
        net.end()


@pytest.mark.skipif(not env.is_root() or not IP, reason="needs root and ip(8)")
def test_foreign_client_gets_new_certificates_at_a_rate_and_this_machine_any_number(weir):
    net = Net("10.9.9.1", "10.9.9.2")
    try:
        proxy = weir("--listen-host", "10.9.9.1", "--mode", "regular", "--mode", "regular@127.0.0.1:0", "--mint-limit", "1",
                     "--connection-strategy", "lazy", wrapper=net.server)
        ports = {host: int(port) for host, port in (address.rsplit(":", 1) for address in proxy.listening)}
        assert 10 <= int(net.ask("10.9.9.1", ports["10.9.9.1"], HANDSHAKES)) < 60
        assert int(net.ask("127.0.0.1", ports["127.0.0.1"], HANDSHAKES, net.server)) == 60
        assert proxy.stderr.count("mint-limit") == 1
    finally:
        net.end()

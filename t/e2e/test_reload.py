"""SIGHUP: the configuration is read again, for new connections, and nothing that lives is dropped."""
import signal
import socket
import threading

import pytest

from lib import env, pki
from lib.message import read_response, reply
from lib.origin import answer_all
from lib.pipe import Ended, Pipe
from lib.wait import until
from lib.ways import HTTPS, PLAIN, WAYS, Way

DONE = "the configuration was read again"
KEPT = "the configuration stays as it was"


@pytest.fixture(params=WAYS)
def way(request, weir, origin, world):
    return Way(request.param, weir, origin, world)


@pytest.fixture
def plain(weir, origin, world):
    return Way(PLAIN, weir, origin, world)


@pytest.fixture
def https(weir, origin, world):
    return Way(HTTPS, weir, origin, world)


def configure(proxy, text):
    (proxy.confdir / "config.yaml").write_text(text)


def reload(proxy, text=None, says=DONE):
    """Sends the signal and waits for the line about it, which is returned."""
    if text is not None:
        configure(proxy, text)
    before = proxy.stderr.count("\n")
    proxy.send_signal(signal.SIGHUP)

    def look():
        whole = proxy.stderr
        new = whole[:whole.rfind("\n") + 1].splitlines()[before:]
        return next((line for line in new if "configuration" in line), None)
    line = until(look, lambda: f"a line about the configuration: {proxy.stderr}")
    assert says in line, proxy.stderr
    return line


def started(way, text="", *options, **how):
    """With a file of options from the start."""
    way.start(*options, start=False, **how)
    configure(way.proxy, text)
    return way.proxy.start()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


def refused(port):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) != 0


def ask(address, site):
    """The status of a request to this listener; None when there is none."""
    host, port = address.rsplit(":", 1)
    try:
        with Pipe(socket.create_connection((host.strip("[]"), int(port)))) as pipe:
            pipe.send(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % site.url().encode())
            return read_response(pipe).status
    except (OSError, Ended):
        return None


# Listeners


def test_listener_is_exchanged_and_a_download_of_the_old_one_goes_on(way, origin):
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        until(lambda: go, "the new listener")
        conn.send(b"-last")

    go = []
    way.serve(script)
    one, two = free_port(), free_port()
    other = origin()
    started(way, f"mode: regular@127.0.0.1:{one}\n")
    with way.open() as pipe:
        pipe.send(way.request())
        pipe.read_until(b"first")
        reload(way.proxy, f"mode: regular@127.0.0.1:{two}\n")
        assert ask(f"127.0.0.1:{one}", other) is None and ask(f"127.0.0.1:{two}", other) == 200
        go.append(True)
        assert pipe.read(5) == b"-last"
    assert way.proxy.flow(kind="http", url=way.url()).body("response") == b"first-last"


def test_listeners_come_and_go_one_by_one_and_every_change_is_announced(plain):
    plain.serve()
    ports = [free_port() for _ in range(3)]
    specs = [f"regular@127.0.0.1:{port}" for port in ports]
    proxy = started(plain, f"mode: {specs[0]}\n", "--threads", "2")
    for wanted in ([0, 1], [0, 1, 2], [1, 2], [2], [0, 2], [0]):
        reload(proxy, "mode:\n" + "".join(f"  - {specs[i]}\n" for i in wanted))
        lines = sorted(f"listening regular 127.0.0.1:{ports[i]}" for i in wanted)
        assert sorted(proxy.port_file.read_text().splitlines()) == lines
        assert sorted(proxy.stdout.splitlines()[-len(lines):]) == lines or all(line in proxy.stdout for line in lines)
        for i, port in enumerate(ports):
            assert ask(f"127.0.0.1:{port}", plain.site) == (200 if i in wanted else None), (wanted, i)


def test_client_in_the_queue_of_a_listener_that_goes_is_served(plain):
    plain.serve()
    ports = [free_port(), free_port()]
    proxy = started(plain, f"mode: regular@127.0.0.1:{ports[0]}\n", "--threads", "2")
    proxy.send_signal(signal.SIGSTOP)
    pipes = [proxy.dial() for _ in range(20)]
    configure(proxy, f"mode: regular@127.0.0.1:{ports[1]}\n")
    proxy.send_signal(signal.SIGHUP).send_signal(signal.SIGCONT)
    proxy.wait_line(DONE, "stderr")
    for pipe in pipes:
        with pipe:
            pipe.send(plain.request())
            assert read_response(pipe).status == 200


def test_free_port_stays_the_same_one(plain):
    """Port 0 means any port, and the one that it got is as good as any."""
    plain.serve()
    plain.start()
    before = plain.proxy.listening
    reload(plain.proxy, "body-limit: 1k\n")
    assert plain.proxy.read_ports() == before
    assert plain.get().status == 200


def test_free_port_may_be_named_later(plain):
    """Whoever writes down the port that was found free means the listener that is there."""
    plain.serve()
    plain.start()
    port = plain.proxy.port
    more = free_port()
    reload(plain.proxy, f"mode:\n  - regular@127.0.0.1:{port}\n  - regular@127.0.0.1:{more}\n")
    assert ask(f"127.0.0.1:{port}", plain.site) == ask(f"127.0.0.1:{more}", plain.site) == 200


def test_listener_that_cannot_be_opened_changes_nothing(plain):
    plain.serve()
    proxy = started(plain, "mode: regular\n")
    before = proxy.listening
    new = free_port()
    with socket.create_server(("127.0.0.1", 0)) as holder:
        taken = holder.getsockname()[1]
        line = reload(proxy, f"ssl-insecure: yes\nmode:\n  - regular@127.0.0.1:{new}\n  - regular@127.0.0.1:{taken}\n", KEPT)
    assert f"127.0.0.1:{taken}" in line
    assert ask(f"127.0.0.1:{new}", plain.site) is None
    assert all(ask(address, plain.site) == 200 for address in before)


# Files that are wrong


@pytest.mark.parametrize("text, line, word", [
    ("body-limit: 1k\nno-such-option: 1\n", 2, "no-such-option"),
    ("body-limit: 1k\n\nssl-insecure: perhaps\n", 3, "perhaps"),
    ("mode: [regular\n", 2, ""),
    ("body-limit: [1k, 2k]\n", 1, "body-limit"),
    ("body-limit: 1k\nbody-limit: 2k\n", 2, "already"),
    ("\tbody-limit: 1k\n", 1, ""),
    ("just words\n", 1, ""),
    ("confdir: /tmp\n", 1, "confdir"),
    ("mode: sideways\n", 1, "sideways"),
    ("tls-version-client-min: TLS9\n", 1, "TLS9"),
])
def test_wrong_file_is_refused_with_its_line_and_the_old_stays_in_force(plain, text, line, word):
    plain.serve(answer_all(lambda request: reply(b"x" * 100)))
    proxy = started(plain, "body-limit: 50\n")
    said = reload(proxy, text, KEPT)
    assert f"config.yaml:{line}:" in said and word in said
    plain.get("/kept")
    assert proxy.flow(kind="http", path="/kept")["response"]["body"]["kept"] == 50
    reload(proxy, "body-limit: 20\n")
    plain.get("/new")
    assert proxy.flow(kind="http", path="/new")["response"]["body"]["kept"] == 20


@pytest.mark.parametrize("option, value", [
    ("upstream-crl", "missing.pem"), ("client-certs", "missing.pem"),
    ("proxyauth", "'@missing'"), ("ciphers-client", "NO-SUCH-CIPHER"), ("tls-ecdh-curve-server", "nonsense"),
])
def test_option_that_cannot_be_put_to_work_changes_nothing(plain, option, value):
    plain.serve()
    proxy = started(plain, "body-limit: 2\n")
    line = reload(proxy, f"body-limit: 1\n{option}: {value}\n", KEPT)
    assert value.strip("'@") in line
    plain.get()
    assert proxy.flow(kind="http")["response"]["body"]["kept"] == 2


# Options for new connections


def test_insecure_servers_are_allowed_for_new_connections_and_refused_again(https, origin, world):
    https.site = origin(cert=world.faulty("expired"))
    proxy = started(https)
    with https.open() as old:
        old.send(https.request("/old"))
        assert read_response(old).status == 502
        reload(proxy, "ssl-insecure: yes\n")
        assert https.get("/new").status == 200
        old.send(https.request("/old"))
        assert read_response(old).status == 502, "a connection keeps the configuration that it began with"
        reload(proxy, "ssl-insecure: no\n")
        assert https.get("/again").status == 502, "the connection of before is still in the pool"
    assert {flow.reason for flow in proxy.wait_flows(3, kind="http") if flow.status == 502} == {"tls-verify"}


def test_client_certificates_are_read_again_although_the_file_has_the_same_name(https, tmp_path):
    """A connection on which one person was known is not for another."""
    issuer = pki.Authority("People")
    file = issuer.issue("one", usage=pki.CLIENT).write(tmp_path / "me.pem")
    https.serve(client_ca=issuer.me.pem.decode())
    https.start("--threads", "1", "--client-certs", str(file))
    assert https.get().status == 200
    issuer.issue("another", usage=pki.CLIENT).write(file)
    reload(https.proxy)
    assert https.get().status == 200
    people = [dict(x[0] for x in conn.tls.getpeercert()["subject"])["commonName"] for conn in https.site.connections
              if conn.requests]
    assert people == ["one", "another"]


def test_roots_are_read_again_although_the_file_has_the_same_name(https, world, tmp_path):
    file = world.foreign.me.write(tmp_path / "roots.pem", key=False)
    https.serve()
    https.start("--upstream-ca", str(file))
    assert https.get().status == 502
    world.root.me.write(file, key=False)
    reload(https.proxy)
    assert https.get().status == 200


def test_revocation_lists_are_read_again_although_the_file_has_the_same_name(https, world, origin, tmp_path):
    cert = world.good()
    file = tmp_path / "list.pem"
    file.write_bytes(world.middle.revoke())
    https.site = origin(cert=cert)
    https.start("--upstream-crl", str(file))
    assert https.get().status == 200
    file.write_bytes(world.middle.revoke(cert))
    reload(https.proxy)
    assert https.get().status == 502
    assert "revoked" in https.proxy.wait_flows(2, kind="http")[-1].error_text


def test_passwords_are_read_again(plain, tmp_path):
    def status(user):
        with plain.open() as pipe:
            pipe.send(plain.request("/", "Proxy-Authorization: Basic " + {"one": "b25lOmE=", "two": "dHdvOmI="}[user]))
            return read_response(pipe).status

    file = tmp_path / "users"
    assert env.run(["htpasswd", "-cbB", "-C", "4", file, "one", "a"], tmp_path).returncode == 0
    plain.serve()
    proxy = started(plain, f"proxyauth: '@{file}'\n")
    assert (status("one"), status("two")) == (200, 407)
    assert env.run(["htpasswd", "-cbB", "-C", "4", file, "two", "b"], tmp_path).returncode == 0
    reload(proxy)
    assert (status("one"), status("two")) == (407, 200)
    reload(proxy, "")
    assert plain.get().status == 200


def test_denied_targets_and_names_change(plain):
    plain.serve()
    proxy = started(plain, "", sites=[])
    assert plain.get().status == 502
    reload(proxy, f"resolve:\n  - site.test:{plain.site.port}:127.0.0.1\n")
    assert plain.get().status == 200
    reload(proxy, f"resolve: site.test:{plain.site.port}:127.0.0.1\ndeny-targets: [private, loopback]\n")
    assert plain.get().status == 403
    reload(proxy, f"resolve: site.test:{plain.site.port}:127.0.0.1\n")
    assert plain.get().status == 200


def test_versions_of_tls_change(https, weir, world, origin):
    https.serve()
    proxy = started(https)
    assert https.get().status == 200
    reload(proxy, "tls-version-client-max: TLS1_2\ntls-version-server-max: TLS1_2\n")
    with https.open() as pipe:
        pipe.send(https.request("/new"))
        assert read_response(pipe).status == 200 and pipe.tls.version() == "TLSv1.2"
    assert proxy.flow(kind="http", path="/new")["server"]["tls"]["version"] == "TLSv1.2"


def test_command_line_is_stronger_than_the_file_this_time_too(plain):
    plain.serve(answer_all(lambda request: reply(b"x" * 100)))
    proxy = started(plain, "", "--body-limit", "10")
    reload(proxy, "body-limit: 20\n")
    plain.get()
    assert proxy.flow(kind="http")["response"]["body"]["kept"] == 10


def test_file_that_is_gone_means_the_defaults(plain):
    plain.serve(answer_all(lambda request: reply(b"x" * 100)))
    proxy = started(plain, "body-limit: 10\n")
    (proxy.confdir / "config.yaml").unlink()
    reload(proxy)
    plain.get()
    assert proxy.flow(kind="http")["response"]["body"]["kept"] == 100


def test_option_that_needs_a_new_start_is_kept_and_named(plain):
    plain.serve()
    proxy = started(plain, "threads: 1\nmemory-limit: 64m\n")
    reload(proxy, "threads: 3\nmemory-limit: 32m\nbody-limit: 2\n")
    said = [line for line in proxy.stderr.splitlines() if "keeps its old value" in line]
    assert sorted(line.split("'")[1] for line in said) == ["memory-limit", "threads"]
    plain.get()
    assert proxy.flow(kind="http")["response"]["body"]["kept"] == 2


# Under way


def test_configuration_changes_again_and_again_under_load(way):
    way.serve(answer_all(lambda request: reply(b"x" * 5000)))
    port = free_port()
    texts = [f"mode:\n  - regular\n  - regular@127.0.0.1:{port}\n", "mode: regular\nbody-limit: 1k\n",
             "ssl-insecure: yes\n", "", "nonsense\n"]
    proxy = started(way, "", "--threads", "2")
    wrong, stop = [], threading.Event()

    def work():
        try:
            while not stop.is_set():
                with way.open() as pipe:
                    for _ in range(5):
                        pipe.send(way.request())
                        assert read_response(pipe).body == b"x" * 5000
        except Exception as why:  # pylint: disable=broad-except
            wrong.append(why)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for text in texts * 4:
        reload(proxy, text, "configuration")
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong, wrong


def test_reload_behind_the_end_does_nothing(plain):
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        until(lambda: go, "the signals")
        conn.send(b"-last")

    go = []
    plain.serve(script)
    proxy = started(plain, "", "--grace-time", "600s")
    with plain.open() as pipe:
        pipe.send(plain.request())
        pipe.read_until(b"first")
        proxy.send_signal(signal.SIGTERM)
        until(lambda: refused(proxy.port), "the listener to be closed")
        configure(proxy, f"mode: regular@127.0.0.1:{free_port()}\n")
        proxy.send_signal(signal.SIGHUP)
        go.append(True)
        assert pipe.read(5) == b"-last"
        pipe.read_rest()
    assert proxy.wait() == 0
    assert "configuration" not in proxy.stderr

"""Once it serves, the program gives up what it does not need; what it does goes on as outside."""
import pathlib
import re
import signal
import socket
import subprocess

import pytest

from lib import env
from lib.message import read_response
from lib.wait import until
from lib.weir import SANITIZED
from lib.ways import HTTPS, PLAIN, Way

# A look at the memory by the same user, who is not almighty.
WEAK = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"] if env.is_root() else []


@pytest.fixture
def plain(weir, origin, world):
    way = Way(PLAIN, weir, origin, world)
    way.serve()
    return way


def status(proxy):
    lines = pathlib.Path(f"/proc/{proxy.process.pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def lacks(proxy):
    """What the kernel has not, by the line about the sandbox."""
    return proxy.wait_line("the sandbox holds", "stderr").partition("lacks")[2]


def core_limit(proxy):
    text = pathlib.Path(f"/proc/{proxy.process.pid}/limits").read_text()
    return re.search(r"core file size +(\S+) +(\S+)", text).groups()


def memory_is_open(proxy):
    command = [*WEAK, "dd", f"if=/proc/{proxy.process.pid}/mem", "count=0"]
    return subprocess.run(command, env={"PATH": env.PATH}, capture_output=True, check=False).returncode == 0


def reload(proxy, text):
    """The line about it."""
    (proxy.confdir / "config.yaml").write_text(text)
    before = len(proxy.stderr)
    proxy.send_signal(signal.SIGHUP)
    return until(lambda: re.search(r".*the configuration .*\n", proxy.stderr[before:]), lambda: proxy.stderr).group()


def test_privileges_and_system_calls_are_given_up(weir):
    proxy = weir("-v")
    have = status(proxy)
    assert have["NoNewPrivs"] == "1"
    assert have["Seccomp"] == ("0" if "seccomp" in lacks(proxy) else "2")
    assert {have[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Amb")} == {"0" * 16}
    if env.is_root():
        assert have["CapBnd"] == "0" * 16


def test_every_thread_is_confined(plain):
    proxy = plain.start("--threads", "3")
    assert plain.get().status == 200
    for task in pathlib.Path(f"/proc/{proxy.process.pid}/task").iterdir():
        text = (task / "status").read_text()
        assert "NoNewPrivs:\t1" in text and f"Seccomp:\t{status(proxy)['Seccomp']}" in text, text


def test_no_core_and_no_look_into_the_memory(weir):
    limits = {"wrapper": ["prlimit", "--core=unlimited:unlimited", *WEAK]}
    hidden, open_one = weir(**limits), weir("--no-sandbox", **limits)
    assert core_limit(hidden) == ("0", "0")
    assert memory_is_open(open_one)
    if not SANITIZED:
        assert core_limit(open_one) == ("unlimited", "unlimited")
        assert not memory_is_open(hidden)


def test_nothing_is_given_up_when_told_so(weir):
    proxy = weir("-v", "--no-sandbox")
    assert status(proxy)["NoNewPrivs"] == "0" and status(proxy)["Seccomp"] == "0"
    assert "sandbox" not in proxy.stderr


def test_serving_goes_on_as_outside(weir, origin, world, tmp_path):
    """TLS, names, a key log, a record, and another listener after a reload."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    way = Way(HTTPS, weir, origin, world)
    way.serve()
    log = tmp_path / "keys"
    proxy = way.start("-v", env={"SSLKEYLOGFILE": str(log)})
    assert way.get("/one").status == 200
    assert "was read again" in reload(proxy, f"mode:\n  - regular\n  - regular@127.0.0.1:{port}\n")
    assert f"127.0.0.1:{port}" in proxy.read_ports()
    assert way.get("/two").status == 200
    assert "CLIENT_TRAFFIC_SECRET_0" in log.read_text()
    assert {flow.status for flow in proxy.wait_flows(2, kind="http")} == {200}
    with proxy.dial() as pipe:
        pipe.send(b"GET http://localhost:%d/ HTTP/1.1\r\nHost: x\r\n\r\n" % proxy.port)
        assert read_response(pipe).status == 508, "the name must lead to the proxy itself"


def users(path):
    assert env.run(["htpasswd", "-cbB", "-C", "4", path, "me", "secret"], path.parent).returncode == 0
    return path


def asks_for_password(way):
    with way.proxy.dial() as pipe:
        pipe.send(way.request())
        return read_response(pipe).status == 407


def test_reload_reads_what_is_in_the_folder_and_refuses_other_files(plain, tmp_path):
    proxy = plain.start("-v")
    outside, inside = users(tmp_path / "outside"), users(proxy.confdir / "inside")
    if "landlock" not in lacks(proxy):
        line = reload(proxy, f"proxyauth: '@{outside}'\n")
        assert "stays as it was" in line and "sandbox" in line and str(outside) in line
        assert not asks_for_password(plain)
    assert "was read again" in reload(proxy, f"proxyauth: '@{inside}'\n")
    assert asks_for_password(plain)


def test_reload_reads_any_file_outside_the_sandbox(plain, tmp_path):
    proxy = plain.start("--no-sandbox")
    assert "was read again" in reload(proxy, f"proxyauth: '@{users(tmp_path / 'users')}'\n")
    assert asks_for_password(plain)

"""Fixtures: a started proxy, origins, certificates, clients; each is ended and checked behind its test."""
import itertools
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

import pytest

from lib import clients, h2, pki
from lib.control import Control
from lib.env import scrubbed
from lib.origin import Origin
from lib.recorder import Recorder
from lib.wait import until
from lib.weir import BINARY, Weir, weir_run


def pytest_configure(config):
    config.addinivalue_line("filterwarnings", "ignore:SHA1 signatures are deprecated")
    config.addinivalue_line("filterwarnings", "ignore:ssl.TLSVersion.TLSv1")
    if not BINARY.exists():
        pytest.exit(f"there is no '{BINARY}': run 'make' first, or name the program with WEIR=", 2)


def pytest_runtest_logreport(report):
    """The verdict on each test goes to the end of the file $RECORD, if there is one."""
    if "RECORD" in os.environ and (report.when == "call" or not report.passed):
        with open(os.environ["RECORD"], "a", encoding="utf-8") as record:
            record.write(f"{report.outcome} {report.nodeid}\n")


@pytest.fixture(scope="session")
def world():
    return pki.World()


@pytest.fixture(scope="session")
def shared(tmp_path_factory, world):
    """Files that many tests read: the root of the origins, an authority for the proxies, a root that nobody needs."""
    folder = tmp_path_factory.mktemp("shared")
    files = {"root": world.root.me.write(folder / "root.pem", key=False),
             "foreign": world.foreign.me.write(folder / "foreign.pem", key=False)}
    # Making an RSA key takes a while: the proxies of all tests share one authority, but those that are about making it.
    done = weir_run(folder, "ca", "show", "--confdir", folder / "conf")
    assert done.returncode == 0, done.stderr
    files["ca"] = folder / "conf" / "weir-ca.pem"
    return files


class Factory:
    """Makes things of one kind, and ends all of them behind the test."""

    def __init__(self, make):
        self._make, self._made = make, []

    def __call__(self, *args, **how):
        one = self._make(*args, **how)
        self._made.append(one)
        return one

    def end(self):
        troubles = []
        for one in reversed(self._made):
            try:
                one.stop()
            except AssertionError as why:
                troubles.append(str(why))
        assert not troubles, "\n".join(troubles)


@pytest.fixture
def origin():
    """origin(script, cert, ...) -> a listening Origin."""
    factory = Factory(Origin)
    yield factory
    factory.end()


@pytest.fixture
def recorder():
    """recorder(script, cert, ...) -> a listening Recorder."""
    factory = Factory(Recorder)
    yield factory
    factory.end()


@pytest.fixture
def weir(tmp_path, shared):
    """weir('--option', ...) -> a started Weir that trusts the test root and knows *.test to be here."""
    numbers = itertools.count()

    def make(*options, start=True, ca=None, sites=(), trust=None, **how):
        sites = [option for site in sites for option in ("--resolve", f"site.test:{site.port}:{site.address}")]
        common = ["--upstream-ca", trust or shared["root"], "--grace-time", "1s", *sites]
        proxy = Weir(tmp_path / f"weir{next(numbers)}", *common, *options, ca=shared["ca"] if ca is None else ca, **how)
        return proxy.start() if start else proxy

    factory = Factory(make)
    yield factory
    factory.end()


@pytest.fixture
def site2():
    """site2(answer, cert) -> a listening origin of HTTP/2."""
    factory = Factory(h2.Site)
    yield factory
    factory.end()


@pytest.fixture
def pair(weir, site2, world):
    """pair('--option', ...) -> a proxy, and an origin of HTTP/2 that it knows as site.test."""
    def make(*options, answer=h2.echo, server=h2.Server, **how):
        site = site2(answer, world.good("site.test"), server=server)
        return weir(*options, sites=[site], **how), site
    return make


@pytest.fixture
def nghttpd(tmp_path, world):
    """A server of HTTP/2 with a folder: (port, folder)."""
    folder = tmp_path / "htdocs"
    folder.mkdir()
    (folder / "small").write_bytes(b"hello\n")
    (folder / "large").write_bytes(bytes(range(256)) * 12000)
    cert = world.good("localhost")
    (tmp_path / "key.pem").write_bytes(cert.key_pem)
    (tmp_path / "cert.pem").write_bytes(cert.pem + b"".join(above.pem for above in cert.chain))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", shutil.which("nghttpd"), "-a", "127.0.0.1", "-d", folder,
                                str(port), tmp_path / "key.pem", tmp_path / "cert.pem"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env=scrubbed(tmp_path))

    def listens():
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return True
        except OSError:
            return False
    until(listens, "nghttpd")
    yield port, folder
    process.kill()
    process.wait()


@pytest.fixture
def control(weir):
    """control('--option', ...) -> the control API of a started Weir, which is its .proxy."""
    return lambda *options, **how: Control(weir(*Control.OPTIONS, *options, **how))


@pytest.fixture
def home(tmp_path) -> pathlib.Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def short_home():
    """A folder with a short path: browsers make sockets in it, whose names are limited."""
    with tempfile.TemporaryDirectory(prefix="weir", ignore_cleanup_errors=True) as folder:
        yield pathlib.Path(folder)


@pytest.fixture(scope="session")
def client_tools(tmp_path_factory):
    """Programs that are built once, for clients that need it."""
    return clients.Tools(tmp_path_factory.mktemp("tools"))

"""Attacks by slowness, with slowhttptest and by hand within TLS: they end by a limit, and others are served all along."""
import re
import shutil
import subprocess
import tempfile

import pytest

from lib.env import scrubbed
from lib.message import read_response, reply
from lib.origin import answer_all
from lib.pipe import Ended
from lib.wait import until
from lib.ways import HTTPS, PLAIN, Way

MB = 1 << 20
ATTACKERS = 50
TIMES = ("--head-time", "1s", "--body-time", "1s", "--keepalive-time", "1s", "--handshake-time", "1s")
# Small windows and small reads, which the answer does not fit into.
SLOW_READ = ("-X", "-w", "512", "-y", "1024", "-n", "1", "-z", "32")


@pytest.fixture
def plain(weir, origin, world):
    return Way(PLAIN, weir, origin, world)


@pytest.fixture
def https(weir, origin, world):
    return Way(HTTPS, weir, origin, world)


def serve(way, *options):
    large = bytes(6 * MB)
    way.serve(answer_all(lambda request: reply(large if request.target == "/large" else b"ok")), keep=False)
    way.start("--upstream-idle", "0", *TIMES, *options, record=False)
    assert way.get("/good").status == 200
    return way.proxy.descriptors()


class Attack:
    """slowhttptest, which goes on for a minute or until none of its connections is left."""

    def __init__(self, folder, *words):
        program = shutil.which("slowhttptest")
        if not program:
            pytest.skip("slowhttptest is not installed")
        self.out = tempfile.TemporaryFile()  # pylint: disable=consider-using-with
        command = [program, *words, "-c", str(ATTACKERS), "-r", "200", "-i", "1", "-x", "10", "-l", "60"]
        self.process = subprocess.Popen(command, env=scrubbed(folder), stdout=self.out, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL)

    @property
    def text(self):
        self.out.seek(0)
        return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", self.out.read().decode("utf-8", "replace"))

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.out.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def serve_meanwhile(way, attack, descriptors):
    """Good clients are served until the attack has come and gone by the proxy's doing. Returns how many."""
    most, served = 0, 0

    def gone():
        nonlocal most, served
        assert way.get("/good").status == 200
        served += 1
        now = way.proxy.descriptors()
        most = max(most, now - descriptors)
        return most > ATTACKERS // 2 and now <= descriptors + 2
    until(gone, lambda: f"the end of the attack: {way.proxy.descriptors()} descriptors; {attack.text[-1500:]}", limit=40)
    return served


@pytest.mark.parametrize("words, path, said", [
    (["-H"], "/", "the head of the request was not complete in time"),
    (["-B"], "/", "its content came at less than 500 bytes a second"),
    (SLOW_READ, "/large", "it reads too slowly"),
], ids=["slow-head", "slow-body", "slow-read"])
def test_slow_attack_ends_by_the_limits_and_others_are_served(plain, words, path, said):
    before = serve(plain)
    with Attack(plain.proxy.folder, *words, "-d", plain.proxy.address, "-u", plain.url(path)) as attack:
        assert serve_meanwhile(plain, attack, before) > 3
        plain.proxy.wait_line(said)
        assert "service available:   NO" not in attack.text


@pytest.mark.parametrize("words", [["-H"], ["-B"]], ids=["slow-head", "slow-body"])
def test_slow_attack_on_the_proxy_itself_ends_and_others_are_served(plain, words):
    """As if it were a server: there is nothing at such a target, and a slow way to ask for it does not help."""
    serve(plain)
    with Attack(plain.proxy.folder, *words, "-u", f"http://{plain.proxy.address}/") as attack:
        def ended():
            assert plain.get("/good").status == 200
            return attack.process.poll() is not None
        until(ended, lambda: attack.text[-1500:], limit=40)
        assert "No open connections left" in attack.text


def test_requests_for_thousands_of_ranges_are_forwarded_and_others_are_served(plain):
    """A matter for the server: 18 KB of one field are within the limits."""
    serve(plain)
    with Attack(plain.proxy.folder, "-R", "-a", "1", "-b", "3000", "-d", plain.proxy.address, "-u", plain.url()) as attack:
        def ended():
            assert plain.get("/good").status == 200
            return attack.process.poll() is not None
        until(ended, lambda: attack.text[-1500:], limit=40)
        assert "No open connections left" in attack.text
    ranges = [request for request in plain.site.requests if request.method == "HEAD"]
    assert len(ranges) == ATTACKERS and all(request.value("Range").count(",") > 2000 for request in ranges)


def test_requests_for_too_many_ranges_are_refused(plain):
    before = serve(plain, "--head-max", "8k")
    with Attack(plain.proxy.folder, "-R", "-a", "1", "-b", "3000", "-d", plain.proxy.address, "-u", plain.url()):
        plain.proxy.wait_line("the head is larger than the limit")
        until(lambda: plain.get("/good").status == 200 and plain.proxy.descriptors() <= before + 2, "the end of the attack")
    assert all(request.method == "GET" for request in plain.site.requests)


# Within TLS, where slowhttptest does not go


def silent_in_the_handshake(way, pipe):
    pipe.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")


def silent_in_the_head(way, pipe):
    pipe.start_tls(way.proxy.context(), name="site.test")
    pipe.send(way.request()[:-2])


def silent_in_the_content(way, pipe):
    pipe.start_tls(way.proxy.context(), name="site.test")
    pipe.send(way.request("/", "Content-Length: 100", method="POST"))


def silent_at_first(way, pipe):
    pass


def silent_between_requests(way, pipe):
    pipe.start_tls(way.proxy.context(), name="site.test")


def reads_nothing(way, pipe):
    pipe.start_tls(way.proxy.context(), name="site.test")
    pipe.send(way.request("/large"))


@pytest.mark.parametrize("act", [silent_at_first, silent_in_the_handshake, silent_between_requests, silent_in_the_head,
                                 silent_in_the_content, reads_nothing])
def test_slow_clients_in_tls_are_given_up_and_others_are_served(https, act):
    before = serve(https, "--body-rate", "100k")
    pipes = []
    for _ in range(10):
        pipe = https.proxy.tunnel(https.authority, keep=False, receive_buffer=2048)
        pipes.append(pipe)
        act(https, pipe)
    most = https.proxy.descriptors()
    assert most > before + 5

    def gone():
        assert https.get("/good").status == 200
        return https.proxy.descriptors() <= before + 2
    until(gone, lambda: f"the end of {len(pipes)} slow clients: {https.proxy.descriptors()}", limit=40)
    for pipe in pipes:
        try:
            while pipe.fill():
                pipe.buffer.clear()
        except (Ended, OSError):
            pass
        pipe.close()


# Who means no harm


def test_client_that_a_debugger_holds_is_waited_for_when_told_so(plain):
    """In the middle of its content, for longer than a slow client has."""
    plain.serve(answer_all(lambda request: reply(request.body)))
    plain.start("--body-rate", "0", "--body-time", "100ms", "--head-time", "1s", record=False)
    with plain.open() as held, plain.open() as clock:
        held.send(plain.request(method="POST", body=b"held")[:-2])
        clock.send(b"GET / HTTP/1.1\r\n")
        assert read_response(clock).status == 408
        held.send(b"ld")
        assert read_response(held).body == b"held"

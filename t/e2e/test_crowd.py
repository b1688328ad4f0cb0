"""Ten thousand clients at once, and very many one after the other: all are served, and none leaves memory behind."""
import itertools
import os
import ssl
import threading
import time

import pytest

from lib.crowd import Crowd, need_descriptors
from lib.message import read_response, reply
from lib.origin import answer_all
from lib.pipe import Ended
from lib.wait import until
from lib.ways import HOST
from lib.weir import SANITIZED

PLAIN, SECURE = (900, 100) if SANITIZED else (9000, 1000)
FEW = 20 if SANITIZED else 200
GROWTH = 1.10


def echo(request):
    return reply(request.target.encode() + b"." * 3000)


@pytest.fixture
def sites(origin, world):
    return [origin(answer_all(echo), keep=False), origin(answer_all(echo), cert=world.good(), keep=False)]


def at_rest(crowd):
    """Kilobytes when the same few clients of every kind were the last ones: what is recorded stems from them.
    Three times: which pages of the heap are in use by then is chance, and makes a tenth of it."""
    rests = []
    for _ in range(1 if SANITIZED else 3):
        crowd.come(FEW, FEW).ask().leave()
        seen = []

        def settled():  # what was freed is given back a second after the last has gone
            seen.append(crowd.proxy.resident())
            return len(seen) > 200 and min(seen[-200:]) == max(seen[-200:])
        until(settled, "the memory to settle")
        rests.append(seen[-1])
    return rests


def test_ten_thousand_clients_are_served_at_once_and_leave_no_memory_behind(weir, sites):
    if need_descriptors() < PLAIN + SECURE + 2000:
        pytest.skip(f"this needs {PLAIN + SECURE + 2000} descriptors, and the system gives less ('ulimit -Hn')")
    proxy = weir("--memory-limit", "1m", "--detail", "0", "--upstream-idle", "1", sites=sites, record=False)
    crowd = Crowd(proxy, *sites)
    before = at_rest(crowd)
    crowd.come(PLAIN, SECURE).ask()
    held = proxy.resident()
    crowd.leave()
    after = at_rest(crowd)
    print(f"{before} kB at rest, {held} kB with {PLAIN + SECURE} clients, {after} kB when they had gone")
    if not SANITIZED:  # their allocators keep what was freed
        assert held > max(before) * 2 and min(after) < max(before) * GROWTH


def test_proxy_takes_all_descriptors_that_it_may_have(weir, sites):
    """Shells give 1,024 for the sake of old programs, and allow more."""
    most = min(need_descriptors(), 4000)
    proxy = weir(sites=sites, record=False, files=f"60:{most}")
    crowd = Crowd(proxy, *sites).come(300, 10).ask().ask()
    assert "accepts no more" not in proxy.stderr
    crowd.leave()


# One after the other. 'make churn MINUTES=10' goes on for so long.


class Churn:
    """Clients that come, do this or that, and leave in this or that way."""

    def __init__(self, proxy, plain, secure):
        self.proxy, self.plain, self.secure = proxy, plain, secure
        self.context = proxy.context()
        self.served = itertools.count()

    def get(self, pipe, site):
        front = "" if pipe.tls else f"http://{HOST}:{site.port}"
        pipe.send(f"GET {front}/churn HTTP/1.1\r\nHost: {HOST}:{site.port}\r\n\r\n".encode())
        assert read_response(pipe).body.startswith(b"/churn")
        next(self.served)

    def plain_one(self):
        with self.proxy.dial() as pipe:
            self.get(pipe, self.plain)
            self.get(pipe, self.plain)

    def secure_one(self):
        with self.proxy.secure(HOST, self.secure.port, self.context) as pipe:
            self.get(pipe, self.secure)

    def reset_in_a_request(self):
        pipe = self.proxy.dial()
        pipe.send(f"POST http://{HOST}:{self.plain.port}/ HTTP/1.1\r\nContent-Length: 9\r\n".encode())
        pipe.reset()

    def leaves_in_the_handshake(self):
        with self.proxy.tunnel(f"{HOST}:{self.secure.port}") as pipe:
            pipe.send(b"\x16\x03\x01\x02\x00\x01")

    def refuses_the_certificate(self):
        try:
            self.proxy.secure(HOST, self.secure.port, ssl.create_default_context()).close()
        except (ssl.SSLError, Ended):
            pass

    def garbage(self):
        with self.proxy.dial() as pipe:
            pipe.send(b"\0garbage\r\n\r\n")
            pipe.read_rest()

    def run(self, go_on):
        """Four at a time, until go_on(number of clients so far) is false. Returns how many came."""
        kinds = [self.plain_one, self.secure_one, self.reset_in_a_request, self.plain_one, self.secure_one,
                 self.leaves_in_the_handshake, self.garbage, self.refuses_the_certificate]
        numbers, last, wrong = itertools.count(), [], []

        def work():
            try:
                while not wrong and go_on(number := next(numbers)):
                    kinds[number % len(kinds)]()
                last.append(number)
            except Exception as why:  # pylint: disable=broad-except
                wrong.append(why)
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong, wrong
        return min(last)


def test_clients_that_come_and_go_leave_nothing_behind(weir, sites):
    minutes = float(os.environ.get("CHURN_MINUTES", "0"))
    warm, many = (50, 200) if SANITIZED else (400, 1600)
    proxy = weir("--memory-limit", "1m", "--detail", "0", "--upstream-idle", "1", sites=sites, record=False)
    churn, crowd = Churn(proxy, *sites), Crowd(proxy, *sites)
    churn.run(lambda number: number < warm)
    before, files, end = at_rest(crowd), proxy.descriptors(), time.monotonic() + minutes * 60
    if minutes:
        came = churn.run(lambda number: time.monotonic() < end)
    else:
        came = churn.run(lambda number: number < many)
    after = at_rest(crowd)
    print(f"{came} clients, {next(churn.served)} answers: {before} kB at rest before, {after} kB behind")
    until(lambda: proxy.descriptors() <= files, "the descriptors to be closed")
    if not SANITIZED:
        assert min(after) < max(before) * GROWTH

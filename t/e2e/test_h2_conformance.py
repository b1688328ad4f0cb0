"""HTTP/2 frame by frame against us, as a server and as a client: every row of lib/h2_cases.py."""
import collections
import threading

import h2.exceptions
import pytest

from conftest import Factory
from lib import h2 as two
from lib.h2_cases import BODY, CLIENT, CLOSED, SERVER, Until
from lib.h2_raw import INTERNAL_ERROR, MARK, NO_ERROR, PREFACE, Talk, data, headers, request, response, settings
from lib.message import reply
from lib.origin import answer_all
from lib.wait import until

PROBE = 1001  # the stream of the request behind a case


class Asked:
    """What reached a server as a whole, by case: (stream, method, content, fields, trailers)."""

    def __init__(self):
        self.cases = collections.defaultdict(list)

    def note(self, target, *rest):
        stream, _, case = target.partition("?")
        self.cases[case].append((int(stream[1:]), *rest))

    def http1(self, one):
        trailers = [tuple(line.split(": ")) for line in one.trailers.decode().splitlines()]
        self.note(one.target, one.method, one.body, [(n.lower(), v) for n, v in one.fields], trailers)
        return reply(BODY)

    def http2(self, server, stream, one):
        method, rest = one.value(":method"), BODY
        self.note(one.value(":path"), method, one.body, one.fields, one.trailers)
        try:
            server.conn.send_headers(stream, [(":status", "200")], end_stream=method == "HEAD")
            server.flush()
            while rest and method != "HEAD":
                room = min(len(rest), server.conn.local_flow_control_window(stream))
                if room > 0:
                    server.conn.send_data(stream, rest[:room], end_stream=room == len(rest))
                    server.flush()
                    rest = rest[room:]
                else:
                    server.turn()
        except h2.exceptions.ProtocolError:  # who asked is gone
            pass


@pytest.fixture
def site2():
    factory = Factory(two.Site)
    yield factory
    factory.end()


class Player:
    """Runs cases, each under a number of its own."""

    def __init__(self):
        self.asked, self.troubles, self.number = Asked(), {}, 0

    def send(self, talk, content):
        talk.send(content.replace(MARK.encode(), self.mark.encode()))

    @property
    def mark(self):
        return f"case={self.number:04}"

    def play(self, talk, steps):
        for step in steps:
            if isinstance(step, Until):
                talk.read_until(step.true)
            else:
                self.send(talk, step if isinstance(step, bytes) else step(talk))

    def run(self, name, row, pipe):
        """A client's side."""
        talk = Talk(pipe)
        self.number += 1
        talk.asked = self.asked.cases[self.mark]
        try:
            if not row.bare:
                talk.send(PREFACE + settings())
                talk.read_until(lambda talk: talk.settings and talk.acks)
            self.play(talk, row.steps)
            self.send(talk, headers(PROBE, request(PROBE, method="HEAD")))
            talk.read_until(lambda talk: PROBE in talk.ended and all(talk.done(stream) for stream in row.streams))
        except TimeoutError:
            pass  # what did not come is missing below
        good = any(outcome.holds(talk) for outcome in row.outcomes) and (talk.over or talk.status(PROBE) == "200")
        if not good:
            self.troubles[name] = f"not {[outcome.name for outcome in row.outcomes]}, but {talk.said()}, {talk.asked}"


def made_up(**what):
    """A Talk that nobody had."""
    talk = Talk(None)
    vars(talk).update(asked=[], **what)
    return talk


def test_every_case_can_fail():
    """Ends that are none, a wrong one, a wrong reset, a wrong answer."""
    wrongs = [made_up(over=True), made_up(over=True, goaway=INTERNAL_ERROR), made_up(resets={1: INTERNAL_ERROR, 3: INTERNAL_ERROR}),
              made_up(pongs=[b"another."], heads={1: [[(":status", "200")]]}, ended={1}, content={1: b"another"})]
    for name, row in [*SERVER.items(), *CLIENT.items()]:
        assert CLOSED in row.outcomes or not any(outcome.holds(wrong) for outcome in row.outcomes for wrong in wrongs), name


@pytest.mark.parametrize("tls", [False, True])
def test_every_case_against_us_as_a_server(weir, origin, site2, world, tls):
    player = Player()
    site = site2(player.asked.http2, world.good("site.test")) if tls else origin(answer_all(player.asked.http1))
    proxy = weir("--mode", f"reverse:{'https' if tls else 'http'}://site.test:{site.port}",
                 *([] if tls else ["--no-http2-server"]), sites=[site])
    for name, row in SERVER.items():
        with proxy.dial() as pipe:
            if tls:
                pipe.start_tls(proxy.context(alpn=["h2"]), name="site.test")
            player.run(name, row, pipe)
    assert not player.troubles, "\n".join(f"{name}: {why[:900]}" for name, why in player.troubles.items())


class Badly(Player):
    """A server that plays the row of the moment to the request on stream 1, and answers the others."""

    def __init__(self):
        super().__init__()
        self.row = self.victim = self.over = None

    def serve(self, conn):
        talk, answered, row, over = Talk(conn), set(), self.row, self.over
        assert conn.read(len(PREFACE)) == PREFACE
        if self.victim or not self.row.bare:
            talk.send(settings())
        while not talk.over:
            talk.read_until(lambda talk: talk.heads.keys() - answered)
            for stream in talk.heads.keys() - answered:
                answered.add(stream)
                self.answer(talk, stream)
        if row.lingers:
            over.wait(5)

    def answer(self, talk, stream):
        if dict(talk.heads[stream][0])[":path"] == f"/1?{self.mark}":
            self.victim = self.victim or talk
            self.play(talk, self.row.steps)
        else:
            talk.send(headers(stream, response(), end=False) + data(stream, BODY, True))

    def run(self, name, row, pipe):
        client = Talk(pipe)
        self.number, self.row, self.victim = self.number + 1, row, None
        self.over = threading.Event()
        try:
            client.send(PREFACE + settings(*row.says))
            self.play(client, row.asks or [headers(1, request(1))])
            client.read_until(lambda talk: talk.done(1))
            self.send(client, headers(3, request(3)))
            client.read_until(lambda talk: talk.done(3))
            until(lambda: self.victim.over or 3 in self.victim.heads, "what is sent to the server", limit=5)
        except (TimeoutError, AssertionError):
            pass  # what did not come is missing below
        self.over.set()
        if not (self.got(client) and client.status(3) == "200" and client.content[3] == BODY and
                any(outcome.holds(self.victim) for outcome in row.outcomes)):
            wanted = [outcome.name for outcome in row.outcomes]
            self.troubles[name] = f"not {wanted}, but {self.victim and self.victim.said()}; the client: {client.said()} {client.content}"

    def got(self, client):
        """The content if all of an answer came, None for an error; or it is neither."""
        whole = 1 in client.ended and client.resets.get(1) in (None, NO_ERROR)
        if whole and client.status(1) == "200":
            return client.content.get(1, b"") in self.row.gets
        return (1 in client.resets or (whole and client.status(1) == "502")) and None in self.row.gets


def test_every_case_against_us_as_a_client(weir, origin, world):
    player = Badly()
    site = origin(player.serve, cert=world.good("site.test"), alpn=["h2"])
    proxy = weir("--mode", f"reverse:https://site.test:{site.port}", sites=[site])
    for name, row in CLIENT.items():
        with proxy.dial() as pipe:
            player.run(name, row, pipe)
    assert not player.troubles, "\n".join(f"{name}: {why[:900]}" for name, why in player.troubles.items())

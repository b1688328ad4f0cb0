"""Thousands of ambiguous requests: whatever the proxy lets through, a strict reader behind it sees what the client meant."""
import os

import pytest

from lib.smuggle.answers import all_answers
from lib.smuggle.early import Early, all_early
from lib.smuggle.queries import GROUPS, all_queries
from lib.smuggle.recorder import Recorder
from lib.smuggle.run import CLEAR, PLAIN, TLS, Client, Run
from lib.smuggle.run_answers import AnswerRun, Answering
from lib.weir import SANITIZED, Weir

ALL = os.environ.get("SMUGGLE") == "all"
# How many of each class go each way when it is not all of them. They are spread over the class.
MOST = {PLAIN: 400, CLEAR: 60, TLS: 100}


@pytest.fixture(scope="module")
def queries():
    by_group = {}
    for case in all_queries():
        by_group.setdefault("pairs" if "+" in case.group else case.group, []).append(case)
    return by_group


@pytest.fixture(scope="module")
def answers():
    return all_answers()


def two_ways(folder, shared, plain, secure):
    """One proxy for all, with an origin in the open and one with TLS."""
    names = ["site.test", "evil.test", "other.test"]
    where = [word for site in (plain, secure) for name in names for word in ("--resolve", f"{name}:{site.port}:127.0.0.1")]
    proxy = Weir(folder / "weir", "--upstream-ca", shared["root"], "--grace-time", "1s", "--deny-targets", "10.0.0.0/8",
                 *where, ca=shared["ca"], record=False).start()
    context = proxy.context(alpn=["http/1.1"])  # who says so is held to it
    yield {PLAIN: (Client(PLAIN, proxy.port, plain.port), plain), CLEAR: (Client(CLEAR, proxy.port, plain.port), plain),
           TLS: (Client(TLS, proxy.port, secure.port, context), secure)}
    proxy.stop()
    plain.stop()
    secure.stop()


@pytest.fixture(scope="module")
def ways(tmp_path_factory, shared, world):
    yield from two_ways(tmp_path_factory.mktemp("smuggle"), shared, Recorder(), Recorder(world.good("site.test")))


@pytest.fixture(scope="module")
def answering(tmp_path_factory, shared, world, answers):
    yield from two_ways(tmp_path_factory.mktemp("answers"), shared, Answering(answers), Answering(answers, world.good("site.test")))


@pytest.fixture(scope="module")
def early(tmp_path_factory, shared, world):
    yield from two_ways(tmp_path_factory.mktemp("early"), shared, Early(), Early(world.good("site.test")))


def some(cases, way):
    step = 1 if ALL else max(1, len(cases) // (MOST[way] // (4 if SANITIZED else 1)))
    return cases[::step]


# In a tunnel there is one target, and a CONNECT is none of HTTP's requests.
IN_THE_OPEN = ("M25", "M26", "M28")


def both(groups, ways):
    return [pytest.param(group, way, id=f"{group}-{way}") for group in groups for way in ways if way == PLAIN or group not in IN_THE_OPEN]


@pytest.mark.parametrize("group, way", both([*GROUPS, "pairs"], [PLAIN, CLEAR, TLS]))
def test_requests(group, way, queries, ways):
    run = Run(*ways[way])
    troubles = run(some(queries[group], way))
    print(f"{group} {way}: {run.sent} sent, {run.forwarded} requests forwarded, {run.refused} refused")
    assert not troubles, f"{len(troubles)} of {run.sent}:\n" + "\n".join(troubles[:12])


@pytest.mark.parametrize("group, way", both(["M20", "M23", "M24"], [PLAIN, TLS]))
def test_answers(group, way, answers, answering):
    run = AnswerRun(*answering[way])
    cases = some([case for case in answers if case.group == group], way)
    troubles = run(cases)
    print(f"{group} {way}: {len(cases)} sent, {run.passed} passed on, {run.refused} refused, {run.broken} broken off")
    assert not troubles, f"{len(troubles)} of {len(cases)}:\n" + "\n".join(troubles[:12])


@pytest.mark.parametrize("group, way", both(["M27", "M28"], [PLAIN, TLS]))
def test_early_answers(group, way, early):
    """The rest of a request that was answered already is no request, and no other request is in its place."""
    run = Run(*early[way])
    cases = [case for case in all_early() if case.group == group]
    troubles = run(cases[::1 if way == PLAIN or ALL else 4])
    print(f"{group} {way}: {run.sent} sent, {run.forwarded} requests forwarded")
    assert not troubles, f"{len(troubles)} of {run.sent}:\n" + "\n".join(troubles[:12])

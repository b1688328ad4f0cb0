"""The query language as one meets it: 'weir query explain', and 'weir dump' that shows only what a query matches."""
import re

import pytest

from lib.coding import encode
from lib.message import reply
from lib.origin import answer_all
from lib.ways import PLAIN, WAYS, Way
from lib.weir import weir_run


@pytest.fixture(params=WAYS)
def way(request, weir, origin, world):
    return Way(request.param, weir, origin, world)


@pytest.fixture
def plain(weir, origin, world):
    return Way(PLAIN, weir, origin, world)


def explain(home, text):
    return weir_run(home, "query", "explain", text)


def first_line(done):
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().splitlines()[0]


# weir query


def test_explain_says_the_query_the_sentence_the_tree_and_the_plan(home):
    done = explain(home, "host:*.example.com (status>=400 or body~/err(or)?/) -is:asset")
    assert done.returncode == 0 and not done.stderr
    assert done.stdout.decode() == """\
query: host:*.example.com (status>=400 or body~/err(or)?/) -is:asset

Flows where the host is like *.example.com, and (the status is at least 400, or a content matches /err(or)?/), \
and not: it is a picture, a style, a font or a script.

Tree:
and
  host:*.example.com
  or
    status>=400
    body~/err(or)?/
  not
    is:asset

Plan:
facts at hand:
  host:*.example.com
  status>=400
  is:asset
contents, decoded:
  body~/err(or)?/
only where the host has ".example.com"
"""


@pytest.mark.parametrize("theirs, ours", [
    ("~u login & !~m POST", "url~/login/ -method~/POST/"),
    ('req.host.eq:"x" AND resp.code.gte:400', "host=x status>=400"),
])
def test_other_dialects_are_shown_in_ours(theirs, ours, home):
    assert first_line(explain(home, theirs)) == f"query: {ours}"
    assert first_line(explain(home, ours)) == f"query: {ours}"


@pytest.mark.parametrize("text, at, names", [
    ("stauts:404", 0, "status"),
    ("host:a (GET", 11, "')'"),
    ("url~a[", 6, "regular expression"),
    ("~b", 2, "a value"),
])
def test_mistake_is_pointed_at(text, at, names, home):
    done = explain(home, text)
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 2 and not done.stdout
    assert lines[0].startswith(f"weir: at byte {at} of the query: ") and names in lines[0]
    assert lines[1:] == [f"    {text}", "    " + " " * at + "^"]


def test_words_that_query_does_not_know_are_wrong_usage(home):
    for words in ((), ("explain",), ("frob", "x"), ("explain", "a", "b")):
        done = weir_run(home, "query", *words)
        assert done.returncode == 2 and len(done.stderr.decode().splitlines()) == 1, words


# weir dump


def answer(request):
    path = request.target
    if path.endswith("/missing"):
        return reply(b"no", "404 Not Found")
    if path.endswith("/zipped"):
        return reply(encode("gzip", b"a hidden word"), "200 OK", "Content-Encoding: gzip")
    return reply(b"yes", "200 OK", "X-Kind: plain")


def shown(proxy):
    """The paths of the exchanges that were printed."""
    return re.findall(r"(?m)^\S+ GET \S+?(/[a-z]+) \d", proxy.stdout)


PATHS = ["/missing", "/zipped", "/other", "/other"]


@pytest.mark.parametrize("words, expected", [
    ((), PATHS),
    (("404",), ["/missing"]),
    (("status:2xx", "resp.body:hidden"), ["/zipped"]),
    (("/other or /missing",), ["/missing", "/other", "/other"]),
    (("--filter", "-/other -404"), ["/zipped"]),
    (("~c 404 | ~hs x-kind",), ["/missing", "/other", "/other"]),
    (('resp.code.eq:404 OR req.path.like:"%zip%"',), ["/missing", "/zipped"]),
    (("--filter", "404", "resp.header[x-kind]=plain"), ["/other", "/other"]),
    (("is:error",), []),
])
def test_dump_shows_what_matches_and_records_everything(words, expected, way):
    way.serve(answer_all(answer))
    way.start("--threads", "1", *words)
    for path in PATHS:
        way.get(path)
    way.proxy.wait_flows(len(PATHS), kind="http")
    way.proxy.stop()
    assert shown(way.proxy) == expected
    assert [flow["request"]["target"].rpartition("/")[2] for flow in way.proxy.flows() if flow["kind"] == "http"] == \
        [path[1:] for path in PATHS]


@pytest.mark.parametrize("words", [("404", "("), ("--filter", "404 ("), ("--filter=stauts:1",), ("~u",)])
def test_dump_with_a_mistake_does_not_start(words, home, shared):
    done = weir_run(home, "dump", "-p", "0", "--confdir", shared["ca"].parent, *words)
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 2 and len(lines) == 1 and "at byte" in lines[0] and not done.stdout


def test_query_of_the_configuration_counts_too(plain):
    plain.serve(answer_all(answer))
    plain.start("--threads", "1", env={"WEIR_FILTER": "404"})
    for path in PATHS:
        plain.get(path)
    plain.proxy.wait_flows(len(PATHS), kind="http")
    plain.proxy.stop()
    assert shown(plain.proxy) == ["/missing"]

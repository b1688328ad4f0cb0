"""Rules are looked at before they act: tried on a flow that is stored, and their queries on all of them."""
import base64

import pytest

from lib.api import Api, OPTIONS, Refused
from lib.message import read_response, reply
from lib.origin import answer_all
from lib.wait import until


@pytest.fixture
def site(origin):
    return origin(answer_all(lambda request: reply(b"hello world", "200 OK", "Content-Type: text/plain")))


@pytest.fixture
def proxy(weir, site):
    return weir(*OPTIONS, sites=[site])


@pytest.fixture
def api(proxy):
    return Api(proxy, "tester")


def visit(proxy, api, site, *paths):
    """The ids of the flows."""
    for path in paths:
        with proxy.dial() as pipe:
            pipe.send(f"GET http://site.test:{site.port}{path} HTTP/1.1\r\n"
                      f"Host: site.test:{site.port}\r\n\r\n".encode())
            assert read_response(pipe).status == 200
    rows = until(lambda: (found := api.get("/flows", order="oldest")["rows"]) and len(found) >= len(paths) and found,
                 "the flows")
    return [row["id"] for row in rows]


def content(message):
    return base64.b64decode(message["content"])


def test_a_rule_is_tried_without_being_added(proxy, api, site):
    flow = visit(proxy, api, site, "/a")[0]
    tried = api.post("/rules/test", {"flow": flow, "rule": {"do": "replace-body", "pattern": "world", "with": "you"}})
    assert tried["matches"] and tried["acted"] and not tried["failed"] and tried["end"] == "go"
    assert [step["stage"] for step in tried["steps"]] == ["response"]
    assert content(tried["response"]["before"]) == b"hello world"
    assert content(tried["response"]["after"]) == b"hello you"
    assert "Content-Length: 9\r\n" in tried["response"]["after"]["head"]
    assert tried["request"]["before"] == tried["request"]["after"]
    assert api.get("/rules")["rules"] == []
    whole = api.get(f"/flows/{flow}")
    assert not whole.get("trace") and not whole["response"].get("versions")


def test_a_rule_that_answers_is_tried(proxy, api, site):
    flow = visit(proxy, api, site, "/a")[0]
    tried = api.post("/rules/test", {"flow": flow, "rule": {"do": "block", "when": "path=/a", "status": 410}})
    assert tried["end"] == "answer" and tried["response"]["after"]["head"].startswith("HTTP/1.1 410 ")
    tried = api.post("/rules/test", {"flow": flow, "rule": {"do": "block", "when": "path=/b"}})
    assert not tried["matches"] and not tried["acted"] and tried["steps"] == []


@pytest.mark.parametrize("value, status, code", [
    ({"rule": {"do": "block"}}, 400, "bad-field"),
    ({"rule": {"do": "block"}, "flow": 999999}, 404, "not-found"),
    ({"flow": 1}, 400, "bad-field"),
    ({"flow": 1, "rule": {"do": "nothing-known"}}, 400, "bad-rule"),
    ({"flow": 1, "rule": {"do": "block", "when": "host="}}, 400, "bad-rule"),
    ({"flow": 1, "rule": {"do": "log", "file": "x.log"}}, 400, "outside"),
])
def test_what_cannot_be_tried_is_said(api, proxy, value, status, code):
    with pytest.raises(Refused) as refused:
        api.post("/rules/test", value)
    assert refused.value.status == status and refused.value.body["error"]["code"] == code
    assert not list(proxy.confdir.glob("**/x.log"))


def test_a_query_is_tried_on_all_flows(proxy, api, site):
    ids = visit(proxy, api, site, "/a/1", "/b", "/a/2")
    found = api.post("/rules/dry-run", {"when": "path:/a"})
    assert found == {"matches": 2, "flows": [ids[2], ids[0]]}
    assert api.post("/rules/dry-run", {"rule": {"do": "block", "when": "path=/b"}})["flows"] == [ids[1]]
    assert api.post("/rules/dry-run", {"rule": {"do": "block"}})["matches"] == 3
    assert all(not api.get(f"/flows/{flow}").get("trace") for flow in ids)


@pytest.mark.parametrize("value", [{}, {"when": 1}, {"rule": "x"}, {"when": "host="}])
def test_a_query_that_is_none_is_said(api, value):
    with pytest.raises(Refused) as refused:
        api.post("/rules/dry-run", value)
    assert refused.value.status == 400


def test_only_the_newest_are_listed(proxy, api, site):
    visit(proxy, api, site, *(f"/{number}" for number in range(22)))
    found = api.post("/rules/dry-run", {"when": ""})
    assert found["matches"] == 22 and len(found["flows"]) == 20

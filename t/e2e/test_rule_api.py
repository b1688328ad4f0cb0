"""Rules through the API: made, changed, moved, kept in a file, counted, traced, and swapped under load."""
import json
import threading

import pytest

from lib.api import Api, OPTIONS, Refused
from lib.echo import ask, echo, send
from lib.message import read_response, reply
from lib.origin import answer_all
from lib.wait import until


@pytest.fixture
def site(origin):
    return origin(answer_all(echo))


@pytest.fixture
def proxy(weir, site):
    return weir(*OPTIONS, sites=[site])


@pytest.fixture
def api(proxy):
    return Api(proxy, "tester")


def names(api):
    return [rule["name"] for rule in api.get("/rules")["rules"]]


def test_rule_acts_is_counted_and_traced(proxy, api, site):
    rule = api.post("/rules", {"name": "tag it", "when": "path:/a", "do": "set-field", "side": "request",
                               "field": "X-Tag", "value": "one"})
    assert rule["id"] and rule["name"] == "tag it"
    assert ["X-Tag", "one"] in json.loads(ask(proxy, site, "/a").body)["fields"]
    assert "X-Tag" not in ask(proxy, site, "/b").text
    assert api.get(f"/rules/{rule['id']}")["hits"] == 1
    flow = until(lambda: api.get("/flows", query="path:/a")["rows"], "the flow")[0]
    whole = api.get(f"/flows/{flow['id']}")
    assert any(step.get("name") == "tag it" for step in whole["trace"]), whole["trace"]


def test_rules_stand_in_an_order_that_can_be_changed(proxy, api, site):
    ids = [api.rule("set-field", side="request", field="X-Last", value=str(number)) for number in range(3)]
    assert ["X-Last", "2"] in json.loads(ask(proxy, site).body)["fields"]
    api.post(f"/rules/{ids[2]}/move", {"before": ids[0]})
    assert [rule["id"] for rule in api.get("/rules")["rules"]] == [ids[2], ids[0], ids[1]]
    assert ["X-Last", "1"] in json.loads(ask(proxy, site).body)["fields"]
    api.patch(f"/rules/{ids[1]}", {"on": False})
    assert ["X-Last", "0"] in json.loads(ask(proxy, site).body)["fields"]
    api.delete(f"/rules/{ids[0]}")
    assert ["X-Last", "2"] in json.loads(ask(proxy, site).body)["fields"]
    with pytest.raises(Refused) as refused:
        api.get(f"/rules/{ids[0]}")
    assert refused.value.status == 404


def test_rules_are_kept_in_a_file_for_the_next_start(weir, site):
    proxy = weir(*OPTIONS, sites=[site])
    api = Api(proxy)
    api.post("/rules", {"name": "mock", "when": "path:/mock", "do": "answer", "status": 201,
                        "fields": ["Content-Type: text/plain", "X-By: weir"], "body": "made here\n"})
    file = proxy.confdir / "rules" / "rules.yaml"
    assert "mock" in file.read_text() and file.stat().st_mode & 0o777 == 0o600
    proxy.stop()
    again = weir(*OPTIONS, sites=[site], start=False)
    (again.confdir / "rules").mkdir()
    (again.confdir / "rules" / "rules.yaml").write_bytes(file.read_bytes())
    again.start()
    answer = ask(again, site, "/mock")
    assert (answer.status, answer.body, answer.value("X-By")) == (201, b"made here\n", "weir")
    assert names(Api(again)) == ["mock"]


def test_bad_rule_is_refused_and_the_others_stay(proxy, api):
    api.rule("mark", mark="red")
    for bad, named in [({"do": "fly"}, "fly"), ({"do": "mark"}, "mark"), ({"do": "mark", "mark": "x", "when": "status>"}, "when"),
                       ({"do": "mark", "mark": "x", "whne": "a"}, "whne"), ({"do": "delay", "time": "soon"}, "soon"),
                       ({"do": "mark", "mark": {"a": 1}}, "mark")]:
        with pytest.raises(Refused) as refused:
            api.post("/rules", bad)
        assert refused.value.status == 400 and named in refused.value.body["error"]["text"], (bad, refused.value.body)
    assert len(names(api)) == 1


def test_actions_are_described(api):
    actions = {action["name"]: action for action in api.get("/rules/actions")["actions"]}
    assert {"set-field", "answer", "block", "delay", "throttle", "fault", "hold", "map-local", "map-remote"} <= set(actions)
    for action in actions.values():
        assert action["help"]
        for param in action["params"]:
            assert param["help"] and param["type"], action


def test_what_is_done_is_on_record(api):
    rule = api.rule("mark", mark="red")
    api.delete(f"/rules/{rule}")
    said = [line["text"] for line in api.get("/audit")["lines"] if line["who"] == "tester"]
    assert f"added rule {rule}" in said and f"removed rule {rule}" in said


def test_rules_change_under_load_and_no_exchange_is_lost_or_doubled(proxy, api, site):
    wrong, answers = [], []

    def load(client):
        try:
            with proxy.dial() as pipe:
                for number in range(300):
                    path = f"/load{client}-{number}"
                    send(pipe, site, path)
                    seen = json.loads(read_response(pipe).body)
                    assert seen["target"] == path
                    assert len([value for name, value in seen["fields"] if name == "X-Rule"]) <= 1
                    answers.append(path)
        except Exception as why:  # pylint: disable=broad-except
            wrong.append(why)

    clients = [threading.Thread(target=load, args=(number,)) for number in range(6)]
    for client in clients:
        client.start()
    changes = 0
    while any(client.is_alive() for client in clients) and changes < 500:
        rule = api.rule("set-field", side="request", field="X-Rule", value=str(changes))
        api.patch(f"/rules/{rule}", {"value": "changed"})
        api.delete(f"/rules/{rule}")
        changes += 1
    for client in clients:
        client.join(60)
    assert not wrong, wrong
    assert changes > 1 and len(answers) == len(set(answers)) == 1800
    seen = [request.target for conn in site.connections for request in conn.requests]
    assert sorted(seen) == sorted(answers)


def test_composed_request_is_sent_as_it_is(proxy, api, origin):
    site = origin(answer_all(echo))
    url = f"http://127.0.0.1:{site.port}"
    api.rule("set-field", side="request", field="X-Rule", value="1")
    flow = api.post("/send", {"url": url + "/x?y", "method": "PUT", "fields": [["A", "1"]], "content": "hello"})
    assert flow["response"]["status"] == 200
    request = site.connections[0].requests[0]
    assert request.head == f"PUT /x?y HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nA: 1\r\nContent-Length: 5\r\n\r\n".encode()
    assert request.body == b"hello"
    assert until(lambda: api.get("/flows", query="path:/x")["rows"], "the flow")
    head = f"GET /odd HTTP/1.1\r\nHost:   127.0.0.1:{site.port}\r\nx-CASE:\tv \r\n\r\n"
    api.post("/send", {"url": url, "head": head})
    assert site.connections[-1].requests[-1].head == head.encode()
    for bad, named in [({"url": "ftp://a/"}, "url"), ({"url": url, "head": "GET / HTTP/1.1\n\n"}, "byte"),
                       ({"url": url, "content_base64": "*"}, "content_base64"),
                       ({"url": url, "fields": [["A", "1\r\nB: 2"]]}, "fields"),
                       ({"url": url, "fields": [["A: 1\r\nB", "2"]]}, "fields"),
                       ({"url": url, "method": "GET /x HTTP/1.1\r\nA:"}, "method")]:
        with pytest.raises(Refused) as refused:
            api.post("/send", bad)
        assert refused.value.status == 400 and named in refused.value.body["error"]["text"]


def test_composed_request_that_fails_says_why(proxy, api, world, origin):
    flow = api.post("/send", {"url": "http://127.0.0.1:1/"})
    assert flow["error"]["reason"] == "connect"
    named = origin(answer_all(echo), cert=world.good())
    flow = api.post("/send", {"url": f"https://127.0.0.1:{named.port}/"})
    assert flow["error"]["reason"] == "tls-verify" and not named.connections[0].requests


def test_exact_bytes_go_out_right_or_wrong(proxy, api, origin):
    got = []

    def script(conn):
        got.append(conn.read_until(b"\n\nbody"))
        conn.send(reply(b"ok"))
    site = origin(script)
    flow = api.post("/send", {"url": f"http://127.0.0.1:{site.port}", "head": "GET  /\u00e4 HTTP/9\n\n", "content": "body", "exact": True})
    assert flow["response"]["status"] == 200
    assert got[0] == b"GET  /\xc3\xa4 HTTP/9\n\nbody"


def test_what_is_shown_of_a_rule_can_be_put_back(api):
    rule = api.post("/rules", {"name": "n", "do": "answer", "fields": ["A: 1", "B: 2"], "body": "x"})
    again = api.call("PUT", f"/rules/{rule['id']}", {**rule, "body": "y"})
    assert again == {**rule, "body": "y"}


def test_every_argument_of_every_action_has_a_type(api):
    actions = api.get("/rules/actions")["actions"]
    types = {param["type"] for action in actions for param in action["params"]}
    assert types == {"text", "list", "number", "bool", "duration", "size", "side", "file", "choice"}
    assert all(bool(param["choices"]) == (param["type"] == "choice") for action in actions for param in action["params"])

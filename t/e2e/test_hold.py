"""Messages are held, changed, answered, dropped: by the API, while everybody else goes on."""
import base64
import json
import threading

import pytest

from lib import coding
from lib.api import Api, OPTIONS, Refused
from lib.echo import echo, send
from lib.message import read_response, reply
from lib.origin import answer_all
from lib.pipe import Ended
from lib.wait import until


class Client:
    """A request in a thread of its own."""

    def __init__(self, proxy, site, path="/", method="GET", body=b"", secure=False):
        self.answer = self.failure = None
        self._how = proxy, site, path, method, body, secure
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        proxy, site, path, method, body, secure = self._how
        host = f"site.test:{site.port}"
        front = "" if secure else f"http://{host}"
        lines = [f"{method} {front}{path} HTTP/1.1", f"Host: {host}"] + ([f"Content-Length: {len(body)}"] if body else [])
        try:
            with (proxy.secure("site.test", site.port) if secure else proxy.dial()) as pipe:
                pipe.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
                self.answer = read_response(pipe, method)
        except (Ended, OSError) as why:
            self.failure = why

    def wait(self):
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self


@pytest.fixture
def site(origin):
    return origin(answer_all(echo))


@pytest.fixture
def proxy(weir, site):
    return weir(*OPTIONS, sites=[site])


@pytest.fixture
def api(proxy):
    return Api(proxy, "tester")


def test_request_is_held_changed_and_let_go(proxy, api, site):
    api.rule("hold", "path:/hold", at="request")
    client = Client(proxy, site, "/hold?a=1", "POST", b"hello")
    held = api.wait_held()[0]
    assert held["stage"] == "request" and held["method"] == "POST"
    assert not site.connections
    whole = api.get(f"/held/{held['id']}")
    assert base64.b64decode(whole["request"]["content"]) == b"hello"
    api.post(f"/held/{held['id']}/edit", {"method": "PUT", "path": "/other", "set": [["X-New", "1"]], "content": "goodbye"})
    assert client.answer is None
    api.post(f"/held/{held['id']}/forward")
    seen = json.loads(client.wait().answer.body)
    assert (seen["method"], seen["target"], seen["body"]) == ("PUT", "/other", "goodbye")
    assert ["X-New", "1"] in seen["fields"] and ["Content-Length", "7"] in seen["fields"]
    assert api.held() == []


def test_others_go_on_while_one_is_held(proxy, api, site):
    api.rule("hold", "path:/hold", at="request-head")
    held = Client(proxy, site, "/hold")
    api.wait_held()
    for number in range(20):
        assert Client(proxy, site, f"/other{number}").wait().answer.status == 200
    assert held.answer is None
    api.post("/held/all/forward")
    assert held.wait().answer.status == 200


def test_response_is_held_and_changed(proxy, api, site):
    api.rule("hold", "path:/hold", at="response")
    client = Client(proxy, site, "/hold")
    held = api.wait_held(stage="response")[0]
    api.post(f"/held/{held['id']}/edit", {"status": 404, "content": "changed", "forward": True})
    answer = client.wait().answer
    assert (answer.status, answer.body) == (404, b"changed")
    flow = proxy.flow(path="/hold")
    assert flow["response"]["status"] == 200


def test_response_of_a_held_request_is_held_too(proxy, api, site):
    api.rule("hold", "path:/hold", at="request-head")
    client = Client(proxy, site, "/hold")
    held = api.wait_held()[0]
    api.post(f"/held/{held['id']}/hold-response")
    again = api.wait_held(stage="response")[0]
    assert again["id"] == held["id"] and again["status"] == 200
    api.post(f"/held/{held['id']}/answer", {"status": 418, "content": "teapot"})
    answer = client.wait().answer
    assert (answer.status, answer.body) == (418, b"teapot")


@pytest.mark.parametrize("action", ["drop", "reset"])
def test_held_request_is_ended(proxy, api, site, action):
    api.rule("hold", at="request-head")
    client = Client(proxy, site)
    held = api.wait_held()[0]
    api.post(f"/held/{held['id']}/{action}")
    assert client.wait().failure is not None
    assert not site.connections
    assert proxy.flow()["error"]["reason"] == "rule"


def test_change_is_taken_back(proxy, api, site):
    api.rule("hold", at="request-head")
    client = Client(proxy, site, "/was")
    held = api.wait_held()[0]["id"]
    api.post(f"/held/{held}/edit", {"path": "/is"})
    api.post(f"/held/{held}/revert")
    api.post(f"/held/{held}/forward")
    assert json.loads(client.wait().answer.body)["target"] == "/was"


def test_bad_change_is_refused_and_nothing_is_lost(proxy, api, site):
    api.rule("hold", at="request-head")
    client = Client(proxy, site, "/was")
    held = api.wait_held()[0]["id"]
    for change, named in [({"path": "no"}, "no"), ({"set": [["a b", "c"]]}, "a b"), ({"status": 200}, "request"),
                          ({"head": "GET / HTTP/1.1\nHost: a\n\n"}, "byte 14"), ({"fields": 3}, "fields")]:
        with pytest.raises(Refused) as refused:
            api.post(f"/held/{held}/edit", change)
        assert refused.value.status in (400, 409) and named in str(refused.value.body)
    api.post(f"/held/{held}/forward")
    assert json.loads(client.wait().answer.body)["target"] == "/was"


TEXT = "text that a person wrote, again and again. " * 100


def fields_of(seen, name):
    return [value for key, value in seen["fields"] if key.lower() == name]


@pytest.mark.parametrize("codings", ["gzip", "deflate", "br", "zstd", "br, gzip"])
def test_coded_request_is_edited_as_text_and_keeps_its_coding(proxy, api, site, codings):
    api.rule("hold", at="request")
    with proxy.dial() as pipe:
        send(pipe, site, "/", f"content-encoding: {codings}", method="POST", body=coding.encode(codings, b"was"))
        held = api.wait_held()[0]["id"]
        api.post(f"/held/{held}/edit", {"content": TEXT, "encode": True})
        api.post(f"/held/{held}/edit", {"set": [["X-Also", "1"]], "forward": True})
        seen = json.loads(read_response(pipe).body)
    sent = seen["body"].encode("latin-1")
    assert coding.decode(codings, sent) == TEXT.encode() and len(sent) < len(TEXT)
    assert ["content-encoding", codings] in seen["fields"] and ["X-Also", "1"] in seen["fields"]
    assert fields_of(seen, "content-length") == [str(len(sent))] and not fields_of(seen, "transfer-encoding")


def test_coded_response_is_edited_as_text_and_keeps_its_coding(weir, origin):
    packed = coding.encode("br", b"was")
    site = origin(answer_all(lambda request: reply(packed, "200 OK", "Content-Encoding: br")))
    proxy = weir(*OPTIONS, sites=[site])
    api = Api(proxy)
    api.rule("hold", at="response")
    client = Client(proxy, site)
    held = api.wait_held()[0]["id"]
    api.post(f"/held/{held}/edit", {"content_base64": base64.b64encode(TEXT.encode()).decode(), "encode": True, "forward": True})
    answer = client.wait().answer
    assert coding.decode("br", answer.body) == TEXT.encode() and answer.values("Content-Encoding") == ["br"]


@pytest.mark.parametrize("action", ["decode", "encode", "encode-toggle"])
def test_answer_to_head_says_what_it_said(weir, origin, action):
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 123\r\n\r\n"
    site = origin(answer_all(lambda request: head))
    proxy = weir(*OPTIONS, sites=[site])
    api = Api(proxy)
    api.rule("hold", at="response")
    client = Client(proxy, site, method="HEAD")
    held = api.wait_held()[0]["id"]
    api.post(f"/held/{held}/{action}")
    api.post(f"/held/{held}/forward")
    answer = client.wait().answer
    assert answer.values("Content-Encoding") == ["gzip"] and answer.values("Content-Length") == ["123"]


def test_message_without_coding_stays_without(proxy, api, site):
    api.rule("hold", at="request")
    client = Client(proxy, site, "/", "POST", b"was")
    held = api.wait_held()[0]["id"]
    api.post(f"/held/{held}/edit", {"content": "is", "encode": True, "forward": True})
    seen = json.loads(client.wait().answer.body)
    assert seen["body"] == "is" and not fields_of(seen, "content-encoding")


def test_answer_is_encoded_as_its_fields_say(proxy, api, site):
    api.rule("hold", at="request")
    client = Client(proxy, site)
    held = api.wait_held()[0]["id"]
    answer = {"status": 203, "fields": [["Content-Encoding", "zstd"]], "content": TEXT, "encode": True}
    with pytest.raises(Refused) as refused:
        api.post(f"/held/{held}/answer", {**answer, "fields": [["Content-Encoding", "sdch"]]})
    assert "cannot encode 'sdch'" in str(refused.value.body)
    api.post(f"/held/{held}/answer", answer)
    answer = client.wait().answer
    assert (answer.status, coding.decode("zstd", answer.body)) == (203, TEXT.encode())
    assert answer.values("Content-Encoding") == ["zstd"] and not site.connections


def test_coding_that_cannot_be_made_is_refused_and_nothing_is_lost(proxy, api, site):
    api.rule("hold", at="request")
    with proxy.dial() as pipe:
        send(pipe, site, "/", "Content-Encoding: sdch", method="POST", body=b"was")
        held = api.wait_held()[0]["id"]
        for change, named in [({"content": "x", "encode": True}, "cannot encode 'sdch'"), ({"encode": True}, "without content"),
                              ({"encode": True, "exact": True, "head": "x", "content": "x"}, "beside exact")]:
            with pytest.raises(Refused) as refused:
                api.post(f"/held/{held}/edit", change)
            assert refused.value.status in (400, 409) and named in str(refused.value.body)
        api.post(f"/held/{held}/forward")
        seen = json.loads(read_response(pipe).body)
    assert seen["body"] == "was" and fields_of(seen, "content-encoding") == ["sdch"]


def test_who_decided_is_on_record(proxy, api, site):
    api.rule("hold", at="request-head")
    first = Client(proxy, site)
    held = api.wait_held()[0]["id"]
    api.post(f"/held/{held}/forward")
    first.wait()
    clients = [Client(proxy, site) for _ in range(2)]
    api.wait_held(2)
    api.post("/held/all/drop")
    for client in clients:
        client.wait()
    acts = [line["text"] for line in api.get("/audit")["lines"] if line["kind"] == "act"]
    assert f"forwarded flow {held}" in acts and "dropped flows: 2" in acts


def test_held_flow_belongs_to_who_took_it(proxy, api, site):
    api.rule("hold", at="request-head")
    client = Client(proxy, site)
    held = api.wait_held()[0]["id"]
    api.post(f"/held/{held}/take")
    assert api.held()[0]["owner"] == "tester"
    other = Api(proxy, "other")
    with pytest.raises(Refused) as refused:
        other.post(f"/held/{held}/drop")
    assert "tester" in str(refused.value.body)
    other.post(f"/held/{held}/take?force=1")
    other.post(f"/held/{held}/forward")
    assert client.wait().answer.status == 200


@pytest.mark.parametrize("default", ["forward", "drop"])
def test_time_of_a_hold_ends(weir, site, default):
    proxy = weir(*OPTIONS, "--hold-timeout", "200ms", "--hold-default", default, sites=[site])
    Api(proxy).rule("hold", at="request-head")
    client = Client(proxy, site).wait()
    assert (client.answer is not None) == (default == "forward")


def test_client_that_leaves_is_held_no_more(proxy, api, site):
    api.rule("hold", at="request-head")
    with proxy.dial() as pipe:
        pipe.send(f"GET http://site.test:{site.port}/ HTTP/1.1\r\nHost: site.test\r\n\r\n".encode())
        api.wait_held()
        pipe.reset()
    until(lambda: not api.held(), "nothing to be held")
    assert not site.connections


def test_flow_is_ended_held_or_not(proxy, api, site, origin):
    slow = origin(lambda conn: conn.request() and conn.read_rest())
    with proxy.dial() as pipe:
        pipe.send(f"GET http://127.0.0.1:{slow.port}/slow HTTP/1.1\r\nHost: 127.0.0.1:{slow.port}\r\n\r\n".encode())
        live = until(lambda: api.get("/live")["flows"], "a flow under way")
        api.post(f"/flows/{live[0]['id']}/kill")
        with pytest.raises((Ended, OSError)):
            read_response(pipe)
    assert proxy.flow(path="/slow")["error"]["reason"] == "killed"
    with pytest.raises(Refused) as refused:
        api.post("/flows/99999/kill")
    assert refused.value.status == 404


def test_thousand_flows_are_held_at_once(proxy, api, site):
    api.rule("hold", "path:/many", at="request-head")
    pipes = [proxy.dial() for _ in range(1000)]
    for number, pipe in enumerate(pipes):
        pipe.send(f"GET http://site.test:{site.port}/many{number} HTTP/1.1\r\nHost: site.test\r\n\r\n".encode())
    held = until(lambda: (found := api.get("/held")) and found["total"] == 1000 and found, "a thousand to be held")
    assert len({one["id"] for one in held["flows"]}) == 1000
    assert Client(proxy, site, "/free").wait().answer.status == 200
    api.post("/held/all/forward")
    for number, pipe in enumerate(pipes):
        assert json.loads(read_response(pipe).body)["target"] == f"/many{number}"
        pipe.close()
    assert api.held() == []


def test_held_in_tls(weir, origin, world):
    site = origin(answer_all(echo), cert=world.good())
    proxy = weir(*OPTIONS, sites=[site])
    api = Api(proxy)
    api.rule("hold", "path:/s", at="request")
    client = Client(proxy, site, "/s", "POST", b"x" * 100000, secure=True)
    held = api.wait_held()[0]
    assert held["url"].startswith("https://")
    api.post(f"/held/{held['id']}/edit", {"content": "short", "forward": True})
    assert json.loads(client.wait().answer.body)["body"] == "short"

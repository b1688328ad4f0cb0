"""weir mcp: what an assistant sees of the traffic, and what it may do."""
import json
import subprocess

import pytest

from lib.api import Api, OPTIONS
from lib.echo import ask
from lib.env import scrubbed
from lib.message import read_response, reply
from lib.origin import answer_all
from lib.wait import until
from lib.weir import BINARY, SANITIZER_ENV


class Assistant:
    def __init__(self, proxy, *words):
        self._process = subprocess.Popen([str(BINARY), "mcp", "--confdir", str(proxy.confdir), *words], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                         env={**scrubbed(proxy.folder), **SANITIZER_ENV})
        self._number = 0

    def ask(self, method, **params):
        self._number += 1
        message = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert answer["id"] == self._number
        return answer

    def tool(self, tool, **arguments):
        answer = self.ask("tools/call", name=tool, arguments=arguments)
        assert "result" in answer, answer
        return answer["result"]["content"][0]["text"], answer["result"]["isError"]

    def close(self):
        self._process.stdin.close()
        rest = self._process.stdout.read()
        assert (self._process.wait(20), rest, self._process.stderr.read()) == (0, b"", b"")


@pytest.fixture
def site(origin):
    return origin(answer_all(lambda _: reply(b'{"user": "me", "password": "hunter2"}', "200 OK", "Content-Type: application/json",
                                             "Set-Cookie: sid=hidden")))


@pytest.fixture
def proxy(weir, site):
    proxy = weir(*OPTIONS, sites=[site])
    with proxy.dial() as pipe:
        pipe.send(f"GET http://site.test:{site.port}/a?token=hidden HTTP/1.1\r\nHost: site.test\r\nAuthorization: hidden\r\n\r\n".encode())
        read_response(pipe)
    proxy.wait_flows(1)
    return proxy


def test_assistant_sees_traffic_without_secrets(proxy):
    assistant = Assistant(proxy)
    assert assistant.ask("initialize", protocolVersion="2025-06-18")["result"]["serverInfo"]["name"] == "weir"
    rows = json.loads(assistant.tool("search_flows", query="host:site.test")[0])["rows"]
    assert len(rows) == 1 and "/a" in rows[0]["url"]
    flow, _ = assistant.tool("get_flow", id=rows[0]["id"])
    content, _ = assistant.tool("get_content", id=rows[0]["id"], side="response")
    for text in (json.dumps(rows), flow, content):
        assert "hidden" not in text and "hunter2" not in text
    assert "[redacted]" in flow and json.loads(content) == {"user": "me", "password": "[redacted]"}
    text, failed = assistant.tool("search_flows", query="status>")
    assert failed and "query" in text
    assert json.loads(assistant.tool("count_flows")[0])
    assistant.close()


def test_secrets_are_shown_when_asked_for(proxy):
    assistant = Assistant(proxy, "--show-secrets")
    assert "hunter2" in assistant.tool("get_content", id=1, side="response")[0]
    assistant.close()


def test_assistant_changes_nothing_unless_it_may(proxy):
    assistant = Assistant(proxy)
    tools = {tool["name"] for tool in assistant.ask("tools/list")["result"]["tools"]}
    assert "add_rule" not in tools and "search_flows" in tools
    assert "error" in assistant.ask("tools/call", name="add_rule", arguments={"name": "x", "do": "mark"})
    assistant.close()
    assert Api(proxy).get("/rules")["rules"] == []
    assistant = Assistant(proxy, "--allow-actions")
    text, failed = assistant.tool("add_rule", name="x", do="mark", args={"mark": "red"}, when="path:/a")
    assert not failed, text
    rule = json.loads(text)["id"]
    assert "x" in assistant.tool("list_rules")[0]
    assert not assistant.tool("remove_rule", id=rule)[1]
    assistant.close()
    assert Api(proxy).get("/rules")["rules"] == []


def test_without_an_engine_it_says_so(tmp_path):
    done = subprocess.run([str(BINARY), "mcp", "--socket", str(tmp_path / "none.sock")], input=b"", capture_output=True, timeout=60,
                          env={**scrubbed(tmp_path), **SANITIZER_ENV}, check=False)
    assert done.returncode == 1 and b"no engine answers at" in done.stderr


# Over the control API


def rpc(api, method, ident=1, **params):
    return json.loads(api.call("POST", "/api/v1/mcp", {"jsonrpc": "2.0", "id": ident, "method": method, "params": params}).body)


def test_api_speaks_it_too_and_is_read_only(control, origin):
    site = origin(answer_all(lambda request: reply(b'{"password": "hunter2", "a": 1}', "200 OK", "Content-Type: application/json",
                                                   "Set-Cookie: id=hunter2")))
    api = control(sites=[site])
    ask(api.proxy, site, "/x?token=hunter2")
    until(lambda: api.get("/flows/count")["count"] == 1, "the flow")
    assert rpc(api, "initialize", "x")["result"]["serverInfo"]["name"] == "weir"
    tools = {tool["name"] for tool in rpc(api, "tools/list")["result"]["tools"]}
    assert "search_flows" in tools and not tools & {"add_rule", "edit_held", "mark_flow"}
    answer = rpc(api, "tools/call", 7, name="search_flows", arguments={"query": "path:/x"})
    assert answer["id"] == 7 and not answer["result"]["isError"]
    rows = json.loads(answer["result"]["content"][0]["text"])["rows"]
    body = rpc(api, "tools/call", name="get_content", arguments={"id": rows[0]["id"], "side": "response"})
    assert json.loads(body["result"]["content"][0]["text"])["a"] == 1
    assert "hunter2" not in json.dumps([answer, body])
    assert rpc(api, "tools/call", name="add_rule", arguments={"name": "x", "do": "block"})["error"]["code"] == -32602
    assert rpc(api, "tools/call", name="get_flow", arguments={"id": 999})["result"]["isError"]
    assert api.get("/rules")["rules"] == []


def test_api_gives_actions_when_it_was_started_so(control):
    api = control("--mcp-allow-actions")
    answer = rpc(api, "tools/call", name="add_rule", arguments={"name": "x", "do": "block", "args": {"status": "404"}})
    assert not answer["result"]["isError"] and api.get("/rules")["rules"][0]["name"] == "x"
    assert [line["text"] for line in api.get("/audit")["lines"]] == ["added rule 1", "POST /api/v1/rules 200"]


def test_messages_to_the_api_that_are_none_are_answered(control):
    api = control()
    for content in (b"", b"{", b"[]", b"[{}]"):
        assert json.loads(api.call("POST", "/api/v1/mcp", content or None).body)["error"]["code"] in (-32700, -32600)
    note = api.call("POST", "/api/v1/mcp", {"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert note.status == 202 and note.body == b""
    assert api.call("GET", "/api/v1/mcp").status == 405
    assert rpc(api, "no/such")["error"]["code"] == -32601
    assert api.code("POST", "/api/v1/mcp", {}, token=False) == (401, "no-token")
    assert api.code("POST", "/api/v1/mcp", {}, fields={"Origin": "http://evil.test"}) == (403, "wrong-origin")


def test_client_that_leaves_before_a_tool_has_answered_does_no_harm(control):
    api = control()
    for _ in range(20):
        with api.dial() as pipe:
            pipe.send(api.request("POST", "/api/v1/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                                                          "params": {"name": "search_flows", "arguments": {}}}))
    assert rpc(api, "ping")["result"] == {}

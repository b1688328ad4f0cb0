"""weir mcp: what an assistant sees of the traffic, and what it may do."""
import json
import subprocess

import pytest

from lib.api import Api, OPTIONS
from lib.env import scrubbed
from lib.message import read_response, reply
from lib.origin import answer_all
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

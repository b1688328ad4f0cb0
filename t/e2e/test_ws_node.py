"""WebSockets by Node's 'ws' on both sides, through a proxy that the client knows and in front of the server."""
import base64
import json
import subprocess

import pytest

from conftest import Factory
from lib.clients import PROGRAMS
from lib.env import run, scrubbed
from lib.wait import until

WAYS = ["connect wss", "reverse wss", "connect ws", "reverse ws"]
DEFLATE = {"perMessageDeflate": {"threshold": 0}}
MODULES = {"NODE_PATH": "/usr/share/nodejs"}


class NodeServer:
    def __init__(self, folder, cert=None, options=None):
        folder.mkdir()
        pem = cert.write(folder / "cert.pem") if cert else ""
        self.out = folder / "out"
        with open(self.out, "wb") as out:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "node", PROGRAMS / "ws.js", "serve", pem, json.dumps(options or {})],
                env=scrubbed(folder, **MODULES), cwd=folder, stdin=subprocess.DEVNULL, stdout=out)
        self.port = until(lambda: self.heard, "the port of the server")[0][1]

    @property
    def heard(self):
        return lines(self.out.read_bytes())

    def stop(self):
        self.process.kill()
        self.process.wait()


def lines(text):
    return [json.loads(line) for line in text[:text.rfind(b"\n") + 1].splitlines()]


@pytest.fixture
def talk(weir, world, home):
    """talk(way, steps, ...) -> what the client heard, what the server did, and the flow."""
    servers = Factory(NodeServer)

    def make(way, steps, client=None, server=None):
        mode, _, scheme = way.partition(" ")
        site = servers(home / "server", world.good() if scheme == "wss" else None, server)
        at = f"site.test:{site.port}"
        modes = ["--mode", f"reverse:{scheme.replace('ws', 'http')}://{at}"] if mode == "reverse" else []
        proxy = weir(*modes, "--resolve", f"{at}:127.0.0.1")
        url, to = (f"{scheme}://{at}/chat", proxy.proxy) if mode == "connect" else (f"{scheme}://localhost:{proxy.port}/chat", "")
        done = run(["node", PROGRAMS / "ws.js", "talk", url, to, json.dumps(client or {}), json.dumps(steps)], home,
                   NODE_EXTRA_CA_CERTS=proxy.ca_file, **MODULES)
        assert done.returncode == 0, done.stderr.decode()
        until(lambda: any(what[0] == "close" for what in site.heard), lambda: f"the end at the server: {site.heard}")
        return lines(done.stdout), site.heard[1:], proxy.flow(kind="http", path="/chat")

    yield make
    servers.end()


def said(flow):
    return [(m["from"], m["op"], base64.b64decode(m["base64"])) for m in flow["messages"]["list"]]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("how", [{}, DEFLATE])
def test_messages_of_every_kind(talk, way, how):
    steps = [["send", "water \u00fc"], ["bytes", "0001ff"], ["parts", ["a", "b", "c"]], ["send", ""], ["repeat", "deep", 50000],
             ["ping", "there?"], ["send", '!["ping", "here?"]'], ["send", '!["parts", ["x", "y"]]']]
    heard, server, flow = talk(way, steps, client=how, server=how)
    assert heard[1:] == [["text", "water \u00fc"], ["bytes", "0001ff"], ["text", "abc"], ["text", ""], ["text", "deep" * 50000],
                         ["pong", "there?"], ["ping", "here?"], ["text", "pong"], ["text", "xy"], ["close", 1000, "done"]]
    assert ["ping", "there?"] in server and ["pong", "here?"] in server and server[-1] == ["close", 1000, "done"]
    assert heard[0] == ["open", "permessage-deflate" if how else ""]
    whole = [("text", "water \u00fc".encode()), ("binary", b"\0\1\xff"), ("text", b"abc"), ("text", b""), ("text", b"deep" * 50000)]
    assert [one[1:] for one in said(flow) if one[0] == "server"][:5] == whole
    assert [one[1:] for one in said(flow) if one[0] == "client"][:5] == whole
    assert ("client", "ping", b"there?") in said(flow) and ("server", "pong", b"there?") in said(flow)
    kept = flow["messages"]["list"]
    assert [len(m["frames"]) for m in kept if "frames" in m and m["size"] < 9] == [3, 2]
    assert all(("compressed" in m["flags"]) == bool(how) for m in kept if m["op"] in ("text", "binary") and m["size"])
    assert [(m["code"], m["reason"]) for m in kept if m["op"] == "close"] == [(1000, "done")] * 2 and flow.reason is None


@pytest.mark.parametrize("context", [{"serverNoContextTakeover": True, "clientNoContextTakeover": True},
                                     {"serverMaxWindowBits": 9, "clientMaxWindowBits": 10}])
def test_compression_as_they_agree_on_it(talk, context):
    how = {"perMessageDeflate": {"threshold": 0, **context}}
    heard, _, flow = talk("connect wss", [["repeat", "deep water ", 3000]] * 3, client=how, server=how)
    agreed = next(value for name, value in flow["response"]["fields"] if name == "Sec-WebSocket-Extensions")
    assert agreed.count(";") == 2 and [what for what in heard if what[0] == "text"] == [["text", "deep water " * 3000]] * 3
    assert [one[2] for one in said(flow) if one[1] == "text"] == [b"deep water " * 3000] * 6


@pytest.mark.parametrize("code, why", [(1001, "going away"), (1011, ""), (3000, "\u00fc" * 60), (4999, "x" * 123)])
def test_a_server_closes_with_its_code(talk, code, why):
    heard, server, flow = talk("connect wss", [["send", f"!{json.dumps(['close', code, why])}"]])
    assert heard[-1] == server[-1] == ["close", code, why]
    closes = [m for m in flow["messages"]["list"] if m["op"] == "close"]
    assert [(m["from"], m["code"], m["reason"]) for m in closes] == [("server", code, why), ("client", code, why)]


def test_a_message_that_is_too_large_for_its_server(talk):
    heard, server, flow = talk("reverse wss", [["repeat", "deep", 1000]], server={"maxPayload": 3000})
    assert heard[-1][:2] == ["close", 1009] and server[-1][0] == "close"
    assert [m["code"] for m in flow["messages"]["list"] if m["op"] == "close" and m["from"] == "server"] == [1009]


def test_an_end_without_a_close_stays_one(talk):
    heard, server, flow = talk("connect wss", [["send", "one"], ["terminate"]])
    assert heard[-1] == ["close", 1006, ""] == server[-1]
    assert [one[1:] for one in said(flow)] == [("text", b"one"), ("text", b"one")]

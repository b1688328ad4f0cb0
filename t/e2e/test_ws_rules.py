"""Messages of WebSockets that rules and people change, drop, hold and send."""
import base64
import zlib

import pytest

from lib.api import Api, OPTIONS, Refused
from lib.wait import until
from lib.websocket import BINARY, CLOSE, PING, TEXT, frame, masked
from lib.ws_line import KEY, Lines, mask_of


def read_frame(pipe):
    first, second = pipe.read(2)
    size = second & 0x7f
    if size >= 126:
        size = int.from_bytes(pipe.read(2 if size == 126 else 8), "big")
    key = pipe.read(4) if second & 0x80 else None
    content = pipe.read(size)
    return first, masked(content, key) if key else content


class Talk:
    """A WebSocket, with an API that has rules for its messages."""

    def __init__(self, weir, origin, rules=(), fields=(), options=()):
        self.lines = Lines(weir, origin, *OPTIONS, *options, fields=fields)
        self.api = Api(self.lines.proxy, "person")
        for do, when, args in rules:
            self.api.rule(do, when, **args)
        self.line = self.lines.open()

    def say(self, sender, content, opcode=TEXT, **how):
        self.line.sides(sender)[0].send(frame(opcode, content, mask=mask_of(sender), **how))

    def hear(self, sender):
        return read_frame(self.line.sides(sender)[1])

    def live(self):
        flows = self.api.get("/live")["flows"]
        return flows[0]["id"] if flows else None

    def finish(self):
        self.line.finish()
        return self.lines.proxy.flow(kind="http")


def test_rules_see_messages(weir, origin):
    talk = Talk(weir, origin, [
        ("drop", "msg.op:ping msg.dir:server", {}),
        ("replace-message", "msg.body:secret", {"pattern": "secret", "with": "******"}),
        ("mark", "msg.body~/^mark/", {"mark": "red"}),
        ("tag", "msg.size>1000", {"tag": "large"})])
    talk.say("client", b"a secret word")
    assert talk.hear("client") == (0x81, b"a ****** word")
    talk.say("server", b"p", PING)
    talk.say("server", b"mark me")
    assert talk.hear("server") == (0x81, b"mark me")
    talk.say("client", b"p", PING)
    assert talk.hear("client") == (0x89, b"p")
    talk.say("client", b"x" * 2000)
    assert talk.hear("client") == (0x81, b"x" * 2000)
    flow = talk.finish()
    kept = flow["messages"]["list"]
    assert [("edited" in m["flags"], "dropped" in m["flags"]) for m in kept[:5]] == [
        (True, False), (False, True), (False, False), (False, False), (False, False)]
    assert base64.b64decode(kept[0]["base64"]) == b"a secret word"
    assert base64.b64decode(kept[0]["sent_base64"]) == b"a ****** word"
    assert kept[0]["by"] == "rule test replace-message" and kept[1]["by"] == "rule test drop"
    assert flow["marks"]["mark"] == "red" and flow["marks"]["tags"] == ["large"]
    assert [t["stage"] for t in flow["trace"]] == ["message"] * 4
    ids = [row["id"] for row in talk.api.get("/flows", query="msg.body:word msg.dir:client")["rows"]]
    assert ids == [flow["id"]] and talk.api.get("/flows", query="msg.body:nowhere")["rows"] == []


@pytest.mark.parametrize("how", ["", "; client_no_context_takeover"])
def test_changed_messages_are_compressed_again(weir, origin, how):
    talk = Talk(weir, origin, [("replace-message", "msg.body:old", {"pattern": "old", "with": "new", "literal": True}),
                               ("drop", "msg.body:away", {})],
                ["Sec-WebSocket-Extensions: permessage-deflate" + how])
    squeeze, unpack = zlib.compressobj(9, zlib.DEFLATED, -15), zlib.decompressobj(-15)
    for said, heard in [(b"first " * 20, b"first " * 20), (b"old " * 20, b"new " * 20), (b"go away", None),
                        (b"old " * 20, b"new " * 20), (b"first " * 20, b"first " * 20)]:
        if how:
            squeeze, unpack = zlib.compressobj(9, zlib.DEFLATED, -15), zlib.decompressobj(-15)
        data = squeeze.compress(said) + squeeze.flush(zlib.Z_SYNC_FLUSH)
        talk.say("client", data[:-4], bits=4)
        if heard:
            first, content = talk.hear("client")
            assert first == 0xc1 and unpack.decompress(content + b"\0\0\xff\xff") == heard
    talk.finish()


def test_person_holds_edits_and_drops_messages(weir, origin):
    talk = Talk(weir, origin, [("hold", "msg.op:text", {"at": "message"})])
    talk.say("client", b"one")
    held = talk.api.wait_held(stage="message")[0]["id"]
    shown = talk.api.get(f"/held/{held}")["messages"][0]
    assert base64.b64decode(shown["base64"]) == b"one" and shown["from"] == "client"
    talk.say("server", b"p", PING)
    assert talk.hear("server") == (0x89, b"p")  # the other direction goes on
    talk.api.post(f"/held/{held}/edit", {"content": "another"})
    talk.api.post(f"/held/{held}/forward")
    assert talk.hear("client") == (0x81, b"another")
    talk.say("client", b"two")
    talk.api.wait_held(stage="message")
    with pytest.raises(Refused):
        talk.api.post(f"/held/{held}/edit", {"path": "/x"})
    talk.api.post(f"/held/{held}/drop")
    talk.say("client", b"three", BINARY)
    assert talk.hear("client") == (0x82, b"three")
    flow = talk.finish()
    texts = [m for m in flow["messages"]["list"] if m["op"] == "text"]
    assert [m["flags"] for m in texts] == [["held", "edited"], ["held", "dropped"]]
    assert [m["by"] for m in texts] == ["client person", "person"]


def test_messages_are_sent_by_hand_and_seen_while_it_is_open(weir, origin):
    talk = Talk(weir, origin)
    talk.say("client", b"hello")
    assert talk.hear("client") == (0x81, b"hello")
    flow = until(talk.live, "a flow under way")
    talk.api.post(f"/flows/{flow}/messages", {"to": "server", "content": "by hand"})
    assert talk.hear("client") == (0x81, b"by hand")
    talk.api.post("/commands/inject.websocket", {"id": flow, "to": "client", "op": "binary", "content_base64": "AAE="})
    assert talk.hear("server") == (0x82, b"\0\1")
    page = talk.api.post("/commands/flow.messages", {"id": flow})
    assert page["live"] and [(m["op"], m["flags"]) for m in page["messages"]] == [
        ("text", []), ("text", ["injected"]), ("binary", ["injected"])]
    assert page["messages"][1]["by"] == "client person"
    # In the middle of a message it waits for its end.
    talk.say("client", b"fr", fin=False)
    assert talk.hear("client") == (0x01, b"fr")
    talk.api.post(f"/flows/{flow}/messages", {"to": "server", "op": "ping", "content": "p"})
    talk.say("client", b"ag", 0)
    assert talk.hear("client") == (0x80, b"ag")
    assert talk.hear("client") == (0x89, b"p")
    for bad in ({"to": "nobody"}, {"to": "client", "op": "shout"}, {"to": "client", "op": "ping", "content": "x" * 126}):
        with pytest.raises(Refused):
            talk.api.post(f"/flows/{flow}/messages", bad)
    recorded = talk.finish()
    assert recorded["id"] == flow and not talk.api.get(f"/flows/{flow}/messages")["live"]
    with pytest.raises(Refused):
        talk.api.post(f"/flows/{flow}/messages", {"to": "server", "content": "late"})


def test_open_websocket_is_ended_on_request(weir, origin):
    talk = Talk(weir, origin)
    flow = until(talk.live, "a flow under way")
    talk.api.post(f"/flows/{flow}/kill")
    talk.line.client.read_rest()
    talk.line.server.over = True
    assert talk.lines.proxy.flow(kind="http").reason == "killed"


def test_what_all_ends_does_not_hide_the_rest(weir, origin):
    talk = Talk(weir, origin, [("hold", "msg.op:text", {"at": "message"})], options=["--threads", "1"])
    other = talk.lines.open()
    for sender in "client", "server":
        talk.say(sender, b"first")
    talk.api.wait_held(2)
    other.sides("client")[0].send(frame(TEXT, b"second", mask=mask_of("client")))
    talk.api.wait_held(3)
    # The reset of the first WebSocket takes both of its messages.
    talk.api.post("/held/all/reset")
    until(lambda: not talk.api.held(), lambda: talk.api.held())
    talk.lines.proxy.wait_flows(2, kind="http")
    for line in talk.line, other:
        line.end()

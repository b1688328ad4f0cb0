"""Server-sent events and messages of gRPC that rules and people change, drop, hold and send."""
import base64
import queue
import zlib
from concurrent import futures

import grpc
import pytest

from lib.api import Api, OPTIONS, Refused
from lib.message import read_response
from lib.wait import until
from lib.websocket import WebSocket
from lib.weir import SANITIZED

from test_events import SSE, Steps, ask, many


def live(api):
    """The only exchange under way."""
    return until(lambda: [one for one in api.get("/live")["flows"] if one["kind"] == "http"], "a flow under way")[0]["id"]


def flags(flow, sender=None):
    return [one["flags"] for one in flow["messages"]["list"] if sender in (None, one["from"])]


def read_chunk(pipe):
    size = int(pipe.read_until(b"\r\n"), 16)
    data = pipe.read(size)
    assert pipe.read(2) == b"\r\n"
    return data


class Stream:
    """A stream of events with an API that has rules for them."""

    def __init__(self, weir, origin, rules=(), fields=(), options=()):
        self.steps = Steps(origin, SSE, *fields)
        self.proxy = weir(*OPTIONS, *options)
        self.api = Api(self.proxy, "person")
        for do, when, args in rules:
            self.api.rule(do, when, **args)
        self.pipe = self.proxy.dial()
        ask(self.pipe, self.steps.site)

    def head(self):
        return self.pipe.read_until(b"\r\n\r\n")

    def hear(self, size):
        """So many bytes of events, however they are cut."""
        data = b""
        while len(data) < size:
            data += read_chunk(self.pipe)
        return data

    def finish(self):
        self.steps.say(b"")
        assert self.pipe.read_until(b"0\r\n\r\n").endswith(b"0\r\n\r\n")
        self.pipe.close()
        return self.proxy.flow(kind="http")


def test_rules_see_events(weir, origin):
    stream = Stream(weir, origin, [
        ("replace-message", "msg.op:secret", {"pattern": "word", "with": "two\nlines"}),
        ("drop", "msg.body:away", {}), ("tag", "msg.size>1000", {"tag": "large"})])
    stream.head()
    stream.steps.say(b": hello\n\nid: 7\nevent: secret\ndata: a word\n\n")
    want = b": hello\n\nid: 7\nevent: secret\ndata: a two\ndata: lines\n\n"
    assert stream.hear(len(want)) == want
    stream.steps.say(b"data: go away\n\ndata: st")
    stream.steps.say(b"ays\r\n\r\n")
    assert stream.hear(15) == b"data: stays\r\n\r\n"
    stream.steps.say(b"data: " + b"x" * 2000 + b"\n\n")
    assert len(stream.hear(2008)) == 2008
    flow = stream.finish()
    assert flags(flow) == [["edited"], ["dropped"], [], []]
    first, second = flow["messages"]["list"][:2]
    assert (base64.b64decode(first["base64"]), base64.b64decode(first["sent_base64"])) == (b"a word", b"a two\nlines")
    assert (first["by"], second["by"]) == ("rule test replace-message", "rule test drop")
    assert flow["marks"]["tags"] == ["large"] and {step["stage"] for step in flow["trace"]} == {"message"}
    # On record the rules say the same.
    tried = stream.api.post("/rules/test", {"rule": {"do": "drop", "when": "msg.body:away"}, "flow": flow["id"]})
    assert tried["matched"] if "matched" in tried else tried


@pytest.mark.parametrize("wanted", [True, False, None])
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_compressed_events_go_on_decoded_where_they_are_wanted(weir, origin, coding, wanted):
    # Of another host it is nobody's wish.
    when = "msg.body:old" if wanted else "host:other.test"
    rules = [] if wanted is None else [("replace-message", when, {"pattern": "old", "with": "new"})]
    stream = Stream(weir, origin, rules, [f"Content-Encoding: {coding}"])
    packer = zlib.compressobj(wbits=31 if coding == "gzip" else 15)
    head = stream.head()
    assert (b"Content-Encoding" in head) == (not wanted)
    data = packer.compress(b"data: old\n\ndata: more\n\n") + packer.flush(zlib.Z_SYNC_FLUSH)
    stream.steps.say(data)
    assert stream.hear(23 if wanted else len(data)) == (b"data: new\n\ndata: more\n\n" if wanted else data)
    end = packer.flush()
    stream.steps.say(end)
    if not wanted:
        assert stream.hear(len(end)) == end
    assert flags(stream.finish()) == ([["edited"], []] if wanted else [[], []])


def test_person_holds_edits_drops_and_sends_events(weir, origin):
    stream = Stream(weir, origin, [("hold", "msg.op:sse", {"at": "message"})])
    api = stream.api
    stream.head()
    stream.steps.say(b": at once\n\nretry: 5\nevent: add\ndata: one\n\n")
    assert stream.hear(11) == b": at once\n\n"
    held = api.wait_held(stage="message")[0]["id"]
    shown = api.get(f"/held/{held}")["messages"][0]
    assert (shown["kind"], shown["name"], base64.b64decode(shown["base64"])) == ("sse", "add", b"one")
    api.post("/commands/inject.event", {"id": held, "to": "client", "event": "by-hand", "content": "behind"})
    api.post(f"/held/{held}/edit", {"content": "another\none"})
    api.post(f"/held/{held}/forward")
    want = b"retry: 5\nevent: add\ndata: another\ndata: one\n\nevent: by-hand\ndata: behind\n\n"
    assert stream.hear(len(want)) == want
    stream.steps.say(b"data: two\n\n")
    api.wait_held(stage="message")
    with pytest.raises(Refused):
        api.post(f"/held/{held}/edit", {"status": 404})
    api.post(f"/held/{held}/drop")
    stream.steps.say(b"data: three\n\n")
    api.wait_held(stage="message")
    api.post(f"/held/{held}/forward")
    assert stream.hear(13) == b"data: three\n\n"
    flow = stream.finish()
    assert flags(flow) == [["held", "edited"], ["injected"], ["held", "dropped"], ["held"]]
    assert flow["messages"]["list"][1]["name"] == "by-hand"


def test_events_are_sent_by_hand_where_nobody_wants_any(weir, origin):
    stream = Stream(weir, origin)
    stream.head()
    stream.steps.say(b"data: o")
    assert stream.hear(7) == b"data: o"
    flow = live(stream.api)
    stream.api.post(f"/flows/{flow}/messages", {"to": "client", "content": "ours"})
    for bad in ({"to": "server", "content": "x"}, {"to": "client", "event": "a\nb", "content": "x"}):
        with pytest.raises(Refused):
            stream.api.post(f"/flows/{flow}/messages", bad)
    stream.steps.say(b"ne\n\n")
    assert stream.hear(16) == b"ne\n\ndata: ours\n\n"
    assert flags(stream.finish()) == [[], ["injected"]]


@pytest.mark.parametrize("default", ["forward", "drop"])
def test_nobody_decides_about_an_event(weir, origin, default):
    stream = Stream(weir, origin, [("hold", "msg.body:one", {"at": "message"})],
                    options=("--hold-timeout", "100ms", "--hold-default", default))
    stream.head()
    stream.steps.say(b"data: one\n\n")
    stream.steps.say(b"data: two\n\n")
    want = b"data: two\n\n" if default == "drop" else b"data: one\n\ndata: two\n\n"
    assert stream.hear(len(want)) == want
    assert flags(stream.finish())[0] == (["held", "dropped"] if default == "drop" else ["held"])


def test_a_client_that_leaves_ends_the_wait_for_an_event(weir, origin):
    stream = Stream(weir, origin, [("hold", "", {"at": "message"})])
    stream.head()
    stream.steps.say(b"data: one\n\n")
    stream.api.wait_held(stage="message")
    stream.pipe.reset()
    flow = stream.proxy.flow(kind="http")
    stream.steps.say(b"")
    assert flags(flow) == [["held", "dropped"]] and flow.reason.startswith("client") and not stream.api.held()


def test_a_length_that_was_said_is_not_where_events_are_wanted(weir, origin):
    body = b"data: abc\n\ndata: stays\n\n"
    site = origin(lambda conn: conn.request() and conn.send(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)))
    proxy = weir(*OPTIONS)
    Api(proxy).rule("replace-message", "msg.body:abc", pattern="abc", **{"with": "another"})
    for version, framing in ((b"1.1", "chunked"), (b"1.0", "")):
        with proxy.dial() as pipe:
            pipe.send(b"GET http://127.0.0.1:%d/ HTTP/%s\r\nHost: x\r\n\r\n" % (site.port, version))
            answer = read_response(pipe)
            assert (answer.body, answer.value("Transfer-Encoding"), answer.values("Content-Length")) == (
                b"data: another\n\ndata: stays\n\n", framing, [])


def test_many_events_that_are_wanted_in_constant_memory(weir, origin):
    total, event = 20000, b"data: " + b"e" * 2000 + b"\n\n"
    site = many(origin, total, event)
    proxy = weir(*OPTIONS, "--threads", "1", "--body-limit", "4k", "--memory-limit", "32m")
    Api(proxy).rule("replace-message", "msg.op:sse", pattern="^eee", **{"with": "fff"})
    before = proxy.resident()
    with proxy.dial(keep=False) as pipe:
        ask(pipe, site)
        pipe.read_until(b"\r\n\r\n")
        size = 0
        while data := read_chunk(pipe):
            assert data.startswith(b"data: fffe")
            size += len(data)
    assert size == total * len(event)
    assert proxy.resident() - before < (400 if SANITIZED else 32) * 1024
    assert proxy.flow(kind="http")["messages"]["total"] == total


def test_hooks_say_events(control, origin):
    site = origin(lambda conn: conn.request() and conn.send(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 22\r\n\r\ndata: one\n\ndata: two\n\n"))
    api = control()
    socket = WebSocket(api.dial_socket(), "/api/v1/feed", "localhost")
    socket.send({"hooks": {"names": ["message"]}})
    while socket.receive()["type"] != "hooks":
        pass
    with api.proxy.dial() as pipe:
        ask(pipe, site)
        read_response(pipe)
    heard = []
    while len(heard) < 2:
        message = socket.receive()
        if message["type"] == "hook":
            heard.append((message["hook"], message["word"], message["text"], message["size"]))
    assert heard == [("message", "server", "sse", 3)] * 2


# gRPC, by the client and server of Debian


@pytest.fixture
def peer(world):
    """The port of a server of gRPC whose method /t.T/Talk says what it hears, compressed."""
    server = grpc.server(futures.ThreadPoolExecutor(4), compression=grpc.Compression.Gzip)

    def talk(requests, context):
        for request in requests:
            yield b"<" + request + b">"

    handler = grpc.stream_stream_rpc_method_handler(talk)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {"Talk": handler}),))
    cert = world.good("site.test")
    chain = b"".join(one.pem for one in (cert, *cert.chain))
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(cert.key_pem, chain)]))
    server.start()
    yield port
    server.stop(0).wait()


class Talk:
    """A stream both ways through a proxy in front of the server."""

    def __init__(self, weir, port, *rules, options=(), compression=grpc.Compression.NoCompression):
        self.proxy = weir(*OPTIONS, *options, "--mode", f"reverse:https://site.test:{port}", "--resolve", f"site.test:{port}:127.0.0.1")
        self.api = Api(self.proxy, "person")
        for do, when, args in rules:
            self.api.rule(do, when, **args)
        trust = grpc.ssl_channel_credentials(self.proxy.ca_file.read_bytes())
        self.channel = grpc.secure_channel(f"127.0.0.1:{self.proxy.port}", trust, compression=compression, options=[
            ("grpc.enable_http_proxy", 0), ("grpc.ssl_target_name_override", "site.test")])
        self.said = queue.Queue()
        self.answers = self.channel.stream_stream("/t.T/Talk")(iter(self.said.get, None), timeout=30)

    def say(self, word):
        self.said.put(word)

    def hear(self):
        return next(self.answers)

    def finish(self):
        self.say(None)
        rest = list(self.answers)
        assert self.answers.code() == grpc.StatusCode.OK
        self.channel.close()
        return rest, self.proxy.flow(kind="http")


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_rules_see_grpc(weir, peer, compression):
    talk = Talk(weir, peer, ("replace-message", "msg.dir:client msg.body:secret", {"pattern": "secret", "with": "**", "literal": True}),
                ("replace-message", "msg.dir:server msg.body:price", {"pattern": "price", "with": "gift"}),
                ("drop", "msg.dir:client msg.body:away", {}), compression=compression)
    word = b"a secret " + b"word " * 50
    talk.say(word)
    assert talk.hear() == b"<" + word.replace(b"secret", b"**") + b">"
    talk.say(b"the price" * 30)
    assert talk.hear() == b"<" + b"the gift" * 30 + b">"
    talk.say(b"go away")
    talk.say(b"x" * 100000)
    assert talk.hear() == b"<" + b"x" * 100000 + b">"
    rest, flow = talk.finish()
    kinds = [[flag for flag in one if flag != "compressed"] for one in flags(flow, "client")]
    assert not rest and kinds == [["edited"], [], ["dropped"], []]
    assert [[flag for flag in one if flag != "compressed"] for one in flags(flow, "server")] == [[], ["edited"], []]
    # What came compressed was read, and went on uncompressed where it was changed.
    assert ("compressed" in flags(flow, "client")[0]) == (compression == grpc.Compression.Gzip)
    assert "compressed" in flags(flow, "server")[1]


def test_person_holds_edits_drops_and_sends_grpc(weir, peer):
    talk = Talk(weir, peer, ("hold", "msg.dir:client", {"at": "message"}))
    api = talk.api
    talk.say(b"one")
    held = api.wait_held(stage="message")[0]["id"]
    shown = api.get(f"/held/{held}")["messages"][0]
    assert (shown["kind"], shown["from"], base64.b64decode(shown["base64"])) == ("grpc", "client", b"one")
    api.post(f"/flows/{held}/messages", {"to": "server", "content": "behind"})
    api.post(f"/held/{held}/edit", {"content": "another"})
    api.post(f"/held/{held}/forward")
    assert [talk.hear(), talk.hear()] == [b"<another>", b"<behind>"]
    # The other direction goes on while this one waits.
    talk.say(b"two")
    api.wait_held(stage="message")
    api.post("/commands/inject.grpc", {"id": held, "to": "client", "content": "by hand"})
    assert talk.hear() == b"by hand"
    api.post(f"/held/{held}/drop")
    talk.say(b"three")
    api.wait_held(stage="message")
    api.post(f"/held/{held}/forward")
    assert talk.hear() == b"<three>"
    rest, flow = talk.finish()
    assert not rest and flags(flow, "client") == [["held", "edited"], ["injected"], ["held", "dropped"], ["held"]]


def test_grpc_is_sent_by_hand_where_nobody_wants_any(weir, peer):
    talk = Talk(weir, peer)
    talk.say(b"one")
    assert talk.hear() == b"<one>"
    flow = live(talk.api)
    talk.api.post(f"/flows/{flow}/messages", {"to": "client", "content": "to the client"})
    assert talk.hear() == b"to the client"
    talk.api.post(f"/flows/{flow}/messages", {"to": "server", "content": "to the server"})
    assert talk.hear() == b"<to the server>"
    rest, recorded = talk.finish()
    assert not rest and [one.count("injected") for one in flags(recorded)] == [0, 0, 1, 1, 0]

"""gRPC by its own library on both sides, through a proxy that it knows and through one that it does not."""
import base64
import queue
import threading

import grpc
import pytest

from conftest import Factory
from lib import rpc
from lib.api import Api, OPTIONS
from test_events import live_messages

WAIT = 20
WAYS = [f"{mode} {scheme}" for mode in ("connect", "reverse") for scheme in ("https", "http")]


class Lake(rpc.Service):
    def __init__(self):
        self.told, self.over, self.go_on = None, threading.Event(), threading.Event()

    def unary_echo(self, request, context):
        self.told = dict(context.invocation_metadata())
        context.set_trailing_metadata((("depth", "9"), ("trace-bin", b"\0\1\xff")))
        return b"<" + request + b">"

    def unary_packed(self, request, context):
        context.set_compression(grpc.Compression.Gzip)
        return request * 20

    def down_count(self, request, _context):
        yield from (b"%d" % number for number in range(int(request)))

    def up_join(self, requests, _context):
        return b"+".join(requests)

    def both_echo(self, requests, _context):
        yield from (b"<" + request + b">" for request in requests)

    def both_fail(self, requests, context):
        yield next(requests)
        context.set_trailing_metadata((("depth", "9"),))
        context.abort(grpc.StatusCode.DATA_LOSS, "100 % gone: \u00fc")

    def unary_wait(self, _request, context):
        context.add_callback(self.over.set)
        self.go_on.set()
        assert self.over.wait(WAIT)

    def down_wait(self, request, context):
        yield request
        self.unary_wait(request, context)


@pytest.fixture
def lake():
    return Lake()


@pytest.fixture
def call(weir, lake, world):
    """call(way) -> call(kind, method) -> what calls it that way; .proxy"""
    servers = Factory(rpc.Server)
    channels = []

    def make(way, *options, **how):
        mode, _, scheme = way.partition(" ")
        server = servers(lake, world.good() if scheme == "https" else None)
        at = f"site.test:{server.port}"
        modes = ["--mode", f"reverse:{scheme}://{at}"] if mode == "reverse" else []
        proxy = weir(*modes, "--resolve", f"{at}:127.0.0.1", *OPTIONS, *options)
        root = proxy.ca_file.read_bytes() if scheme == "https" else None
        to = {"target": at, "proxy": proxy.proxy} if mode == "connect" else {"target": proxy.address}
        channels.append(rpc.channel(root=root, **to, **how))

        def method(kind, name):
            return getattr(channels[-1], kind)(f"/{rpc.NAME}/{name}")
        method.proxy = proxy
        return method

    yield make
    for channel in channels:
        channel.close()
    servers.end()


def said(flow):
    return [(one["from"], base64.b64decode(one["base64"])) for one in flow["messages"]["list"]]


def trailers(flow):
    return dict(flow["response"]["trailers"]["fields"])


@pytest.mark.parametrize("way", WAYS)
def test_a_question_and_an_answer(call, lake, way):
    call = call(way)
    answer, about = call("unary_unary", "unary_echo").with_call(b"water", metadata=(("tide", "low"), ("key-bin", b"\0\xfe")))
    assert answer == b"<water>" and (lake.told["tide"], lake.told["key-bin"]) == ("low", b"\0\xfe")
    assert dict(about.trailing_metadata()) == {"depth": "9", "trace-bin": b"\0\1\xff"}
    flow = call.proxy.flow(kind="http")
    assert said(flow) == [("client", b"water"), ("server", b"<water>")]
    assert {one["kind"] for one in flow["messages"]["list"]} == {"grpc"}
    assert flow["request"]["version"] == "2.0" and flow["url"].endswith(f"/{rpc.NAME}/unary_echo")
    assert trailers(flow)["grpc-status"] == "0" and trailers(flow)["depth"] == "9"


@pytest.mark.parametrize("way", WAYS)
def test_messages_of_both_directions_go_one_by_one(call, way):
    call = call(way)
    questions, api = queue.Queue(), Api(call.proxy)
    answers = call("stream_stream", "both_echo")(iter(questions.get, None))
    for number in range(1, 4):
        questions.put(b"%d" % number)
        assert next(answers) == b"<%d>" % number
        last = live_messages(api, 2 * number)[-1]
        assert base64.b64decode(last["base64"]) == b"<%d>" % number and last["from"] == "server"
    questions.put(None)
    assert list(answers) == [] and answers.code() == grpc.StatusCode.OK
    assert said(call.proxy.flow(kind="http")) == [(side, text % n) for n in range(1, 4)
                                                  for side, text in (("client", b"%d"), ("server", b"<%d>"))]


@pytest.mark.parametrize("way", WAYS)
def test_streams_of_one_direction(call, way):
    call = call(way)
    assert list(call("unary_stream", "down_count")(b"500")) == [b"%d" % number for number in range(500)]
    assert call("stream_unary", "up_join")(iter([b"a", b"", b"b"])) == b"a++b"
    down, up = call.proxy.wait_flows(2, kind="http")
    assert said(down) == [("client", b"500")] + [("server", b"%d" % number) for number in range(500)]
    assert said(up) == [("client", b"a"), ("client", b""), ("client", b"b"), ("server", b"a++b")]


def test_calls_share_a_connection_and_large_messages_go_whole(call):
    call = call("connect https", "--body-limit", "1k")
    large = bytes(range(256)) * 14000
    calls = [call("unary_unary", "unary_echo").future(large[:n * 70000]) for n in range(50)]
    assert [one.result(WAIT) for one in calls] == [b"<" + large[:n * 70000] + b">" for n in range(50)]
    flows = call.proxy.wait_flows(50, kind="http")
    assert len({flow["client"]["id"] for flow in flows}) == len({flow["server"]["id"] for flow in flows}) == 1


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_compressed_messages_are_kept_as_what_they_say(call, compression):
    call = call("reverse https")
    assert call("unary_unary", "unary_packed")(b"water" * 100, compression=compression) == b"water" * 2000
    flow = call.proxy.flow(kind="http")
    assert said(flow) == [("client", b"water" * 100), ("server", b"water" * 2000)]
    for one in flow["messages"]["list"]:
        assert "compressed" in one["flags"] and 0 < one["wire_size"] < one["size"] / 3


@pytest.mark.parametrize("way", WAYS)
def test_a_failure_behind_a_message(call, way):
    call = call(way)
    answers = call("stream_stream", "both_fail")(iter([b"one"]))
    assert next(answers) == b"one"
    with pytest.raises(grpc.RpcError) as why:
        next(answers)
    assert why.value.code() == grpc.StatusCode.DATA_LOSS and why.value.details() == "100 % gone: \u00fc"
    assert trailers(call.proxy.flow(kind="http")) == {"grpc-status": "15", "grpc-message": "100 %25 gone: %C3%BC", "depth": "9"}


def test_a_failure_without_any_message(call):
    call = call("connect https")
    with pytest.raises(grpc.RpcError) as why:
        call("unary_unary", "unary_that_is_not_there")(b"")
    assert why.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert ["grpc-status", "12"] in call.proxy.flow(kind="http")["response"]["fields"]


def test_a_deadline_that_has_passed(call, lake):
    call = call("connect https")
    with pytest.raises(grpc.RpcError) as why:
        call("unary_unary", "unary_wait")(b"", timeout=0.5)
    assert why.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED and lake.over.wait(WAIT)
    flow = call.proxy.flow(kind="http")
    assert any(name == "grpc-timeout" for name, _ in flow["request"]["fields"])
    # Both sides know the time: the client's reset and the server's answer cross.
    answer = flow["response"] or {"fields": []}
    assert "CANCEL" in (flow.error_text or "") or ["grpc-status", "4"] in answer["fields"] + answer.get("trailers", answer)["fields"]


def test_a_call_that_is_given_up(call, lake):
    call = call("connect https")
    answers = call("unary_stream", "down_wait")(b"one")
    assert next(answers) == b"one" and lake.go_on.wait(WAIT)
    answers.cancel()
    assert lake.over.wait(WAIT) and answers.code() == grpc.StatusCode.CANCELLED
    flow = call.proxy.flow(kind="http")
    assert said(flow) == [("client", b"one"), ("server", b"one")] and "CANCEL" in flow.error_text
    assert call("unary_unary", "unary_echo")(b"still there") == b"<still there>"
    assert len({flow["client"]["id"] for flow in call.proxy.wait_flows(2, kind="http")}) == 1


def test_the_environment_leads_to_the_proxy(call, monkeypatch):
    for name in ("no_proxy", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    proxy = call("connect https").proxy
    server = rpc.Server(Lake())
    monkeypatch.setenv("grpc_proxy", proxy.proxy)
    with rpc.channel(f"127.0.0.1:{server.port}", options=[("grpc.enable_http_proxy", 1)]) as channel:
        assert channel.unary_unary(f"/{rpc.NAME}/unary_echo")(b"water") == b"<water>"
    server.stop()
    assert proxy.flow(kind="http")["url"] == f"http://127.0.0.1:{server.port}/{rpc.NAME}/unary_echo"

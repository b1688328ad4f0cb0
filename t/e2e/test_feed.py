"""The feed of the control API: a WebSocket that tells what changes in one window of one list."""
import json
import socket

import pytest

from lib.message import read_response, reply
from lib.origin import answer_all
from lib.pipe import Ended, Pipe
from lib.wait import until
from lib.websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Closed, WebSocket, frame, handshake

FEED = "/api/v1/feed"


@pytest.fixture
def api(control, origin):
    api = control()
    api.site = origin(answer_all(lambda request: reply(b"hello", "200 OK", "Content-Type: text/plain")))
    return api


def get(api, path):
    """One flow, which is recorded when this returns."""
    before = api.get("/flows/count")["count"]
    host = f"127.0.0.1:{api.site.port}"
    with api.proxy.dial() as pipe:
        pipe.send(f"GET http://{host}{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert read_response(pipe).status == 200
    api.proxy.wait_flows(1, path=path)
    while api.get("/flows/count")["count"] == before:
        pass


def feed(api, **fields):
    fields = fields or {"Authorization": f"Bearer {api.token}"}
    return WebSocket(api.dial(), FEED, api.at, fields)


class View:
    """What a client of the feed knows."""

    def __init__(self, feed, query=None, **watch):
        self.feed, self.rows, self.count, self.skipped, self.told = feed, {}, None, 0, 0
        if query is not None:
            feed.send({"watch": {"list": query, **watch}})
            self.until_count()

    def until_count(self):
        """Takes messages through the next count."""
        while True:
            message = self.feed.receive()
            if message["type"] == "rows":
                self.told += len(message["rows"])
                self.rows.update({message["from"] + i: row for i, row in enumerate(message["rows"])})
            elif message["type"] == "skipped":
                self.skipped += message["times"]
            else:
                assert message["type"] == "count", message
                self.count = message
                return self

    def until(self, condition):
        while not condition(self):
            self.until_count()
        return self

    def paths(self):
        return [self.rows[i]["path"] for i in sorted(self.rows) if i < self.count["end"]]


def test_changes_are_told_as_they_come(api):
    get(api, "/a")
    with feed(api) as ws:
        view = View(ws, "path:/")
        assert view.paths() == ["/a"] and view.count["end"] == 1
        get(api, "/b")
        view.until(lambda v: v.count["end"] == 2)
        assert view.paths() == ["/a", "/b"]
        assert view.told == 2, "rows that are the same are not told again"


def test_only_the_list_and_window_that_is_watched_is_told(api):
    for path in ("/a1", "/x", "/a2", "/a3"):
        get(api, path)
    with feed(api) as ws:
        view = View(ws, "path:a", **{"from": 1, "count": 1})
        assert view.count["end"] == 3 and {i: row["path"] for i, row in view.rows.items()} == {1: "/a2"}
        get(api, "/y")
        get(api, "/a4")
        view.until(lambda v: v.count["end"] == 4)
        assert list(view.rows) == [1]


def test_another_window_is_asked_for_on_the_same_connection(api):
    for path in ("/a", "/b", "/c"):
        get(api, path)
    with feed(api) as ws:
        assert View(ws, "", count=1).paths() == ["/a"]
        assert View(ws, "", **{"from": 2}).paths() == ["/c"]
        assert View(ws, "", order="newest", count=2).paths() == ["/c", "/b"]


def test_marks_and_deletions_are_told(api):
    get(api, "/a")
    get(api, "/b")
    with feed(api) as ws:
        view = View(ws, "")
        first = view.rows[0]["id"]
        assert api.call("PATCH", f"/api/v1/flows/{first}", {"mark": "red"}).status == 200
        view.until(lambda v: v.rows[0].get("marks", {}).get("mark") == "red")
        assert view.told == 3
        assert api.call("DELETE", f"/api/v1/flows/{view.rows[1]['id']}").status == 200
        view.until(lambda v: v.count["end"] == 1)


def test_lost_connection_is_resumed(api):
    get(api, "/a")
    with feed(api) as ws:
        have = View(ws, "").count
    get(api, "/b")
    with feed(api) as ws:
        again = View(ws, "", have=have)
        assert {i: row["path"] for i, row in again.rows.items()} == {1: "/b"}
        assert again.count["list"] == have["list"] and again.count["seq"] > have["seq"]
    with feed(api) as ws:
        assert View(ws, "", have=again.count).told == 0
    with feed(api) as ws:
        other = {**again.count, "list": again.count["list"] + 1}
        assert View(ws, "", have=other).told == 2, "of another list nothing is known"


def test_who_reads_nothing_gets_the_newest_state_and_is_told(api):
    """So much changes while the client reads nothing that not all of it fits on the way: states are left out."""
    for i in range(150):
        get(api, f"/{i}{'x' * 1900}")
    ids = [row["id"] for row in api.get("/flows/window?count=150")["rows"]]
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", api.port))
    token = {"Authorization": f"Bearer {api.token}"}
    with WebSocket(Pipe(sock), FEED, api.at, token) as slow, feed(api) as quick, api.dial() as pipe:
        slow.send({"watch": {"list": ""}})
        other = View(quick, "", count=1)
        for mark in range(40):
            for flow in ids:
                api.call("PATCH", f"/api/v1/flows/{flow}", {"mark": str(mark)}, pipe=pipe)
            other.until_count()  # so there were as many states that the slow one might have been told: 600 KB each
        view = View(slow)
        view.until(lambda v: all(v.rows.get(i, {}).get("marks", {}).get("mark") == "39" for i in range(150)))
        assert view.skipped > 0
        assert view.told < 40 * 150


def test_mistakes_are_told_and_survived(api):
    with feed(api) as ws:
        for message, code in (({}, "bad-message"), ({"watch": 1}, "bad-message"), ([], "bad-message"),
                              ({"watch": {"list": "(("}}, "bad-query")):
            ws.send(message)
            told = ws.receive()
            assert told["type"] == "error" and told["code"] == code, message
        assert View(ws, "").count["end"] == 0


def test_few_different_lists_are_watched_at_the_same_time(api):
    sockets = [feed(api) for _ in range(7)]
    for i, ws in enumerate(sockets[:6]):
        View(ws, f"path:p{i}")
    sockets[6].send({"watch": {"list": "path:other"}})
    assert sockets[6].receive()["code"] == "too-many"
    View(sockets[6], "path:p0")
    sockets[0].pipe.close()
    View(sockets[1], "path:p0")
    View(sockets[6], "path:other")
    for ws in sockets:
        ws.pipe.close()


def test_client_that_is_gone_without_a_word_is_found_out(api):
    """The kernel asks after it: the timer of the server's end, in /proc/net/tcp, is the one of keep-alive."""
    with feed(api) as ws:
        View(ws, "")
        ours = f"{api.port:04X} 0100007F:{ws.pipe.sock.getsockname()[1]:04X} 01 "

        def timer():
            lines = [line.split() for line in open("/proc/net/tcp", encoding="ascii") if ours in line]
            return lines and lines[0][5].startswith("02:")
        until(timer, "the timer of keep-alive")


# Coming in


def test_token_comes_as_a_protocol_too(api):
    with feed(api, **{"Sec-WebSocket-Protocol": f"weir.feed, weir.token.{api.token}"}) as ws:
        assert ws.answer.status == 101 and ws.answer.value("Sec-WebSocket-Protocol") == "weir.feed"
        assert api.token.encode() not in ws.answer.head
        View(ws, "")
    for fields, status in (({"Host": "evil.test"}, 421), ({"Origin": "http://evil.test"}, 403)):
        with feed(api, **{"Sec-WebSocket-Protocol": f"weir.feed, weir.token.{api.token}", **fields}) as ws:
            assert ws.answer.status == status


def test_cookie_opens_it_for_our_own_pages(api):
    answer = api.call("POST", "/api/v1/login", {"token": api.token}, token=False)
    cookie = answer.value("Set-Cookie").split(";")[0]
    with feed(api, Cookie=cookie, Origin=api.url) as ws:
        assert ws.answer.status == 101
    with feed(api, Cookie=cookie, Origin="http://evil.test") as ws:
        assert ws.answer.status == 403


@pytest.mark.parametrize("fields, status", [
    ({"X": "1"}, 401),
    ({"Sec-WebSocket-Protocol": "weir.feed"}, 401),
    ({"Sec-WebSocket-Protocol": "weir.feed, weir.token." + "0" * 64}, 401),
    ({"Authorization": "GOOD", "Host": "evil.test"}, 421),
    ({"Authorization": "GOOD", "Origin": "http://evil.test"}, 403),
    ({"Authorization": "GOOD", "Sec-WebSocket-Version": "8"}, 426),
    ({"Authorization": "GOOD", "Upgrade": None}, 426),
    ({"Authorization": "GOOD", "Connection": "close"}, 426),
    ({"Authorization": "GOOD", "Sec-WebSocket-Key": "short"}, 400),
    ({"Authorization": "GOOD", "Sec-WebSocket-Protocol": "chat"}, 400),
], ids=str)
def test_who_does_not_ask_properly_is_refused(api, fields, status):
    good = {"Authorization": f"Bearer {api.token}"}
    with feed(api, **{k: good[k] if v == "GOOD" else v for k, v in fields.items()}) as ws:
        assert ws.answer.status == status
        assert json.loads(ws.answer.body)["error"]["code"]


# Frames


@pytest.mark.parametrize("data, code", [
    (frame(TEXT, b"{}", mask=False), 1002),
    (frame(TEXT, b"{}", bits=4), 1002),
    (frame(3, b""), 1002),
    (frame(CONTINUATION, b"{}"), 1002),
    (frame(TEXT, b"{", fin=False) + frame(TEXT, b"}"), 1002),
    (frame(PING, b"", fin=False), 1002),
    (frame(BINARY, b"{}"), 1003),
    (frame(TEXT, b"\xff"), 1007),
    (frame(TEXT, length=65537), 1009),
    (frame(TEXT, length=1 << 62), 1009),
    (frame(TEXT, b"x" * 40000, fin=False) + frame(CONTINUATION, b"x" * 40000), 1009),
    (frame(CLOSE, (4000).to_bytes(2, "big") + b"bye"), 4000),
    (frame(CLOSE), 1000),
    (frame(CLOSE, b"\x03"), 1002),
], ids=range(14))
def test_wrong_frames_and_farewells_end_it_properly(api, data, code):
    with feed(api) as ws:
        ws.pipe.send(data)
        with pytest.raises(Closed) as closed:
            ws.receive()
        assert closed.value.code == code
        with pytest.raises(Ended):
            ws.pipe.read(1)


def test_pings_are_answered_between_fragments_that_come_byte_by_byte(api):
    with feed(api) as ws:
        text = json.dumps({"watch": {"list": ""}}).encode()
        data = frame(TEXT, text[:5], fin=False) + frame(PING, b"now") + frame(CONTINUATION, text[5:])
        for i in range(len(data)):
            ws.pipe.send(data[i:i + 1])
        assert ws.read_frame() == (PONG, b"now")
        assert ws.receive()["type"] == "count"


@pytest.mark.parametrize("data", [frame(PING, b"x" * 125), frame(TEXT, b"x" * 125)], ids=["pings", "mistakes"])
def test_who_wants_answers_and_reads_none_is_let_go(api, data):
    """What waits for one client is bounded: it is closed, or what it sends is read no more."""
    with feed(api) as ws:
        ws.pipe.sock.settimeout(3)
        with pytest.raises(OSError):
            for _ in range(200):
                ws.pipe.send(data * 8192)
        assert api.get("/flows/count")["count"] == 0


def test_first_message_may_come_with_the_handshake(api):
    request, _ = handshake(FEED, api.at, {"Authorization": f"Bearer {api.token}"})
    with api.dial() as pipe:
        pipe.send(request + frame(TEXT, b'{"watch": {"list": ""}}'))
        assert read_response(pipe).status == 101
        assert pipe.read(2)[0] == 0x81


def test_program_ends_while_it_is_watched(api):
    with feed(api) as ws:
        View(ws, "")
        api.proxy.stop()


# What is held


def hold_one(api):
    """A request that is held, and its client."""
    api.call("POST", "/api/v1/rules", {"name": "hold", "do": "hold", "when": "path:/held"})
    host = f"127.0.0.1:{api.site.port}"
    pipe = api.proxy.dial()
    pipe.send(f"GET http://{host}/held HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    return pipe


def receive_held(feed):
    while True:
        message = feed.receive()
        if message["type"] == "held":
            return message["count"]


def test_it_tells_how_many_are_held(api):
    with feed(api) as one:
        with hold_one(api):
            assert receive_held(one) == 1
            with feed(api) as another:
                assert receive_held(another) == 1
            api.call("POST", "/api/v1/held/all/forward", {})
            assert receive_held(one) == 0


@pytest.mark.parametrize("what", ["forward", "drop", "keep"])
def test_held_messages_are_decided_when_the_last_interface_has_gone(control, origin, what):
    api = control("--hold-orphans", what, "--hold-timeout", "13s")
    api.site = origin(answer_all(lambda request: reply(b"hello")))
    with feed(api) as one, feed(api):
        pipe = hold_one(api)
        assert receive_held(one) == 1
    if what == "drop":
        with pytest.raises((Ended, OSError)):
            read_response(pipe)
    else:
        assert read_response(pipe).status == 200
    pipe.close()
    said = "the last user interface has gone" in api.proxy.stderr
    assert said == (what != "keep")

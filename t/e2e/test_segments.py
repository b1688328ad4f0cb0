"""Segments of tunnels that rules and people change, drop, hold and send: in clear, under TLS, behind mode reverse."""
import base64
import smtplib
import socketserver
import threading

import pytest

from lib.api import Api, OPTIONS, Refused
from lib.wait import until

from test_tunnels import at, greet, repeat, said


def ways(world):
    """How a client comes to the server: its options, whether there is TLS, and how it is dialled."""
    return {"tunnel": (False, lambda site: (), lambda proxy, site: proxy.tunnel(at(site))),
            "tls": (True, lambda site: (), lambda proxy, site: proxy.secure("site.test", site.port)),
            "reverse:tcp": (False, lambda site: ("--mode", f"reverse:tcp://127.0.0.1:{site.port}"), lambda proxy, site: proxy.dial()),
            "reverse:tls": (True, lambda site: ("--mode", f"reverse:tls://site.test:{site.port}"), lambda proxy, site: proxy.dial())}


class Tunnel:
    """A tunnel with an API that has rules for its segments."""

    def __init__(self, weir, origin, world, way, *rules, script=repeat):
        tls, options, dial = ways(world)[way]
        site = origin(script, cert=world.good() if tls else None)
        self.proxy = weir(*OPTIONS, *options(site), sites=[site])
        self.api = Api(self.proxy, "person")
        for do, when, args in rules:
            self.api.rule(do, when, **args)
        self.pipe = dial(self.proxy, site)

    def live(self):
        return until(lambda: [one for one in self.api.get("/live")["flows"] if one["kind"] == "tunnel"], "a tunnel")[0]["id"]

    def flags(self):
        flow = self.proxy.flow(kind="tunnel")
        return flow, [message["flags"] for message in flow["messages"]["list"]]


@pytest.mark.parametrize("way", ["tunnel", "tls", "reverse:tcp", "reverse:tls"])
def test_rules_see_segments(weir, origin, world, way):
    tunnel = Tunnel(weir, origin, world, way,
                    ("replace-message", "msg.body:secret msg.op:tcp", {"pattern": "secret", "with": "**", "literal": True}),
                    ("drop", "msg.body:away msg.dir:client", {}), ("tag", "msg.size>1000", {"tag": "large"}))
    with tunnel.pipe as pipe:
        assert pipe.send(b"\x00a secret word").read(12) == b"<\x00a ** word>"
        pipe.send(b"go away")
        until(lambda: len(tunnel.api.get(f"/flows/{tunnel.live()}/messages")["messages"]) == 3, "the dropped one")
        assert pipe.send(b"x" * 2000).read(2002) == b"<" + b"x" * 2000 + b">"
    flow, flags = tunnel.flags()
    assert flags[:3] == [["edited"], [], ["dropped"]] and all(not more for more in flags[3:])
    first, _, third = flow["messages"]["list"][:3]
    assert base64.b64decode(first["sent_base64"]) == b"\x00a ** word" and first["by"] == "rule test replace-message"
    assert third["by"] == "rule test drop" and flow["marks"]["tags"] == ["large"]
    assert {step["stage"] for step in flow["trace"]} == {"message"}


@pytest.mark.parametrize("way", ["tunnel", "tls", "reverse:tcp", "reverse:tls"])
def test_person_holds_edits_drops_and_sends_segments(weir, origin, world, way):
    tunnel = Tunnel(weir, origin, world, way, ("hold", "msg.dir:client", {"at": "message"}), script=greet)
    api = tunnel.api
    with tunnel.pipe as pipe:
        assert pipe.read_until(b"\n") == b"hello, who is it?\r\n"
        pipe.send(b"\x01one")
        held = api.wait_held(stage="message")[0]["id"]
        shown = api.get(f"/held/{held}")["messages"][0]
        assert (shown["kind"], shown["from"], base64.b64decode(shown["base64"])) == ("tcp", "client", b"\x01one")
        # The other direction goes on; this one waits, whatever is sent by hand.
        api.post("/commands/inject.tcp", {"id": held, "to": "client", "content": "by hand"})
        assert pipe.read(7) == b"by hand"
        api.post(f"/flows/{held}/messages", {"to": "server", "content": "behind"})
        api.post(f"/held/{held}/edit", {"content_base64": base64.b64encode(b"\x02other").decode()})
        api.post(f"/held/{held}/forward")
        assert pipe.read_until(b"behind>").replace(b"><", b"") == b"<\x02otherbehind>"
        pipe.send(b"two")
        api.wait_held(stage="message")
        with pytest.raises(Refused):
            api.post(f"/held/{held}/edit", {"path": "/x"})
        api.post(f"/held/{held}/drop")
        pipe.send(b"three")
        api.wait_held(stage="message")
        api.post(f"/held/{held}/forward")
        assert pipe.read(7) == b"<three>"
    flow, _ = tunnel.flags()
    mine = [message for message in flow["messages"]["list"] if message["from"] == "client"]
    assert [message["flags"] for message in mine] == [["held", "edited"], ["injected"], ["held", "dropped"], ["held"]]
    assert [message.get("by") for message in mine] == ["client person", "client person", "person", None]


def test_an_end_waits_behind_what_is_held(weir, origin, world):
    def script(conn):
        conn.send(b"got %d" % len(conn.read_rest()))
    tunnel = Tunnel(weir, origin, world, "tunnel", ("hold", "msg.dir:client", {"at": "message"}), script=script)
    with tunnel.pipe as pipe:
        pipe.send(b"\x00" * 1000).shut()
        held = tunnel.api.wait_held(stage="message")[0]["id"]
        tunnel.api.post(f"/held/{held}/forward")
        assert pipe.read_rest() == b"got 1000"


@pytest.mark.parametrize("default, heard", [("forward", b"<word>"), ("drop", b"")])
def test_nobody_decides(weir, origin, default, heard):
    site = origin(repeat)
    proxy = weir(*OPTIONS, "--hold-timeout", "100ms", "--hold-default", default, sites=[site])
    Api(proxy).rule("hold", "msg.dir:client", at="message")
    with proxy.tunnel(at(site)) as pipe:
        assert pipe.send(b"word").shut().read_rest() == heard
    assert proxy.flow(kind="tunnel")["messages"]["list"][0]["flags"] == (["held"] if heard else ["held", "dropped"])


def test_who_leaves_ends_the_wait(weir, origin, world):
    tunnel = Tunnel(weir, origin, world, "tunnel", ("hold", "", {"at": "message"}))
    tunnel.pipe.send(b"word")
    held = tunnel.api.wait_held(stage="message")[0]["id"]
    tunnel.api.post(f"/flows/{held}/kill")
    tunnel.pipe.read_rest()
    tunnel.pipe.close()
    flow, flags = tunnel.flags()
    assert flags == [["held", "dropped"]] and flow.reason == "killed" and not tunnel.api.held()


def test_nothing_is_sent_in_what_passes_unread(weir, origin, world, shared):
    from lib.greet import origin_context
    site = origin(repeat, cert=world.good())
    proxy = weir(*OPTIONS, "--ignore-hosts", "site\\.test", sites=[site])
    api = Api(proxy)
    api.rule("drop", "msg.size>0")
    with proxy.secure("site.test", site.port, origin_context(shared)) as pipe:
        assert pipe.send(b"\x00").read(3) == b"<\x00>"
        flow = [one for one in api.get("/live")["flows"] if one["kind"] == "tunnel"][0]["id"]
        with pytest.raises(Refused):
            api.post(f"/flows/{flow}/messages", {"to": "server", "content": "no"})


@pytest.fixture
def mail(world):
    """A mail server with STARTTLS; what it was told."""
    from lib.origin import server_context
    context, heard = server_context(world.good()), []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            line, say = self.rfile, lambda text: self.request.sendall(text + b"\r\n")
            say(b"220 site.test ESMTP")
            while command := line.readline().strip().upper():
                heard.append(command)
                if command == b"STARTTLS":
                    say(b"220 go ahead")
                    self.request = context.wrap_socket(self.request, server_side=True)
                    line = self.request.makefile("rb")
                elif command.startswith(b"EHLO"):
                    say(b"250-site.test\r\n250 STARTTLS")
                else:
                    say(b"250 ok" if command != b"QUIT" else b"221 bye")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server.server_address[1], heard
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("held", ["msg.dir:client msg.body:STARTTLS", 'msg.body:"go ahead"'])
def test_tls_begins_behind_what_was_held(weir, mail, held):
    port, heard = mail
    proxy = weir(*OPTIONS, "--mode", f"reverse:tcp://site.test:{port}", "--resolve", f"site.test:{port}:127.0.0.1")
    api = Api(proxy)
    api.rule("hold", held, at="message")

    def let_go():
        flow = api.wait_held(stage="message")[0]["id"]
        api.post(f"/held/{flow}/forward")
    with smtplib.SMTP("127.0.0.1", proxy.port, timeout=20) as client:
        client.ehlo()
        person = threading.Thread(target=let_go)
        person.start()
        client._host = "site.test"
        client.starttls(context=proxy.context())
        person.join()
        assert client.noop()[0] == 250
    assert b"NOOP" in heard
    flow = proxy.flow(kind="tunnel")
    assert b"noop" in b"".join(data for _, data in said(flow)).lower()

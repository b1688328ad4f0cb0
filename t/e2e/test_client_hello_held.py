"""A ClientHello is held: a person decides about it by the API, while everybody else goes on."""
import ssl

import pytest

from lib.api import Api, OPTIONS, Refused
from lib.echo import echo
from lib.greet import Client, NAMES, act, client_hello, did, fetch, held_hello, origin_context
from lib.origin import answer_all
from lib.wait import until


@pytest.fixture
def site(origin, world):
    return origin(answer_all(echo), cert=world.good(names=NAMES))


@pytest.fixture
def start(weir, site):
    """start('--option', ...) -> the proxy, which knows the site under its names."""
    def make(*options, **how):
        names = [word for name in NAMES for word in ("--resolve", f"{name}:{site.port}:{site.address}")]
        return weir(*OPTIONS, *names, *options, **how)
    return make


@pytest.fixture
def proxy(start):
    return start()


@pytest.fixture
def api(proxy):
    return Api(proxy, "tester")


def test_held_hello_is_shown_and_goes_on(proxy, api, site):
    api.rule("hold", "host:site.test", at="client-hello")
    client = Client(proxy, site)
    held = held_hello(api)
    assert held["kind"] == "tls" and held["url"] == f"site.test:{site.port}"
    whole = api.get(f"/held/{held['id']}")
    assert whole["client"]["tls"]["sni"] == "site.test" and whole["client"]["tls"]["ja4"].startswith("t13d")
    assert not site.connections
    act(api, held, "forward")
    assert client.wait().answer.status == 200
    flow = proxy.flow(kind="tls")
    assert flow["id"] == held["id"] and flow["flags"] == ["was_held"] and not flow["error"]
    assert did(flow)[-1] == ("tester", "client-hello", "held and forwarded")
    assert api.held() == []


def test_others_go_on_while_a_hello_is_held(proxy, api, site):
    api.rule("hold", "host:site.test", at="client-hello")
    client = Client(proxy, site)
    held = held_hello(api)
    for _ in range(10):
        assert fetch(proxy, site, host="other.test").status == 200
    assert client.answer is None
    act(api, held, "forward")
    assert client.wait().answer.status == 200


@pytest.mark.parametrize("action, how", [("drop", "eof"), ("reset", "reset")])
def test_held_hello_is_ended(proxy, api, site, action, how):
    api.rule("hold", at="client-hello")
    client = Client(proxy, site)
    act(api, held_hello(api), action)
    assert str(client.wait().failure).startswith(how)
    assert proxy.flow(kind="tls").reason == "rule" and not site.connections


@pytest.mark.parametrize("alert, text", [("access_denied", "access denied"), (70, "protocol version")])
def test_held_hello_gets_an_alert(proxy, api, site, alert, text):
    api.rule("hold", at="client-hello")
    client = Client(proxy, site)
    held = held_hello(api)
    for bad in ({}, {"alert": "what"}, {"alert": 256}, {"alert": -1}, {"alert": None}):
        with pytest.raises(Refused) as refused:
            act(api, held, "alert", bad)
        assert refused.value.status == 400 and "alert" in str(refused.value.body)
    act(api, held, "alert", {"alert": alert})
    failure = client.wait().failure
    assert isinstance(failure, ssl.SSLError) and text in str(failure).lower().replace("_", " ")
    assert did(proxy.flow(kind="tls"))[-1] == ("tester", "client-hello", "held and refused by an alert")


def test_held_hello_is_passed_through(proxy, api, site, shared):
    api.rule("hold", at="client-hello")
    client = Client(proxy, site, origin_context(shared))
    act(api, held_hello(api), "pass-through")
    assert client.wait().answer.status == 200
    flow = proxy.flow(kind="tunnel")
    assert flow["tunnel"]["passed_through_by"] == "client tester"
    assert did(flow)[-1] == ("tester", "client-hello", "held and passed through")


def test_hello_has_an_owner_and_more_time(proxy, api, site):
    api.rule("hold", at="client-hello")
    client = Client(proxy, site)
    held = held_hello(api)
    act(api, held, "take")
    assert held_hello(api)["owner"] == "tester"
    with pytest.raises(Refused) as refused:
        act(Api(proxy, "other"), held, "forward")
    assert refused.value.status == 409
    act(api, held, "extend")
    assert held_hello(api)["until_us"] >= held["until_us"]
    act(api, held, "forward")
    assert client.wait().answer.status == 200


@pytest.mark.parametrize("action, value", [("edit", {"path": "/"}), ("answer", {"status": 200}), ("revert", None),
                                           ("hold-response", None)])
def test_what_a_hello_has_not_cannot_be_changed(proxy, api, site, action, value):
    api.rule("hold", at="client-hello")
    client = Client(proxy, site)
    held = held_hello(api)
    with pytest.raises(Refused) as refused:
        act(api, held, action, value)
    assert refused.value.status == 409 and "client-hello" in str(refused.value.body)
    act(api, held, "forward")
    assert client.wait().answer.status == 200


def test_what_only_a_hello_has_is_refused_elsewhere(proxy, api, site):
    api.rule("hold", at="request-head")
    client = Client(proxy, site)
    held = api.wait_held(stage="request-head")[0]
    for action, value in (("pass-through", None), ("alert", {"alert": 40})):
        with pytest.raises(Refused) as refused:
            act(api, held, action, value)
        assert refused.value.status == 409 and "request-head" in str(refused.value.body)
    assert api.post("/held/all/pass-through")["done"] == 0
    act(api, held, "forward")
    assert client.wait().answer.status == 200


def test_all_held_hellos_are_passed_through_at_once(proxy, api, site, shared):
    api.rule("hold", at="client-hello")
    crowd = [Client(proxy, site, origin_context(shared)) for _ in range(3)]
    api.wait_held(3)
    assert api.post("/held/all/pass-through")["done"] == 3
    assert [client.wait().answer.status for client in crowd] == [200] * 3


def test_held_hello_is_killed(proxy, api, site):
    api.rule("hold", at="client-hello")
    client = Client(proxy, site)
    held = held_hello(api)
    api.post(f"/flows/{held['id']}/kill")
    assert client.wait().failure is not None
    flow = proxy.flow(kind="tls")
    assert flow.reason == "killed" and api.held() == []


@pytest.mark.parametrize("default, ends", [("forward", False), ("drop", True)])
def test_time_runs_out(start, site, default, ends):
    proxy = start("--hold-timeout", "1s", "--hold-default", default)
    Api(proxy).rule("hold", at="client-hello")
    client = Client(proxy, site).wait()
    assert (client.failure is not None) == ends
    assert did(proxy.flow(kind="tls"))[-1][0] == "hold-timeout"


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_client_that_leaves_takes_its_hello_along(proxy, api, site, leave):
    api.rule("hold", at="client-hello")
    pipe = proxy.tunnel(f"site.test:{site.port}").send(client_hello())
    held_hello(api)
    getattr(pipe, leave)()
    until(lambda: api.held() == [], "the end of the hold")
    flow = proxy.flow(kind="tls")
    assert flow.reason == "tls-client" and flow.error_text.startswith("left: ")
    assert did(flow) == [("test hold", "client-hello", "held")]
    assert api.get("/live")["flows"] == [] and not site.connections


def test_client_leaves_while_the_server_of_its_tunnel_is_sought(start, site):
    """Its place in the row is taken: it waits, and goes."""
    proxy = start("--upstream-per-host", "1", "--threads", "1")
    api = Api(proxy)
    api.rule("pass-through")
    with proxy.tunnel(f"site.test:{site.port}") as first:
        first.send(client_hello())
        site.wait_connections(1)
        second = proxy.tunnel(f"site.test:{site.port}").send(client_hello())
        until(lambda: len(api.get("/live")["flows"]) == 2, "both")
        second.close()
        flow = proxy.flow(kind="tunnel")
        assert flow.error_text.startswith("left: ")
    assert len(site.connections) == 1


def test_shutdown_ends_a_hold(proxy, api, site):
    api.rule("hold", at="client-hello")
    client = Client(proxy, site)
    held_hello(api)
    proxy.stop()
    assert client.wait().failure is not None
    assert proxy.flow(kind="tls").reason == "shutdown"


def test_hello_may_come_in_pieces_and_be_held(proxy, api, site):
    api.rule("hold", at="client-hello")
    hello = client_hello()
    with proxy.tunnel(f"site.test:{site.port}") as pipe:
        for i in range(0, len(hello), 50):
            pipe.send(hello[i:i + 50])
        act(api, held_hello(api), "forward")
        assert pipe.read(1) == b"\x16"

"""Listeners by the API: shown with what they serve, opened and closed while others go on."""
import json
import socket

import pytest

from lib.api import OPTIONS, Api, Refused
from lib.echo import ask, echo, send
from lib.message import read_response
from lib.origin import answer_all
from lib.pipe import Pipe
from lib.wait import until
from test_reload import reload


@pytest.fixture
def site(origin):
    return origin(answer_all(echo))


@pytest.fixture
def proxy(weir, site):
    return weir(*OPTIONS, "--listen-host", "127.0.0.1", "--threads", "2", sites=[site])


@pytest.fixture
def api(proxy):
    return Api(proxy, "tester")


def free_port(address="127.0.0.2"):
    with socket.create_server((address, 0)) as one:
        return one.getsockname()[1]


def listeners(api):
    return {one["address"]: one for one in api.get("/listeners")["listeners"]}


def ask_at(address, site):
    host, _, port = address.rpartition(":")
    with Pipe(socket.create_connection((host, int(port)))) as pipe:
        send(pipe, site)
        return read_response(pipe)


def test_listener_counts_its_connections_on_all_threads(api, proxy, site):
    one, = listeners(api).values()
    assert one == {"mode": "regular", "address": one["address"], "open": 0, "accepted": 0}
    pipes = [proxy.dial() for _ in range(8)]
    for pipe in pipes:
        send(pipe, site)
        assert read_response(pipe).status == 200
    one, = listeners(api).values()
    assert one["open"] == 8 and one["accepted"] == 8
    for pipe in pipes:
        pipe.close()
    until(lambda: [(one["open"], one["accepted"]) for one in listeners(api).values()] == [(0, 8)], "their end")


def test_listener_is_opened_and_closed_and_its_connections_go_on(api, proxy, site):
    first, = listeners(api)
    spec = "regular@127.0.0.2:0"
    assert spec in api.post("/listeners", {"mode": spec})["value"]
    second, = set(listeners(api)) - {first}
    assert second.startswith("127.0.0.2:") and ask_at(second, site).status == 200
    assert listeners(api)[second]["accepted"] == 1 and listeners(api)[first]["accepted"] == 0
    host, _, port = second.rpartition(":")
    with Pipe(socket.create_connection((host, int(port)))) as pipe:
        send(pipe, site)
        assert read_response(pipe).status == 200
        api.call("DELETE", "/listeners", mode=spec)
        assert list(listeners(api)) == [first]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, int(port)))
        send(pipe, site)
        assert read_response(pipe).status == 200
    assert ask(proxy, site).status == 200


def test_listener_that_cannot_be_opened_leaves_all_as_it_was(api, proxy, site):
    before = api.get("/listeners")
    with socket.create_server(("127.0.0.2", 0)) as taken:
        for spec, says in [(f"regular@127.0.0.2:{taken.getsockname()[1]}", "cannot listen"), ("nothing", "unknown mode"),
                           ("regular@127.0.0.2:99999", "not a port"), ("regular@example.test:1", ""), ("regular", "already"),
                           ("", "which listener"), ("regular:data", "behind a colon")]:
            with pytest.raises(Refused, match=says):
                api.post("/listeners", {"mode": spec})
    with pytest.raises(Refused, match="no entry"):
        api.call("DELETE", "/listeners", mode="regular@127.0.0.9:1")
    with pytest.raises(Refused, match="which listener"):
        api.delete("/listeners")
    assert api.get("/listeners") == before and ask(proxy, site).status == 200


def test_port_of_the_api_is_not_taken_by_a_listener(control):
    api = control("--listen-host", "127.0.0.1")
    assert api.call("POST", "/api/v1/listeners", {"mode": f"regular@{api.at}"}).status == 422


def test_listeners_survive_a_reload_and_are_in_the_audit_trail(api, proxy, site):
    port = free_port()
    api.post("/commands/listeners.add", {"mode": f"regular@127.0.0.2:{port}"})
    reload(proxy, "idle-time: 33s\n")
    assert f"127.0.0.2:{port}" in listeners(api) and ask_at(f"127.0.0.2:{port}", site).status == 200
    api.post("/commands/listeners.remove", {"mode": f"regular@127.0.0.2:{port}"})
    assert f"127.0.0.2:{port}" not in listeners(api)
    lines = [(line["who"], line["text"]) for line in api.get("/audit")["lines"]]
    assert lines == [("tester", "POST /api/v1/listeners 200"), ("tester", "DELETE /api/v1/listeners 200")]


def test_several_added_at_the_same_time_are_all_there(control):
    api = control("--listen-host", "127.0.0.1")
    specs = [f"regular@127.0.0.{n}:0" for n in range(2, 10)]
    pipes = [api.dial_socket() for _ in specs]
    for pipe, spec in zip(pipes, specs):
        pipe.send(api.request("POST", "/api/v1/listeners", {"mode": spec}, token=False))
    for pipe in pipes:
        assert read_response(pipe).status == 200
        pipe.close()
    assert set(specs) < set(api.get("/listeners")["specs"]) and len(api.get("/listeners")["listeners"]) == 9


def test_modes_are_told(api):
    modes = api.get("/modes")["modes"]
    assert {"name": "regular", "port": 8080, "data": False} in modes and len({one["name"] for one in modes}) == len(modes)
    assert json.dumps(modes) == json.dumps(api.post("/commands/modes.list")["modes"])

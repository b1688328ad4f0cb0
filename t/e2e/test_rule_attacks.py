"""What is done to rules and edits by those whose messages they change, and by those who write them."""
import json

import pytest

from lib.api import Api, OPTIONS, Refused
from lib.echo import ask, echo, send
from lib.message import read_response
from lib.origin import answer_all
from lib.wait import until


@pytest.fixture
def site(origin):
    return origin(answer_all(echo))


@pytest.fixture
def proxy(weir, site):
    return weir(*OPTIONS, sites=[site])


@pytest.fixture
def api(proxy):
    return Api(proxy, "tester")


@pytest.mark.parametrize("status", [204, 304])
def test_status_without_content_is_not_followed_by_the_content(proxy, api, site, status):
    """Bytes behind it would be the answer to the next request."""
    rule = api.rule("status", to=status)
    with proxy.dial() as pipe:
        send(pipe, site, "/a")
        first = read_response(pipe)
        assert first.status == status and not first.body
        api.delete(f"/rules/{rule}")
        send(pipe, site, "/b")
        assert json.loads(read_response(pipe).body)["target"] == "/b"


@pytest.mark.parametrize("status", [204, 304])
def test_answer_without_content_has_none(proxy, api, site, status):
    rule = api.rule("answer", status=status, body="HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    with proxy.dial() as pipe:
        send(pipe, site, "/a")
        first = read_response(pipe)
        assert first.status == status and not first.body
        api.delete(f"/rules/{rule}")
        send(pipe, site, "/b")
        assert json.loads(read_response(pipe).body)["target"] == "/b"


@pytest.mark.parametrize("to", ["HEAD", "GET", "POST"])
def test_other_method_is_framed_for_both_sides(proxy, api, site, to):
    """The server answers the method that it got, the client reads the answer of the one that it asked with."""
    rule = api.rule("method", to=to)
    for method in ("GET", "HEAD", "POST"):
        with proxy.dial() as pipe:
            send(pipe, site, "/a", method=method, body=b"body" if method == "POST" else b"")
            first = read_response(pipe, method)
            assert first.status == 200, (method, first.text)
            send(pipe, site, "/b", method="OPTIONS")
            assert read_response(pipe).status == 200
    api.delete(f"/rules/{rule}")


# What goes into rules


def test_values_made_of_a_request_add_no_lines(proxy, api, site):
    api.rule("answer", fields=["X-Of: {{query.x}}", "X-Good: {{query.y}}"], body="made")
    for text in ("a%0d%0aInjected:%201", "a%0aInjected:1", "a%0d%0a%0d%0aHTTP/1.1%20200%20OK", "a%00b"):
        answer = ask(proxy, site, f"/?x={text}&y=fine")
        assert [name for name, _ in answer.fields] == ["Content-Length", "X-Good"], answer.head
        assert answer.value("X-Good") == "fine" and answer.body == b"made"


def test_line_of_a_log_stays_one_line(proxy, api, site):
    file = proxy.confdir / "rules" / "seen.log"
    api.rule("log", file="seen.log", line="{{method}} {{query.x}}")
    ask(proxy, site, "/?x=a%0aGET%20b%1b%5b2J")
    assert file.read_bytes() == b"GET a\\x0aGET b\\x1b[2J\n"


def test_message_that_cannot_be_changed_is_not_sent_without_the_change(proxy, api, site):
    for number in range(65):
        api.rule("add-field", side="request", field="X-N", value=str(number))
    assert ask(proxy, site).status == 503
    assert not [request for conn in site.connections for request in conn.requests]


# What rules reach


@pytest.fixture
def outside(tmp_path):
    file = tmp_path / "outside" / "file"
    file.parent.mkdir()
    file.write_text("of the user")
    return file


def test_rules_of_the_api_read_and_write_in_their_folder_alone(proxy, api, site, outside):
    with pytest.raises(Refused) as refused:
        api.rule("log", file=str(outside.parent / "new.log"))
    assert refused.value.status == 400 and "new.log" in refused.value.body["error"]["text"]
    assert list(outside.parent.iterdir()) == [outside]
    key = next(path for path in proxy.confdir.iterdir() if b"PRIVATE KEY" in path.read_bytes()[:4000])
    for do, args in (("map-local", {"path": str(outside)}), ("map-local", {"path": str(outside.parent)}),
                     ("map-local", {"path": str(proxy.confdir)}), ("map-local", {"path": str(key)}),
                     ("log", {"file": "rules.yaml"}), ("log", {"file": ".//rules.yaml"}),
                     ("map-local", {"path": f"../{key.name}"}), ("map-local", {"path": "a/../.."}),
                     ("answer", {"file": str(key)}), ("replace-body", {"file": str(key)})):
        with pytest.raises(Refused) as refused:
            api.rule(do, **args)
        assert refused.value.status == 400 and "is not in" in refused.value.body["error"]["text"], args
        with pytest.raises(Refused) as refused:
            api.post("/rules/test", {"flow": 1, "rule": {"do": do, **args}})
        assert refused.value.status == 400
    status, _, content = api.raw("POST", "/rules/import?format=mitmproxy", f"map_local:\n- '|.|{key}'\n".encode())
    assert status == 400 and b"is not in" in content
    assert api.get("/rules")["rules"] == []
    made = api.rule("map-local", path="sites")
    with pytest.raises(Refused):
        api.call("PUT", f"/rules/{made}", {"do": "map-local", "path": str(key)})
    assert [rule["path"] for rule in api.get("/rules")["rules"]] == ["sites"]
    assert all(path.parent == proxy.confdir / "rules" for path in proxy.confdir.rglob("*.yaml"))


def test_files_that_rules_of_the_start_name_may_be_named_again(weir, site, outside):
    proxy = weir(*OPTIONS, start=False, sites=[site])
    folder = proxy.confdir / "rules"
    folder.mkdir(mode=0o700)
    (folder / "rules.yaml").write_text(f"- {{do: map-local, path: {outside}, when: path:/one}}\n")
    api = Api(proxy.start(), "tester")
    api.rule("map-local", path=str(outside), when="path:/two")
    assert ask(proxy, site, "/one").body == ask(proxy, site, "/two").body == outside.read_bytes()


def test_many_flows_are_not_held(weir, site):
    proxy = weir(*OPTIONS, "--hold-max", "1", sites=[site])
    api = Api(proxy, "tester")
    api.rule("hold")
    with proxy.dial() as first:
        send(first, site, "/1")
        held = until(lambda: api.get("/held")["flows"], "the held one")
        assert ask(proxy, site, "/2").status == 200
        proxy.wait_line("hold-max", "stderr")
        assert [flow["id"] for flow in api.get("/held")["flows"]] == [held[0]["id"]]
        api.post(f"/held/{held[0]['id']}/forward")
        assert read_response(first).status == 200


def test_rules_and_requests_of_our_own_do_not_reach_denied_targets(weir, site):
    proxy = weir(*OPTIONS, "--deny-targets", "loopback", sites=[site])
    api = Api(proxy, "tester")
    at = f"127.0.0.1:{site.port}"
    for do, args in (("upstream", {"to": at}), ("map-remote", {"to": f"http://{at}"})):
        rule = api.rule(do, **args)
        assert ask(proxy, site).status == 403, do
        api.delete(f"/rules/{rule}")
    assert "error" in api.post("/send", {"url": f"http://{at}/"})
    assert not site.connections


def test_rules_do_not_skip_the_checks_of_servers(weir, origin, world):
    site = origin(answer_all(echo), cert=world.good("other.test"))
    proxy = weir(*OPTIONS, sites=[site])
    api = Api(proxy, "tester")
    at = f"127.0.0.1:{site.port}"
    for do, args in (("upstream", {"to": at}), ("map-remote", {"to": f"https://{at}"})):
        rule = api.rule(do, **args)
        with proxy.secure("site.test", site.port) as pipe:
            pipe.send(f"GET / HTTP/1.1\r\nHost: site.test:{site.port}\r\n\r\n".encode())
            answer = read_response(pipe)
            assert answer.status == 502 and "wrong-host" in answer.text, (do, answer.text)
        api.delete(f"/rules/{rule}")
    assert not [request for conn in site.connections for request in conn.requests]

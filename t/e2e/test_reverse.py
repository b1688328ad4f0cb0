"""Mode reverse: whoever connects is led to one server."""
import json

import pytest

from lib.echo import echo
from lib.message import read_response
from lib.origin import answer_all
from lib.weir import weir_run

from test_reload import reload


@pytest.fixture
def site(origin):
    return origin(answer_all(echo))


@pytest.fixture
def secure(origin, world):
    return origin(answer_all(echo), cert=world.good())


def spec(site, scheme="http", host="127.0.0.1"):
    return "--mode", f"reverse:{scheme}://{host}:{site.port}"


def ask(pipe, target="/", host="shop.test", method="GET"):
    pipe.send(f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    return read_response(pipe, method)


def said(pipe, target="/"):
    """What the site says that it was asked."""
    return json.loads(ask(pipe, target).body)


def test_a_client_that_knows_no_proxy_is_led_to_the_server(weir, site):
    proxy = weir(*spec(site))
    with proxy.dial() as pipe:
        asked = said(pipe, "/a?b")
    assert (asked["target"], asked["host"]) == ("/a?b", f"127.0.0.1:{site.port}")
    assert proxy.flow(kind="http")["url"] == f"http://127.0.0.1:{site.port}/a?b"


def test_the_host_stays_as_the_client_wrote_it_when_that_is_wanted(weir, site):
    with weir(*spec(site), "--keep-host-header").dial() as pipe:
        assert said(pipe)["host"] == "shop.test"


def test_a_rule_about_host_has_the_last_word(weir, site):
    with weir(*spec(site), "-H", "/~q/Host/rule.test").dial() as pipe:
        assert said(pipe)["host"] == "rule.test"


@pytest.mark.parametrize("tls, name", [(False, None), (True, "shop.test"), (True, "127.0.0.1")])
def test_a_server_with_tls_is_reached_in_clear_and_under_tls(weir, secure, tls, name):
    proxy = weir("--mode", f"reverse:https://site.test:{secure.port}", sites=[secure])
    with proxy.dial() as pipe:
        if tls:
            pipe.start_tls(proxy.context(), name=name)
        asked = said(pipe)
    assert asked["host"] == f"site.test:{secure.port}"
    assert secure.connections[-1].server_name == "site.test"
    assert proxy.flow(kind="http")["server"]["tls"]["verdict"] == "ok"


def test_a_server_in_clear_is_never_asked_for_its_certificate(weir, site):
    proxy = weir(*spec(site))
    with proxy.dial() as pipe:
        pipe.start_tls(proxy.context(), name="shop.test")
        assert ask(pipe).status == 200
    assert [r.method for r in site.requests] == ["GET"] and len(site.connections) == 1


@pytest.mark.parametrize("target", ["http://other.test/x", "https://other.test:1/x"])
def test_an_absolute_target_leads_nowhere_else(weir, site, target):
    proxy = weir(*spec(site))
    with proxy.dial() as pipe:
        asked = said(pipe, target)
    assert asked["target"] == "/x" and asked["host"] == f"127.0.0.1:{site.port}"


def test_connect_leads_nowhere(weir, site, origin):
    other = origin()
    with weir(*spec(site)).dial() as pipe:
        assert ask(pipe, f"127.0.0.1:{other.port}", method="CONNECT").status == 400
    assert not other.connections


def test_a_server_that_is_the_proxy_itself_is_refused(weir, site):
    proxy = weir("--mode", "regular@127.0.0.1:0", start=False)
    proxy.start()
    own = proxy.port
    with weir("--mode", f"reverse:http://127.0.0.1:{own}").dial() as pipe:
        # To that proxy it is a request in origin form, which leads it nowhere.
        assert ask(pipe).status == 400


@pytest.mark.parametrize("text, says", [
    ("reverse", "is no server"),
    ("reverse:", "is no server"),
    ("reverse:gopher://a", "there is no scheme 'gopher' (there is: http, https"),
    ("reverse:http://a/path", "a server has no path"),
    ("reverse:http://a:0", "is no server"),
    ("reverse:http://user@a@8080", "is no server"),
    ("nowhere", "there is: regular, reverse"),
])
def test_a_wrong_server_is_named(tmp_path, text, says):
    done = weir_run(tmp_path, "dump", "--confdir", tmp_path / "conf", "--mode", text)
    assert done.returncode == 2 and says in done.stderr.decode(), done.stderr


def test_a_password_that_would_protect_nothing_is_refused(tmp_path):
    done = weir_run(tmp_path, "dump", "--confdir", tmp_path / "conf", "--mode", "reverse:http://a@0", "--proxyauth", "a:b")
    assert done.returncode != 0 and "'proxyauth' protects nothing" in done.stderr.decode(), done.stderr


def test_the_server_changes_with_the_configuration(weir, origin):
    one, two = origin(answer_all(echo)), origin(answer_all(echo))
    proxy = weir(start=False)
    proxy.confdir.joinpath("config.yaml").write_text(f"mode: reverse:http://127.0.0.1:{one.port}@127.0.0.1:0\n")
    proxy.start()
    stays = proxy.dial()
    assert ask(stays).status == 200
    reload(proxy, f"mode: reverse:http://127.0.0.1:{two.port}@127.0.0.1:{proxy.port}\n")
    with proxy.dial() as pipe:
        assert said(pipe)["host"] == f"127.0.0.1:{two.port}"
    assert said(stays)["host"] == f"127.0.0.1:{one.port}"
    stays.close()

"""Chromium and Firefox browse an HTTPS site through Weir without a warning once its authority is trusted, else not."""
import pytest

from lib.browsers import BROWSERS
from lib.h2 import Site
from lib.message import reply
from lib.origin import answer_all
from lib.wait import until

# Says over HTTPS what it saw, from a script, a style, a picture and a fetch of its own.
PAGE = b"""<!doctype html><title>a site</title><link rel=stylesheet href=/style.css><p id=word>waiting</p>
<script>
fetch('/data', {method: 'POST', body: 'from the page'}).then(r => r.text()).then(text => {
  document.getElementById('word').textContent = text;
  return fetch('/seen?' + [text, isSecureContext, location.protocol].join('-'));
});
</script>"""


def site_answer(request):
    path = request.target.split("?")[0]
    if path == "/":
        return reply(PAGE, "200 OK", "Content-Type: text/html")
    if path == "/style.css":
        return reply(b"p { color: green }", "200 OK", "Content-Type: text/css")
    if path == "/data":
        return reply(b"answered", "200 OK", "Content-Type: text/plain")
    return reply(b"", "404 Not Found") if path == "/favicon.ico" else reply(b"")


@pytest.fixture
def site(origin, world):
    return origin(answer_all(site_answer), cert=world.good("site.test"))


@pytest.fixture
def proxy(weir, site):
    # What a browser asks for on its own ends here as well: no name but ours is ever looked up.
    return weir("--resolve", f"site.test:{site.port}:127.0.0.1", "--resolve", "*:443:127.0.0.1",
                "--resolve", "*:80:127.0.0.1")


def seen(site):
    return [request.target for request in site.requests if request.target.startswith("/seen")]


@pytest.mark.parametrize("browser", BROWSERS)
def test_browser_shows_the_site_once_the_authority_is_trusted(browser, site, proxy, short_home):
    result = BROWSERS[browser](short_home, site.url(host="site.test"), proxy.proxy, ca=proxy.ca_file,
                               ends=lambda: browser == "firefox" and seen(site))

    assert seen(site) == ["/seen?answered-true-https:"], (result, [r.target for r in site.requests], proxy.stderr)
    if browser == "chromium":
        assert b">answered</p>" in result.body
    flow = proxy.flow(kind="http", path="/data")
    assert flow.status == 200 and flow.body("request") == b"from the page" and flow.body("response") == b"answered"
    assert flow["client"]["tls"]["ja4"].startswith("t13d")
    # A connection to spare, opened and not needed, is no refusal.
    assert not [f for f in proxy.flows() if f["kind"] == "tls" and f["host"] == "site.test" and "alert" in f.error_text]


@pytest.mark.parametrize("browser, alerts", [
    ("chromium", ["certificate_unknown"]),
    ("firefox", ["unknown_ca", "bad_certificate"]),
])
def test_browser_refuses_the_site_while_the_authority_is_unknown(browser, alerts, site, proxy, short_home):
    def refused():
        return [f for f in proxy.flows() if f["kind"] == "tls" and f["host"] == "site.test"]

    BROWSERS[browser](short_home, site.url(host="site.test"), proxy.proxy, ends=refused)

    flow = until(refused, lambda: f"a refusal; {proxy.stdout} {proxy.stderr}")[0]
    assert flow.reason == "tls-client"
    assert any(alert in flow.error_text for alert in alerts), flow.error_text
    assert "CA" in flow.error_text
    assert site.received == b"", "a page was fetched"


def h2_answer(server, stream, request):
    path = request.value(":path").split("?")[0]
    if path == "/":
        server.reply(stream, PAGE, "200", ("content-type", "text/html"))
    elif path == "/data":
        server.reply(stream, b"answered", "200", ("content-type", "text/plain"))
    else:
        server.reply(stream, b"", "404" if path == "/favicon.ico" else "200")


@pytest.mark.parametrize("browser", BROWSERS)
def test_browser_speaks_http2_as_it_would_to_the_server(browser, weir, world, short_home):
    site = Site(h2_answer, world.good("site.test"))
    proxy = weir("--resolve", f"site.test:{site.port}:127.0.0.1", "--resolve", "*:443:127.0.0.1", "--resolve",
                 "*:80:127.0.0.1")

    def seen_h2():
        return [request.value(":path") for request in site.asked if request.value(":path").startswith("/seen")]

    try:
        result = BROWSERS[browser](short_home, site.url(host="site.test"), proxy.proxy, ca=proxy.ca_file,
                                   ends=lambda: browser == "firefox" and seen_h2())

        assert seen_h2() == ["/seen?answered-true-https:"], (result, proxy.stderr)
        used = [server for server in site.servers if server.requests]
        assert len(used) == 1 and used[0].settings[0] and used[0].windows
        order = "".join(name[1] for name, _ in list(used[0].requests.values())[0].fields if name.startswith(":"))
        assert order == {"chromium": "masp", "firefox": "mpas"}[browser]
        assert proxy.flow(kind="http", path="/data")["request"]["version"] == "2.0"
    finally:
        site.stop()

"""Names of servers: asked for once, tried in a good order, judged after the answer. Needs root: a resolver's port is 53."""
import pytest

from lib import env
from lib.message import read_response
from lib.names import AAAA, Names

pytestmark = pytest.mark.skipif(not env.is_root(), reason="only root can give a process another resolver")


@pytest.fixture
def names(home):
    made = []

    def make(table):
        made.append(Names(home, table))
        return made[0]

    yield make
    for one in made:
        one.stop()


def ask(proxy, url):
    with proxy.dial() as pipe:
        pipe.send(f"GET {url} HTTP/1.1\r\nHost: {url.split('/')[2]}\r\n\r\n".encode())
        return read_response(pipe)


def test_name_is_resolved_and_the_time_is_recorded(weir, origin, names):
    site, server = origin(), names({"site.test": ["127.0.0.1"]})
    proxy = weir(wrapper=server.wrapper())
    assert ask(proxy, site.url(host="site.test")).status == 200
    flow = proxy.flow(kind="http")
    assert flow["server"]["opened_us"] <= flow["server"]["resolved_us"] <= flow["server"]["connected_us"]
    assert flow["server"]["host"] == "site.test" and flow["server"]["remote"] == f"127.0.0.1:{site.port}"


def test_name_that_does_not_exist_is_an_error_page(weir, names):
    proxy = weir(wrapper=names({}).wrapper())
    answer = ask(proxy, "http://nowhere.test/")
    assert answer.status == 502 and "nowhere.test" in answer.text
    assert proxy.flow(kind="http").reason == "dns"


def test_name_without_addresses_is_an_error_page(weir, names):
    proxy = weir(wrapper=names({"empty.test": []}).wrapper())
    assert ask(proxy, "http://empty.test/").status == 502
    assert proxy.flow(kind="http").reason == "dns"


def test_answer_is_remembered_for_a_while(weir, origin, names):
    site, server = origin(), names({"site.test": ["127.0.0.1"]})
    proxy = weir("--threads", "1", "--upstream-idle", "0", wrapper=server.wrapper())
    for _ in range(3):
        assert ask(proxy, site.url(host="site.test")).status == 200
    assert len(site.connections) == 3
    assert len(server.asked) <= 2, server.asked


def test_second_address_is_tried_when_the_first_refuses(weir, origin, names):
    site = origin()
    server = names({"site.test": ["127.0.0.77", "127.0.0.1"], "six.test": ["::1", "127.0.0.1"]})
    proxy = weir("--connect-time", "5s", wrapper=server.wrapper())
    for host in ("site.test", "six.test"):
        assert ask(proxy, site.url(host=host)).status == 200, host
    assert ("six.test", AAAA) in server.asked


def test_name_that_leads_to_a_denied_address_is_refused(weir, origin, names):
    """DNS rebinding: the address counts, not the name."""
    site = origin()
    proxy = weir("--deny-targets", "loopback", wrapper=names({"innocent.test": ["127.0.0.1"]}).wrapper())
    assert ask(proxy, site.url(host="innocent.test")).status == 403
    assert not site.connections


def test_denied_address_is_skipped_when_another_may_be_used(weir, origin, names):
    site = origin()
    server = names({"both.test": ["127.0.0.77", "127.0.0.1"]})
    proxy = weir("--deny-targets", "127.0.0.77/32", wrapper=server.wrapper())
    assert ask(proxy, site.url(host="both.test")).status == 200


def test_name_that_leads_back_to_the_proxy_is_a_loop(weir, names):
    proxy = weir(wrapper=names({"mirror.test": ["127.0.0.1"]}).wrapper())
    assert ask(proxy, f"http://mirror.test:{proxy.port}/").status == 508


def test_resolver_that_does_not_answer_is_a_timeout(weir, names):
    server = names({})
    server.stop()  # the port is closed: nobody answers
    proxy = weir("--connect-time", "700ms", wrapper=server.wrapper())
    answer = ask(proxy, "http://site.test/")
    assert answer.status in (502, 504) and proxy.flow(kind="http").reason in ("dns", "connect-timeout")

"""Real clients through Weir: content and a decrypted flow with its authority, their own refusal without, and Weir says why."""
import re

import pytest

from lib.clients import CLIENTS, curl
from lib.message import reply
from lib.origin import answer_all
from lib.wait import until

# Exit status and words of a client that does not trust the authority, and what Weir hears of it: an alert, or silence.
REFUSALS = {
    "curl": (60, "unable to get local issuer certificate|self-signed certificate in certificate chain", "unknown_ca"),
    "wget": (5, "", "closed-after-handshake"),
    "openssl": (1, "certificate verify failed", "unknown_ca"),
    "gnutls": (1, "PKI verification", "bad_certificate"),
    "python": (1, "CERTIFICATE_VERIFY_FAILED", "unknown_ca"),
    "node": (1, "UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "eof-in-handshake|closed-after-handshake"),
    "go": (1, "x509: ", "bad_certificate"),
    "java": (1, "PKIX path building failed", "certificate_unknown|eof-in-handshake"),
}


@pytest.fixture
def site(origin, world):
    return origin(answer_all(lambda request: reply(b"secret word\n", "200 OK", "Content-Type: text/plain")),
                  cert=world.good("site.test"))


@pytest.mark.parametrize("client", CLIENTS)
def test_client_that_trusts_the_authority_is_served_and_decrypted(client, site, weir, client_tools, home):
    proxy = weir(sites=[site])

    result = CLIENTS[client](client_tools, home, site.url("/page", host="site.test"), proxy.proxy, proxy.ca_file)

    assert result.ok and b"secret word\n" in result.body, (result, proxy.stdout, proxy.stderr)
    flow = proxy.flow(kind="http")
    assert flow["url"] == site.url("/page", host="site.test")
    assert flow.status == 200 and flow.body("response") == b"secret word\n" and not flow["error"]
    assert flow["client"]["tls"]["sni"] == "site.test"
    assert flow["server"]["tls"]["verdict"] == "ok"
    proxy.wait_line(re.compile(r" GET https://site\.test:\d+/page 200 text/plain 12b "))
    assert not [f for f in proxy.flows() if f["kind"] == "tls"]


@pytest.mark.parametrize("client", CLIENTS)
def test_client_that_does_not_trust_the_authority_refuses_and_weir_says_why(client, site, weir, client_tools, home):
    proxy = weir(sites=[site])
    status, words, heard = REFUSALS[client]

    result = CLIENTS[client](client_tools, home, site.url(host="site.test"), proxy.proxy)

    assert result.code == status and re.search(words, result.text), result
    flow = proxy.flow(kind="tls")
    assert flow["host"] == "site.test" and flow.reason == "tls-client"
    assert re.search(heard, flow.error_text), flow.error_text
    assert "CA" in flow.error_text
    assert flow["client"]["tls"]["sni"] == "site.test"
    assert re.search(heard, proxy.wait_line(" TLS site.test:"))
    assert site.received == b"", "a request went to the server"


def test_client_that_pins_another_key_refuses_although_it_trusts(site, weir, home):
    proxy = weir(sites=[site])
    pin = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    result = curl(None, home, site.url(host="site.test"), proxy.proxy, proxy.ca_file, extra=["--pinnedpubkey", pin])
    assert result.code == 90
    flow = proxy.flow(kind="tls")
    assert "closed-after-handshake" in flow.error_text and "pin" in flow.error_text


def test_client_that_only_looks_and_says_goodbye_is_not_called_intercepted(site, weir):
    proxy = weir(sites=[site])
    with proxy.secure("site.test", site.port) as pipe:
        pipe.close_notify()
        pipe.read_rest()
    assert "closed-after-handshake" in proxy.flow(kind="tls").error_text


def test_client_that_cannot_agree_on_parameters_gets_an_alert_and_a_flow(site, weir, home):
    proxy = weir("--tls-version-client-min", "TLS1_3", sites=[site])
    result = curl(None, home, site.url(host="site.test"), proxy.proxy, proxy.ca_file, extra=["--tls-max", "1.2"])
    assert result.code == 35 and "alert protocol version" in result.text, result
    flow = proxy.flow(kind="tls")
    assert "version" in flow.error_text and "trust" not in flow.error_text, flow.error_text


def test_refusals_of_many_clients_are_flows_of_their_own(site, weir, home):
    proxy = weir(sites=[site])
    for _ in range(3):
        assert curl(None, home, site.url(host="site.test"), proxy.proxy).code == 60
    assert len(proxy.wait_flows(3, kind="tls")) == 3
    until(lambda: proxy.stdout.count(" TLS site.test:") == 3, lambda: proxy.stdout)

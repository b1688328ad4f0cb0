"""What peers say is shown to people: no byte of it may do anything to a terminal or a browser, and no path leads to the key."""
import re
import unicodedata

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from lib.message import chunked, read_response
from lib.origin import answer_all
from lib.pipe import Ended
from lib.ways import HOST, HTTPS, PLAIN, WAYS, Way

# Clear the screen, set the title and ring, 8-bit CSI as a byte and as a character, direction of writing, delete.
NASTY = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202etxt.exe\u2066\u200f\x7f"
BYTES = NASTY.encode() + b"\x9b31m\xff\xfe"
LATIN = BYTES.decode("latin-1")


@pytest.fixture(params=WAYS)
def way(request, weir, origin, world):
    return Way(request.param, weir, origin, world)


@pytest.fixture
def https(weir, origin, world):
    return Way(HTTPS, weir, origin, world)


@pytest.fixture
def plain(weir, origin, world):
    return Way(PLAIN, weir, origin, world)


def harmful(text):
    """Control characters but tabs and ends of lines, and what changes the direction of writing."""
    return sorted({c for c in text if c not in "\t\n" and (unicodedata.category(c) == "Cc" or
                   unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI") or
                   c in "\u200e\u200f\u061c")})


def harmless(proxy, flows=1):
    """All that was printed; the program has ended, so that nothing is missing."""
    proxy.wait_flows(flows)
    proxy.stop()
    for name in ("stdout", "stderr"):
        text = (proxy.folder / name).read_bytes().decode("utf-8")  # and that is what it must be
        assert not harmful(text), (name, harmful(text))
    return proxy.stdout


def talk(pipe, data):
    """Sends and takes whatever comes."""
    try:
        pipe.send(data)
        return pipe.read_rest()
    except (Ended, OSError):
        return bytes(pipe.received)


SHOWN = [("--detail", "1"), ("--detail", "4"), ("--detail", "4", "--color", "never"), ("--json", "--detail", "1"),
         ("--json", "--detail", "3")]


@pytest.mark.parametrize("options", SHOWN, ids=" ".join)
def test_answer_of_a_hostile_server_is_shown_without_harm(way, options):
    fields = [f"Content-Type: text/{LATIN}".encode("latin-1"), b"X: " + BYTES, b"Set-Cookie: " + BYTES]
    fields = [field.translate(None, b"\x1b\x07\x7f") for field in fields]  # what a field may hold at all
    head = b"HTTP/1.1 200 " + BYTES.translate(None, b"\x1b\x07\x7f") + b"\r\n" + b"\r\n".join(fields)
    way.serve(answer_all(lambda request: head + b"\r\nContent-Length: %d\r\n\r\n" % len(BYTES) + BYTES))
    way.start(*options)
    assert way.get("/" + "x" * 10).body == BYTES
    assert "x" * 10 in harmless(way.proxy, 1)


@pytest.mark.parametrize("options", SHOWN, ids=" ".join)
def test_garbage_of_a_hostile_server_is_shown_without_harm(way, options):
    def script(conn):
        conn.request()
        conn.send(BYTES + b"\r\n\r\n")
        conn.read_rest()
    way.serve(script)
    way.start(*options)
    answer = way.get()
    assert answer.status == 502 and not harmful(answer.text.replace("\r", ""))
    harmless(way.proxy)


@pytest.mark.parametrize("options", SHOWN, ids=" ".join)
@pytest.mark.parametrize("head", [
    b"GET http://site.test/" + BYTES + b" HTTP/1.1\r\nHost: site.test\r\n\r\n",
    b"GET http://" + BYTES + b"/ HTTP/1.1\r\nHost: x\r\n\r\n",
    b"CONNECT " + BYTES + b":443 HTTP/1.1\r\nHost: x\r\n\r\n",
    BYTES + b" / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: " + BYTES + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n" + BYTES + b": x\r\n\r\n",
    BYTES,
], ids=["path", "host", "connect", "method", "host-field", "field-name", "nothing-else"])
def test_request_of_a_hostile_client_is_shown_without_harm(plain, head, options):
    plain.serve()
    plain.start(*options)
    with plain.proxy.dial() as pipe:
        pipe.send(head)
        pipe.shut()
        answer = pipe.read_rest()
    assert not harmful(answer.decode("utf-8").replace("\r", ""))
    harmless(plain.proxy)


@pytest.mark.parametrize("options", SHOWN, ids=" ".join)
def test_trailers_are_shown_without_harm(way, options):
    nasty = "\u202e\u2066\x9b".encode() + b"\x9b\xff"
    way.serve(answer_all(lambda request: chunked([b"data"], trailers=b"X-T: " + nasty + b"\r\n")))
    way.start(*options)
    way.get()
    harmless(way.proxy)


@pytest.mark.parametrize("options", SHOWN, ids=" ".join)
def test_names_in_a_hostile_certificate_are_shown_without_harm(https, origin, world, options):
    nasty = NASTY.replace("\x7f", "")
    https.site = origin(cert=world.foreign.issue(nasty, names=[], organisation=nasty + "<script>"))
    https.start(*options)
    text = https.get()
    assert text.status == 502 and not harmful(text.text)
    page = https.get("/", "Accept: text/html")
    assert page.status == 502 and not harmful(page.text) and "<script>" not in page.text
    harmless(https.proxy, 2)


@pytest.mark.parametrize("options", SHOWN, ids=" ".join)
def test_hostile_names_in_a_handshake_are_shown_without_harm(https, options):
    """The client's: as the name of the server, and as a protocol."""
    https.serve()
    https.start(*options)
    context = https.proxy.context(trust=False, alpn=["http/1.1", "\x1b[2J\x07"])
    with https.proxy.secure(HOST, https.site.port, context) as pipe:
        pipe.send(https.request())
        read_response(pipe)
    with https.proxy.tunnel(https.authority) as pipe:
        talk(pipe, hello_for(BYTES[:40]))
    harmless(https.proxy)


def hello_for(name):
    """A ClientHello by hand: no library would send such a name."""
    sni = b"\0" + len(name).to_bytes(2, "big") + name
    sni = len(sni).to_bytes(2, "big") + sni
    extensions = b"\0\0" + len(sni).to_bytes(2, "big") + sni
    body = b"\x03\x03" + bytes(32) + b"\0" + b"\0\2\xc0\x2f" + b"\1\0" + len(extensions).to_bytes(2, "big") + extensions
    hello = b"\1" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + len(hello).to_bytes(2, "big") + hello


def test_page_is_no_place_for_scripts(way):
    way.serve()
    way.start("--deny-targets", "loopback")
    page = way.get("/?<script>alert(1)</script>'\"&", "Accept: text/html")
    assert page.status == 403 and page.value("X-Content-Type-Options") == "nosniff"
    assert "<script" not in page.text and "&lt;script&gt;" in page.text


def test_line_of_an_exchange_stays_one_line(plain):
    """A value cannot forge the lines of another exchange."""
    ends = "\u2028\u2029\u0085".encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain" + ends + b"x\r\nContent-Length: 0\r\n\r\n"
    plain.serve(answer_all(lambda request: head))
    plain.start()
    plain.get("/%0aforged")
    plain.proxy.wait_flows(1)
    plain.proxy.stop()
    lines = plain.proxy.stdout.splitlines()  # by every end of a line that Unicode knows
    assert len([line for line in lines if not line.startswith("listening ")]) == 1


# The key


PATHS = ["/weir-ca.pem", "/cert/weir-ca.pem", "/cert/key", "/cert/../weir-ca.pem", "/cert/%2e%2e/weir-ca.pem",
         "/../conf/weir-ca.pem", "/..%2fweir-ca.pem", "/cert/pem/../../weir-ca.pem", "//weir-ca.pem",
         "/crl/../weir-ca.pem", "/crl/%00.crl", "/cert/pem%00.key",
         "/./cert/pem", "/CERT/PEM", "/cert/pem/", "/config.yaml", "/etc/passwd", "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
         "/cert/p12?key=1", "/cert/..\\weir-ca.pem", "/weir-ca.p12"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_path_of_the_certificate_page_leads_to_the_key_or_any_other_file(plain, scheme):
    plain.serve()
    plain.start()
    secret = (plain.proxy.confdir / "weir-ca.pem").read_text()
    key = re.search(r"PRIVATE KEY-----\n(.{40})", secret).group(1).encode()
    for path in PATHS:
        with plain.proxy.secure("weir.it", 443) if scheme == "https" else plain.proxy.dial() as pipe:
            pipe.send(f"GET {path if scheme == 'https' else 'http://weir.it' + path} HTTP/1.1\r\nHost: weir.it\r\n\r\n".encode())
            answer = read_response(pipe)
        assert answer.status == (200 if "?" in path else 404) or answer.status == 400, path
        assert b"PRIVATE KEY" not in answer.body and key not in answer.body and b"root:" not in answer.body
        if answer.status == 200:
            assert pkcs12.load_pkcs12(answer.body, None).key is None
    assert not plain.site.connections


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://site.test/", "http://", "http:///", "/etc/passwd", "*",
                                    "http://site.test:0/", "http://site.test:99999/", "http://user@weir.it/", "gopher://weir.it/"])
def test_targets_of_other_kinds_are_refused(plain, target):
    plain.serve()
    plain.start()
    with plain.proxy.dial() as pipe:
        pipe.send(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        answer = read_response(pipe)
    assert answer.status == 400, answer.text
    assert b"root:" not in answer.body


# Passwords


def test_every_request_in_the_open_shows_its_password(plain):
    plain.serve()
    plain.start("--proxyauth", "one:a")
    right = "Proxy-Authorization: Basic b25lOmE="
    with plain.open() as pipe:
        for fields, status in (([right], 200), ([], 407), ([right], 200), ([right.lower()], 407)):
            pipe.send(plain.request("/", *fields))
            assert read_response(pipe).status == status, fields
    assert len(plain.site.requests) == 2


def test_password_opens_one_tunnel_and_its_requests_need_none(https):
    https.serve()
    https.start("--proxyauth", "one:a")
    with https.proxy.dial() as pipe:
        for status in (407, 407):
            pipe.send(b"CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\n" % https.authority.encode())
            answer = read_response(pipe, "CONNECT")
            assert answer.status == status and answer.values("Proxy-Authenticate")
        pipe.send(b"CONNECT %s HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic b25lOmE=\r\n\r\n" % https.authority.encode())
        assert read_response(pipe, "CONNECT").status == 200
        pipe.start_tls(https.proxy.context(), name=HOST)
        for fields in ([], ["Proxy-Authorization: Basic b25lOmE="]):
            pipe.send(https.request("/", *fields))
            assert read_response(pipe).status == 200
    assert b"b25lOmE=" not in https.site.received


def test_password_is_on_no_screen(plain):
    plain.serve()
    plain.start("--proxyauth", "one:secretword", "--detail", "1", "-v")
    for value in ("b25lOnNlY3JldHdvcmQ=", "b25lOnNlY3JldHdvcmR4"):
        plain.get("/", f"Proxy-Authorization: Basic {value}")
    plain.proxy.wait_flows(2)
    plain.proxy.stop()
    said = plain.proxy.stdout + plain.proxy.stderr
    assert "secretword" not in said and "b25lOnN" not in said

"""Rules change what goes through: those of rules.yaml and those of options, with the sandbox as it is."""
import json
import signal

import pytest

from lib.echo import ask, echo
from lib.message import reply
from lib.origin import answer_all
from lib.pipe import Ended
from lib.wait import until


@pytest.fixture
def site(origin):
    return origin(answer_all(echo))


@pytest.fixture
def with_rules(weir, site):
    """with_rules(text, *options) -> a proxy with that rules.yaml."""

    def make(text, *options):
        proxy = weir(*options, start=False, sites=[site])
        proxy.write_rules(text)
        return proxy.start()

    return make


def test_heads_and_contents_are_rewritten(with_rules, site):
    proxy = with_rules("""
- {do: set-field, field: X-A, value: one, when: path:/a}
- {do: path, pattern: ^/a, with: /b}
- {do: replace-body, side: request, pattern: s(.)cret, with: 'h$1dden'}
- {name: answer, do: replace-body, pattern: '"body"', with: '"seen"'}
- {do: set-field, side: response, field: X-Server, value: weir}
""")
    answer = ask(proxy, site, "/a/x", method="POST", body=b"a secret")
    said = json.loads(answer.body)
    assert said["target"] == "/b/x"
    assert ["X-A", "one"] in said["fields"]
    assert said["seen"] == "a hedden"
    assert answer.value("X-Server") == "weir"
    assert json.loads(ask(proxy, site, "/c").body)["target"] == "/c"


def test_answers_come_from_here(with_rules, site, tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "one.txt").write_text("0123456789")
    (tmp_path / "secret").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    proxy = with_rules(f"""
- {{do: map-local, path: {folder}, prefix: /files, when: path:/files}}
- do: answer
  when: path:/mock
  status: 418
  type: text/plain
  fields: ['X-Q: {{{{query.q}}}}']
  body: |
    {{{{method}}}} {{{{path}}}}
- {{do: block, when: path:/never}}
- {{do: redirect, to: 'https://elsewhere.test/', when: path:/moved}}
""")
    assert ask(proxy, site, "/files/one.txt").body == b"0123456789"
    part = ask(proxy, site, "/files/one.txt", "Range: bytes=2-3")
    assert (part.status, part.body, part.value("Content-Range")) == (206, b"23", "bytes 2-3/10")
    head = ask(proxy, site, "/files/one.txt", method="HEAD")
    assert (head.status, head.value("Content-Length"), head.value("Accept-Ranges")) == (200, "10", "bytes")
    known = ask(proxy, site, "/files/one.txt", f"If-None-Match: {head.value('ETag')}")
    assert (known.status, known.body) == (304, b"")
    for path in "/files/none", "/files/link", "/files/..%2fsecret", "/files/%2e%2e/secret":
        assert ask(proxy, site, path).status == 404, path
    mock = ask(proxy, site, "/mock/x?q=a%20b")
    assert (mock.status, mock.body, mock.value("X-Q")) == (418, b"GET /mock/x\n", "a b")
    assert ask(proxy, site, "/never").status == 403
    assert ask(proxy, site, "/moved").value("Location") == "https://elsewhere.test/"


def test_what_goes_by_is_logged_and_may_not_be_recorded(with_rules, site):
    proxy = with_rules("""
- {do: log, file: seen.log, line: '{{method}} {{path}} {{status}}'}
- {do: discard, when: path:/secret}
""")
    ask(proxy, site, "/secret")
    ask(proxy, site, "/public")
    assert (proxy.confdir / "rules" / "seen.log").read_text() == "GET /secret 200\nGET /public 200\n"
    proxy.stop()
    recorded = proxy.record_file.read_text()
    assert "/public" in recorded and "/secret" not in recorded


def test_a_response_is_broken(with_rules, site):
    proxy = with_rules("- {do: fault, kind: close, after: 5}\n")
    with pytest.raises(Ended):
        ask(proxy, site)


def test_cookies_stick(with_rules, origin):
    site = origin(answer_all(lambda request: reply(request.value("Cookie").encode(), "200 OK", "Set-Cookie: a=1; Path=/")))
    proxy = with_rules("- {do: sticky-cookie}\n", "--resolve", f"site.test:{site.port}:{site.address}")
    assert ask(proxy, site).body == b""
    assert ask(proxy, site, "/other").body == b"a=1"


def test_options_of_mitmproxy_are_rules(weir, site):
    proxy = weir("--map-remote", "|/old/(.)|/new/\\1", "--modify-headers", "/X-Server/", "-B", "/target/aim",
                 "--block-list", ":/gone:410", "--anticomp", sites=[site])
    answer = ask(proxy, site, "/old/x", "Accept-Encoding: gzip")
    said = json.loads(answer.body)
    assert said["aim"] == "/new/x"
    assert ["Accept-Encoding", "identity"] in said["fields"]
    assert not answer.values("X-Server")
    assert ask(proxy, site, "/gone").status == 410


def test_a_reload_takes_other_rules(with_rules, site):
    proxy = with_rules("- {do: path, with: /first}\n")
    assert json.loads(ask(proxy, site).body)["target"] == "/first"
    proxy.write_rules("- {do: path, with: /second}\n")
    proxy.process.send_signal(signal.SIGHUP)
    until(lambda: "the configuration was read again" in proxy.stderr, "a reload")
    assert json.loads(ask(proxy, site).body)["target"] == "/second"
    proxy.write_rules("- {do: pth, with: /second}\n")
    proxy.process.send_signal(signal.SIGHUP)
    until(lambda: "rules.yaml:1: 'do': there is no action 'pth'" in proxy.stderr, "a line about the mistake")
    assert json.loads(ask(proxy, site).body)["target"] == "/second"


def test_a_wrong_file_of_rules_keeps_it_from_starting(weir, site):
    proxy = weir(start=False, sites=[site])
    proxy.write_rules("- do: discard\n- do: delay\n")
    proxy.expect_exit = 2
    proxy.spawn()
    assert proxy.process.wait(20) == 2
    assert "rules.yaml:2: 'time': it is missing" in proxy.stderr

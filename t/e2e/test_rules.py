"""Rules change what goes through: those of rules.yaml and those of options, with the sandbox as it is."""
import json
import signal

import pytest

from lib.message import read_response, reply
from lib.origin import answer_all
from lib.wait import until
from lib.weir import weir_run


def echo(request):
    said = {"target": request.target, "host": request.value("Host"), "body": request.body.decode("latin-1"),
            "fields": [list(pair) for pair in request.fields]}
    return reply(json.dumps(said).encode(), "200 OK", "Content-Type: application/json", "X-Server: site")


@pytest.fixture
def site(origin):
    return origin(answer_all(echo))


def ask(proxy, site, target="/", *fields, method="GET", body=b""):
    host = f"site.test:{site.port}"
    lines = [f"{method} http://{host}{target} HTTP/1.1", f"Host: {host}", *fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    with proxy.dial() as pipe:
        pipe.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return read_response(pipe, method)


def write_rules(proxy, text):
    folder = proxy.confdir / "rules"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "rules.yaml").write_text(text)


@pytest.fixture
def with_rules(weir, site):
    """with_rules(text, *options) -> a proxy with that rules.yaml."""

    def make(text, *options):
        proxy = weir(*options, start=False, sites=[site])
        write_rules(proxy, text)
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
    for path in "/files/none", "/files/link", "/files/..%2fsecret", "/files/%2e%2e/secret":
        assert ask(proxy, site, path).status == 404, path
    mock = ask(proxy, site, "/mock/x?q=a%20b")
    assert (mock.status, mock.body, mock.value("X-Q")) == (418, b"GET /mock/x\n", "a b")
    assert ask(proxy, site, "/never").status == 403
    assert ask(proxy, site, "/moved").value("Location") == "https://elsewhere.test/"


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
    write_rules(proxy, "- {do: path, with: /second}\n")
    proxy.process.send_signal(signal.SIGHUP)
    until(lambda: "the configuration was read again" in proxy.stderr, "a reload")
    assert json.loads(ask(proxy, site).body)["target"] == "/second"
    write_rules(proxy, "- {do: pth, with: /second}\n")
    proxy.process.send_signal(signal.SIGHUP)
    until(lambda: "rules.yaml:1: 'do': there is no action 'pth'" in proxy.stderr, "a line about the mistake")
    assert json.loads(ask(proxy, site).body)["target"] == "/second"


def test_a_wrong_file_of_rules_keeps_it_from_starting(weir, site):
    proxy = weir(start=False, sites=[site])
    write_rules(proxy, "- do: discard\n- do: delay\n")
    proxy.expect_exit = 2
    proxy.spawn()
    assert proxy.process.wait(20) == 2
    assert "rules.yaml:2: 'time': it is missing" in proxy.stderr


def test_rules_of_burp_are_printed_as_ours(home):
    rules = [{"enabled": True, "rule_type": "request_header", "string_match": "^X-A.*$", "string_replace": ""},
             {"enabled": True, "rule_type": "request_param_name", "string_match": "a"}]
    (home / "burp.json").write_text(json.dumps({"proxy": {"match_replace_rules": rules}}))
    done = weir_run(home, "rules", "import-burp", home / "burp.json")
    assert done.returncode == 0, done.stderr
    assert done.stdout == b"- folder: Burp\n  do: replace-line\n  side: request\n  pattern: ^X-A.*$\n"
    assert b"left out: rule 2 of the type 'request_param_name' has no likeness here" in done.stderr
    folder = home / "conf" / "rules"
    folder.mkdir(parents=True, mode=0o700)
    (folder / "rules.yaml").write_bytes(b"# mine\n" + done.stdout)
    assert weir_run(home, "rules", "show", "--confdir", home / "conf").stdout == done.stdout
    assert weir_run(home, "rules").returncode == 2

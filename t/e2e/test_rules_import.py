"""Rules of other programs: through the API while the proxy runs, and by the command for its next start."""
import json

import pytest

from lib.api import Api, OPTIONS, Refused
from lib.message import read_response, reply
from lib.origin import answer_all
from lib.weir import weir_run

BURP = """{"proxy": {"match_replace_rules": [
  {"comment": "greeting", "enabled": true, "is_simple_match": true, "rule_type": "response_body",
   "string_match": "hello", "string_replace": "good day"},
  {"enabled": true, "rule_type": "request_param_name", "string_match": "a", "string_replace": "b"}]}}"""

CHARLES = """<?xml version='1.0' encoding='UTF-8' ?>
<?charles serialisation-version='2.0' ?>
<map><toolEnabled>true</toolEnabled><mappings><mapMapping>
<sourceLocation><host>elsewhere.test</host><path>/x/*</path></sourceLocation>
<destLocation><protocol>http</protocol><host>site.test</host><port>PORT</port><path>/y/</path></destLocation>
<enabled>true</enabled></mapMapping></mappings></map>"""

MITMPROXY = "modify_headers:\n- /~s/X-Added/yes\nlisten_port: 1\n"


@pytest.fixture
def site(origin):
    return origin(answer_all(lambda request: reply(b"hello " + request.target.encode(), "200 OK",
                                                   "Content-Type: text/plain")))


@pytest.fixture
def proxy(weir, site):
    return weir(*OPTIONS, sites=[site])


@pytest.fixture
def api(proxy):
    return Api(proxy, "tester")


def get(proxy, authority, path):
    with proxy.dial() as pipe:
        pipe.send(f"GET http://{authority}{path} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
        return read_response(pipe)


def send(api, text, **query):
    """The answer to an import."""
    target = "/rules/import" + "".join(f"?{key}={value}" for key, value in query.items())
    status, _, content = api.raw("POST", target, text.encode())
    if status >= 300:
        raise Refused(status, json.loads(content))
    return json.loads(content)


def test_rules_of_burp_act_at_once(proxy, api, site):
    answer = send(api, BURP, format="burp")
    assert [rule["id"] for rule in api.get("/rules")["rules"]] == answer["ids"] and len(answer["ids"]) == 1
    assert [left["where"] for left in answer["left"]] == ["proxy.match_replace_rules[1]"]
    assert get(proxy, f"site.test:{site.port}", "/a").body == b"good day /a"
    assert "greeting" in (proxy.confdir / "rules" / "rules.yaml").read_text()


def test_rules_of_charles_act_at_once(proxy, api, site):
    answer = send(api, CHARLES.replace("PORT", str(site.port)))
    assert len(answer["ids"]) == 1 and answer["left"] == []
    assert get(proxy, "elsewhere.test", "/x/1?q").body == b"hello /y/1?q"


def test_rules_of_mitmproxy_act_at_once(proxy, api, site):
    answer = send(api, MITMPROXY)
    assert answer["ids"] and [left["where"] for left in answer["left"]] == ["line 3"]
    assert dict(get(proxy, f"site.test:{site.port}", "/").fields).get("X-Added") == "yes"


def test_an_empty_file_is_one_of_mitmproxy_without_rules(api):
    assert send(api, "") == {"ids": [], "left": []}


@pytest.mark.parametrize("text, query", [
    (BURP[:-1], {}), (BURP, {"format": "charles"}), (BURP, {"format": "fiddler"}), (CHARLES + "<", {}), ("", {"format": "charles"}),
], ids=["cut", "other", "unknown", "more", "empty"])
def test_a_damaged_file_changes_nothing(api, text, query):
    with pytest.raises(Refused) as refused:
        send(api, text, **query)
    assert refused.value.status == 400 and refused.value.body["error"]["code"] == "bad-file"
    assert api.get("/rules")["rules"] == []


def run(home, *words):
    done = weir_run(home, "rules", *words)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_the_command_adds_to_the_file(home, tmp_path):
    file = tmp_path / "burp.json"
    file.write_text(BURP)
    status, out, _ = run(home, "import", str(file))
    assert status == 0 and out.startswith("rules added: 1, entries left out: 1\n")
    assert "    proxy.match_replace_rules[1]: " in out
    status, out, _ = run(home, "list")
    assert (status, out) == (0, "   1 on  greeting: replace-body [burp]\n")
    assert run(home, "test")[:2] == (0, "rules: 1, all of them good\n")


def test_the_command_says_what_is_wrong(home, tmp_path):
    file = tmp_path / "x.xml"
    file.write_text("<map>\n</mop>")
    status, out, errors = run(home, "import", str(file))
    assert status == 2 and out == "" and "line 2" in errors
    assert run(home, "list")[:2] == (0, "")
    assert run(home, "import", str(tmp_path / "none"))[0] == 1
    assert run(home, "import", str(file), "--format", "zap")[0] == 2
    file.write_text("- do: nothing-known\n")
    status, _, errors = run(home, "test", str(file))
    assert status == 2 and "x.xml:1" in errors

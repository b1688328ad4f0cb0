"""Options that are changed while the program runs: by the API, kept over reloads, taken back, loaded and saved."""
import json

import pytest

from lib.api import OPTIONS, Api, Refused
from lib.echo import ask, echo
from lib.origin import answer_all
from test_reload import KEPT, configure, reload


@pytest.fixture
def proxy(weir):
    return weir(*OPTIONS, "--flow-detail", "0")


@pytest.fixture
def api(proxy):
    return Api(proxy)


def value(api, name):
    return api.get(f"/options/{name}")["value"]


def run(api, command, /, **args):
    return api.post(f"/commands/{command}", args)


def test_value_that_was_set_survives_a_reload_until_it_is_taken_back(api, proxy):
    api.put("/options/idle-time", {"value": "9s"})
    api.put("/options/deny-targets", {"value": ["private"]})
    assert api.get("/options/idle-time")["changed"]
    reload(proxy, "idle-time: 33s\nhead-time: 7s\n")
    assert value(api, "idle-time") == "9s" and value(api, "head-time") == "7s" and value(api, "deny-targets") == ["private"]
    assert not api.get("/options/head-time")["changed"]
    back = run(api, "options.reset.one", name="idle-time")
    assert back["value"] == "33s" and not back["changed"]
    reload(proxy, "idle-time: 34s\n")
    assert value(api, "idle-time") == "34s" and value(api, "deny-targets") == ["private"]


def test_default_that_was_asked_for_is_a_value_too(api, proxy):
    reload(proxy, "idle-time: 33s\n")
    api.put("/options/idle-time", {"value": None})
    reload(proxy)
    assert value(api, "idle-time") == "600s"


def test_all_are_taken_back_at_once(api, proxy):
    for name, given in [("idle-time", "9s"), ("anticache", True), ("verbosity", "debug")]:
        run(api, "options.set", name=name, value=given)
    options = {one["name"]: one for one in run(api, "options.reset")["options"]}
    assert options["idle-time"]["value"] == "600s" and not options["anticache"]["value"]
    assert not any(one["changed"] for one in options.values())


def test_reset_reads_the_file_and_a_wrong_one_changes_nothing(api, proxy):
    api.put("/options/idle-time", {"value": "9s"})
    configure(proxy, "idle-time: soon\n")
    with pytest.raises(Refused, match="config.yaml:1"):
        run(api, "options.reset")
    assert value(api, "idle-time") == "9s"
    reload(proxy, says=KEPT)


def test_option_is_toggled(api):
    assert run(api, "options.toggle", name="anticache")["value"] is True
    assert run(api, "options.toggle", name="anticache")["value"] is False
    for name, status in [("idle-time", 422), ("sandbox", 409), ("nothing", 404)]:
        with pytest.raises(Refused) as refused:
            run(api, "options.toggle", name=name)
        assert refused.value.status == status, name


def test_fixed_options_are_not_taken_back(api):
    with pytest.raises(Refused) as refused:
        run(api, "options.reset.one", name="threads")
    assert refused.value.status == 409


def test_file_is_loaded_whole_or_not_at_all(api, proxy):
    run(api, "options.load", content="idle-time: 9s\ndeny-targets: [private, loopback]\n")
    assert value(api, "idle-time") == "9s" and value(api, "deny-targets") == ["private", "loopback"]
    for text, says in [("head-time: 5s\nidle-time: soon\n", "the text:2"), ("head-time: 5s\nthreads: 7\n", "threads"),
                       ("head-time: 5s\nnothing: 1\n", "nothing"), ("[", "the text"), ("confdir: /tmp\n", "confdir")]:
        with pytest.raises(Refused, match=says):
            run(api, "options.load", content=text)
    assert value(api, "head-time") == "10s"
    reload(proxy, "idle-time: 33s\n")
    assert value(api, "idle-time") == "9s", "what was loaded stays as what was set does"


def test_saved_file_says_what_is_in_force_and_no_secrets(api, weir):
    run(api, "options.set", name="proxyauth", value="me:hidden-word")
    run(api, "options.set", name="modify-headers", value=["/~q/X-A/1: \"x\"", "/X-B/2"])
    run(api, "options.set", name="idle-time", value="1500ms")
    status, fields, text = api.raw("POST", "/commands/options.save", b"{}")
    assert status == 200 and fields["Content-Type"] == "application/yaml" and b"hidden-word" not in text
    saved = {line.partition(": ")[0]: json.loads(line.partition(": ")[2]) for line in text.decode().splitlines()}
    assert saved["modify-headers"] == ["/~q/X-A/1: \"x\"", "/X-B/2"] and saved["idle-time"] == "1500ms"
    assert saved["flow-detail"] == 0 and "head-time" not in saved and "confdir" not in saved
    other = weir(*OPTIONS, start=False)
    for name in ("port-file", "save-stream-file", "web-listen"):
        saved.pop(name, None)
    configure(other, json.dumps(saved))
    assert value(Api(other.start()), "modify-headers") == saved["modify-headers"]


def test_rules_that_did_not_change_keep_ids_and_hits_over_a_reload(weir, origin):
    site = origin(answer_all(echo))
    proxy = weir(*OPTIONS, "--modify-headers", "/X-From/option", sites=[site])
    api = Api(proxy)
    kept = api.rule("set-field", "path:/a", side="request", field="X-A", value="1", on=True)
    changed = api.rule("set-field", "path:/a", side="request", field="X-B", value="1")
    for _ in range(3):
        ask(proxy, site, "/a")
    before = {rule["id"]: rule for rule in api.get("/rules")["rules"]}
    assert before[kept]["hits"] == 3 and before[kept]["last_hit_us"]
    file = proxy.confdir / "rules" / "rules.yaml"
    lines = file.read_text().replace("X-B", "X-C").splitlines(keepends=True)
    file.write_text("- {name: first, do: block, when: path:/none}\n" + "".join(lines))
    reload(proxy)
    after = {rule["id"]: rule for rule in api.get("/rules")["rules"]}
    assert after[kept] == before[kept] and changed not in after
    fixed = [rule for rule in before.values() if rule["id"] not in (kept, changed)]
    assert fixed and all(after[rule["id"]] == rule for rule in fixed)
    assert [rule["hits"] for rule in after.values() if rule.get("field") == "X-C"] == [0]
    ask(proxy, site, "/a")
    assert api.get(f"/rules/{kept}")["hits"] == 4


def test_content_of_another_kind_is_refused(api):
    for content in (b"", b"\xff\xfe\x00", b"- a\n", b"a" * 100000):
        status, _, body = api.raw("POST", "/options", content)
        assert status in (200, 422), body
        assert status == 422 or not content
    assert json.dumps(api.get("/options"))

"""Presets: queries with names, used in other queries, in rules, by the API and by the program."""
import json

import pytest

from lib.api import OPTIONS, Api, Refused
from lib.echo import ask, echo
from lib.origin import answer_all
from lib.wait import until
from lib.weir import weir_run
from test_reload import KEPT, reload


@pytest.fixture
def site(origin):
    return origin(answer_all(echo))


@pytest.fixture
def proxy(weir, site):
    return weir(*OPTIONS, sites=[site])


@pytest.fixture
def api(proxy):
    return Api(proxy)


def run(api, command, /, **args):
    return api.post(f"/commands/{command}", args)


def preset(api, name, query):
    return api.put(f"/presets/{name}", {"query": query})


def test_preset_is_used_in_queries_and_other_presets(api, proxy, site):
    for target in ("/a", "/b", "/c"):
        ask(proxy, site, target)
    until(lambda: api.get("/flows/count")["count"] == 3, "three flows")
    preset(api, "first", "path:/a or path:/b")
    assert preset(api, "mine", "@first -path:/b")["presets"] == [{"name": "first", "query": "path:/a or path:/b"},
                                                                 {"name": "mine", "query": "@first -path:/b"}]
    assert api.get("/flows/count", query="@first")["count"] == 2
    assert api.get("/flows/count", query="-@mine")["count"] == 2
    assert run(api, "view.flows.remove", flows="@mine")["deleted"] == 1
    assert api.get("/flows/count", query="@first and GET")["count"] == 1


def test_rule_follows_its_preset_and_keeps_id_and_hits(api, proxy, site):
    run(api, "presets.set", name="stop", query="path:/a")
    rule = api.rule("block", "@stop", status="418")
    other = api.rule("set-field", side="response", field="X-A", value="1")
    assert ask(proxy, site, "/a").status == 418 and ask(proxy, site, "/b").status == 200
    run(api, "presets.set", name="stop", query="path:/b")
    assert ask(proxy, site, "/a").status == 200 and ask(proxy, site, "/b").status == 418
    assert api.get(f"/rules/{rule}")["hits"] == 2 and api.get(f"/rules/{other}")["hits"] >= 2
    assert api.get(f"/rules/{rule}")["when"] == "@stop"


def test_unknown_preset_is_an_error_at_its_place(api):
    with pytest.raises(Refused, match=r"no preset '@none' \(at byte 4 of the query\)"):
        api.get("/flows", query="GET @none")
    with pytest.raises(Refused, match="'when', column 5: there is no preset '@none'"):
        api.rule("block", "GET @none")
    with pytest.raises(Refused, match="'@none'"):
        preset(api, "a", "@none")


def test_loops_are_refused(api):
    preset(api, "a", "path:/a")
    preset(api, "b", "@a or path:/b")
    for query in ("@a", "@b", "GET @b"):
        with pytest.raises(Refused, match="'@"):
            preset(api, "a", query)
    assert api.get("/presets")["presets"][0] == {"name": "a", "query": "path:/a"}


def test_what_something_names_is_not_removed(api):
    preset(api, "a", "path:/a")
    preset(api, "b", "@a")
    rule = api.rule("block", "@b")
    for name in ("a", "b"):
        with pytest.raises(Refused, match=f"'@{name}'"):
            api.delete(f"/presets/{name}")
    api.delete(f"/rules/{rule}")
    api.delete("/presets/b")
    assert run(api, "presets.remove", name="a")["presets"] == []
    with pytest.raises(Refused) as refused:
        api.delete("/presets/a")
    assert refused.value.status == 404


@pytest.mark.parametrize("name,query", [("a%20b", "GET"), ("x" * 61, "GET"), ("a%29", "GET"), ("a", ""), ("a", "status:"), ("%C3%A4", "GET")])
def test_names_and_queries_that_cannot_be_used_are_refused(api, name, query):
    with pytest.raises(Refused) as refused:
        preset(api, name, query)
    assert refused.value.status == 422 and api.get("/presets")["presets"] == []


def test_presets_are_kept_as_text_and_read_again(api, proxy, weir, site):
    preset(api, "quoted", 'url~"a\\"b" or path:/a')
    preset(api, "stop", "path:/a")
    rule = api.rule("block", "@stop", status="418")
    file = proxy.confdir / "rules" / "presets.yaml"
    assert file.read_text().splitlines()[1] == '"stop": "path:/a"' and file.stat().st_mode & 0o777 == 0o600
    proxy.stop()
    proxy = weir(*OPTIONS, "--confdir", str(proxy.confdir), sites=[site])
    proxy.wait_line("control http")
    assert [one["name"] for one in api.get("/presets")["presets"]] == ["quoted", "stop"]
    assert ask(proxy, site, "/a").status == 418
    file.write_text("stop: path:/b\n")
    reload(proxy)
    assert ask(proxy, site, "/a").status == 200 and ask(proxy, site, "/b").status == 418
    for text, says in [("stop: '@none'\n", "presets.yaml"), ("other: GET\n", "@stop"), ("- a\n", "presets.yaml:1"), ("a: [b]\n", "presets.yaml:1"),
                       ("a: b\na: c\n", "presets.yaml:2"), ("a: '@b'\nb: '@a'\n", "presets.yaml")]:
        file.write_text(text)
        assert says in reload(proxy, says=KEPT)
    assert ask(proxy, site, "/b").status == 418 and rule


def test_program_knows_them(weir, site, home):
    proxy = weir(start=False)
    rules = proxy.confdir / "rules"
    rules.mkdir(mode=0o700)
    (rules / "presets.yaml").write_text("mine: path:/a\n")
    explained = weir_run(home, "query", "explain", "--confdir", proxy.confdir, "@mine or 404")
    assert explained.returncode == 0 and b"/a" in explained.stdout
    assert weir_run(home, "query", "explain", "--confdir", proxy.confdir, "@other").returncode == 2
    (rules / "rules.yaml").write_text("- {do: block, when: '@mine'}\n")
    assert weir_run(home, "rules", "test", "--confdir", proxy.confdir).returncode == 0
    wrong = weir_run(home, "dump", "-p", "0", "--confdir", proxy.confdir, "@other")
    assert wrong.returncode == 2 and b"'@other'" in wrong.stderr
    started = weir("--filter", "@mine", "--block-list", "/@mine/404", "--confdir", str(proxy.confdir), sites=[site])
    assert ask(started, site, "/b").status == 200 and ask(started, site, "/a").status == 404
    started.wait_line("/a")
    assert "/b " not in started.stdout


def test_list_of_the_feed_may_name_one(control):
    api = control()
    api.call("PUT", "/api/v1/presets/mine", {"query": "path:/a"})
    assert json.loads(api.call("POST", "/api/v1/rules/dry-run", {"when": "@mine"}).body)["matches"] == 0

"""Commands: every capability by name, over the API and from the command line."""
import csv
import gzip
import io
import json
import re
import signal

import pytest

from lib import coding
from lib.api import OPTIONS, Api, Refused
from lib.control import Control, operations
from lib.echo import ask, echo, send
from lib.message import read_response, reply
from lib.origin import answer_all
from lib.pipe import Ended
from lib.wait import until
from lib.weir import weir_run


@pytest.fixture
def site(origin):
    return origin(answer_all(echo))


@pytest.fixture
def proxy(weir, site):
    return weir(*OPTIONS, sites=[site])


@pytest.fixture
def api(proxy):
    return Api(proxy, "tester")


def run(api, name, /, **args):
    return api.post(f"/commands/{name}", args)


def call(proxy, home, *words):
    """Status, output, complaint of 'weir call'."""
    done = weir_run(home, "call", "--confdir", proxy.confdir, *words)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def flows(api, proxy, site, *targets):
    """Sends these requests; the ids of their flows, once they are stored."""
    for target in targets:
        ask(proxy, site, target)
    want = len(targets)
    page = until(lambda: (lambda p: p if p["total"] >= want else None)(api.get("/flows", order="oldest")), "the flows")
    return [row["id"] for row in page["rows"]][-want:]


# The table


def test_commands_are_listed_with_types_and_help(api):
    listed = api.get("/commands")["commands"]
    names = [one["name"] for one in listed]
    assert len(set(names)) == len(names) and {"flow.resume", "options.set", "export", "view.clear"} <= set(names)
    for one in listed:
        assert one["help"] and all(argument["help"] and argument["kind"] for argument in one["arguments"]), one


def test_each_command_stands_for_a_route_that_is_described(api):
    known = {(method, path) for method, path, _ in operations(api.get("/openapi.json"))}
    for one in api.get("/commands")["commands"]:
        parts = one["path"].split("/")
        assert any(method == one["method"] and len(path.split("/")) == len(parts)
                   and all(a == b or a.startswith("{") for a, b in zip(path.split("/"), parts)) for method, path in known), one


def test_table_is_printed_by_the_program(api, home):
    done = weir_run(home, "commands", "--json")
    assert json.loads(done.stdout) == api.get("/commands")["commands"]
    assert api.get("/openapi.json")["x-commands"] == api.get("/commands")["commands"]
    assert "flow.resume" in weir_run(home, "commands").stdout.decode()


# Arguments


@pytest.mark.parametrize("name,args,code", [
    ("flow.nothing", {}, 404), ("flow.show", {}, 422), ("flow.show", {"id": "x"}, 422), ("flow.show", {"id": 1, "other": 1}, 422),
    ("ca.export", {"format": "key"}, 422), ("view.flows.remove", {"flows": []}, 422), ("view.flows.remove", {"flows": {}}, 422),
    ("view.flows.remove", {"flows": "a:b:("}, 400), ("flow.show", {"id": 77}, 404),
])
def test_wrong_arguments_are_refused_with_a_sentence(api, name, args, code):
    with pytest.raises(Refused) as refused:
        run(api, name, **args)
    assert refused.value.status == code and refused.value.body["error"]["text"]


def test_sentence_says_what_was_meant(api):
    with pytest.raises(Refused, match="did you mean 'flow.show'"):
        run(api, "flow.shaw")
    with pytest.raises(Refused, match="did you mean 'format'"):
        run(api, "ca.export", formt="pem")


def test_texts_are_read_as_numbers_bools_lists_and_ids(api, proxy, site):
    first, second, third = flows(api, proxy, site, "/1", "/2", "/3")
    assert run(api, "flow.show", id=str(first))["id"] == first
    for one in (f"{first},{third}", f"{first}, {third}", [first, third], [str(first), third]):
        assert run(api, "view.properties.length", flows=one)["count"] == 2, one
    assert run(api, "view.properties.length", flows=second)["count"] == 1
    assert run(api, "view.properties.length", flows="path:/2")["count"] == 1
    assert run(api, "view.properties.length", flows="")["count"] == run(api, "view.properties.length")["count"] == 3


def test_answer_is_that_of_the_route(api, proxy, site):
    flow, = flows(api, proxy, site, "/1")
    assert run(api, "flow.show", id=flow) == api.get(f"/flows/{flow}")
    status, fields, body = api.raw("POST", "/commands/flow.content", json.dumps({"id": flow, "side": "response"}).encode())
    assert status == 200 and fields["Content-Type"] == "application/octet-stream" and json.loads(body)["target"] == "/1"


def test_what_a_command_changes_is_in_the_audit_trail_and_what_it_reads_is_not(api):
    run(api, "options.set", name="idle-time", value="9s")
    run(api, "options.get", name="idle-time")
    run(api, "eventstore.list", after="1")
    lines = [line["text"] for line in api.get("/audit")["lines"]]
    assert lines == ["PUT /api/v1/options/idle-time 200"]


def test_commands_are_behind_the_gate(control):
    api = control()
    body = {"name": "idle-time", "value": "7s"}
    path = "/api/v1/commands/options.set"
    assert api.code("POST", path, body, token=False) == (401, "no-token")
    assert api.code("POST", path, body, fields={"Host": "evil.test"}) == (421, "wrong-host")
    assert api.code("POST", path, body, fields={"Origin": "http://evil.test"}) == (403, "wrong-origin")
    assert api.get("/options/idle-time")["value"] != "7s"


def test_every_route_is_behind_the_gate(control):
    """All of the description: who shows nothing is told nothing, and no page of another gets in."""
    api = Control(control().proxy)
    for method, path, operation in operations(api.get("/openapi.json")):
        spelt = re.sub(r"\{\w+\}", "1", path)
        content = {} if "requestBody" in operation else None
        assert api.call(method, spelt, content, fields={"Host": "evil.test"}).status == 421, path
        if operation.get("security") == []:
            continue
        assert api.call(method, spelt, content, fields={"Origin": "http://evil.test"}).status == 403, path
        with api.dial() as pipe:  # failures are counted by client: after some, 429
            assert api.call(method, spelt, content, token=False, pipe=pipe).status in (401, 429), path


# Flows that are held


def test_held_flows_are_named_by_queries_and_ids(api, proxy, site):
    run(api, "rules.add", do="hold", when="path:/hold", args={"at": "request"})
    pipes = [proxy.dial() for _ in range(4)]
    for number, pipe in enumerate(pipes):
        send(pipe, site, f"/hold/{number}")
    ids = {one["url"].rpartition("/")[2]: one["id"] for one in api.wait_held(4)}
    assert run(api, "flow.set", flows="path:/hold/1", path="/changed", method="PUT")["done"] == 1
    assert run(api, "flow.set", flows=ids["2"], path="/other")["done"] == 1
    assert run(api, "flow.revert", flows=[ids["2"]])["done"] == 1
    assert run(api, "flow.resume", flows=[ids["1"], ids["2"]])["done"] == 2
    seen = [json.loads(read_response(pipes[number]).body) for number in (1, 2)]
    assert [(one["method"], one["target"]) for one in seen] == [("PUT", "/changed"), ("GET", "/hold/2")]
    assert run(api, "flow.kill", flows=ids["3"])["done"] == 1
    with pytest.raises(Ended):
        read_response(pipes[3])
    assert [one["id"] for one in api.held()] == [ids["0"]]
    assert run(api, "flow.resume.all")["done"] == 1
    assert read_response(pipes[0]).status == 200
    for pipe in pipes:
        pipe.close()


def test_change_of_many_needs_a_query(api):
    for action in ("edit", "answer"):
        with pytest.raises(Refused, match="query"):
            api.post(f"/held/all/{action}", {})
    with pytest.raises(Refused, match="query"):
        api.post("/live/all/kill")


# From the command line


def test_command_is_called_from_the_command_line(api, proxy, site, home):
    flow, = flows(api, proxy, site, "/1")
    status, out, _ = call(proxy, home, "flow.show", f"id={flow}")
    assert status == 0 and json.loads(out) == api.get(f"/flows/{flow}")
    assert call(proxy, home, "export", "curl", str(flow))[1].startswith("curl ")
    assert json.loads(call(proxy, home, "options.set", "idle-time", "value=9s")[1])["value"] == "9s"
    assert json.loads(call(proxy, home, "view.properties.length", "path=/1")[1])["count"] == 1, "the query of another name"


def test_content_comes_from_a_file_or_standard_input(api, proxy, home, tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("modify_headers: [/~q/X-A/1]\n")
    assert call(proxy, home, "rules.import", str(file), "format=mitmproxy")[0] == 0
    assert api.get("/rules")["rules"]


def test_argument_that_is_unknown_is_not_taken_for_another(api, proxy, home):
    done = weir_run(home, "call", "--confdir", proxy.confdir, "rules.add", "do=answer", "body=hi")
    assert done.returncode == 2 and "'rules.add' has no argument 'body'" in done.stderr.decode(), done.stderr
    assert api.get("/rules")["rules"] == []
    done = weir_run(home, "call", "--confdir", proxy.confdir, "flow.mark", "status=200", "red")
    assert done.returncode == 0, done.stderr  # a query


def test_failures_of_calls_are_told_by_status_and_one_line(api, proxy, home):
    for words, status in [(["flow.show", "77"], 1), (["flow.show"], 2), (["flow.nothing"], 2), ([], 2), (["version", "x"], 2),
                          (["flow.show", "id=1", "id=2"], 2), (["rules.import", "/nowhere"], 1)]:
        done = call(proxy, home, *words)
        assert done[0] == status and done[1] == "" and done[2].startswith("weir: ") and done[2].count("\n") == 1, (words, done)
    assert call(proxy, home, "--socket", "/nowhere", "version")[0] == 1


# Flows that are stored


def test_many_flows_are_marked_noted_and_tagged(api, proxy, site):
    first, second, third = flows(api, proxy, site, "/1", "/2", "/3")

    def marks(flow):
        return run(api, "flow.show", id=flow).get("marks", {})

    assert run(api, "flow.mark", flows=[first, second], mark="red")["done"] == 2
    assert run(api, "flow.comment", flows="path:/2", note="look")["done"] == 1
    assert run(api, "flow.tag", flows="", add_tag="a")["done"] == 3
    assert run(api, "flow.tag", flows=first, add_tag="b")["done"] == 1
    assert run(api, "flow.tag", flows=first, add_tag="b")["done"] == 1, "twice is once"
    assert marks(first)["tags"] == ["a", "b"] and marks(first)["mark"] == "red" and marks(second)["note"] == "look"
    run(api, "flow.untag", flows=first, remove_tag="a")
    assert marks(first)["tags"] == ["b"]
    run(api, "flow.mark.toggle", flows="")
    assert [marks(one)["mark"] for one in (first, second, third)] == ["", "", "red"]
    assert run(api, "view.properties.length", flows="mark:red")["count"] == 1
    assert run(api, "view.clear_unmarked")["deleted"] == 2
    assert run(api, "view.clear")["deleted"] == 1


def test_marking_many_needs_a_query_and_known_fields(api):
    for target, body in [("/flows", {"mark": "x"}), ("/flows?query=", {"colour": "x"}), ("/flows?query=", {"add_tag": ""}),
                         ("/flows?query=", {"toggle": "yes"})]:
        with pytest.raises(Refused) as refused:
            api.patch(target, body)
        assert refused.value.status == 400


def test_tags_of_a_flow_are_bounded(api, proxy, site):
    flow, = flows(api, proxy, site, "/1")
    api.patch(f"/flows/{flow}", {"tags": [f"t{n}" for n in range(64)]})
    run(api, "flow.tag", flows=flow, add_tag="t5")
    with pytest.raises(Refused, match="at most 64 tags"):
        run(api, "flow.tag", flows=flow, add_tag="one more")


def test_fields_of_flows_are_cut_as_a_table(api, proxy, site):
    ids = flows(api, proxy, site, "/1?a=b,c", '/2?x="y"')
    fields = 'id,host,path,status,resp.header[x-server],param[a],kind,error'
    table = run(api, "cut", flows="", fields=fields)
    assert table["fields"] == fields.split(",")
    assert table["rows"] == [[ids[0], "site.test", "/1", 200, "site", "b,c", "http", None],
                             [ids[1], "site.test", "/2", 200, "site", None, "http", None]]
    status, kinds, body = api.raw("POST", "/commands/cut", json.dumps({"flows": "", "fields": "id, url", "format": "csv"}).encode())
    assert status == 200 and kinds["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(body.decode(), newline="")))
    assert rows == [["id", "url"], [str(ids[0]), f"http://site.test:{site.port}/1?a=b,c"],
                    [str(ids[1]), f'http://site.test:{site.port}/2?x="y"']]


@pytest.mark.parametrize("fields", ["", "nothing", "id,,host", "id or host", "cookie[", "id?", "(id)", "GET", "a" * 2000, "id," * 60 + "id"])
def test_columns_that_are_none_are_refused(api, fields):
    with pytest.raises(Refused) as refused:
        run(api, "cut", flows="", fields=fields)
    assert refused.value.status == 400


def test_flows_are_saved_as_one_archive(api, proxy, site, home):
    flows(api, proxy, site, "/1", "/2")
    saved = json.loads(call(proxy, home, "save.har", "flows=")[1])
    assert [entry["request"]["url"].rpartition("/")[2] for entry in saved["log"]["entries"]] == ["1", "2"]
    assert run(api, "save.har", flows="path:/nowhere")["log"]["entries"] == []


def test_formats_of_exports_are_those_that_work(api, proxy, site):
    flow, = flows(api, proxy, site, "/1")
    formats = [one["name"] for one in run(api, "export.formats")["formats"]]
    for name in formats:
        assert api.raw("POST", "/commands/export", json.dumps({"format": name, "id": flow}).encode())[0] == 200, name


def test_content_that_is_held_is_decoded(weir, origin):
    packed = gzip.compress(b"hello")
    site = origin(answer_all(lambda request: reply(packed, "200 OK", "Content-Encoding: gzip")))
    proxy = weir(*OPTIONS, sites=[site])
    api = Api(proxy)
    api.rule("hold", at="response")
    with proxy.dial() as pipe:
        send(pipe, site)
        held = api.wait_held()[0]["id"]
        assert run(api, "flow.decode", flows=held)["done"] == 1
        run(api, "flow.resume", flows=held)
        answer = read_response(pipe)
    assert answer.body == b"hello" and not answer.values("Content-Encoding")


@pytest.fixture
def hold(proxy, api, site):
    """Holds a request with this content, does what is asked with its id and lets it go: what the site got, and its codings."""
    def run_one(do, body, *fields, at="request"):
        rule = api.rule("hold", at=at)
        with proxy.dial() as pipe:
            send(pipe, site, "/", *fields, method="POST", body=body)
            do(api.wait_held()[0]["id"])
            run(api, "flow.resume", flows="")
            seen = json.loads(read_response(pipe).body)
        api.delete(f"/rules/{rule}")
        return seen["body"].encode("latin-1"), [value for name, value in seen["fields"] if name.lower() == "content-encoding"]
    return run_one


def test_content_that_is_held_is_encoded(api, hold):
    known = run(api, "flow.encode.options")["codings"]
    assert sorted(known) == ["br", "deflate", "gzip", "zstd"]
    for name in [*known, "br, gzip"]:
        body, codings = hold(lambda held: run(api, "flow.encode", flows=held, coding=name), b"hello " * 100)
        assert codings == [name] and len(body) < 100 and coding.decode(name, body) == b"hello " * 100


def test_coding_takes_the_place_of_another(api, hold):
    packed = coding.encode("br", b"hello")
    body, codings = hold(lambda held: run(api, "flow.encode", flows=held, coding="zstd"), packed, "Content-Encoding: br")
    assert codings == ["zstd"] and coding.decode("zstd", body) == b"hello"
    assert hold(lambda held: run(api, "flow.encode", flows=held, coding="identity"), packed, "Content-Encoding: br") == (b"hello", [])


def test_coding_is_toggled(api, hold):
    body, codings = hold(lambda held: run(api, "flow.encode.toggle", flows=held), b"hello")
    assert codings == ["gzip"] and coding.decode("gzip", body) == b"hello"
    body, codings = hold(lambda held: run(api, "flow.encode.toggle", flows=held, coding="deflate"), b"hello")
    assert codings == ["deflate"] and coding.decode("deflate", body) == b"hello"
    assert hold(lambda held: run(api, "flow.encode.toggle", flows=held), body, "Content-Encoding: deflate") == (b"hello", [])
    assert hold(lambda held: [run(api, "flow.encode.toggle", flows=held) for _ in range(2)], b"hello") == (b"hello", [])


def test_empty_content_is_not_encoded(api, hold):
    assert hold(lambda held: run(api, "flow.encode", flows=held, coding="gzip"), b"") == (b"", [])


def test_what_cannot_be_encoded_is_refused_and_goes_on(api, hold):
    def refused(status, named, at="request", action="encode", **args):
        def do(held):
            with pytest.raises(Refused) as why:
                api.post(f"/held/{held}/{action}", **args)
            assert why.value.status == status and named in str(why.value.body)
        return hold(do, b"hello", "Content-Encoding: br", at=at)
    whole = (b"hello", ["br"])
    assert refused(400, "cannot encode 'sdch'", coding="sdch") == whole
    assert refused(400, "cannot encode 'x\\r\\ny: z'", coding="x\r\ny: z") == whole
    assert refused(409, "the br data", coding="gzip") == whole
    assert refused(409, "nothing to do at 'request-head'", at="request-head", coding="gzip") == whole
    assert refused(409, "nothing to do at 'request-head'", at="request-head", action="decode") == whole


def test_events_are_forgotten_when_told_so(api, proxy):
    before = proxy.stderr.count("read again")
    proxy.send_signal(signal.SIGHUP)
    until(lambda: proxy.stderr.count("read again") > before, "the line")
    lines = until(lambda: run(api, "eventstore.list")["lines"], "the event")
    run(api, "eventstore.clear")
    assert run(api, "eventstore.list")["lines"] == []
    proxy.send_signal(signal.SIGHUP)
    later = until(lambda: run(api, "eventstore.list")["lines"], "another event")
    assert later[0]["id"] > lines[-1]["id"]


# Sending again


def test_flows_are_sent_again_in_their_order(api, proxy, site):
    first, second = flows(api, proxy, site, "/1", "/2?a=b")
    with proxy.dial() as pipe:
        send(pipe, site, "/3", "X-A: 1", "Connection: close", "Proxy-Authorization: Basic eDp5", method="PUT", body=b"hello")
        once = json.loads(read_response(pipe).body)
    until(lambda: api.get("/flows/count")["count"] == 3, "three flows")
    assert run(api, "replay.client", flows="")["failed"] == 0
    counts = until(lambda: (lambda c: c if c["left"] == 0 else None)(run(api, "replay.client.count")), "the end of it")
    assert counts["sent"] == 3 and counts["failed"] == 0
    again = until(lambda: (lambda p: p["rows"] if p["total"] == 6 else None)(api.get("/flows", order="oldest")), "their flows")[3:]
    assert [row["path"] for row in again] == ["/1", "/2", "/3"] or [row["url"].partition("site.test")[2] for row in again]
    assert all("sent" in row["flags"] for row in again)
    body = api.raw("GET", f"/flows/{again[2]['id']}/response/body")[2]
    twice = json.loads(body)
    assert (twice["method"], twice["target"], twice["body"]) == ("PUT", "/3", "hello") == (once["method"], once["target"], once["body"])
    assert ["X-A", "1"] in twice["fields"] and not [name for name, _ in twice["fields"] if name.lower().startswith("proxy-")]
    assert "sends 3 requests again" in [line["text"] for line in api.get("/audit")["lines"]]
    assert first and second


def test_replay_is_stopped_and_ends_with_the_program(weir, origin):
    seen = []

    def answer_one(conn):
        while True:
            seen.append(conn.request())  # with nothing to come: until the proxy leaves
            if len(seen) == 1:
                conn.send(echo(seen[0]))
    site = origin(answer_one)
    proxy = weir(*OPTIONS, "--grace-time", "100ms", sites=[site])
    api = Api(proxy)
    flow, = flows(api, proxy, site, "/1")
    assert run(api, "replay.client", flows=flow)["left"] == 1
    assert run(api, "replay.client", flows=flow)["left"] == 2
    assert run(api, "replay.client.stop")["left"] == 1, "the one under way goes on"
    for _ in range(3):
        run(api, "replay.client", flows=flow)
    assert proxy.send_signal(signal.SIGTERM).wait() == 0


def test_what_cannot_be_sent_again_is_counted(api, proxy, site):
    flows(api, proxy, site, "/1")
    with pytest.raises(Refused, match="query"):
        api.post("/replay")
    with proxy.dial() as pipe:
        pipe.send(f"CONNECT site.test:{site.port} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        read_response(pipe, "CONNECT")
    until(lambda: api.get("/flows/count", query="kind:connect")["count"] == 1, "the tunnel")
    run(api, "replay.client", flows="kind:connect")
    assert run(api, "replay.client.count") == {"left": 0, "sent": 0, "failed": 1}


def marked(rows):
    """Id, path and mark of each."""
    return [(row["id"], row["path"], row["marks"]["mark"] if row.get("marks") else None) for row in rows]


def test_copies_of_flows_are_flows_of_their_own(proxy, api, site):
    first, second = flows(api, proxy, site, "/one", "/two")
    run(api, "flow.mark", flows=f"id:{first}", mark="red")
    assert run(api, "view.flows.duplicate", flows="path:/one | path:/two") == {"done": 2}
    rows = marked(api.get("/flows", order="oldest")["rows"])
    assert [row[1:] for row in rows] == [("/one", "red"), ("/two", None)] * 2
    copy, other = (row[0] for row in rows[2:])
    # Originals go; copies, and copies of them, keep what they share with them.
    assert run(api, "view.flows.duplicate", flows=f"id:{copy}") == {"done": 1}
    last = marked(api.get("/flows")["rows"])[0][0]
    run(api, "flow.mark", flows=f"id:{copy}", mark="blue")

    def body(flow):
        return api.raw("GET", f"/flows/{flow}/response/body")[2]

    was = body(first)
    run(api, "view.flows.remove", flows=f"id:{first} | id:{second}")
    assert json.loads(was)["target"] == "/one" and body(copy) == body(last) == was
    assert marked(api.get("/flows", order="oldest")["rows"]) == [
        (copy, "/one", "blue"), (other, "/two", None), (last, "/one", "red")]
    run(api, "view.flows.remove", flows=f"id:{copy}")
    assert body(last) == was
    with pytest.raises(Refused):
        api.post("/flows/duplicate")

"""Flows in the control API: lists, windows, one flow, its bytes, versions, marks, exports, deletion."""
import base64
import gzip
import json
import shlex
import subprocess
import sys

import pytest

from lib.control import misfits
from lib.env import scrubbed
from lib.message import read_response, reply
from lib.origin import answer_all

PLAIN = b"hello world\n" * 10


def answer(request):
    if "gzip" in request.target:
        return reply(gzip.compress(PLAIN), "200 OK", "Content-Type: text/plain", "Content-Encoding: gzip")
    if "broken" in request.target:
        return reply(b"no gzip", "200 OK", "Content-Encoding: gzip")
    return reply(b"<script>x</script>", "200 OK", "Content-Type: text/html")


@pytest.fixture
def api(control, origin):
    api = control()
    api.site = origin(answer_all(answer))
    return api


def send(api, path, method="GET", body=b"", fields=()):
    """One exchange through the proxy, whose id in the API this gives."""
    host = f"127.0.0.1:{api.site.port}"
    lines = [f"{method} http://{host}{path} HTTP/1.1", f"Host: {host}", *fields, "Connection: close"]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    with api.proxy.dial() as pipe:
        pipe.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        read_response(pipe, method)
    return api.proxy.wait_flows(1, path=path)[-1]["id"]


def ids(rows):
    return [row["id"] for row in rows]


def test_pages_go_through_all_flows_from_the_newest(api):
    made = [send(api, f"/{i}") for i in range(5)]
    page = api.get("/flows?limit=2")
    assert page["total"] == 5 and ids(page["rows"]) == made[:2:-1]
    again = api.get(f"/flows?limit=2&cursor={page['next']}")
    last = api.get(f"/flows?limit=2&cursor={again['next']}")
    assert ids(again["rows"] + last["rows"]) == made[2::-1] and last["next"] is None
    assert ids(api.get("/flows?order=oldest")["rows"]) == made


def test_row_says_what_a_table_shows(api):
    made = send(api, "/gzip?q=1", "POST", b"four")
    row = api.get("/flows")["rows"][0]
    want = {"id": made, "kind": "http", "method": "POST", "host": "127.0.0.1", "path": "/gzip?q=1", "status": 200,
            "type": "text/plain", "request_size": 4, "response_size": len(gzip.compress(PLAIN)), "flags": []}
    assert {key: row[key] for key in want} == want
    assert row["url"] == f"http://127.0.0.1:{api.site.port}/gzip?q=1" and row["started_us"] <= row["ended_us"]


def test_query_chooses_and_its_mistakes_are_shown(api):
    made = [send(api, path) for path in ("/a1", "/b", "/a2")]
    assert ids(api.get("/flows?query=path:a&order=oldest")["rows"]) == [made[0], made[2]]
    assert api.get("/flows/count?query=path:a")["count"] == 2
    assert api.get("/flows/count")["count"] == 3
    wrong = api.call("GET", "/api/v1/flows?query=%28%28")
    assert wrong.status == 400 and "at byte 2" in json.loads(wrong.body)["error"]["text"]


def test_window_has_the_rows_of_those_numbers(api):
    made = [send(api, f"/{i}") for i in range(6)]
    window = api.get("/flows/window?from=2&count=3")
    assert ids(window["rows"]) == made[2:5] and (window["first"], window["from"], window["end"]) == (0, 2, 6)
    newest = api.get("/flows/window?from=1&count=2&order=newest")
    assert ids(newest["rows"]) == [made[4], made[3]]
    send(api, "/more")
    later = api.get("/flows/window?from=2&count=3")
    assert later["rows"] == window["rows"] and later["list"] == window["list"] and later["seq"] > window["seq"]


def test_rows_keep_their_number_when_old_flows_must_go(control, origin):
    api = control("--memory-limit", "1m")
    api.site = origin(answer_all(lambda request: reply(b"x" * 100000)))
    first = send(api, "/first")
    assert ids(api.get("/flows/window")["rows"]) == [first]
    made = [send(api, f"/{i}") for i in range(20)]
    window = api.get("/flows/window?from=0&count=1000")
    assert window["first"] > 0 and window["end"] == 21 and window["from"] == window["first"]
    assert ids(window["rows"]) == made[window["first"] - 1:]


@pytest.mark.parametrize("path", ["?limit=x", "?limit=1001", "?cursor=-1", "?order=up", "/window?from=x", "/window?count=1001"])
def test_bad_parameters_are_refused(api, path):
    assert api.code("GET", f"/api/v1/flows{path}") == (400, "bad-parameter")


def test_one_flow_is_told_without_contents(api):
    made = send(api, "/x", "POST", b"secret")
    flow = api.get(f"/flows/{made}")
    assert flow["id"] == made and flow["request"]["method"] == "POST" and "base64" not in flow["request"]["body"]
    for missing in ("0", "999999", "x", "18446744073709551616"):
        assert api.code("GET", f"/api/v1/flows/{missing}") == (404, "not-found")


def test_head_is_given_byte_for_byte(api):
    made = send(api, "/x", fields=["X-Odd:   a  "])
    head = api.call("GET", f"/api/v1/flows/{made}/request/raw")
    assert head.body == api.proxy.flow(path="/x").raw("request") and b"X-Odd:   a  \r\n" in head.body
    sent = api.call("GET", f"/api/v1/flows/{made}/request/raw?version=sent")
    assert sent.body == api.site.connections[-1].requests[-1].head
    assert api.code("GET", f"/api/v1/flows/{made}/request/raw?version=1") == (404, "not-found")
    assert api.code("GET", f"/api/v1/flows/{made}/request/raw?version=x") == (400, "bad-parameter")
    assert api.code("GET", f"/api/v1/flows/{made}/nowhere/raw") == (404, "not-found")


def test_content_is_never_shown_by_a_browser(api):
    made = send(api, "/html")
    body = api.call("GET", f"/api/v1/flows/{made}/response/body")
    assert body.body == b"<script>x</script>" and body.value("Content-Type") == "application/octet-stream"
    assert body.value("X-Content-Type-Options") == "nosniff" and "default-src 'none'" in body.value("Content-Security-Policy")
    assert body.value("Content-Disposition") == f'attachment; filename="response-{made}.bin"'


def test_content_is_as_it_came_or_decoded(api):
    made = send(api, "/gzip")
    assert api.call("GET", f"/api/v1/flows/{made}/response/body").body == gzip.compress(PLAIN)
    assert api.call("GET", f"/api/v1/flows/{made}/response/body?decoded=true").body == PLAIN
    broken = send(api, "/broken")
    assert api.code("GET", f"/api/v1/flows/{broken}/response/body?decoded=true") == (422, "not-decoded")
    assert api.code("GET", f"/api/v1/flows/{broken}/response/body?decoded=maybe") == (400, "bad-parameter")


@pytest.mark.parametrize("value, status, part", [
    ("bytes=0-3", 206, slice(0, 4)), ("bytes=3-", 206, slice(3, None)), ("bytes=-5", 206, slice(-5, None)),
    ("bytes=2-9999", 206, slice(2, None)), ("bytes=-9999", 206, slice(0, None)), ("bytes=18-", 416, None),
    ("bytes=-0", 416, None), ("bytes=4-2", 200, slice(0, None)), ("lines=1-2", 200, slice(0, None)),
    ("bytes=0-1,4-5", 200, slice(0, None)), ("bytes=", 200, slice(0, None)),
    ("bytes=18446744073709551615-", 200, slice(0, None))])
def test_content_is_given_in_ranges(api, value, status, part):
    whole = b"<script>x</script>"
    made = send(api, "/html")
    got = api.call("GET", f"/api/v1/flows/{made}/response/body", fields={"Range": value})
    assert got.status == status
    if part:
        assert got.body == whole[part]
    if status == 206:
        begin = part.start + len(whole) if part.start < 0 else part.start
        assert got.value("Content-Range") == f"bytes {begin}-{begin + len(got.body) - 1}/{len(whole)}"


def test_difference_between_what_came_and_what_was_sent(api):
    made = send(api, "/x")
    diff = api.get(f"/flows/{made}/diff")
    gone = [line["text"] for line in diff["head"] if line["kind"] == "gone"]
    assert f"GET http://127.0.0.1:{api.site.port}/x HTTP/1.1" in gone and "Connection: close" in gone
    assert {"kind": "new", "text": "GET /x HTTP/1.1"} in diff["head"]
    assert diff["content"] == [] and diff["content_is_text"] and not diff["content_replaced"]
    same = api.get(f"/flows/{made}/diff?side=response&from=0&to=0")
    assert {line["kind"] for line in same["head"] + same["content"]} == {"same"}
    assert api.code("GET", f"/api/v1/flows/{made}/diff?to=7") == (404, "not-found")


def test_versions_that_rules_made_are_told_compared_and_exported(api):
    for rule in ({"do": "set-field", "field": "X-New", "value": "1"},
                 {"do": "replace-body", "side": "request", "pattern": "secret", "with": "hidden"}):
        assert api.call("POST", "/api/v1/rules", {"name": rule["do"], **rule}).status in (200, 201)
    made = send(api, "/x", "POST", b"a secret\nb\n", ["X-Old: 1"])
    flow = api.get(f"/flows/{made}")
    assert [version["by"] for version in flow["request"]["versions"]] == ["rule set-field", "rule replace-body"]
    assert [trace["name"] for trace in flow["trace"]] == ["set-field", "replace-body"] and flow["flags"] == ["edited"]
    diff = api.get(f"/flows/{made}/diff?from=0&to=2")
    assert {"kind": "new", "text": "X-New: 1"} in diff["head"] and {"kind": "same", "text": "X-Old: 1"} in diff["head"]
    assert diff["content_replaced"] and [(line["kind"], line["text"]) for line in diff["content"]] == [
        ("gone", "a secret"), ("new", "a hidden"), ("same", "b")]
    between = api.get(f"/flows/{made}/diff?from=1&to=2")
    assert {"kind": "same", "text": "X-New: 1"} in between["head"]
    body, sent = (api.call("GET", f"/api/v1/flows/{made}/request/{part}?version=sent").body for part in ("body", "raw"))
    arrived = api.site.connections[-1].requests[-1]
    assert body == arrived.body == b"a hidden\nb\n" and sent == arrived.head
    assert api.call("GET", f"/api/v1/flows/{made}/request/body").body == b"a secret\nb\n"
    assert b"a hidden" in export(api, made, "curl") and b"a secret" in export(api, made, "raw")


def test_marks_are_kept_and_found(api):
    made, other = send(api, "/a"), send(api, "/b")
    row = api.call("PATCH", f"/api/v1/flows/{made}", {"mark": "red", "tags": ["one", "two"]})
    assert json.loads(row.body)["marks"] == {"mark": "red", "note": "", "tags": ["one", "two"]}
    api.call("PATCH", f"/api/v1/flows/{made}", {"note": "look"})
    assert api.get(f"/flows/{made}")["marks"] == {"mark": "red", "note": "look", "tags": ["one", "two"]}
    assert ids(api.get("/flows?query=mark:red")["rows"]) == [made]
    assert "marks" not in api.get(f"/flows/{other}")
    assert api.code("PATCH", "/api/v1/flows/999999", {"mark": "x"}) == (404, "not-found")
    for content in ({"mark": 1}, {"tags": "x"}, {"tags": [1]}, {"colour": "x"}, {"note": "x" * 16385}):
        assert api.code("PATCH", f"/api/v1/flows/{made}", content) == (400, "bad-field"), content


def test_flows_are_deleted_by_id_and_by_query(api):
    made = [send(api, path) for path in ("/a1", "/b", "/a2", "/c")]
    assert json.loads(api.call("DELETE", f"/api/v1/flows/{made[3]}").body) == {"deleted": 1}
    assert api.code("DELETE", f"/api/v1/flows/{made[3]}") == (404, "not-found")
    assert api.code("DELETE", "/api/v1/flows") == (400, "bad-parameter")
    assert json.loads(api.call("DELETE", "/api/v1/flows?query=path:a").body) == {"deleted": 2}
    assert ids(api.get("/flows")["rows"]) == [made[1]]
    assert json.loads(api.call("DELETE", "/api/v1/flows?query=").body) == {"deleted": 1}
    assert api.get("/flows/count")["count"] == 0


def test_answers_are_as_the_document_says(api):
    document, made = api.get("/openapi.json"), send(api, "/gzip")
    api.call("PATCH", f"/api/v1/flows/{made}", {"mark": "red"})
    for path in ("/flows", "/flows/window", "/flows/count", "/flows/{id}", "/flows/{id}/diff"):
        schema = document["paths"][f"/api/v1{path}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert not misfits(api.get(path.format(id=made)), schema, document), path


# Exports


def export(api, made, form):
    answer = api.call("GET", f"/api/v1/flows/{made}/export?format={form}")
    assert answer.status == 200, answer.body
    assert answer.value("Content-Disposition").startswith("attachment")
    return answer.body


NASTY = "it's \"$(touch /tmp/no)\" `x` \\ % ! é"
REQUESTS = {
    "simple": ("GET", "/a?b=1&c[]=2&d={x,y}", b"", []),
    "quotes": ("POST", "/it's/../$(x)", NASTY.encode() + b"\n@line\r\n", ["X-Nasty: " + "it's \"$(x)\" `x` \\ % !"]),
    "binary": ("PUT", "/bin", bytes(range(256)) * 3, ["Content-Type: application/x-thing"]),
    "at": ("POST", "/at", b"@/etc/passwd", []),
    "large": ("POST", "/large", b"x=%41'\n" * 30000, []),
    "empty": ("POST", "/empty", b"", ["Content-Length: 0"]),
    "fields": ("GET", "/fields", b"", ["X-Empty:", "X-Twice: 1", "X-Twice: 2", "User-Agent: me", "Cookie: a=b"]),
    "head": ("HEAD", "/head", b"", []),
    "options": ("DELETE", "/x%20y?", b"", ["Accept: text/html"]),
}


def essence(request):
    """What an exported request must repeat: all but the fields of the connection."""
    ours = {"connection", "proxy-connection", "content-length", "transfer-encoding"}
    return request.method, request.target, sorted((name, value) for name, value in request.fields
                                                  if name.lower() not in ours), request.body


@pytest.mark.parametrize("form", ["curl", "python"])
@pytest.mark.parametrize("name", REQUESTS)
def test_exported_command_sends_the_same_request(api, tmp_path, form, name):
    method, path, body, fields = REQUESTS[name]
    made = send(api, path, method, body, fields)
    script = tmp_path / "script"
    script.write_bytes(export(api, made, form))
    shell = ["/bin/sh"] if form == "curl" else [sys.executable]
    done = subprocess.run([*shell, script], env=scrubbed(tmp_path), cwd=tmp_path, capture_output=True, timeout=30)
    assert done.returncode == 0, done.stderr
    first, again = [conn.requests[0] for conn in api.site.connections]
    assert essence(again) == essence(first)


def test_credentials_for_the_proxy_are_not_exported(api):
    made = send(api, "/x", fields=["Proxy-Authorization: Basic c2VjcmV0", "Proxy-Connection: keep-alive"])
    for form in ("curl", "fetch", "python"):
        assert b"c2VjcmV0" not in export(api, made, form) and b"roxy-" not in export(api, made, form)


def test_exported_archive_has_both_messages(api):
    made = send(api, "/gzip?a=b", "POST", bytes(range(256)))
    entry, = json.loads(export(api, made, "har"))["log"]["entries"]
    assert entry["request"]["method"] == "POST" and entry["request"]["queryString"] == [{"name": "a", "value": "b"}]
    assert base64.b64decode(entry["request"]["postData"]["text"]) == bytes(range(256))
    assert entry["response"]["status"] == 200 and entry["response"]["content"]["text"] == PLAIN.decode()


def test_exported_bytes_are_exact(api):
    made = send(api, "/x", "POST", b"\x00\xff")
    flow = api.proxy.flow(path="/x")
    whole = flow.raw("request") + b"\x00\xff\r\n\r\n" + flow.raw("response") + b"<script>x</script>"
    assert export(api, made, "raw") == whole


def test_exported_javascript_has_the_request(api):
    made = send(api, "/x", "POST", b'a"b\\', ["X-A: </script>"])
    text = export(api, made, "fetch").decode()
    assert 'method: "POST"' in text and f'"http://127.0.0.1:{api.site.port}/x"' in text
    assert '["X-A", "</script>"]' in text.replace("<\\/", "</") and r'body: "a\"b\\"' in text


def test_what_cannot_be_exported_is_said(api):
    made = send(api, "/x")
    assert api.code("GET", f"/api/v1/flows/{made}/export?format=word") == (400, "bad-parameter")
    assert api.code("GET", f"/api/v1/flows/{made}/export") == (400, "bad-parameter")
    host = shlex.quote(f"127.0.0.1:{api.site.port}").strip("'")
    api.proxy.tunnel(host).close()
    tunnel = api.proxy.wait_flows(1, kind="connect")[0]["id"]
    assert api.code("GET", f"/api/v1/flows/{tunnel}/export?format=curl") == (422, "not-exported")

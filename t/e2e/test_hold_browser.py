"""By the API alone a person holds a request of a browser, changes it and its response, and sees each version and what rules did."""
import base64
import threading

import pytest

from lib.api import Api, OPTIONS
from lib.browsers import BROWSERS
from lib.message import reply
from lib.origin import answer_all

PAGE = b"""<!doctype html><title>a site</title><p id=word>waiting</p><script>
fetch('/data', {method: 'POST', body: 'from the page'}).then(r => r.text()).then(text => {
  document.getElementById('word').textContent = text;
});
</script>"""


def answer(request):
    if request.target == "/":
        return reply(PAGE, "200 OK", "Content-Type: text/html")
    if request.target == "/other":
        return reply(b"heard " + request.body, "200 OK", "Content-Type: text/plain")
    return reply(b"", "404 Not Found")


@pytest.mark.parametrize("browser", ["chromium"])
def test_request_of_a_browser_is_held_changed_and_so_is_its_response(weir, origin, world, short_home, browser):
    site = origin(answer_all(answer), cert=world.good("site.test"))
    proxy = weir(*OPTIONS, "--resolve", f"site.test:{site.port}:127.0.0.1", "--resolve", "*:443:127.0.0.1",
                 "--resolve", "*:80:127.0.0.1")
    api, result = Api(proxy, "person"), []
    api.rule("set-field", "path:/data", side="request", field="X-Rule", value="1")
    api.rule("hold", "path:/data", at="request")
    run = threading.Thread(target=lambda: result.append(
        BROWSERS[browser](short_home, site.url(host="site.test"), proxy.proxy, ca=proxy.ca_file, ends=lambda: False)))
    run.start()

    held = api.wait_held(stage="request")[0]["id"]
    assert base64.b64decode(api.get(f"/held/{held}")["request"]["content"]) == b"from the page"
    api.post(f"/held/{held}/edit", {"path": "/other", "content": "from the person"})
    api.post(f"/held/{held}/hold-response")
    assert api.wait_held(stage="response")[0]["id"] == held
    assert base64.b64decode(api.get(f"/held/{held}")["response"]["content"]) == b"heard from the person"
    api.post(f"/held/{held}/edit", {"set": [["X-Edited", "yes"]], "content": "said by the person", "forward": True})
    run.join(60)

    assert b">said by the person</p>" in result[0].body, result
    asked = [request for request in site.requests if request.target == "/other"]
    assert len(asked) == 1 and asked[0].body == b"from the person" and asked[0].value("X-Rule") == "1"
    proxy.wait_flows(1, path="/other")
    flow = api.get(f"/flows/{held}")
    assert [step["name"] for step in flow["trace"]][:2] == ["test set-field", "test hold"], flow["trace"]
    assert [version["by"] for version in flow["request"]["versions"]] == ["rule test set-field", "client person"]
    assert [version["by"] for version in flow["response"]["versions"]] == ["client person"]
    _, _, raw = api.raw("GET", f"/flows/{held}/request/raw")
    assert raw.startswith(b"POST /data HTTP/1.1\r\n")
    _, _, sent = api.raw("GET", f"/flows/{held}/request/raw?version=sent")
    assert sent.startswith(b"POST /other HTTP/1.1\r\n")
    _, _, body = api.raw("GET", f"/flows/{held}/response/body?version=1")
    assert body == b"said by the person"
    diff = api.get(f"/flows/{held}/diff", side="request")
    assert "/other" in str(diff) and "/data" in str(diff)

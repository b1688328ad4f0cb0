"""The control API: who may come in, what is refused, that it does what it says, and that no proxy client reaches it."""
import json
import os
import random
import re
import signal
import socket
import stat
import subprocess

import pytest

from lib.control import Control, misfits, operations
from lib.env import run, scrubbed
from lib.message import read_response
from lib.pipe import Ended, Pipe
from lib.wait import until
from lib.weir import BINARY, SANITIZER_ENV, weir_run

VERSION = "/api/v1/version"


@pytest.fixture
def api(control):
    return control()


# Coming in


def test_token_opens_it(api):
    answer = api.call("GET", VERSION)
    assert answer.status == 200 and json.loads(answer.body)["name"] == "weir"


@pytest.mark.parametrize("token", [False, "0" * 64, "", "x"], ids=["none", "wrong", "empty", "short"])
def test_nothing_is_told_without_the_token(api, token):
    answer = api.call("GET", VERSION, token=token)
    assert answer.status == 401 and answer.value("WWW-Authenticate").startswith("Bearer")
    assert b"version" not in answer.body


def test_token_must_be_whole_and_said_once(api):
    assert api.call("GET", VERSION, token=api.token[:-1]).status == 401
    assert api.call("GET", VERSION, token=api.token + "0").status == 401
    doubled = api.request("GET", VERSION).replace(b"\r\n\r\n", f"\r\nAuthorization: Bearer {api.token}\r\n\r\n".encode())
    with api.dial() as pipe:
        assert read_response(pipe.send(doubled)).status == 401


def test_unknown_path_is_told_to_nobody_without_the_token(api):
    assert api.code("GET", "/api/v1/nothing", token=False) == (401, "no-token")
    assert api.code("GET", "/api/v1/nothing") == (404, "not-found")


def test_each_start_has_another_token(control):
    assert control().token != control().token


def test_token_is_not_written_to_files_nor_shown_by_the_api(api):
    for path in ("options", "events", "audit", "openapi.json"):
        assert api.token not in json.dumps(api.get(f"/{path}"))
    for file in [api.proxy.port_file, *api.proxy.confdir.iterdir()]:
        if file.is_file():
            assert api.token.encode() not in file.read_bytes(), file


# Cookies


def login(api, **content):
    return api.call("POST", "/api/v1/login", content or {"token": api.token}, token=False)


def cookie(answer):
    return answer.value("Set-Cookie").split(";")[0]


def test_cookie_of_the_login_opens_it_until_the_logout(api):
    answer = login(api)
    assert re.fullmatch(r"weir-session=[0-9a-f]{64}; HttpOnly; SameSite=Strict; Path=/", answer.value("Set-Cookie"))
    fields = {"Cookie": f"a=b; {cookie(answer)}"}
    assert api.call("GET", VERSION, token=False, fields=fields).status == 200
    ours = {**fields, "Origin": api.url}
    gone = api.call("POST", "/api/v1/logout", token=False, fields=ours)
    assert gone.status == 200 and "Max-Age=0" in gone.value("Set-Cookie")
    assert api.call("GET", VERSION, token=False, fields=fields).status == 401


def test_wrong_login_gives_no_cookie(api):
    for content in ({"token": "0" * 64}, {"password": "x"}, {}, {"token": 1}):
        answer = api.call("POST", "/api/v1/login", content, token=False)
        assert answer.status == 401 and not answer.values("Set-Cookie"), content


@pytest.mark.parametrize("fields", [{"Origin": "http://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "same-site"},
                                    {"Sec-Fetch-Site": "cross-site"}], ids=str)
def test_cookie_does_not_count_when_the_page_of_another_asks(api, fields):
    fields = {"Cookie": cookie(login(api)), **fields}
    assert api.code("GET", VERSION, token=False, fields=fields) == (403, "wrong-origin")


def test_change_by_cookie_needs_an_origin_of_ours(api):
    change = "PUT", "/api/v1/options/idle-time", {"value": "9s"}
    fields = {"Cookie": cookie(login(api))}
    assert api.code(*change, token=False, fields=fields) == (403, "wrong-origin")
    other_port = f"http://127.0.0.1:{api.port - 1}"
    assert api.code(*change, token=False, fields={**fields, "Origin": other_port}) == (403, "wrong-origin")
    assert api.call(*change, token=False, fields={**fields, "Origin": api.url}).status == 200


# Passwords


def test_password_opens_it_and_is_shown_to_nobody(control):
    api = control("--web-password", "correct horse")
    assert login(api, password="correct horse").status == 200
    assert login(api, password="correct hors").status == 401
    assert "correct horse" not in json.dumps(api.get("/options"))


def test_password_may_be_given_as_its_scrypt_hash(control):
    made = subprocess.run(["/usr/bin/python3", "-W", "ignore", "-c",
                           "import crypt; print(crypt.crypt('sesame', '$7$6U..../....somesalt'))"],
                          capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    assert made.startswith("$7$")
    api = control("--web-password", made)
    assert login(api, password="sesame").status == 200
    assert login(api, password=made).status == 401


def test_hash_that_is_none_is_refused_at_the_start(home):
    done = weir_run(home, "dump", "-p", "0", *Control.OPTIONS, "--web-password", "$7$nonsense!")
    assert done.returncode == 2 and b"web-password" in done.stderr and b"nonsense" not in done.stderr


# Sites


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1.evil.test", "localhost.evil.test", "10.0.0.1", "2130706433",
                                  "user@127.0.0.1"])
def test_host_that_is_not_ours_is_refused_even_with_the_token(api, host):
    answer = api.call("GET", VERSION, fields={"Host": f"{host}:{api.port}"})
    assert answer.status in (400, 421)
    assert api.call("POST", "/api/v1/login", {"token": api.token}, token=False, fields={"Host": host}).status in (400, 421)
    assert api.call("GET", "/", fields={"Host": host}).status in (400, 421), "a page of theirs would have our origin"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_host_that_nobody_else_can_have_is_served(api, host):
    assert api.call("GET", VERSION, fields={"Host": f"{host}:{api.port}"}).status == 200


def test_name_that_was_led_here_is_refused(api):
    """DNS rebinding: the page's own name, its own origin, and our address behind it."""
    fields = {"Host": f"rebound.test:{api.port}", "Origin": f"http://rebound.test:{api.port}"}
    assert api.code("GET", VERSION, fields=fields) == (421, "wrong-host")
    assert api.code("POST", "/api/v1/login", {"token": api.token}, token=False, fields=fields) == (421, "wrong-host")


@pytest.mark.parametrize("origin", ["http://evil.test", "null", "https://127.0.0.1", "http://127.0.0.1", "file://"])
def test_origin_that_is_not_ours_is_refused_even_with_the_token(api, origin):
    assert api.code("GET", VERSION, fields={"Origin": origin}) == (403, "wrong-origin")


def test_pages_of_others_are_allowed_nothing(api):
    answer = api.call("OPTIONS", VERSION, token=False, fields={"Origin": "http://evil.test",
                                                              "Access-Control-Request-Method": "PUT"})
    assert answer.status >= 400
    for one in (answer, api.call("GET", VERSION, fields={"Origin": api.url})):
        assert not [name for name, _ in one.fields if name.lower().startswith("access-control")]


def test_every_answer_forbids_what_pages_need_for_attacks(api):
    for answer in (api.call("GET", VERSION), api.call("GET", "/", token=False), api.call("GET", VERSION, token=False),
                   api.call("GET", "/nothing"), api.call("PUT", VERSION)):
        policy = answer.value("Content-Security-Policy")
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert answer.value("X-Content-Type-Options") == "nosniff"
        assert answer.value("X-Frame-Options") == "DENY"
        assert answer.value("Referrer-Policy") == "no-referrer"
        assert answer.value("Cross-Origin-Resource-Policy") == "same-origin"
        assert answer.value("Cache-Control") == "no-store"


# Guesses


def test_many_failures_are_refused_and_the_token_still_opens_it(api):
    statuses = [api.call("GET", VERSION, token="0" * 64).status for _ in range(14)]
    assert statuses == [401] * 10 + [429] * 4
    answer = login(api, token="0" * 64)
    assert answer.status == 429
    assert api.call("GET", VERSION).status == 200
    assert login(api).status == 200


def test_passwords_are_not_looked_at_after_many_failures(control):
    api = control("--web-password", "sesame")
    for _ in range(10):
        assert login(api, password="wrong").status == 401
    assert login(api, password="sesame").status == 429


# The local socket


def test_local_socket_needs_no_token_and_is_for_its_owner_alone(api):
    assert stat.S_IMODE(os.stat(api.socket_path).st_mode) == 0o600
    with api.dial_socket() as pipe:
        assert api.call("GET", VERSION, token=False, pipe=pipe, fields={"Host": "anything"}).status == 200


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is needed")
def test_local_socket_is_closed_to_other_users_even_when_they_can_open_it(api, tmp_path):
    for folder in (api.proxy.confdir, *api.proxy.confdir.parents):
        if folder.owner() == "root" and str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    api.socket_path.chmod(0o666)
    script = ("import os, socket, sys; os.setuid(65534); s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);\n"
              "try:\n s.sendall(b'GET /api/v1/version HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'); print(s.recv(99))\n"
              "except OSError: print(b'')")
    done = run(["/usr/bin/python3", "-c", script, api.socket_path], tmp_path, limit=60)
    assert done.stdout.strip() == b"b''", done.stdout + done.stderr
    with api.dial_socket() as pipe:
        assert api.call("GET", VERSION, token=False, pipe=pipe).status == 200


def test_socket_that_was_left_behind_is_replaced_and_one_in_use_is_not(api, weir, tmp_path):
    second = weir_run(tmp_path, "dump", "-p", "0", *Control.OPTIONS, "--confdir", api.proxy.confdir)
    assert second.returncode == 3 and b"api.sock" in second.stderr
    api.proxy.send_signal(signal.SIGKILL).wait()
    api.proxy.process = None
    assert api.socket_path.exists()
    again = Control(weir(*Control.OPTIONS, "--confdir", str(api.proxy.confdir)))
    with Control.dial_socket(api) as pipe:
        assert again.call("GET", VERSION, token=False, pipe=pipe).status == 200


def test_file_that_is_no_socket_is_not_replaced(home):
    conf = home / "conf"
    conf.mkdir(mode=0o700)
    (conf / "api.sock").write_text("precious")
    done = weir_run(home, "dump", "-p", "0", *Control.OPTIONS, "--confdir", conf)
    assert done.returncode == 3 and (conf / "api.sock").read_text() == "precious"


# Through the proxy


def reach(api, target, *fields):
    with api.proxy.dial() as pipe:
        pipe.send("\r\n".join([f"GET http://{target}{VERSION} HTTP/1.1", f"Host: {target}",
                               f"Authorization: Bearer {api.token}", *fields]).encode() + b"\r\n\r\n")
        return read_response(pipe)


def machine_names():
    return ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]", socket.gethostname()]


def test_no_client_of_the_proxy_reaches_it_under_any_name(control):
    api = control("--resolve", "inside.test:1:127.0.0.1")
    for name in machine_names():
        answer = reach(api, f"{name}:{api.port}")
        assert answer.status in (502, 508), name
        assert b'"weir"' not in answer.body, name
    for name in ("127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]"):
        assert reach(api, f"{name}:{api.port}").status == 508, name
    assert api.get("/statistics")["calls"] == 0


def test_name_that_resolves_to_it_and_tunnels_do_not_reach_it(control):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    api = control("--web-listen", f"127.0.0.1:{port}", "--resolve", f"inside.test:{port}:127.0.0.1")
    assert reach(api, f"inside.test:{port}").status == 508
    for host in ("127.0.0.1", "inside.test"):
        with api.proxy.tunnel(f"{host}:{port}") as pipe:
            assert read_response(pipe.send(api.request("GET", VERSION))).status == 508
    assert api.get("/statistics")["calls"] == 0


def test_requests_of_its_own_do_not_reach_it(api):
    """Neither those that are composed, nor those that a rule leads here."""
    for name in machine_names():
        answer = api.call("POST", "/api/v1/send", {"url": f"http://{name}:{api.port}{VERSION}"})
        assert json.loads(answer.body)["error"]["reason"] in (("loop",) if name == "127.0.0.1" else ("loop", "connect", "dns")), name
    for args in ({"do": "map-remote", "to": api.url}, {"do": "upstream", "to": api.at}):
        rule = json.loads(api.call("POST", "/api/v1/rules", {"name": "here", **args}).body)["id"]
        assert reach(api, "other.test").status == 508, args
        api.call("DELETE", f"/api/v1/rules/{rule}")


def test_listener_for_all_addresses_is_not_reached_at_any_of_them(control):
    api = control("--web-listen", "0.0.0.0:0")
    for name in ("127.0.0.1", "127.0.0.9", "localhost", "0.0.0.0"):
        assert reach(api, f"{name}:{api.port}").status == 508, name


# Addresses of others


def test_listener_for_others_speaks_tls_alone(control):
    api = control("--web-listen", "0.0.0.0:0")
    assert api.tls
    assert api.call("GET", VERSION, fields={"Host": f"127.0.0.1:{api.port}"}).status == 200
    with Pipe(socket.create_connection(("127.0.0.1", api.port))) as plain, pytest.raises(Ended):
        plain.send(api.request("GET", VERSION)).read_until(b"HTTP/1.1")
    answer = api.call("POST", "/api/v1/login", {"token": api.token}, token=False, fields={"Host": f"127.0.0.1:{api.port}"})
    assert "Secure" in answer.value("Set-Cookie")


def test_it_may_be_served_on_ipv6(control):
    api = control("--web-listen", "[::1]:0")
    assert not api.tls
    with api.dial("::1") as pipe:
        assert api.call("GET", VERSION, pipe=pipe, fields={"Origin": api.url}).status == 200
    assert reach(api, f"[::1]:{api.port}").status == 508


# Messages


def test_pipelined_requests_are_answered_in_their_order(api):
    paths = [VERSION, "/api/v1/listeners", "/api/v1/nothing", "/api/v1/options/mode", VERSION]
    with api.dial() as pipe:
        pipe.send(b"".join(api.request("GET", path) for path in paths))
        answers = [read_response(pipe) for _ in paths]
    assert [answer.status for answer in answers] == [200, 200, 404, 200, 200]
    assert json.loads(answers[1].body)["control"] == api.at
    assert json.loads(answers[3].body)["name"] == "mode"


def test_head_is_get_without_content(api):
    with api.dial() as pipe:
        head = api.call("HEAD", VERSION, pipe=pipe)
        again = api.call("GET", VERSION, pipe=pipe)
    assert head.value("Content-Length") == str(len(again.body)) and again.status == 200


def test_content_that_is_too_large_is_refused_before_it_is_sent(api):
    huge = {"Content-Length": str((16 << 20) + 1)}
    assert api.code("PUT", "/api/v1/options/mode", fields=huge) == (413, "too-large")
    assert api.code("POST", "/api/v1/login", token=False, fields={"Content-Length": "5000"}) == (413, "too-large")


def test_content_in_chunks_that_gets_too_large_is_refused(api):
    with api.dial() as pipe:
        pipe.send(api.request("POST", "/api/v1/login", token=False, fields={"Transfer-Encoding": "chunked"}))
        pipe.send(b"1388\r\n" + b"x" * 5000 + b"\r\n")
        assert read_response(pipe).status == 413


def test_nobody_without_the_token_may_send_content(api):
    with api.dial() as pipe:
        pipe.send(api.request("PUT", "/api/v1/options/mode", token=False, fields={"Content-Length": "1000000"}))
        answer = read_response(pipe)
        assert answer.status == 401 and answer.value("Connection") == "close"


def test_client_that_waits_for_a_word_before_the_content_gets_it(api):
    with api.dial() as pipe:
        content = b'{"value": "8s"}'
        pipe.send(api.request("PUT", "/api/v1/options/idle-time",
                              fields={"Expect": "100-continue", "Content-Length": str(len(content))}))
        assert pipe.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        assert json.loads(read_response(pipe.send(content)).body)["value"] == "8s"


def test_head_that_does_not_come_ends_the_connection(control):
    api = control("--head-time", "300ms")
    with api.dial() as pipe:
        pipe.send(b"GET /api/v1/ver")
        assert read_response(pipe).status == 408
        assert not pipe.read_rest()


def test_content_that_does_not_come_ends_the_connection(control):
    api = control("--idle-time", "300ms")
    with api.dial() as pipe:
        pipe.send(api.request("PUT", "/api/v1/options/mode", fields={"Content-Length": "10"}))
        assert read_response(pipe).status == 408


@pytest.mark.parametrize("start", ["GET http://evil.test/api/v1/version", "OPTIONS *", "CONNECT 127.0.0.1:1", "GET /%00",
                                   "GET /%zz", "GET /api/v1/options/%"])
def test_strange_targets_are_refused(api, start):
    method, _, path = start.partition(" ")
    assert api.call(method, path).status in (400, 404)


def test_wrong_method_says_which_ones_there_are(api):
    answer = api.call("PATCH", "/api/v1/options/mode")
    assert answer.status == 405 and answer.value("Allow") == "GET, PUT, DELETE"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"a":1,"a":2}', b"[" * 100000, b'{"value":"\\u0000"}'], ids=len)
def test_content_that_is_not_what_it_should_be_is_an_error_with_a_reason(api, content):
    answer = api.call("PUT", "/api/v1/options/mode", content or None)
    assert answer.status in (400, 422) and json.loads(answer.body)["error"]["text"]


def test_client_that_leaves_before_the_answer_does_no_harm(api):
    for _ in range(20):
        with api.dial() as pipe:
            pipe.send(api.request("GET", "/api/v1/listeners") + api.request("PUT", "/api/v1/options/idle-time", {"value": "5s"}))
    assert api.call("GET", VERSION).status == 200


def test_end_while_calls_are_under_way_answers_them_or_closes(control):
    for _ in range(5):
        api = control()
        pipes = [api.dial_socket() for _ in range(8)]
        for pipe in pipes:
            pipe.send(b"".join(api.request("PUT", "/api/v1/options/idle-time", {"value": f"{n}s"}, token=False)
                               + api.request("GET", "/api/v1/listeners", token=False) for n in range(1, 9)))
        api.proxy.send_signal(signal.SIGHUP).send_signal(signal.SIGTERM)
        assert api.proxy.wait() == 0
        for pipe in pipes:
            for status in re.findall(rb"HTTP/1.1 (\d+)", pipe.read_rest()):
                assert status in (b"200", b"503")
            pipe.close()


def test_end_while_a_request_of_its_own_waits_for_its_server_is_the_end(control, origin):
    seen = []

    def say_nothing(conn):
        while True:
            seen.append(conn.request())  # of what does not come: until the proxy leaves
    site = origin(say_nothing)
    api = control(sites=[site])
    with api.dial_socket() as pipe:
        pipe.send(api.request("POST", "/api/v1/send", {"url": f"http://site.test:{site.port}/"}, token=False))
        until(lambda: seen, "the request")
        assert api.proxy.send_signal(signal.SIGTERM).wait() == 0


def test_answer_that_is_not_fetched_waits_and_others_are_served(api):
    with api.dial_socket() as pipe:
        pipe.send(api.request("GET", "/api/v1/options", token=False) * 200)
        assert api.call("GET", VERSION).status == 200
        for _ in range(200):
            assert read_response(pipe).status == 200


def test_strangers_cannot_keep_the_owner_out(api):
    crowd = [api.dial() for _ in range(400)]
    assert crowd[-1].read_rest() == b"", "for the last of them there is no place"
    with api.dial_socket() as pipe:
        assert api.call("GET", VERSION, token=False, pipe=pipe).status == 200
        for one in crowd:
            one.close()
        until(lambda: api.get("/statistics", pipe=pipe)["streams"] == 1, "the end of their connections")


# What it does


def test_live_option_changes_the_engine_and_others_do_not_change(api):
    answer = api.call("PUT", "/api/v1/options/deny-targets", {"value": ["loopback"]})
    assert json.loads(answer.body)["value"] == ["loopback"]
    assert reach(api, "127.0.0.1:1").status == 403
    assert api.get("/options/deny-targets")["value"] == ["loopback"]
    api.call("PUT", "/api/v1/options/deny-targets", {"value": None})
    assert api.get("/options/deny-targets")["value"] == []
    assert api.code("PUT", "/api/v1/options/threads", {"value": 2}) == (409, "fixed")
    assert api.code("PUT", "/api/v1/options/idle-time", {"value": "soon"}) == (422, "bad-value")
    assert api.code("PUT", "/api/v1/options/nothing", {"value": 1}) == (404, "not-found")


def test_listener_is_opened_by_an_option_and_told(api):
    api.call("PUT", "/api/v1/options/listen-host", {"value": "127.0.0.1"})
    listeners = api.get("/listeners")["listeners"]
    assert len(listeners) == 1 and listeners[0]["mode"] == "regular"
    socket.create_connection(("127.0.0.1", int(listeners[0]["address"].rpartition(":")[2]))).close()


def test_secrets_are_not_shown(control):
    api = control("--proxyauth", "me:hidden-word")
    shown = {one["name"]: one for one in api.get("/options")["options"]}
    assert shown["proxyauth"]["value"] is None and shown["proxyauth"]["secret"]
    assert b"hidden-word" not in api.call("GET", "/api/v1/options").body


def test_certificate_is_given_and_never_the_key(api):
    pem = api.call("GET", "/api/v1/ca/pem")
    assert pem.body == api.proxy.ca_file.read_bytes()
    for form in ("pem", "cer", "p12"):
        answer = api.call("GET", f"/api/v1/ca/{form}")
        assert answer.status == 200 and b"PRIVATE" not in answer.body
    assert api.code("GET", "/api/v1/ca/key") == (404, "not-found")


def test_changes_and_failures_are_audited(api):
    api.call("PUT", "/api/v1/options/idle-time", {"value": "9s"})
    api.call("GET", VERSION, token=False)
    api.call("GET", VERSION)
    lines = api.get("/audit")["lines"]
    assert [line["text"] for line in lines] == ["PUT /api/v1/options/idle-time 200", "GET /api/v1/version 401"]
    assert all(line["who"].startswith("127.0.0.1:") for line in lines)
    assert [line["id"] for line in api.get("/audit?after=1")["lines"]] == [2]


def test_strangers_are_audited_by_where_they_come_from(api):
    api.call("GET", VERSION, token=False, fields={"X-Weir-Client": "socket"})
    api.call("POST", "/api/v1/login", {"token": "guess"}, token=False, fields={"X-Weir-Client": "socket"})
    api.call("PUT", "/api/v1/options/idle-time", {"value": "9s"}, fields={"X-Weir-Client": "me"})
    who = [line["who"] for line in api.get("/audit")["lines"]]
    assert all(one.startswith("127.0.0.1:") for one in who[:2]) and who[2:] == ["me"]


def test_pages_of_others_cannot_fill_the_audit_trail(api):
    for _ in range(20):
        assert api.call("POST", "/api/v1/logout", fields={"Origin": "http://evil.test"}).status == 403
    assert api.get("/audit")["lines"] == []


def test_what_the_program_says_is_told(api):
    (api.proxy.confdir / "config.yaml").write_text("idle-time: soon\n")
    api.proxy.send_signal(signal.SIGHUP)
    api.proxy.wait_line("stays as it was", "stderr")
    lines = api.get("/events")["lines"]
    assert [line["kind"] for line in lines if "stays as it was" in line["text"]] == ["error"]


def test_configuration_that_was_read_again_is_shown(api):
    (api.proxy.confdir / "config.yaml").write_text("idle-time: 33s\n")
    api.proxy.send_signal(signal.SIGHUP)
    api.proxy.wait_line("read again", "stderr")
    until(lambda: api.get("/options/idle-time")["value"] == "33s", "the new value")


def test_numbers_are_those_of_the_engine(api, origin):
    site = origin()
    assert reach(api, f"127.0.0.1:{site.port}").status == 200
    until(lambda: api.get("/statistics")["flows"] == 1, "the flow")
    metrics = api.call("GET", "/metrics")
    assert metrics.value("Content-Type").startswith("text/plain") and b"\nweir_flows_total 1\n" in metrics.body
    assert api.call("GET", "/metrics", token=False).status == 401


def test_there_is_no_api_without_the_option(weir):
    proxy = weir()
    assert "control" not in proxy.stdout and not (proxy.confdir / "api.sock").exists()


def test_command_web_serves_it_and_prints_no_exchanges(tmp_path, shared):
    command = [BINARY, "web", "-p", "0", "--web-listen", "127.0.0.1:0", "--confdir", tmp_path / "conf"]
    with subprocess.Popen(command, env={**scrubbed(tmp_path), **SANITIZER_ENV}, stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = [process.stdout.readline() for _ in range(3)]
        finally:
            process.terminate()
        assert re.fullmatch(r"control http://127\.0\.0\.1:\d+/#token=[0-9a-f]{64}\n", lines[2]), lines
        assert process.wait(30) == 0


def test_port_that_is_taken_is_an_error(home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = weir_run(home, "dump", "-p", "0", "--api", "--web-listen", f"127.0.0.1:{taken.getsockname()[1]}")
    assert done.returncode == 3 and b"cannot listen on '127.0.0.1" in done.stderr


@pytest.mark.parametrize("at", ["8081", "localhost:8081", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:"])
def test_address_that_is_none_is_wrong_usage(home, at):
    done = weir_run(home, "web", "-p", "0", "--web-listen", at)
    assert done.returncode == 2 and b"web-listen" in done.stderr


# The description


def test_description_is_complete_and_every_route_of_it_answers(api):
    document = api.get("/openapi.json")
    assert document["openapi"] == "3.1.0" and document["info"]["version"]
    for method, path, operation in operations(document):
        named = set(re.findall(r"\{(\w+)\}", path))
        assert named == {p["name"] for p in operation["parameters"] if p["in"] == "path"}, path
        assert operation["summary"] and operation["responses"]["200"]["description"]
        if operation.get("security") != []:
            with api.dial_socket() as pipe:
                spelt = re.sub(r"\{\w+\}", "x", path)
                answer = api.call(method, spelt, {} if "requestBody" in operation else None, token=False, pipe=pipe)
            assert answer.status != 401 and b"no such route" not in answer.body, path
    for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)):
        assert name in document["components"]["schemas"]


def some_value(chance):
    return chance.choice([None, True, -1, 0, 2**63 - 1, "", "a", "\u00e9\n\"", "9s", "x" * 3000, [], ["a", "b"], [1], {},
                          {"value": {}}, 1.5])


def some_text(chance):
    return chance.choice(["", "0", "-1", "18446744073709551616", "mode", "idle-time", "pem", "%2F", "..", "a" * 3000,
                          "%E2%82%AC", "%", "confdir", "no-json", "'", "%0d%0a"])


def some_call(chance, path, operation):
    spelt = re.sub(r"\{\w+\}", lambda _: some_text(chance) or "x", path)
    query = "&".join(f"{p['name']}={some_text(chance)}" for p in operation["parameters"] if p["in"] == "query")
    content = None
    if "requestBody" in operation or chance.random() < 0.1:
        content = chance.choice([{"value": some_value(chance)}, some_value(chance), {"token": some_value(chance)}, b"\x00{", b"{"])
    return spelt + (f"?{query}" if query else ""), content


@pytest.mark.parametrize("seed", range(3))
def test_random_calls_never_fail_inside_and_answer_in_the_shape_that_is_described(api, seed):
    chance = random.Random(seed)
    document = api.get("/openapi.json")
    pipe = api.dial_socket()
    for _ in range(300):
        method, path, operation = chance.choice(operations(document))
        spelt, content = some_call(chance, path, operation)
        answer = read_response(pipe.send(api.request(method, spelt, content, token=False)), method)
        assert answer.status < 500, (method, spelt, content, answer.body)
        described = operation["responses"]["200" if answer.status == 200 else "default"]["content"]
        if answer.value("Content-Type") == "application/json":
            schema = described["application/json"].get("schema", {})
            assert not misfits(json.loads(answer.body), schema, document), (method, spelt, content)
        if answer.value("Connection") == "close":
            pipe.close()
            pipe = api.dial_socket()
    pipe.close()

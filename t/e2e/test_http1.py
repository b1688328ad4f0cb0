"""HTTP/1 through Weir, byte by byte: what is forwarded untouched, what a proxy must change, and how connections are kept."""
import os
import threading

import pytest

from lib.clients import curl
from lib.message import chunked, read_response, reply
from lib.origin import answer_all
from lib.pipe import Ended
from lib.wait import until


@pytest.fixture
def one(weir):
    """A proxy with one thread, so that all clients share one pool."""
    return weir("--threads", "1")


def at(site):
    return f"{site.address}:{site.port}".encode()


def ask(pipe, site, path="/", *fields, method="GET", body=b""):
    """Sends a request in absolute form and returns the answer."""
    lines = [b"%s http://%s%s HTTP/1.1" % (method.encode(), at(site), path.encode()), b"Host: " + at(site),
             *(field.encode("latin-1") for field in fields)]
    if body:
        lines.append(b"Content-Length: %d" % len(body))
    pipe.send(b"\r\n".join(lines) + b"\r\n\r\n" + body)
    return read_response(pipe, method)


# Untouched


def test_odd_case_order_and_white_space_are_forwarded_byte_for_byte(one, origin):
    response = (b"HTTP/1.1 200  Fine\tso far \r\nX-Odd:no space\r\nx-odd:   three\t \r\nSERVER:\r\ncOnTeNt-LeNgTh: 2\r\n"
                b"Set-Cookie: a=1\r\nX-High: \xe9\xff\r\nSet-Cookie: b=2\r\n\r\nok")
    site = origin(answer_all(lambda request: response))
    fields = (b"hOsT: " + at(site) + b"\r\nZ-Last: 1\r\na-first:2\r\nX-Empty:\r\nX-Tab:\t tab \t\r\nAccept:*/*\r\n"
              b"X-High: \xe4\xf6\xfc\r\nx-odd_name!#$%&'*+.^`|~: yes\r\nAccept: again\r\nCOOKIE: a=1;  b=2\r\n\r\n")
    with one.dial() as pipe:
        pipe.send(b"GET http://" + at(site) + b"/a//b/../c%2f;x?q=%00&&r=1? HTTP/1.1\r\n" + fields)
        answer = read_response(pipe)

    assert site.requests[0].head == b"GET /a//b/../c%2f;x?q=%00&&r=1? HTTP/1.1\r\n" + fields
    assert answer.head + answer.body == response
    flow = one.flow(kind="http")
    assert flow.raw("request").endswith(fields) and flow.raw("response") == response[:-2]
    assert flow.sent("request") == site.requests[0].head


def test_strange_methods_and_statuses_go_through(one, origin):
    site = origin(answer_all(lambda request: reply(b"", "299 ")))
    with one.dial() as pipe:
        for method in ("PROPFIND", "get", "M-SEARCH", "X!#$%&'*+-.^_`|~"):
            assert ask(pipe, site, method=method).status == 299
    assert [request.method for request in site.requests] == ["PROPFIND", "get", "M-SEARCH", "X!#$%&'*+-.^_`|~"]


def test_target_wins_over_host_and_server_is_asked_in_origin_form(one, origin):
    site = origin()
    with one.dial() as pipe:
        pipe.send(b"GET http://%s/path?q HTTP/1.1\r\nHost: other.test\r\n\r\n" % at(site))
        assert read_response(pipe).status == 200
        pipe.send(b"GET http://%s?q HTTP/1.1\r\nHost: %s\r\n\r\n" % (at(site), at(site)))
        assert read_response(pipe).status == 200
        pipe.send(b"OPTIONS http://%s HTTP/1.1\r\nHost: %s\r\n\r\n" % (at(site), at(site)))
        assert read_response(pipe).status == 200
    first, second, third = site.requests
    assert first.line == "GET /path?q HTTP/1.1" and first.values("Host") == [at(site).decode()]
    assert second.line == "GET /?q HTTP/1.1"
    assert third.line == "OPTIONS * HTTP/1.1"


def test_request_in_origin_form_to_the_proxy_itself_is_refused_with_help(one):
    with one.dial() as pipe:
        pipe.send(b"GET /page HTTP/1.1\r\nHost: %s\r\n\r\n" % one.address.encode())
        answer = read_response(pipe)
    assert answer.status == 400 and "proxy" in answer.text
    assert one.flow(kind="http").reason == "bad-target"


def test_body_with_length_goes_both_ways(one, origin):
    sent = bytes(range(256)) * 300
    site = origin(answer_all(lambda request: reply(request.body[::-1])))
    with one.dial() as pipe:
        assert ask(pipe, site, method="POST", body=sent).body == sent[::-1]
    assert site.requests[0].body == sent
    flow = one.flow(kind="http")
    assert flow.body("request") == sent and flow.body("response") == sent[::-1]


def test_chunked_bodies_and_trailers_go_both_ways(one, origin):
    trailers = b"X-Check: 1\r\nx-more:  2\r\n"
    site = origin(answer_all(lambda request: chunked([b"one", b"two"], "Trailer: X-Check", trailers=trailers)))
    with one.dial() as pipe:
        pipe.send(b"POST http://%s/ HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\nTrailer: X-Check\r\n\r\n" % ((at(site),) * 2))
        pipe.send(b"3\r\nabc\r\n" + b"00A\r\n0123456789\r\n" + b"0\r\n" + trailers + b"\r\n")
        answer = read_response(pipe)
        assert ask(pipe, site).body == b"onetwo", "the connection is out of step"
    request = site.requests[0]
    assert (request.body, request.trailers) == (b"abc0123456789", trailers)
    assert (answer.body, answer.trailers) == (b"onetwo", trailers)
    flow = one.wait_flows(2, kind="http")[0]
    assert flow["request"]["trailers"]["fields"] == flow["response"]["trailers"]["fields"] == [["X-Check", "1"], ["x-more", "2"]]


def test_forbidden_trailers_are_not_merged_or_forwarded(one, origin):
    site = origin(answer_all(lambda request: chunked([b"x"], trailers=b"Content-Length: 5\r\nX-Fine: 1\r\nHost: a\r\n")))
    with one.dial() as pipe:
        answer = ask(pipe, site)
        assert b"Content-Length" not in answer.trailers and b"Host" not in answer.trailers


@pytest.mark.parametrize("option, ext", [((), b""), (("--forward-chunk-ext",), b";name=value")])
def test_chunk_extensions_are_recorded_and_forwarded_on_request_only(option, ext, weir, origin):
    site = origin(answer_all(lambda request: chunked([(b"data", b";name=value")])))
    proxy = weir(*option)
    with proxy.dial() as pipe:
        answer = ask(pipe, site)
    assert answer.framed == b"4" + ext + b"\r\ndata\r\n0\r\n\r\n" and answer.body == b"data"
    assert proxy.flow(kind="http")["response"]["chunk_ext"] == ";name=value"


def test_body_to_the_end_of_the_connection(one, origin):
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\n\r\nuntil ").send(b"the end")
    site = origin(script)
    with one.dial() as pipe:
        answer = ask(pipe, site)
        assert answer.body == b"until the end" and answer.value("Connection") == "close" and pipe.end == "eof"
    assert one.flow(kind="http").body("response") == b"until the end"


# No content


def test_head_204_and_304_have_no_content_and_keep_the_connection(one, origin):
    answers = {"/head": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
               "/headchunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
               "/204": b"HTTP/1.1 204 No Content\r\n\r\n",
               "/304": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\nETag: \"x\"\r\n\r\n",
               "/get": reply(b"here")}
    site = origin(answer_all(lambda request: answers[request.target]))
    with one.dial() as pipe:
        head = ask(pipe, site, "/head", method="HEAD")
        assert head.value("Content-Length") == "1000"
        assert ask(pipe, site, "/headchunked", method="HEAD").status == 200
        assert ask(pipe, site, "/204").status == 204
        assert ask(pipe, site, "/304").value("Content-Length") == "1000"
        assert ask(pipe, site, "/get").body == b"here"
    assert len(site.connections) == 1


# Interim responses and Expect


def test_interim_responses_are_forwarded_and_recorded(one, origin):
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
    processing = b"HTTP/1.1 102 Processing\r\n\r\n"
    site = origin(answer_all(lambda request: hints + processing + hints + reply(b"final")))
    with one.dial() as pipe:
        answer = ask(pipe, site)
        assert answer.interim == [hints, processing, hints] and answer.body == b"final"
        assert ask(pipe, site).body == b"final"
    assert [i["status"] for i in one.wait_flows(2, kind="http")[0]["interim"]] == [103, 102, 103]


def test_interim_response_reaches_the_client_before_the_final_one(one, origin):
    seen = threading.Event()

    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        seen.wait(20)
        conn.send(reply(b"later"))

    site = origin(script)
    with one.dial() as pipe:
        pipe.send(b"GET http://%s/ HTTP/1.1\r\nHost: %s\r\n\r\n" % (at(site), at(site)))
        assert pipe.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 103 ")
        seen.set()
        assert read_response(pipe).body == b"later"


EXPECT = b"POST http://%s/ HTTP/1.1\r\nHost: %s\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"


def test_expect_is_honoured_end_to_end(one, origin):
    def script(conn):
        request = conn.request(body=False)
        assert request.value("Expect") == "100-continue"
        assert not conn.buffer, "the content came unasked"
        conn.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        conn.send(reply(b"got " + conn.read(4)))

    site = origin(script)
    with one.dial() as pipe:
        pipe.send(EXPECT % (at(site), at(site)))
        assert pipe.read_until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        pipe.send(b"body")
        assert read_response(pipe).body == b"got body"
    assert one.flow(kind="http").body("request") == b"body"


def test_refusal_instead_of_100_continue_comes_through_and_nothing_is_out_of_step(one, origin):
    def script(conn):
        conn.request(body=False)
        conn.send(reply(b"no", "417 Expectation Failed", "Connection: close"))

    site = origin(script)
    with one.dial() as pipe:
        pipe.send(EXPECT % (at(site), at(site)))
        answer = read_response(pipe)
        assert answer.status == 417
        pipe.read_rest()  # the content was not sent: nothing may follow on this connection
    assert site.received.endswith(b"\r\n\r\n")


def test_curl_uploads_and_downloads(one, origin, home):
    """A megabyte and more makes it say Expect; from a pipe it sends chunks."""
    data = os.urandom(3 << 20)
    (home / "data").write_bytes(data)
    site = origin(answer_all(lambda request: reply(request.body)))
    for words in (["--data-binary", "@data"], ["--upload-file", "data"], ["--upload-file", "data", "-H", "Transfer-Encoding: chunked"],
                  ["--http1.0", "--data-binary", "@data"]):
        result = curl(None, home, site.url("/up"), one.proxy, extra=words)
        assert result.ok and result.body == data, (words, result.text)
    assert [request.value("Transfer-Encoding") for request in site.requests] == ["", "", "chunked", ""]


# Connections


def test_pipelined_requests_are_answered_in_order(one, origin):
    site = origin(answer_all(lambda request: reply(request.target.encode())))
    with one.dial() as pipe:
        pipe.send(b"".join(b"GET http://%s/%d HTTP/1.1\r\nHost: %s\r\n\r\n" % (at(site), i, at(site)) for i in range(20)))
        assert [read_response(pipe).text for _ in range(20)] == [f"/{i}" for i in range(20)]


def test_pipelined_requests_with_bodies_stay_in_step(one, origin):
    site = origin(answer_all(lambda request: reply(request.body)))
    post = b"POST http://%s/ HTTP/1.1\r\nHost: %s\r\n" % (at(site), at(site))
    with one.dial() as pipe:
        pipe.send(post + b"Content-Length: 3\r\n\r\none" + post + b"Transfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"
                  + post + b"Content-Length: 5\r\n\r\nthree")
        assert [read_response(pipe).body for _ in range(3)] == [b"one", b"two", b"three"]


def test_connections_are_kept_on_both_sides_and_shared_by_clients(one, origin):
    site = origin()
    for _ in range(3):
        with one.dial() as pipe:
            for _ in range(4):
                assert ask(pipe, site).status == 200
    assert len(site.connections) == 1 and len(site.requests) == 12
    flows = one.wait_flows(12, kind="http")
    assert [f["server_reused"] for f in flows] == [False] + [True] * 11
    assert len({f["client"]["id"] for f in flows}) == 3 and len({f["server"]["id"] for f in flows}) == 1


def test_connection_close_is_obeyed_on_each_side_alone(one, origin):
    site = origin(answer_all(lambda request: reply(b"", "200 OK", "Connection: close")))
    with one.dial() as pipe:
        for _ in range(3):
            answer = ask(pipe, site)
            assert answer.status == 200 and answer.values("Connection") == []
    assert len(site.connections) == 3
    site = origin()
    with one.dial() as pipe:
        assert ask(pipe, site, "/", "Connection: close").value("Connection") == "close"
        assert pipe.read_rest() == b"" and pipe.end == "eof"
    with one.dial() as pipe:
        ask(pipe, site)
    assert len(site.connections) == 1, "the client's close is not for the server"


def test_parallel_clients_use_connections_of_their_own_up_to_the_limit(weir, origin):
    gate = threading.Event()

    def script(conn):
        while True:
            conn.request()
            gate.wait(20)
            conn.send(reply(b"x"))

    site = origin(script)
    proxy = weir("--threads", "1", "--upstream-per-host", "3")
    pipes = [proxy.dial() for _ in range(8)]
    for pipe in pipes:
        pipe.send(b"GET http://%s/ HTTP/1.1\r\nHost: %s\r\n\r\n" % (at(site), at(site)))
    site.wait_requests(3)
    gate.set()
    assert [read_response(pipe).status for pipe in pipes] == [200] * 8
    assert len(site.connections) == 3
    for pipe in pipes:
        pipe.close()


def test_idle_connections_are_limited(weir, origin):
    site = origin()
    proxy = weir("--threads", "1", "--upstream-idle", "0")
    with proxy.dial() as pipe:
        assert [ask(pipe, site).status for _ in range(3)] == [200] * 3
    assert len(site.connections) == 3


def closes_behind_its_first_answer(conn):
    """Answers one request on the first connection, and closes only when the next one is there."""
    conn.request()
    conn.send(reply(b"first"))
    if conn.number == 0:
        conn.request(body=False)
        conn.reset()
    else:
        answer_all(lambda request: reply(b"again"))(conn)


def test_stale_connection_is_retried_when_that_is_safe(one, origin):
    site = origin(closes_behind_its_first_answer)
    with one.dial() as pipe:
        assert ask(pipe, site).body == b"first"
        assert ask(pipe, site, "/again").status == 200
    assert [request.target for request in site.requests] == ["/", "/again", "/again"]


def test_stale_connection_is_not_retried_when_that_is_not_safe(one, origin):
    site = origin(closes_behind_its_first_answer)
    with one.dial() as pipe:
        assert ask(pipe, site).body == b"first"
        answer = ask(pipe, site, "/pay", method="POST", body=b"money")
        assert answer.status == 502
    assert len(site.connections) == 1
    assert one.wait_flows(1, path="/pay")[0].reason in ("server-closed", "server-reset")


def test_fresh_connection_that_fails_is_not_retried(one, origin):
    def script(conn):
        conn.request()
        conn.reset()
    site = origin(script)
    with one.dial() as pipe:
        assert ask(pipe, site).status == 502
    assert len(site.connections) == 1


def ntlm(conn):
    """Authenticates the connection, not the request."""
    known = False
    while True:
        request = conn.request()
        given = request.value("Authorization")
        if given == "NTLM three":
            known = True
        if known:
            conn.send(reply(b"user of connection %d" % conn.number))
        else:
            challenge = "NTLM two" if given == "NTLM one" else "NTLM"
            conn.send(reply(b"", "401 Unauthorized", f"WWW-Authenticate: {challenge}"))


def test_connection_bound_authentication_is_pinned_to_its_client(one, origin):
    site = origin(ntlm)
    with one.dial() as mine, one.dial() as other:
        assert ask(mine, site).status == 401
        assert ask(mine, site, "/", "Authorization: NTLM one").value("WWW-Authenticate") == "NTLM two"
        assert ask(other, site).status == 401
        assert ask(mine, site, "/", "Authorization: NTLM three").body == b"user of connection 0"
        assert ask(other, site).status == 401, "somebody else's identity was used"
        assert ask(mine, site).body == b"user of connection 0"
    with one.dial() as third:
        assert ask(third, site).status == 401
    until(lambda: site.connections[0].done, "the connection to go with its client")


# HTTP/1.0


def test_old_client_gets_an_answer_it_understands(one, origin):
    site = origin(answer_all(lambda request: chunked([b"one", b"two"])))
    with one.dial() as pipe:
        pipe.send(b"GET http://%s/ HTTP/1.0\r\n\r\n" % at(site))
        answer = read_response(pipe)
        assert answer.body == b"onetwo" and not answer.values("Transfer-Encoding") and pipe.end == "eof"
    assert site.requests[0].values("Host") == [at(site).decode()]


def test_old_client_keeps_its_connection_when_it_asks_for_that(one, origin):
    site = origin()
    with one.dial() as pipe:
        for _ in range(2):
            pipe.send(b"GET http://%s/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" % at(site))
            answer = read_response(pipe)
            assert answer.body == b"hello\n" and answer.value("Connection").lower() == "keep-alive"


def test_old_server_is_understood(one, origin):
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.0 200 OK\r\nX: y\r\n\r\nold body")
    site = origin(script)
    with one.dial() as pipe:
        assert ask(pipe, site).body == b"old body"
    assert one.flow(kind="http")["response"]["version"] == "1.0"


# Hop-by-hop


def test_hop_by_hop_fields_stay_on_their_hop(one, origin):
    site = origin(answer_all(lambda request: reply(b"", "200 OK", "Connection: X-Mine, close", "X-Mine: 1", "Keep-Alive: max=5",
                                                   "X-Yours: 2", "Proxy-Authenticate: Basic")))
    with one.dial() as pipe:
        answer = ask(pipe, site, "/", "Connection: X-Secret, keep-alive, TE", "X-Secret: 1", "Keep-Alive: timeout=5",
                     "Proxy-Connection: keep-alive", "TE: gzip, trailers", "X-Public: 2", "Proxy-Authorization: Basic eDp5")
    request = site.requests[0]
    names = [name.lower() for name, _ in request.fields]
    assert "x-public" in names and request.value("TE") == "trailers"
    for name in ("x-secret", "keep-alive", "proxy-connection", "proxy-authorization"):
        assert name not in names
    assert answer.values("X-Mine") == [] and answer.values("Keep-Alive") == [] and answer.value("X-Yours") == "2"


def test_connection_field_cannot_take_away_what_others_rely_on(one, origin):
    site = origin()
    with one.dial() as pipe:
        ask(pipe, site, "/", "Connection: Host, Content-Length, Authorization, Cookie", "Authorization: Basic eDp5",
            "Cookie: a=b", method="POST", body=b"body")
    request = site.requests[0]
    assert request.values("Host") and request.value("Authorization") == "Basic eDp5" and request.value("Cookie") == "a=b"
    assert request.body == b"body"


# Upgrades and tunnels


def test_upgrade_becomes_a_tunnel(one, origin):
    def script(conn):
        request = conn.request()
        assert request.value("Upgrade") == "echo" and "upgrade" in request.value("Connection").lower()
        conn.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nwelcome")
        while data := conn.read_some():
            conn.send(data.upper())

    site = origin(script)
    with one.dial() as pipe:
        answer = ask(pipe, site, "/", "Connection: Upgrade", "Upgrade: echo")
        assert answer.status == 101 and answer.value("Upgrade") == "echo"
        assert pipe.read(7) == b"welcome"
        for word in (b"hello", b"\x00\xff raw"):
            assert pipe.send(word).read(len(word)) == word.upper()
        pipe.shut()
        assert pipe.read_rest() == b""
    flows = one.wait_flows(1, path="/")
    assert flows[0].status == 101


def test_upgrade_that_is_refused_stays_http(one, origin):
    site = origin()
    with one.dial() as pipe:
        assert ask(pipe, site, "/", "Connection: Upgrade", "Upgrade: echo").body == b"hello\n"
        assert ask(pipe, site).body == b"hello\n"


def test_101_that_nobody_asked_for_is_an_error(one, origin):
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        conn.read_rest()
    site = origin(script)
    with one.dial() as pipe:
        assert ask(pipe, site).status == 502
    assert one.flow(kind="http").reason == "bad-response"


@pytest.mark.parametrize("target", ["no-port", "127.0.0.1:0", "127.0.0.1:99999", "user@127.0.0.1:80", "http://127.0.0.1/", ":80"])
def test_connect_to_nonsense_is_refused(target, one):
    with one.dial() as pipe:
        pipe.send(f"CONNECT {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert read_response(pipe, "CONNECT").status == 400


# Ends that come early


def test_early_answer_to_a_long_request_arrives(one, origin):
    def script(conn):
        conn.request(body=False)
        conn.send(reply(b"too large", "413 Content Too Large", "Connection: close"))
        conn.read_rest()

    site = origin(script)
    with one.dial() as pipe:
        pipe.send(b"POST http://%s/ HTTP/1.1\r\nHost: %s\r\nContent-Length: 1000000\r\n\r\n" % (at(site), at(site)))
        pipe.send(b"x" * 1000)
        assert read_response(pipe).status == 413
    assert one.flow(kind="http").status == 413


def test_response_that_is_cut_short_is_cut_short_for_the_client_too(one, origin):
    for response in (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
                     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nonly this"):
        site = origin(lambda conn: (conn.request(), conn.send(response)))
        with one.dial() as pipe:
            pipe.send(b"GET http://%s/ HTTP/1.1\r\nHost: %s\r\n\r\n" % (at(site), at(site)))
            with pytest.raises(Ended):
                read_response(pipe)
            assert b"only this" in pipe.received
    assert {f.reason for f in one.wait_flows(2, kind="http")} == {"server-closed"}


def test_client_that_goes_away_ends_the_request_at_the_server(one, origin):
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while not conn.end:
            conn.send(b"part" * 10000)

    site = origin(script)
    with one.dial() as pipe:
        pipe.send(b"GET http://%s/ HTTP/1.1\r\nHost: %s\r\n\r\n" % (at(site), at(site)))
        pipe.read_until(b"part")
    assert one.flow(kind="http").reason == "client-closed"
    until(lambda: site.connections[0].done, "the server's connection to end")


def test_unasked_bytes_behind_a_response_do_not_answer_the_next_request(one, origin):
    site = origin(answer_all(lambda request: reply(b"mine") + (reply(b"smuggled") if request.target == "/bad" else b"")))
    with one.dial() as pipe:
        assert ask(pipe, site, "/bad").body == b"mine"
        assert [ask(pipe, site, "/good").body for _ in range(3)] == [b"mine"] * 3

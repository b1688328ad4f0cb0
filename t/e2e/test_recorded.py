"""The record and the screen: which connection, what was sent on, contents of every coding, files that were there before."""
import fcntl
import hashlib
import json
import os
import re
import signal

import pytest

from lib.coding import encode, raw_deflate
from lib.message import chunked, read_response, reply
from lib.origin import answer_all
from lib.ways import HOST, HTTPS, PLAIN, WAYS, Way
from lib.weir import SANITIZED, weir_run

TEXT = "".join(f"line {number}: grüße und ﬂüsse\n" for number in range(2000)).encode()
MB = 1 << 20


@pytest.fixture(params=WAYS)
def way(request, weir, origin, world):
    return Way(request.param, weir, origin, world)


@pytest.fixture
def plain(weir, origin, world):
    return Way(PLAIN, weir, origin, world)


@pytest.fixture
def https(weir, origin, world):
    return Way(HTTPS, weir, origin, world)


# Connections


def test_reuse_of_connections_is_told_on_both_sides(way):
    way.serve(answer_all(lambda request: reply(b"x")))
    way.start("--threads", "1")
    for client in range(2):
        with way.open() as pipe:
            for number in range(2):
                pipe.send(way.request(f"/{client}-{number}"))
                assert read_response(pipe).status == 200
    flows = [way.proxy.flow(kind="http", path=f"/{client}-{number}") for client in range(2) for number in range(2)]
    assert [flow["server_reused"] for flow in flows] == [False, True, True, True]
    assert len({flow["server"]["id"] for flow in flows}) == 1
    clients = [flow["client"]["id"] for flow in flows]
    assert clients[0] == clients[1] != clients[2] == clients[3]
    assert len({flow["id"] for flow in flows}) == 4
    assert len(way.site.connections) == 1


def test_facts_of_tls_are_those_of_each_side(https):
    https.serve()
    https.start("--tls-version-server-max", "TLS1_2", "--threads", "1")
    context = https.proxy.context(alpn=["http/1.1"])
    with https.proxy.secure(HOST, https.site.port, context) as pipe:
        pipe.send(https.request("/first"))
        assert read_response(pipe).status == 200
        client = pipe.tls.cipher()[0]
    flow = https.proxy.flow(kind="http")
    assert flow["client"]["tls"]["version"] == "TLSv1.3" and flow["client"]["tls"]["cipher"] == client
    assert flow["client"]["tls"]["sni"] == HOST and flow["client"]["tls"]["alpn"] == "http/1.1"
    assert re.fullmatch(r"[0-9a-f]{32}", flow["client"]["tls"]["ja3"])
    assert re.fullmatch(r"t13d\d{4}h1_[0-9a-f]{12}_[0-9a-f]{12}", flow["client"]["tls"]["ja4"])
    assert flow["server"]["tls"]["version"] == "TLSv1.2" and flow["server"]["tls"]["sni"] == HOST
    assert flow["server"]["tls"]["verdict"] == "ok" and flow["client"]["tls"]["verdict"] == ""
    assert flow["client"]["tls"]["resumed"] is flow["server"]["tls"]["resumed"] is False


def test_what_was_sent_on_is_recorded_where_it_differs(way):
    way.serve(answer_all(lambda request: reply(b"x", "200 OK", "Connection: keep-alive, X-Hop", "X-Hop: 1", "X-End: 2")))
    way.start()
    with way.open() as pipe:
        pipe.send(way.request("/", "Connection: X-Mine", "X-Mine: 1", "X-Other:  odd \t"))
        answer = read_response(pipe)
    flow = way.proxy.flow(kind="http")
    assert flow.raw("request") == way.request("/", "Connection: X-Mine", "X-Mine: 1", "X-Other:  odd \t")
    assert flow.sent("request") == way.site.requests[0].head and b"X-Mine" not in flow.sent("request")
    assert b"X-Hop: 1" in flow.raw("response") and flow.sent("response") == answer.head


def test_error_is_recorded_with_the_side_that_it_happened_on(https, world, origin):
    https.site = origin(cert=world.faulty("untrusted-root"))
    https.start()
    assert https.get().status == 502
    flow = https.proxy.flow(kind="http")
    assert flow.reason == "tls-verify" and flow["server"]["tls"]["verdict"] == "untrusted-root"
    assert flow["server"]["tls"]["certs"] and flow["server"]["remote"] == f"127.0.0.1:{https.site.port}"
    assert flow["response"]["status"] == 502 and flow["server_reused"] is False


# Contents


@pytest.mark.parametrize("codings", ["gzip", "x-gzip", "deflate", "br", "zstd", "gzip, br", "br, zstd, gzip",
                                     "deflate, deflate, zstd", "identity"])
def test_content_of_every_coding_is_forwarded_as_it_is_and_shown_decoded(way, codings):
    coded = encode(codings, TEXT)
    fields = [f"Content-Encoding: {codings}", "Content-Type: text/plain"]
    way.serve(answer_all(lambda request: chunked([coded[:100], coded[100:]], *fields)))
    way.start("--detail", "4")
    assert way.get().body == coded
    assert way.proxy.flow(kind="http").body("response") == coded
    way.proxy.wait_line("line 1999: ")
    way.proxy.stop()
    shown = [line[4:] for line in way.proxy.stdout.splitlines() if line.startswith("  < line ")]
    assert "\n".join(shown) + "\n" == TEXT.decode()


def test_deflate_without_its_wrapper_and_codings_on_several_lines_are_understood(plain):
    coded = encode("gzip", raw_deflate(TEXT))
    plain.serve(answer_all(lambda request: reply(coded, "200 OK", "Content-Encoding: deflate", "Content-Type: text/plain",
                                                 "Content-Encoding: GZip")))
    plain.start("--detail", "4")
    assert plain.get().body == coded
    plain.proxy.wait_line("line 1999: ")


def test_coding_that_nobody_knows_is_named(plain):
    plain.serve(answer_all(lambda request: reply(b"\x00\x01secret", "200 OK", "Content-Encoding: rot13")))
    plain.start("--detail", "3")
    plain.get()
    plain.proxy.wait_line(re.compile(r"\[.*rot13"))


def test_content_of_a_request_is_shown_decoded_too(way):
    way.serve(answer_all(lambda request: reply(b"x")))
    way.start("--detail", "3")
    with way.open() as pipe:
        pipe.send(way.request("/", "Content-Encoding: zstd", method="POST", body=encode("zstd", TEXT)))
        assert read_response(pipe).status == 200
    way.proxy.wait_line("  > line 1: ")
    way.proxy.wait_line(re.compile(r"^  > \[decoded: .* to 61k\]"))


@pytest.mark.parametrize("codings", ["gzip", "zstd"])
def test_front_of_a_coded_content_that_is_not_all_recorded_is_shown(plain, codings):
    """The codings end where the record ends, and that is no damage."""
    body = b"".join(b"%d %s\n" % (i, hashlib.sha256(b"%d" % i).hexdigest().encode()) for i in range(20000))
    coded = encode(codings, body)
    assert len(coded) > 300000
    plain.serve(answer_all(lambda request: reply(coded, "200 OK", f"Content-Encoding: {codings}", "Content-Type: text/plain")))
    plain.start("--detail", "3", "--body-limit", "200k")
    assert plain.get().body == coded
    plain.proxy.wait_line("not recorded to its end")
    assert "damaged" not in plain.proxy.stdout and "  < 1 " in plain.proxy.stdout


@pytest.mark.parametrize("codings", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "zstd, br"])
def test_bomb_is_named_and_memory_stays_flat(plain, codings):
    """150 MB of nothing."""
    coded = encode(codings, bytes(150 * MB))
    plain.serve(answer_all(lambda request: reply(coded, "200 OK", f"Content-Encoding: {codings}")))
    plain.start("--detail", "3", "--decode-limit", "4m")
    before = plain.proxy.resident()
    for _ in range(3):
        assert plain.get().body == coded
    plain.proxy.wait_flows(3, kind="http")
    assert "not expanded" in plain.proxy.wait_line("bomb")
    assert plain.proxy.resident("VmHWM") - before < (200 if SANITIZED else 48) * 1024


def test_binary_content_is_named_and_shown_as_hex_on_request(plain):
    body = bytes(range(256))
    plain.serve(answer_all(lambda request: reply(body, "200 OK", "Content-Type: application/octet-stream")))
    for detail, line in (("3", "binary: 256b"), ("4", "00000010  10 11 12 13")):
        plain.start("--detail", detail)
        assert plain.get().body == body
        plain.proxy.wait_line(line)


def test_each_detail_shows_what_the_one_below_it_shows(way):
    way.serve(answer_all(lambda request: reply(b"text\n" * 3000, "200 OK", "Content-Type: text/plain", "X-Field: value")))
    shown = []
    for detail in range(5):
        way.start("--detail", str(detail))
        way.get("/path")
        way.proxy.wait_flows(1, kind="http")
        way.proxy.stop()
        shown.append([line for line in way.proxy.stdout.splitlines() if not line.startswith("listening ")])
    assert not shown[0]
    assert "/path 200 text/plain 15k" in " ".join(shown[1]) and len(shown[1]) == 1
    assert "  < X-Field: value" in shown[2] and "  < text" not in shown[2]
    assert shown[3].count("  < text") == 512 and any("shortened" in line for line in shown[3])
    assert shown[4].count("  < text") == 3000 and not any("shortened" in line for line in shown[4])


def test_json_has_heads_and_contents_from_detail_3_on(way):
    way.serve(answer_all(lambda request: reply(b"\x00\xff")))
    for detail, whole in (("1", False), ("2", False), ("3", True), ("4", True)):
        way.start("--json", "--detail", detail)
        way.get()
        way.proxy.wait_flows(1, kind="http")
        way.proxy.stop()
        lines = [json.loads(line) for line in way.proxy.stdout.splitlines() if line.startswith("{")]
        flow = next(line for line in lines if line["kind"] == "http")
        assert ("raw" in flow["response"], "base64" in flow["response"]["body"]) == (whole, whole)
        recorded = dict(way.proxy.flow(kind="http"))
        # Connections may end between the one and the other.
        for side in (one[name] for one in (flow, recorded) for name in ("client", "server") if whole):
            del side["ended_us"], side["ended_by"]
        assert not whole or flow == recorded


# Files


def test_half_a_line_of_a_crash_is_left_alone_and_the_next_begins_behind_it(plain, tmp_path):
    file = tmp_path / "flows"
    plain.serve()
    plain.start("-w", str(file), record=False)
    plain.get("/one")
    plain.proxy.stop()
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:100])
    plain.start("-w", str(file), record=False)
    plain.get("/two")
    plain.proxy.stop()
    lines = file.read_bytes().splitlines()
    assert lines[0] + b"\n" == whole and lines[1] == whole[:100] and json.loads(lines[2])["url"].endswith("/two")
    assert len(lines) == 3


def test_file_that_another_process_writes_to_is_refused(plain, tmp_path):
    file = tmp_path / "flows"
    plain.serve()
    plain.start("-w", str(file), record=False)
    with open(file, "ab") as other:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    done = weir_run(tmp_path, "dump", "-p", "0", "--confdir", plain.proxy.confdir, "-w", file)
    assert done.returncode == 3 and str(file) in done.stderr.decode()
    plain.get()
    plain.proxy.stop()
    assert len(file.read_bytes().splitlines()) == 1


def test_folder_or_missing_folder_is_refused_with_its_name(plain, tmp_path):
    plain.serve()
    plain.start()
    for path in (tmp_path, tmp_path / "missing" / "flows"):
        done = weir_run(tmp_path, "dump", "-p", "0", "--confdir", plain.proxy.confdir, "-w", path)
        assert done.returncode == 3 and str(path) in done.stderr.decode() and len(done.stderr.splitlines()) == 1


def test_record_goes_through_a_pipe(plain, tmp_path):
    """To another program, which may read in its own time."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    plain.serve(answer_all(lambda request: reply(b"x" * 100000)))
    plain.start("-w", str(fifo), record=False)
    for number in range(5):
        assert plain.get(f"/{number}").status == 200
    os.set_blocking(reader, True)
    data = b""
    while data.count(b"\n") < 5:
        data += os.read(reader, 65536)
    assert [json.loads(line)["url"][-2:] for line in data.splitlines()] == [f"/{number}" for number in range(5)]
    os.close(reader)


def test_all_flows_are_in_the_file_when_the_program_has_ended(way):
    way.serve(answer_all(lambda request: reply(b"x" * 1000)))
    way.start()
    pipes = [way.open() for _ in range(20)]
    for _ in range(10):
        for pipe in pipes:
            pipe.send(way.request())
        for pipe in pipes:
            assert read_response(pipe).status == 200
    way.proxy.send_signal(signal.SIGTERM)
    for pipe in pipes:
        pipe.read_rest()
        pipe.close()
    assert way.proxy.wait() == 0
    assert len([flow for flow in way.proxy.flows() if flow["kind"] == "http"]) == 200

"""Many at once, and much of everything: memory stays flat, and every byte arrives."""
import hashlib
import threading

import pytest

from lib.message import read_response, reply
from lib.origin import answer_all
from lib.wait import until
from lib.ways import HTTPS, PLAIN, WAYS, Way
from lib.weir import SANITIZED

MB = 1 << 20
# Sanitizers keep what was freed for a while.
ROOM = (400 if SANITIZED else 64) * 1024  # kilobytes


@pytest.fixture(params=WAYS)
def way(request, weir, origin, world):
    return Way(request.param, weir, origin, world)


@pytest.fixture
def plain(weir, origin, world):
    return Way(PLAIN, weir, origin, world)


@pytest.fixture
def https(weir, origin, world):
    return Way(HTTPS, weir, origin, world)


def pattern(n, seed=0):
    """Bytes that are not the same anywhere."""
    out = bytearray()
    while len(out) < n:
        out += hashlib.sha512(b"%d-%d" % (seed, len(out))).digest()
    return bytes(out[:n])


def in_threads(n, work):
    """Runs work(number) on threads; the first exception is the test's."""
    wrong = []

    def guarded(number):
        try:
            work(number)
        except BaseException as why:  # pylint: disable=broad-except
            wrong.append(why)
    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise wrong[0]


# Many


def test_thousand_clients_at_once(plain):
    plain.serve(answer_all(lambda request: reply(request.target.encode())))
    plain.start("--detail", "0")
    pipes = [plain.open() for _ in range(1000)]
    for number, pipe in enumerate(pipes):
        pipe.send(plain.request(f"/{number}"))
    for number, pipe in enumerate(pipes):
        assert read_response(pipe).body == b"/%d" % number
    for number, pipe in enumerate(pipes):  # all of them are still connected
        pipe.send(plain.request(f"/again-{number}"))
    for number, pipe in enumerate(pipes):
        assert read_response(pipe).body == b"/again-%d" % number
        pipe.close()
    urls = {flow["url"] for flow in plain.proxy.wait_flows(2000, kind="http")}
    assert urls == {plain.url(f"/{front}{number}") for front in ("", "again-") for number in range(1000)}


def test_many_tunnels_wait_for_the_server_at_once(https):
    """The requests of all are under way together: none waits for another."""
    n = 30 if SANITIZED else 100
    gate = threading.Barrier(n)

    def script(conn):
        target = conn.request().target
        gate.wait(60)
        conn.send(reply(target.encode()))

    https.serve(script)
    https.start()
    pipes = [https.open() for _ in range(n)]
    for number, pipe in enumerate(pipes):
        pipe.send(https.request(f"/{number}"))
    for number, pipe in enumerate(pipes):
        assert read_response(pipe).body == b"/%d" % number
        pipe.close()


def test_requests_beyond_the_limit_of_a_host_wait_their_turn(way):
    way.serve(answer_all(lambda request: reply(request.target.encode())))
    way.start("--upstream-per-host", "2", "--threads", "1")

    def work(number):
        with way.open() as pipe:
            for i in range(10):
                pipe.send(way.request(f"/{number}-{i}"))
                assert read_response(pipe).body == b"/%d-%d" % (number, i)
    in_threads(20, work)
    assert len(way.site.connections) <= 3  # a certificate may have been asked for on one more


def test_burst_of_pipelined_requests_is_answered_in_order(way):
    way.serve(answer_all(lambda request: reply(request.target.encode())))
    way.start("--detail", "0")
    with way.open() as pipe:
        burst = b"".join(way.request(f"/{number}") for number in range(3000))
        sender = threading.Thread(target=pipe.send, args=(burst,)) if not way.secure else None
        if sender:
            sender.start()
        else:
            pipe.send(burst)  # one thread only may use a TLS object; it fits into the buffers
        for number in range(3000):
            assert read_response(pipe).body == b"/%d" % number
        if sender:
            sender.join()
    flows = way.proxy.wait_flows(3000, kind="http")
    assert [flow["url"] for flow in flows] == [way.url(f"/{number}") for number in range(3000)]
    assert len(way.site.connections) <= 2


def test_pipelined_requests_of_a_client_that_does_not_read_wait_outside(plain):
    """What it asked for does not pile up, and comes when it reads."""
    body = pattern(200000)
    plain.serve(answer_all(lambda request: reply(body)), keep=False)
    plain.start("--body-limit", "1k")
    before = plain.proxy.resident()
    with plain.open(keep=False, receive_buffer=65536) as pipe:
        pipe.send(b"".join(plain.request(f"/{number}") for number in range(500)))
        held = []

        def quiet():
            held.append(len(plain.site.requests))
            return len(held) > 50 and len(set(held[-50:])) == 1
        until(quiet, "the proxy to stop asking")
        assert held[-1] < 100
        assert plain.proxy.resident("VmHWM") - before < ROOM
        for _ in range(500):
            assert read_response(pipe).body == body
    assert len(plain.site.requests) == 500


# Much


def test_chunks_of_every_size_arrive_as_one_content(way):
    sizes = [1, 2, 3, 7, 64, 1000, 4095, 4096, 4097, 16383, 16384, 16385, 65535, 65536, 65537, 131072, 262143, 1]
    parts = [pattern(size, size) for size in sizes]
    whole = b"".join(parts)
    coded = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\nX-Check: yes\r\n\r\n"

    def script(conn):
        request = conn.request()
        assert request.body == whole and request.trailers == b"X-Check: yes\r\n"
        conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Check\r\n\r\n" + coded)

    way.serve(script)
    way.start()
    with way.open() as pipe:
        pipe.send(way.request("/", "Transfer-Encoding: chunked", "Trailer: X-Check", method="POST") + coded)
        answer = read_response(pipe)
    assert answer.body == whole and answer.trailers == b"X-Check: yes\r\n"
    flow = way.proxy.flow(kind="http")
    assert flow.body("request") == flow.body("response") == whole
    assert flow["request"]["trailers"]["fields"] == flow["response"]["trailers"]["fields"] == [["X-Check", "yes"]]


def test_both_directions_stream_at_the_same_time(way):
    """The server answers while it is still being told."""
    total, piece = 24 * MB, 256 * 1024

    def script(conn):
        conn.request(body=False)
        conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        left = total
        while left:
            data = conn.read_some()
            assert data
            left -= len(data)
            conn.send(b"%x\r\n%s\r\n" % (len(data), data))
        conn.send(b"0\r\n\r\n")

    way.serve(script, keep=False)
    way.start("--body-limit", "64k")
    data = pattern(piece)
    with way.open(keep=False) as pipe:
        pipe.send(way.request(method="POST", body=b"x" * 0).replace(b"Content-Length: 0", b"Content-Length: %d" % total))
        pipe.read_until(b"\r\n\r\n")
        before = way.proxy.resident()
        for _ in range(total // piece):
            pipe.send(data)
            assert read_chunks(pipe, piece) == data
        assert pipe.read_until(b"0\r\n\r\n").endswith(b"0\r\n\r\n")
    assert way.proxy.resident("VmHWM") - before < ROOM
    flow = way.proxy.flow(kind="http")
    for side in ("request", "response"):
        body = flow[side]["body"]
        assert (body["size"], body["kept"], body["cut"]) == (total, 65536, True)
        assert flow.body(side) == data[:65536]


def read_chunks(pipe, n):
    out = bytearray()
    while len(out) < n:
        size = int(pipe.read_until(b"\r\n"), 16)
        out += pipe.read(size)
        assert pipe.read(2) == b"\r\n"
    return bytes(out)


def test_recording_stops_at_the_memory_limit_and_forwarding_does_not(way):
    body = pattern(8 * MB)
    way.serve(answer_all(lambda request: reply(body)), keep=False)
    way.start("--memory-limit", "2m", "--threads", "1")
    before = way.proxy.resident()
    for _ in range(4):
        assert way.get().body == body
    assert way.proxy.resident("VmHWM") - before < ROOM
    for flow in way.proxy.wait_flows(4, kind="http"):
        kept = flow["response"]["body"]["kept"]
        assert flow["response"]["body"]["cut"] and flow["response"]["body"]["size"] == 8 * MB
        assert 0 <= kept <= 2 * MB and flow.body("response") == body[:kept]


def test_uploads_of_many_clients_that_are_not_taken_stay_small(way):
    """Each has a place in the buffers, and no more than that."""
    go, n = threading.Event(), 20
    body = pattern(3 * MB)

    def script(conn):
        request = conn.request(body=False)
        go.wait(60)
        data = conn.read(3 * MB)
        conn.send(reply(hashlib.sha256(data).hexdigest().encode()) if request else b"")

    way.serve(script, keep=False)
    way.start("--body-limit", "1k", "--threads", "1")
    pipes = [way.open(keep=False) for _ in range(n)]
    before = way.proxy.resident()
    sent = [0] * n

    def send(number):
        pipes[number].send(way.request(method="PUT", body=body)[:-len(body)])
        for at in range(0, len(body), 65536):
            pipes[number].send(body[at:at + 65536])
            sent[number] += 1

    senders = [threading.Thread(target=send, args=(number,)) for number in range(n)]
    for sender in senders:
        sender.start()
    looks = []

    def quiet():
        looks.append(sum(sent))
        return len(looks) > 50 and len(set(looks[-50:])) == 1
    until(quiet, "the clients to be held back")
    assert way.proxy.resident("VmHWM") - before < ROOM
    go.set()
    for sender in senders:
        sender.join()
    for pipe in pipes:
        assert read_response(pipe).text == hashlib.sha256(body).hexdigest()
        pipe.close()

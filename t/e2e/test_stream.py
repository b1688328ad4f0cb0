"""Big contents stream through, and a slow reader does not make memory grow."""
import threading

import pytest

from lib.message import read_response
from lib.wait import until
from lib.weir import SANITIZED

MB = 1 << 20
BLOCK = bytes(range(256)) * 256  # 64 KiB
SIZE = 100 * MB
# What the whole program may take, in kilobytes: sanitizers keep what was freed for a while.
ROOM = 400 * 1024 if SANITIZED else 48 * 1024
LIMITS = ("--body-limit", "100k", "--memory-limit", "16m")


def check(data, offset):
    """Whether the bytes are those of the pattern at this offset."""
    start = offset % len(BLOCK)
    return data == (BLOCK * (len(data) // len(BLOCK) + 2))[start:start + len(data)]


def send_pattern(conn, size):
    for _ in range(size // len(BLOCK)):
        conn.send(BLOCK)


def read_pattern(pipe, size):
    got = 0
    while got < size:
        data = pipe.read_some()
        assert data, f"{pipe.end} after {got} bytes"
        assert check(data, got), f"wrong bytes behind {got}"
        got += len(data)
    assert got == size


def big_answer(conn):
    conn.request()
    conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
    send_pattern(conn, SIZE)


def taker(conn):
    """Reads a big request and answers with its size."""
    conn.request(body=False)
    read_pattern(conn, SIZE)
    conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntook")


@pytest.fixture(params=["plain", "tls"])
def big(request, weir, origin, world):
    """big(script) -> (proxy, a client's connection that is ready for a request)."""
    pipes = []

    def make(script, **how):
        cert = world.good() if request.param == "tls" else None
        site = origin(script, cert=cert, keep=False)
        proxy = weir("--threads", "1", *LIMITS, sites=[site])
        if cert:
            pipes.append(proxy.secure("site.test", site.port, keep=False, **how))
        else:
            pipes.append(proxy.tunnel(f"site.test:{site.port}", keep=False, **how))
        return proxy, pipes[0]

    yield make
    for pipe in pipes:
        pipe.close()


def test_100_mb_down_with_flat_memory(big):
    proxy, pipe = big(big_answer)
    pipe.send(b"GET / HTTP/1.1\r\nHost: site.test\r\n\r\n")
    head = pipe.read_until(b"\r\n\r\n")
    assert b"Content-Length: %d" % SIZE in head
    before = proxy.resident()
    read_pattern(pipe, SIZE)
    flow = proxy.flow(kind="http")
    assert flow["response"]["body"] == {**flow["response"]["body"], "size": SIZE, "kept": 100 * 1024, "cut": True}
    assert proxy.resident("VmHWM") - before < ROOM


def test_100_mb_up_with_flat_memory(big):
    proxy, pipe = big(taker)
    before = proxy.resident()
    pipe.send(b"PUT / HTTP/1.1\r\nHost: site.test\r\nContent-Length: %d\r\n\r\n" % SIZE)
    send_pattern(pipe, SIZE)
    assert read_response(pipe).body == b"took"
    assert proxy.flow(kind="http")["request"]["body"]["size"] == SIZE
    assert proxy.resident("VmHWM") - before < ROOM


def test_slow_client_holds_the_server_back(big):
    sent = []

    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        for _ in range(SIZE // len(BLOCK)):
            conn.send(BLOCK)
            sent.append(len(BLOCK))

    proxy, pipe = big(script, receive_buffer=65536)
    pipe.send(b"GET / HTTP/1.1\r\nHost: site.test\r\n\r\n")
    pipe.read_until(b"\r\n\r\n")
    before = proxy.resident()
    stalled(sent)
    assert sum(sent) < SIZE // 2, "the server was not held back"
    assert proxy.resident("VmHWM") - before < ROOM
    read_pattern(pipe, SIZE)
    assert proxy.flow(kind="http")["error"] is None


def stalled(sent):
    """Waits until nothing is sent any more: a hundred looks in a row with the same result."""
    looks = []

    def look():
        looks.append(sum(sent))
        return len(looks) > 100 and looks[-1] and len(set(looks[-100:])) == 1
    until(look, "the sender to be held back")


def test_slow_server_holds_the_client_back(big):
    go, sent = threading.Event(), []

    def script(conn):
        conn.request(body=False)
        go.wait(60)
        read_pattern(conn, SIZE)
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntook")

    proxy, pipe = big(script)
    before = proxy.resident()
    pipe.send(b"PUT / HTTP/1.1\r\nHost: site.test\r\nContent-Length: %d\r\n\r\n" % SIZE)

    def send():
        for _ in range(SIZE // len(BLOCK)):
            pipe.send(BLOCK)
            sent.append(len(BLOCK))

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    stalled(sent)
    assert sum(sent) < SIZE // 2, "the client was not held back"
    assert proxy.resident("VmHWM") - before < ROOM
    go.set()
    sender.join(60)
    assert read_response(pipe).body == b"took"


def test_many_slow_readers_at_once(weir, origin):
    """Each has a place in the buffers, and no more than that."""
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        send_pattern(conn, SIZE)

    site = origin(script, keep=False)
    proxy = weir("--threads", "1", *LIMITS)
    before = proxy.resident()
    pipes = [proxy.dial(keep=False, receive_buffer=65536) for _ in range(20)]
    for pipe in pipes:
        pipe.send(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % site.url().encode())
        pipe.read_until(b"\r\n\r\n")
    for pipe in pipes:
        pipe.read(MB)
    assert proxy.resident("VmHWM") - before < ROOM + 20 * 2048
    for pipe in pipes:
        pipe.close()


def test_chunked_stream_arrives_piece_by_piece(weir, origin):
    """No piece waits for the next one."""
    gate = threading.Semaphore(0)

    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for i in range(20):
            conn.send(b"2\r\n%02d\r\n" % i)
            gate.acquire(timeout=20)
        conn.send(b"0\r\n\r\n")

    site = origin(script)
    proxy = weir()
    with proxy.dial() as pipe:
        pipe.send(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % site.url().encode())
        pipe.read_until(b"\r\n\r\n")
        for i in range(20):
            assert pipe.read(7) == b"2\r\n%02d\r\n" % i
            gate.release()
        assert pipe.read(5) == b"0\r\n\r\n"


def test_store_forgets_the_oldest_when_memory_is_short(weir, origin):
    def script(conn):
        while True:
            conn.request()
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % MB)
            send_pattern(conn, MB)

    site = origin(script, keep=False)
    proxy = weir("--threads", "1", "--memory-limit", "16m", record=False)
    before = proxy.resident()
    with proxy.dial(keep=False) as pipe:
        for _ in range(60):
            pipe.send(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % site.url().encode())
            pipe.read_until(b"\r\n\r\n")
            read_pattern(pipe, MB)
    assert proxy.resident("VmHWM") - before < ROOM

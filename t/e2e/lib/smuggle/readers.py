"""The same bytes read by others: node (llhttp), h11, nginx; by the codec under test; and by the strict reader."""
import json
import pathlib
import shutil
import socket
import struct
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lib.env import scrubbed
from lib.smuggle import strict

PROGRAMS = pathlib.Path(__file__).resolve().parents[1] / "programs"


@dataclass
class Verdict:
    """Requests as (method, target, body, fields), and what became of the rest: end, more, bad."""
    requests: list
    tail: str


def _fields(pairs):
    return tuple((name.lower(), value) for name, value in pairs)


def by_strict(inputs):
    for data in inputs:
        found, tail = strict.read_requests(data)
        for i, message in enumerate(found):
            if message.method == b"CONNECT":
                found, tail = found[:i + 1], "end"
                break
        yield Verdict([(m.method, m.target, m.body, _fields(m.fields)) for m in found], tail)


def _by_program(command, inputs, home):
    fed = b"".join(struct.pack("<I", len(data)) + data for data in inputs)
    done = subprocess.run([str(word) for word in command], input=fed, capture_output=True, timeout=300, check=True, env=scrubbed(home))
    lines = done.stdout.decode().splitlines()
    assert len(lines) == len(inputs), done.stderr
    for line in lines:
        *requests, tail = line.split(";")
        found = []
        for request in requests:
            method, target, body, fields = request.split(" ")
            pairs = [[bytes.fromhex(part) for part in field.split("=")] for field in fields.split(",") if field]
            found.append((bytes.fromhex(method), bytes.fromhex(target), bytes.fromhex(body), _fields(pairs)))
        yield Verdict(found, tail)


def by_weir(inputs, home, program):
    return _by_program([program], inputs, home)


def by_node(inputs, home):
    return _by_program(["node", PROGRAMS / "parse.js"], inputs, home)


def _h11(data):
    import h11  # pylint: disable=import-outside-toplevel
    conn, found, request, body = h11.Connection(h11.SERVER), [], None, b""
    try:
        conn.receive_data(data)
        while True:
            event = conn.next_event()
            if event is h11.NEED_DATA:
                return Verdict(found, "more" if request or conn.trailing_data[0] else "end")
            if event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                return Verdict(found, "end")
            if isinstance(event, h11.Request):
                request, body = event, b""
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                found.append((request.method, request.target, body, _fields(request.headers.raw_items())))
                if request.method == b"CONNECT":
                    return Verdict(found, "end")
                request = None
                conn.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
                conn.send(h11.EndOfMessage())
                if conn.our_state is not h11.DONE:
                    return Verdict(found, "end")
                conn.start_next_cycle()
    except h11.RemoteProtocolError:
        return Verdict(found, "bad")


def by_h11(inputs, _home):
    return map(_h11, inputs)


NGINX = """
daemon off; master_process off; user root; pid {home}/pid; error_log {home}/error.log crit;
events {{ worker_connections 1024; }}
http {{
    log_format asked escape=json '["$remote_addr","$status","$request_method","$request_uri","$request_body"]';
    client_body_temp_path {home}/b; proxy_temp_path {home}/p; fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
    access_log off; client_body_buffer_size 1m; client_body_in_single_buffer on; large_client_header_buffers 4 64k;
    proxy_ignore_client_abort on; lingering_close off;
    server {{ listen 127.0.0.1:{port}; access_log {home}/access.log asked; location / {{ proxy_pass http://unix:{home}/inner:/; }} }}
    server {{ listen unix:{home}/inner; location / {{ return 200; }} }}
}}
"""


def _ask(port, n, data):
    """From an address of its own, by which the log tells who asked."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.settimeout(20)
        sock.bind((f"127.{1 + (n >> 16)}.{n >> 8 & 255}.{n & 255}", 0))
        sock.connect(("127.0.0.1", port))
        try:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(1 << 16):
                pass
        except ConnectionError:
            pass


def by_nginx(inputs, home):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (home / "nginx.conf").write_text(NGINX.format(home=home, port=port))
    with subprocess.Popen(["setpriv", "--pdeathsig", "KILL", shutil.which("nginx"), "-p", home, "-c", home / "nginx.conf"], env=scrubbed(home)) as server:
        for _ in range(500):
            if (home / "inner").exists():
                break
            time.sleep(0.01)
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda one: _ask(port, *one), enumerate(inputs)))
        server.terminate()
    verdicts = [Verdict([], "more") for _ in inputs]
    for line in (home / "access.log").read_bytes().decode("latin-1").split("\n")[:-1]:
        address, status, method, target, body = json.loads(line, strict=False)
        parts = [int(part) for part in address.split(".")]
        verdict = verdicts[(parts[1] - 1 << 16) + (parts[2] << 8) + parts[3]]
        if status == "200":
            verdict.requests.append((method.encode("latin-1"), target.encode("latin-1"), body.encode("latin-1"), None))
            verdict.tail = "end"
        else:
            verdict.tail = f"bad {status}"
    return verdicts

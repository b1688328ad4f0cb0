"""The bench itself works: a tiny amount of work, Weir alone; what it prints about speed means nothing here."""
import json
import os
import pathlib
import subprocess

import pytest

from lib.env import run
from lib.message import reply
from lib.origin import answer_all
from lib.weir import BINARY, ROOT

TOOLS = pathlib.Path(os.environ.get("BENCH", ROOT / "build" / "release" / "t" / "bench")).resolve()
BENCH = ROOT / "t" / "bench" / "bench.py"

# Every scenario, and the figures that it gives.
FIGURES = {"S1": {"cpu", "clock"}, "S1x": {"cpu", "clock"}, "S2": {"cpu", "clock"}, "S3": {"cpu", "clock"},
           "S4": {"cpu", "clock"}, "S5": {"cpu", "clock"}, "S7": {"memory"}, "S8": {"cpu", "clock"},
           "S8x": {"cpu", "clock"}, "S9": {"p50", "p99"}, "S10": {"time", "memory"}, "S11": {"cpu", "memory"},
           **dict.fromkeys(("S12", "S13", "S14", "S15", "S16"), {"cpu", "clock"}), "S17": {"memory"}, "S18": {"memory"}}


def bench(home, *words, weir=BINARY):
    return run([BENCH, "--peers", "weir", "--threads", "1", "--rounds", "1", "--scale", "0.01", *words], home, limit=180,
               WEIR=weir, BENCH=TOOLS)


def test_every_scenario_gives_its_figures(tmp_path):
    done = bench(tmp_path, "--no-limits", "--json", tmp_path / "figures.json")
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    results = json.loads((tmp_path / "figures.json").read_text())["results"]
    assert {one["scenario"] for one in results} == set(FIGURES)
    for one in results:
        assert one["troubles"] == [] and len(one["rounds"]) == 1, one
        assert set(one["rounds"][0]) == FIGURES[one["scenario"]]
        assert all(value > 0 for key, value in one["rounds"][0].items() if key != "memory"), one
    assert b"**S1** keep-alive" in done.stdout


def test_a_proxy_that_does_not_start_is_a_failure(tmp_path):
    done = bench(tmp_path, "--no-limits", "--scenario", "S1", weir="/bin/false")
    assert done.returncode != 0


def test_the_limits_of_the_machine_are_a_table(tmp_path):
    done = run([TOOLS / "limits", "--quick"], tmp_path, limit=120)
    rows = [line.split("|")[1:-1] for line in done.stdout.decode().splitlines()]
    assert done.returncode == 0 and len(rows) > 20
    assert all(len(row) == 4 for row in rows)


@pytest.fixture
def secure_and_plain(tmp_path, world):
    """The ports of the bench's origin."""
    leaf = world.good("hot.bench.test").write(tmp_path / "leaf.pem")
    with subprocess.Popen([TOOLS / "origin", "--cert", leaf], stdout=subprocess.PIPE) as process:
        words = process.stdout.readline().split()
        yield int(words[1]), int(words[3])
        process.kill()


def load(home, port, *words):
    done = run([TOOLS / "load", "--to", f"127.0.0.1:{port}", *words], home)
    result = json.loads(done.stdout)
    assert done.returncode == (result["errors"] > 0)
    return result


@pytest.mark.parametrize("words", [("--get", "1k"), ("--post", "1k"), ("--get", "300k"), ("--post", "300k")])
def test_the_load_counts_what_it_did(tmp_path, shared, secure_and_plain, words):
    for port, ca in zip(secure_and_plain, (["--ca", shared["root"]], [])):
        result = load(tmp_path, port, *ca, *words, "-c", 3, "--requests", 10, "--per-conn", 2)
        assert result["requests"] == 10 and result["errors"] == 0, result
        assert 5 <= result["connections"] <= 6 and result["handshakes"] == (result["connections"] if ca else 0)
        assert result["resumed"] == 0
        assert result["bytes_in" if words[0] == "--get" else "bytes_out"] > 10 * 1024


@pytest.mark.parametrize("answer, error", [
    (reply(b"x" * 1024, "503 Busy"), "status 503"),
    (reply(b"x" * 1023), "another length"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 1024\r\nConnection: close\r\n\r\n" + b"x" * 1000, "in the middle"),
], ids=["status", "length", "cut"])
def test_the_load_takes_no_other_answer(tmp_path, origin, answer, error):
    result = load(tmp_path, origin(answer_all(lambda request: answer)).port, "--requests", 2)
    assert result["requests"] == 0 and result["errors"] == 2 and error in result["error"], result


def test_the_load_takes_no_certificate_of_others(tmp_path, shared, secure_and_plain):
    for words in (["--ca", shared["foreign"]], ["--ca", shared["root"], "--name", "cold.bench.test"]):
        result = load(tmp_path, secure_and_plain[0], *words, "--requests", 1)
        assert result["handshakes"] == 0 and result["errors"] == 1, result


def test_the_load_sends_again_what_met_a_closed_connection(tmp_path, origin):
    """The origin closes each connection behind its first answer without a word of it."""
    def once(conn):
        conn.request()
        conn.send(reply(b"x" * 1024))

    result = load(tmp_path, origin(once).port, "--requests", 5)
    assert result["requests"] == 5 and result["errors"] == 0 and result["connections"] == 5, result

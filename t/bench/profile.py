#!/usr/bin/python3
"""Where Weir's CPU time goes in a scenario: by function and by library, and allocations and system calls per request."""
import argparse
import collections
import json
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import peers  # noqa: E402
from peers import Load, Trouble, WeirPeer  # noqa: E402
from scenarios import SCENARIOS, Bench  # noqa: E402

NAMES = [name for name, scenario in SCENARIOS.items() if hasattr(scenario, "words") and name not in ("S1x", "S8x")]


def tool(name):
    return shutil.which(name, path=peers.environment("/")["PATH"])


def watched(bench, peer, scenario, watch):
    """Runs the scenario's load; 'watch' is called with the peer's process between warm-up and measurement and returns what
    is to be called behind it. Returns the requests that were measured."""
    load = Load(bench.folder, scenario.words(bench, peer))
    try:
        load.warm()
        done = watch(peer.pid)
        load.go()
        result = json.loads(load.line() or "{}")
        if result.get("errors", 1):
            raise Trouble(result.get("error") or load.said())
        done()
        return result["requests"]
    finally:
        load.stop()


def start(command):
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


def end(process):
    process.send_signal(signal.SIGINT)
    process.wait(timeout=60)


# perf --------------------------------------------------------------------------------------------------------------------
def sampled(bench, peer, scenario):
    """'perf script' of a run: a list of samples, each a list of (function, library) from the innermost outwards."""
    data = bench.folder / "perf.data"

    def watch(pid):
        recording = start([tool("perf"), "record", "-q", "-F", "999", "--call-graph", "dwarf,4096", "-e", "cpu-clock", "-p", str(pid), "-o", data])
        time.sleep(0.3)  # perf says nothing when it has begun
        return lambda: end(recording)

    watched(bench, peer, scenario, watch)
    text = subprocess.run([tool("perf"), "script", "--no-inline", "-i", data, "-F", "comm,ip,sym,dso"], capture_output=True, check=True,
                          timeout=120, text=True, errors="replace").stdout
    samples = []
    for block in text.split("\n\n"):
        frames = re.findall(r"^\s+[0-9a-f]+ (.*?)(?:\+0x[0-9a-f]+)? \((.*)\)$", block, re.M)
        if frames:
            samples.append([(name, library(path)) for name, path in frames])
    if not samples:
        raise Trouble("perf took no samples")
    return samples


def library(path):
    if path.startswith("[") and "vdso" not in path or path.endswith(".ko"):
        return "kernel"
    return pathlib.Path(path).name


def print_shares(title, counts, total, most):
    print(f"| {title} | share |\n| --- | --- |")
    for name, n in counts.most_common(most):
        print(f"| {name} | {100 * n / total:.1f} % |")
    print()


def print_profile(samples, most):
    functions = collections.Counter(f"{name} ({where})" for (name, where), *_ in samples)
    libraries = collections.Counter(where for (_, where), *_ in samples)
    # Time in libraries and the kernel belongs to whoever of ours called.
    callers = collections.Counter(next((name for name, where in frames if where == "weir"), "none of ours seen")
                                  for frames in samples)
    total = len(samples)
    print(f"{total} samples of CPU time\n")
    print_shares("library", libraries, total, 12)
    print_shares("function of ours, with what it calls in libraries and the kernel", callers, total, 25)
    print_shares("function, itself", functions, total, most)


# Per request -------------------------------------------------------------------------------------------------------------
def print_allocations(bench, scenario):
    """Counted by a library that is preloaded."""
    counts = bench.folder / "allocations"
    wrapper = ["env", f"LD_PRELOAD={peers.TOOLS / 'count.so'}", f"COUNT_FILE={counts}"]
    peer = bench.start(type("Counted", (WeirPeer,), {"wrapper": wrapper}))

    def read():
        return struct.unpack("5Q", counts.read_bytes())

    seen = []

    def watch(_pid):
        seen.append(read())
        return lambda: seen.append(read())

    try:
        requests = watched(bench, peer, scenario, watch)
    finally:
        peer.stop()
    print("| per request | |\n| --- | --- |")
    for name, a, b in zip(("malloc", "calloc", "realloc", "free", "bytes asked for"), *seen):
        print(f"| {name} | {(b - a) / requests:.2f} |")
    print()


def print_calls(bench, scenario):
    if not tool("strace"):
        print("strace is missing ('tools/setup bench' installs it): no count of system calls\n")
        return
    peer, report = bench.start(WeirPeer), bench.folder / "calls"

    def watch(pid):
        tracing = start([tool("strace"), "-c", "-f", "-q", "-p", str(pid), "-o", report])
        limit = time.monotonic() + 10
        while "TracerPid:\t0" in pathlib.Path(f"/proc/{pid}/status").read_text() and time.monotonic() < limit:
            time.sleep(0.01)
        return lambda: end(tracing)

    try:
        requests = watched(bench, peer, scenario, watch)
    finally:
        peer.stop()
    calls = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:(\d+)\s+)?(\w+)$", report.read_text(), re.M)
    print("| system call | per request | of these failed |\n| --- | --- | --- |")
    for n, failed, name in sorted(calls, key=lambda row: -int(row[0])):
        if name != "total" and int(n) / requests >= 0.005:
            print(f"| {name} | {int(n) / requests:.2f} | {int(failed or 0) / requests:.2f} |")
    print()


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--scenario", default="S1", choices=NAMES)
    p.add_argument("--top", type=int, default=40, help="functions (%(default)s)")
    p.add_argument("--scale", type=float, default=1.0, help="how much of the work (%(default)s)")
    options = p.parse_args()
    scenario = SCENARIOS[options.scenario]
    print(f"**{scenario.id}** {scenario.title}\n")
    with tempfile.TemporaryDirectory(prefix="profile-") as name:
        bench = Bench(pathlib.Path(name), options.scale)
        try:
            if tool("perf"):
                peer = bench.start(WeirPeer)
                try:
                    samples = sampled(bench, peer, scenario)
                finally:
                    peer.stop()
                print_profile(samples, options.top)
            else:
                print("perf is missing ('tools/setup bench' installs it): no profile\n")
            print_allocations(bench, scenario)
            print_calls(bench, scenario)
        except Trouble as why:
            sys.exit(f"profile: {why}")
        finally:
            bench.stop()


main()

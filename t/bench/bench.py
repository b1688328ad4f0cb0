#!/usr/bin/python3
"""Measures Weir and its peers side by side on loopback, in interleaved rounds, and prints the table in Markdown."""
import argparse
import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import peers  # noqa: E402
from peers import PEERS, Trouble  # noqa: E402
from scenarios import SCENARIOS, Bench  # noqa: E402

RELEASE = pathlib.Path(__file__).with_name("last.json")
CHECKED = ("S1", "S2", "S3", "S8")
FALL = 0.85  # of the ratio of the last release


def say(text):
    print(text, file=sys.stderr, flush=True)


# Measuring ---------------------------------------------------------------------------------------------------------------
class Row:
    """What came of one entrant in one scenario: the figures of each round, and what went wrong."""

    def __init__(self, entrant):
        self.entrant, self.label, self.rounds, self.troubles, self.peer = entrant, entrant.label, [], [], None

    def start(self, bench, threads):
        self.peer = self.entrant.start(bench, threads)

    def stop(self):
        if self.peer:
            if self.peer.companion:
                self.peer.companion.stop()
            self.peer.stop()
        self.peer = None

    def measure(self, bench, scenario, threads):
        try:
            if not self.peer:
                self.start(bench, threads)
            figures = scenario.measure(bench, self.peer)
            self.rounds.append(figures)
            say(f"    {self.label:22}" + "".join(f" {key} {value:,.1f}" for key, value in figures.items()))
        except Trouble as why:
            self.troubles.append(str(why))
            say(f"    {self.label:22} {why}")
        if scenario.fresh:
            self.stop()

    def values(self, key):
        return [figures[key] for figures in self.rounds]


def measure(bench, scenario, kinds, rounds, threads):
    rows = [Row(entrant) for entrant in scenario.entrants(kinds)]
    try:
        for i in range(rounds):
            say(f"{scenario.id} {scenario.title}, {threads} thread{'s' * (threads > 1)}, round {i + 1} of {rounds}")
            for row in rows:
                row.measure(bench, scenario, threads)
    finally:
        for row in rows:
            row.stop()
    return rows


# Telling -----------------------------------------------------------------------------------------------------------------
def number(x):
    return f"{x:,.0f}" if abs(x) >= 100 else f"{x:.1f}" if abs(x) >= 10 else f"{x:.2f}"


def cell(row, key, weir):
    values = row.values(key)
    if not values:
        return "failed"
    text = f"{number(statistics.median(values))} ({number(min(values))} to {number(max(values))})"
    if row.label != "weir" and weir:
        text = f"**{ratio(weir, row, key):.2f}** · {text}"
    return text + f", {len(row.troubles)} failed" * bool(row.troubles)


def ratio(weir, row, key):
    mine, other = (statistics.median(r.values(key)) for r in (weir, row))
    return mine / other if other else float("inf")


def table(scenario, threads, rows):
    """One table for each scenario: a row for each figure, a column for each entrant."""
    weir = next((row for row in rows if row.label == "weir" and row.rounds), None)
    many = f", {threads} threads" if threads > 1 else ""
    lines = [f"**{scenario.id}** {scenario.title}{many}", "",
             "| | " + " | ".join(row.label for row in rows) + " |", "| --- |" + " --- |" * len(rows)]
    for f in scenario.figures:
        name = f"{f.title}, {f.unit}" if f.title else f.unit
        cells = [cell(row, f.key, weir) for row in rows]
        lines.append(f"| {name}{' (less is better)' * f.less} | " + " | ".join(cells) + " |")
    direct = next((row for row in rows if row.label == "direct" and row.rounds), None)
    for f in scenario.figures if direct else ():
        lines.append(f"| added, {f.title}, {f.unit} | " + " | ".join(added(row, direct, f.key) for row in rows) + " |")
    lines += [f"- {row.label}: {why}" for row in rows for why in sorted(set(row.troubles))]
    return "\n".join(lines) + "\n"


def added(row, direct, key):
    values, bare = row.values(key), direct.values(key)
    return number(statistics.median(values) - statistics.median(bare)) if values else "failed"


def machine():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    model = next((line.partition(": ")[2] for line in text.splitlines() if line.startswith("model name")), "?")
    return f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, {model.strip()}, Linux {platform.release()}"


def limits(options):
    done = subprocess.run([peers.TOOLS / "limits", *(["--quick"] if options.quick else [])], capture_output=True,
                          check=False, timeout=300, text=True)
    if done.returncode:
        raise Trouble(f"limits: {done.stderr}")
    print(done.stdout, flush=True)


# Options and the whole -----------------------------------------------------------------------------------------------------
def arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--scenario", help="such as S1,S4 (all)")
    p.add_argument("--peers", default=",".join(PEERS), help="of %(default)s")
    p.add_argument("--rounds", type=int, default=5, help="(%(default)s)")
    p.add_argument("--threads", default="1,2", help="of weir and of peers that can have more than one (%(default)s)")
    p.add_argument("--quick", action="store_true", help="a quarter of the work, 3 rounds")
    p.add_argument("--scale", type=float, default=1.0, help="how much of the work, from 0.01 (%(default)s)")
    p.add_argument("--limits", action=argparse.BooleanOptionalAction, default=True, help="the table of the machine's limits")
    p.add_argument("--json", metavar="FILE", help="every figure of every round")
    p.add_argument("--check", action="store_true", help="compare with the ratios to haproxy of the last release")
    p.add_argument("--record", action="store_true", help="with --check: they are the ones of a release")
    options = p.parse_args()
    if options.quick or options.check:
        options.scale, options.rounds = min(options.scale, 0.25), min(options.rounds, 3)
    if options.check:
        # What all later runs are compared with is measured with all of the work.
        options.scale = 1.0 if options.record else options.scale
        options.rounds, options.peers, options.threads, options.limits = 5, "weir,haproxy", "1", False
        options.scenario = options.scenario or ",".join(CHECKED)
    return options


def chosen(names, table_of, what):
    for name in names.split(","):
        if name not in table_of:
            sys.exit(f"bench: no {what} '{name}'; there are: {' '.join(table_of)}")
    return [table_of[name] for name in names.split(",")]


def installed(kinds):
    for kind in kinds:
        if not kind.found():
            print(f"- {kind.name}: not installed ('tools/setup bench' does that)")
    return [kind for kind in kinds if kind.found()]


def measure_all(options, kinds, folder):
    bench = Bench(folder, options.scale)
    results = []
    try:
        for scenario in chosen(options.scenario or ",".join(SCENARIOS), SCENARIOS, "scenario"):
            for threads in map(int, options.threads.split(",")):
                if threads > 1 and not scenario.threaded:
                    continue
                some = [kind for kind in kinds if threads == 1 or kind.threaded]
                rows = measure(bench, scenario, some, options.rounds, threads)
                results.append((scenario, threads, rows))
                print(table(scenario, threads, rows), flush=True)
    finally:
        bench.stop()
    return results


def ratios(results):
    """To haproxy, for each scenario."""
    found = {}
    for scenario, _, rows in results:
        by_label = {row.label: row for row in rows}
        if not (by_label["weir"].rounds and "haproxy" in by_label and by_label["haproxy"].rounds):
            sys.exit(f"bench: no ratio for {scenario.id}")
        found[scenario.id] = round(ratio(by_label["weir"], by_label["haproxy"], scenario.figures[0].key), 3)
    return found


def check(options, kinds, results):
    """Compares with the last release; returns whether all is well. A fall is measured again, with twice the work, before it is
    believed: other work on the machine makes falls of its own."""
    now = ratios(results)
    if options.record:
        about = {"weir": PEERS["weir"].version(), "haproxy": PEERS["haproxy"].version(), "machine": machine(), "ratios": now}
        RELEASE.write_text(json.dumps(about, indent=2) + "\n")
        return True
    last = json.loads(RELEASE.read_text())["ratios"]
    for _ in range(2):
        fell = [name for name, value in now.items() if value < last.get(name, 0) * FALL]
        if not fell:
            break
        options.scenario, options.scale = ",".join(fell), options.scale * 2
        again = ratios(in_folder(options, kinds))
        now.update({name: max(now[name], value) for name, value in again.items()})
    fell = [name for name, value in now.items() if value < last.get(name, 0) * FALL]
    for name, value in now.items():
        print(f"{name}: weir/haproxy {value}, last release {last.get(name)}{' FELL' * (name in fell)}")
    return not fell


def in_folder(options, kinds):
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)  # squid changes its user
        return measure_all(options, kinds, folder)


def main():
    options = arguments()
    # nghttpd does not raise it by itself.
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    kinds = installed(chosen(options.peers, PEERS, "peer"))
    print(f"{machine()}; " + ", ".join(f"{kind.name} {kind.version()}" for kind in kinds) +
          f"; {options.rounds} rounds; median (least to most); bold: weir / peer\n", flush=True)
    try:
        if options.limits:
            limits(options)
        results = in_folder(options, kinds)
    except Trouble as why:
        sys.exit(f"bench: {why}")
    if options.json:
        told = [{"scenario": scenario.id, "threads": threads, "label": row.label, "rounds": row.rounds,
                 "troubles": row.troubles} for scenario, threads, rows in results for row in rows]
        pathlib.Path(options.json).write_text(json.dumps({"machine": machine(), "results": told}, indent=1) + "\n")
    if options.check:
        sys.exit(0 if check(options, kinds, results) else 1)
    sys.exit(0 if all(row.rounds for _, _, rows in results for row in rows if row.label == "weir") else 1)


main()

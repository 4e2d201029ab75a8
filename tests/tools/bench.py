#!/usr/bin/env python3
"""bench/run --here: everything works on a machine of one's own, and the report has what it promises. No figure is judged:
these are of hardly any requests. perf is the real one, but for energy, which no machine here counts."""
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
SIDES = ["stock", "elevated", "elevated+direct_read=0"]
JOULES = 12.5
PERF = """#!/bin/bash
# What a machine that counts energy has. $ENERGY is what it says.
[[ " $* " == *" power/energy-pkg/ "* ]] || exec %s "$@"
[[ $LC_ALL == C ]] || ENERGY=${ENERGY/./,}
while [[ $1 != -- ]]; do
	[[ $1 != -o ]] || file=$2
	shift
done
shift
[[ ! $ENERGY ]] || printf '# started on Sun Nov 22 01:29:42 2026\\n\\n%%s,power/energy-pkg/,1001234567,100.00,,\\n' "$ENERGY" >"$file"
exec "$@"
"""
sys.dont_write_bytecode = True
sys.path.insert(0, TOP + "/bench")
failed = 0


def skip(reason):
    print(reason)
    sys.exit(77)


def expect(right, text):
    global failed
    if not right:
        print("FAIL:", text)
        failed = 1


if not os.path.isdir("/sys/module/kelevate"):
    skip("the kelevate module is not loaded")
if os.geteuid():
    skip("not root")
if not os.path.exists(TOP + "/bench/run"):
    skip("no source tree")
for program in ("redis-server", "redis-benchmark", "perf", "symbiote"):
    if not shutil.which(program):
        skip(f"no {program}")
for name in [name for name in os.environ if name == "LD_PRELOAD" or name.startswith("SYMBIOTE_")]:
    del os.environ[name]


def tables(path):
    """Of a report: heading -> rows, each {column: cell}."""
    found, heading, columns = {}, None, None
    with open(path) as file:
        for line in file:
            if line.startswith("## "):
                heading, columns = line[3:].strip(), None
            elif line.startswith("|---"):
                pass
            elif line.startswith("| "):
                cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
                if columns:
                    expect(len(cells) == len(columns), f"{heading}: {line}")
                    found[heading].append(dict(zip(columns, cells)))
                else:
                    columns = cells
                    found.setdefault(heading, [])
            else:
                columns = None
    return found


def numbers(record, where):
    """All that a record holds."""
    if isinstance(record, dict):
        for key, value in record.items():
            yield from numbers(value, f"{where}.{key}")
    elif isinstance(record, list):
        for index, value in enumerate(record):
            yield from numbers(value, f"{where}[{index}]")
    elif isinstance(record, float):
        yield where, record


def one(rows, what):
    expect(len(rows) == 1, f"{len(rows)} of {what}")
    return rows[0] if rows else {}


with tempfile.TemporaryDirectory() as scratch:
    with open(scratch + "/perf", "w") as file:
        file.write(PERF % shutil.which("perf"))
    os.chmod(scratch + "/perf", 0o755)

    # What perf says where there is such a counter that cannot be read, and where there is none.
    import serving
    os.environ["PATH"] = f"{scratch}:{os.environ['PATH']}"
    for line, wanted in ((f"{JOULES},Joules", "power/energy-pkg/"), ("<not supported>,Joules", None),
                         ("<not counted>,Joules", None), ("", None)):
        os.environ["ENERGY"] = line
        expect(serving.energy_event() == wanted, f"energy, when perf says {line!r}: {serving.energy_event()}")
    os.environ.update(ENERGY=f"{JOULES},Joules", LC_ALL="de_DE.UTF-8")

    command = [TOP + "/bench/run", "--here", "--trial", "--out", scratch + "/out"]
    for side in SIDES:
        command += ["--side", side]
    done = subprocess.run([*command, "micro", "bystander", "redis", "servers:redis"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    expect(done.returncode == 0, f"bench/run: status {done.returncode}\n{done.stdout}")
    if failed:
        sys.exit(1)

    def constant(name):
        raise ValueError(name)

    with open(scratch + "/out/results.json") as file:
        records = json.load(file, parse_constant=constant)  # NaN and Infinity are no JSON
    report = tables(scratch + "/out/report.md")
    for index, record in enumerate(records):
        for where, number in numbers(record, record["bench"]):
            expect(math.isfinite(number), f"{where} is {number}")
    with open(scratch + "/out/report.md") as file:
        expect("- energy: by perf, per request" in file.read(), "the report says nothing of energy")

# Redis, by our own load
record = one([r for r in records if r["bench"] == "servers"], "records of servers")
expect(record["experiment"] == "redis" and not record["icount"] and record["rounds"] == 1, f"servers: {record}")
expect([cell["side"] for cell in record["cells"]] == SIDES * 4, "sides of the cells")
rows = report["Redis, 50 connections over loopback: time"]
for cell in record["cells"]:
    load, run = cell["load"], one(cell["runs"], "runs")
    name = f"{load['name']}, {cell['side']}"
    expect(run["requests"] == load["requests"] and not run["wrong"], f"{name}: {run}")
    for figure in ("rps", "server", "client", "mean", "p50", "p99", "p999", "max"):
        expect(run.get(figure, 0) > 0, f"{name}: {figure} {run.get(figure)}")
    expect(run["p50"] <= run["p99"] <= run["p999"] <= run["max"], f"{name}: {run}")
    expect((run["server_shortcuts"] > 0) == ("elevated" in cell["side"]), f"{name}: {run['server_shortcuts']} shortcuts")
    expect(abs(run["energy"] * load["requests"] / JOULES - 1) < 1e-9, f"{name}: energy {run['energy']}")
    # one connection's requests at least, all connections' at most; some waits are for other things
    batch = cell["batch"] or 0
    expect(load["pipeline"] / 4 < batch <= load["pipeline"] * load["connections"], f"{name}: {batch} requests per epoll_wait")
    row = one([row for row in rows if (row["load"], row["side"]) == (load["name"], cell["side"])], f"rows of {name}")
    for column, figure, digits in (("p50 us", "p50", 0), ("p99 us", "p99", 0), ("p99.9 us", "p999", 0), ("requests/s", "rps", 0)):
        expect(row.get(column) == f"{run[figure]:.{digits}f}", f"{name}: {column} {row.get(column)} of {run}")
    expect(row.get("requests per epoll_wait") == f"{batch:.1f}", f"{name}: {row}")
    expect(row.get("energy J") == f"{run['energy']:.3g}", f"{name}: {row}")

# and by redis-benchmark, once more with that elevated
for client in (False, True):
    record = one([r for r in records if r["bench"] == "redis" and r["client"] == client], "records of redis")
    expect(record["replies"]["checked"] > 0 and not record["replies"]["wrong"], f"replies: {record['replies']}")
    expect(record["shortcuts"]["percent"] > 95, f"{record['shortcuts']}")
    rows = report["redis-benchmark" + (", both sides elevated" if client else "") + ": time"]
    for test in ("GET", "SET") if client else ("GET", "SET", "GET -P 16", "SET -P 16"):
        for figure in ("", " server CPU", " latency mean", " latency p50", " latency p99", " at once"):
            row = one([row for row in rows if row["median of rounds"] == test + figure], test + figure)
            expect(float(row.get("stock", 0)) > 0 and float(row.get("elevated", 0)) > 0, f"{test}{figure}: {row}")

# single operations
micro = [r for r in records if r["bench"] == "micro"]
expect(len(micro) > 20 and all(r["unit"] == "ns" and len(r["stock"]) == len(r["elevated"]) == 3 for r in micro), f"micro: {micro}")
expect(len(report["Single operations: ns"]) == len(micro), "rows of single operations")

# what others pay: with the module loaded before, there is no state without it
record = one([r for r in records if r["bench"] == "bystander"], "records of bystander")
expect([len(runs) for runs in record["figures"].values()] == [0, 2, 1], f"bystander: {record['figures']}")
goals = {row["what"]: row for row in report["Goals"]}
expect(goals["bystanders, module loaded"][""] == "not measured", f"{goals}")
expect(re.match(r"met$|\*\*not met\*\*: ", goals["bystanders, symbiote beside"][""]), f"{goals}")

with open("/sys/kernel/tracing/kprobe_events") as file:
    expect("symbiote_bench" not in file.read(), "probes were left")
sys.exit(failed)

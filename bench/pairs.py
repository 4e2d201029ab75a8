# SPDX-License-Identifier: GPL-2.0
"""What the benchmarks share: stock and elevated servers side by side, statistics
of pairs, and the description of the machine that goes with every figure."""

import glob
import json
import math
import os
import platform
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import time

MEASURED = "measured"
NOTES = {
    "tcg": "TCG (emulation): ratios are real, times say nothing about hardware",
    "icount": "TCG with icount: figures are instructions, exact and repeatable",
    "vm": "a virtual machine",
    "hardware": "hardware",
}


def read(path, default=""):
    try:
        with open(path, errors="replace") as file:
            return file.read().strip()
    except OSError:
        return default


def first_line(*command):
    try:
        out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return out.stdout.strip().splitlines()[0]
    except (OSError, IndexError):
        return "none"


def kind_of_machine(icount):
    """tcg, icount, vm or hardware. The rig is always TCG, whatever its CPU model calls itself."""
    cpuinfo = read("/proc/cpuinfo")
    if os.environ.get("RIG_BUILD") or "QEMU TCG" in cpuinfo:
        return "icount" if icount else "tcg"
    if re.search(r"^flags\s*:.*\bhypervisor\b", cpuinfo, re.M):
        return "vm"
    return "hardware"


def environment(seed, icount=False):
    cpuinfo = read("/proc/cpuinfo")
    model = re.search(r"^model name\s*:\s*(.*)", cpuinfo, re.M)
    vulnerabilities = "/sys/devices/system/cpu/vulnerabilities/"
    return {
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "kernel": platform.release(),
        "machine": kind_of_machine(icount),
        "cpu": model.group(1) if model else platform.machine(),
        "cpus": os.cpu_count(),
        "mitigations": {os.path.basename(p): read(p) for p in sorted(glob.glob(vulnerabilities + "*"))},
        "command_line": read("/proc/cmdline"),
        "clocksource": read("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "module": read("/sys/module/kelevate/version", "not loaded"),
        "parameters": {os.path.basename(p): read(p) for p in sorted(glob.glob("/sys/module/kelevate/parameters/*"))},
        "redis": first_line("redis-server", "--version"),
        "seed": seed,
    }


def describe(env):
    """The lines above every table."""
    bad = [name for name, state in env["mitigations"].items() if state.startswith("Mitigation")]
    return (f"{env['machine'].upper() if env['machine'] in ('tcg', 'vm') else env['machine']}: {NOTES[env['machine']]}\n"
            f"kernel {env['kernel']}, {env['cpus']} x {env['cpu']}, clocksource {env['clocksource']}, "
            f"module {env['module']}\n"
            f"mitigations in force: {', '.join(bad) or 'none'}; seed {env['seed']}, {env['date']}")


def quartiles(values):
    if len(values) < 2:
        return (values[0],) * 3
    return tuple(statistics.quantiles(values, n=4, method="inclusive"))


def sign_test(ratios):
    """Two-sided probability of so one-sided a result if there were no difference."""
    above = sum(r > 1 for r in ratios)
    n = above + sum(r < 1 for r in ratios)
    if not n:
        return 1.0
    k = max(above, n - above)
    return min(1.0, 2 * sum(math.comb(n, i) for i in range(k, n + 1)) / 2 ** n)


class Pairs:
    """Figures of one thing, measured stock and elevated in the same round."""

    def __init__(self, name, unit, digits=1):
        self.name, self.unit, self.digits = name, unit, digits
        self.stock, self.elevated = [], []

    def add(self, stock, elevated):
        self.stock.append(stock)
        self.elevated.append(elevated)

    def ratios(self):
        return [e / s for s, e in zip(self.stock, self.elevated) if s > 0 and e > 0]

    def summary(self):
        ratios = self.ratios()
        return {
            "name": self.name, "unit": self.unit, "rounds": len(self.stock),
            "stock": quartiles(self.stock), "elevated": quartiles(self.elevated),
            "ratio": quartiles(ratios) if ratios else None, "p": sign_test(ratios),
        }

    def row(self):
        s = self.summary()
        q1, median, q3 = s["ratio"] or (math.nan,) * 3
        d = self.digits
        return (f"{self.name:<34}{s['stock'][1]:>12.{d}f}{s['elevated'][1]:>12.{d}f}  {self.unit:<16}"
                f"{median:>7.3f}  {q1:.3f} .. {q3:.3f}   p {s['p']:.3f}")

    HEADER = f"{'median of rounds':<34}{'stock':>12}{'elevated':>12}  {'':<16}{'ratio':>7}  quartiles        sign test"


class Server:
    """A redis-server of ours on the loopback interface."""

    SETTINGS = ["--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--daemonize", "no"]

    def __init__(self, name, port, prefix=(), cpus=None, batch=False):
        self.name, self.port = name, port
        self.log = f"/tmp/symbiote-bench.{os.getpid()}.{port}.log"
        command = [*prefix, "redis-server", "--port", str(port), *self.SETTINGS]

        def place():
            # Inherited by all its threads.
            if cpus:
                os.sched_setaffinity(0, cpus)
            if batch:
                os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))

        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=place)
        self.pid = self.process.pid
        for _ in range(200):
            if self.process.poll() is not None:
                break
            try:
                if self.ask("PING") == "PONG":
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise SystemExit(f"the {name} server does not answer:\n{read(self.log)}")

    def ask(self, *words):
        return ask(self.port, [words])[0]

    def cpu_ns(self):
        """CPU time of all its threads, in nanoseconds (with icount: instructions)."""
        return sum(int(read(path, "0").split()[0]) for path in glob.glob(f"/proc/{self.pid}/task/*/schedstat"))

    def stat(self):
        """The module's counters of this process."""
        out = subprocess.run(["symbiote", "stat", "--json", str(self.pid)], stdout=subprocess.PIPE, text=True)
        return json.loads(out.stdout)["process"] if out.returncode == 0 else None

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        try:
            os.unlink(self.log)
        except OSError:
            pass


def ask(port, commands):
    """Replies to commands, sent one behind the other over one connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as conn:
        file = conn.makefile("rb")
        replies = []
        for words in commands:
            words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
            conn.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
            replies.append(reply(file))
        return replies


def reply(file):
    line = file.readline()
    kind, rest = line[:1], line[1:-2]
    if kind == b"+":
        return rest.decode()
    if kind == b":":
        return int(rest)
    if kind == b"$":
        return None if rest == b"-1" else file.read(int(rest) + 2)[:-2]
    if kind == b"*":
        return [reply(file) for _ in range(int(rest))]
    raise ValueError(f"unexpected reply {line!r}")


def verify(servers, seed, keys=400):
    """Writes the same keys to all servers and reads them back. Returns (checked, wrong)."""
    rng = random.Random(seed)
    values = {f"verify:{i}": rng.randbytes(rng.choice((0, 1, 3, 100, 1000, 4096, 17000))) for i in range(keys)}
    checked = wrong = 0
    digests = set()
    for server in servers:
        answers = ask(server.port, [("FLUSHALL",)] + [("SET", k, v) for k, v in values.items()])
        wrong += sum(a != "OK" for a in answers)
        answers = ask(server.port, [("GET", k) for k in values])
        wrong += sum(a != v for a, v in zip(answers, values.values()))
        wrong += ask(server.port, [("MGET", *values)])[0] != list(values.values())
        checked += 3 * keys
        # Redis's own order-independent digest of the whole data set.
        digests.add(str(ask(server.port, [("DEBUG", "DIGEST")])[0]) if debug_allowed(server) else "")
    return checked, wrong + (len(digests) != 1)


def debug_allowed(server):
    return ask(server.port, [("CONFIG", "GET", "enable-debug-command")])[0][1:] == [b"yes"]


def load(server, test, requests, connections=50, pipeline=1, size=3, cpus=None):
    """One run of redis-benchmark. Returns requests/s, server's CPU ns per request, p50 and p99 in ms."""
    command = ["redis-benchmark", "-h", "127.0.0.1", "-p", str(server.port), "-t", test, "-n", str(requests),
               "-c", str(connections), "-P", str(pipeline), "-d", str(size), "-r", "1000", "--csv"]
    if cpus:
        command = ["taskset", "-c", ",".join(map(str, sorted(cpus))), *command]
    before = server.cpu_ns()
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    used = server.cpu_ns() - before
    row = re.search(r'^"(?:SET|GET)",(.*)$', out.stdout, re.M)
    if out.returncode or not row:
        raise SystemExit(f"redis-benchmark against the {server.name} server failed:\n{out.stdout}\n{read(server.log)}")
    rps, _, _, p50, _, p99, _ = (float(x.strip('"')) for x in row.group(1).split(","))
    return {"rps": rps, "cpu": used / requests, "p50": p50, "p99": p99}


def shares(stat):
    """Share of interposed calls that were shortcuts, and the counters worth showing."""
    fallbacks = stat["fallbacks"]
    total = stat["taken"] + fallbacks
    return 100 * stat["taken"] / total if total else 0.0


def write_json(path, record):
    with open(path, "a") as file:
        file.write(json.dumps(record) + "\n")


def say(*words):
    print(*words, flush=True)


def fail(text):
    sys.exit(f"{os.path.basename(sys.argv[0])}: {text}")

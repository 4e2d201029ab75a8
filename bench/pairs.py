# SPDX-License-Identifier: GPL-2.0
"""What the benchmarks share: stock and elevated servers side by side, statistics
of pairs, and the description of the machine that goes with every figure."""

import atexit
import glob
import json
import math
import os
import platform
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

NOTES = {
    "tcg": "measured under TCG (emulation): times and their ratios are TCG's, not hardware's",
    "icount": "measured under TCG with icount: \"times\" are instructions",
    "vm": "measured in a virtual machine",
    "hardware": "measured on hardware",
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


def perf_stat(events, path, *more):
    """A command that counts events while the command that is put behind it runs."""
    return ["env", "LC_ALL=C", "perf", "stat", "-x", ",", "-e", ",".join(events), *more, "-o", path, "--"]


def perf_counts(path):
    """What it has written: event -> count, without those that it could not count."""
    counts = {}
    for line in read(path).splitlines():
        fields = line.split(",")
        if re.fullmatch(r"[0-9.]+", fields[0]):
            counts[fields[2]] = float(fields[0])
    return counts


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
    return (f"{NOTES[env['machine']]}\n"
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


def interval(values):
    """Median with a 95 % confidence interval from order statistics; with fewer than 6 values: the extremes."""
    v, n = sorted(values), len(values)
    k = 0
    while k < n // 2 and 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2 ** n <= 0.05:
        k += 1
    k = max(k - 1, 0)
    return v[k], statistics.median(v), v[n - 1 - k]


class Pairs:
    """Figures of one thing, measured stock and elevated in the same round."""

    HEADER = f"{'median of rounds':<26}{'stock':>10}{'elevated':>10}  {'':<14}{'ratio':>7}  quartiles       sign test"

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
        return (f"{self.name:<26}{s['stock'][1]:>10.{d}f}{s['elevated'][1]:>10.{d}f}  {self.unit:<14}"
                f"{median:>7.3f}  {q1:.3f} .. {q3:.3f}  p {s['p']:.3f}")


def place(cpus, batch):
    """In a new process: where it runs, inherited by its threads."""
    os.sched_setaffinity(0, cpus)
    if batch:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def softirqd(cpu):
    """The pid of a CPU's ksoftirqd."""
    for path in glob.glob("/proc/[0-9]*/comm"):
        if read(path) == f"ksoftirqd/{cpu}":
            return path.split("/")[2]
    return None


def end(process):
    """SIGTERM; SIGKILL, if that does not do it."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Server:
    """A redis-server of ours on the loopback interface."""

    SETTINGS = ["--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--daemonize", "no"]

    def __init__(self, name, port, prefix, cpus, client_cpus, batch, client_prefix=()):
        self.name, self.port, self.client_cpus, self.batch = name, port, client_cpus, batch
        self.client_prefix = client_prefix
        self.log = f"/tmp/symbiote-bench.{os.getpid()}.{port}.log"
        command = [*prefix, "redis-server", "--port", str(port), *self.SETTINGS]

        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=lambda: place(cpus, batch))
        self.pid = self.process.pid
        self.softirqd = [f"/proc/{pid}/schedstat" for pid in map(softirqd, cpus) if pid]
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
        """CPU time of all its threads, in nanoseconds (with icount: instructions).

        And of its CPU's ksoftirqd: what a send puts off to there is not saved. Whether that
        happens hangs by a thread of timing, and shifted 5 % of a stock server's work once.
        """
        return sum(int(read(path, "0").split()[0])
                   for path in (*glob.glob(f"/proc/{self.pid}/task/*/schedstat"), *self.softirqd))

    def stat(self):
        """The module's counters of this process."""
        out = subprocess.run(["symbiote", "stat", "--json", str(self.pid)], stdout=subprocess.PIPE, text=True)
        return json.loads(out.stdout)["process"] if out.returncode == 0 else None

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        end(self.process)
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
    for server in servers:
        answers = ask(server.port, [("FLUSHALL",)] + [("SET", k, v) for k, v in values.items()])
        wrong += sum(a != "OK" for a in answers)
        answers = ask(server.port, [("GET", k) for k in values])
        wrong += sum(a != v for a, v in zip(answers, values.values()))
        wrong += ask(server.port, [("MGET", *values)])[0] != list(values.values())
        checked += 3 * keys
    return checked, wrong


def load(server, test, requests, connections=50, pipeline=1, prefix=()):
    """One run of redis-benchmark. Returns requests/s, server's CPU ns per request, mean, p50 and p99 in ms.

    prefix: a command that is to run it, and says nothing itself.
    """
    command = [*prefix, *server.client_prefix, "redis-benchmark", "-h", "127.0.0.1", "-p", str(server.port), "-t", test, "-n", str(requests),
               "-c", str(connections), "-P", str(pipeline), "-r", "1000", "--csv"]
    before = server.cpu_ns()
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         preexec_fn=lambda: place(server.client_cpus, server.batch))
    used = server.cpu_ns() - before
    row = re.search(r'^"(?:SET|GET)",(.*)$', out.stdout, re.M)
    if out.returncode or not row:
        raise SystemExit(f"redis-benchmark against the {server.name} server failed:\n{out.stdout}\n{read(server.log)}")
    rps, mean, _, p50, _, p99, _ = (float(x.strip('"')) for x in row.group(1).split(","))
    return {"rps": rps, "cpu": used / requests, "mean": mean, "p50": p50, "p99": p99}


class Waits:
    """Counts the epoll_waits of processes by probes on the kernel's functions, which system calls and shortcuts both come to.

    (A tracepoint of system calls would make system calls of all shortcuts.)
    """

    EVENTS = "/sys/kernel/tracing/kprobe_events"

    def __init__(self):
        prefix = "__arm64_sys_" if platform.machine() == "aarch64" else "__x64_sys_"
        self.events = []
        atexit.register(self.close)
        for call in ("epoll_wait", "epoll_pwait", "epoll_pwait2"):  # not every architecture, every kernel has all
            name = f"{call}_{os.getpid()}"
            if self.write(f"p:symbiote_bench/{name} {prefix}{call}"):
                self.events.append(f"symbiote_bench:{name}")

    def write(self, line):
        try:
            file = os.open(self.EVENTS, os.O_WRONLY | os.O_APPEND)  # open() would seek, which this file cannot
            try:
                os.write(file, line.encode() + b"\n")
            finally:
                os.close(file)
        except OSError:
            return False
        return True

    def close(self):
        while self.events:
            self.write("-:" + self.events.pop().replace(":", "/"))

    def count(self, pids, run):
        """In these processes, while run(prefix) has a client started by a command, the prefix. None: nobody can tell."""
        if not self.events or not shutil.which("perf"):
            return None
        with tempfile.NamedTemporaryFile() as file:
            run(perf_stat(self.events, file.name, "-p", ",".join(map(str, pids))))
            counts = perf_counts(file.name)
        return sum(counts.values()) or None

    def options(self, pids):
        """Of bench/load, which counts them between its first request and its last reply; none, if nobody can."""
        ids = [read(f"/sys/kernel/tracing/events/{event.replace(':', '/')}/id") for event in self.events]
        threads = [os.path.basename(path) for pid in pids for path in glob.glob(f"/proc/{pid}/task/*")] if ids else []
        return [word for option, values in (("--event", ids), ("--thread", threads)) for value in values for word in (option, value)]


def share(before, after):
    """How much of what an elevated server called in between was a shortcut."""
    taken = after["taken"] - before["taken"]
    calls = taken + after["fallbacks"] - before["fallbacks"]
    return {
        "calls": calls, "percent": 100 * taken / calls if calls else 0,
        **{name: after[name] - before[name] for name in ("by_gate", "lowered", "settles")},
    }


def both(together=False, control=False, client=False):
    """The stock server and the elevated one; as a control of the method, two stock ones.

    client: redis-benchmark is elevated as well when it asks the elevated one, or there is no result.
    """
    cpus = sorted(os.sched_getaffinity(0))
    together = together or len(cpus) == 1
    where = ("servers and client on one CPU, all SCHED_BATCH" if together else
             f"servers pinned to CPU {cpus[0]}, client to CPU {cpus[1]}")
    placement = ({cpus[0]}, {cpus[0] if together else cpus[1]}, together)
    servers = [Server("stock", 7001, (), *placement)]
    try:
        prefix = () if control else ("symbiote", "run", "--")
        client_prefix = ("symbiote", "run", "--strict", "--") if client else ()
        servers.append(Server("elevated", 7002, prefix, *placement, client_prefix))
        if not control and not servers[1].stat():
            fail(f"the elevated server is not elevated:\n{read(servers[1].log)}")
    except BaseException:
        for server in servers:
            server.stop()
        raise
    for server in servers:
        server.where = where
    return servers


def compare(servers, tests, rounds, requests, connections, rng, unit, seconds=None):
    """Interleaved rounds of (test, pipeline) on both servers; stops early after so many seconds."""
    results = {}
    for test, pipeline in tests:
        name = test.upper() + (f" -P {pipeline}" if pipeline > 1 else "")
        results[test, pipeline, "rps"] = Pairs(name, "requests/s", 0)
        results[test, pipeline, "cpu"] = Pairs(name + " server CPU", f"{unit}/request", 2 if unit == "us" else 0)
        results[test, pipeline, "mean"] = Pairs(name + " latency mean", "ms", 3)
        results[test, pipeline, "p50"] = Pairs(name + " latency p50", "ms", 3)
        results[test, pipeline, "p99"] = Pairs(name + " latency p99", "ms", 3)
        for server in servers:
            load(server, test, requests // 2, connections, pipeline)
    start = time.monotonic()
    for round_ in range(rounds):
        if seconds and round_ >= 7 and time.monotonic() - start > seconds:
            break
        for test, pipeline in rng.sample(tests, len(tests)):
            # Pipelined requests are short: as much time for them.
            n = requests * (4 if pipeline > 1 else 1)
            run = {server.name: load(server, test, n, connections, pipeline) for server in rng.sample(servers, 2)}
            for figure in ("rps", "cpu", "mean", "p50", "p99"):
                scale = 1000 if figure == "cpu" and unit == "us" else 1
                results[test, pipeline, figure].add(run["stock"][figure] / scale, run["elevated"][figure] / scale)
    return results


def write_json(path, record):
    with open(path, "a") as file:
        file.write(json.dumps(record) + "\n")


def say(*words):
    print(*words, flush=True)


def fail(text):
    sys.exit(f"{os.path.basename(sys.argv[0])}: {text}")

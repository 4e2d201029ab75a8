# SPDX-License-Identifier: GPL-2.0
"""Servers of several kinds and the sides on which they are measured: what bench/servers and bench/layers share.

A side is words joined by "+":
  stock            as everybody runs it, over the loopback interface
  elevated         the server under `symbiote run`
  client           the load generator too
  bracketed        the server in bracketed mode; calls=LIST: with SYMBIOTE_CALLS
  PARAMETER=VALUE  of the module, while the side is measured: local=0, direct=0, direct_read=0
  unix             over a UNIX socket
  veth             the client in another network namespace, over a pair of virtual Ethernet devices
  io-threads=N     Redis's own
  sockmap          BPF takes what one end sends to the other's receive queue
"""

import glob
import json
import math
import os
import resource
import socket
import subprocess
import tempfile
import time

import pairs

HERE = os.path.dirname(os.path.realpath(__file__))
PROGRAMS = os.path.join(os.environ.get("RIG_BUILD", HERE + "/../build"), "bench")
PARAMETERS = "/sys/module/kelevate/parameters/"
TOTALS = "/sys/kernel/debug/kelevate/totals"
CGROUP = "/sys/fs/cgroup/symbiote-bench"
NAMESPACE = "symbiote-bench"
VETH, VETH_PEER = "10.213.7.1", "10.213.7.2"
PORTS = {"redis": 7100, "memcached": 7200, "http": 7300}
DESCRIPTORS = 20000


class Side:
    def __init__(self, text):
        self.text = text
        self.words = set(text.split("+")) - {"stock"}
        values = dict(word.split("=", 1) for word in self.words if "=" in word)
        self.elevated = "elevated" in self.words
        self.client = "client" in self.words
        self.calls = values.pop("calls", None)
        self.io_threads = values.pop("io-threads", None)
        self.parameters = values
        unknown = {w for w in self.words if "=" not in w} - {"elevated", "client", "bracketed", "unix", "veth", "sockmap"}
        unknown |= {name for name in values if not os.path.exists(PARAMETERS + name)}
        if unknown:
            pairs.fail(f"no such side: {text} ({', '.join(unknown)}?)")

    def server_words(self):
        """What makes another server of it."""
        mine = {"elevated", "bracketed", "sockmap"}
        return tuple(sorted(w for w in self.words if w in mine or w.startswith(("calls=", "io-threads="))))

    def prefix(self):
        """Of the server's command."""
        command = ["symbiote", "run", "--strict", *(["--mode", "bracketed"] if "bracketed" in self.words else []), "--"]
        return command if self.elevated else []

    def environment(self):
        return {**os.environ, **({"SYMBIOTE_CALLS": self.calls} if self.calls else {})}


def placement():
    """CPUs of the server, CPUs of the client, whether both are SCHED_BATCH, and that in words."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) == 1:
        return {cpus[0]}, {cpus[0]}, True, "servers and client on one CPU, all SCHED_BATCH"
    return {cpus[0]}, {cpus[1]}, False, f"servers on CPU {cpus[0]}, client on CPU {cpus[1]}"


class Network:
    """The namespace of veth's clients, and the control group of sockmap: made when first asked for."""

    def __init__(self):
        self.made = []
        self.bpf = None

    def veth(self):
        if "veth" in self.made:
            return
        self.made.append("veth")
        for command in (f"ip netns add {NAMESPACE}",
                        f"ip link add symbench0 type veth peer name symbench1 netns {NAMESPACE}",
                        f"ip addr add {VETH}/24 dev symbench0", "ip link set symbench0 up",
                        f"ip -n {NAMESPACE} addr add {VETH_PEER}/24 dev symbench1",
                        f"ip -n {NAMESPACE} link set symbench1 up", f"ip -n {NAMESPACE} link set lo up"):
            subprocess.run(command.split(), check=True)

    def sockmap(self):
        if self.bpf:
            return
        os.makedirs(CGROUP, exist_ok=True)
        self.bpf = subprocess.Popen([PROGRAMS + "/sockmap", CGROUP], stdout=subprocess.PIPE, text=True)
        if self.bpf.stdout.readline() != "ready\n":
            pairs.fail("no sockmap")

    def close(self):
        if self.bpf:
            self.bpf.kill()
            self.bpf.wait()
        if "veth" in self.made:
            subprocess.run(["ip", "link", "del", "symbench0"])
            subprocess.run(["ip", "netns", "del", NAMESPACE])
        try:
            os.rmdir(CGROUP)
        except OSError:
            pass


def begin(cpus, batch, cgroup):
    """In a new process, before its program."""
    pairs.place(cpus, batch)
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    if cgroup:
        with open(CGROUP + "/cgroup.procs", "w") as file:
            file.write("0")


class Server:
    """A server of a kind, for all the sides that differ only in the client or the way to it."""

    def __init__(self, kind, side, number, threads, network):
        self.kind, self.side, self.network = kind, side, network
        self.port = PORTS[kind] + number
        self.directory = tempfile.mkdtemp(prefix="symbiote-bench.")
        os.chmod(self.directory, 0o755)
        self.log = self.directory + "/log"
        self.unix = self.directory + "/socket"
        self.cpus, self.client_cpus, self.batch, _ = placement()
        if side.io_threads:
            self.cpus = os.sched_getaffinity(0)  # they spin: on one CPU against each other
        if "sockmap" in side.words:
            network.sockmap()
        command = getattr(self, kind)(threads)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*side.prefix(), *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=side.environment(),
                preexec_fn=lambda: begin(self.cpus, self.batch, "sockmap" in side.words))
        for _ in range(400):
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=20).close()
            except OSError:
                time.sleep(0.05)
                continue
            time.sleep(0.2)  # workers may still be starting
            self.pids = self.family()
            self.softirqd = [f"/proc/{pid}/schedstat" for pid in map(pairs.softirqd, self.cpus) if pid]
            return
        text = pairs.read(self.log)
        self.stop()
        raise SystemExit(f"the {kind} server of side {side.text} does not answer:\n{text}")

    # Commands by kind: everything by default but what keeps disks and clocks out of it.
    def redis(self, threads):
        more = ["--io-threads", self.side.io_threads] if self.side.io_threads else []
        return ["redis-server", "--port", str(self.port), "--save", "", "--appendonly", "no", "--protected-mode", "no",
                "--bind", "0.0.0.0", "--unixsocket", self.unix, "--maxclients", str(DESCRIPTORS - 1000), *more]

    def memcached(self, threads):
        return ["memcached", "-u", "root", "-p", str(self.port), "-U", "0", "-t", str(threads), "-m", "256",
                "-c", str(DESCRIPTORS - 1000)]

    def http(self, threads):
        os.mkdir(self.directory + "/www", 0o755)
        config = self.directory + "/nginx.conf"
        with open(config, "w") as file:
            file.write(f"daemon off; worker_processes 1; pid {self.directory}/pid; error_log {self.log};\n"
                       f"events {{ worker_connections {DESCRIPTORS - 1000}; }}\n"
                       f"http {{ sendfile on; tcp_nopush on; keepalive_requests 1000000000; access_log off;\n"
                       f"server {{ listen {self.port}; root {self.directory}/www; }} }}\n")
        return ["nginx", "-e", self.log, "-c", config]

    def path(self, size):
        """A file for HTTP."""
        name = f"{self.directory}/www/{size}"
        if not os.path.exists(name):
            with open(name, "wb") as file:
                file.write(os.urandom(size))
            os.chmod(name, 0o644)
        return name

    def family(self):
        """The process and those it has forked."""
        pids, found = [self.process.pid], []
        while pids:
            pid = pids.pop()
            found.append(pid)
            for path in glob.glob(f"/proc/{pid}/task/*/children"):
                pids += [int(word) for word in pairs.read(path).split()]
        return found

    def schedstats(self):
        """And of the CPU's ksoftirqd: what a send puts off to there is not saved (see pairs.py)."""
        return [path for pid in self.pids for path in glob.glob(f"/proc/{pid}/task/*/schedstat")] + self.softirqd

    def shortcuts(self):
        """Of all its processes: calls that were shortcuts, calls that were not."""
        taken = fallbacks = 0
        for pid in self.pids:
            if not os.path.isdir(f"/proc/{pid}"):
                continue  # it was there while the server started
            out = subprocess.run(["symbiote", "stat", "--json", str(pid)], stdout=subprocess.PIPE, text=True)
            if out.returncode == 0:
                stat = json.loads(out.stdout)["process"]
                taken += stat["taken"]
                fallbacks += stat["fallbacks"]
        return taken, fallbacks

    def rest(self):
        """Until it has nothing to do any more: closing ten thousand connections takes a while."""
        for _ in range(200):
            before = self.cpu_ns()
            time.sleep(0.05)
            if self.cpu_ns() - before < 2_000_000:
                return
        raise SystemExit(f"the {self.kind} server of side {self.side.text} does not come to rest")

    def cpu_ns(self):
        return sum(int(pairs.read(path, "0").split()[0]) for path in self.schedstats())

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        pairs.end(self.process)
        subprocess.run(["rm", "-rf", self.directory])


def all_shortcuts():
    """Of the whole machine, also of processes that have ended."""
    return sum(int(line.split()[-1]) for line in pairs.read(TOTALS).splitlines() if line.startswith("shortcut "))


def energy_event():
    """What counts the package's energy, if perf can."""
    event = "power/energy-pkg/"
    with tempfile.NamedTemporaryFile() as file:
        try:
            subprocess.run([*pairs.perf_stat([event], file.name, "-a"), "true"], stderr=subprocess.DEVNULL)
        except OSError:
            pass  # no perf
        return event if event in pairs.perf_counts(file.name) else None


class Load:
    """What is asked of a server; side by side, all of it is the same."""

    def __init__(self, kind, write=False, size=3, connections=50, pipeline=1, idle=0, threads=4, requests=10000):
        self.kind, self.write, self.size, self.connections = kind, write, size, connections
        self.pipeline, self.idle, self.threads, self.requests = pipeline, idle, threads, requests

    def __str__(self):
        name = {"redis": "Redis", "memcached": "memcached", "http": "nginx"}[self.kind]
        name += " set" if self.write else " get"
        name += f" -P {self.pipeline}" if self.pipeline > 1 else ""
        return f"{name} {self.size} B"

    def record(self):
        return {"name": str(self), **vars(self)}

    def command(self, server, side):
        command = [PROGRAMS + "/load", "--size", str(self.size), "--connections", str(self.connections),
                   "--pipeline", str(self.pipeline), "--idle", str(self.idle), "--requests", str(self.requests)]
        command += ["--unix", server.unix] if "unix" in side.words else ["--port", str(server.port)]
        if "veth" in side.words:
            command += ["--host", VETH]
        if self.kind == "http":
            command += ["--path", f"/{self.size}", "--file", server.path(self.size)]
        return command + (["--set"] if self.write else []) + [self.kind]

    def fill(self, server):
        if self.kind != "http" and not self.write:
            subprocess.run([PROGRAMS + "/load", "--fill", "--port", str(server.port), "--size", str(self.size), self.kind],
                           check=True)

    def batch(self, server, side, seed, waits):
        """Requests that the server finds at an epoll_wait, in a run of their own. None: nobody can tell."""
        options = waits.options(server.pids)
        return self.requests / (self.run(server, side, seed, options=options)["events"] or math.inf) if options else None

    def run(self, server, side, seed, energy=None, prefix=(), options=()):
        """One measurement. Times in us, CPU in ns (with icount: instructions) per request.

        prefix: a command that is to run the client, and says nothing itself; options: more of the client's.
        """
        if "veth" in side.words:
            server.network.veth()
        was = {name: pairs.read(PARAMETERS + name) for name in side.parameters}
        set_parameters(side.parameters)
        counters = self.counters(server)
        joules = server.directory + "/energy"
        prefix = [*prefix, *(pairs.perf_stat([energy], joules, "-a") if energy else ()),
                  *(("nsenter", f"--net=/run/netns/{NAMESPACE}") if "veth" in side.words else ()),
                  *(("symbiote", "run", "--strict", "--") if side.client else ())]
        count = [word for path in server.schedstats() for word in ("--count", path)]
        try:
            out = subprocess.run([*prefix, *self.command(server, side), "--seed", str(seed), *count, *options],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                 preexec_fn=lambda: begin(server.client_cpus, server.batch, "sockmap" in side.words))
        finally:
            set_parameters(was)
        try:
            run = json.loads(out.stdout)
        except ValueError:
            run = None
        if out.returncode or not run:
            raise SystemExit(f"load, {self}, side {side.text}: status {out.returncode}\n{out.stdout}\n"
                             f"{pairs.read(server.log)[-2000:]}")
        server.rest()
        taken, fallbacks, total = (b - a for a, b in zip(counters, self.counters(server)))
        run.update(server_shortcuts=taken, server_fallbacks=fallbacks, client_shortcuts=total - taken)
        if energy:
            run["energy"] = pairs.perf_counts(joules)[energy] / self.requests
        self.check(run, side)
        return run

    def counters(self, server):
        return (*(server.shortcuts() if server.side.elevated else (0, 0)), all_shortcuts())

    def check(self, run, side):
        """A side is what it says."""
        n = self.requests / self.pipeline
        server, client = run["server_shortcuts"], run["client_shortcuts"]
        faults = []
        if side.calls == "none" and server:
            faults.append(f"{server} shortcuts where there must be none")
        if side.elevated and side.calls is None and (
                server < n or server < 0.95 * (server + run["server_fallbacks"])):
            faults.append(f"only {server} shortcuts of the server, {run['server_fallbacks']} others")
        if side.client and client < 2 * n:  # idle servers' are among them: a few
            faults.append(f"only {client} shortcuts of the client")
        if "sockmap" in side.words and run["packets"] > n / 5:
            faults.append(f"{run['packets']} packets in spite of sockmap")
        if faults:
            raise SystemExit(f"{self}, side {side.text}: {'; '.join(faults)}")


def set_parameters(values):
    for name, value in values.items():
        with open(PARAMETERS + name, "w") as file:
            file.write(value)


class Servers:
    """All servers that an experiment needs, started when first asked for."""

    def __init__(self):
        self.network, self.found = Network(), {}

    def get(self, load, side):
        key = (load.kind, load.threads, side.server_words())
        if key not in self.found:
            if "veth" in side.words:
                self.network.veth()
            self.found[key] = Server(load.kind, side, len(self.found), load.threads, self.network)
        return self.found[key]

    def close(self):
        dead = [f"{s.kind} {s.side.text}" for s in self.found.values() if not s.alive()]
        for server in self.found.values():
            server.stop()
        self.network.close()
        return dead

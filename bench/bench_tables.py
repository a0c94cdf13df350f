"""The tables of bench/run. Each takes the machine, measures, prints."""

import json
import os
import re
import socket
import subprocess
import time

from bench_machine import HERE, ratios, spread, table

KINDS = ("json", "chat", "conversation")
EVENT_BYTES = 193  # a chunk of the workload sse: 187 bytes and its frame


def clear(machine):
    for path in machine.work.glob("run.thc*"):
        path.unlink()


def recording(machine, **more):
    clear(machine)
    return machine.environment(LD_PRELOAD=machine.library,
                               TRACEHOOK_CAPTURE=machine.work / "run.thc", **more)


def key_file(machine):
    path = machine.work / "capture.key"
    if not path.exists():
        path.write_text(os.urandom(32).hex() + "\n")
        path.chmod(0o600)
    return path


# ---- recording ----

def recorders(machine, ask):
    """Rows of a client asked by ask(environment)."""
    def raw():
        (machine.work / "raw").unlink(missing_ok=True)
        return ask(machine.environment(LD_PRELOAD=machine.build / "bench/libraw_tap.so",
                                       RAW_TAP_FILE=machine.work / "raw"))
    return {
        "direct": lambda: ask(machine.environment()),
        "empty preload": lambda: ask(machine.environment(
            LD_PRELOAD=machine.build / "bench/libempty_preload.so")),
        "limit: one write() per call": raw,
        "tracehook": lambda: ask(recording(machine)),
        "tracehook, hash": lambda: ask(recording(machine, TRACEHOOK_BODY="hash")),
        "tracehook, encrypted": lambda: ask(
            recording(machine, TRACEHOOK_KEY_FILE=key_file(machine))),
    }


def with_strace(machine, rows, workload, calls, port):
    if machine.has("strace", "strace"):
        def traced():
            out, _ = machine.run(["strace", "-f", "-e", "trace=read,write", "-s", "65536", "-o",
                                  machine.work / "strace.out",
                                  machine.build / "bench/bench_client", workload, calls, port,
                                  "ca=%s" % machine.certificate])
            return json.loads(out) if out else None
        rows["strace -e read,write"] = traced


MITM_CALLS = 100  # it is slow: its time is that of so many, scaled


def scaled(result, factor):
    return result and dict(result, ns=result["ns"] * factor)


class Mitm:
    """mitmdump in front of a server: client → it → server."""

    def __init__(self, machine, port, *options):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = str(s.getsockname()[1])
        self.machine = machine
        self.process = machine.start(
            ["mitmdump", "-q", "--set", "confdir=%s" % (machine.work / "mitm"), "--ssl-insecure",
             "--mode", "reverse:https://127.0.0.1:%s" % port, "--listen-port", self.port] +
            list(options), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            time.sleep(0.1)
            try:
                socket.create_connection(("127.0.0.1", int(self.port)), 1).close()
                return
            except OSError:
                pass
        raise RuntimeError("mitmdump does not listen")

    def stop(self):
        self.machine.stop(self.process)


def with_mitm(machine, rows, workload, calls, port):
    if not machine.has("mitmdump", "mitmproxy"):
        return None
    proxy = Mitm(machine, port, "-w", str(machine.work / "flows"))

    few = min(calls, MITM_CALLS)
    rows["mitmdump -w"] = lambda: scaled(
        machine.client(workload, few, proxy.port, "insecure"), calls / few)
    return proxy


def measure_kind(machine, kind):
    workload, calls = machine.workload(kind), machine.calls(kind)
    server, port = machine.serve(workload)
    rows = recorders(machine, lambda e: machine.client(workload, calls, port, environment=e))
    with_strace(machine, rows, workload, calls, port)
    proxy = with_mitm(machine, rows, workload, calls, port)
    results = machine.turns(rows)
    if proxy:
        proxy.stop()
    machine.stop(server)
    return results


def added(results, name, key, per=1000.0):
    return [(r[key] - b[key]) / per for b, r in zip(results["direct"], results[name]) if b and r]


def measure_stream(machine, gap_us):
    calls = 2 if machine.quick else 20
    workload = machine.workload("sse", calls)
    server, port = machine.serve(workload, "piece=%d" % EVENT_BYTES, "gap_us=%d" % gap_us)
    rows = recorders(machine, lambda e: machine.client(
        workload, 1 if gap_us else calls, port, environment=e))
    results = machine.turns(rows)
    machine.stop(server)
    return results


def measure_threads(machine):
    workload, calls = machine.workload("json"), machine.calls("json")
    server, port = machine.serve(workload)
    rows = recorders(machine, lambda e: machine.client(
        workload, calls, port, "ca=%s" % machine.certificate, "threads=16", environment=e))
    results = machine.turns(rows)
    machine.stop(server)
    return results


def record(machine):
    measured = {kind: measure_kind(machine, kind) for kind in KINDS}
    measured["SSE"] = measure_stream(machine, 0)
    measured["SSE, paced"] = measure_stream(machine, 500)
    measured["16 threads"] = measure_threads(machine)
    names = list(measured["json"])
    table("Recording: throughput × direct", measured, [
        (name, [spread(ratios(r, name, "ns"), "%.2f") if name in r else "–"
                for r in measured.values()]) for name in names if name != "direct"])
    table("Recording: added to a call", ["%s %s" % (k, w) for k in KINDS
                                         for w in ("p50 µs", "p99 µs", "CPU µs")], [
        (name, [spread(added(measured[k], name, f, p), "%.1f") for k in KINDS
                for f, p in (("p50", 1e3), ("p99", 1e3), ("cpu_ns", 1e3 * machine.calls(k)))])
        for name in names if name.startswith("tracehook")])
    table("Recording: peak memory added, KiB", measured, [
        (name, [spread(added(r, name, "peak_kb", 1), "%.0f") for r in measured.values()])
        for name in names if name.startswith("tracehook")])


def http2(machine):
    if not (machine.has("h2load", "nghttp2-client") and machine.has("nghttpd", "nghttp2-server")):
        return
    root = machine.work / "www"
    root.mkdir(exist_ok=True)
    (root / "answer.json").write_bytes(os.urandom(512).hex().encode())
    server = machine.start(["nghttpd", "-d", root, "0", machine.key, machine.certificate, "-a",
                            "127.0.0.1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    port = listening_port(server.pid)
    calls = 100 if machine.quick else 4000

    def ask(environment):
        out, _ = machine.run(["h2load", "-n", calls, "-c", 1, "-m", 1,
                              "https://127.0.0.1:%s/answer.json" % port], environment)
        speed = re.search(r"([\d.]+) req/s", out)
        return {"ns": 1e9 / float(speed[1])} if speed else None
    rows = recorders(machine, ask)
    results = machine.turns(rows)
    machine.stop(server)
    table("Recording over HTTP/2, 1 KB: throughput × direct", ["h2load"], [
        (name, [spread(ratios(results, name, "ns"), "%.2f")])
        for name in results if name != "direct"])


def listening_port(pid):
    """Of the process's one listening socket."""
    inodes = set()
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            link = os.readlink("/proc/%d/fd/%s" % (pid, fd))
            inodes.update(re.findall(r"socket:\[(\d+)\]", link))
        except OSError:
            pass
    for line in open("/proc/net/tcp"):
        cells = line.split()
        if cells[3] == "0A" and cells[9] in inodes:
            return int(cells[1].split(":")[1], 16)
    raise RuntimeError("nghttpd does not listen")


def bodies(machine):
    workload = machine.workload("json", 20)
    sizes = {"1 MB": 1 << 20} if machine.quick else {"64 MB": 64 << 20, "1 GB": 1 << 30}
    measured = {}
    for name, size in sizes.items():
        server, port = machine.serve(workload, "body=%d" % size)
        rows = recorders(machine, lambda e: machine.client(workload, 1, port, environment=e))
        if size >> 30:
            rows = {k: rows[k] for k in ("direct", "tracehook")}
        rounds, machine.rounds = machine.rounds, 1 if size >> 30 else machine.rounds
        measured[name] = machine.turns(rows)
        machine.rounds = rounds
        machine.stop(server)
        clear(machine)
    names = [n for n in measured[list(sizes)[0]] if n != "direct"]
    table("Large bodies: throughput × direct; peak memory added, KiB",
          [n + w for n in sizes for w in ("", ", KiB")],
          [(name, [cell for r in measured.values() for cell in (
              spread(ratios(r, name, "ns") if name in r else [], "%.2f"),
              spread(added(r, name, "peak_kb", 1) if name in r else [], "%.0f"))])
           for name in names])


# ---- Python's clients ----

def has_module(machine, name, package):
    found = subprocess.run(["/usr/bin/python3", "-c", "import " + name],
                           stderr=subprocess.DEVNULL).returncode == 0
    if not found:
        machine.miss(name, "apt-get install " + package)
    return found


def python(machine):
    workload, calls = machine.workload("json"), 20 if machine.quick else 300
    server, port = machine.serve(workload, "quickack=1")
    columns, rows = [], {}
    for client in ("requests", "httpx"):
        columns.append(client)

        def ask(environment, *more, client=client):
            out, _ = machine.run(
                ["/usr/bin/python3", HERE + "/bench_python.py", client, port, calls,
                 machine.certificate] + list(more), environment)
            return json.loads(out) if out else None
        if not has_module(machine, client, "python3-" + client):
            continue
        made = {"direct": lambda a=ask: a(machine.environment()),
                "tracehook": lambda a=ask: a(recording(machine))}
        if has_module(machine, "vcr", "python3-vcr"):
            def vcr(a=ask):
                (machine.work / "cassette.yaml").unlink(missing_ok=True)
                return a(machine.environment(), "vcr", machine.work / "cassette.yaml")
            made["vcrpy"] = vcr
            made["vcrpy, replaying"] = lambda a=ask: a(
                machine.environment(), "vcr", machine.work / "cassette.yaml")
        rows[client] = machine.turns(made)
    machine.stop(server)
    table("Python, 1 KB: throughput × direct", columns, [
        (name, [spread(ratios(rows[c], name, "ns") if name in rows.get(c, {}) else [], "%.2f")
                for c in columns])
        for name in ("tracehook", "vcrpy", "vcrpy, replaying")])


# ---- replaying ----

def replaying(machine, capture):
    return machine.environment(LD_PRELOAD=machine.library, TRACEHOOK_MODE="replay",
                               TRACEHOOK_CAPTURE=capture)


def record_once(machine, kind, calls):
    """A capture of so many spans, and its workload."""
    workload = machine.workload(kind, min(calls, 2000))
    capture = machine.work / ("%s-%d.thc" % (kind, calls))
    if not capture.exists():
        server, port = machine.serve(workload)
        machine.client(workload, calls, port, environment=machine.environment(
            LD_PRELOAD=machine.library, TRACEHOOK_CAPTURE=capture))
        machine.stop(server)
        machine.made[capture] = port
    return workload, capture, machine.made[capture]


def over_unix(machine, workload, calls):
    path = machine.work / "socket"
    path.unlink(missing_ok=True)
    server, _ = machine.serve(workload, "unix=%s" % path, tls=False)
    r = machine.client(workload, calls, path, "plain")
    machine.stop(server)
    return r


def with_mitm_replaying(machine, rows, workload, calls, port):
    if not machine.has("mitmdump", "mitmproxy"):
        return None
    few, flows = min(calls, MITM_CALLS), str(machine.work / "flows")
    recorder = Mitm(machine, port, "-w", flows)
    machine.client(workload, few * (machine.rounds + 1), recorder.port, "insecure")
    recorder.stop()
    proxy = Mitm(machine, port, "--server-replay", flows)
    rows["mitmdump --server-replay"] = lambda: scaled(
        machine.client(workload, few, proxy.port, "insecure"), calls / few)
    return proxy


def replay(machine):
    measured = {}
    for kind in KINDS:
        calls = machine.calls(kind)
        workload, capture, port = record_once(machine, kind, calls)
        server, live = machine.serve(workload)
        rows = {
            "direct": lambda: machine.client(workload, calls, live),
            "limit: a Unix socket without TLS": lambda: over_unix(machine, workload, calls),
            "tracehook": lambda: machine.client(
                workload, calls, port, environment=replaying(machine, capture))}
        proxy = with_mitm_replaying(machine, rows, workload, calls, live)
        measured[kind] = machine.turns(rows)
        if proxy:
            proxy.stop()
        machine.stop(server)
    table("Replay: throughput × direct (a live TLS server on loopback)", KINDS, [
        (name, [spread(ratios(r, name, "ns"), "%.2f") for r in measured.values()])
        for name in measured["json"] if name != "direct"])
    connections(machine)
    processes(machine)
    look_ups(machine)


def connections(machine):
    calls = 10 if machine.quick else 200
    workload = machine.workload("json")
    capture = machine.work / "fresh.thc"
    ca = "ca=%s" % machine.certificate
    server, port = machine.serve(workload)
    machine.client(workload, calls, port, ca, "fresh", environment=machine.environment(
        LD_PRELOAD=machine.library, TRACEHOOK_CAPTURE=capture))
    results = machine.turns({
        "direct": lambda: machine.client(workload, calls, port, ca, "fresh"),
        "recorded": lambda: machine.client(workload, calls, port, ca, "fresh",
                                           environment=recording(machine)),
        "replayed": lambda: machine.client(workload, calls, port, ca, "fresh",
                                           environment=replaying(machine, capture))})
    machine.stop(server)
    table("A connection for each call: time × direct", ["1 KB"], [
        (name, [spread([1 / r for r in ratios(results, name, "p50")], "%.2f")])
        for name in ("recorded", "replayed")])


def processes(machine):
    """A process for each call, from its start to its end."""
    calls = 3 if machine.quick else 30
    workload = machine.workload("json")
    server, port = machine.serve(workload)
    command = [str(machine.build / "bench/bench_client"), str(workload), "1", port,
               "ca=%s" % machine.certificate]
    before = os.sched_getaffinity(0)
    machine.pin()
    empty = machine.environment(LD_PRELOAD=machine.build / "bench/libempty_preload.so")
    results = machine.turns({
        "direct": lambda: {"ns": time_starts(machine, machine.environment(), command, calls)},
        "empty preload": lambda: {"ns": time_starts(machine, empty, command, calls)},
        "recorded": lambda: {"ns": time_starts(machine, recording(machine), command, calls)}})
    os.sched_setaffinity(0, before)
    machine.stop(server)
    table("A process for each call: time × direct", ["1 KB"], [
        (name, [spread([1 / r for r in ratios(results, name, "ns")], "%.2f")])
        for name in ("empty preload", "recorded")])


def look_ups(machine):
    """The median call of a replay, by the number of spans in the capture."""
    sizes = (10, 20) if machine.quick else (10, 1000, 100000)
    made = {n: record_once(machine, "json", n) for n in sizes}
    rows = {n: lambda n=n: machine.client(made[n][0], n, made[n][2],
                                          environment=replaying(machine, made[n][1]))
            for n in sizes}
    rounds, machine.rounds = machine.rounds, min(3, machine.rounds)
    results = machine.turns(rows)
    machine.rounds = rounds
    table("Replay of captures of many spans: the median call, µs", ["%d" % n for n in sizes], [
        ("tracehook", [spread([r["p50"] / 1000 for r in results[n] if r], "%.1f")
                       for n in sizes])])


# ---- start-up ----

def callgrind(environment):
    """The command. Not /usr/bin/valgrind, which is preloaded as well, where that can be helped:
    what is measured would be its child, and no longer the first process of a run."""
    tool = "/usr/libexec/valgrind/callgrind-amd64-linux"
    if not os.path.exists(tool):
        return ["valgrind"]
    environment.update(VALGRIND_LIB=os.path.dirname(tool), VALGRIND_LAUNCHER="/usr/bin/valgrind")
    return [tool]


def instructions(machine, environment, command, *options):
    out = subprocess.run(callgrind(environment) +
                         ["--tool=callgrind", "--callgrind-out-file=/dev/null"] +
                         list(options) + command, env=environment, cwd=machine.work,
                         stderr=subprocess.PIPE, stdout=subprocess.DEVNULL).stderr.decode()
    found = re.search(r"Collected : (\d+)", out)
    return int(found[1]) if found else None


def time_starts(machine, environment, command, n):
    """Median ns of a start and an end."""
    took = []
    for _ in range(n):
        began = time.monotonic_ns()
        pid = os.posix_spawn(command[0], command, environment, file_actions=[
            (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
        os.waitpid(pid, 0)
        took.append(time.monotonic_ns() - began)
    return sorted(took)[n // 2]


def start(machine):
    commands = {"true": ["/bin/true"], "curl --version": ["/usr/bin/curl", "--version"],
                "python3 -c pass": ["/usr/bin/python3", "-c", "pass"]}
    empty = machine.environment(LD_PRELOAD=machine.build / "bench/libempty_preload.so")
    cells, counts = [], []
    os.chdir(machine.work)
    before = os.sched_getaffinity(0)
    machine.pin()
    for name, command in commands.items():
        n = 3 if machine.quick else {"true": 300, "curl --version": 100}.get(name, 50)
        results = machine.turns({
            "empty": lambda: time_starts(machine, empty, command, n),
            "tracehook": lambda: time_starts(machine, recording(machine), command, n)})
        cells.append(spread([(t - e) / 1000 for e, t in zip(
            results["empty"], results["tracehook"])], "%.0f"))
        if machine.has("valgrind", "valgrind"):
            e = instructions(machine, dict(empty), command)
            t = instructions(machine, recording(machine), command)
            counts.append("%d" % (t - e) if e and t else "–")
    os.sched_setaffinity(0, before)
    table("Start-up added to an empty preload", commands, [
        ("µs", cells)] + ([("instructions", counts)] if counts else []))


# ---- counts, which do not depend on what else the machine does ----

FILE_CALLS = ("open", "openat", "write", "writev", "pwrite64", "pread64", "ftruncate", "fallocate",
              "mmap", "munmap", "msync", "flock", "rename", "unlinkat", "newfstatat", "fsync")


def file_calls(machine, environment, command):
    out = machine.work / "calls.out"
    subprocess.run(["strace", "-f", "-c", "-o", out] +
                   ["-E%s=%s" % (k, environment.pop(k)) for k in ("LD_PRELOAD",)
                    if k in environment] + command,
                   env=environment, cwd=machine.work, stdout=subprocess.DEVNULL)
    return sum(int(cells[3]) for cells in map(str.split, out.read_text().splitlines())
               if cells and cells[-1] in FILE_CALLS)


def counts(machine):
    """What a call adds: the difference of a long run and a short one, with and without us. Without
    what is done at the process's end, which has its place under "CPU"."""
    few, many = (10, 20) if machine.quick else (100, 1100)
    workload = machine.workload("json", many)
    server, port = machine.serve(workload)

    def per_call(count, *options):
        numbers = []
        for environment in (machine.environment, lambda: recording(machine)):
            runs = [count(machine, environment(), [
                str(machine.build / "bench/bench_client"), str(workload), str(n), port,
                "ca=%s" % machine.certificate], *options) for n in (few, many)]
            numbers.append((runs[1] - runs[0]) / (many - few))
        return numbers[1] - numbers[0]
    cells = ["–", "–"]
    if machine.has("valgrind", "valgrind"):
        cells[0] = "%.0f" % per_call(instructions, "--toggle-collect=th_recorder_finish",
                                       "--collect-atstart=yes")
    if machine.has("strace", "strace"):
        cells[1] = "%.3f" % per_call(file_calls)
    machine.stop(server)
    table("Added to a 1 KB call", ["instructions", "file-system calls"], [("tracehook", cells)])


# ---- the capture ----

def size(machine):
    rows = []
    for kind in KINDS:
        workload, capture, _ = record_once(machine, kind, machine.calls(kind))
        rows.append((kind, ["%.0f" % (path.stat().st_size / machine.calls(kind))
                            for path in (workload, capture)]))
    table("Bytes per span", ["as sent and received", "in the capture"], rows)
    turns = (10, 20) if machine.quick else (15, 30, 60)
    sizes = [record_once(machine, "conversation", n)[1].stat().st_size for n in turns]
    late = (sizes[-1] - sizes[-2]) / (turns[-1] - turns[-2])
    early = (sizes[-2] - sizes[0]) / (turns[-2] - turns[0]) if len(turns) > 2 else (
        sizes[0] / turns[0])
    print("Growth with turns: a late turn costs %.2f of an early one (1 = linear)\n" % (
        late / early))


def tools(machine):
    spans = 20 if machine.quick else 100000
    _, capture, _ = record_once(machine, "json", spans)
    commands = {"list": ["list"], "tree": ["tree"], "verify": ["verify"], "spans": ["spans"],
                "dump --json": ["dump", "--json"]}
    results = machine.turns({name: lambda c=c: {"s": machine.run(
        [machine.tool] + c + [capture], check=False)[1]} for name, c in commands.items()})
    megabytes = capture.stat().st_size / 1e6
    table("Tools on %d spans (%.1f MB): seconds" % (spans, megabytes), commands, [
        ("s", [spread([r["s"] for r in results[c]], "%.2f") for c in commands])])

